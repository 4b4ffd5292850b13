/* What a run is made of, for the files that make it, edit it and walk it. */
#ifndef XHAT_CIRCUIT_RUN_PARTS_H
#define XHAT_CIRCUIT_RUN_PARTS_H

#include "gate_kinds.h"
#include "run.h"

/* Two arrays for each side of each value: what its gates computed, and what
 * the caller gave instead.  Where there are both, the given one is used. */
typedef struct xhat_slot {
    double *computed, *given;
    xhat_extent extent; /* of what was computed */
    bool late; /* written over when its pass is done: before, what was given
                  in the place of the new numbers is not used */
} xhat_slot;

typedef enum xhat_stage {
    XHAT_STAGE_NEW,
    XHAT_STAGE_FORWARD,
    XHAT_STAGE_BACKWARD
} xhat_stage;

struct xhat_run {
    const xhat_circuit *circuit;
    xhat_axes axes;
    double eps;
    const xhat_allocator *allocator;
    xhat_stage done;
    xhat_slot slots[2][XHAT_CIRCUIT_VALUES_MAX]; /* [side][value] */
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

/* Numbers in one side of a value, as the circuit has it. */
static inline size_t xhat_run_numbers(const xhat_run *run, int value)
{
    return xhat_axes_count(&run->axes, run->circuit->values[value].extent);
}

static inline xhat_gate_site xhat_run_site(const xhat_run *run, int gate)
{
    return xhat_gate_site_of(run->circuit, gate, &run->axes, run->eps,
                             run->scratch);
}

/* A zeroed array of the run's allocator; false without memory. */
bool xhat_run_take(const xhat_run *run, size_t count, double **array);

/* What is used for a value or its gradient: what was given, else computed. */
const double *xhat_run_in_use(const xhat_run *run, xhat_side side, int value);

/* Lets every edit of this kind, at this gate (0: none) and value, rewrite
 * to[]. */
void xhat_run_apply_edits(const xhat_run *run, xhat_edit_kind kind, int gate,
                          int value, double *to);

/* The edits of values after forward, or of gradients after backward. */
void xhat_run_write_over(xhat_run *run, xhat_side side);

#endif
