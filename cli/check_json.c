/* The JSON of `xhat check`; its keys are a contract with scripts. */
#include <math.h>

#include "base/json.h"
#include "check_words.h"
#include "circuit/mistakes.h"

static void put_gate(xhat_json *json, const char *key, int gate)
{
    if (gate >= 0)
        xhat_json_integer(json, key, gate);
    else
        xhat_json_null(json, key);
}

static void put_finding(xhat_json *json, const cli_check *check,
                        const xhat_finding *finding)
{
    static const char *const words[] = {"ok", "wrong", "follows", "unused"};
    size_t index[XHAT_RANK_MAX];
    int rank = cli_check_place(check, finding, index);
    xhat_json_open(json, cli_check_key(check, finding), '{');
    xhat_json_bool(json, "ok", finding->state == XHAT_FINDING_OK);
    xhat_json_string(json, "state", words[finding->state]);
    xhat_json_number(json, "max_abs_error", finding->max_abs_error);
    xhat_json_open(json, "at", '(');
    for (int i = 0; i < rank; i++)
        xhat_json_integer(json, NULL, (int64_t)index[i]);
    xhat_json_close(json);
    xhat_json_number(json, "yours", finding->yours);
    xhat_json_number(json, "expected", finding->expected);
    xhat_json_number(json, "relative_error", finding->relative_error);
    xhat_json_number(json, "tolerance", finding->tolerance);
    put_gate(json, "gate", finding->gate);
    xhat_json_close(json);
}

static void put_running(xhat_json *json, const cli_check *check)
{
    const xhat_running_answer *a = &check->running;
    for (int side = 0; side < 2; side++) {
        if (check->new_running[side] == NULL)
            continue;
        bool ok = cli_check_running_ok(check, side);
        xhat_json_open(json, cli_check_running_key(side), '{');
        xhat_json_bool(json, "ok", ok);
        xhat_json_string(json, "state", ok ? "ok" : "wrong");
        xhat_json_number(json, "max_abs_error",
                         ok && a->name_count == 0 ? 0 : a->error[side]);
        xhat_json_open(json, "at", '(');
        xhat_json_integer(json, NULL, (int64_t)a->at[side]);
        xhat_json_close(json);
        xhat_json_number(json, "yours", check->new_running[side][a->at[side]]);
        xhat_json_number(json, "expected", a->expected[side]);
        xhat_json_number(json, "tolerance", check->running_tolerance);
        xhat_json_close(json);
    }
}

static void put_words(xhat_json *json, const char *key, xhat_text *words)
{
    json->text->failed = json->text->failed || words->failed;
    xhat_json_string(json, key, words->data == NULL ? "" : words->data);
    xhat_text_free(words);
}

static void put_cause(xhat_json *json, const char *key, const cli_check *check,
                      const xhat_cause *cause)
{
    xhat_text words = xhat_text_on(NULL);
    xhat_json_open(json, key, '{');
    cli_check_put_id(&words, cause);
    put_words(json, "id", &words);
    put_gate(json, "gate", cli_check_gate_of(cause));
    words = xhat_text_on(NULL);
    cli_check_put_cause(&words, check, cause);
    put_words(json, "text", &words);
    words = xhat_text_on(NULL);
    cli_check_put_fix(&words, cause);
    put_words(json, "fix", &words);
    xhat_json_number(json, "distance", cause->distance);
    xhat_json_close(json);
}

static void put_conventions(xhat_json *json, const cli_check *check)
{
    const xhat_running_answer *a = &check->running;
    if (check->new_running[0] == NULL && check->new_running[1] == NULL)
        return;
    xhat_json_open(json, "running_statistics", '{');
    xhat_json_open(json, "conventions", '(');
    for (int i = 0; i < a->name_count; i++)
        xhat_json_string(json, NULL, a->names[i]);
    xhat_json_close(json);
    for (int side = 0; side < 2; side++) {
        const char *key =
            side == 0 ? "weight_of_new_mean" : "weight_of_new_variance";
        if (a->name_count > 0 || isnan(a->weight[side]))
            xhat_json_null(json, key);
        else
            xhat_json_number(json, key, a->weight[side]);
    }
    xhat_json_close(json);
}

int cli_check_report_json(const cli_check *check,
                          const cli_invocation *invocation)
{
    const xhat_diagnosis *d = &check->diagnosis;
    xhat_text text = xhat_text_on(NULL);
    xhat_json json = xhat_json_on(&text, 2);
    xhat_json_open(&json, NULL, '{');
    xhat_json_string(&json, "verdict", cli_check_verdict(check));
    put_gate(&json, "first_wrong_gate", d->first_wrong_gate);
    unsigned possible =
        d->first_wrong >= 0 ? d->findings[d->first_wrong].suspects : 0;
    xhat_json_open(&json, "possible_gates", '(');
    for (int g = 0; g <= XHAT_CIRCUIT_GATES_MAX; g++)
        if (possible >> g & 1)
            xhat_json_integer(&json, NULL, g);
    xhat_json_close(&json);
    xhat_json_open(&json, "arrays", '{');
    for (int i = 0; i < d->finding_count; i++)
        put_finding(&json, check, &d->findings[i]);
    put_running(&json, check);
    xhat_json_close(&json);
    xhat_json_open(&json, "causes", '[');
    for (int i = 0; i < d->search.cause_count; i++)
        put_cause(&json, NULL, check, &d->search.causes[i]);
    xhat_json_close(&json);
    if (d->search.nearest.count > 0 && isfinite(d->search.nearest.distance))
        put_cause(&json, "runner_up", check, &d->search.nearest);
    put_conventions(&json, check);
    xhat_json_open(&json, "probe_warnings", '[');
    for (int i = 0; i < check->probe.warning_count; i++)
        xhat_json_string(&json, NULL, check->probe.warnings[i]);
    xhat_json_close(&json);
    xhat_json_open(&json, "not_shown", '[');
    for (int i = 0; i < check->probe.hidden_count; i++)
        xhat_json_string(&json, NULL,
                         xhat_mistake_at(check->probe.hidden[i])->id);
    xhat_json_close(&json);
    xhat_json_close(&json);
    return cli_check_print(check, invocation, &text);
}
