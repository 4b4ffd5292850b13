#include "layout.h"

#include <limits.h>

/* steps[v] := gates on the shortest way from the input to value v */
static void find_steps(const xhat_circuit *circuit,
                       int steps[XHAT_CIRCUIT_VALUES_MAX])
{
    for (int v = 0; v < circuit->value_count; v++)
        steps[v] = v == circuit->input ? 0 : INT_MAX;
    for (int g = 0; g < circuit->gate_count; g++) {
        const xhat_circuit_gate *gate = &circuit->gates[g];
        for (int p = 0; p < gate->operand_count; p++) {
            int from = steps[gate->operands[p]];
            if (from != INT_MAX && from + 1 < steps[gate->output])
                steps[gate->output] = from + 1;
        }
    }
}

static void mark_trunk(const xhat_circuit *circuit,
                       bool trunk[XHAT_CIRCUIT_GATES_MAX])
{
    int steps[XHAT_CIRCUIT_VALUES_MAX];
    find_steps(circuit, steps);
    for (int v = circuit->output; circuit->values[v].maker >= 0;) {
        const xhat_circuit_gate *gate =
            &circuit->gates[circuit->values[v].maker];
        trunk[circuit->values[v].maker] = true;
        int next = gate->operands[0];
        for (int p = 1; p < gate->operand_count; p++)
            if (steps[gate->operands[p]] < steps[next])
                next = gate->operands[p];
        v = next;
    }
}

/* A gate's column comes after those of all it uses.  A branch takes the lowest
 * row above the trunk where its column is free. */
void xhat_placing_of(xhat_placing *layout, const xhat_circuit *circuit)
{
    bool trunk[XHAT_CIRCUIT_GATES_MAX] = {false};
    int height[XHAT_CIRCUIT_GATES_MAX]; /* rows above the trunk */
    mark_trunk(circuit, trunk);
    *layout = (xhat_placing){.rows = 1};
    for (int g = 0; g < circuit->gate_count; g++) {
        const xhat_circuit_gate *gate = &circuit->gates[g];
        int column = 0, level = trunk[g] ? 0 : 1;
        for (int p = 0; p < gate->operand_count; p++) {
            int maker = circuit->values[gate->operands[p]].maker;
            if (maker >= 0 && layout->gate[maker].column >= column)
                column = layout->gate[maker].column + 1;
        }
        for (int other = 0; other < g; other++)
            if (layout->gate[other].column == column && height[other] == level)
                level++;
        layout->gate[g].column = column;
        height[g] = level;
        if (column + 1 > layout->columns)
            layout->columns = column + 1;
        if (level + 1 > layout->rows)
            layout->rows = level + 1;
    }
    layout->trunk = layout->rows - 1;
    for (int g = 0; g < circuit->gate_count; g++)
        layout->gate[g].row = layout->trunk - height[g];
}
