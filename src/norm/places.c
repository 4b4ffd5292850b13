#include "places.h"

size_t xhat_part_start(const xhat_plan *plan, const xhat_part *part, size_t c)
{
    return (part->first_row * plan->spec.channels + c) * plan->spec.inner +
           part->offset;
}

/* Channels whose bits lie together have whole groups of lanes for them. */
static size_t tile_bytes(const xhat_plan *plan)
{
    return xhat_mask_bytes(plan->spec.dtype,
                           plan->mask_channels * plan->spec.inner);
}

size_t xhat_mask_stride(const xhat_plan *plan)
{
    const size_t channels = plan->spec.channels, each = plan->mask_channels;
    return (channels / each + (channels % each != 0)) * tile_bytes(plan);
}

xhat_mask_place xhat_mask_place_of(const xhat_plan *plan, size_t row, size_t c,
                                   size_t offset)
{
    const size_t tile = c / plan->mask_channels;
    const size_t lane = c % plan->mask_channels * plan->spec.inner + offset;
    return (xhat_mask_place){.byte = row * xhat_mask_stride(plan) +
                                     tile * tile_bytes(plan) + lane / 8,
                             .bit = lane % 8};
}

void *xhat_mask_start(const xhat_plan *plan, const xhat_part *part, size_t c,
                      void *mask)
{
    return mask == NULL
               ? NULL
               : (char *)mask +
                     xhat_mask_place_of(plan, part->first_row, c, part->offset)
                         .byte;
}

xhat_lanes xhat_lanes_from(const xhat_plan *plan, const xhat_lanes *lanes,
                           size_t i)
{
    return (xhat_lanes){.pivot = xhat_output_at(plan, lanes->pivot, i),
                        .a = xhat_output_at(plan, lanes->a, i),
                        .mean = xhat_output_at(plan, lanes->mean, i),
                        .b = xhat_output_at(plan, lanes->b, i),
                        .dmean = xhat_output_at(plan, lanes->dmean, i),
                        .rest = xhat_output_at(plan, lanes->rest, i),
                        .k = xhat_output_at(plan, lanes->k, i)};
}

xhat_sums xhat_sums_from(const xhat_sums *sums, size_t i)
{
    return (xhat_sums){sums->sum + i, sums->sum_low + i, sums->product + i,
                       sums->product_low + i};
}
