#include "channel_block.h"

#include <stdint.h>
#include <string.h>

#ifdef _OPENMP
#include <omp.h>
#endif

#include "base/memory.h"

static size_t block_channels(const xhat_spec *spec)
{
    return spec->inner == 1 ? XHAT_BLOCK_CHANNELS : 1;
}

size_t xhat_block_count(const xhat_spec *spec)
{
    size_t each = block_channels(spec);
    return spec->channels / each + (spec->channels % each != 0);
}

void xhat_block_at(const xhat_plan *plan, size_t index, xhat_block *block)
{
    size_t each = block_channels(&plan->spec);
    block->first = index * each;
    block->end = plan->spec.channels - block->first < each
                     ? plan->spec.channels
                     : block->first + each;
    memset(block->extreme, 0, sizeof block->extreme);
}

void xhat_for_each_block(const xhat_plan *plan, void *scratch,
                         void (*work)(const xhat_plan *plan, const void *args,
                                      xhat_block *block),
                         const void *args)
{
    uintptr_t address = (uintptr_t)scratch + XHAT_ALIGNMENT - 1;
    xhat_block *blocks =
        (xhat_block *)(address / XHAT_ALIGNMENT * XHAT_ALIGNMENT);
    ptrdiff_t count = (ptrdiff_t)xhat_block_count(&plan->spec);
#ifdef _OPENMP
    if (plan->threads > 1) {
#pragma omp parallel for schedule(static) num_threads(plan->threads)
        for (ptrdiff_t i = 0; i < count; i++) {
            xhat_block *mine = &blocks[omp_get_thread_num()];
            xhat_block_at(plan, (size_t)i, mine);
            work(plan, args, mine);
        }
        return;
    }
#endif
    for (ptrdiff_t i = 0; i < count; i++) {
        xhat_block_at(plan, (size_t)i, &blocks[0]);
        work(plan, args, &blocks[0]);
    }
}

/* ---- tiles --------------------------------------------------------------- */

/* What to do with a tile that starts at element `at`; its lane 0 has parameter
 * number `parameter`. */
typedef void tile_work(xhat_tile tile, size_t at, size_t parameter,
                       void *context);

/* channels along the lanes: row chunks, in each groups of channels */
static void walk_rows(const xhat_plan *plan, size_t first, size_t end,
                      size_t block_first, tile_work *work, void *context)
{
    size_t channels = plan->spec.channels, rows = plan->spec.outer;
    for (size_t row = 0; row < rows; row += XHAT_STEPS) {
        size_t steps = rows - row < XHAT_STEPS ? rows - row : XHAT_STEPS;
        for (size_t c = first; c < end; c += XHAT_LANES) {
            size_t lanes = end - c < XHAT_LANES ? end - c : XHAT_LANES;
            work((xhat_tile){steps, channels, lanes}, row * channels + c,
                 c - block_first, context);
        }
    }
}

/* one channel as runs: each in chunks of whole groups, then what is left */
static void walk_runs(const xhat_plan *plan, size_t channel, tile_work *work,
                      void *context)
{
    enum { CHUNK = XHAT_LANES * XHAT_STEPS };
    size_t inner = plan->spec.inner, channels = plan->spec.channels;
    size_t whole = inner / XHAT_LANES * XHAT_LANES;
    for (size_t o = 0; o < plan->spec.outer; o++) {
        size_t start = (o * channels + channel) * inner;
        for (size_t i = 0; i < whole; i += CHUNK) {
            size_t elements = whole - i < CHUNK ? whole - i : CHUNK;
            work((xhat_tile){elements / XHAT_LANES, XHAT_LANES, XHAT_LANES},
                 start + i, 0, context);
        }
        if (whole < inner)
            work((xhat_tile){1, 0, inner - whole}, start + whole, 0, context);
    }
}

static const char *element(const xhat_plan *plan, const void *array, size_t at)
{
    return (const char *)array + at * xhat_dtype_size(plan->spec.dtype);
}

/* ---- sums ---------------------------------------------------------------- */

typedef struct sums {
    const xhat_plan *plan;
    const void *x, *dout;
    const double *pivot, *mean, *mean_low; /* by parameter number */
    xhat_sum_lanes to;                     /* the same */
} sums;

static xhat_sum_lanes lanes_at(const xhat_sum_lanes *lanes, size_t parameter)
{
    return (xhat_sum_lanes){lanes->sum + parameter, lanes->sum_low + parameter,
                            lanes->product + parameter,
                            lanes->product_low + parameter};
}

static void moments_tile(xhat_tile tile, size_t at, size_t parameter,
                         void *context)
{
    sums *s = context;
    xhat_sum_lanes to = lanes_at(&s->to, parameter);
    s->plan->kernels->moments(tile, element(s->plan, s->x, at),
                              s->pivot + parameter, &to);
}

static void grad_sums_tile(xhat_tile tile, size_t at, size_t parameter,
                           void *context)
{
    sums *s = context;
    xhat_sum_lanes to = lanes_at(&s->to, parameter);
    s->plan->kernels->grad_sums(tile, element(s->plan, s->x, at),
                                element(s->plan, s->dout, at),
                                s->pivot + parameter, s->mean + parameter,
                                s->mean_low + parameter, &to);
}

/* The lanes of a run as one number, in a fixed order: *high + *low. */
static void add_lanes(const double *sum, const double *sum_low, double *high,
                      double *low)
{
    *high = *low = 0;
    for (int i = 0; i < XHAT_LANES; i++) {
        double old = *high, part;
        *high = old + sum[i]; /* two-sum */
        part = *high - old;
        *low += ((old - (*high - part)) + (sum[i] - part)) + sum_low[i];
    }
}

static void fill(double *lanes, double value)
{
    for (int i = 0; i < XHAT_LANES; i++)
        lanes[i] = value;
}

/* Channels along the lanes: parameters and sums are the block's own arrays. */
static void row_sums(sums *s, xhat_block *block, size_t first, size_t end,
                     tile_work *work)
{
    double *to[] = {block->sum, block->sum_low, block->product,
                    block->product_low};
    for (int i = 0; i < 4; i++)
        memset(to[i] + (first - block->first), 0,
               (end - first) * sizeof *to[i]);
    s->pivot = block->pivot;
    s->mean = block->mean;
    s->mean_low = block->mean_low;
    s->to = (xhat_sum_lanes){to[0], to[1], to[2], to[3]};
    walk_rows(s->plan, first, end, block->first, work, s);
}

/* A channel as a run: every lane has the channel's parameters and sums of its
 * own, which are added up at the end. */
static void run_sums(sums *s, xhat_block *block, tile_work *work)
{
    double pivot[XHAT_LANES], mean[XHAT_LANES], mean_low[XHAT_LANES];
    double to[4][XHAT_LANES] = {{0}};
    fill(pivot, block->pivot[0]);
    fill(mean, block->mean[0]);
    fill(mean_low, block->mean_low[0]);
    s->pivot = pivot;
    s->mean = mean;
    s->mean_low = mean_low;
    s->to = (xhat_sum_lanes){to[0], to[1], to[2], to[3]};
    walk_runs(s->plan, block->first, work, s);
    add_lanes(to[0], to[1], &block->sum[0], &block->sum_low[0]);
    add_lanes(to[2], to[3], &block->product[0], &block->product_low[0]);
}

static void block_sums(sums *s, xhat_block *block, size_t first, size_t end,
                       tile_work *work)
{
    if (s->plan->spec.inner == 1)
        row_sums(s, block, first, end, work);
    else
        run_sums(s, block, work);
}

void xhat_block_moments(const xhat_plan *plan, xhat_block *block, size_t first,
                        size_t end, const void *x)
{
    sums s = {.plan = plan, .x = x};
    block_sums(&s, block, first, end, moments_tile);
}

void xhat_block_grad_sums(const xhat_plan *plan, xhat_block *block,
                          const void *x, const void *dout)
{
    sums s = {.plan = plan, .x = x, .dout = dout};
    block_sums(&s, block, block->first, block->end, grad_sums_tile);
}

/* ---- element by element -------------------------------------------------- */

enum { PARAMETERS = 6 };

typedef struct elementwise {
    const xhat_plan *plan;
    const void *x, *dout;
    void *out;
    const char *lanes[PARAMETERS];
} elementwise;

static const void *lane(const elementwise *e, int which, size_t parameter)
{
    return e->lanes[which] + parameter * xhat_dtype_size(e->plan->spec.dtype);
}

static void affine_tile(xhat_tile tile, size_t at, size_t parameter,
                        void *context)
{
    elementwise *e = context;
    xhat_affine_lanes lanes = {lane(e, 0, parameter), lane(e, 1, parameter),
                               lane(e, 2, parameter), lane(e, 3, parameter)};
    e->plan->kernels->affine(tile, element(e->plan, e->x, at), &lanes,
                             (char *)element(e->plan, e->out, at));
}

static void grad_affine_tile(xhat_tile tile, size_t at, size_t parameter,
                             void *context)
{
    elementwise *e = context;
    xhat_grad_lanes lanes = {lane(e, 0, parameter), lane(e, 1, parameter),
                             lane(e, 2, parameter), lane(e, 3, parameter),
                             lane(e, 4, parameter), lane(e, 5, parameter)};
    e->plan->kernels->grad_affine(tile, element(e->plan, e->x, at),
                                  element(e->plan, e->dout, at), &lanes,
                                  (char *)element(e->plan, e->out, at));
}

/* `work` on the channels of the block that are not extreme */
static void block_elementwise(elementwise *e, const xhat_block *block,
                              int parameters, tile_work *work)
{
    union {
        float f32[XHAT_LANES];
        double f64[XHAT_LANES];
    } run_lanes[PARAMETERS];
    const xhat_dtype dtype = e->plan->spec.dtype;
    if (e->plan->spec.inner > 1) {
        if (block->extreme[0])
            return;
        for (int p = 0; p < parameters; p++) {
            for (size_t i = 0; i < XHAT_LANES; i++)
                xhat_put(dtype, &run_lanes[p], i,
                         xhat_get(dtype, &block->lanes[p], 0));
            e->lanes[p] = (const char *)&run_lanes[p];
        }
        walk_runs(e->plan, block->first, work, e);
        return;
    }
    for (int p = 0; p < parameters; p++)
        e->lanes[p] = (const char *)&block->lanes[p];
    for (size_t c = block->first; c < block->end;) {
        size_t end = c;
        while (end < block->end && !block->extreme[end - block->first])
            end++;
        walk_rows(e->plan, c, end, block->first, work, e);
        c = end + 1;
    }
}

void xhat_block_affine(const xhat_plan *plan, const xhat_block *block,
                       const void *x, void *out)
{
    elementwise e = {.plan = plan, .x = x, .out = out};
    block_elementwise(&e, block, 4, affine_tile);
}

void xhat_block_grad_affine(const xhat_plan *plan, const xhat_block *block,
                            const void *x, const void *dout, void *dx)
{
    elementwise e = {.plan = plan, .x = x, .dout = dout, .out = dx};
    block_elementwise(&e, block, 6, grad_affine_tile);
}
