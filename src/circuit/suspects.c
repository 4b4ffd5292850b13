#include "suspects.h"

#include "gate_kinds.h"

enum { BACKWARD = XHAT_CIRCUIT_GATES_MAX, SUM = 63 };

static xhat_steps forward_step(int gate)
{
    return (xhat_steps)1 << gate;
}

static xhat_steps backward_step(int gate, int which)
{
    return (xhat_steps)1 << (BACKWARD + 2 * gate + which);
}

/* A gradient that a gate hands on as it came: there is nothing to get wrong. */
static bool is_transparent(const xhat_circuit *circuit, int gate, int which)
{
    const xhat_circuit_gate *g = &circuit->gates[gate];
    bool one = g->kind == XHAT_GATE_ADD ||
               (g->kind == XHAT_GATE_SUBTRACT && which == 0);
    return one && circuit->values[g->operands[which]].extent ==
                      circuit->values[g->output].extent;
}

static xhat_steps collect(xhat_reach *d, xhat_side side, int value, bool top);

static xhat_steps collect_part(xhat_reach *d, int gate, int which)
{
    const xhat_circuit *circuit = xhat_run_circuit(d->run);
    const xhat_circuit_gate *g = &circuit->gates[gate];
    xhat_steps steps =
        is_transparent(circuit, gate, which) ? 0 : backward_step(gate, which);
    int source = xhat_gate_local_source(g, which);
    if (source >= 0)
        steps |= collect(d, XHAT_SIDE_VALUE, source, false);
    return steps | collect(d, XHAT_SIDE_GRADIENT, g->output, false);
}

static xhat_steps collect(xhat_reach *d, xhat_side side, int value, bool top)
{
    const xhat_circuit *circuit = xhat_run_circuit(d->run);
    unsigned long bit = 1UL << (2 * value + side);
    if (!top && d->supplied[side][value]) {
        d->walls |= bit;
        return 0;
    }
    int maker = circuit->values[value].maker;
    bool given =
        side == XHAT_SIDE_VALUE
            ? maker < 0 || xhat_run_state(d->run, value) == XHAT_STATE_HELD
            : value == circuit->output;
    if (given)
        return 0;
    if (!top)
        d->between |= bit;
    xhat_steps steps = 0;
    if (side == XHAT_SIDE_VALUE) {
        steps = forward_step(maker);
        for (int p = 0; p < circuit->gates[maker].operand_count; p++)
            steps |= collect(d, side, circuit->gates[maker].operands[p], false);
        return steps;
    }
    int users = 0;
    for (int g = 0; g < circuit->gate_count; g++)
        for (int p = 0; p < circuit->gates[g].operand_count; p++)
            if (circuit->gates[g].operands[p] == value &&
                xhat_run_local(d->run, g, p).data != NULL) {
                steps |= collect_part(d, g, p);
                users++;
            }
    if (users > 1 && value == circuit->input)
        steps |= (xhat_steps)1 << SUM;
    return steps;
}

xhat_steps xhat_steps_to(xhat_reach *reach, xhat_side side, int value)
{
    reach->walls = reach->between = 0;
    return collect(reach, side, value, true);
}

xhat_steps xhat_steps_to_part(xhat_reach *reach, int gate, int which)
{
    reach->walls = reach->between = 0;
    return collect_part(reach, gate, which);
}

unsigned xhat_steps_gates(xhat_steps steps)
{
    unsigned gates = (unsigned)(steps >> SUM);
    for (int g = 0; g < XHAT_CIRCUIT_GATES_MAX; g++)
        if (steps &
            (forward_step(g) | backward_step(g, 0) | backward_step(g, 1)))
            gates |= 2u << g;
    return gates;
}
