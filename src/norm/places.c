#include "places.h"

size_t xhat_part_start(const xhat_plan *plan, const xhat_part *part, size_t c)
{
    return (part->first_row * plan->spec.channels + c) * plan->spec.inner +
           part->offset;
}

void *xhat_mask_start(const xhat_plan *plan, const xhat_part *part, size_t c,
                      void *mask)
{
    xhat_dtype dtype = plan->spec.dtype;
    size_t row = part->first_row, channels = plan->spec.channels;
    if (mask == NULL)
        return NULL;
    if (plan->order == XHAT_COLUMNS)
        return (char *)mask + row * xhat_mask_bytes(dtype, channels) +
               xhat_mask_bytes(dtype, c);
    return (char *)mask +
           (row * channels + c) * xhat_mask_bytes(dtype, plan->spec.inner) +
           xhat_mask_bytes(dtype, part->offset);
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
