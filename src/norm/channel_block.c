#include "channel_block.h"

#include <stdint.h>
#include <string.h>

#include "base/memory.h"

static size_t size_of(const xhat_plan *plan)
{
    return xhat_dtype_size(plan->spec.dtype);
}

/* Room for `channels` numbers, read and written in whole groups. */
static size_t room(size_t channels)
{
    return channels + XHAT_GROUP_BYTES / sizeof(float);
}

/* ---- the numbers of a block ---------------------------------------------- */

/* Takes the next `bytes` of memory; counts only when there is none yet. */
typedef struct carver {
    char *memory;
    size_t taken;
} carver;

static void *take(carver *from, size_t bytes)
{
    void *here = from->memory == NULL ? NULL : from->memory + from->taken;
    from->taken +=
        (bytes + XHAT_ALIGNMENT - 1) / XHAT_ALIGNMENT * XHAT_ALIGNMENT;
    return here;
}

static xhat_sums take_sums(carver *from, size_t channels)
{
    size_t bytes = room(channels) * sizeof(double);
    double *sum = take(from, bytes), *sum_low = take(from, bytes);
    double *product = take(from, bytes), *product_low = take(from, bytes);
    return (xhat_sums){sum, sum_low, product, product_low};
}

static void take_numbers(const xhat_plan *plan, xhat_block *block,
                         size_t channels, carver *from)
{
    size_t bytes = room(channels) * size_of(plan);
    void **lanes[] = {
        &block->lanes.pivot,     &block->lanes.a,    &block->lanes.mean,
        &block->lanes.mean_low,  &block->lanes.b,    &block->lanes.dmean,
        &block->lanes.dmean_low, &block->lanes.k,    &block->lanes.invstd,
        &block->lanes.dgamma,    &block->lanes.dbeta};
    for (size_t i = 0; i < sizeof lanes / sizeof *lanes; i++)
        *lanes[i] = take(from, bytes);
    block->sums = take_sums(from, channels);
    block->ends.mean = take(from, room(channels) * sizeof(double));
    block->ends.m2 = take(from, room(channels) * sizeof(double));
    block->ends.odd = take(from, room(channels));
    block->written = take(from, room(channels));
}

size_t xhat_block_bytes(const xhat_plan *plan, size_t block_channels)
{
    xhat_block block;
    carver counter = {NULL, 0};
    (void)take(&counter, sizeof block);
    take_numbers(plan, &block, block_channels, &counter);
    return counter.taken;
}

xhat_block *xhat_block_at(const xhat_plan *plan, const xhat_geometry *geometry,
                          size_t index, void *memory)
{
    carver from = {memory, 0};
    xhat_block *block = take(&from, sizeof *block);
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
    carver counter = {NULL, 0};
    (void)take_sums(&counter, block_channels);
    return counter.taken;
}

xhat_sums xhat_sums_at(size_t block_channels, void *memory)
{
    carver from = {memory, 0};
    return take_sums(&from, block_channels);
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

static const void *element(const xhat_plan *plan, const void *array, size_t at)
{
    return array == NULL ? NULL : (const char *)array + at * size_of(plan);
}

static void *output(const xhat_plan *plan, void *array, size_t at)
{
    return array == NULL ? NULL : (char *)array + at * size_of(plan);
}

const void *xhat_block_part(const xhat_plan *plan, const xhat_block *block,
                            const void *array)
{
    return element(plan, array, block->first);
}

void xhat_block_pivot(const xhat_plan *plan, const xhat_block *block,
                      const void *array)
{
    const size_t inner = plan->spec.inner, channels = plan->spec.channels;
    const size_t at[] = {0, plan->count / 2, plan->count - 1};
    const void *values[3];
    for (int i = 0; i < 3; i++)
        values[i] = element(plan, array,
                            (at[i] / inner * channels + block->first) * inner +
                                at[i] % inner);
    plan->kernels->pivot(block->channels, values[0], values[1], values[2],
                         inner, block->lanes.pivot);
}

/* ---- sums ---------------------------------------------------------------- */

/* The lanes from channel number i of the block on. */
static xhat_lanes lanes_from(const xhat_plan *plan, const xhat_lanes *lanes,
                             size_t i)
{
    return (xhat_lanes){.pivot = output(plan, lanes->pivot, i),
                        .a = output(plan, lanes->a, i),
                        .mean = output(plan, lanes->mean, i),
                        .mean_low = output(plan, lanes->mean_low, i),
                        .b = output(plan, lanes->b, i),
                        .dmean = output(plan, lanes->dmean, i),
                        .dmean_low = output(plan, lanes->dmean_low, i),
                        .k = output(plan, lanes->k, i)};
}

/* Where channel c of a part begins, and its mask. */
static size_t part_start(const xhat_plan *plan, const xhat_part *part, size_t c)
{
    return (part->first_row * plan->spec.channels + c) * plan->spec.inner +
           part->offset;
}

static void *mask_start(const xhat_plan *plan, const xhat_part *part, size_t c,
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

void xhat_block_sums(const xhat_plan *plan, const xhat_geometry *geometry,
                     const xhat_block *block, size_t part_index,
                     const xhat_arrays *arrays, xhat_sum_kernel *kernel,
                     const xhat_sums *to)
{
    const xhat_part part =
        xhat_part_at(&plan->spec, &geometry->sums, part_index);
    const bool columns = plan->order == XHAT_COLUMNS;
    const size_t channels = plan->spec.channels;
    size_t each = columns ? block->channels : 1; /* channels a panel */
    xhat_panel panel = {
        .rows = part.rows,
        .length = columns ? block->channels : part.length,
        .stride = columns ? channels : channels * plan->spec.inner,
        .mask_stride = columns ? xhat_mask_bytes(plan->spec.dtype, channels)
                               : channels * xhat_mask_bytes(plan->spec.dtype,
                                                            plan->spec.inner),
        .strip = geometry->sums.strip,
        .ahead = geometry->sums.ahead};
    for (double *const *s = (double *const[]){to->sum, to->sum_low, to->product,
                                              to->product_low, NULL};
         *s != NULL; s++)
        memset(*s, 0, room(block->channels) * sizeof **s);
    for (size_t i = 0; i < block->channels; i += each) {
        size_t c = block->first + i, at = part_start(plan, &part, c);
        xhat_lanes lanes = lanes_from(plan, &block->lanes, i);
        xhat_sums sums = {to->sum + i, to->sum_low + i, to->product + i,
                          to->product_low + i};
        panel.x = element(plan, arrays->x, at);
        panel.dout = element(plan, arrays->dout, at);
        panel.mask = mask_start(plan, &part, c, arrays->mask);
        kernel(&panel, &lanes, &sums);
    }
}

static void merge(size_t channels, double *restrict high, double *restrict low,
                  const double *restrict part, const double *restrict part_low)
{
    for (size_t i = 0; i < channels; i++) {
        double old = high[i], sum = old + part[i], added = sum - old;
        high[i] = sum; /* two-sum */
        low[i] += ((old - (sum - added)) + (part[i] - added)) + part_low[i];
    }
}

void xhat_block_merge(const xhat_block *block, const xhat_sums *to,
                      const xhat_sums *part)
{
    merge(block->channels, to->sum, to->sum_low, part->sum, part->sum_low);
    merge(block->channels, to->product, to->product_low, part->product,
          part->product_low);
}

/* ---- elements ------------------------------------------------------------ */

size_t xhat_stage_bytes(const xhat_plan *plan)
{
    return 2 * XHAT_STAGE_ELEMENTS * size_of(plan);
}

/* The rows `first` .. of a panel, `rows` of them, from element `from` on. */
static xhat_panel cut(const xhat_plan *plan, const xhat_panel *panel,
                      size_t first, size_t rows, size_t from, size_t length)
{
    xhat_panel piece = *panel;
    size_t at = first * panel->stride + from;
    size_t out_at = first * panel->out_stride + from;
    size_t mask_at =
        first * panel->mask_stride + xhat_mask_bytes(plan->spec.dtype, from);
    piece.rows = rows;
    piece.length = length;
    piece.x = element(plan, panel->x, at);
    piece.dout = element(plan, panel->dout, at);
    piece.residual = element(plan, panel->residual, at);
    piece.out = output(plan, panel->out, out_at);
    piece.dresidual = output(plan, panel->dresidual, out_at);
    piece.mask = panel->mask == NULL ? NULL : (char *)panel->mask + mask_at;
    return piece;
}

/* Through the stage, which the caches hold, and from there past them. */
static void write_staged(const xhat_plan *plan, const xhat_panel *panel,
                         const xhat_lanes *lanes, xhat_map_kernel *kernel,
                         char *stage)
{
    xhat_panel piece = *panel;
    size_t bytes = panel->rows * panel->length * size_of(plan);
    char *second = stage + XHAT_STAGE_ELEMENTS * size_of(plan);
    piece.out = stage;
    piece.dresidual = second;
    piece.out_stride = panel->length;
    kernel(&piece, lanes);
    plan->kernels->stream(panel->out, stage, bytes);
    if (panel->dresidual != NULL)
        plan->kernels->stream(panel->dresidual, second, bytes);
}

static bool whole_lines(const xhat_plan *plan, const xhat_panel *panel)
{
    size_t stride = panel->rows == 1 ? 0 : panel->out_stride * size_of(plan);
    return (uintptr_t)panel->out % XHAT_LINE == 0 &&
           (uintptr_t)panel->dresidual % XHAT_LINE == 0 &&
           stride % XHAT_LINE == 0 &&
           panel->length * size_of(plan) % XHAT_LINE == 0;
}

/* Runs of which the kernel puts together the lines that two of them share; a
 * mask's places would not move with those of the lines. */
static bool any_runs(const xhat_plan *plan, const xhat_panel *panel)
{
    return plan->order == XHAT_RUNS && panel->mask == NULL &&
           panel->dresidual == NULL &&
           (uintptr_t)panel->out % size_of(plan) == 0;
}

/* Rows that end inside a line, or start there: as many together as the stage
 * holds, if they follow each other in memory. */
static void write_short_rows(const xhat_plan *plan, const xhat_panel *panel,
                             const xhat_lanes *lanes, xhat_map_kernel *kernel,
                             void *stage)
{
    size_t length = panel->length, together = 1;
    if (panel->out_stride == length && length <= XHAT_STAGE_ELEMENTS)
        together = XHAT_STAGE_ELEMENTS / length;
    for (size_t row = 0; row < panel->rows; row += together) {
        size_t rows =
            panel->rows - row < together ? panel->rows - row : together;
        xhat_lanes here =
            plan->order == XHAT_RUNS ? lanes_from(plan, lanes, row) : *lanes;
        for (size_t i = 0; i < length; i += XHAT_STAGE_ELEMENTS) {
            size_t some = length - i < XHAT_STAGE_ELEMENTS
                              ? length - i
                              : XHAT_STAGE_ELEMENTS;
            xhat_panel piece = cut(plan, panel, row, rows, i, some);
            write_staged(plan, &piece, &here, kernel, stage);
        }
    }
}

/* A panel, past the caches: only whole lines can go there. */
static void write_stream(const xhat_plan *plan, const xhat_panel *panel,
                         const xhat_lanes *lanes, xhat_map_kernel *kernel,
                         void *stage)
{
    xhat_panel here = *panel;
    here.stream = true;
    if (whole_lines(plan, panel) ||
        (any_runs(plan, panel) && panel->out_stride == panel->length)) {
        kernel(&here, lanes);
    } else if (any_runs(plan, panel)) { /* parts of runs: one by one */
        for (size_t row = 0; row < panel->rows; row++) {
            xhat_panel run = cut(plan, &here, row, 1, 0, panel->length);
            xhat_lanes lane = lanes_from(plan, lanes, row);
            kernel(&run, &lane);
        }
    } else {
        write_short_rows(plan, panel, lanes, kernel, stage);
    }
}

/* Channels i .. end of the block, in one part. */
static void write_channels(const xhat_plan *plan, const xhat_geometry *geometry,
                           const xhat_block *block, const xhat_part *part,
                           size_t i, size_t end, const xhat_arrays *arrays,
                           xhat_map_kernel *kernel, void *stage)
{
    const bool columns = plan->order == XHAT_COLUMNS;
    const xhat_lanes lanes = lanes_from(plan, &block->lanes, i);
    size_t c = block->first + i, inner = plan->spec.inner;
    size_t images = columns ? 1 : part->rows;
    xhat_panel panel = {
        .rows = columns ? part->rows : end - i,
        .length = columns ? end - i : part->length,
        .stride = columns ? plan->spec.channels : inner,
        .out_stride = columns ? plan->spec.channels : inner,
        .mask_stride = xhat_mask_bytes(plan->spec.dtype,
                                       columns ? plan->spec.channels : inner),
        .strip = geometry->writes.strip,
        .ahead = geometry->writes.ahead};
    for (size_t image = 0; image < images; image++) {
        xhat_part here = *part;
        here.first_row += image;
        size_t at = part_start(plan, &here, c);
        panel.x = element(plan, arrays->x, at);
        panel.dout = element(plan, arrays->dout, at);
        panel.residual = element(plan, arrays->residual, at);
        panel.out = output(plan, arrays->out, at);
        panel.dresidual = output(plan, arrays->dresidual, at);
        panel.mask = mask_start(plan, &here, c, arrays->mask);
        if (geometry->stream)
            write_stream(plan, &panel, &lanes, kernel, stage);
        else
            kernel(&panel, &lanes);
    }
}

void xhat_block_write(const xhat_plan *plan, const xhat_geometry *geometry,
                      const xhat_block *block, size_t part_index,
                      const xhat_arrays *arrays, xhat_map_kernel *kernel,
                      void *stage)
{
    const xhat_part part =
        xhat_part_at(&plan->spec, &geometry->writes, part_index);
    for (size_t i = 0; i < block->channels;) {
        size_t end = block->any_written ? i : block->channels;
        while (end < block->channels && !block->written[end])
            end++;
        if (end > i)
            write_channels(plan, geometry, block, &part, i, end, arrays, kernel,
                           stage);
        i = end + 1;
    }
}
