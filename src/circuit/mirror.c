#include "mirror.h"

#include <float.h>
#include <math.h>

#include "base/error.h"
#include "base/memory.h"
#include "gate_kinds.h"
#include "run.h"

static size_t count_of(const xhat_mirror *m, xhat_extent extent)
{
    return xhat_axes_count(xhat_run_axes(m->run), extent);
}

static void *room(const xhat_mirror *m, size_t count, size_t size, bool *taken)
{
    void *block =
        *taken ? xhat_allocate(xhat_run_allocator(m->run), count, size) : NULL;
    *taken = block != NULL;
    return block;
}

xhat_status xhat_mirror_open(xhat_mirror *m, const xhat_run *run,
                             xhat_error *error)
{
    *m = (xhat_mirror){.run = run};
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
    return taken ? XHAT_OK
                 : xhat_fail(error, XHAT_OUT_OF_MEMORY,
                             "no memory for the complex copy of a circuit");
}

void xhat_mirror_close(xhat_mirror *m)
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
}

void xhat_mirror_load(xhat_mirror *m, int value)
{
    xhat_field field = xhat_run_field(m->run, XHAT_SIDE_VALUE, value);
    size_t count = count_of(m, field.extent);
    for (size_t k = 0; field.data != NULL && k < count; k++)
        m->values[value][k] = field.data[k];
}

void xhat_mirror_forward(xhat_mirror *m, int gate)
{
    const xhat_circuit_gate *g = &xhat_run_circuit(m->run)->gates[gate];
    xhat_gate_site site =
        xhat_gate_site_of(xhat_run_circuit(m->run), gate, xhat_run_axes(m->run),
                          xhat_run_eps(m->run), m->scratch);
    const double complex *in[2] = {m->values[g->operands[0]],
                                   m->values[g->operands[1]]};
    xhat_gate_forward_complex(&site, in, m->values[g->output]);
}

void xhat_mirror_losses(xhat_mirror *m, int leaf, xhat_extent part,
                        double factor)
{
    const xhat_run *run = m->run;
    const xhat_circuit *circuit = xhat_run_circuit(run);
    size_t parts = count_of(m, part);
    for (int v = 0; v < circuit->value_count; v++)
        if (circuit->values[v].maker < 0 ||
            xhat_run_state(run, v) == XHAT_STATE_HELD)
            xhat_mirror_load(m, v);
    for (size_t t = 0; t < parts; t++) {
        m->values[leaf][m->moved[t]] += factor * m->step[t];
        m->loss[t] = 0;
    }
    for (int g = 0; g < circuit->gate_count; g++) {
        xhat_value_state state = xhat_run_state(run, circuit->gates[g].output);
        if (state == XHAT_STATE_LIVE || state == XHAT_STATE_CONSTANT)
            xhat_mirror_forward(m, g);
    }
    const double *dout =
        xhat_run_field(run, XHAT_SIDE_GRADIENT, circuit->output).data;
    const double complex *out = m->values[circuit->output];
    for (size_t e = 0; e < count_of(m, XHAT_EXTENT_FULL); e++)
        m->loss[xhat_axes_place(xhat_run_axes(run), part, e)] +=
            dout[e] * out[e];
}

double xhat_central_step(double at)
{
    const double root = 6.0554544523933395e-06; /* cbrt(DBL_EPSILON) */
    return root * fmax(1, fabs(at));
}
