#include "spread.h"

#include "channel_block.h"

xhat_spread xhat_take_spread(const xhat_plan *plan,
                             const xhat_geometry *geometry, xhat_carver *from)
{
    size_t columns = geometry->block_channels * plan->spec.inner;
    size_t bytes = xhat_block_room(columns) * xhat_dtype_size(plan->spec.dtype);
    xhat_spread spread = {0};
    if (geometry->sums.order == plan->order &&
        geometry->writes.order == plan->order)
        return spread;
    spread.sums = xhat_take_sums(from, columns);
    void **lanes[] = {&spread.lanes.pivot, &spread.lanes.a, &spread.lanes.mean,
                      &spread.lanes.b, &spread.lanes.dmean, &spread.lanes.rest,
                      &spread.lanes.k};
    for (size_t i = 0; i < sizeof lanes / sizeof *lanes; i++)
        *lanes[i] = xhat_carve(from, bytes);
    return spread;
}

static void spread(const xhat_plan *plan, size_t channels, const void *from,
                   void *to)
{
    plan->kernels->spread(channels, plan->spec.inner, from, to);
}

void xhat_spread_for_sums(const xhat_plan *plan, const xhat_lanes *lanes,
                          size_t channels, bool backward, const xhat_spread *to)
{
    spread(plan, channels, lanes->pivot, to->lanes.pivot);
    if (!backward)
        return;
    spread(plan, channels, lanes->mean, to->lanes.mean);
    if (plan->fusion == XHAT_FUSE_NOTHING)
        return;
    spread(plan, channels, lanes->a, to->lanes.a);
    spread(plan, channels, lanes->b, to->lanes.b);
}

void xhat_spread_for_elements(const xhat_plan *plan, const xhat_lanes *lanes,
                              size_t channels, bool backward,
                              const xhat_spread *to)
{
    spread(plan, channels, lanes->a, to->lanes.a);
    spread(plan, channels, lanes->mean, to->lanes.mean);
    if (!backward || plan->fusion != XHAT_FUSE_NOTHING)
        spread(plan, channels, lanes->b, to->lanes.b);
    if (!backward)
        return;
    spread(plan, channels, lanes->dmean, to->lanes.dmean);
    spread(plan, channels, lanes->rest, to->lanes.rest);
    spread(plan, channels, lanes->k, to->lanes.k);
}
