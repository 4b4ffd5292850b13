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

/* Lanes as a list: where some are, and where their columns go. */
typedef struct pairs {
    const void *from[6];
    void *to[6];
    size_t count;
} pairs;

static void add(pairs *list, const void *from, void *to)
{
    list->from[list->count] = from;
    list->to[list->count++] = to;
}

static void spread(const xhat_plan *plan, size_t channels, const pairs *list)
{
    plan->kernels->spread(channels, plan->spec.inner, list->count, list->from,
                          list->to);
}

void xhat_spread_for_sums(const xhat_plan *plan, const xhat_lanes *lanes,
                          size_t channels, bool backward, const xhat_spread *to)
{
    pairs list = {.count = 0};
    add(&list, lanes->pivot, to->lanes.pivot);
    if (backward)
        add(&list, lanes->mean, to->lanes.mean);
    if (backward && plan->fusion != XHAT_FUSE_NOTHING) {
        add(&list, lanes->a, to->lanes.a);
        add(&list, lanes->b, to->lanes.b);
    }
    spread(plan, channels, &list);
}

void xhat_spread_for_elements(const xhat_plan *plan, const xhat_lanes *lanes,
                              size_t channels, bool backward,
                              const xhat_spread *to)
{
    pairs list = {.count = 0};
    add(&list, lanes->a, to->lanes.a);
    add(&list, lanes->mean, to->lanes.mean);
    if (!backward || plan->fusion != XHAT_FUSE_NOTHING)
        add(&list, lanes->b, to->lanes.b);
    if (backward) {
        add(&list, lanes->dmean, to->lanes.dmean);
        add(&list, lanes->rest, to->lanes.rest);
        add(&list, lanes->k, to->lanes.k);
    }
    spread(plan, channels, &list);
}
