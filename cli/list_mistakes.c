#include "list_mistakes.h"

#include "base/json.h"
#include "circuit/mistakes.h"
#include "circuit/picture.h"
#include "output.h"

static const char *const tellings[] = {"forward", "backward", "closed form"};

/* In the order of computation: as in the table. */
static void put_text(xhat_text *text)
{
    int telling = -1;
    for (int i = 0; i < xhat_mistake_count(); i++) {
        const xhat_mistake *m = xhat_mistake_at(i);
        if ((int)m->telling != telling) {
            xhat_text_add(text, "%s%s:\n", telling < 0 ? "" : "\n",
                          tellings[m->telling]);
            telling = m->telling;
        }
        xhat_text words = xhat_text_on(NULL);
        if (m->gate > 0)
            xhat_text_add(&words, "  gate %d  %s: %s. Fix: %s", m->gate, m->id,
                          m->text, m->fix);
        else
            xhat_text_add(&words, "  %s: %s. Fix: %s", m->id, m->text, m->fix);
        text->failed = text->failed || words.failed;
        if (!words.failed)
            xhat_put_wrapped(text, words.data, 80, 10);
        xhat_text_free(&words);
    }
}

static void put_json(xhat_text *text)
{
    xhat_json json = xhat_json_on(text, 2);
    xhat_json_open(&json, NULL, '[');
    for (int i = 0; i < xhat_mistake_count(); i++) {
        const xhat_mistake *m = xhat_mistake_at(i);
        xhat_json_open(&json, NULL, '{');
        xhat_json_string(&json, "id", m->id);
        xhat_json_integer(&json, "gate", m->gate);
        xhat_json_string(&json, "telling", tellings[m->telling]);
        xhat_json_string(&json, "title", m->title);
        xhat_json_string(&json, "text", m->text);
        xhat_json_string(&json, "fix", m->fix);
        xhat_json_close(&json);
    }
    xhat_json_close(&json);
}

int cli_list_mistakes(const cli_invocation *invocation)
{
    xhat_text text = xhat_text_on(NULL);
    if (cli_given(invocation, "json"))
        put_json(&text);
    else
        put_text(&text);
    return cli_write_made(invocation, NULL, &text);
}
