/* The sums of a block: the first pass over the arrays. */
#include "channel_block.h"

/* Rows of `length` elements from channel c on. */
static xhat_panel panel_at(const xhat_plan *plan, const xhat_walk *walk,
                           const xhat_part *part, size_t c, size_t length,
                           const xhat_arrays *arrays)
{
    size_t at = xhat_part_start(plan, part, c);
    return (xhat_panel){.rows = part->rows,
                        .length = length,
                        .stride = xhat_row_stride(plan),
                        .mask_stride = xhat_mask_stride(plan),
                        .strip = walk->strip,
                        .ahead = walk->ahead,
                        .x = xhat_input_at(plan, arrays->x, at),
                        .dout = xhat_input_at(plan, arrays->dout, at),
                        .mask = xhat_mask_start(plan, part, c, arrays->mask)};
}

static void sum_spread(const xhat_plan *plan, const xhat_block *block,
                       const xhat_panel *panel, xhat_sum_kernel *kernel,
                       const xhat_sums *to, const xhat_spread *spread)
{
    xhat_spread_for_sums(plan, &block->lanes, block->channels,
                         panel->dout != NULL, spread);
    kernel(panel, &spread->lanes, &spread->sums);
    plan->kernels->fold(block->channels, plan->spec.inner, &spread->sums, to);
}

void xhat_block_sums(const xhat_plan *plan, const xhat_geometry *geometry,
                     const xhat_block *block, size_t part_index,
                     const xhat_arrays *arrays, xhat_sum_kernel *kernel,
                     const xhat_sums *to, const xhat_workspace *workspace)
{
    const xhat_walk *walk = &geometry->sums;
    const xhat_part part = xhat_part_at(&plan->spec, walk, part_index);
    const size_t columns = block->channels * plan->spec.inner;
    if (walk->order == XHAT_COLUMNS) {
        xhat_panel panel =
            panel_at(plan, walk, &part, block->first, columns, arrays);
        panel.as_one = xhat_rows_as_one(&plan->spec, panel.rows);
        if (plan->order == XHAT_COLUMNS)
            kernel(&panel, &block->lanes, to);
        else
            sum_spread(plan, block, &panel, kernel, to, &workspace->spread);
        return;
    }
    /* all runs of a row, or one channel's, where they are longer than a part */
    const size_t most = part.length == plan->spec.inner ? block->channels : 1;
    for (size_t i = 0; i < block->channels; i += most) {
        xhat_panel panel =
            panel_at(plan, walk, &part, block->first + i, part.length, arrays);
        panel.runs = most;
        xhat_lanes lanes = xhat_lanes_from(plan, &block->lanes, i);
        xhat_sums sums = xhat_sums_from(to, i);
        kernel(&panel, &lanes, &sums);
    }
}
