#include "diagnose.h"

#include <math.h>

#include "base/error.h"
#include "base/memory.h"
#include "judge.h"
#include "magnitude.h"
#include "mistakes.h"

/* Channels that are looked at for causes: so many elements; so many where two
 * mistakes at once are tried; and so many for what was found to explain. */
enum {
    SAMPLE_ELEMENTS = 1 << 12,
    NARROW_ELEMENTS = 1 << 9,
    CONFIRM_ELEMENTS = 1 << 17
};

typedef struct inquiry {
    const xhat_case *whole;
    xhat_diagnosis *diagnosis;
    xhat_judgement judgements[XHAT_CLAIMS_MAX];
    xhat_steps cleared; /* steps that a right array has shown to be right */
    /* some channels in which the first mistake shows */
    xhat_slice sample, narrow;
    xhat_run *right, *replay; /* of the sample */
    xhat_magnitudes size;     /* of replay */
    xhat_reach reach;
} inquiry;

/* ---- the sample ---------------------------------------------------------- */

/* The channel in which a finding is farthest off. */
static size_t worst_channel(const inquiry *q, const xhat_finding *finding)
{
    const xhat_claim *claim = &q->whole->claims[finding->claim];
    if (claim->extent == XHAT_EXTENT_PER_ROW ||
        claim->extent == XHAT_EXTENT_SINGLE)
        return 0;
    return claim->extent == XHAT_EXTENT_FULL
               ? xhat_axes_place(&q->whole->axes, XHAT_EXTENT_PER_CHANNEL,
                                 finding->at)
               : finding->at;
}

static bool add_channel(size_t *channels, size_t *count, size_t channel)
{
    for (size_t j = 0; j < *count; j++)
        if (channels[j] == channel)
            return false;
    channels[(*count)++] = channel;
    return true;
}

/* The worst channels of what is wrong, the first wrong array's before all, and
 * others evenly over the rest. */
static xhat_status take_slice(inquiry *q, xhat_slice *slice, size_t elements,
                              xhat_error *error)
{
    const xhat_axes *axes = &q->whole->axes;
    const xhat_diagnosis *d = q->diagnosis;
    size_t channel = axes->outer * axes->inner;
    size_t most = channel == 0 ? axes->channels : elements / channel;
    most = most < 1 ? 1 : most > axes->channels ? axes->channels : most;
    size_t *channels =
        xhat_allocate(q->whole->allocator, most, sizeof *channels);
    if (channels == NULL)
        return xhat_fail(error, XHAT_OUT_OF_MEMORY,
                         "no memory for a sample of channels");
    size_t count = 0;
    if (most == axes->channels) /* all, in their own order */
        for (; count < most; count++)
            channels[count] = count;
    for (int i = 0; i < d->finding_count && count < most; i++)
        if (d->findings[i].state == XHAT_FINDING_WRONG)
            add_channel(channels, &count, worst_channel(q, &d->findings[i]));
    for (size_t j = 0; count < most; j++) {
        size_t even = j * axes->channels / most;
        add_channel(channels, &count, j < most ? even : j - most);
    }
    xhat_status status =
        xhat_slice_take(slice, q->whole, channels, count, error);
    xhat_release(q->whole->allocator, channels);
    return status;
}

static xhat_status open_sample(inquiry *q, xhat_error *error)
{
    xhat_status status = take_slice(q, &q->sample, SAMPLE_ELEMENTS, error);
    if (status == XHAT_OK)
        status = take_slice(q, &q->narrow, NARROW_ELEMENTS, error);
    if (status == XHAT_OK)
        status = xhat_case_run(&q->right, &q->sample.c, error);
    if (status == XHAT_OK)
        status = xhat_case_replay(&q->replay, &q->sample.c, q->right, NULL, 0,
                                  error);
    if (status == XHAT_OK)
        status = xhat_magnitudes_of(&q->size, q->replay, error);
    if (status == XHAT_OK)
        q->reach = xhat_reach_of(&q->sample.c, q->replay);
    q->diagnosis->sampled = q->sample.c.axes.channels < q->whole->axes.channels;
    return status;
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

static xhat_comparison comparison_of(const inquiry *q,
                                     const xhat_finding *finding)
{
    const xhat_claim *claim = &q->sample.claims[finding->claim];
    return (xhat_comparison){
        .yours = claim->data,
        .expected =
            xhat_run_computed(q->replay, claim->side, claim->value).data,
        .size = q->size.computed[claim->side][claim->value],
        .count = xhat_axes_count(&q->sample.c.axes, claim->extent),
        .tolerance = finding->tolerance,
    };
}

enum { BRANCHES_MAX = 2 };

typedef struct branch {
    int gate, which;
    const double *part; /* what it hands down, from their upstream */
} branch;

/* The branches that a gradient is the sum of. */
static int branches_of(const inquiry *q, const xhat_claim *claim,
                       branch branches[BRANCHES_MAX])
{
    const xhat_circuit *circuit = xhat_run_circuit(q->replay);
    int count = 0;
    for (int g = 0; g < circuit->gate_count; g++)
        for (int p = 0; p < circuit->gates[g].operand_count; p++) {
            const double *part = xhat_run_downstream(q->replay, g, p).data;
            if (claim->side == XHAT_SIDE_GRADIENT && part != NULL &&
                circuit->gates[g].operands[p] == claim->value &&
                count < BRANCHES_MAX)
                branches[count++] = (branch){g, p, part};
        }
    return count;
}

/* Is theirs the sum with this branch taken some number of times?  The factor
 * is read where the branch weighs most. */
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

/* A branch that a mean hands down is one number for each statistic.  Where
 * theirs is off by something else, it is not that branch but the sum. */
static bool is_off_by_statistic(const inquiry *q, const xhat_comparison *c)
{
    const xhat_axes *axes = &q->sample.c.axes;
    for (size_t k = 0; k < c->count; k++) {
        size_t first = xhat_axes_first(
            axes, xhat_axes_place(axes, XHAT_EXTENT_PER_STATISTIC, k));
        double off = c->yours[k] - c->expected[k];
        double first_off = c->yours[first] - c->expected[first];
        if (!(fabs(off - first_off) <=
              c->tolerance * (c->size[k] + c->size[first])))
            return false;
    }
    return true;
}

/* Narrows the suspects of a wrong sum to one branch, where theirs differs by
 * a multiple of that branch alone; one that is not there at all is its own
 * gate's fault. */
static void narrow_to_branch(inquiry *q, xhat_finding *finding)
{
    const xhat_claim *claim = &q->sample.claims[finding->claim];
    xhat_comparison c = comparison_of(q, finding);
    branch branches[BRANCHES_MAX];
    double factor[BRANCHES_MAX] = {1, 1};
    bool fits[BRANCHES_MAX] = {false};
    int count = branches_of(q, claim, branches);
    for (int i = 0; count == BRANCHES_MAX && i < count; i++)
        fits[i] = fits_branch(c, branches[i].part, &factor[i]);
    if (fits[0] != fits[1]) {
        const branch *off = &branches[fits[0] ? 0 : 1];
        c.part = off->part;
        xhat_steps steps = xhat_steps_to_part(&q->reach, off->gate, off->which);
        finding->suspects = xhat_comparison_distance(&c, 0) <= c.tolerance
                                ? 2u << off->gate
                                : xhat_steps_gates(steps & ~q->cleared);
    }
    unsigned one = finding->suspects & ~1u; /* that, or the sum itself? */
    if (fits[0] == fits[1] && (finding->suspects & 1) && only_gate(one) > 0)
        finding->suspects = is_off_by_statistic(q, &c) ? one : 1;
}

/* A reshaped gradient is the fault of the only gate that hands it down. */
static int maker_of_gradient(const xhat_claim *claim)
{
    const xhat_circuit *circuit = xhat_circuit_batchnorm();
    for (int g = circuit->gate_count - 1; g >= 0; g--)
        for (int p = 0; p < circuit->gates[g].operand_count; p++)
            if (circuit->gates[g].operands[p] == claim->value)
                return g + 1;
    return 0;
}

static void find_suspects(inquiry *q, xhat_finding *finding, xhat_steps steps)
{
    const xhat_claim *claim = &q->sample.claims[finding->claim];
    if (!xhat_claim_replaces(claim, q->right)) {
        finding->gate =
            claim->side == XHAT_SIDE_GRADIENT
                ? maker_of_gradient(claim)
                : xhat_circuit_batchnorm()->values[claim->value].maker + 1;
        finding->suspects = 1u << finding->gate;
        return;
    }
    finding->suspects = xhat_steps_gates(steps & ~q->cleared);
    if (finding->suspects == 0) /* cleared by arrays that are no proof */
        finding->suspects = xhat_steps_gates(steps);
    narrow_to_branch(q, finding);
    finding->gate = only_gate(finding->suspects);
}

/* Arrays that would part the suspects of the first wrong one. */
static void find_wanted(inquiry *q, const xhat_finding *finding)
{
    const xhat_claim *claim = &q->sample.claims[finding->claim];
    xhat_steps all = xhat_steps_to(&q->reach, claim->side, claim->value);
    unsigned long between = q->reach.between;
    for (int v = 0; v < xhat_circuit_batchnorm()->value_count; v++)
        for (int side = 0; side < 2; side++) {
            unsigned long bit = 1UL << (2 * v + side);
            if (!(between & bit))
                continue;
            xhat_steps part = xhat_steps_to(&q->reach, (xhat_side)side, v);
            if (xhat_steps_gates(part & all & ~q->cleared) & finding->suspects)
                q->diagnosis->wanted |= bit;
        }
}

/* ---- causes -------------------------------------------------------------- */

static xhat_status search(inquiry *q, xhat_error *error)
{
    xhat_diagnosis *d = q->diagnosis;
    d->search.first = d->findings[d->first_wrong].claim;
    for (int i = 0; i < d->finding_count; i++) {
        const xhat_finding *f = &d->findings[i];
        d->search.tolerance[f->claim] = f->tolerance;
        d->search.wrong[f->claim] =
            f->state == XHAT_FINDING_WRONG || f->state == XHAT_FINDING_FOLLOWS;
    }
    return xhat_search_catalogue(&d->search, &q->sample.c, &q->narrow.c,
                                 d->sampled ? q->whole : &q->sample.c, error);
}

/* Where the causes were found in some channels, others have a say, too. */
static xhat_status confirm(inquiry *q, xhat_error *error)
{
    xhat_search *s = &q->diagnosis->search;
    int kept = 0;
    xhat_slice others;
    xhat_status status = take_slice(q, &others, CONFIRM_ELEMENTS, error);
    for (int i = 0; i < s->cause_count && status == XHAT_OK; i++) {
        bool fits = true;
        if (!xhat_mistake_crosses_channels(s->causes[i].mistakes[0]))
            status = xhat_cause_fits(&s->causes[i], s, &others.c, &fits, error);
        if (fits)
            s->causes[kept++] = s->causes[i];
        else if (s->nearest.count == 0)
            s->nearest = s->causes[i];
    }
    s->cause_count = kept;
    xhat_slice_free(&others);
    return status;
}

/* The gate that the causes agree on.  The closed form has no gates of its own:
 * where a gate explains the same, it is the answer. */
static int agreed_gate(const xhat_search *s)
{
    int gate = -1;
    bool closed = false;
    for (int i = 0; i < s->cause_count; i++) {
        int of = xhat_cause_earliest(&s->causes[i])->gate;
        if (of == 0)
            closed = true;
        else if (gate >= 0 && gate != of)
            return -1;
        else
            gate = of;
    }
    return gate < 0 && closed ? 0 : gate;
}

/* What one cause explains is one mistake: all but the first array follow. */
static void apply_causes(inquiry *q)
{
    xhat_diagnosis *d = q->diagnosis;
    xhat_finding *first = &d->findings[d->first_wrong];
    bool one = d->search.cause_count > 0 && d->search.causes[0].count == 1;
    if (d->search.cause_count > 0 &&
        ((one && d->search.whole) || first->gate < 0)) {
        int gate = agreed_gate(&d->search);
        if (gate >= 0 || first->gate < 0)
            first->gate = gate;
        unsigned gates = 0;
        for (int i = 0; i < d->search.cause_count; i++)
            gates |= 1u << xhat_cause_earliest(&d->search.causes[i])->gate;
        first->suspects = gate >= 0 ? 1u << gate : gates;
    }
    for (int i = d->first_wrong + 1; i < d->finding_count; i++)
        if (one && d->search.whole &&
            d->findings[i].state == XHAT_FINDING_WRONG) {
            d->findings[i].state = XHAT_FINDING_FOLLOWS;
            d->findings[i].gate = first->gate;
        }
}

/* Without a cause: is it a factor, and what do the invariants of dx say? */
static void describe(inquiry *q)
{
    xhat_diagnosis *d = q->diagnosis;
    xhat_finding *first = &d->findings[d->first_wrong];
    const xhat_claim *claim = &q->sample.claims[first->claim];
    if (!xhat_claim_replaces(claim, q->right))
        return;
    xhat_comparison c = comparison_of(q, first);
    if (!xhat_comparison_ratio(&c, xhat_axes_sharing(&q->whole->axes),
                               d->ratio))
        d->ratio[0] = '\0';
    for (int i = d->first_wrong; i < d->finding_count; i++) {
        const xhat_claim *dx = &q->sample.claims[d->findings[i].claim];
        if (d->search.cause_count > 0 || dx->side != XHAT_SIDE_GRADIENT ||
            dx->value != XHAT_VALUE_X ||
            d->findings[i].state != XHAT_FINDING_WRONG)
            continue;
        d->has_parts = xhat_parts_of(&d->parts, q->right, dx->data,
                                     d->findings[i].tolerance);
        unsigned left = d->findings[i].suspects & d->parts.suspects;
        if (d->has_parts && left != 0 && q->judgements[i].walls == 0) {
            d->findings[i].suspects = left;
            d->findings[i].gate = only_gate(left);
        }
    }
}

/* The gate of the nearest wrong array that finding i was computed from. */
static int followed_gate(const inquiry *q, int i)
{
    const xhat_diagnosis *d = q->diagnosis;
    for (int k = 0; k < d->finding_count; k++) {
        const xhat_claim *claim = &q->whole->claims[d->findings[k].claim];
        bool from =
            q->judgements[i].walls >> (2 * claim->value + (int)claim->side) & 1;
        if (from && (d->findings[k].state == XHAT_FINDING_WRONG ||
                     d->findings[k].state == XHAT_FINDING_FOLLOWS))
            return d->findings[k].gate;
    }
    return -1;
}

/* Wrong arrays in the order of computation. */
static xhat_status conclude(inquiry *q, xhat_error *error)
{
    xhat_diagnosis *d = q->diagnosis;
    for (int i = d->finding_count - 1; i >= 0; i--)
        if (d->findings[i].state == XHAT_FINDING_WRONG) {
            find_suspects(q, &d->findings[i], q->judgements[i].steps);
            d->first_wrong = i;
        }
    xhat_status status = search(q, error);
    if (status == XHAT_OK && d->sampled)
        status = confirm(q, error);
    if (status != XHAT_OK)
        return status;
    apply_causes(q);
    describe(q);
    d->first_wrong_gate = d->findings[d->first_wrong].gate;
    if (d->first_wrong_gate < 0)
        find_wanted(q, &d->findings[d->first_wrong]);
    for (int i = 0; i < d->finding_count; i++)
        if (d->findings[i].state == XHAT_FINDING_FOLLOWS &&
            d->findings[i].gate < 0)
            d->findings[i].gate = followed_gate(q, i);
    return XHAT_OK;
}

xhat_status xhat_diagnose(xhat_diagnosis *diagnosis, const xhat_case *c,
                          xhat_error *error)
{
    inquiry q = {.whole = c, .diagnosis = diagnosis};
    *diagnosis = (xhat_diagnosis){.first_wrong = -1, .first_wrong_gate = -1};
    xhat_status status = xhat_judge(diagnosis, q.judgements, c, error);
    bool wrong = false;
    for (int i = 0; i < diagnosis->finding_count; i++) {
        wrong = wrong || diagnosis->findings[i].state == XHAT_FINDING_WRONG;
        if (q.judgements[i].consistent && diagnosis->findings[i].decides)
            q.cleared |= q.judgements[i].steps;
    }
    q.size.allocator = c->allocator;
    if (status == XHAT_OK && wrong)
        status = open_sample(&q, error);
    if (status == XHAT_OK && wrong)
        status = conclude(&q, error);
    xhat_magnitudes_free(&q.size);
    xhat_run_destroy(q.replay);
    xhat_run_destroy(q.right);
    xhat_slice_free(&q.sample);
    xhat_slice_free(&q.narrow);
    return status;
}
