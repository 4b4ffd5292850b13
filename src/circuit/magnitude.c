#include "magnitude.h"

#include <math.h>

#include "base/error.h"
#include "base/memory.h"
#include "gate_kinds.h"
#include "place.h"
#include "run.h"

static const double *in_use(const xhat_magnitudes *m, xhat_side side, int value)
{
    return m->given[side][value] != NULL ? m->given[side][value]
                                         : m->computed[side][value];
}

/* Arrays for what the run has, and the sizes of what was given. */
static bool take_arrays(xhat_magnitudes *m, const xhat_run *run)
{
    const xhat_circuit *circuit = xhat_run_circuit(run);
    for (int side = 0; side < 2; side++) {
        for (int v = 0; v < circuit->value_count; v++) {
            size_t count =
                xhat_axes_count(xhat_run_axes(run), circuit->values[v].extent);
            xhat_field given = xhat_run_given(run, (xhat_side)side, v);
            xhat_field made = xhat_run_computed(run, (xhat_side)side, v);
            double **array[2] = {&m->given[side][v], &m->computed[side][v]};
            bool wanted[2] = {given.data != NULL, made.data != NULL};
            for (int i = 0; i < 2; i++) {
                if (!wanted[i])
                    continue;
                *array[i] =
                    xhat_allocate_zeroed(m->allocator, count, sizeof(double));
                if (*array[i] == NULL)
                    return false;
            }
            for (size_t k = 0; given.data != NULL && k < count; k++)
                m->given[side][v][k] = fabs(given.data[k]);
        }
    }
    return true;
}

/* ---- forward ------------------------------------------------------------- */

/* The terms of the gate's own sum or its result, and what the operands' own
 * excess over their value brings through the local gradient. */
static void forward_gate(xhat_magnitudes *m, const xhat_run *run, int gate,
                         xhat_gate_site site, double *local)
{
    const xhat_circuit_gate *g = &xhat_run_circuit(run)->gates[gate];
    const double *out = xhat_run_computed(run, XHAT_SIDE_VALUE, g->output).data;
    double *to = m->computed[XHAT_SIDE_VALUE][g->output];
    const double *in[2] = {NULL, NULL}, *size[2] = {NULL, NULL};
    for (int p = 0; p < g->operand_count; p++) {
        in[p] = xhat_run_field(run, XHAT_SIDE_VALUE, g->operands[p]).data;
        size[p] = in_use(m, XHAT_SIDE_VALUE, g->operands[p]);
    }
    if (g->kind == XHAT_GATE_MEAN) {
        xhat_gate_forward(&site, size, to);
        return;
    }
    size_t count = xhat_axes_count(site.axes, site.output);
    bool sums = g->kind == XHAT_GATE_ADD || g->kind == XHAT_GATE_SUBTRACT;
    for (int p = 0; p < g->operand_count; p++) {
        xhat_extent extent = xhat_gate_local_extent(&site, p);
        xhat_gate_local(&site, p, in, out, local);
        for (size_t k = 0; k < count; k++) {
            size_t at =
                extent == site.output ? k : xhat_place(site.axes, extent, k);
            size_t from = xhat_gate_operand_place(&site, p, k);
            double excess = size[p][from] - (sums ? 0 : fabs(in[p][from]));
            to[k] += fabs(local[at]) * excess;
        }
    }
    for (size_t k = 0; k < count && !sums; k++)
        to[k] += fabs(out[k]);
}

/* ---- backward ------------------------------------------------------------ */

/* How far the operands' own errors widen a local gradient, beyond its value. */
static void local_excess(const xhat_magnitudes *m, const xhat_run *run,
                         int gate, int which, size_t count, double *excess)
{
    const xhat_circuit_gate *g = &xhat_run_circuit(run)->gates[gate];
    const double *local = xhat_run_local(run, gate, which).data;
    int source = g->operands[0]; /* what the local gradient is made of */
    if (g->kind == XHAT_GATE_MULTIPLY)
        source = g->operands[1 - which];
    if (g->kind == XHAT_GATE_ROOT)
        source = g->output;
    const double *size = in_use(m, XHAT_SIDE_VALUE, source);
    const double *value = xhat_run_field(run, XHAT_SIDE_VALUE, source).data;
    for (size_t k = 0; k < count; k++) {
        double relative = value[k] == 0 ? 0 : size[k] / fabs(value[k]) - 1;
        switch (g->kind) {
        case XHAT_GATE_MULTIPLY:
            excess[k] = size[k] - fabs(value[k]);
            break;
        case XHAT_GATE_SQUARE:
            excess[k] = 2 * (size[k] - fabs(value[k]));
            break;
        case XHAT_GATE_ROOT:
            excess[k] = fabs(local[k]) * relative;
            break;
        case XHAT_GATE_RECIPROCAL:
            excess[k] = 2 * fabs(local[k]) * relative;
            break;
        case XHAT_GATE_MEAN:
        case XHAT_GATE_SUBTRACT:
        case XHAT_GATE_ADD:
            excess[k] = 0;
            break;
        }
    }
}

static void add_part(xhat_magnitudes *m, int value, size_t count,
                     const double *part)
{
    double *total = m->computed[XHAT_SIDE_GRADIENT][value];
    for (size_t k = 0; k < count; k++)
        total[k] += part[k];
}

/* |local| times the size of the upstream, and the local's excess times the
 * upstream itself. */
static void backward_gate(xhat_magnitudes *m, const xhat_run *run, int gate,
                          xhat_gate_site site, double *excess, double *part)
{
    const xhat_circuit_gate *g = &xhat_run_circuit(run)->gates[gate];
    const double *upstream =
        xhat_run_field(run, XHAT_SIDE_GRADIENT, g->output).data;
    for (int p = 0; p < g->operand_count; p++) {
        xhat_field local = xhat_run_local(run, gate, p);
        if (local.data == NULL)
            continue;
        size_t count = xhat_axes_count(site.axes, site.operand[p]);
        xhat_gate_downstream(&site, p, local.data,
                             in_use(m, XHAT_SIDE_GRADIENT, g->output), true,
                             part);
        add_part(m, g->operands[p], count, part);
        if (local.extent == XHAT_EXTENT_SINGLE)
            continue; /* a constant has no error */
        local_excess(m, run, gate, p, xhat_axes_count(site.axes, local.extent),
                     excess);
        xhat_gate_downstream(&site, p, excess, upstream, true, part);
        add_part(m, g->operands[p], count, part);
    }
}

xhat_status xhat_magnitudes_of(xhat_magnitudes *magnitudes, const xhat_run *run,
                               xhat_error *error)
{
    const xhat_allocator *allocator = xhat_run_allocator(run);
    *magnitudes = (xhat_magnitudes){.allocator = allocator};
    const xhat_circuit *circuit = xhat_run_circuit(run);
    const xhat_axes *axes = xhat_run_axes(run);
    size_t full = xhat_axes_count(axes, XHAT_EXTENT_FULL);
    size_t room = full + axes->channels +
                  xhat_axes_count(axes, XHAT_EXTENT_PER_STATISTIC);
    double *work[3]; /* one gate's local gradient, its downstream, scratch */
    for (int i = 0; i < 3; i++)
        work[i] = xhat_allocate(allocator, room, sizeof(double));
    bool taken = work[0] != NULL && work[1] != NULL && work[2] != NULL &&
                 take_arrays(magnitudes, run);
    for (int g = 0; taken && g < circuit->gate_count; g++)
        if (magnitudes->computed[0][circuit->gates[g].output] != NULL)
            forward_gate(
                magnitudes, run, g,
                xhat_gate_site_of(circuit, g, axes, xhat_run_eps(run), work[2]),
                work[0]);
    for (int g = circuit->gate_count - 1; taken && g >= 0; g--)
        backward_gate(
            magnitudes, run, g,
            xhat_gate_site_of(circuit, g, axes, xhat_run_eps(run), work[2]),
            work[0], work[1]);
    for (int i = 0; i < 3; i++)
        xhat_release(allocator, work[i]);
    return taken ? XHAT_OK
                 : xhat_fail(error, XHAT_OUT_OF_MEMORY,
                             "no memory to measure a circuit's terms");
}

void xhat_magnitudes_free(xhat_magnitudes *magnitudes)
{
    for (int side = 0; side < 2; side++)
        for (int v = 0; v < XHAT_CIRCUIT_VALUES_MAX; v++) {
            xhat_release(magnitudes->allocator, magnitudes->given[side][v]);
            xhat_release(magnitudes->allocator, magnitudes->computed[side][v]);
        }
}
