#include "mistakes.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "run.h"

/* ---- the formulas: mistakes.def, first reading --------------------------- */

#define AT(side, value, extent)                                                \
    (cell->arrays[side][value][cell->place[XHAT_EXTENT_##extent]])
#define V(value, extent) AT(XHAT_SIDE_VALUE, XHAT_VALUE_##value, extent)
#define G(value, extent) AT(XHAT_SIDE_GRADIENT, XHAT_VALUE_##value, extent)

#define x               V(X, FULL)
#define gamma           V(GAMMA, PER_CHANNEL)
#define beta            V(BETA, PER_CHANNEL)
#define mean            V(MEAN, PER_STATISTIC)
#define dev_from_mean   V(DEV_FROM_MEAN, FULL)
#define var             V(VAR, PER_STATISTIC)
#define stddev          V(STDDEV, PER_STATISTIC)
#define inverted_stddev V(INVERTED_STDDEV, PER_STATISTIC)
#define x_norm          V(X_NORM, FULL)
#define scaled_x        V(SCALED_X, FULL)
#define out             V(OUT, FULL)
#define dout            G(OUT, FULL)
#define dx_norm         G(X_NORM, FULL)
#define ddev_from_mean  G(DEV_FROM_MEAN, FULL)
#define dx              G(X, FULL)
#define dgamma          G(GAMMA, PER_CHANNEL)
#define dbeta           G(BETA, PER_CHANNEL)
#define N               (cell->n)
#define D               (cell->features)
#define eps             (cell->eps)
#define computed        (cell->computed)
#define running_mean    (cell->running_mean)
#define running_var     (cell->running_var)
#define x_transposed                                                           \
    (cell->arrays[XHAT_SIDE_VALUE][XHAT_VALUE_X][cell->transposed])

/* Each formula is a function, named by the line that it stands on. */
#define JOIN(a, b) a##b
#define NAME(line) JOIN(formula_, line)
#define MISTAKE(...)
#define EDIT(token, where, formula)                                            \
    static double NAME(__LINE__)(const xhat_cell *cell)                        \
    {                                                                          \
        (void)cell;                                                            \
        return formula;                                                        \
    }
#include "mistakes.def"
#undef MISTAKE
#undef EDIT

#undef x
#undef gamma
#undef beta
#undef mean
#undef dev_from_mean
#undef var
#undef stddev
#undef inverted_stddev
#undef x_norm
#undef scaled_x
#undef out
#undef dout
#undef dx_norm
#undef ddev_from_mean
#undef dx
#undef dgamma
#undef dbeta
#undef N
#undef D
#undef eps
#undef computed
#undef running_mean
#undef running_var
#undef x_transposed

/* ---- the tables: second to fourth reading -------------------------------- */

enum {
#define MISTAKE(token, ...) MISTAKE_##token,
#define EDIT(token, where, formula)
#include "mistakes.def"
#undef MISTAKE
#undef EDIT
    MISTAKES
};

static const xhat_mistake mistakes[] = {
#define MISTAKE(token, id, gate, telling, when, change, title, text, fix)      \
    {id,                                                                       \
     gate,                                                                     \
     XHAT_TELLING_##telling,                                                   \
     XHAT_WHEN_##when,                                                         \
     XHAT_CHANGE_##change,                                                     \
     title,                                                                    \
     text,                                                                     \
     fix},
#define EDIT(token, where, formula)
#include "mistakes.def"
#undef MISTAKE
#undef EDIT
};

enum { /* of the values of the circuit */
       EXTENT_X = XHAT_EXTENT_FULL,
       EXTENT_GAMMA = XHAT_EXTENT_PER_CHANNEL,
       EXTENT_BETA = XHAT_EXTENT_PER_CHANNEL,
       EXTENT_MEAN = XHAT_EXTENT_PER_STATISTIC,
       EXTENT_DEV_FROM_MEAN = XHAT_EXTENT_FULL,
       EXTENT_DEV_FROM_MEAN_SQ = XHAT_EXTENT_FULL,
       EXTENT_VAR = XHAT_EXTENT_PER_STATISTIC,
       EXTENT_STDDEV = XHAT_EXTENT_PER_STATISTIC,
       EXTENT_INVERTED_STDDEV = XHAT_EXTENT_PER_STATISTIC,
       EXTENT_X_NORM = XHAT_EXTENT_FULL,
       EXTENT_SCALED_X = XHAT_EXTENT_FULL,
       EXTENT_OUT = XHAT_EXTENT_FULL,
       /* of the local gradients of the gates */
       LOCAL_1_X = XHAT_EXTENT_SINGLE,
       LOCAL_2_MEAN = XHAT_EXTENT_SINGLE,
       LOCAL_3_DEV_FROM_MEAN = XHAT_EXTENT_FULL,
       LOCAL_4_DEV_FROM_MEAN_SQ = XHAT_EXTENT_SINGLE,
       LOCAL_5_VAR = XHAT_EXTENT_PER_STATISTIC,
       LOCAL_6_STDDEV = XHAT_EXTENT_PER_STATISTIC,
       LOCAL_7_DEV_FROM_MEAN = XHAT_EXTENT_PER_STATISTIC,
       LOCAL_7_INVERTED_STDDEV = XHAT_EXTENT_FULL,
       LOCAL_8_GAMMA = XHAT_EXTENT_FULL,
       LOCAL_8_X_NORM = XHAT_EXTENT_PER_CHANNEL
};

#define SITE(kind, gate, v, extent, summed)                                    \
    XHAT_EDIT_##kind, gate, XHAT_VALUE_##v, (xhat_extent)(extent), summed
#define INPUT(v)          SITE(INPUT, 0, v, EXTENT_##v, false)
#define VALUE(v)          SITE(VALUE, 0, v, EXTENT_##v, false)
#define AFTER_FORWARD(v)  SITE(AFTER_FORWARD, 0, v, EXTENT_##v, false)
#define AFTER_BACKWARD(v) SITE(AFTER_BACKWARD, 0, v, EXTENT_##v, false)
#define LOCAL(gate, v)    SITE(LOCAL, gate, v, LOCAL_##gate##_##v, false)
#define HANDED(gate, v)   SITE(HANDED, gate, v, EXTENT_##v, false)
#define TOTAL(v)          SITE(TOTAL, 0, v, EXTENT_##v, false)
#define SUM_TOTAL(v)      SITE(TOTAL, 0, v, EXTENT_##v, true)
#define FULL_TOTAL(v)     SITE(TOTAL, 0, v, XHAT_EXTENT_FULL, false)
#define FULL_AFTER(v)     SITE(AFTER_BACKWARD, 0, v, XHAT_EXTENT_FULL, false)
#define ROW_TOTAL(v)      SITE(TOTAL, 0, v, XHAT_EXTENT_PER_ROW, true)
#define ONE_TOTAL(v)      SITE(TOTAL, 0, v, XHAT_EXTENT_SINGLE, true)

static const struct {
    int mistake;
    xhat_edit edit;
} edits[] = {
#define MISTAKE(...)
#define EDIT(token, where, formula) {MISTAKE_##token, {where, NAME(__LINE__)}},
#include "mistakes.def"
#undef MISTAKE
#undef EDIT
};

enum { EDITS = sizeof edits / sizeof *edits };

int xhat_mistake_count(void)
{
    return MISTAKES;
}

const xhat_mistake *xhat_mistake_at(int index)
{
    return &mistakes[index];
}

int xhat_mistake_find(const char *id)
{
    for (int i = 0; i < MISTAKES; i++)
        if (strcmp(mistakes[i].id, id) == 0)
            return i;
    return -1;
}

/* ---- where it can be made ------------------------------------------------ */

static bool is_eval(const xhat_run *run)
{
    return xhat_run_state(run, XHAT_VALUE_MEAN) == XHAT_STATE_HELD;
}

bool xhat_mistake_suits(int index, const xhat_axes *axes, bool eval)
{
    switch (mistakes[index].when) {
    case XHAT_WHEN_ALWAYS:
        return true;
    case XHAT_WHEN_TRAINING:
        return !eval;
    case XHAT_WHEN_EVAL:
        return eval;
    case XHAT_WHEN_SQUARE:
        return !eval && axes->inner == 1 && axes->outer == axes->channels;
    case XHAT_WHEN_SPATIAL:
        break;
    }
    return !eval && axes->inner > 1;
}

bool xhat_mistake_applies(int index, const xhat_run *run)
{
    return xhat_run_circuit(run) == xhat_circuit_batchnorm() &&
           xhat_mistake_suits(index, xhat_run_axes(run), is_eval(run));
}

static bool changes_axes(int index)
{
    return mistakes[index].change == XHAT_CHANGE_LAYER_AXES ||
           mistakes[index].change == XHAT_CHANGE_INSTANCE_AXES;
}

bool xhat_mistake_keeps_shapes(int index)
{
    const xhat_circuit *circuit = xhat_circuit_batchnorm();
    for (int i = 0; i < EDITS; i++)
        if (edits[i].mistake == index &&
            (edits[i].edit.kind == XHAT_EDIT_TOTAL ||
             edits[i].edit.kind == XHAT_EDIT_AFTER_BACKWARD) &&
            edits[i].edit.extent != circuit->values[edits[i].edit.value].extent)
            return false;
    return !changes_axes(index);
}

bool xhat_mistake_crosses_channels(int index)
{
    for (int i = 0; i < EDITS; i++)
        if (edits[i].mistake == index &&
            (edits[i].edit.extent == XHAT_EXTENT_PER_ROW ||
             (edits[i].edit.extent == XHAT_EXTENT_SINGLE &&
              edits[i].edit.summed)))
            return true;
    return mistakes[index].change == XHAT_CHANGE_LAYER_AXES ||
           mistakes[index].when == XHAT_WHEN_SQUARE;
}

bool xhat_mistake_is_about_one(int index, int *value)
{
    *value = -1;
    if (mistakes[index].change != XHAT_CHANGE_SAME)
        return false;
    for (int i = 0; i < EDITS; i++) {
        if (edits[i].mistake != index)
            continue;
        int v = edits[i].edit.value;
        bool leaf = edits[i].edit.kind == XHAT_EDIT_TOTAL &&
                    (v == XHAT_VALUE_GAMMA || v == XHAT_VALUE_BETA);
        if (!leaf || (*value >= 0 && *value != v))
            return false;
        *value = v;
    }
    return true;
}

/* ---- a run with mistakes ------------------------------------------------- */

static xhat_axes axes_with(const xhat_run *right, const int *chosen, int count)
{
    xhat_axes axes = *xhat_run_axes(right);
    for (int i = 0; i < count; i++) {
        if (mistakes[chosen[i]].change == XHAT_CHANGE_LAYER_AXES)
            axes = xhat_axes_layer(axes.outer, axes.channels, axes.inner);
        if (mistakes[chosen[i]].change == XHAT_CHANGE_INSTANCE_AXES) {
            axes.per_row = true;
            axes.groups = axes.channels;
        }
    }
    return axes;
}

/* What the right run was given goes in again: held, unless a mistake is that
 * it is not. */
static xhat_status copy_given(xhat_run *run, const xhat_run *right,
                              const int *chosen, int count, xhat_error *error)
{
    bool flowing = false, batch = false;
    for (int i = 0; i < count; i++) {
        flowing = flowing || mistakes[chosen[i]].change == XHAT_CHANGE_FLOWING;
        batch = batch || mistakes[chosen[i]].change == XHAT_CHANGE_BATCH;
    }
    xhat_status status = XHAT_OK;
    for (int side = 0; side < 2; side++)
        for (int v = 0; v < xhat_run_circuit(right)->value_count; v++) {
            xhat_field given = xhat_run_given(right, (xhat_side)side, v);
            if (given.data == NULL || status != XHAT_OK)
                continue;
            bool held = side == XHAT_SIDE_VALUE &&
                        xhat_run_state(right, v) == XHAT_STATE_HELD;
            if (held && batch)
                continue;
            status = held && !flowing ? xhat_run_hold(run, v, given.data, error)
                                      : xhat_run_set(run, (xhat_side)side, v,
                                                     given.data, error);
        }
    return status;
}

xhat_status xhat_mistake_plant(xhat_run **run, const xhat_run *right,
                               const int *chosen, int count,
                               const double *const running[2],
                               xhat_error *error)
{
    *run = NULL;
    for (int i = 0; i < count; i++)
        if (chosen[i] < 0 || chosen[i] >= MISTAKES ||
            !xhat_mistake_applies(chosen[i], right))
            return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                             "mistake %d cannot be made in this run",
                             chosen[i]);
    xhat_axes axes = axes_with(right, chosen, count);
    xhat_status status =
        xhat_run_create(run, xhat_run_circuit(right), &axes,
                        xhat_run_eps(right), xhat_run_allocator(right), error);
    if (status == XHAT_OK)
        status = copy_given(*run, right, chosen, count, error);
    for (int i = 0; i < count; i++)
        for (int k = 0; k < EDITS && status == XHAT_OK; k++)
            if (edits[k].mistake == chosen[i])
                status =
                    xhat_run_edit(*run, &edits[k].edit, 1,
                                  running == NULL ? NULL : running[0],
                                  running == NULL ? NULL : running[1], error);
    if (status != XHAT_OK) {
        xhat_run_destroy(*run);
        *run = NULL;
    }
    return status;
}

xhat_status xhat_mistake_run(xhat_run **run, const xhat_run *right,
                             const int *chosen, int count,
                             const double *const running[2], xhat_error *error)
{
    xhat_status status =
        xhat_mistake_plant(run, right, chosen, count, running, error);
    if (status == XHAT_OK)
        status = xhat_run_forward(*run, error);
    const xhat_circuit *circuit = xhat_run_circuit(right);
    xhat_field upstream =
        xhat_run_given(right, XHAT_SIDE_GRADIENT, circuit->output);
    if (status == XHAT_OK && upstream.data != NULL)
        status = xhat_run_backward(*run, error);
    if (status != XHAT_OK) {
        xhat_run_destroy(*run);
        *run = NULL;
    }
    return status;
}
