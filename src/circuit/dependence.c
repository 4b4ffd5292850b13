#include "dependence.h"

#include "gate_kinds.h"

#include "base/error.h"
#include "base/memory.h"
#include "run.h"

/* One array and the marks on its numbers. */
typedef struct marked {
    unsigned char *marks;
    xhat_extent extent;
} marked;

static marked marked_at(const xhat_dependence *d, const xhat_run *run,
                        xhat_side side, int value)
{
    return (marked){d->marks[side][value],
                    xhat_run_circuit(run)->values[value].extent};
}

/* What `made` was computed from: the numbers of `of` that go with a marked
 * one.  Two arrays go together number by number, or element by element. */
static void spread(const xhat_run *run, marked made, marked of)
{
    const xhat_axes *axes = xhat_run_axes(run);
    bool same = made.extent == of.extent;
    if (made.marks == NULL || of.marks == NULL)
        return;
    size_t count = xhat_axes_count(axes, same ? made.extent : XHAT_EXTENT_FULL);
    for (size_t k = 0; k < count; k++) {
        size_t from = same ? k : xhat_axes_place(axes, made.extent, k);
        size_t to = same ? k : xhat_axes_place(axes, of.extent, k);
        unsigned char mark = made.marks[from] == XHAT_MARK_SELF ? XHAT_MARK_NEAR
                             : made.marks[from] != XHAT_MARK_NONE
                                 ? XHAT_MARK_FAR
                                 : XHAT_MARK_NONE;
        if (mark > of.marks[to])
            of.marks[to] = mark;
    }
}

/* From the gradient of `value` to what its users handed down. */
static void spread_gradient(const xhat_dependence *d, const xhat_run *run,
                            int value)
{
    const xhat_circuit *circuit = xhat_run_circuit(run);
    marked made = marked_at(d, run, XHAT_SIDE_GRADIENT, value);
    for (int g = 0; g < circuit->gate_count; g++) {
        const xhat_circuit_gate *gate = &circuit->gates[g];
        for (int p = 0; p < gate->operand_count; p++) {
            if (gate->operands[p] != value ||
                xhat_run_downstream(run, g, p).data == NULL)
                continue;
            int source = xhat_gate_local_source(gate, p);
            spread(run, made,
                   marked_at(d, run, XHAT_SIDE_GRADIENT, gate->output));
            if (source >= 0)
                spread(run, made, marked_at(d, run, XHAT_SIDE_VALUE, source));
        }
    }
}

static bool take_marks(xhat_dependence *d, const xhat_run *run)
{
    const xhat_circuit *circuit = xhat_run_circuit(run);
    for (int side = 0; side < 2; side++)
        for (int v = 0; v < circuit->value_count; v++) {
            xhat_field field = xhat_run_field(run, (xhat_side)side, v);
            if (field.data == NULL)
                continue;
            d->marks[side][v] = xhat_allocate_zeroed(
                d->allocator, xhat_axes_count(xhat_run_axes(run), field.extent),
                1);
            if (d->marks[side][v] == NULL)
                return false;
        }
    return true;
}

/* Against the order of computation: first the gradients, the last ones first,
 * then the values from the last gate to the first. */
xhat_status xhat_dependence_of(xhat_dependence *d, const xhat_run *run,
                               xhat_side side, int value, size_t at,
                               xhat_error *error)
{
    const xhat_circuit *circuit = xhat_run_circuit(run);
    *d = (xhat_dependence){.allocator = xhat_run_allocator(run)};
    if (!take_marks(d, run))
        return xhat_fail(error, XHAT_OUT_OF_MEMORY,
                         "no memory for the marks of a circuit");
    if (d->marks[side][value] == NULL)
        return XHAT_OK;
    d->marks[side][value][at] = XHAT_MARK_SELF;
    for (int v = 0; v < circuit->value_count; v++)
        if (circuit->values[v].maker < 0)
            spread_gradient(d, run, v);
    for (int g = 0; g < circuit->gate_count; g++)
        spread_gradient(d, run, circuit->gates[g].output);
    for (int g = circuit->gate_count - 1; g >= 0; g--) {
        const xhat_circuit_gate *gate = &circuit->gates[g];
        if (xhat_run_computed(run, XHAT_SIDE_VALUE, gate->output).data == NULL)
            continue;
        for (int p = 0; p < gate->operand_count; p++)
            spread(run, marked_at(d, run, XHAT_SIDE_VALUE, gate->output),
                   marked_at(d, run, XHAT_SIDE_VALUE, gate->operands[p]));
    }
    return XHAT_OK;
}

void xhat_dependence_free(xhat_dependence *d)
{
    for (int side = 0; side < 2; side++)
        for (int v = 0; v < XHAT_CIRCUIT_VALUES_MAX; v++)
            xhat_release(d->allocator, d->marks[side][v]);
}
