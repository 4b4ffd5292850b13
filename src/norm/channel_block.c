#include "channel_block.h"

#include <string.h>

static size_t size_of(const xhat_plan *plan)
{
    return xhat_dtype_size(plan->spec.dtype);
}

size_t xhat_block_room(size_t channels)
{
    return channels + XHAT_GROUP_BYTES / sizeof(float);
}

/* ---- the numbers of a block ---------------------------------------------- */

xhat_sums xhat_take_sums(xhat_carver *from, size_t channels)
{
    size_t bytes = xhat_block_room(channels) * sizeof(double);
    double *sum = xhat_carve(from, bytes), *sum_low = xhat_carve(from, bytes);
    double *product = xhat_carve(from, bytes),
           *product_low = xhat_carve(from, bytes);
    return (xhat_sums){sum, sum_low, product, product_low};
}

static void take_numbers(const xhat_plan *plan, xhat_block *block,
                         size_t channels, xhat_carver *from)
{
    size_t bytes = xhat_block_room(channels) * size_of(plan);
    void **lanes[] = {
        &block->lanes.pivot,     &block->lanes.a,    &block->lanes.mean,
        &block->lanes.mean_low,  &block->lanes.b,    &block->lanes.dmean,
        &block->lanes.rest,      &block->lanes.k,    &block->lanes.invstd,
        &block->lanes.dgamma,    &block->lanes.dbeta};
    for (size_t i = 0; i < sizeof lanes / sizeof *lanes; i++)
        *lanes[i] = xhat_carve(from, bytes);
    block->sums = xhat_take_sums(from, channels);
    block->ends.mean =
        xhat_carve(from, xhat_block_room(channels) * sizeof(double));
    block->ends.m2 =
        xhat_carve(from, xhat_block_room(channels) * sizeof(double));
    block->ends.odd = xhat_carve(from, xhat_block_room(channels));
    block->written = xhat_carve(from, xhat_block_room(channels));
}

size_t xhat_block_bytes(const xhat_plan *plan, size_t block_channels)
{
    xhat_block block;
    xhat_carver counter = {NULL, 0};
    (void)xhat_carve(&counter, sizeof block);
    take_numbers(plan, &block, block_channels, &counter);
    return counter.taken;
}

xhat_block *xhat_block_at(const xhat_plan *plan, const xhat_geometry *geometry,
                          size_t index, void *memory)
{
    xhat_carver from = {memory, 0};
    xhat_block *block = xhat_carve(&from, sizeof *block);
    *block = (xhat_block){.first = index * geometry->block_channels};
    take_numbers(plan, block, geometry->block_channels, &from);
    block->channels = plan->spec.channels - block->first;
    if (block->channels > geometry->block_channels)
        block->channels = geometry->block_channels;
    block->ends.channels = block->channels;
    block->ends.count = (double)plan->count;
    block->ends.eps = plan->spec.eps;
    return block;
}

size_t xhat_sums_bytes(size_t block_channels)
{
    xhat_carver counter = {NULL, 0};
    (void)xhat_take_sums(&counter, block_channels);
    return counter.taken;
}

xhat_sums xhat_sums_at(size_t block_channels, void *memory)
{
    xhat_carver from = {memory, 0};
    return xhat_take_sums(&from, block_channels);
}

void xhat_block_load(const xhat_plan *plan, const xhat_block *block, void *lane,
                     const void *array, double instead)
{
    size_t size = size_of(plan);
    if (array != NULL)
        memcpy(lane, (const char *)array + block->first * size,
               block->channels * size);
    else
        for (size_t i = 0; i < block->channels; i++)
            xhat_put(plan->spec.dtype, lane, i, instead);
}

void xhat_block_save(const xhat_plan *plan, const xhat_block *block,
                     void *array, const void *lane)
{
    size_t size = size_of(plan);
    if (array != NULL)
        memcpy((char *)array + block->first * size, lane,
               block->channels * size);
}

void xhat_block_set_written(xhat_block *block, size_t c)
{
    if (!block->any_written)
        memset(block->written, 0, block->channels);
    block->any_written = true;
    block->written[c - block->first] = 1;
}

const void *xhat_block_part(const xhat_plan *plan, const xhat_block *block,
                            const void *array)
{
    return xhat_input_at(plan, array, block->first);
}

void xhat_block_pivot(const xhat_plan *plan, const xhat_block *block,
                      const void *array)
{
    const size_t inner = plan->spec.inner, channels = plan->spec.channels;
    const size_t at[] = {0, plan->count / 2, plan->count - 1};
    const void *values[3];
    for (int i = 0; i < 3; i++)
        values[i] = xhat_input_at(
            plan, array,
            (at[i] / inner * channels + block->first) * inner + at[i] % inner);
    plan->kernels->pivot(block->channels, values[0], values[1], values[2],
                         inner, block->lanes.pivot);
}

static xhat_workspace take_workspace(const xhat_plan *plan,
                                     const xhat_geometry *geometry,
                                     xhat_carver *from)
{
    void *stage = xhat_carve(from, 2 * XHAT_STAGE_ELEMENTS * size_of(plan));
    return (xhat_workspace){stage, xhat_take_spread(plan, geometry, from)};
}

size_t xhat_workspace_bytes(const xhat_plan *plan,
                            const xhat_geometry *geometry)
{
    xhat_carver counter = {NULL, 0};
    (void)take_workspace(plan, geometry, &counter);
    return counter.taken;
}

xhat_workspace xhat_workspace_at(const xhat_plan *plan,
                                 const xhat_geometry *geometry, void *memory)
{
    xhat_carver from = {memory, 0};
    return take_workspace(plan, geometry, &from);
}
