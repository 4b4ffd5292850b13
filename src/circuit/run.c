#include "run.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "gate_kinds.h"

/* Two arrays for each side of each value: what its gates computed, and what
 * the caller gave instead.  Where there are both, the given one is used. */
typedef struct slot {
    double *computed, *given;
    xhat_extent extent; /* of what was computed */
    bool late; /* written over when its pass is done: before, what was given
                  in the place of the new numbers is not used */
} slot;

typedef enum stage { STAGE_NEW, STAGE_FORWARD, STAGE_BACKWARD } stage;

struct xhat_run {
    const xhat_circuit *circuit;
    xhat_axes axes;
    double eps;
    const xhat_allocator *allocator;
    stage done;
    slot slots[2][XHAT_CIRCUIT_VALUES_MAX]; /* [side][value] */
    bool held[XHAT_CIRCUIT_VALUES_MAX];
    xhat_value_state state[XHAT_CIRCUIT_VALUES_MAX];
    double *local[XHAT_CIRCUIT_GATES_MAX][2];
    double *downstream[XHAT_CIRCUIT_GATES_MAX][2];
    double *scratch;
    const xhat_edit *edits[XHAT_EDITS_MAX];
    int edit_count;
    const double *running_mean, *running_var; /* for edits; or NULL */
    size_t features;                          /* for edits */
};

static size_t numbers_of(const xhat_run *run, int value)
{
    return xhat_axes_count(&run->axes, run->circuit->values[value].extent);
}

static xhat_gate_site site_of(const xhat_run *run, int gate)
{
    return xhat_gate_site_of(run->circuit, gate, &run->axes, run->eps,
                             run->scratch);
}

/* ---- create and destroy -------------------------------------------------- */

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

static bool take(const xhat_run *run, size_t count, double **array)
{
    *array = xhat_allocate_zeroed(run->allocator, count, sizeof(double));
    return *array != NULL;
}

static bool take_arrays(xhat_run *run)
{
    const xhat_circuit *circuit = run->circuit;
    size_t statistics = xhat_axes_count(&run->axes, XHAT_EXTENT_PER_STATISTIC);
    bool taken = take(
        run, statistics > run->axes.channels ? statistics : run->axes.channels,
        &run->scratch);
    for (int v = 0; v < circuit->value_count && taken; v++) {
        if (circuit->values[v].maker >= 0)
            taken = take(run, numbers_of(run, v), &run->slots[0][v].computed);
        if (v != circuit->output)
            taken = taken &&
                    take(run, numbers_of(run, v), &run->slots[1][v].computed);
    }
    for (int g = 0; g < circuit->gate_count && taken; g++) {
        xhat_gate_site site = site_of(run, g);
        for (int p = 0; p < site.operand_count && taken; p++) {
            xhat_extent local = xhat_gate_local_extent(&site, p);
            taken = take(run, xhat_axes_count(&run->axes, local),
                         &run->local[g][p]) &&
                    take(run, xhat_axes_count(&run->axes, site.operand[p]),
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
    size_t count = numbers_of(run, value);
    double **given = &run->slots[side][value].given;
    if (data == NULL && count > 0)
        return xhat_fail(error, XHAT_INVALID_ARGUMENT, "%s is NULL",
                         xhat_circuit_key(run->circuit, side, value));
    if (*given == NULL && !take(run, count, given))
        return xhat_fail(error, XHAT_OUT_OF_MEMORY, "no memory for %s",
                         xhat_circuit_key(run->circuit, side, value));
    if (count > 0)
        memcpy(*given, data, count * sizeof(double));
    run->done = STAGE_NEW;
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

static const double *in_use(const xhat_run *run, xhat_side side, int value)
{
    const slot *s = &run->slots[side][value];
    bool yet =
        s->late &&
        run->done < (side == XHAT_SIDE_VALUE ? STAGE_FORWARD : STAGE_BACKWARD);
    return s->given != NULL && !yet ? s->given : s->computed;
}

/* ---- edits --------------------------------------------------------------- */

/* Lets every edit of this kind, at this gate (0: none) and value, rewrite
 * to[]. */
static void apply_edits(const xhat_run *run, xhat_edit_kind kind, int gate,
                        int value, double *to)
{
    for (int i = 0; i < run->edit_count; i++) {
        const xhat_edit *edit = run->edits[i];
        if (edit->kind != kind || edit->gate != gate || edit->value != value)
            continue;
        xhat_cell cell = {.n = (double)xhat_axes_sharing(&run->axes),
                          .features = (double)run->features,
                          .eps = run->eps};
        for (int v = 0; v < run->circuit->value_count; v++)
            for (int side = 0; side < 2; side++)
                cell.arrays[side][v] = in_use(run, (xhat_side)side, v);
        xhat_edit_apply(edit, &run->axes, &cell, run->running_mean,
                        run->running_var, to);
    }
}

/* An input is copied first: its formula reads what it writes. */
static bool edit_input(xhat_run *run, const xhat_edit *edit)
{
    size_t count = numbers_of(run, edit->value);
    double *changed, *given = run->slots[0][edit->value].given;
    if (!take(run, count, &changed))
        return false;
    memcpy(changed, given, count * sizeof *changed);
    apply_edits(run, XHAT_EDIT_INPUT, 0, edit->value, changed);
    memcpy(given, changed, count * sizeof *changed);
    xhat_release(run->allocator, changed);
    return true;
}

/* Room for a gradient that comes out in another extent. */
static bool widen(xhat_run *run, const xhat_edit *edit)
{
    slot *s = &run->slots[1][edit->value];
    size_t count = xhat_axes_count(&run->axes, edit->extent);
    s->extent = edit->extent;
    if (count <= numbers_of(run, edit->value))
        return true;
    xhat_release(run->allocator, s->computed);
    return take(run, count, &s->computed);
}

xhat_status xhat_run_edit(xhat_run *run, const xhat_edit *edits, int count,
                          const double *running_mean, const double *running_var,
                          xhat_error *error)
{
    assert(run->edit_count + count <= XHAT_EDITS_MAX);
    run->running_mean = running_mean;
    run->running_var = running_var;
    run->done = STAGE_NEW;
    bool taken = true;
    for (int i = 0; i < count && taken; i++) {
        if (edits[i].kind == XHAT_EDIT_AFTER_FORWARD)
            run->slots[XHAT_SIDE_VALUE][edits[i].value].late = true;
        if (edits[i].kind == XHAT_EDIT_AFTER_BACKWARD)
            run->slots[XHAT_SIDE_GRADIENT][edits[i].value].late = true;
        run->edits[run->edit_count++] = &edits[i];
        if (edits[i].kind == XHAT_EDIT_INPUT)
            taken = edit_input(run, &edits[i]);
        if (edits[i].kind == XHAT_EDIT_TOTAL ||
            edits[i].kind == XHAT_EDIT_AFTER_BACKWARD)
            taken = widen(run, &edits[i]);
    }
    return taken ? XHAT_OK
                 : xhat_fail(error, XHAT_OUT_OF_MEMORY,
                             "no memory for a circuit with a mistake");
}

void xhat_run_set_features(xhat_run *run, size_t channels)
{
    run->features = channels;
}

/* Values written over after forward, or gradients after backward. */
static void write_over(xhat_run *run, xhat_side side)
{
    for (int v = 0; v < run->circuit->value_count; v++)
        if (run->slots[side][v].computed != NULL &&
            run->state[v] == XHAT_STATE_LIVE)
            apply_edits(run,
                        side == XHAT_SIDE_VALUE ? XHAT_EDIT_AFTER_FORWARD
                                                : XHAT_EDIT_AFTER_BACKWARD,
                        0, v, run->slots[side][v].computed);
}

/* ---- forward and backward ------------------------------------------------ */

static void operands_of(const xhat_run *run, int gate, const double *in[2])
{
    const xhat_circuit_gate *g = &run->circuit->gates[gate];
    in[0] = in_use(run, XHAT_SIDE_VALUE, g->operands[0]);
    in[1] = g->operand_count == 2 ? in_use(run, XHAT_SIDE_VALUE, g->operands[1])
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
    run->done = STAGE_NEW;
    for (int g = 0; g < circuit->gate_count; g++) {
        int output = circuit->gates[g].output;
        xhat_value_state state = run->state[output];
        if (state == XHAT_STATE_HELD || state == XHAT_STATE_IDLE)
            continue;
        xhat_gate_site site = site_of(run, g);
        const double *in[2];
        operands_of(run, g, in);
        xhat_gate_forward(&site, in, run->slots[0][output].computed);
        apply_edits(run, XHAT_EDIT_VALUE, 0, output,
                    run->slots[0][output].computed);
    }
    write_over(run, XHAT_SIDE_VALUE);
    run->done = STAGE_FORWARD;
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
    size_t count = numbers_of(run, value);
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
    apply_edits(run, XHAT_EDIT_TOTAL, 0, value, total);
}

xhat_status xhat_run_backward(xhat_run *run, xhat_error *error)
{
    const xhat_circuit *circuit = run->circuit;
    if (run->done == STAGE_NEW)
        return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                         "backward comes after forward: it needs its values");
    if (run->slots[1][circuit->output].given == NULL)
        return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                         "the gradient %s is not set",
                         circuit->values[circuit->output].gradient);
    run->done = STAGE_FORWARD;
    for (int g = circuit->gate_count - 1; g >= 0; g--) {
        int output = circuit->gates[g].output;
        if (run->state[output] != XHAT_STATE_LIVE)
            continue;
        if (output != circuit->output)
            collect(run, output);
        xhat_gate_site site = site_of(run, g);
        const double *in[2];
        operands_of(run, g, in);
        for (int p = 0; p < site.operand_count; p++) {
            if (!hands_down(run, g, p))
                continue;
            xhat_gate_local(&site, p, in, in_use(run, XHAT_SIDE_VALUE, output),
                            run->local[g][p]);
            int operand = circuit->gates[g].operands[p];
            apply_edits(run, XHAT_EDIT_LOCAL, g + 1, operand, run->local[g][p]);
            xhat_gate_downstream(&site, p, run->local[g][p],
                                 in_use(run, XHAT_SIDE_GRADIENT, output), false,
                                 run->downstream[g][p]);
            apply_edits(run, XHAT_EDIT_HANDED, g + 1, operand,
                        run->downstream[g][p]);
        }
    }
    for (int v = circuit->value_count - 1; v >= 0; v--) /* dx knows them all */
        if (circuit->values[v].maker < 0 && run->state[v] == XHAT_STATE_LIVE)
            collect(run, v);
    write_over(run, XHAT_SIDE_GRADIENT);
    run->done = STAGE_BACKWARD;
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
            ? run->done >= STAGE_FORWARD &&
                  (state == XHAT_STATE_LIVE || state == XHAT_STATE_CONSTANT)
            : run->done >= STAGE_BACKWARD && state == XHAT_STATE_LIVE;
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
    xhat_gate_site site = site_of(run, gate);
    bool known = run->done >= STAGE_BACKWARD && hands_down(run, gate, which);
    return (xhat_field){known ? run->local[gate][which] : NULL,
                        xhat_gate_local_extent(&site, which)};
}

xhat_field xhat_run_downstream(const xhat_run *run, int gate, int which)
{
    xhat_gate_site site = site_of(run, gate);
    bool known = run->done >= STAGE_BACKWARD && hands_down(run, gate, which);
    return (xhat_field){known ? run->downstream[gate][which] : NULL,
                        site.operand[which]};
}
