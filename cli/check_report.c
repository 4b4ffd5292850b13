#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/number.h"
#include "base/text.h"
#include "check_arrays.h"
#include "circuit/picture.h"
#include "output.h"

enum {
    NAME_WIDTH = 17,
    PLACE_SIZE = 160,
    LINE_WIDTH = 80,
    LIST_INDENT = 9 /* below the first name of "  ok     out, dx" */
};

static const char *key_of(const cli_check *check, const xhat_finding *finding)
{
    const xhat_claim *claim = &check->claims[finding->claim];
    return xhat_circuit_key(xhat_circuit_batchnorm(), claim->side,
                            claim->value);
}

static xhat_extent extent_of(const cli_check *check,
                             const xhat_finding *finding)
{
    const xhat_claim *claim = &check->claims[finding->claim];
    return claim->unsummed
               ? XHAT_EXTENT_FULL
               : xhat_circuit_batchnorm()->values[claim->value].extent;
}

/* The indices of a number in the user's own axes; returns their count. */
static int place_of(const cli_check *check, const xhat_finding *finding,
                    size_t index[XHAT_RANK_MAX])
{
    if (extent_of(check, finding) != XHAT_EXTENT_FULL) {
        index[0] = finding->at;
        return 1;
    }
    size_t at = finding->at;
    for (int i = check->x->rank - 1; i >= 0; i--) {
        size_t length = check->x->shape[i];
        index[i] = length > 0 ? at % length : 0;
        at = length > 0 ? at / length : 0;
    }
    return check->x->rank;
}

/* "row 0, feature 1"; "feature 1"; "element (0,1,2)" */
static char *place_text(const cli_check *check, const xhat_finding *finding,
                        char text[PLACE_SIZE])
{
    size_t index[XHAT_RANK_MAX];
    int rank = place_of(check, finding, index);
    if (rank == 1) {
        snprintf(text, PLACE_SIZE, "feature %zu", index[0]);
    } else if (rank == 2) {
        snprintf(text, PLACE_SIZE, "row %zu, feature %zu", index[0], index[1]);
    } else {
        int length = snprintf(text, PLACE_SIZE, "element ");
        for (int i = 0; i < rank; i++)
            length += snprintf(text + length, (size_t)(PLACE_SIZE - length),
                               "%s%zu", i == 0 ? "(" : ",", index[i]);
        snprintf(text + length, (size_t)(PLACE_SIZE - length), ")");
    }
    return text;
}

/* ---- text ---------------------------------------------------------------- */

/* Moves `words` to the end of the text, broken at LINE_WIDTH columns. */
static void move_wrapped(xhat_text *text, xhat_text *words, int indent)
{
    text->failed = text->failed || words->failed;
    if (words->data != NULL)
        xhat_put_wrapped(text, words->data, LINE_WIDTH, indent);
    xhat_text_free(words);
}

/* "mine.npz: x gamma dout; yours: out dx" */
static void put_head(xhat_text *text, const cli_check *check)
{
    static const char *const inputs[] = {"x", "gamma", "beta", "eps", "dout"};
    xhat_text words = xhat_text_on(NULL);
    xhat_text_add(&words, "%s:", check->path);
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++)
        if (xhat_arrays_find(&check->file, inputs[i]) != NULL ||
            strcmp(inputs[i], "dout") == 0 || i == 0)
            xhat_text_add(&words, " %s", inputs[i]);
    xhat_text_put(&words, "; yours:");
    for (int i = 0; i < check->claim_count; i++)
        xhat_text_add(&words, " %s",
                      xhat_circuit_key(xhat_circuit_batchnorm(),
                                       check->claims[i].side,
                                       check->claims[i].value));
    if (check->claim_count == 0)
        xhat_text_put(&words, " nothing");
    move_wrapped(text, &words, 4);
}

static void put_list(xhat_text *text, const cli_check *check,
                     xhat_finding_state state, const char *label)
{
    bool first = true;
    xhat_text words = xhat_text_on(NULL);
    for (int i = 0; i < check->diagnosis.finding_count; i++) {
        const xhat_finding *finding = &check->diagnosis.findings[i];
        if (finding->state != state)
            continue;
        xhat_text_add(&words, first ? "  %-6s %s" : ", %s",
                      first ? label : key_of(check, finding),
                      key_of(check, finding));
        first = false;
    }
    move_wrapped(text, &words, LIST_INDENT);
}

static void put_wrong(xhat_text *text, const cli_check *check,
                      const xhat_finding *finding)
{
    char gate[16] = "gate ?", place[PLACE_SIZE];
    char yours[XHAT_NUMBER_SIZE], expected[XHAT_NUMBER_SIZE];
    xhat_short_number(finding->yours, yours);
    xhat_short_number(finding->expected, expected);
    if (strcmp(yours, expected) == 0) { /* apart in later digits */
        xhat_number_from_f64(finding->yours, yours);
        xhat_number_from_f64(finding->expected, expected);
    }
    if (finding->gate >= 0)
        snprintf(gate, sizeof gate, "gate %d", finding->gate);
    xhat_text words = xhat_text_on(NULL);
    xhat_text_add(&words, "  WRONG  %-*s %s    yours %s  expected %s   %s",
                  NAME_WIDTH, key_of(check, finding), gate, yours, expected,
                  place_text(check, finding, place));
    move_wrapped(text, &words, LIST_INDENT);
}

static void put_findings(xhat_text *text, const cli_check *check)
{
    const xhat_diagnosis *d = &check->diagnosis;
    put_list(text, check, XHAT_FINDING_OK, "ok");
    for (int i = 0; i < d->finding_count; i++) {
        const xhat_finding *finding = &d->findings[i];
        if (finding->state == XHAT_FINDING_WRONG)
            put_wrong(text, check, finding);
        else if (finding->state == XHAT_FINDING_FOLLOWS && finding->gate >= 0)
            xhat_text_add(text,
                          "  WRONG  %-*s           follows from gate %d\n",
                          NAME_WIDTH, key_of(check, finding), finding->gate);
        else if (finding->state == XHAT_FINDING_FOLLOWS)
            xhat_text_add(text, "  WRONG  %-*s           follows from above\n",
                          NAME_WIDTH, key_of(check, finding));
    }
    put_list(text, check, XHAT_FINDING_UNUSED, "unused");
}

/* "3, 4 and 5" of the gates in a set */
static void put_gates(xhat_text *text, unsigned gates)
{
    int count = 0, left = 0;
    for (int g = 0; g <= XHAT_CIRCUIT_GATES_MAX; g++)
        left += gates >> g & 1;
    for (int g = 0; g <= XHAT_CIRCUIT_GATES_MAX; g++)
        if (gates >> g & 1) {
            left--;
            xhat_text_add(text, "%s%d",
                          count == 0  ? ""
                          : left == 0 ? " and "
                                      : ", ",
                          g);
            count++;
        }
}

static void put_possible(xhat_text *text, const cli_check *check,
                         const xhat_finding *finding)
{
    const xhat_circuit *circuit = xhat_circuit_batchnorm();
    xhat_text_put(text, "The first wrong gate is one of ");
    put_gates(text, finding->suspects);
    xhat_text_put(text, ".");
    bool first = true;
    for (int v = 0; v < circuit->value_count; v++)
        for (int side = 0; side < 2; side++)
            if (check->diagnosis.wanted >> (2 * v + side) & 1) {
                xhat_text_add(text,
                              first ? " To know which, add some of %s" : ", %s",
                              xhat_circuit_key(circuit, (xhat_side)side, v));
                first = false;
            }
    xhat_text_put(text, first ? "" : " to the file.");
}

static void put_gate(xhat_text *text, int gate)
{
    const xhat_circuit *circuit = xhat_circuit_batchnorm();
    if (gate == 0)
        xhat_text_put(text, "Gate 0 (dx, the sum of gates 1 and 2)");
    else
        xhat_text_add(text, "Gate %d (%s)", gate,
                      circuit->gates[gate - 1].formula);
    xhat_text_put(text, " is the first wrong gate.");
}

static void put_conclusion(xhat_text *text, const cli_check *check)
{
    const xhat_diagnosis *d = &check->diagnosis;
    xhat_text words = xhat_text_on(NULL);
    if (d->first_wrong >= 0 && d->first_wrong_gate >= 0)
        put_gate(&words, d->first_wrong_gate);
    else if (d->first_wrong >= 0)
        put_possible(&words, check, &d->findings[d->first_wrong]);
    else if (strcmp(cli_check_verdict(check), "ok") == 0)
        xhat_text_put(&words, "All right.");
    else if (d->finding_count == 0)
        xhat_text_put(&words, "Cannot tell: the file holds no array to check.");
    else
        xhat_text_put(&words, "Cannot tell: with these inputs every number to "
                              "compare is 0.");
    for (int i = 0; i < d->cause_count; i++)
        xhat_text_add(&words, "%s %s.%s%s%s",
                      i == 0 ? " Likely cause:" : " Or:", d->causes[i].text,
                      i == 0 ? " Fix: " : "", i == 0 ? d->causes[i].fix : "",
                      i == 0 ? "." : "");
    move_wrapped(text, &words, 0);
}

/* The relative error that CS231n's notebooks print, for who has it there: of
 * every wrong array, or the largest of the right ones. */
static void put_relative_errors(xhat_text *text, const cli_check *check)
{
    const xhat_diagnosis *d = &check->diagnosis;
    const xhat_finding *largest = NULL;
    xhat_text words = xhat_text_on(NULL);
    for (int i = 0; i < d->finding_count; i++) {
        const xhat_finding *f = &d->findings[i];
        if (f->state == XHAT_FINDING_OK &&
            (largest == NULL || f->relative_error > largest->relative_error))
            largest = f;
        if (f->state == XHAT_FINDING_WRONG || f->state == XHAT_FINDING_FOLLOWS)
            xhat_text_add(&words, "%s %s %.1e",
                          words.length == 0 ? "Relative errors, max |a - b| /"
                                              " (|a| + |b|):"
                                            : ",",
                          key_of(check, f), f->relative_error);
    }
    if (words.length == 0 && largest != NULL)
        xhat_text_add(&words,
                      "Largest relative error, max |a - b| / (|a| + |b|):"
                      " %s %.1e",
                      key_of(check, largest), largest->relative_error);
    move_wrapped(text, &words, 4);
}

/* "1e-10 (float64)", the tolerance of most or of all, and those of others. */
static void put_tolerances(xhat_text *text, const cli_check *check)
{
    const xhat_diagnosis *d = &check->diagnosis;
    bool said[XHAT_CLAIMS_MAX] = {false};
    xhat_text words = xhat_text_on(NULL);
    for (int i = 0; i < d->finding_count; i++) {
        double tolerance = d->findings[i].tolerance;
        if (said[i])
            continue;
        xhat_text_add(&words, "%s%.0e for",
                      words.length == 0 ? "Tolerance, of the terms that a "
                                          "number is the sum of: "
                                        : "; ",
                      tolerance);
        bool all = i == 0;
        for (int k = 0; k < d->finding_count; k++)
            all = all && d->findings[k].tolerance == tolerance;
        for (int k = i, first = 1; k < d->finding_count && !all; k++)
            if (d->findings[k].tolerance == tolerance) {
                xhat_text_add(&words, "%s %s", first ? "" : ",",
                              key_of(check, &d->findings[k]));
                said[k] = true;
                first = 0;
            }
        xhat_text_add(&words, all ? " %s" : " (%s)",
                      cli_check_precision(check, &d->findings[i]));
        if (all)
            break;
    }
    if (words.length > 0)
        xhat_text_put(&words, ".");
    move_wrapped(text, &words, 4);
}

static int report(const cli_check *check, const cli_invocation *invocation,
                  xhat_text *text)
{
    int result = text->failed ? cli_fail(CLI_BUG, "out of memory")
                              : cli_write_text(invocation, NULL, text->data,
                                               text->length);
    xhat_text_free(text);
    if (result != CLI_DONE)
        return result;
    return strcmp(cli_check_verdict(check), "ok") == 0 ? CLI_DONE : CLI_NO;
}

int cli_check_report(const cli_check *check, const cli_invocation *invocation)
{
    const char *warnings[XHAT_PROBE_WARNINGS_MAX];
    xhat_text text = xhat_text_on(NULL);
    put_head(&text, check);
    put_findings(&text, check);
    put_conclusion(&text, check);
    put_relative_errors(&text, check);
    put_tolerances(&text, check);
    int count = xhat_probe_warnings(check->run, warnings);
    for (int i = 0; i < count; i++)
        cli_warn("%s", warnings[i]);
    return report(check, invocation, &text);
}

/* ---- JSON ---------------------------------------------------------------- */

static void put_gate_json(xhat_json *json, const char *key, int gate)
{
    if (gate >= 0)
        xhat_json_integer(json, key, gate);
    else
        xhat_json_null(json, key);
}

static void put_finding_json(xhat_json *json, const cli_check *check,
                             const xhat_finding *finding)
{
    static const char *const words[] = {"ok", "wrong", "follows", "unused"};
    size_t index[XHAT_RANK_MAX];
    int rank = place_of(check, finding, index);
    xhat_json_open(json, key_of(check, finding), '{');
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
    put_gate_json(json, "gate", finding->gate);
    xhat_json_close(json);
}

int cli_check_report_json(const cli_check *check,
                          const cli_invocation *invocation)
{
    const xhat_diagnosis *d = &check->diagnosis;
    const char *warnings[XHAT_PROBE_WARNINGS_MAX];
    xhat_text text = xhat_text_on(NULL);
    xhat_json json = xhat_json_on(&text, 2);
    xhat_json_open(&json, NULL, '{');
    xhat_json_string(&json, "verdict", cli_check_verdict(check));
    put_gate_json(&json, "first_wrong_gate", d->first_wrong_gate);
    unsigned possible =
        d->first_wrong >= 0 ? d->findings[d->first_wrong].suspects : 0;
    xhat_json_open(&json, "possible_gates", '(');
    for (int g = 0; g <= XHAT_CIRCUIT_GATES_MAX; g++)
        if (possible >> g & 1)
            xhat_json_integer(&json, NULL, g);
    xhat_json_close(&json);
    xhat_json_open(&json, "arrays", '{');
    for (int i = 0; i < d->finding_count; i++)
        put_finding_json(&json, check, &d->findings[i]);
    xhat_json_close(&json);
    xhat_json_open(&json, "causes", '[');
    for (int i = 0; i < d->cause_count; i++) {
        xhat_json_open(&json, NULL, '{');
        xhat_json_string(&json, "id", d->causes[i].id);
        put_gate_json(&json, "gate", d->causes[i].gate);
        xhat_json_string(&json, "text", d->causes[i].text);
        xhat_json_string(&json, "fix", d->causes[i].fix);
        xhat_json_number(&json, "distance", d->causes[i].distance);
        xhat_json_close(&json);
    }
    xhat_json_close(&json);
    int count = xhat_probe_warnings(check->run, warnings);
    xhat_json_open(&json, "probe_warnings", '[');
    for (int i = 0; i < count; i++)
        xhat_json_string(&json, NULL, warnings[i]);
    xhat_json_close(&json);
    xhat_json_close(&json);
    return report(check, invocation, &text);
}
