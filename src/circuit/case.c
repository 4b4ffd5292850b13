#include "case.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "mistakes.h"
#include "run.h"

/* ---- runs ---------------------------------------------------------------- */

xhat_status xhat_case_run(xhat_run **run, const xhat_case *c, xhat_error *error)
{
    const struct {
        xhat_side side;
        int value;
        const double *data;
    } given[] = {{XHAT_SIDE_VALUE, XHAT_VALUE_X, c->x},
                 {XHAT_SIDE_VALUE, XHAT_VALUE_GAMMA, c->gamma},
                 {XHAT_SIDE_VALUE, XHAT_VALUE_BETA, c->beta},
                 {XHAT_SIDE_GRADIENT, XHAT_VALUE_OUT, c->dout}};
    xhat_status status = xhat_run_create(run, xhat_circuit_batchnorm(),
                                         &c->axes, c->eps, c->allocator, error);
    for (int i = 0; i < 4 && status == XHAT_OK; i++)
        status = xhat_run_set(*run, given[i].side, given[i].value,
                              given[i].data, error);
    for (int i = 0; i < 2 && status == XHAT_OK; i++)
        if (c->held[i] != NULL)
            status =
                xhat_run_hold(*run, i == 0 ? XHAT_VALUE_MEAN : XHAT_VALUE_VAR,
                              c->held[i], error);
    if (status == XHAT_OK)
        status = xhat_run_forward(*run, error);
    if (status == XHAT_OK)
        status = xhat_run_backward(*run, error);
    return status;
}

bool xhat_claim_replaces(const xhat_claim *claim, const xhat_run *right)
{
    return claim->data != NULL &&
           claim->extent ==
               xhat_run_circuit(right)->values[claim->value].extent &&
           xhat_run_computed(right, claim->side, claim->value).data != NULL;
}

xhat_status xhat_case_replay(xhat_run **replay, const xhat_case *c,
                             const xhat_run *right, const int *mistakes,
                             int count, xhat_error *error)
{
    xhat_status status =
        xhat_mistake_plant(replay, right, mistakes, count, c->running, error);
    const xhat_axes *axes = xhat_run_axes(right);
    if (status == XHAT_OK && c->features > 0)
        xhat_run_set_features(*replay, c->features);
    for (int i = 0; i < c->claim_count && status == XHAT_OK; i++) {
        const xhat_claim *claim = &c->claims[i];
        bool fits = xhat_axes_count(axes, claim->extent) ==
                    xhat_axes_count(xhat_run_axes(*replay), claim->extent);
        if (fits && xhat_claim_replaces(claim, right))
            status = xhat_run_set(*replay, claim->side, claim->value,
                                  claim->data, error);
    }
    if (status == XHAT_OK)
        status = xhat_run_forward(*replay, error);
    if (status == XHAT_OK)
        status = xhat_run_backward(*replay, error);
    return status;
}

/* ---- slices -------------------------------------------------------------- */

size_t xhat_slice_place(const xhat_slice *slice, xhat_extent extent, size_t k)
{
    const xhat_axes *axes = &slice->c.axes;
    switch (extent) {
    case XHAT_EXTENT_PER_STATISTIC: /* of batch normalization: channels */
    case XHAT_EXTENT_PER_CHANNEL:
        return slice->channels[k];
    case XHAT_EXTENT_SINGLE:
    case XHAT_EXTENT_PER_ROW:
        return k;
    case XHAT_EXTENT_FULL:
        break;
    }
    size_t row = k / axes->inner / axes->channels;
    size_t channel = k / axes->inner % axes->channels;
    return (row * slice->whole->axes.channels + slice->channels[channel]) *
               axes->inner +
           k % axes->inner;
}

/* The part of an array that the slice has, from *room on. */
static const double *gather(const xhat_slice *slice, const double *from,
                            xhat_extent extent, double **room)
{
    const xhat_axes *axes = &slice->c.axes;
    double *to = *room;
    if (from == NULL)
        return NULL;
    *room += xhat_axes_count(axes, extent);
    if (extent != XHAT_EXTENT_FULL) {
        for (size_t k = 0; k < xhat_axes_count(axes, extent); k++)
            to[k] = from[xhat_slice_place(slice, extent, k)];
        return to;
    }
    size_t all = slice->whole->axes.channels;
    for (size_t row = 0, k = 0; row < axes->outer; row++)
        for (size_t j = 0, run; j < axes->channels; j += run) {
            for (run = 1; j + run < axes->channels &&
                          slice->channels[j + run] == slice->channels[j] + run;)
                run++; /* neighbors are copied at once */
            size_t count = run * axes->inner;
            memcpy(&to[k],
                   &from[(row * all + slice->channels[j]) * axes->inner],
                   count * sizeof *to);
            k += count;
        }
    return to;
}

static bool has_place(const xhat_slice *slice, xhat_extent extent)
{
    return (extent != XHAT_EXTENT_SINGLE && extent != XHAT_EXTENT_PER_ROW) ||
           slice->c.axes.channels == slice->whole->axes.channels;
}

/* With room == NULL: only counts.  Returns the numbers it needs. */
static size_t fill(xhat_slice *slice, double *room)
{
    const xhat_case *whole = slice->whole;
    xhat_case *c = &slice->c;
    size_t full = xhat_axes_count(&c->axes, XHAT_EXTENT_FULL);
    size_t needed = 2 * full + 6 * c->axes.channels;
    for (int i = 0; i < whole->claim_count; i++)
        needed += xhat_axes_count(&c->axes, whole->claims[i].extent);
    if (room == NULL)
        return needed;
    c->x = gather(slice, whole->x, XHAT_EXTENT_FULL, &room);
    c->dout = gather(slice, whole->dout, XHAT_EXTENT_FULL, &room);
    c->gamma = gather(slice, whole->gamma, XHAT_EXTENT_PER_CHANNEL, &room);
    c->beta = gather(slice, whole->beta, XHAT_EXTENT_PER_CHANNEL, &room);
    for (int i = 0; i < 2; i++) {
        c->held[i] =
            gather(slice, whole->held[i], XHAT_EXTENT_PER_CHANNEL, &room);
        c->running[i] =
            gather(slice, whole->running[i], XHAT_EXTENT_PER_CHANNEL, &room);
    }
    for (int i = 0; i < whole->claim_count; i++) {
        slice->claims[i] = whole->claims[i];
        slice->claims[i].data = has_place(slice, whole->claims[i].extent)
                                    ? gather(slice, whole->claims[i].data,
                                             whole->claims[i].extent, &room)
                                    : NULL;
    }
    return needed;
}

xhat_status xhat_slice_take(xhat_slice *slice, const xhat_case *whole,
                            const size_t *channels, size_t count,
                            xhat_error *error)
{
    *slice = (xhat_slice){.c = *whole, .whole = whole};
    slice->c.axes =
        xhat_axes_batch(whole->axes.outer, count, whole->axes.inner);
    slice->c.claims = slice->claims;
    slice->c.features =
        whole->features > 0 ? whole->features : whole->axes.channels;
    slice->channels =
        xhat_allocate(whole->allocator, count, sizeof *slice->channels);
    slice->room =
        xhat_allocate(whole->allocator, fill(slice, NULL), sizeof *slice->room);
    if (slice->channels == NULL || slice->room == NULL)
        return xhat_fail(error, XHAT_OUT_OF_MEMORY,
                         "no memory for %zu channels of a case", count);
    memcpy(slice->channels, channels, count * sizeof *channels);
    fill(slice, slice->room);
    return XHAT_OK;
}

void xhat_slice_free(xhat_slice *slice)
{
    if (slice->whole == NULL)
        return;
    xhat_release(slice->whole->allocator, slice->channels);
    xhat_release(slice->whole->allocator, slice->room);
    *slice = (xhat_slice){.whole = NULL};
}
