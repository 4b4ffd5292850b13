#include <math.h>

#include "base/error.h"
#include "base/memory.h"
#include "gate_kinds.h"
#include "magnitude.h"
#include "mirror.h"
#include "nonfinite.h"
#include "run.h"

/* What the comparison of one run needs beside its mirror. */
typedef struct inquiry {
    const xhat_run *run;
    xhat_mirror mirror;
    xhat_magnitudes magnitudes;
    bool *touched[2]; /* of statistics, of channels: NaN or Inf is in them */
    double *plus;     /* a gate's output after a step forward */
} inquiry;

static size_t count_of(const inquiry *q, xhat_extent extent)
{
    return xhat_axes_count(xhat_run_axes(q->run), extent);
}

static xhat_status inquiry_open(inquiry *q, const xhat_run *run,
                                xhat_error *error)
{
    const xhat_allocator *allocator = xhat_run_allocator(run);
    *q = (inquiry){.run = run};
    xhat_status status = xhat_mirror_open(&q->mirror, run, error);
    if (status == XHAT_OK)
        status = xhat_magnitudes_of(&q->magnitudes, run, error);
    if (status != XHAT_OK)
        return status;
    size_t most = count_of(q, XHAT_EXTENT_FULL) + 1;
    for (int i = 0; i < 2; i++) {
        xhat_extent extent =
            i == 0 ? XHAT_EXTENT_PER_STATISTIC : XHAT_EXTENT_PER_CHANNEL;
        most = most > count_of(q, extent) ? most : count_of(q, extent);
        q->touched[i] =
            xhat_allocate(allocator, count_of(q, extent), sizeof(bool));
        if (q->touched[i] != NULL)
            xhat_nonfinite_touched(run, extent, q->touched[i]);
    }
    q->plus = xhat_allocate(allocator, most, sizeof(double));
    if (q->touched[0] == NULL || q->touched[1] == NULL || q->plus == NULL)
        return xhat_fail(error, XHAT_OUT_OF_MEMORY,
                         "no memory to verify a circuit");
    return XHAT_OK;
}

static void inquiry_close(inquiry *q)
{
    const xhat_allocator *allocator = xhat_run_allocator(q->run);
    xhat_mirror_close(&q->mirror);
    xhat_magnitudes_free(&q->magnitudes);
    for (int i = 0; i < 2; i++)
        xhat_release(allocator, q->touched[i]);
    xhat_release(allocator, q->plus);
}

/* True where a gate has no derivative: the root and the reciprocal at 0. */
static bool is_kink(const xhat_run *run, int gate, size_t place)
{
    const xhat_circuit_gate *g = &xhat_run_circuit(run)->gates[gate];
    return (g->kind == XHAT_GATE_ROOT || g->kind == XHAT_GATE_RECIPROCAL) &&
           xhat_run_field(run, XHAT_SIDE_VALUE, g->output).data[place] == 0;
}

/* True when number `k` of the gate's output and what it is made of are
 * finite.  A mean is finite if its terms are. */
static bool is_finite_at(const inquiry *q, int gate, const xhat_gate_site *site,
                         size_t k)
{
    const xhat_circuit_gate *g = &xhat_run_circuit(q->run)->gates[gate];
    bool finite =
        isfinite(xhat_run_field(q->run, XHAT_SIDE_VALUE, g->output).data[k]);
    for (int p = 0; p < g->operand_count && g->kind != XHAT_GATE_MEAN; p++) {
        const double *in =
            xhat_run_field(q->run, XHAT_SIDE_VALUE, g->operands[p]).data;
        finite = finite && isfinite(in[xhat_gate_operand_place(site, p, k)]);
    }
    return finite;
}

static void widen(double *worst, double error)
{
    if (isfinite(error) && error > *worst)
        *worst = error;
}

/* ---- each gate by itself ------------------------------------------------- */

/* neighbors move by different lengths, so that none can stand for another */
static double length_of(size_t k)
{
    return 1 + (double)(k % 7) / 8;
}

/* What a comparison of one gate moves, and how. */
typedef struct nudge {
    int gate, which;
    xhat_gate_site site;
    const double *operand; /* the numbers that move */
    bool complex_step;     /* else a central difference */
} nudge;

/* How far number `k` moves, in steps.  Real steps go with the size of the
 * number. */
static double length_at(const nudge *n, size_t k)
{
    double size = n->complex_step ? 1 : fmax(1, fabs(n->operand[k]));
    return length_of(k) * size;
}

/* Runs the gate with every number moved by `factor` steps. */
static void run_moved(inquiry *q, const nudge *n, double complex factor)
{
    xhat_mirror *m = &q->mirror;
    const xhat_circuit_gate *g = &xhat_run_circuit(q->run)->gates[n->gate];
    size_t steps = count_of(q, n->site.operand[n->which]);
    for (int p = 0; p < g->operand_count; p++)
        xhat_mirror_load(m, g->operands[p]);
    for (size_t k = 0; k < steps; k++)
        m->values[g->operands[n->which]][k] += factor * length_at(n, k);
    xhat_mirror_forward(m, n->gate);
}

/* The steps that the elements of each mean take together, into sum[]. */
static void sum_lengths(inquiry *q, const nudge *n, double *sum)
{
    for (size_t s = 0; s < count_of(q, n->site.output); s++)
        sum[s] = 0;
    for (size_t k = 0; k < count_of(q, n->site.operand[n->which]); k++)
        sum[xhat_axes_place(n->site.axes, n->site.output, k)] +=
            length_at(n, k);
}

/* Moves every number of one operand, each by steps of its own length; the
 * output then moves by the local gradient times these lengths.  The largest
 * relative error, or -1; in *left_out how many outputs are not finite. */
static double verify_operand(inquiry *q, int gate, int which, bool complex_step,
                             size_t *left_out)
{
    xhat_mirror *m = &q->mirror;
    const xhat_circuit_gate *g = &xhat_run_circuit(q->run)->gates[gate];
    nudge n = {.gate = gate,
               .which = which,
               .complex_step = complex_step,
               .site = xhat_gate_site_of(xhat_run_circuit(q->run), gate,
                                         xhat_run_axes(q->run),
                                         xhat_run_eps(q->run), NULL)};
    n.operand =
        xhat_run_field(q->run, XHAT_SIDE_VALUE, g->operands[which]).data;
    xhat_field local = xhat_run_local(q->run, gate, which);
    const double complex *out = m->values[g->output];
    double step = xhat_central_step(0), worst = -1, *sum = m->difference;
    size_t count = count_of(q, n.site.output);
    bool mean = g->kind == XHAT_GATE_MEAN;
    run_moved(q, &n, complex_step ? XHAT_COMPLEX_STEP * I : step);
    if (!complex_step) {
        for (size_t k = 0; k < count; k++)
            q->plus[k] = creal(out[k]);
        run_moved(q, &n, -step);
    }
    if (mean)
        sum_lengths(q, &n, sum);
    *left_out = 0;
    for (size_t k = 0; k < count; k++) {
        if (!is_finite_at(q, gate, &n.site, k)) {
            ++*left_out;
            continue;
        }
        if (is_kink(q->run, gate, k))
            continue;
        size_t at = local.extent == n.site.output ? k
                    : local.extent == XHAT_EXTENT_SINGLE
                        ? 0
                        : xhat_axes_place(n.site.axes, local.extent, k);
        double expected =
            local.data[at] *
            (mean ? sum[k]
                  : length_at(&n, xhat_gate_operand_place(&n.site, which, k)));
        double found = complex_step ? cimag(out[k]) / XHAT_COMPLEX_STEP
                                    : (q->plus[k] - creal(out[k])) / (2 * step);
        widen(&worst,
              expected == found ? 0 : fabs(found - expected) / fabs(expected));
    }
    return worst;
}

static void verify_gates(inquiry *q, xhat_verification *result)
{
    const xhat_circuit *circuit = xhat_run_circuit(q->run);
    for (int g = 0; g < circuit->gate_count; g++) {
        size_t *left_out = &result->not_finite_at[g];
        result->gate[g] = result->gate_central[g] = -1;
        for (int p = 0; p < circuit->gates[g].operand_count; p++) {
            if (xhat_run_local(q->run, g, p).data == NULL)
                continue;
            widen(&result->gate_central[g],
                  verify_operand(q, g, p, false, left_out));
            widen(&result->gate[g], verify_operand(q, g, p, true, left_out));
        }
    }
}

/* ---- from end to end ----------------------------------------------------- */

/* Which number of `leaf` moves for each statistic: its element number `rank`;
 * a number for each channel moves all by itself. */
static void choose_moved(inquiry *q, int leaf, size_t rank)
{
    const xhat_axes *axes = xhat_run_axes(q->run);
    xhat_extent extent = xhat_run_circuit(q->run)->values[leaf].extent;
    if (extent != XHAT_EXTENT_FULL) {
        for (size_t k = 0; k < count_of(q, extent); k++)
            q->mirror.moved[k] = k;
        return;
    }
    size_t statistics = count_of(q, XHAT_EXTENT_PER_STATISTIC);
    for (size_t s = 0; s < statistics; s++)
        q->mirror.seen[s] = 0;
    for (size_t e = 0; e < count_of(q, XHAT_EXTENT_FULL); e++) {
        size_t s = xhat_axes_place(axes, XHAT_EXTENT_PER_STATISTIC, e);
        if (q->mirror.seen[s]++ == rank)
            q->mirror.moved[s] = e;
    }
}

/* True where no gate on the way of statistic `s` has a kink. */
static bool is_smooth(const xhat_run *run, size_t s)
{
    const xhat_circuit *circuit = xhat_run_circuit(run);
    for (int g = 0; g < circuit->gate_count; g++)
        if (xhat_run_state(run, circuit->gates[g].output) == XHAT_STATE_LIVE &&
            is_kink(run, g, s))
            return false;
    return true;
}

/* The worst relative error of mirror.difference: derivatives by the moved
 * numbers; counts the elements of the input that it compares and leaves out. */
static void compare(const inquiry *q, int leaf, double *worst,
                    xhat_verification *counts)
{
    const double *numeric = q->mirror.difference;
    xhat_field gradient = xhat_run_field(q->run, XHAT_SIDE_GRADIENT, leaf);
    const double *size = q->magnitudes.computed[XHAT_SIDE_GRADIENT][leaf];
    bool full = gradient.extent == XHAT_EXTENT_FULL;
    size_t parts =
        count_of(q, full ? XHAT_EXTENT_PER_STATISTIC : gradient.extent);
    for (size_t t = 0; t < parts; t++) {
        size_t k = q->mirror.moved[t];
        double error = fabs(numeric[t] - gradient.data[k]);
        if (q->touched[full ? 0 : 1][t] || !isfinite(error)) {
            counts->not_finite += full;
        } else if (full && !is_smooth(q->run, t)) {
            counts->kinks++;
        } else {
            widen(worst, error == 0 ? 0 : error / size[k]);
            counts->checked += full;
        }
    }
}

static void verify_leaf(inquiry *q, int leaf, size_t rank,
                        xhat_verification *result)
{
    xhat_field field = xhat_run_field(q->run, XHAT_SIDE_VALUE, leaf);
    xhat_extent part = field.extent == XHAT_EXTENT_FULL
                           ? XHAT_EXTENT_PER_STATISTIC
                           : field.extent;
    size_t parts = count_of(q, part);
    xhat_verification ignored = {0};
    choose_moved(q, leaf, rank);
    for (size_t t = 0; t < parts; t++)
        q->mirror.step[t] = XHAT_COMPLEX_STEP * I;
    xhat_mirror_losses(&q->mirror, leaf, part, 1);
    for (size_t t = 0; t < parts; t++)
        q->mirror.difference[t] = cimag(q->mirror.loss[t]) / XHAT_COMPLEX_STEP;
    compare(q, leaf, &result->leaf_complex[leaf], result);

    for (size_t t = 0; t < parts; t++)
        q->mirror.step[t] = xhat_central_step(field.data[q->mirror.moved[t]]);
    xhat_mirror_losses(&q->mirror, leaf, part, 1);
    for (size_t t = 0; t < parts; t++)
        q->mirror.difference[t] = creal(q->mirror.loss[t]);
    xhat_mirror_losses(&q->mirror, leaf, part, -1);
    for (size_t t = 0; t < parts; t++)
        q->mirror.difference[t] =
            (q->mirror.difference[t] - creal(q->mirror.loss[t])) /
            (2 * creal(q->mirror.step[t]));
    compare(q, leaf, &result->leaf_central[leaf], &ignored);
}

/* Statistics do not see each other, so that one pass moves one element of each
 * of them; the passes are as many as the elements of a statistic, or as the
 * budget allows. */
static void verify_ends(inquiry *q, size_t budget, xhat_verification *result)
{
    const xhat_circuit *circuit = xhat_run_circuit(q->run);
    size_t elements = count_of(q, XHAT_EXTENT_FULL);
    size_t ranks = xhat_axes_sharing(xhat_run_axes(q->run));
    size_t pass = 3 * (size_t)circuit->gate_count * elements;
    size_t passes = pass == 0 ? 0 : budget / pass;
    passes = passes < 1 ? 1 : passes > ranks ? ranks : passes;
    for (int v = 0; v < circuit->value_count && elements > 0; v++) {
        if (circuit->values[v].maker >= 0 ||
            xhat_run_state(q->run, v) != XHAT_STATE_LIVE)
            continue;
        bool full = circuit->values[v].extent == XHAT_EXTENT_FULL;
        for (size_t i = 0; i < (full ? passes : 1); i++)
            verify_leaf(q, v, i * ranks / passes, result);
    }
}

xhat_status xhat_run_verify(const xhat_run *run, size_t budget,
                            xhat_verification *result, xhat_error *error)
{
    inquiry q;
    xhat_status status = inquiry_open(&q, run, error);
    if (status == XHAT_OK) {
        *result =
            (xhat_verification){.complex_step = -1, .central_difference = -1};
        result->elements =
            xhat_axes_count(xhat_run_axes(run), XHAT_EXTENT_FULL);
        for (int v = 0; v < XHAT_CIRCUIT_VALUES_MAX; v++)
            result->leaf_complex[v] = result->leaf_central[v] = -1;
        verify_gates(&q, result);
        verify_ends(&q, budget, result);
        for (int v = 0; v < XHAT_CIRCUIT_VALUES_MAX; v++) {
            widen(&result->complex_step, result->leaf_complex[v]);
            widen(&result->central_difference, result->leaf_central[v]);
        }
    }
    inquiry_close(&q);
    return status;
}
