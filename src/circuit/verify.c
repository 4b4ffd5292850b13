#include <complex.h>
#include <float.h>
#include <math.h>

#include "base/error.h"
#include "base/memory.h"
#include "gate_kinds.h"
#include "magnitude.h"
#include "nonfinite.h"
#include "run.h"

static const double COMPLEX_STEP = 1e-100;

/* The run once more, in complex numbers. */
typedef struct mirror {
    const xhat_run *run;
    double complex *values[XHAT_CIRCUIT_VALUES_MAX];
    double complex *scratch;
    xhat_magnitudes magnitudes;
    /* of the elements of one statistic (or channel): the one that is moved,
     * by how much, and the loss that its statistic (channel) then has */
    size_t *moved, *seen;
    double complex *step, *loss;
    double *difference;
    bool *touched[2]; /* of statistics, of channels: NaN or Inf is in them */
} mirror;

static size_t count_of(const mirror *m, xhat_extent extent)
{
    return xhat_axes_count(xhat_run_axes(m->run), extent);
}

static void *room(const mirror *m, size_t count, size_t size, bool *taken)
{
    void *block =
        *taken ? xhat_allocate(xhat_run_allocator(m->run), count, size) : NULL;
    *taken = block != NULL;
    return block;
}

static bool mirror_open(mirror *m, const xhat_run *run)
{
    *m = (mirror){.run = run};
    const xhat_circuit *circuit = xhat_run_circuit(run);
    size_t small = count_of(m, XHAT_EXTENT_PER_STATISTIC) +
                   count_of(m, XHAT_EXTENT_PER_CHANNEL);
    bool taken = true;
    for (int v = 0; v < circuit->value_count; v++)
        m->values[v] = room(m, count_of(m, circuit->values[v].extent),
                            sizeof(double complex), &taken);
    m->scratch = room(m, small, sizeof(double complex), &taken);
    m->moved = room(m, small, sizeof(size_t), &taken);
    m->seen = room(m, small, sizeof(size_t), &taken);
    m->step = room(m, small, sizeof(double complex), &taken);
    m->loss = room(m, small, sizeof(double complex), &taken);
    m->difference = room(m, small, sizeof(double), &taken);
    for (int i = 0; i < 2; i++) {
        xhat_extent extent =
            i == 0 ? XHAT_EXTENT_PER_STATISTIC : XHAT_EXTENT_PER_CHANNEL;
        m->touched[i] = room(m, count_of(m, extent), sizeof(bool), &taken);
        if (taken)
            xhat_nonfinite_touched(run, extent, m->touched[i]);
    }
    return taken;
}

static void mirror_close(mirror *m)
{
    const xhat_allocator *allocator = xhat_run_allocator(m->run);
    for (int v = 0; v < XHAT_CIRCUIT_VALUES_MAX; v++)
        xhat_release(allocator, m->values[v]);
    xhat_release(allocator, m->scratch);
    xhat_release(allocator, m->moved);
    xhat_release(allocator, m->seen);
    xhat_release(allocator, m->step);
    xhat_release(allocator, m->loss);
    xhat_release(allocator, m->difference);
    for (int i = 0; i < 2; i++)
        xhat_release(allocator, m->touched[i]);
    xhat_magnitudes_free(&m->magnitudes);
}

/* The numbers of the run, as they are. */
static void load(mirror *m, int value)
{
    xhat_field field = xhat_run_field(m->run, XHAT_SIDE_VALUE, value);
    size_t count = count_of(m, field.extent);
    for (size_t k = 0; field.data != NULL && k < count; k++)
        m->values[value][k] = field.data[k];
}

static void forward_gate(mirror *m, int gate)
{
    const xhat_circuit_gate *g = &xhat_run_circuit(m->run)->gates[gate];
    xhat_gate_site site =
        xhat_gate_site_of(xhat_run_circuit(m->run), gate, xhat_run_axes(m->run),
                          xhat_run_eps(m->run), m->scratch);
    const double complex *in[2] = {m->values[g->operands[0]],
                                   m->values[g->operands[1]]};
    xhat_gate_forward_complex(&site, in, m->values[g->output]);
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
static bool is_finite_at(const mirror *m, int gate, const xhat_gate_site *site,
                         size_t k)
{
    const xhat_circuit_gate *g = &xhat_run_circuit(m->run)->gates[gate];
    bool finite =
        isfinite(xhat_run_field(m->run, XHAT_SIDE_VALUE, g->output).data[k]);
    for (int p = 0; p < g->operand_count && g->kind != XHAT_GATE_MEAN; p++) {
        const double *in =
            xhat_run_field(m->run, XHAT_SIDE_VALUE, g->operands[p]).data;
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

/* Moves every number of one operand, each by a step of its own length; the
 * output then moves by the local gradient times these lengths. */
static double verify_operand(mirror *m, int gate, int which, size_t *left_out)
{
    const xhat_circuit_gate *g = &xhat_run_circuit(m->run)->gates[gate];
    xhat_gate_site site =
        xhat_gate_site_of(xhat_run_circuit(m->run), gate, xhat_run_axes(m->run),
                          xhat_run_eps(m->run), m->scratch);
    xhat_field local = xhat_run_local(m->run, gate, which);
    int moving = g->operands[which];
    size_t steps = count_of(m, site.operand[which]);
    size_t count = count_of(m, site.output);
    for (int p = 0; p < g->operand_count; p++)
        load(m, g->operands[p]);
    double *sum = m->difference; /* of a mean gate: steps of its elements */
    for (size_t s = 0; g->kind == XHAT_GATE_MEAN && s < count; s++)
        sum[s] = 0;
    for (size_t k = 0; k < steps; k++) {
        m->values[moving][k] += COMPLEX_STEP * length_of(k) * I;
        if (g->kind == XHAT_GATE_MEAN)
            sum[xhat_axes_place(site.axes, site.output, k)] += length_of(k);
    }
    forward_gate(m, gate);

    double worst = -1;
    *left_out = 0;
    for (size_t k = 0; k < count; k++) {
        if (!is_finite_at(m, gate, &site, k)) {
            ++*left_out;
            continue;
        }
        if (is_kink(m->run, gate, k))
            continue;
        size_t at = local.extent == site.output ? k
                    : local.extent == XHAT_EXTENT_SINGLE
                        ? 0
                        : xhat_axes_place(site.axes, local.extent, k);
        double expected =
            local.data[at] *
            (g->kind == XHAT_GATE_MEAN
                 ? sum[k]
                 : length_of(xhat_gate_operand_place(&site, which, k)));
        double found = cimag(m->values[g->output][k]) / COMPLEX_STEP;
        widen(&worst,
              expected == found ? 0 : fabs(found - expected) / fabs(expected));
    }
    return worst;
}

static void verify_gates(mirror *m, xhat_verification *result)
{
    const xhat_circuit *circuit = xhat_run_circuit(m->run);
    for (int g = 0; g < circuit->gate_count; g++) {
        result->gate[g] = -1;
        for (int p = 0; p < circuit->gates[g].operand_count; p++)
            if (xhat_run_local(m->run, g, p).data != NULL)
                widen(&result->gate[g],
                      verify_operand(m, g, p, &result->not_finite_at[g]));
    }
}

/* ---- from end to end ----------------------------------------------------- */

/* Which number of `leaf` moves for each statistic: its element number `rank`;
 * a number for each channel moves all by itself. */
static void choose_moved(mirror *m, int leaf, size_t rank)
{
    const xhat_axes *axes = xhat_run_axes(m->run);
    xhat_extent extent = xhat_run_circuit(m->run)->values[leaf].extent;
    if (extent != XHAT_EXTENT_FULL) {
        for (size_t k = 0; k < count_of(m, extent); k++)
            m->moved[k] = k;
        return;
    }
    size_t statistics = count_of(m, XHAT_EXTENT_PER_STATISTIC);
    for (size_t s = 0; s < statistics; s++)
        m->seen[s] = 0;
    for (size_t e = 0; e < count_of(m, XHAT_EXTENT_FULL); e++) {
        size_t s = xhat_axes_place(axes, XHAT_EXTENT_PER_STATISTIC, e);
        if (m->seen[s]++ == rank)
            m->moved[s] = e;
    }
}

/* m->loss[part] := sum of dout * out over each part, after the part's moved
 * number has taken `factor` times its step. */
static void losses(mirror *m, int leaf, xhat_extent part, double factor)
{
    const xhat_run *run = m->run;
    const xhat_circuit *circuit = xhat_run_circuit(run);
    size_t parts = count_of(m, part);
    for (int v = 0; v < circuit->value_count; v++)
        if (circuit->values[v].maker < 0 ||
            xhat_run_state(run, v) == XHAT_STATE_HELD)
            load(m, v);
    for (size_t t = 0; t < parts; t++) {
        m->values[leaf][m->moved[t]] += factor * m->step[t];
        m->loss[t] = 0;
    }
    for (int g = 0; g < circuit->gate_count; g++) {
        xhat_value_state state = xhat_run_state(run, circuit->gates[g].output);
        if (state == XHAT_STATE_LIVE || state == XHAT_STATE_CONSTANT)
            forward_gate(m, g);
    }
    const double *dout =
        xhat_run_field(run, XHAT_SIDE_GRADIENT, circuit->output).data;
    const double complex *out = m->values[circuit->output];
    for (size_t e = 0; e < count_of(m, XHAT_EXTENT_FULL); e++)
        m->loss[xhat_axes_place(xhat_run_axes(run), part, e)] +=
            dout[e] * out[e];
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

/* The worst relative error of `numeric`: derivatives by the moved numbers;
 * counts the elements of the input that it compares and leaves out. */
static void compare(const mirror *m, int leaf, const double *numeric,
                    double *worst, xhat_verification *counts)
{
    xhat_field gradient = xhat_run_field(m->run, XHAT_SIDE_GRADIENT, leaf);
    const double *size = m->magnitudes.computed[XHAT_SIDE_GRADIENT][leaf];
    bool full = gradient.extent == XHAT_EXTENT_FULL;
    size_t parts =
        count_of(m, full ? XHAT_EXTENT_PER_STATISTIC : gradient.extent);
    for (size_t t = 0; t < parts; t++) {
        size_t k = m->moved[t];
        double error = fabs(numeric[t] - gradient.data[k]);
        if (m->touched[full ? 0 : 1][t] || !isfinite(error)) {
            counts->not_finite += full;
        } else if (full && !is_smooth(m->run, t)) {
            counts->kinks++;
        } else {
            widen(worst, error == 0 ? 0 : error / size[k]);
            counts->checked += full;
        }
    }
}

static void verify_leaf(mirror *m, int leaf, size_t rank,
                        xhat_verification *result)
{
    xhat_field field = xhat_run_field(m->run, XHAT_SIDE_VALUE, leaf);
    xhat_extent part = field.extent == XHAT_EXTENT_FULL
                           ? XHAT_EXTENT_PER_STATISTIC
                           : field.extent;
    size_t parts = count_of(m, part);
    xhat_verification ignored = {0};
    choose_moved(m, leaf, rank);
    for (size_t t = 0; t < parts; t++)
        m->step[t] = COMPLEX_STEP * I;
    losses(m, leaf, part, 1);
    for (size_t t = 0; t < parts; t++)
        m->difference[t] = cimag(m->loss[t]) / COMPLEX_STEP;
    compare(m, leaf, m->difference, &result->complex_step, result);

    /* the step that balances truncation and rounding for numbers near 1 */
    for (size_t t = 0; t < parts; t++)
        m->step[t] = cbrt(DBL_EPSILON) * fmax(1, fabs(field.data[m->moved[t]]));
    losses(m, leaf, part, 1);
    for (size_t t = 0; t < parts; t++)
        m->difference[t] = creal(m->loss[t]);
    losses(m, leaf, part, -1);
    for (size_t t = 0; t < parts; t++)
        m->difference[t] =
            (m->difference[t] - creal(m->loss[t])) / (2 * creal(m->step[t]));
    compare(m, leaf, m->difference, &result->central_difference, &ignored);
}

/* Statistics do not see each other, so that one pass moves one element of each
 * of them; the passes are as many as the elements of a statistic, or as the
 * budget allows. */
static void verify_ends(mirror *m, size_t budget, xhat_verification *result)
{
    const xhat_circuit *circuit = xhat_run_circuit(m->run);
    size_t elements = count_of(m, XHAT_EXTENT_FULL);
    size_t ranks = xhat_axes_sharing(xhat_run_axes(m->run));
    size_t pass = 3 * (size_t)circuit->gate_count * elements;
    size_t passes = pass == 0 ? 0 : budget / pass;
    passes = passes < 1 ? 1 : passes > ranks ? ranks : passes;
    for (int v = 0; v < circuit->value_count && elements > 0; v++) {
        if (circuit->values[v].maker >= 0 ||
            xhat_run_state(m->run, v) != XHAT_STATE_LIVE)
            continue;
        bool full = circuit->values[v].extent == XHAT_EXTENT_FULL;
        for (size_t i = 0; i < (full ? passes : 1); i++)
            verify_leaf(m, v, i * ranks / passes, result);
    }
}

xhat_status xhat_run_verify(const xhat_run *run, size_t budget,
                            xhat_verification *result, xhat_error *error)
{
    mirror m;
    bool taken = mirror_open(&m, run);
    xhat_status status =
        taken ? xhat_magnitudes_of(&m.magnitudes, run, error)
              : xhat_fail(error, XHAT_OUT_OF_MEMORY,
                          "no memory for the complex copy of a circuit");
    if (status == XHAT_OK) {
        *result =
            (xhat_verification){.complex_step = -1, .central_difference = -1};
        result->elements =
            xhat_axes_count(xhat_run_axes(run), XHAT_EXTENT_FULL);
        verify_gates(&m, result);
        verify_ends(&m, budget, result);
    }
    mirror_close(&m);
    return status;
}
