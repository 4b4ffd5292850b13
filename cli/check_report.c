#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "base/text.h"
#include "check_arrays.h"
#include "check_words.h"
#include "circuit/mistakes.h"
#include "circuit/picture.h"
#include "output.h"

enum {
    NAME_WIDTH = 17,
    PLACE_SIZE = 160,
    LINE_WIDTH = 80,
    LIST_INDENT = 9 /* below the first name of "  ok     out, dx" */
};

/* "row 0, feature 1"; "feature 1"; "element (0,1,2)" */
static char *place_text(const cli_check *check, const xhat_finding *finding,
                        char text[PLACE_SIZE])
{
    size_t index[XHAT_RANK_MAX];
    int rank = cli_check_place(check, finding, index);
    if (rank == 0) {
        snprintf(text, PLACE_SIZE, "a single number");
    } else if (rank == 1) {
        bool row = check->claims[finding->claim].extent == XHAT_EXTENT_PER_ROW;
        snprintf(text, PLACE_SIZE, "%s %zu", row ? "row" : "feature", index[0]);
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
    for (int i = 0; i < check->c.claim_count; i++)
        xhat_text_add(&words, " %s",
                      xhat_circuit_key(xhat_circuit_batchnorm(),
                                       check->claims[i].side,
                                       check->claims[i].value));
    if (check->c.claim_count == 0)
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
                      first ? label : cli_check_key(check, finding),
                      cli_check_key(check, finding));
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
                  NAME_WIDTH, cli_check_key(check, finding), gate, yours,
                  expected, place_text(check, finding, place));
    move_wrapped(text, &words, LIST_INDENT);
}

static void put_running(xhat_text *text, const cli_check *check)
{
    for (int side = 0; side < 2; side++) {
        if (check->new_running[side] == NULL)
            continue;
        xhat_text words = xhat_text_on(NULL);
        xhat_text_add(&words, "  %-6s %-*s ",
                      cli_check_running_ok(check, side) ? "ok" : "WRONG",
                      NAME_WIDTH, cli_check_running_key(side));
        cli_check_put_running(&words, check, side);
        move_wrapped(text, &words, LIST_INDENT);
    }
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
            xhat_text_add(
                text, "  WRONG  %-*s           follows from gate %d\n",
                NAME_WIDTH, cli_check_key(check, finding), finding->gate);
        else if (finding->state == XHAT_FINDING_FOLLOWS)
            xhat_text_add(text, "  WRONG  %-*s           follows from above\n",
                          NAME_WIDTH, cli_check_key(check, finding));
    }
    put_list(text, check, XHAT_FINDING_UNUSED, "unused");
    put_running(text, check);
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

static void put_first(xhat_text *text, const cli_check *check)
{
    const xhat_diagnosis *d = &check->diagnosis;
    const char *verdict = cli_check_verdict(check);
    if (d->first_wrong >= 0 && d->first_wrong_gate >= 0)
        put_gate(text, d->first_wrong_gate);
    else if (d->first_wrong >= 0)
        put_possible(text, check, &d->findings[d->first_wrong]);
    else if (strcmp(verdict, "ok") == 0)
        xhat_text_put(text, "All right.");
    else if (strcmp(verdict, "wrong") == 0)
        xhat_text_put(text, "The gates are all right; the running statistics "
                            "are not.");
    else if (d->finding_count == 0)
        xhat_text_put(text, "Cannot tell: the file holds no array to check.");
    else
        xhat_text_put(text, "Cannot tell: with these inputs every number to "
                            "compare is 0.");
}

/* One cause that fits, or two mistakes at once, after the gate. */
static void put_one_cause(xhat_text *text, const cli_check *check)
{
    const xhat_cause *cause = &check->diagnosis.search.causes[0];
    xhat_text_put(text, cause->count == 2 ? " Two mistakes at once explain it: "
                                          : " Likely cause: ");
    cli_check_put_cause(text, check, cause);
    xhat_text_put(text, ". Fix: ");
    cli_check_put_fix(text, cause);
    xhat_text_put(text, ".");
}

/* Several that give the very same arrays: a line for each. */
static void put_causes(xhat_text *text, const cli_check *check)
{
    const xhat_search *s = &check->diagnosis.search;
    for (int i = 0; i < s->cause_count; i++) {
        xhat_text words = xhat_text_on(NULL);
        xhat_text_add(&words, "  %s", s->causes[i].count == 1 ? "" : "two: ");
        if (s->causes[i].count == 1)
            cli_check_put_gate_of(&words, &s->causes[i]);
        cli_check_put_cause(&words, check, &s->causes[i]);
        xhat_text_put(&words, ". Fix: ");
        cli_check_put_fix(&words, &s->causes[i]);
        move_wrapped(text, &words, 11);
    }
}

static void put_conclusion(xhat_text *text, const cli_check *check)
{
    const xhat_diagnosis *d = &check->diagnosis;
    xhat_text words = xhat_text_on(NULL);
    put_first(&words, check);
    if (d->search.cause_count == 1)
        put_one_cause(&words, check);
    if (d->search.cause_count == 0 && d->ratio[0] != '\0')
        xhat_text_add(&words, " It is a factor: %s.", d->ratio);
    if (d->search.cause_count > 1)
        xhat_text_add(&words, " %d mistakes give the same numbers here:",
                      d->search.cause_count);
    move_wrapped(text, &words, 0);
    if (d->search.cause_count > 1)
        put_causes(text, check);
    cli_check_put_rest(&words, check);
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
                          cli_check_key(check, f), fabs(f->relative_error));
    }
    if (words.length == 0 && largest != NULL)
        xhat_text_add(&words,
                      "Largest relative error, max |a - b| / (|a| + |b|):"
                      " %s %.1e",
                      cli_check_key(check, largest), largest->relative_error);
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
                              cli_check_key(check, &d->findings[k]));
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

int cli_check_print(const cli_check *check, const cli_invocation *invocation,
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

/* What these inputs cannot show, by name. */
static void warn_hidden(const cli_check *check)
{
    enum { NAMED = 6 };
    const xhat_probe_report *probe = &check->probe;
    xhat_text words = xhat_text_on(NULL);
    for (int i = 0; i < probe->hidden_count && i < NAMED; i++)
        xhat_text_add(&words, "%s%s", i == 0 ? "" : ", ",
                      xhat_mistake_at(probe->hidden[i])->id);
    if (probe->hidden_count > NAMED)
        xhat_text_add(&words, " and %d more", probe->hidden_count - NAMED);
    if (probe->hidden_count > 0 && !words.failed)
        cli_warn("with these inputs %d of %d known mistakes would not show: "
                 "%s; --make-probe FILE writes inputs that show them",
                 probe->hidden_count, probe->known, words.data);
    xhat_text_free(&words);
}

int cli_check_report(const cli_check *check, const cli_invocation *invocation)
{
    xhat_text text = xhat_text_on(NULL);
    put_head(&text, check);
    put_findings(&text, check);
    put_conclusion(&text, check);
    put_relative_errors(&text, check);
    put_tolerances(&text, check);
    for (int i = 0; i < check->probe.warning_count; i++)
        cli_warn("%s", check->probe.warnings[i]);
    warn_hidden(check);
    return cli_check_print(check, invocation, &text);
}
