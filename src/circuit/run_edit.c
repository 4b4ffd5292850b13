/* Edits of a run: the arrays that somebody with a mistake would have. */
#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "run_parts.h"

void xhat_run_apply_edits(const xhat_run *run, xhat_edit_kind kind, int gate,
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
                cell.arrays[side][v] = xhat_run_in_use(run, (xhat_side)side, v);
        xhat_edit_apply(edit, &run->axes, &cell, run->running_mean,
                        run->running_var, to);
    }
}

/* An input is copied first: its formula reads what it writes. */
static bool edit_input(xhat_run *run, const xhat_edit *edit)
{
    size_t count = xhat_run_numbers(run, edit->value);
    double *changed, *given = run->slots[0][edit->value].given;
    if (!xhat_run_take(run, count, &changed))
        return false;
    memcpy(changed, given, count * sizeof *changed);
    xhat_run_apply_edits(run, XHAT_EDIT_INPUT, 0, edit->value, changed);
    memcpy(given, changed, count * sizeof *changed);
    xhat_release(run->allocator, changed);
    return true;
}

/* Room for a gradient that comes out in another extent. */
static bool widen(xhat_run *run, const xhat_edit *edit)
{
    xhat_slot *s = &run->slots[1][edit->value];
    size_t count = xhat_axes_count(&run->axes, edit->extent);
    s->extent = edit->extent;
    if (count <= xhat_run_numbers(run, edit->value))
        return true;
    xhat_release(run->allocator, s->computed);
    return xhat_run_take(run, count, &s->computed);
}

xhat_status xhat_run_edit(xhat_run *run, const xhat_edit *edits, int count,
                          const double *running_mean, const double *running_var,
                          xhat_error *error)
{
    assert(run->edit_count + count <= XHAT_EDITS_MAX);
    run->running_mean = running_mean;
    run->running_var = running_var;
    run->done = XHAT_STAGE_NEW;
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

void xhat_run_write_over(xhat_run *run, xhat_side side)
{
    for (int v = 0; v < run->circuit->value_count; v++)
        if (run->slots[side][v].computed != NULL &&
            run->state[v] == XHAT_STATE_LIVE)
            xhat_run_apply_edits(run,
                                 side == XHAT_SIDE_VALUE
                                     ? XHAT_EDIT_AFTER_FORWARD
                                     : XHAT_EDIT_AFTER_BACKWARD,
                                 0, v, run->slots[side][v].computed);
}
