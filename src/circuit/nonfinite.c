#include "nonfinite.h"

#include <math.h>

#include "gate_kinds.h"

static size_t numbers_of(const xhat_run *run, xhat_field field)
{
    return xhat_axes_count(xhat_run_axes(run), field.extent);
}

size_t xhat_nonfinite_count(const xhat_run *run, xhat_side side, int value)
{
    xhat_field field = xhat_run_field(run, side, value);
    size_t count = 0;
    for (size_t k = 0; field.data != NULL && k < numbers_of(run, field); k++)
        count += !isfinite(field.data[k]);
    return count;
}

/* True when number `k` of the gate's output is made of finite ones alone. */
static bool is_made_of_finite(const xhat_run *run, int gate, size_t k)
{
    const xhat_circuit_gate *g = &xhat_run_circuit(run)->gates[gate];
    const xhat_axes *axes = xhat_run_axes(run);
    xhat_gate_site site = xhat_gate_site_of(xhat_run_circuit(run), gate, axes,
                                            xhat_run_eps(run), NULL);
    for (int p = 0; p < g->operand_count; p++) {
        const double *in =
            xhat_run_field(run, XHAT_SIDE_VALUE, g->operands[p]).data;
        if (g->kind != XHAT_GATE_MEAN) {
            if (!isfinite(in[xhat_gate_operand_place(&site, p, k)]))
                return false;
            continue;
        }
        size_t full = xhat_axes_count(axes, XHAT_EXTENT_FULL);
        for (size_t e = 0; e < full; e++)
            if (!isfinite(in[e]) && xhat_axes_place(axes, site.output, e) == k)
                return false;
    }
    return true;
}

/* The first number that is not finite though what it was made of is; given
 * ones are made of nothing. */
static bool begins(const xhat_run *run, xhat_side side, int value, int gate,
                   xhat_nonfinite *origin)
{
    xhat_field field = xhat_run_field(run, side, value);
    if (field.data == NULL)
        return false;
    size_t of = numbers_of(run, field);
    for (size_t k = 0; k < of; k++) {
        if (isfinite(field.data[k]) || (side == XHAT_SIDE_VALUE && gate > 0 &&
                                        !is_made_of_finite(run, gate - 1, k)))
            continue;
        *origin =
            (xhat_nonfinite){.side = side,
                             .value = value,
                             .gate = gate,
                             .first = k,
                             .count = xhat_nonfinite_count(run, side, value),
                             .of = of};
        return true;
    }
    return false;
}

/* The gradient that is the first not to be finite, of finite values: the gate
 * that hands it down, or the last of those. */
static int first_gradient(const xhat_run *run, xhat_nonfinite *origin)
{
    const xhat_circuit *circuit = xhat_run_circuit(run);
    for (int g = circuit->gate_count - 1; g >= 0; g--)
        for (int p = 0; p < circuit->gates[g].operand_count; p++)
            if (begins(run, XHAT_SIDE_GRADIENT, circuit->gates[g].operands[p],
                       g + 1, origin))
                return 1;
    return 0;
}

int xhat_nonfinite_origins(const xhat_run *run,
                           xhat_nonfinite origins[XHAT_NONFINITE_MAX])
{
    const xhat_circuit *circuit = xhat_run_circuit(run);
    int count = 0;
    for (int side = 0; side < 2; side++)
        for (int v = 0; v < circuit->value_count; v++)
            if (xhat_run_given(run, (xhat_side)side, v).data != NULL)
                count += begins(run, (xhat_side)side, v, 0, &origins[count]);
    for (int g = 0; g < circuit->gate_count; g++) {
        int output = circuit->gates[g].output;
        if (xhat_run_given(run, XHAT_SIDE_VALUE, output).data == NULL)
            count +=
                begins(run, XHAT_SIDE_VALUE, output, g + 1, &origins[count]);
    }
    return count > 0 ? count : first_gradient(run, origins);
}

void xhat_nonfinite_touched(const xhat_run *run, xhat_extent extent,
                            bool *touched)
{
    const xhat_circuit *circuit = xhat_run_circuit(run);
    const xhat_axes *axes = xhat_run_axes(run);
    for (size_t k = 0; k < xhat_axes_count(axes, extent); k++)
        touched[k] = false;
    for (int v = 0; v < circuit->value_count; v++) {
        if (xhat_nonfinite_count(run, XHAT_SIDE_VALUE, v) == 0)
            continue;
        xhat_field field = xhat_run_field(run, XHAT_SIDE_VALUE, v);
        for (size_t e = 0; e < xhat_axes_count(axes, XHAT_EXTENT_FULL); e++)
            if (!isfinite(field.data[xhat_axes_place(axes, field.extent, e)]))
                touched[xhat_axes_place(axes, extent, e)] = true;
    }
}
