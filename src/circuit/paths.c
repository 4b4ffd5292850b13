#include "paths.h"

/* The first statistic on the way from a gate to the output. */
static const char *statistic_after(const xhat_circuit *circuit, int gate)
{
    for (int g = gate; g < circuit->gate_count;) {
        int output = circuit->gates[g].output, next = circuit->gate_count;
        if (circuit->values[output].extent != XHAT_EXTENT_FULL)
            return circuit->values[output].name;
        for (int user = circuit->gate_count - 1; user > g; user--)
            for (int p = 0; p < circuit->gates[user].operand_count; p++)
                if (circuit->gates[user].operands[p] == output)
                    next = user;
        g = next;
    }
    return NULL;
}

static int users_of(const xhat_run *run, int value)
{
    const xhat_circuit *circuit = xhat_run_circuit(run);
    int count = 0;
    for (int g = 0; g < circuit->gate_count; g++)
        for (int p = 0; p < circuit->gates[g].operand_count; p++)
            count += circuit->gates[g].operands[p] == value &&
                     xhat_run_downstream(run, g, p).data != NULL;
    return count;
}

/* Adds the ways that end in number `at` of `value`, times `factor`: the
 * product of the local gradients that they already went through. */
static int add_ways(const xhat_run *run, int value, size_t at, double factor,
                    xhat_path *paths, int count)
{
    const xhat_circuit *circuit = xhat_run_circuit(run);
    const xhat_axes *axes = xhat_run_axes(run);
    for (int g = circuit->gate_count - 1; g >= 0; g--) {
        const xhat_circuit_gate *gate = &circuit->gates[g];
        for (int p = 0; p < gate->operand_count; p++) {
            xhat_field down = xhat_run_downstream(run, g, p);
            if (gate->operands[p] != value || down.data == NULL)
                continue;
            xhat_field local = xhat_run_local(run, g, p);
            bool divides =
                circuit->values[gate->output].extent == XHAT_EXTENT_FULL &&
                users_of(run, gate->output) > 1;
            if (divides)
                count = add_ways(
                    run, gate->output, at,
                    factor *
                        local.data[xhat_axes_place(axes, local.extent, at)],
                    paths, count);
            else if (count < XHAT_PATHS_MAX)
                paths[count++] = (xhat_path){.via = statistic_after(circuit, g),
                                             .gate = g,
                                             .part = factor * down.data[at]};
        }
    }
    return count;
}

int xhat_paths_of(const xhat_run *run, int value, size_t at,
                  xhat_path paths[XHAT_PATHS_MAX])
{
    return add_ways(run, value, at, 1, paths, 0);
}
