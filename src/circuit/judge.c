#include "judge.h"

#include <math.h>

#include "base/error.h"
#include "base/memory.h"
#include "magnitude.h"
#include "run.h"

/* So many elements are judged at a time: all their arrays fit the cache. */
enum { BLOCK_ELEMENTS = 1 << 14 };

/* Where a claim is farthest off. */
typedef struct farthest {
    double off, yours, expected;
    size_t at; /* in the whole case */
    double relative;
} farthest;

/* What the blocks so far say of a claim. */
typedef struct tally {
    bool wrong, inconsistent, unused;
    farthest clean, theirs;
} tally;

typedef struct court {
    xhat_diagnosis *diagnosis;
    xhat_judgement *judgements;
    const xhat_case *whole;
    tally tallies[XHAT_CLAIMS_MAX]; /* by finding */
    bool replays;                   /* some array is upstream of another */
} court;

/* ---- the order of computation -------------------------------------------- */

static int order_of(const xhat_claim *claim)
{
    const xhat_circuit *circuit = xhat_circuit_batchnorm();
    int gates = circuit->gate_count;
    if (claim->side == XHAT_SIDE_VALUE)
        return circuit->values[claim->value].maker;
    int last = gates; /* the gate after which backward has the whole sum */
    for (int g = gates - 1; g >= 0; g--)
        for (int p = 0; p < circuit->gates[g].operand_count; p++)
            if (circuit->gates[g].operands[p] == claim->value)
                last = g;
    return 2 * gates - last;
}

static void put_in_order(xhat_diagnosis *d, const xhat_case *c)
{
    d->finding_count = c->claim_count;
    for (int i = 0; i < c->claim_count; i++) {
        int k = i;
        for (; k > 0 && order_of(&c->claims[d->findings[k - 1].claim]) >
                            order_of(&c->claims[i]);
             k--)
            d->findings[k] = d->findings[k - 1];
        d->findings[k] = (xhat_finding){.claim = i, .gate = -1};
    }
}

/* ---- what depends on what ------------------------------------------------ */

xhat_reach xhat_reach_of(const xhat_case *c, const xhat_run *right)
{
    xhat_reach reach = {.run = right};
    for (int i = 0; i < c->claim_count; i++)
        if (xhat_claim_replaces(&c->claims[i], right))
            reach.supplied[c->claims[i].side][c->claims[i].value] = true;
    return reach;
}

/* The claims that a claim is computed from are before it in the order, so
 * that their tolerances are known. */
static void find_reach(court *q, const xhat_run *right)
{
    xhat_diagnosis *d = q->diagnosis;
    const xhat_claim *claims = q->whole->claims;
    xhat_reach reach = xhat_reach_of(q->whole, right);
    for (int i = 0; i < d->finding_count; i++) {
        xhat_finding *finding = &d->findings[i];
        const xhat_claim *claim = &claims[finding->claim];
        xhat_judgement *judgement = &q->judgements[i];
        judgement->steps = xhat_steps_to(&reach, claim->side, claim->value);
        judgement->walls = reach.walls;
        finding->tolerance = claim->tolerance;
        for (int k = 0; k < i; k++) {
            const xhat_claim *from = &claims[d->findings[k].claim];
            if (reach.walls >> (2 * from->value + from->side) & 1)
                finding->tolerance =
                    fmax(finding->tolerance, d->findings[k].tolerance);
        }
        q->replays = q->replays || reach.walls != 0;
    }
}

/* ---- one block ----------------------------------------------------------- */

static void look(farthest *f, const xhat_slice *slice, xhat_extent extent,
                 size_t k, double yours, double expected)
{
    bool same = yours == expected || (isnan(yours) && isnan(expected));
    double off = same ? 0 : fabs(yours - expected);
    double relative = same ? 0 : off / fmax(1e-8, fabs(yours) + fabs(expected));
    if (!isnan(f->relative) && !(relative <= f->relative))
        f->relative = relative;
    if (isnan(f->off) || !(isnan(off) || off > f->off))
        return;
    *f = (farthest){.off = off,
                    .yours = yours,
                    .expected = expected,
                    .at = xhat_slice_place(slice, extent, k),
                    .relative = f->relative};
}

/* Returns the distance; to *f goes where it is farthest off. */
static double compare(farthest *f, const xhat_slice *slice,
                      const xhat_claim *claim, const xhat_run *run,
                      const xhat_magnitudes *size, double tolerance,
                      bool *decides)
{
    xhat_comparison c = {
        .yours = claim->data,
        .expected = xhat_run_computed(run, claim->side, claim->value).data,
        .size = size->computed[claim->side][claim->value],
        .count = xhat_axes_count(&slice->c.axes, claim->extent)};
    for (size_t k = 0; k < c.count; k++) {
        look(f, slice, claim->extent, k, c.yours[k], c.expected[k]);
        if (fabs(c.expected[k]) > tolerance * c.size[k])
            *decides = true;
    }
    return xhat_comparison_distance(&c, 1);
}

/* An array of another shape: number by number against the one that belongs
 * there.  A slice that cannot have it has no data; then the first number. */
static void compare_reshaped(tally *t, const xhat_slice *slice,
                             const xhat_claim *claim, const xhat_run *right)
{
    xhat_field field = xhat_run_computed(right, claim->side, claim->value);
    const double *data = claim->data;
    if (claim->extent == XHAT_EXTENT_FULL) {
        size_t count = xhat_axes_count(&slice->c.axes, XHAT_EXTENT_FULL);
        for (size_t k = 0; k < count; k++)
            look(&t->theirs, slice, claim->extent, k, data[k],
                 field.data[xhat_axes_place(&slice->c.axes, field.extent, k)]);
    } else {
        for (int i = 0; data == NULL && i < slice->whole->claim_count; i++)
            if (&slice->claims[i] == claim)
                data = slice->whole->claims[i].data;
        look(&t->theirs, slice, XHAT_EXTENT_SINGLE, 0, data[0], field.data[0]);
    }
    t->wrong = t->inconsistent = true;
}

static xhat_status judge_block(court *q, const xhat_slice *slice, bool first,
                               xhat_error *error)
{
    xhat_run *right = NULL, *replay = NULL;
    xhat_magnitudes size = {.allocator = slice->c.allocator}, own = size;
    xhat_status status = xhat_case_run(&right, &slice->c, error);
    if (status == XHAT_OK && first)
        find_reach(q, right);
    if (status == XHAT_OK)
        status = xhat_magnitudes_of(&size, right, error);
    if (status == XHAT_OK && q->replays)
        status = xhat_case_replay(&replay, &slice->c, right, NULL, 0, error);
    if (status == XHAT_OK && q->replays)
        status = xhat_magnitudes_of(&own, replay, error);
    for (int i = 0; i < q->diagnosis->finding_count && status == XHAT_OK; i++) {
        xhat_finding *finding = &q->diagnosis->findings[i];
        const xhat_claim *claim = &slice->claims[finding->claim];
        tally *t = &q->tallies[i];
        if (xhat_run_computed(right, claim->side, claim->value).data == NULL) {
            t->unused = true;
        } else if (xhat_claim_replaces(claim, right)) {
            double tolerance = finding->tolerance;
            if (!(compare(&t->clean, slice, claim, right, &size, tolerance,
                          &finding->decides) <= tolerance))
                t->wrong = true;
            if (!(compare(&t->theirs, slice, claim, q->replays ? replay : right,
                          q->replays ? &own : &size, tolerance,
                          &finding->decides) <= tolerance))
                t->inconsistent = true;
        } else {
            compare_reshaped(t, slice, claim, right);
            finding->decides = true;
        }
    }
    xhat_magnitudes_free(&size);
    xhat_magnitudes_free(&own);
    xhat_run_destroy(replay);
    xhat_run_destroy(right);
    return status;
}

/* ---- all of them --------------------------------------------------------- */

static xhat_status judge_blocks(court *q, xhat_error *error)
{
    const xhat_case *c = q->whole;
    size_t channel = c->axes.outer * c->axes.inner;
    size_t most = channel == 0 ? c->axes.channels : BLOCK_ELEMENTS / channel;
    most = most < 1 ? 1 : most > c->axes.channels ? c->axes.channels : most;
    size_t *channels = xhat_allocate(c->allocator, most, sizeof *channels);
    xhat_status status =
        channels == NULL
            ? xhat_fail(error, XHAT_OUT_OF_MEMORY, "no memory to judge a case")
            : XHAT_OK;
    for (size_t start = 0; start < c->axes.channels && status == XHAT_OK;
         start += most) {
        size_t count =
            start + most > c->axes.channels ? c->axes.channels - start : most;
        for (size_t j = 0; j < count; j++)
            channels[j] = start + j;
        xhat_slice slice;
        status = xhat_slice_take(&slice, c, channels, count, error);
        if (status == XHAT_OK)
            status = judge_block(q, &slice, start == 0, error);
        xhat_slice_free(&slice);
    }
    xhat_release(c->allocator, channels);
    return status;
}

static void sentence(court *q, int index)
{
    xhat_finding *finding = &q->diagnosis->findings[index];
    const tally *t = &q->tallies[index];
    finding->state = t->unused          ? XHAT_FINDING_UNUSED
                     : !t->wrong        ? XHAT_FINDING_OK
                     : !t->inconsistent ? XHAT_FINDING_FOLLOWS
                                        : XHAT_FINDING_WRONG;
    const farthest *f =
        finding->state == XHAT_FINDING_WRONG ? &t->theirs : &t->clean;
    finding->at = f->at;
    finding->max_abs_error = fmax(0, f->off);
    if (isnan(f->off))
        finding->max_abs_error = NAN;
    finding->yours = f->yours;
    finding->expected = f->expected;
    finding->relative_error = f->relative;
    q->judgements[index].consistent = !t->inconsistent && !t->unused;
    q->diagnosis->decided =
        q->diagnosis->decided || (finding->decides && !t->unused);
}

xhat_status xhat_judge(xhat_diagnosis *diagnosis,
                       xhat_judgement judgements[XHAT_CLAIMS_MAX],
                       const xhat_case *c, xhat_error *error)
{
    court q = {.diagnosis = diagnosis, .judgements = judgements, .whole = c};
    for (int i = 0; i < c->claim_count; i++)
        q.tallies[i].clean.off = q.tallies[i].theirs.off = -1;
    put_in_order(diagnosis, c);
    xhat_status status = judge_blocks(&q, error);
    for (int i = 0; i < diagnosis->finding_count && status == XHAT_OK; i++)
        sentence(&q, i);
    return status;
}
