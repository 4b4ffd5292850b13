/* Makes a run: its arrays, which of its values are live, what is given. */
#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "run_parts.h"

static xhat_status check_axes(const xhat_axes *axes, double eps,
                              xhat_error *error)
{
    if (!(eps >= 0) || isinf(eps))
        return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                         "eps is %g, but it must be a number >= 0", eps);
    if (axes->channels == 0)
        return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                         "channels is 0, but there must be at least one");
    if (axes->groups == 0 || axes->channels % axes->groups != 0)
        return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                         "groups is %zu, which does not divide %zu channels",
                         axes->groups, axes->channels);
    size_t count;
    if (__builtin_mul_overflow(axes->outer, axes->channels, &count) ||
        __builtin_mul_overflow(count, axes->inner, &count) ||
        count > SIZE_MAX / sizeof(double))
        return xhat_fail(error, XHAT_OUT_OF_MEMORY,
                         "%zux%zux%zu elements are more than memory can hold",
                         axes->outer, axes->channels, axes->inner);
    return XHAT_OK;
}

bool xhat_run_take(const xhat_run *run, size_t count, double **array)
{
    *array = xhat_allocate_zeroed(run->allocator, count, sizeof(double));
    return *array != NULL;
}

static bool take_arrays(xhat_run *run)
{
    const xhat_circuit *circuit = run->circuit;
    size_t statistics = xhat_axes_count(&run->axes, XHAT_EXTENT_PER_STATISTIC);
    bool taken = xhat_run_take(
        run, statistics > run->axes.channels ? statistics : run->axes.channels,
        &run->scratch);
    for (int v = 0; v < circuit->value_count && taken; v++) {
        if (circuit->values[v].maker >= 0)
            taken = xhat_run_take(run, xhat_run_numbers(run, v),
                                  &run->slots[0][v].computed);
        if (v != circuit->output)
            taken = taken && xhat_run_take(run, xhat_run_numbers(run, v),
                                           &run->slots[1][v].computed);
    }
    for (int g = 0; g < circuit->gate_count && taken; g++) {
        xhat_gate_site site = xhat_run_site(run, g);
        for (int p = 0; p < site.operand_count && taken; p++) {
            xhat_extent local = xhat_gate_local_extent(&site, p);
            taken =
                xhat_run_take(run, xhat_axes_count(&run->axes, local),
                              &run->local[g][p]) &&
                xhat_run_take(run, xhat_axes_count(&run->axes, site.operand[p]),
                              &run->downstream[g][p]);
        }
    }
    return taken;
}

/* Which values are live, by what is held: from the output back for what is
 * needed at all, then forward for what depends on held values alone. */
static void find_states(xhat_run *run)
{
    const xhat_circuit *circuit = run->circuit;
    bool needed[XHAT_CIRCUIT_VALUES_MAX] = {false};
    needed[circuit->output] = true;
    for (int g = circuit->gate_count - 1; g >= 0; g--) {
        const xhat_circuit_gate *gate = &circuit->gates[g];
        for (int p = 0; p < gate->operand_count; p++)
            if (needed[gate->output] && !run->held[gate->output])
                needed[gate->operands[p]] = true;
    }
    for (int v = 0; v < circuit->value_count; v++)
        run->state[v] = run->held[v] ? XHAT_STATE_HELD
                        : !needed[v] ? XHAT_STATE_IDLE
                                     : XHAT_STATE_LIVE;
    for (int g = 0; g < circuit->gate_count; g++) {
        const xhat_circuit_gate *gate = &circuit->gates[g];
        bool live = false;
        for (int p = 0; p < gate->operand_count; p++)
            live = live || run->state[gate->operands[p]] == XHAT_STATE_LIVE;
        if (!live && run->state[gate->output] == XHAT_STATE_LIVE)
            run->state[gate->output] = XHAT_STATE_CONSTANT;
    }
}

xhat_status xhat_run_create(xhat_run **run, const xhat_circuit *circuit,
                            const xhat_axes *axes, double eps,
                            const xhat_allocator *allocator, xhat_error *error)
{
    *run = NULL;
    xhat_status status = check_axes(axes, eps, error);
    if (status != XHAT_OK)
        return status;
    assert(circuit->value_count <= XHAT_CIRCUIT_VALUES_MAX &&
           circuit->gate_count <= XHAT_CIRCUIT_GATES_MAX);
    xhat_run *new = xhat_allocate_zeroed(allocator, 1, sizeof *new);
    if (new == NULL)
        return xhat_fail(error, XHAT_OUT_OF_MEMORY,
                         "no memory for a circuit's run");
    new->circuit = circuit;
    new->axes = *axes;
    new->eps = eps;
    new->features = axes->channels;
    new->allocator = allocator;
    if (!take_arrays(new)) {
        xhat_run_destroy(new);
        return xhat_fail(
            error, XHAT_OUT_OF_MEMORY,
            "no memory for the arrays of a circuit over %zux%zux%zu"
            " elements",
            axes->outer, axes->channels, axes->inner);
    }
    for (int v = 0; v < circuit->value_count; v++)
        new->slots[0][v].extent = new->slots[1][v].extent =
            circuit->values[v].extent;
    find_states(new);
    *run = new;
    return XHAT_OK;
}

void xhat_run_destroy(xhat_run *run)
{
    if (run == NULL)
        return;
    const xhat_allocator *allocator = run->allocator;
    for (int v = 0; v < XHAT_CIRCUIT_VALUES_MAX; v++)
        for (int side = 0; side < 2; side++) {
            xhat_release(allocator, run->slots[side][v].computed);
            xhat_release(allocator, run->slots[side][v].given);
        }
    for (int g = 0; g < XHAT_CIRCUIT_GATES_MAX; g++)
        for (int p = 0; p < 2; p++) {
            xhat_release(allocator, run->local[g][p]);
            xhat_release(allocator, run->downstream[g][p]);
        }
    xhat_release(allocator, run->scratch);
    xhat_release(allocator, run);
}

/* ---- what is given ------------------------------------------------------- */

xhat_status xhat_run_set(xhat_run *run, xhat_side side, int value,
                         const double *data, xhat_error *error)
{
    if (value < 0 || value >= run->circuit->value_count)
        return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                         "value %d is not one of the circuit's 0 to %d", value,
                         run->circuit->value_count - 1);
    size_t count = xhat_run_numbers(run, value);
    double **given = &run->slots[side][value].given;
    if (data == NULL && count > 0)
        return xhat_fail(error, XHAT_INVALID_ARGUMENT, "%s is NULL",
                         xhat_circuit_key(run->circuit, side, value));
    if (*given == NULL && !xhat_run_take(run, count, given))
        return xhat_fail(error, XHAT_OUT_OF_MEMORY, "no memory for %s",
                         xhat_circuit_key(run->circuit, side, value));
    if (count > 0)
        memcpy(*given, data, count * sizeof(double));
    run->done = XHAT_STAGE_NEW;
    return XHAT_OK;
}

xhat_status xhat_run_hold(xhat_run *run, int value, const double *data,
                          xhat_error *error)
{
    xhat_status status = xhat_run_set(run, XHAT_SIDE_VALUE, value, data, error);
    if (status != XHAT_OK)
        return status;
    run->held[value] = true;
    find_states(run);
    return XHAT_OK;
}
