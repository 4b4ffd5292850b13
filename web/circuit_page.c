#include "circuit_page.h"

#include <stdio.h>
#include <string.h>

#include "assets.h"
#include "base/error.h"
#include "base/json.h"

typedef struct sheet {
    xhat_text *text;
    const xhat_picture *picture;
    const xhat_html_view *view;
    const xhat_axes *axes;
    const xhat_circuit *circuit;
    bool alive; /* the module is in the page */
} sheet;

bool xhat_page_has_module(void)
{
    return xhat_asset_module.size > 0;
}

static void put_asset(xhat_text *text, const xhat_asset *asset)
{
    xhat_text_put_bytes(text, (const char *)asset->bytes, asset->size);
}

/* ---- bytes as text ------------------------------------------------------- */

static void put_base64(xhat_text *text, const void *data, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqr"
                                 "stuvwxyz0123456789+/";
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size; i += 3) {
        unsigned word = (unsigned)bytes[i] << 16;
        word |= i + 1 < size ? (unsigned)bytes[i + 1] << 8 : 0;
        word |= i + 2 < size ? bytes[i + 2] : 0;
        char four[4] = {digits[word >> 18], digits[word >> 12 & 63],
                        i + 1 < size ? digits[word >> 6 & 63] : '=',
                        i + 2 < size ? digits[word & 63] : '='};
        xhat_text_put_bytes(text, four, 4);
    }
}

/* JSON inside a <script>: a "<" in it could end the element. */
static void put_script_data(xhat_text *text, const xhat_text *json)
{
    text->failed = text->failed || json->failed;
    for (size_t i = 0; i < json->length; i++)
        if (json->data[i] == '<')
            xhat_text_put(text, "\\u003c");
        else
            xhat_text_put_bytes(text, json->data + i, 1);
}

/* ---- the state that a script begins with --------------------------------- */

/* [side, value, held, the numbers in base64] */
static void put_input(xhat_json *json, const sheet *s, xhat_side side,
                      int value)
{
    const xhat_run *run = s->picture->run;
    xhat_field field = xhat_run_given(run, side, value);
    if (field.data == NULL)
        return;
    xhat_text bytes = xhat_text_on(NULL);
    put_base64(&bytes, field.data,
               xhat_axes_count(s->axes, field.extent) * sizeof(double));
    xhat_json_open(json, NULL, '(');
    xhat_json_integer(json, NULL, side);
    xhat_json_integer(json, NULL, value);
    xhat_json_integer(json, NULL,
                      side == XHAT_SIDE_VALUE &&
                          xhat_run_state(run, value) == XHAT_STATE_HELD);
    xhat_json_string(json, NULL, bytes.data != NULL ? bytes.data : "");
    xhat_json_close(json);
    json->text->failed = json->text->failed || bytes.failed;
    xhat_text_free(&bytes);
}

static void put_state(sheet *s)
{
    xhat_text text = xhat_text_on(NULL);
    xhat_json json = xhat_json_on(&text, 0);
    xhat_json_open(&json, NULL, '{');
    xhat_json_open(&json, "shape", '(');
    for (int i = 0; i < s->picture->rank; i++)
        xhat_json_integer(&json, NULL, (int64_t)s->picture->shape[i]);
    xhat_json_close(&json);
    xhat_json_integer(&json, "outer", (int64_t)s->axes->outer);
    xhat_json_integer(&json, "channels", (int64_t)s->axes->channels);
    xhat_json_integer(&json, "inner", (int64_t)s->axes->inner);
    xhat_json_number(&json, "eps", xhat_run_eps(s->picture->run));
    xhat_json_string(&json, "note",
                     s->picture->note != NULL ? s->picture->note : "");
    xhat_json_string(&json, "source",
                     s->picture->source != NULL ? s->picture->source : "");
    xhat_json_integer(&json, "step", s->view->step);
    xhat_json_integer(&json, "side", s->view->side);
    xhat_json_integer(&json, "value", s->view->value);
    xhat_json_integer(&json, "at", (int64_t)s->view->at);
    xhat_json_open(&json, "inputs", '[');
    for (int side = 0; side < 2; side++)
        for (int v = 0; v < s->circuit->value_count; v++)
            put_input(&json, s, (xhat_side)side, v);
    xhat_json_close(&json);
    xhat_json_close(&json);
    put_script_data(s->text, &text);
    xhat_text_free(&text);
}

/* ---- slots of the template ----------------------------------------------- */

static void put_title(sheet *s)
{
    xhat_text_add(s->text, "%s %s normalization",
                  s->view->quiz != NULL ? "A quiz on the circuit of"
                                        : "The circuit of",
                  s->picture->norm);
}

static void put_lead(sheet *s)
{
    char shape[XHAT_SHAPE_TEXT_SIZE], eps[XHAT_SHORT_SIZE];
    xhat_text_add(s->text, "x %s · N = %zu · eps = %s",
                  xhat_picture_shape_text(s->picture, XHAT_EXTENT_FULL, shape),
                  xhat_axes_sharing(s->axes),
                  xhat_short_number(xhat_run_eps(s->picture->run), eps));
    if (s->view->quiz != NULL)
        xhat_text_add(s->text, " · seed %llu · %zu questions",
                      (unsigned long long)s->view->quiz->seed,
                      s->view->quiz->asked);
}

/* Why nothing in the page can be edited, where that is so. */
static void put_still(sheet *s)
{
    if (s->view->quiz != NULL || s->alive)
        return;
    xhat_text_put(
        s->text,
        xhat_page_has_module()
            ? "<p class=notice>This batch is too large to be computed again in"
              " a page: nothing here can be edited.</p>"
            : "<p class=notice>The xhat that wrote this page was built without"
              " WebAssembly: nothing here can be edited.</p>");
}

static void put_module(sheet *s)
{
    if (s->alive)
        put_base64(s->text, xhat_asset_module.bytes, xhat_asset_module.size);
}

static void put_script(sheet *s)
{
    if (s->view->quiz != NULL)
        put_asset(s->text, &xhat_asset_quiz);
    else if (s->alive)
        put_asset(s->text, &xhat_asset_script);
}

static void put_closed(sheet *s)
{
    if (s->circuit == xhat_circuit_batchnorm() && s->view->quiz == NULL)
        put_asset(s->text, &xhat_asset_closed);
}

static void put_salt(sheet *s)
{
    if (s->view->quiz != NULL)
        xhat_text_add(s->text, "%s,%d,%d", s->view->quiz->salt,
                      XHAT_QUIZ_ROUNDS, XHAT_QUIZ_DIGITS);
}

/* "quiz", "eval", "alive": what of the template is shown. */
static void put_modes(sheet *s)
{
    bool eval =
        xhat_run_state(s->picture->run, XHAT_VALUE_MEAN) == XHAT_STATE_HELD &&
        s->circuit == xhat_circuit_batchnorm();
    xhat_text_add(s->text, "%s%s",
                  s->view->quiz != NULL ? "quiz"
                  : s->alive            ? "alive"
                                        : "still",
                  eval ? " eval" : "");
}

static void put_style(sheet *s)
{
    put_asset(s->text, &xhat_asset_style);
}

static void put_state_if_alive(sheet *s)
{
    if (s->alive)
        put_state(s);
}

static xhat_status fill(sheet *s, const char *slot, size_t length,
                        xhat_error *error)
{
    static const struct {
        const char *slot;
        void (*put)(sheet *s);
    } words[] = {{"title", put_title},   {"lead", put_lead},
                 {"style", put_style},   {"closed", put_closed},
                 {"still", put_still},   {"module", put_module},
                 {"script", put_script}, {"state", put_state_if_alive},
                 {"salt", put_salt},     {"modes", put_modes}};
    static const char *const parts[XHAT_HTML_PARTS] = {
        "given",    "drawing",   "number", "forward",
        "backward", "agreement", "mistake"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i].slot) == length &&
            memcmp(slot, words[i].slot, length) == 0)
            words[i].put(s);
    for (int i = 0; i < XHAT_HTML_PARTS; i++) {
        bool told = i != XHAT_HTML_NUMBER && i != XHAT_HTML_AGREEMENT;
        if (strlen(parts[i]) == length && memcmp(slot, parts[i], length) == 0 &&
            (told || s->view->quiz == NULL))
            return xhat_render_html(s->text, s->picture, s->view,
                                    (xhat_html_part)i, error);
    }
    return XHAT_OK;
}

xhat_status xhat_page_put(xhat_text *text, const xhat_picture *picture,
                          const xhat_html_view *view, xhat_error *error)
{
    sheet s = {.text = text,
               .picture = picture,
               .view = view,
               .axes = xhat_run_axes(picture->run),
               .circuit = xhat_run_circuit(picture->run)};
    s.alive =
        xhat_page_has_module() && view->quiz == NULL &&
        xhat_axes_count(s.axes, XHAT_EXTENT_FULL) <= XHAT_PAGE_ELEMENTS_MAX;
    const char *at = (const char *)xhat_asset_template.bytes;
    for (;;) { /* text up to a slot, {{name}}, and the slot */
        const char *open = strstr(at, "{{");
        if (open == NULL)
            break;
        const char *end = strstr(open, "}}");
        xhat_text_put_bytes(text, at, (size_t)(open - at));
        xhat_status status =
            fill(&s, open + 2, (size_t)(end - open - 2), error);
        if (status != XHAT_OK)
            return status;
        at = end + 2;
    }
    xhat_text_put(text, at);
    if (text->failed)
        return xhat_fail(error, XHAT_OUT_OF_MEMORY, "no memory for a page");
    return XHAT_OK;
}
