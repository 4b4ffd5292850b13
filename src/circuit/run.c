/* Walks the gates of a circuit, forward and backward, and shows what came
 * out. */
#include "base/error.h"
#include "run_parts.h"

const double *xhat_run_in_use(const xhat_run *run, xhat_side side, int value)
{
    const xhat_slot *s = &run->slots[side][value];
    bool yet =
        s->late && run->done < (side == XHAT_SIDE_VALUE ? XHAT_STAGE_FORWARD
                                                        : XHAT_STAGE_BACKWARD);
    return s->given != NULL && !yet ? s->given : s->computed;
}

/* ---- forward and backward ------------------------------------------------ */

static void operands_of(const xhat_run *run, int gate, const double *in[2])
{
    const xhat_circuit_gate *g = &run->circuit->gates[gate];
    in[0] = xhat_run_in_use(run, XHAT_SIDE_VALUE, g->operands[0]);
    in[1] = g->operand_count == 2
                ? xhat_run_in_use(run, XHAT_SIDE_VALUE, g->operands[1])
                : NULL;
}

xhat_status xhat_run_forward(xhat_run *run, xhat_error *error)
{
    const xhat_circuit *circuit = run->circuit;
    for (int v = 0; v < circuit->value_count; v++)
        if (circuit->values[v].maker < 0 && run->slots[0][v].given == NULL)
            return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                             "the input %s is not set",
                             circuit->values[v].name);
    run->done = XHAT_STAGE_NEW;
    for (int g = 0; g < circuit->gate_count; g++) {
        int output = circuit->gates[g].output;
        xhat_value_state state = run->state[output];
        if (state == XHAT_STATE_HELD || state == XHAT_STATE_IDLE)
            continue;
        xhat_gate_site site = xhat_run_site(run, g);
        const double *in[2];
        operands_of(run, g, in);
        xhat_gate_forward(&site, in, run->slots[0][output].computed);
        xhat_run_apply_edits(run, XHAT_EDIT_VALUE, 0, output,
                             run->slots[0][output].computed);
    }
    xhat_run_write_over(run, XHAT_SIDE_VALUE);
    run->done = XHAT_STAGE_FORWARD;
    return XHAT_OK;
}

/* True when gate `gate` hands a gradient to its operand `which`. */
static bool hands_down(const xhat_run *run, int gate, int which)
{
    const xhat_circuit_gate *g = &run->circuit->gates[gate];
    return which < g->operand_count &&
           run->state[g->output] == XHAT_STATE_LIVE &&
           run->state[g->operands[which]] == XHAT_STATE_LIVE;
}

/* The gradient of a value: what all the gates that use it hand down, added in
 * the order in which backward reaches them. */
static void collect(xhat_run *run, int value)
{
    const xhat_circuit *circuit = run->circuit;
    double *total = run->slots[1][value].computed;
    size_t count = xhat_run_numbers(run, value);
    bool first = true;
    for (int g = circuit->gate_count - 1; g >= 0; g--) {
        for (int p = 0; p < circuit->gates[g].operand_count; p++) {
            if (circuit->gates[g].operands[p] != value ||
                !hands_down(run, g, p))
                continue;
            const double *part = run->downstream[g][p];
            for (size_t k = 0; k < count; k++)
                total[k] = first ? part[k] : total[k] + part[k];
            first = false;
        }
    }
    xhat_run_apply_edits(run, XHAT_EDIT_TOTAL, 0, value, total);
}

xhat_status xhat_run_backward(xhat_run *run, xhat_error *error)
{
    const xhat_circuit *circuit = run->circuit;
    if (run->done == XHAT_STAGE_NEW)
        return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                         "backward comes after forward: it needs its values");
    if (run->slots[1][circuit->output].given == NULL)
        return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                         "the gradient %s is not set",
                         circuit->values[circuit->output].gradient);
    run->done = XHAT_STAGE_FORWARD;
    for (int g = circuit->gate_count - 1; g >= 0; g--) {
        int output = circuit->gates[g].output;
        if (run->state[output] != XHAT_STATE_LIVE)
            continue;
        if (output != circuit->output)
            collect(run, output);
        xhat_gate_site site = xhat_run_site(run, g);
        const double *in[2];
        operands_of(run, g, in);
        for (int p = 0; p < site.operand_count; p++) {
            if (!hands_down(run, g, p))
                continue;
            xhat_gate_local(&site, p, in,
                            xhat_run_in_use(run, XHAT_SIDE_VALUE, output),
                            run->local[g][p]);
            int operand = circuit->gates[g].operands[p];
            xhat_run_apply_edits(run, XHAT_EDIT_LOCAL, g + 1, operand,
                                 run->local[g][p]);
            xhat_gate_downstream(
                &site, p, run->local[g][p],
                xhat_run_in_use(run, XHAT_SIDE_GRADIENT, output), false,
                run->downstream[g][p]);
            xhat_run_apply_edits(run, XHAT_EDIT_HANDED, g + 1, operand,
                                 run->downstream[g][p]);
        }
    }
    for (int v = circuit->value_count - 1; v >= 0; v--) /* dx knows them all */
        if (circuit->values[v].maker < 0 && run->state[v] == XHAT_STATE_LIVE)
            collect(run, v);
    xhat_run_write_over(run, XHAT_SIDE_GRADIENT);
    run->done = XHAT_STAGE_BACKWARD;
    return XHAT_OK;
}

/* ---- reading a run ------------------------------------------------------- */

const xhat_circuit *xhat_run_circuit(const xhat_run *run)
{
    return run->circuit;
}

const xhat_axes *xhat_run_axes(const xhat_run *run)
{
    return &run->axes;
}

const xhat_allocator *xhat_run_allocator(const xhat_run *run)
{
    return run->allocator;
}

double xhat_run_eps(const xhat_run *run)
{
    return run->eps;
}

xhat_value_state xhat_run_state(const xhat_run *run, int value)
{
    return run->state[value];
}

xhat_field xhat_run_given(const xhat_run *run, xhat_side side, int value)
{
    return (xhat_field){run->slots[side][value].given,
                        run->circuit->values[value].extent};
}

xhat_field xhat_run_computed(const xhat_run *run, xhat_side side, int value)
{
    xhat_value_state state = run->state[value];
    bool known =
        side == XHAT_SIDE_VALUE
            ? run->done >= XHAT_STAGE_FORWARD &&
                  (state == XHAT_STATE_LIVE || state == XHAT_STATE_CONSTANT)
            : run->done >= XHAT_STAGE_BACKWARD && state == XHAT_STATE_LIVE;
    return (xhat_field){known ? run->slots[side][value].computed : NULL,
                        run->slots[side][value].extent};
}

xhat_field xhat_run_field(const xhat_run *run, xhat_side side, int value)
{
    xhat_field given = xhat_run_given(run, side, value);
    return given.data != NULL ? given : xhat_run_computed(run, side, value);
}

xhat_field xhat_run_local(const xhat_run *run, int gate, int which)
{
    xhat_gate_site site = xhat_run_site(run, gate);
    bool known =
        run->done >= XHAT_STAGE_BACKWARD && hands_down(run, gate, which);
    return (xhat_field){known ? run->local[gate][which] : NULL,
                        xhat_gate_local_extent(&site, which)};
}

xhat_field xhat_run_downstream(const xhat_run *run, int gate, int which)
{
    xhat_gate_site site = xhat_run_site(run, gate);
    bool known =
        run->done >= XHAT_STAGE_BACKWARD && hands_down(run, gate, which);
    return (xhat_field){known ? run->downstream[gate][which] : NULL,
                        site.operand[which]};
}
