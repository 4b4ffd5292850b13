#include "edit.h"

#include "place.h"

static void go_to(xhat_cell *cell, const xhat_axes *axes, size_t element)
{
    for (int extent = 0; extent < 5; extent++)
        cell->place[extent] = xhat_place(axes, (xhat_extent)extent, element);
    size_t columns = axes->channels * axes->inner;
    cell->transposed = element % columns * columns + element / columns;
}

/* The first element that number `k` of an extent belongs to. */
static size_t first_of(const xhat_axes *axes, xhat_extent extent, size_t k)
{
    switch (extent) {
    case XHAT_EXTENT_SINGLE:
        return 0;
    case XHAT_EXTENT_PER_STATISTIC:
        return xhat_axes_first(axes, k);
    case XHAT_EXTENT_PER_CHANNEL:
        return k * axes->inner;
    case XHAT_EXTENT_PER_ROW:
        return k * axes->channels * axes->inner;
    case XHAT_EXTENT_FULL:
        break;
    }
    return k;
}

void xhat_edit_apply(const xhat_edit *edit, const xhat_axes *axes,
                     xhat_cell *cell, const double *running_mean,
                     const double *running_var, double *to)
{
    size_t targets = xhat_axes_count(axes, edit->extent);
    size_t full = xhat_axes_count(axes, XHAT_EXTENT_FULL);
    if (full == 0)
        return;
    for (size_t k = 0; edit->summed && k < targets; k++)
        to[k] = 0;
    size_t count = edit->summed ? full : targets;
    for (size_t k = 0; k < count; k++) {
        go_to(cell, axes, edit->summed ? k : first_of(axes, edit->extent, k));
        size_t channel = cell->place[XHAT_EXTENT_PER_CHANNEL];
        cell->running_mean = running_mean == NULL ? 0 : running_mean[channel];
        cell->running_var = running_var == NULL ? 1 : running_var[channel];
        size_t at = edit->summed ? cell->place[edit->extent] : k;
        cell->computed = edit->summed ? 0 : to[at];
        double number = edit->formula(cell);
        to[at] = edit->summed ? to[at] + number : number;
    }
}
