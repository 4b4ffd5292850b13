/* The elements of a block: the last pass over the arrays. */
#include "channel_block.h"

/* How panels are written. */
typedef struct writer {
    const xhat_plan *plan;
    xhat_order order;
    xhat_map_kernel *kernel;
    bool stream;
    char *stage;
} writer;

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t size_of(const xhat_plan *plan)
{
    return xhat_dtype_size(plan->spec.dtype);
}

/* What begins with element `from` of run c in a row of a panel, `length` of
 * each run; the caller says how many rows or runs, and has their lanes. */
static xhat_panel cut(const xhat_plan *plan, const xhat_panel *panel,
                      size_t row, size_t c, size_t from, size_t length)
{
    xhat_panel piece = *panel;
    size_t at = row * panel->stride + c * panel->length + from;
    size_t out_at = row * panel->out_stride + c * panel->length + from;
    size_t mask_at = row * panel->mask_stride +
                     c * xhat_mask_bytes(plan->spec.dtype, panel->length) +
                     xhat_mask_bytes(plan->spec.dtype, from);
    piece.length = length;
    piece.x = xhat_input_at(plan, panel->x, at);
    piece.dout = xhat_input_at(plan, panel->dout, at);
    piece.residual = xhat_input_at(plan, panel->residual, at);
    piece.out = xhat_output_at(plan, panel->out, out_at);
    piece.dresidual = xhat_output_at(plan, panel->dresidual, out_at);
    piece.mask = panel->mask == NULL ? NULL : (char *)panel->mask + mask_at;
    return piece;
}

/* Through the stage, which the caches hold, and from there past them: rows, or
 * runs, that follow each other. */
static void write_staged(const writer *w, const xhat_panel *panel,
                         const xhat_lanes *lanes)
{
    xhat_panel piece = *panel;
    size_t bytes = panel->rows * panel->runs * panel->length * size_of(w->plan);
    char *second = w->stage + XHAT_STAGE_ELEMENTS * size_of(w->plan);
    piece.stream = false;
    piece.as_one = 1;
    piece.out = w->stage;
    piece.dresidual = second;
    piece.out_stride = panel->length;
    w->kernel(&piece, lanes);
    w->plan->kernels->stream(panel->out, w->stage, bytes);
    if (panel->dresidual != NULL)
        w->plan->kernels->stream(panel->dresidual, second, bytes);
}

/* Does the kernel see to the lines that two rows share, or two runs of a row?
 * Not with a mask, whose places would not move with those of the lines; and
 * what that costs a row must be little beside the row, or many rows are one. */
static bool any_lines(const writer *w, const xhat_panel *panel)
{
    if (panel->mask != NULL || panel->dresidual != NULL)
        return false;
    return w->order == XHAT_RUNS ||
           panel->length * size_of(w->plan) > XHAT_SHORT_ROW ||
           (panel->as_one > 1 && (uintptr_t)panel->out % XHAT_LINE == 0);
}

/* Rows that end inside a line, or start there: as many together as the stage
 * holds, if they follow each other in memory. */
static void write_short_rows(const writer *w, const xhat_panel *panel,
                             const xhat_lanes *lanes)
{
    _Static_assert((int)XHAT_PANEL_COLUMNS <= (int)XHAT_STAGE_ELEMENTS,
                   "a row fits the stage");
    const size_t length = panel->length;
    const size_t together =
        panel->out_stride == length ? XHAT_STAGE_ELEMENTS / length : 1;
    for (size_t row = 0; row < panel->rows; row += together) {
        xhat_panel piece = cut(w->plan, panel, row, 0, 0, length);
        piece.rows = smaller(panel->rows - row, together);
        write_staged(w, &piece, lanes);
    }
}

/* The same for runs, those of a row. */
static void write_short_runs(const writer *w, const xhat_panel *panel,
                             const xhat_lanes *lanes)
{
    const size_t length = panel->length;
    const size_t together =
        length <= XHAT_STAGE_ELEMENTS ? XHAT_STAGE_ELEMENTS / length : 1;
    for (size_t row = 0; row < panel->rows; row++)
        for (size_t c = 0; c < panel->runs; c += together)
            for (size_t i = 0; i < length; i += XHAT_STAGE_ELEMENTS) {
                xhat_panel piece =
                    cut(w->plan, panel, row, c, i,
                        smaller(length - i, XHAT_STAGE_ELEMENTS));
                xhat_lanes here = xhat_lanes_from(w->plan, lanes, c);
                piece.rows = 1;
                piece.runs = smaller(panel->runs - c, together);
                write_staged(w, &piece, &here);
            }
}

/* A panel; past the caches only whole lines can go. */
static void write_panel(const writer *w, const xhat_panel *panel,
                        const xhat_lanes *lanes)
{
    if (!w->stream || xhat_in_whole_lines(panel, size_of(w->plan)) ||
        any_lines(w, panel))
        w->kernel(panel, lanes);
    else if (w->order == XHAT_RUNS)
        write_short_runs(w, panel, lanes);
    else
        write_short_rows(w, panel, lanes);
}

/* What begins at channel c of a part; the caller says how far it goes. */
static xhat_panel panel_at(const xhat_plan *plan, const xhat_geometry *geometry,
                           const xhat_part *part, size_t c,
                           const xhat_arrays *arrays)
{
    const size_t at = xhat_part_start(plan, part, c);
    return (xhat_panel){.rows = part->rows,
                        .runs = 1,
                        .stride = xhat_row_stride(plan),
                        .out_stride = xhat_row_stride(plan),
                        .mask_stride = xhat_mask_stride(plan),
                        .strip = geometry->writes.strip,
                        .ahead = geometry->writes.ahead,
                        .stream = geometry->stream,
                        .x = xhat_input_at(plan, arrays->x, at),
                        .dout = xhat_input_at(plan, arrays->dout, at),
                        .residual = xhat_input_at(plan, arrays->residual, at),
                        .out = xhat_output_at(plan, arrays->out, at),
                        .dresidual =
                            xhat_output_at(plan, arrays->dresidual, at),
                        .mask = xhat_mask_start(plan, part, c, arrays->mask)};
}

/* Channels i .. end of the block as columns: one each, or the elements of their
 * short runs. */
static void write_columns(const writer *w, const xhat_geometry *geometry,
                          const xhat_block *block, const xhat_part *part,
                          size_t i, size_t end, const xhat_arrays *arrays,
                          const xhat_spread *spread)
{
    const xhat_spec *spec = &w->plan->spec;
    xhat_lanes lanes = xhat_lanes_from(w->plan, &block->lanes, i);
    xhat_panel panel =
        panel_at(w->plan, geometry, part, block->first + i, arrays);
    panel.length = (end - i) * spec->inner;
    if (panel.mask == NULL && end - i == spec->channels)
        panel.as_one = xhat_rows_as_one(spec, panel.rows);
    if (w->plan->order == XHAT_RUNS) {
        xhat_spread_for_elements(w->plan, &lanes, end - i, arrays->dout != NULL,
                                 spread);
        lanes = spread->lanes;
    }
    write_panel(w, &panel, &lanes);
}

/* Channels i .. end of the block as runs: those of an image are a row; of runs
 * longer than a part, one channel's. */
static void write_runs(const writer *w, const xhat_geometry *geometry,
                       const xhat_block *block, const xhat_part *part, size_t i,
                       size_t end, const xhat_arrays *arrays)
{
    const size_t most = part->length == w->plan->spec.inner ? end - i : 1;
    for (; i < end; i += most) {
        xhat_lanes lanes = xhat_lanes_from(w->plan, &block->lanes, i);
        xhat_panel panel =
            panel_at(w->plan, geometry, part, block->first + i, arrays);
        panel.runs = most;
        panel.length = part->length;
        write_panel(w, &panel, &lanes);
    }
}

void xhat_block_write(const xhat_plan *plan, const xhat_geometry *geometry,
                      const xhat_block *block, size_t part_index,
                      const xhat_arrays *arrays, xhat_map_kernel *kernel,
                      const xhat_workspace *workspace)
{
    const xhat_part part =
        xhat_part_at(&plan->spec, &geometry->writes, part_index);
    const writer w = {.plan = plan,
                      .order = geometry->writes.order,
                      .kernel = kernel,
                      .stream = geometry->stream,
                      .stage = workspace->stage};
    for (size_t i = 0; i < block->channels;) {
        size_t end = block->any_written ? i : block->channels;
        while (end < block->channels && !block->written[end])
            end++;
        if (end > i && w.order == XHAT_COLUMNS)
            write_columns(&w, geometry, block, &part, i, end, arrays,
                          &workspace->spread);
        else if (end > i)
            write_runs(&w, geometry, block, &part, i, end, arrays);
        i = end + 1;
    }
}
