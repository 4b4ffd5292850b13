#include "diagnose.h"

#include <math.h>
#include <stdio.h>

#include "alternatives.h"
#include "base/error.h"
#include "base/memory.h"
#include "causes.h"
#include "magnitude.h"
#include "run.h"
#include "suspects.h"
#include "unsummed.h"

/* The two runs that are compared: from the inputs alone, and again with each
 * claim in the place of what the gates computed. */
typedef struct inquiry {
    const xhat_run *clean;
    xhat_run *replay;
    xhat_magnitudes clean_size, replay_size;
    const xhat_circuit *circuit;
    const xhat_axes *axes;
    const xhat_claim *claims;
    xhat_dependence dependence;
    xhat_diagnosis *diagnosis;
    xhat_steps cleared; /* steps that a right array has shown to be right */
    double *room;       /* for an alternative array and its sizes */
} inquiry;

/* ---- the second run ------------------------------------------------------ */

static xhat_status replay(inquiry *q, int claim_count, xhat_error *error)
{
    const xhat_run *clean = q->clean;
    xhat_status status =
        xhat_run_create(&q->replay, q->circuit, q->axes, xhat_run_eps(clean),
                        xhat_run_allocator(clean), error);
    for (int side = 0; side < 2; side++)
        for (int v = 0; v < q->circuit->value_count; v++) {
            xhat_field given = xhat_run_given(clean, (xhat_side)side, v);
            if (given.data == NULL || status != XHAT_OK)
                continue;
            bool held = side == XHAT_SIDE_VALUE &&
                        xhat_run_state(clean, v) == XHAT_STATE_HELD;
            status = held ? xhat_run_hold(q->replay, v, given.data, error)
                          : xhat_run_set(q->replay, (xhat_side)side, v,
                                         given.data, error);
        }
    for (int i = 0; i < claim_count && status == XHAT_OK; i++) {
        const xhat_claim *claim = &q->claims[i];
        if (xhat_run_computed(clean, claim->side, claim->value).data == NULL)
            continue; /* held, or without a gradient: nothing to replace */
        if (claim->unsummed)
            continue; /* no number that another could be computed from */
        status = xhat_run_set(q->replay, claim->side, claim->value, claim->data,
                              error);
        q->dependence.supplied[claim->side][claim->value] = true;
    }
    if (status == XHAT_OK)
        status = xhat_run_forward(q->replay, error);
    if (status == XHAT_OK)
        status = xhat_run_backward(q->replay, error);
    if (status == XHAT_OK)
        status = xhat_magnitudes_of(&q->clean_size, clean, error);
    if (status == XHAT_OK)
        status = xhat_magnitudes_of(&q->replay_size, q->replay, error);
    q->dependence.run = q->replay;
    return status;
}

/* ---- the order of computation -------------------------------------------- */

static int order_of(const inquiry *q, const xhat_claim *claim)
{
    int gates = q->circuit->gate_count;
    if (claim->side == XHAT_SIDE_VALUE)
        return q->circuit->values[claim->value].maker;
    int last = gates; /* the gate after which backward has the whole sum */
    for (int g = gates - 1; g >= 0; g--)
        for (int p = 0; p < q->circuit->gates[g].operand_count; p++)
            if (q->circuit->gates[g].operands[p] == claim->value)
                last = g;
    return 2 * gates - last;
}

static void put_in_order(inquiry *q, int count)
{
    xhat_finding *findings = q->diagnosis->findings;
    q->diagnosis->finding_count = count;
    for (int i = 0; i < count; i++) {
        int k = i;
        for (; k > 0 && order_of(q, &q->claims[findings[k - 1].claim]) >
                            order_of(q, &q->claims[i]);
             k--)
            findings[k] = findings[k - 1];
        findings[k] = (xhat_finding){.claim = i, .gate = -1};
    }
}

/* ---- one finding --------------------------------------------------------- */

static xhat_comparison
comparison_of(const inquiry *q, const xhat_finding *finding, bool from_theirs)
{
    const xhat_claim *claim = &q->claims[finding->claim];
    const xhat_run *run = from_theirs ? q->replay : q->clean;
    const xhat_magnitudes *size =
        from_theirs ? &q->replay_size : &q->clean_size;
    return (xhat_comparison){
        .yours = claim->data,
        .expected = xhat_run_computed(run, claim->side, claim->value).data,
        .size = size->computed[claim->side][claim->value],
        .count =
            xhat_axes_count(q->axes, q->circuit->values[claim->value].extent),
        .tolerance = finding->tolerance,
    };
}

static void find_errors(xhat_finding *finding, const xhat_comparison *c)
{
    finding->max_abs_error = -1;
    for (size_t k = 0; k < c->count; k++) {
        double off = fabs(c->yours[k] - c->expected[k]);
        if (c->yours[k] == c->expected[k] ||
            (isnan(c->yours[k]) && isnan(c->expected[k])))
            off = 0;
        double both = fabs(c->yours[k]) + fabs(c->expected[k]);
        double relative = off == 0 ? 0 : off / fmax(1e-8, both);
        if (!(relative <= finding->relative_error))
            finding->relative_error = relative;
        bool farther = isnan(off) ? !isnan(finding->max_abs_error)
                                  : off > finding->max_abs_error;
        if (farther) {
            finding->max_abs_error = off;
            finding->at = k;
        }
        if (fabs(c->expected[k]) > c->tolerance * c->size[k])
            finding->decides = true;
    }
    if (c->count > 0) {
        finding->yours = c->yours[finding->at];
        finding->expected = c->expected[finding->at];
    } else {
        finding->max_abs_error = 0;
    }
}

/* The claims that this one is computed from are before it in the order, so
 * that their tolerances are known. */
static void find_tolerance(inquiry *q, xhat_finding *finding)
{
    const xhat_claim *claim = &q->claims[finding->claim];
    finding->tolerance = claim->tolerance;
    for (const xhat_finding *f = q->diagnosis->findings; f < finding; f++) {
        const xhat_claim *from = &q->claims[f->claim];
        unsigned long bit = 1UL << (2 * from->value + from->side);
        if (q->dependence.walls & bit)
            finding->tolerance = fmax(finding->tolerance, f->tolerance);
    }
}

/* The gate of the nearest wrong array that this one was computed from. */
static int followed_gate(const inquiry *q)
{
    const xhat_diagnosis *d = q->diagnosis;
    for (int i = 0; i < d->finding_count; i++) {
        const xhat_claim *claim = &q->claims[d->findings[i].claim];
        unsigned long bit = 1UL << (2 * claim->value + claim->side);
        if ((q->dependence.walls & bit) &&
            (d->findings[i].state == XHAT_FINDING_WRONG ||
             d->findings[i].state == XHAT_FINDING_FOLLOWS))
            return d->findings[i].gate;
    }
    return -1;
}

static void judge(inquiry *q, xhat_finding *finding)
{
    const xhat_claim *claim = &q->claims[finding->claim];
    xhat_steps steps = xhat_steps_to(&q->dependence, claim->side, claim->value);
    find_tolerance(q, finding);
    xhat_comparison clean = comparison_of(q, finding, false);
    xhat_comparison theirs = comparison_of(q, finding, true);
    if (clean.expected == NULL) {
        finding->state = XHAT_FINDING_UNUSED;
        return;
    }
    if (claim->unsummed) {
        xhat_judge_unsummed(finding, claim, q->clean);
        q->diagnosis->decided = true;
        return;
    }
    double tolerance = finding->tolerance;
    bool right = xhat_comparison_distance(&clean, 1) <= tolerance;
    bool consistent = xhat_comparison_distance(&theirs, 1) <= tolerance;
    finding->state = right        ? XHAT_FINDING_OK
                     : consistent ? XHAT_FINDING_FOLLOWS
                                  : XHAT_FINDING_WRONG;
    find_errors(finding,
                finding->state == XHAT_FINDING_WRONG ? &theirs : &clean);
    q->diagnosis->decided = q->diagnosis->decided || finding->decides;
    if (consistent && finding->decides)
        q->cleared |= steps;
}

/* ---- suspects ------------------------------------------------------------ */

/* The gate of a set that has but one; -1: it has none or several. */
static int only_gate(unsigned gates)
{
    if (gates == 0 || (gates & (gates - 1)) != 0)
        return -1;
    int gate = 0;
    while (gates >>= 1)
        gate++;
    return gate;
}

/* ---- sums of several branches -------------------------------------------- */

enum { BRANCHES_MAX = 2 };

typedef struct branch {
    int gate, which;
    const double *part; /* what it hands down, from their upstream */
} branch;

static int branches_of(const inquiry *q, const xhat_claim *claim,
                       branch branches[BRANCHES_MAX])
{
    int count = 0;
    for (int g = 0; g < q->circuit->gate_count; g++)
        for (int p = 0; p < q->circuit->gates[g].operand_count; p++) {
            const double *part = xhat_run_downstream(q->replay, g, p).data;
            if (claim->side == XHAT_SIDE_GRADIENT && part != NULL &&
                q->circuit->gates[g].operands[p] == claim->value &&
                count < BRANCHES_MAX)
                branches[count++] = (branch){g, p, part};
        }
    return count;
}

/* Is theirs the sum with this branch taken *factor times?  The factor is read
 * where the branch weighs most. */
static bool fits_branch(xhat_comparison c, const double *part, double *factor)
{
    size_t best = 0;
    for (size_t k = 0; k < c.count; k++)
        if (fabs(part[k]) > fabs(part[best]))
            best = k;
    if (c.count == 0 || !(fabs(part[best]) > 0))
        return false;
    *factor = 1 + (c.yours[best] - c.expected[best]) / part[best];
    c.part = part;
    return xhat_comparison_distance(&c, *factor) <=
           c.tolerance * fmax(1, fabs(*factor));
}

static void blame_dropped(xhat_diagnosis *d, const branch *dropped,
                          const branch *kept, const char *value)
{
    xhat_cause *cause = &d->causes[0];
    *cause = (xhat_cause){.id = "dropped-branch", .gate = dropped->gate + 1};
    snprintf(cause->text, sizeof cause->text,
             "its branch is missing: yours is exactly what gate %d alone hands"
             " down",
             kept->gate + 1);
    snprintf(cause->fix, sizeof cause->fix, "add what gate %d hands down to %s",
             dropped->gate + 1, value);
    d->cause_count = 1;
}

/* A branch that a mean hands down is one number for each statistic.  Where
 * theirs is off by something else, it is not that branch but the sum. */
static bool is_off_by_statistic(const inquiry *q, const xhat_comparison *c)
{
    for (size_t k = 0; k < c->count; k++) {
        size_t first = xhat_axes_first(
            q->axes, xhat_axes_place(q->axes, XHAT_EXTENT_PER_STATISTIC, k));
        double off = c->yours[k] - c->expected[k];
        double first_off = c->yours[first] - c->expected[first];
        if (!(fabs(off - first_off) <=
              c->tolerance * (c->size[k] + c->size[first])))
            return false;
    }
    return true;
}

/* Narrows the suspects of a wrong sum to one branch, where theirs differs by
 * a multiple of that branch alone; a branch that is not there at all is its
 * gate's fault.  Then looks for the causes. */
static void judge_branches(inquiry *q, xhat_finding *finding)
{
    const xhat_claim *claim = &q->claims[finding->claim];
    xhat_comparison c = comparison_of(q, finding, true);
    branch branches[BRANCHES_MAX];
    double factor[BRANCHES_MAX];
    bool fits[BRANCHES_MAX] = {false};
    int count = branches_of(q, claim, branches);
    for (int i = 0; count == BRANCHES_MAX && i < count; i++)
        fits[i] = fits_branch(c, branches[i].part, &factor[i]);
    xhat_diagnosis *d = q->diagnosis;
    if (fits[0] != fits[1]) {
        const branch *off = &branches[fits[0] ? 0 : 1];
        c.part = off->part;
        if (xhat_comparison_distance(&c, 0) <= c.tolerance) {
            finding->suspects = 2u << off->gate;
            blame_dropped(d, off, &branches[fits[0] ? 1 : 0],
                          q->circuit->values[claim->value].name);
        } else {
            xhat_steps steps =
                xhat_steps_to_part(&q->dependence, off->gate, off->which);
            finding->suspects = xhat_steps_gates(steps & ~q->cleared);
        }
    }
    unsigned one = finding->suspects & ~1u; /* that, or the sum itself? */
    if (fits[0] == fits[1] && (finding->suspects & 1) && only_gate(one) > 0)
        finding->suspects = is_off_by_statistic(q, &c) ? one : 1;
    finding->gate = only_gate(finding->suspects);
    int kind =
        finding->gate > 0 ? (int)q->circuit->gates[finding->gate - 1].kind : -1;
    if (d->cause_count > 0)
        return;
    d->cause_count = xhat_causes_by_factor(d->causes, &c, kind, finding->gate,
                                           xhat_axes_sharing(q->axes));
    d->cause_count = xhat_causes_by_formula(
        d->causes, d->cause_count, q->replay, finding->gate, claim->side,
        claim->value, &c, q->room);
}

/* ---- conclusions --------------------------------------------------------- */

static void find_suspects(inquiry *q, xhat_finding *finding)
{
    const xhat_claim *claim = &q->claims[finding->claim];
    if (claim->unsummed) {
        xhat_blame_unsummed(q->diagnosis, finding, claim, q->clean);
        return;
    }
    xhat_steps steps = xhat_steps_to(&q->dependence, claim->side, claim->value);
    finding->suspects = xhat_steps_gates(steps & ~q->cleared);
    if (finding->suspects == 0) /* cleared by arrays that are no proof */
        finding->suspects = xhat_steps_gates(steps);
    judge_branches(q, finding);
}

/* The causes found last, nearest first. */
static void sort_causes(xhat_diagnosis *d)
{
    for (int i = 1; i < d->cause_count; i++)
        for (int k = i;
             k > 0 && d->causes[k].distance < d->causes[k - 1].distance; k--) {
            xhat_cause swapped = d->causes[k];
            d->causes[k] = d->causes[k - 1];
            d->causes[k - 1] = swapped;
        }
}

/* Arrays that would part the suspects of the first wrong one. */
static void find_wanted(inquiry *q, const xhat_finding *finding)
{
    const xhat_claim *claim = &q->claims[finding->claim];
    xhat_steps all = xhat_steps_to(&q->dependence, claim->side, claim->value);
    unsigned long between = q->dependence.between;
    for (int v = 0; v < q->circuit->value_count; v++)
        for (int side = 0; side < 2; side++) {
            unsigned long bit = 1UL << (2 * v + side);
            if (!(between & bit))
                continue;
            xhat_steps part =
                xhat_steps_to(&q->dependence, (xhat_side)side, v) & all;
            if (xhat_steps_gates(part & ~q->cleared) & finding->suspects)
                q->diagnosis->wanted |= bit;
        }
}

/* Wrong arrays in the order of computation; the last ones first, so that the
 * causes that remain are those of the first mistake. */
static void conclude(inquiry *q)
{
    xhat_diagnosis *d = q->diagnosis;
    for (int i = 0; i < d->finding_count; i++)
        judge(q, &d->findings[i]);
    for (int i = d->finding_count - 1; i >= 0; i--) {
        if (d->findings[i].state != XHAT_FINDING_WRONG)
            continue;
        d->cause_count = 0;
        find_suspects(q, &d->findings[i]);
        d->first_wrong = i;
        d->first_wrong_gate = d->findings[i].gate;
    }
    sort_causes(d);
    if (d->first_wrong >= 0 && d->first_wrong_gate < 0)
        find_wanted(q, &d->findings[d->first_wrong]);
    for (int i = 0; i < d->finding_count; i++) {
        const xhat_claim *claim = &q->claims[d->findings[i].claim];
        if (d->findings[i].state != XHAT_FINDING_FOLLOWS)
            continue;
        (void)xhat_steps_to(&q->dependence, claim->side, claim->value);
        d->findings[i].gate = followed_gate(q);
    }
}

xhat_status xhat_diagnose(xhat_diagnosis *diagnosis, const xhat_run *run,
                          const xhat_claim *claims, int count,
                          xhat_error *error)
{
    inquiry q = {.clean = run,
                 .circuit = xhat_run_circuit(run),
                 .axes = xhat_run_axes(run),
                 .claims = claims,
                 .diagnosis = diagnosis};
    q.clean_size.allocator = q.replay_size.allocator = xhat_run_allocator(run);
    *diagnosis = (xhat_diagnosis){.first_wrong = -1, .first_wrong_gate = -1};
    xhat_status status = replay(&q, count, error);
    size_t most = xhat_axes_count(q.axes, XHAT_EXTENT_FULL) + q.axes->channels +
                  xhat_axes_count(q.axes, XHAT_EXTENT_PER_STATISTIC);
    q.room = xhat_allocate(xhat_run_allocator(run), most, 2 * sizeof *q.room);
    if (status == XHAT_OK && q.room == NULL)
        status = xhat_fail(error, XHAT_OUT_OF_MEMORY,
                           "no memory to look for causes");
    if (status == XHAT_OK) {
        put_in_order(&q, count);
        conclude(&q);
    }
    xhat_release(xhat_run_allocator(run), q.room);
    xhat_magnitudes_free(&q.clean_size);
    xhat_magnitudes_free(&q.replay_size);
    xhat_run_destroy(q.replay);
    return status;
}
