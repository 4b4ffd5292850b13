#include "check_words.h"

#include <math.h>
#include <string.h>

#include "circuit/mistakes.h"
#include "circuit/picture.h"

/* ---- causes -------------------------------------------------------------- */

static const xhat_mistake *mistake_of(const xhat_cause *cause, int k)
{
    return xhat_mistake_at(cause->mistakes[k]);
}

void cli_check_put_cause(xhat_text *text, const cli_check *check,
                         const xhat_cause *cause)
{
    const char *ratio = check->diagnosis.ratio;
    if (cause->count == 1) {
        const char *sentence = mistake_of(cause, 0)->text;
        xhat_text_put(text, sentence);
        if (ratio[0] != '\0')
            xhat_text_add(
                text, strchr(sentence, ':') == NULL ? ": %s" : " (%s)", ratio);
        return;
    }
    for (int k = 0; k < cause->count; k++) {
        const xhat_mistake *m = mistake_of(cause, k);
        xhat_text_put(text, k == 0 ? "" : "; and ");
        if (m->gate == 0)
            xhat_text_add(text, "closed form, %s", m->text);
        else
            xhat_text_add(text, "gate %d, %s", m->gate, m->text);
    }
}

void cli_check_put_fix(xhat_text *text, const xhat_cause *cause)
{
    for (int k = 0; k < cause->count; k++)
        xhat_text_add(text, "%s%s", k == 0 ? "" : "; and ",
                      mistake_of(cause, k)->fix);
}

void cli_check_put_id(xhat_text *text, const xhat_cause *cause)
{
    for (int k = 0; k < cause->count; k++)
        xhat_text_add(text, "%s%s", k == 0 ? "" : "+",
                      mistake_of(cause, k)->id);
}

int cli_check_gate_of(const xhat_cause *cause)
{
    return xhat_cause_earliest(cause)->gate;
}

void cli_check_put_gate_of(xhat_text *text, const xhat_cause *cause)
{
    if (cli_check_gate_of(cause) > 0)
        xhat_text_add(text, "gate %d: ", cli_check_gate_of(cause));
    else
        xhat_text_put(text, "closed form: ");
}

/* ---- what is left -------------------------------------------------------- */

static void put_name(xhat_text *text, const xhat_cause *cause)
{
    for (int k = 0; k < cause->count; k++) {
        const xhat_mistake *m = mistake_of(cause, k);
        xhat_text_add(text, "%s\"%s\"", k == 0 ? "" : " and ", m->title);
        if (m->gate > 0)
            xhat_text_add(text, " (gate %d)", m->gate);
    }
}

static void put_factor(xhat_text *text, const char *name, double factor,
                       int *count)
{
    char number[XHAT_SHORT_SIZE];
    if (isnan(factor) || fabs(factor - 1) <= 1e-3)
        return;
    xhat_text_add(text, "%s%s is %s times what it should be",
                  (*count)++ == 0 ? "" : ", ", name,
                  xhat_short_number(factor, number));
}

/* What a dx that is in no catalogue still says. */
static void put_parts(xhat_text *text, const xhat_parts *parts)
{
    int count = 0;
    if (parts->is_scaled) {
        xhat_text_put(text, " In every feature dx is some factor times what it "
                            "should be, in each another: look at gamma and "
                            "inverted_stddev, and whether the gamma of your "
                            "run is in the file.");
        return;
    }
    xhat_text factors = xhat_text_on(NULL);
    xhat_text_put(text, parts->sum_holds
                            ? " The sum of dx over the rows is 0, as it should "
                              "be: the branch through the mean (gates 2 and "
                              "1) does its work."
                            : " The sum of dx over the rows should be 0 and is "
                              "not: the branch through the mean (gates 2 and "
                              "1) is wrong.");
    xhat_text_put(text,
                  parts->projection_holds
                      ? " The sum of dx * x_norm is what eps leaves of it: the "
                        "branch through the variance (gates 7 to 3) does its "
                        "work."
                      : " The sum of dx * x_norm should be about 0 and is not: "
                        "the branch through the variance (gates 7 to 3) is "
                        "wrong.");
    if (parts->is_combination) {
        put_factor(&factors, "the direct part", parts->direct, &count);
        put_factor(&factors, "the part through the mean", parts->mean, &count);
        put_factor(&factors, "the part through the variance", parts->variance,
                   &count);
    }
    if (count > 0 && !factors.failed)
        xhat_text_add(text, " Of the three parts of dx, in every feature: %s.",
                      factors.data);
    if (!parts->is_combination)
        xhat_text_put(text, " It is no combination of dout, x_norm and a "
                            "constant: it is off by something else in each "
                            "row.");
    xhat_text_free(&factors);
}

void cli_check_put_rest(xhat_text *text, const cli_check *check)
{
    const xhat_diagnosis *d = &check->diagnosis;
    const xhat_search *s = &d->search;
    char distance[XHAT_SHORT_SIZE];
    *text = xhat_text_on(NULL);
    if (d->first_wrong < 0)
        return;
    if (s->cause_count > 0 && !s->whole)
        xhat_text_add(text,
                      "That explains %s, but not every other wrong array:"
                      " there is more than one mistake. Correct this one"
                      " first.",
                      cli_check_key(check, &d->findings[d->first_wrong]));
    else if (s->cause_count == 0)
        xhat_text_add(text,
                      "None of the %d mistakes of the catalogue explains "
                      "it%s.",
                      xhat_mistake_count(),
                      s->pairs_left_out
                          ? " (two at once were not tried: the batch is too "
                            "large)"
                          : ", nor do two of them at once");
    if (s->nearest.count > 0 && isfinite(s->nearest.distance) &&
        (s->cause_count == 0 || s->whole)) {
        xhat_text_put(text,
                      s->cause_count == 0 ? " The nearest, " : "The next, ");
        put_name(text, &s->nearest);
        xhat_text_add(text,
                      ", is %s off, where 0 is the same and 1 nothing "
                      "alike.",
                      xhat_rounded_number(s->nearest.distance, 2, distance));
    }
    if (d->has_parts)
        put_parts(text, &d->parts);
    if (d->sampled)
        xhat_text_add(text,
                      "%sCauses were looked for in some of the %zu "
                      "features.",
                      text->length == 0 ? "" : " ", check->c.axes.channels);
}

/* ---- running statistics -------------------------------------------------- */

const char *cli_check_running_key(int side)
{
    return side == 0 ? "new_running_mean" : "new_running_var";
}

void cli_check_put_running(xhat_text *text, const cli_check *check, int side)
{
    const xhat_running_answer *a = &check->running;
    char number[XHAT_SHORT_SIZE];
    if (check->norm.eval) {
        xhat_text_put(text, cli_check_running_ok(check, side)
                                ? "unchanged, as it should be in eval"
                                : "changed: eval leaves it as it is");
        return;
    }
    if (a->name_count > 0) {
        xhat_text_put(text, "as");
        for (int i = 0; i < a->name_count; i++)
            xhat_text_add(text, "%s %s", i == 0 ? "" : ",", a->names[i]);
        if (a->from_start)
            xhat_text_put(text, ", one step from its initial values");
        if (check->running_from_claims)
            xhat_text_put(text, ", from your own mean and var");
        if (!cli_check_running_ok(check, side))
            xhat_text_add(text, ", not as %s", check->convention);
        return;
    }
    if (!isnan(a->weight[side])) {
        xhat_text_add(text, "a weight of %s for the new batch",
                      xhat_short_number(a->weight[side], number));
        if (side == 1)
            xhat_text_add(text, ", %s",
                          xhat_running_variance_name(a->variance));
        if (a->turned != NULL)
            xhat_text_add(text, ": the momentum of %s in the other sense",
                          a->turned);
        return;
    }
    xhat_text_add(text, "follows no convention%s; the nearest gives %s",
                  a->from_start ? " from its initial values (give the old ones "
                                  "as running_mean, running_var)"
                                : "",
                  xhat_short_number(a->expected[side], number));
    xhat_text_add(
        text, " at feature %zu, where yours is %s", a->at[side],
        xhat_short_number(check->new_running[side][a->at[side]], number));
}
