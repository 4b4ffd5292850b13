/* Each kernel of each tier against plain loops: panels of every length up to a
 * few groups, misaligned arrays, guard values around every output.  And against
 * the first tier: what a tier computes has the same bits. */
#include <math.h>
#include <string.h>

#include "base/cpu.h"
#include "check.h"
#include "kernels/kernels.h"
#include "numbers.h"

enum { ROWS = 35, LENGTH = 100, STRIDE = 107, SIZE = ROWS * STRIDE + 200 };
enum { MASK_SIZE = ROWS * 16 + 16, GUARD = 0x5a };

/* Either type, read and written as double. */
typedef struct vector {
    xhat_dtype dtype;
    float f32[SIZE];
    double f64[SIZE];
} vector;

static void *at(vector *v, size_t i)
{
    return v->dtype == XHAT_F32 ? (void *)(v->f32 + i) : (void *)(v->f64 + i);
}

static double get(const vector *v, size_t i)
{
    return v->dtype == XHAT_F32 ? (double)v->f32[i] : v->f64[i];
}

static double rounded(xhat_dtype dtype, double value)
{
    return dtype == XHAT_F32 ? (double)(float)value : value;
}

static void fill(vector *v, xhat_dtype dtype, double mean, uint64_t *seed)
{
    v->dtype = dtype;
    for (size_t i = 0; i < SIZE; i++) {
        v->f64[i] = rounded(dtype, mean + numbers_normal(seed));
        v->f32[i] = (float)v->f64[i];
    }
}

/* What a panel reads and what it writes. */
typedef struct trial {
    xhat_dtype dtype;
    xhat_order order;
    xhat_fusion fusion;
    size_t rows, length, shift;
    size_t runs;                        /* of `length`, in each row */
    bool no_mask;                       /* out is all that is written */
    vector x, dout, residual, lanes[7]; /* pivot a mean b dmean rest k */
    vector out, dresidual;
    unsigned char mask[MASK_SIZE];
    double sums[4][LENGTH + 64];
} trial;

static xhat_lanes lanes_of(trial *t)
{
    return (xhat_lanes){.pivot = at(&t->lanes[0], 0),
                        .a = at(&t->lanes[1], 0),
                        .mean = at(&t->lanes[2], 0),
                        .b = at(&t->lanes[3], 0),
                        .dmean = at(&t->lanes[4], 0),
                        .rest = at(&t->lanes[5], 0),
                        .k = at(&t->lanes[6], 0)};
}

/* Rows of out begin alike, each where a line does if the first one does, or
 * not. */
static size_t out_stride(const trial *t)
{
    return t->length % 2 == 0 ? 112 : 104;
}

static xhat_panel panel_of(trial *t)
{
    return (xhat_panel){.rows = t->rows,
                        .length = t->length,
                        .runs = t->runs,
                        .stride = STRIDE,
                        .out_stride = out_stride(t),
                        .x = at(&t->x, t->shift),
                        .dout = at(&t->dout, t->shift),
                        .residual = at(&t->residual, t->shift),
                        .out = at(&t->out, t->shift),
                        .dresidual = at(&t->dresidual, t->shift),
                        .mask = t->mask,
                        .mask_stride = 16,
                        .ahead = t->shift,
                        .strip = (1 + 7 * t->shift) % XHAT_STEPS};
}

static bool mask_bit(const trial *t, size_t row, size_t i)
{
    const size_t run = xhat_mask_bytes(t->dtype, t->length);
    const size_t at = i % t->length;
    return t->mask[row * 16 + i / t->length * run + at / 8] >> at % 8 & 1;
}

/* parameter p of element i of a row: its channel's */
static double parameter(const trial *t, int p, size_t i)
{
    return get(&t->lanes[p], t->order == XHAT_COLUMNS ? i : i / t->length);
}

/* ---- maps ---------------------------------------------------------------- */

/* out before the fusion, rounded as the type rounds */
static double plain_out(const trial *t, size_t i, double x)
{
    double a = parameter(t, 1, i), mean = parameter(t, 2, i);
    double b = parameter(t, 3, i), d = rounded(t->dtype, x - mean);
    return rounded(t->dtype, rounded(t->dtype, a * d) + b);
}

static double expected_out(const trial *t, size_t r, size_t i, bool *above)
{
    size_t from = t->shift + r * STRIDE + i;
    double y = plain_out(t, i, get(&t->x, from));
    if (t->fusion == XHAT_FUSE_ADD_RELU)
        y = rounded(t->dtype, y + get(&t->residual, from));
    *above = y > 0;
    return t->fusion != XHAT_FUSE_NOTHING && y < 0 ? 0 : y;
}

static double gated(const trial *t, size_t r, size_t i)
{
    size_t from = t->shift + r * STRIDE + i;
    double g = get(&t->dout, from);
    if (t->fusion == XHAT_FUSE_RELU && !(plain_out(t, i, get(&t->x, from)) > 0))
        return 0;
    return t->fusion == XHAT_FUSE_ADD_RELU && !mask_bit(t, r, i) ? 0 : g;
}

static double expected_dx(const trial *t, size_t r, size_t i)
{
    const xhat_dtype dtype = t->dtype;
    double x = get(&t->x, t->shift + r * STRIDE + i);
    double a = parameter(t, 1, i), mean = parameter(t, 2, i);
    double dmean = parameter(t, 4, i), rest = parameter(t, 5, i);
    double k = parameter(t, 6, i), d = rounded(dtype, x - mean);
    double g = rounded(dtype, rounded(dtype, gated(t, r, i) - dmean) - rest);
    return rounded(dtype, a * rounded(dtype, g - rounded(dtype, d * k)));
}

static double expected_frozen_dx(const trial *t, size_t r, size_t i)
{
    return rounded(t->dtype, parameter(t, 1, i) * gated(t, r, i));
}

/* Every element of an output: expected inside the panel, untouched outside. */
static void check_output(const trial *t, const vector *out, const vector *old,
                         int which)
{
    const size_t stride = out_stride(t);
    for (size_t i = 0; i < SIZE; i++) {
        size_t r = i < t->shift ? ROWS : (i - t->shift) / stride;
        size_t c = i < t->shift ? 0 : (i - t->shift) % stride;
        bool inside = r < t->rows && c < t->runs * t->length, above;
        double expected = !inside      ? get(old, i)
                          : which == 0 ? expected_out(t, r, c, &above)
                          : which == 1 ? expected_dx(t, r, c)
                          : which == 2 ? gated(t, r, c)
                                       : expected_frozen_dx(t, r, c);
        if (!(get(out, i) == expected))
            fail_msg("element %zu (row %zu, %zu): %.9g, expected %.9g", i, r, c,
                     get(out, i), expected);
        if (inside && which == 0 && t->fusion == XHAT_FUSE_ADD_RELU &&
            !t->no_mask)
            assert_int_equal(mask_bit(t, r, c), above);
    }
}

/* XHAT_RUNS: as many runs in a row as there is room for, in the mask, too */
static size_t runs_of(const trial *t)
{
    const size_t mask_bytes = xhat_mask_bytes(t->dtype, t->length);
    const size_t most = LENGTH / t->length, masks = 16 / mask_bytes;
    return t->order == XHAT_COLUMNS ? 1 : most < masks ? most : masks;
}

static void check_maps(const xhat_kernels *kernels, trial *t, bool stream)
{
    static vector old;
    t->runs = runs_of(t);
    xhat_lanes lanes = lanes_of(t);
    xhat_panel panel = panel_of(t);
    old = t->out;
    panel.stream = stream;
    kernels->affine[t->order][t->fusion](&panel, &lanes);
    kernels->fence();
    check_output(t, &t->out, &old, 0);
    t->out = old;
    kernels->grad_affine[t->order][t->fusion](&panel, &lanes);
    kernels->fence();
    check_output(t, &t->out, &old, 1);
    if (t->fusion == XHAT_FUSE_ADD_RELU)
        check_output(t, &t->dresidual, &old, 2);
    t->out = t->dresidual = old;
    kernels->frozen_affine[t->order][t->fusion](&panel, &lanes);
    kernels->fence();
    check_output(t, &t->out, &old, 3);
    if (t->fusion == XHAT_FUSE_ADD_RELU)
        check_output(t, &t->dresidual, &old, 2);
    t->out = t->dresidual = old;
    assert_int_equal(t->mask[MASK_SIZE - 1], GUARD);
}

/* A residual without a mask, past the caches, where rows need not be lines. */
static void check_no_mask(const xhat_kernels *kernels, trial *t)
{
    static vector old;
    t->runs = runs_of(t);
    t->no_mask = true;
    xhat_lanes lanes = lanes_of(t);
    xhat_panel panel = panel_of(t);
    old = t->out;
    panel.stream = true;
    panel.mask = panel.dresidual = NULL;
    kernels->affine[t->order][XHAT_FUSE_ADD_RELU](&panel, &lanes);
    kernels->fence();
    check_output(t, &t->out, &old, 0);
    t->out = old;
    t->no_mask = false;
}

/* ---- sums ---------------------------------------------------------------- */

/* x - pivot and its square, or dout - pivot and its product with x - mean */
static void add_terms(const trial *t, bool gradient, size_t r, size_t i,
                      double *g, double *d)
{
    double x = get(&t->x, t->shift + r * STRIDE + i);
    double pivot = parameter(t, 0, i);
    *g = *d = x - pivot;
    if (gradient) {
        *d = x - parameter(t, 2, i);
        *g = gated(t, r, i) - (t->fusion == XHAT_FUSE_NOTHING ? pivot : 0);
    }
}

static void check_sums(const xhat_kernels *kernels, trial *t, bool gradient)
{
    t->runs = 1;
    xhat_lanes lanes = lanes_of(t);
    xhat_panel panel = panel_of(t);
    xhat_sums sums = {t->sums[0], t->sums[1], t->sums[2], t->sums[3]};
    const bool columns = t->order == XHAT_COLUMNS;
    const double u = t->dtype == XHAT_F32 ? 0x1p-24 : 0x1p-53;
    for (int i = 0; i < 4; i++)
        for (size_t c = 0; c < LENGTH + 64; c++)
            t->sums[i][c] = 100; /* what was there */
    if (gradient)
        kernels->grad_sums[t->order][t->fusion](&panel, &lanes, &sums);
    else
        kernels->moments[t->order](&panel, &lanes, &sums);
    for (size_t c = 0; c < (columns ? t->length : 1); c++) {
        double s = 0, p = 0, size = 0, weight = 0, g, d;
        for (size_t r = 0; r < t->rows; r++)
            for (size_t i = columns ? c : 0; i < (columns ? c + 1 : t->length);
                 i++) {
                add_terms(t, gradient, r, i, &g, &d);
                s += g;
                p += g * d;
                size += fabs(g);
                weight += fabs(g * d);
            }
        assert_close(t->sums[0][c] + t->sums[1][c], s, 0, 20 * u * size);
        assert_close(t->sums[2][c] + t->sums[3][c], p, 0, 20 * u * weight);
    }
}

/* Runs of neighbors side by side have the bits of each alone. */
static void check_runs(const xhat_kernels *kernels, trial *t, bool gradient)
{
    double one[4][XHAT_PANEL_RUNS] = {{0}}, all[4][XHAT_PANEL_RUNS] = {{0}};
    const size_t size = t->dtype == XHAT_F32 ? sizeof(float) : sizeof(double);
    const size_t runs = STRIDE / t->length < XHAT_PANEL_RUNS
                            ? STRIDE / t->length
                            : XHAT_PANEL_RUNS;
    const size_t mask_bytes = xhat_mask_bytes(t->dtype, t->length);
    for (size_t c = 0; c <= runs; c++) { /* last, all of them */
        const size_t first = c < runs ? c : 0;
        xhat_lanes lanes = lanes_of(t);
        void **numbers[] = {&lanes.pivot, &lanes.a, &lanes.mean, &lanes.b};
        xhat_panel panel = panel_of(t);
        double(*to)[XHAT_PANEL_RUNS] = c < runs ? one : all;
        xhat_sums sums = {to[0] + first, to[1] + first, to[2] + first,
                          to[3] + first};
        for (int i = 0; i < 4; i++)
            *numbers[i] = (char *)*numbers[i] + first * size;
        panel.runs = c < runs ? 1 : runs;
        panel.x = (const char *)panel.x + first * t->length * size;
        panel.dout = (const char *)panel.dout + first * t->length * size;
        panel.mask = t->mask + first * mask_bytes;
        panel.mask_stride = 0; /* the same in each row */
        if (gradient)
            kernels->grad_sums[XHAT_RUNS][t->fusion](&panel, &lanes, &sums);
        else
            kernels->moments[XHAT_RUNS](&panel, &lanes, &sums);
    }
    assert_memory_equal(one, all, sizeof one);
}

/* ---- every tier ---------------------------------------------------------- */

static void fill_trial(trial *t, xhat_dtype dtype, uint64_t *seed)
{
    t->dtype = dtype;
    fill(&t->x, dtype, 1, seed);
    fill(&t->dout, dtype, 0, seed);
    fill(&t->residual, dtype, 0, seed);
    fill(&t->out, dtype, 50, seed);
    t->dresidual = t->out;
    for (int p = 0; p < 7; p++)
        fill(&t->lanes[p], dtype, 0, seed);
    memset(t->mask, GUARD, sizeof t->mask);
}

/* The same panels for each tier, whose sums go to `sums`. */
static void try_tier(const xhat_isa *isa, xhat_dtype dtype, double *sums,
                     size_t room)
{
    static trial t;
    const xhat_kernels *kernels = isa->kernels[dtype];
    const size_t rows[] = {1, 3, 16, 35};
    uint64_t seed = 7;
    size_t used = 0;
    fill_trial(&t, dtype, &seed);
    for (int order = XHAT_COLUMNS; order <= XHAT_RUNS; order++)
        for (int fusion = 0; fusion < XHAT_FUSIONS; fusion++)
            for (size_t n = 1; n <= LENGTH; n += n < 35 ? 1 : 13)
                for (size_t k = 0; k < 4; k++) {
                    t.order = (xhat_order)order;
                    t.fusion = (xhat_fusion)fusion;
                    t.length = n;
                    t.rows = rows[k];
                    t.shift = (n + k) % 5;
                    check_maps(kernels, &t, false);
                    if (fusion != XHAT_FUSE_ADD_RELU)
                        check_maps(kernels, &t, true);
                    else /* a mask would need whole lines */
                        check_no_mask(kernels, &t);
                    for (int gradient = 0; gradient <= 1; gradient++) {
                        size_t some = order == XHAT_COLUMNS ? n : 1;
                        check_sums(kernels, &t, gradient);
                        if (order == XHAT_RUNS)
                            check_runs(kernels, &t, gradient);
                        for (int i = 0; i < 4; i++) {
                            assert_true(used + some <= room);
                            memcpy(sums + used, t.sums[i], some * sizeof *sums);
                            used += some;
                        }
                    }
                }
}

enum { ROOM = 200000 };

static void every_panel_of_every_tier(void **state)
{
    (void)state;
    double *first = calloc(ROOM, sizeof *first);
    double *other = calloc(ROOM, sizeof *other);
    for (int dtype = XHAT_F32; dtype <= XHAT_F64; dtype++)
        for (int i = 0, tried = 0; xhat_isa_at(i) != NULL; i++) {
            const xhat_isa *isa = xhat_isa_at(i);
            if (isa->needs & ~xhat_cpu_features()) {
                print_message("skipped: this CPU has no %s\n", isa->name);
                continue;
            }
            double *sums = tried++ == 0 ? first : other;
            try_tier(isa, (xhat_dtype)dtype, sums, ROOM);
            if (sums == other &&
                memcmp(first, other, ROOM * sizeof *first) != 0)
                fail_msg("%s has other bits than %s", isa->name,
                         xhat_isa_at(0)->name);
        }
    free(first);
    free(other);
}

/* ---- one number a channel ------------------------------------------------ */

enum { CHANNELS = 37, PLACES = CHANNELS + 16 };

/* What the end_* functions write, as bytes. */
typedef struct ends {
    double mean[PLACES], m2[PLACES], lanes[16][PLACES];
    unsigned char odd[PLACES];
} ends;

static void end_all(const xhat_kernels *kernels, xhat_dtype dtype,
                    const double *input, ends *to)
{
    static double sums[4][PLACES];
    float f32[4][PLACES];
    const void *in[4];
    for (int k = 0; k < 4; k++)
        for (int i = 0; i < CHANNELS; i++) {
            sums[k][i] = input[(k * 7 + i) % CHANNELS] * (k % 2 ? 1e-17 : 1);
            f32[k][i] = (float)fabs(sums[0][(i + k) % CHANNELS]);
        }
    for (int k = 0; k < 4; k++)
        in[k] = dtype == XHAT_F32 ? (void *)f32[k] : (void *)sums[k];
    xhat_lanes lanes = {to->lanes[0], to->lanes[1], to->lanes[2], to->lanes[3],
                        to->lanes[4], to->lanes[5], to->lanes[6], to->lanes[7],
                        to->lanes[8], to->lanes[9], to->lanes[10]};
    xhat_sums from = {sums[0], sums[1], sums[2], sums[3]};
    xhat_channels channels = {.channels = CHANNELS,
                              .count = 19,
                              .eps = 1e-5,
                              .mean = to->mean,
                              .m2 = to->m2,
                              .odd = to->odd};
    memset(to, 0, sizeof *to);
    memcpy(lanes.a, in[3], CHANNELS * (dtype == XHAT_F32 ? 4 : 8));
    kernels->pivot(CHANNELS, in[0], in[1], in[2], 1, lanes.pivot);
    kernels->end_moments(&channels, &from, &lanes);
    kernels->end_grad_sums(&channels, &from, &lanes);
    xhat_lanes frozen = {.a = to->lanes[11],
                         .mean = to->lanes[12],
                         .b = to->lanes[13],
                         .mean_low = to->lanes[14],
                         .invstd = to->lanes[15]};
    memcpy(frozen.a, in[3], CHANNELS * (dtype == XHAT_F32 ? 4 : 8));
    kernels->end_running(&channels, in[0], in[1], &frozen);
    kernels->scale(CHANNELS, &frozen);
}

static void same_ends_in_every_tier(void **state)
{
    (void)state;
    static ends first, other;
    double input[CHANNELS];
    uint64_t seed = 3;
    numbers_fill(input, CHANNELS, 3, 2, &seed);
    input[3] = 0;
    input[5] = 1e300;
    input[11] = 1e-300;
    input[13] = INFINITY;
    for (int dtype = XHAT_F32; dtype <= XHAT_F64; dtype++)
        for (int i = 0, tried = 0; xhat_isa_at(i) != NULL; i++) {
            if (xhat_isa_at(i)->needs & ~xhat_cpu_features())
                continue;
            ends *to = tried++ == 0 ? &first : &other;
            end_all(xhat_isa_at(i)->kernels[dtype], (xhat_dtype)dtype, input,
                    to);
            size_t bytes = CHANNELS * (dtype == XHAT_F32 ? 4 : 8);
            for (int k = 0; tried > 1 && k < 16; k++)
                assert_memory_equal(first.lanes[k], other.lanes[k], bytes);
            if (tried > 1) {
                assert_memory_equal(first.odd, other.odd, CHANNELS);
                assert_memory_equal(first.mean, other.mean, CHANNELS * 8);
                assert_memory_equal(first.m2, other.m2, CHANNELS * 8);
            }
        }
}

/* Which channels the kernels do not trust themselves with. */
static void odd_channels(void **state)
{
    (void)state;
    /* sums around a pivot of 0 of 4 values */
    const struct {
        double sum, product, eps;
        bool odd;
    } cases[] = {
        {4, 8, 1e-5, false},         /* var 1 */
        {0, 0, 1e-5, false},         /* constant */
        {0, 0, 0, true},             /* constant or tiny? */
        {400, 40100, 1e-5, true},    /* cancellation */
        {0, INFINITY, 1e-5, true},   /* overflow */
        {NAN, NAN, 1e-5, true},      /* a NaN in x */
        {0x1p-50, 0x1p-98, 0, true}, /* underflow */
        {0, 0x1p130, 1e-5, true},    /* invstd below 2^-60 */
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        float pivot[64] = {0}, lanes[5][64] = {{0}};
        double mean[64], m2[64], zero[64] = {0};
        unsigned char odd[64];
        double sum[64] = {cases[k].sum}, product[64] = {cases[k].product};
        xhat_channels channels = {.channels = 1,
                                  .count = 4,
                                  .eps = cases[k].eps,
                                  .mean = mean,
                                  .m2 = m2,
                                  .odd = odd};
        xhat_lanes to = {.pivot = pivot,
                         .a = lanes[0],
                         .mean = lanes[1],
                         .b = lanes[2],
                         .mean_low = lanes[3],
                         .invstd = lanes[4]};
        bool any = xhat_isa_at(0)->needs & ~xhat_cpu_features();
        for (int i = 0; xhat_isa_at(i) != NULL; i++) {
            if (xhat_isa_at(i)->needs & ~xhat_cpu_features())
                continue;
            any = xhat_isa_at(i)->kernels[XHAT_F32]->end_moments(
                &channels, &(xhat_sums){sum, zero, product, zero}, &to);
            if (any != cases[k].odd || odd[0] != cases[k].odd)
                fail_msg("case %zu: odd is %d", k, odd[0]);
        }
    }
}

static void streams_of_every_length(void **state)
{
    (void)state;
    enum { MOST = 300 };
    unsigned char from[MOST + 64], to[MOST + 200];
    for (size_t i = 0; i < sizeof from; i++)
        from[i] = (unsigned char)(i * 37 + 1);
    for (int t = 0; xhat_isa_at(t) != NULL; t++) {
        const xhat_kernels *kernels = xhat_isa_at(t)->kernels[XHAT_F32];
        if (xhat_isa_at(t)->needs & ~xhat_cpu_features())
            continue;
        for (size_t shift = 0; shift < 64; shift += 4)
            for (size_t n = 0; n <= MOST; n += 4) {
                memset(to, GUARD, sizeof to);
                kernels->stream(to + 64 + shift, from + shift / 2, n);
                kernels->fence();
                for (size_t i = 0; i < sizeof to; i++) {
                    bool inside = i >= 64 + shift && i < 64 + shift + n;
                    assert_int_equal(to[i],
                                     inside ? from[shift / 2 + i - 64 - shift]
                                            : GUARD);
                }
            }
    }
}

/* ---- runs as columns ----------------------------------------------------- */

enum { RUNS = 5, LONGEST = 70, COLUMNS = RUNS * LONGEST };

/* Column i of a channel gets the channel's number; no other is touched but in
 * the group behind the last. */
static void check_spread(const xhat_kernels *kernels, xhat_dtype dtype,
                         size_t length)
{
    static vector from, to;
    uint64_t seed = 5;
    fill(&from, dtype, 0, &seed);
    fill(&to, dtype, 0, &seed);
    const vector before = to;
    kernels->spread(RUNS, length, at(&from, 0), at(&to, 1));
    for (size_t i = 0; i < RUNS * length; i++)
        if (get(&to, 1 + i) != get(&from, i / length))
            fail_msg("column %zu of runs of %zu", i, length);
    assert_true(get(&to, 0) == get(&before, 0));
    for (size_t i = 1 + RUNS * length + XHAT_GROUP_BYTES / 4; i < SIZE; i++)
        assert_true(get(&to, i) == get(&before, i));
}

/* The first tier's sums, and whether they are those of a plain loop. */
static void check_fold(const xhat_kernels *kernels, xhat_dtype dtype,
                       size_t length, double first[4][RUNS], bool is_first)
{
    double columns[4][COLUMNS], to[4][RUNS];
    uint64_t seed = 7;
    for (int k = 0; k < 4; k++) {
        /* of float32 there are no low parts */
        double size = k % 2 == 0 ? 1 : dtype == XHAT_F32 ? 0 : 0x1p-60;
        for (size_t i = 0; i < COLUMNS; i++)
            columns[k][i] = size * numbers_normal(&seed);
    }
    kernels->fold(RUNS, length,
                  &(xhat_sums){columns[0], columns[1], columns[2], columns[3]},
                  &(xhat_sums){to[0], to[1], to[2], to[3]});
    for (size_t c = 0; c < RUNS; c++)
        for (int k = 0; k < 4; k += 2) {
            long double sum = 0;
            for (size_t i = c * length; i < (c + 1) * length; i++)
                sum += (long double)columns[k][i] + columns[k + 1][i];
            assert_true(fabsl(sum - to[k][c] - to[k + 1][c]) <
                        (dtype == XHAT_F32 ? 1e-13L : 1e-17L));
        }
    if (is_first)
        memcpy(first, to, sizeof to);
    assert_memory_equal(first, to, sizeof to);
}

static void runs_as_columns(void **state)
{
    (void)state;
    for (int dtype = XHAT_F32; dtype <= XHAT_F64; dtype++)
        for (size_t length = 1; length <= LONGEST; length++) {
            double first[4][RUNS];
            bool is_first = true;
            for (int i = 0; xhat_isa_at(i) != NULL; i++) {
                const xhat_isa *isa = xhat_isa_at(i);
                if (isa->needs & ~xhat_cpu_features())
                    continue;
                check_spread(isa->kernels[dtype], (xhat_dtype)dtype, length);
                check_fold(isa->kernels[dtype], (xhat_dtype)dtype, length,
                           first, is_first);
                is_first = false;
            }
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_panel_of_every_tier),
        cmocka_unit_test(same_ends_in_every_tier),
        cmocka_unit_test(odd_channels),
        cmocka_unit_test(streams_of_every_length),
        cmocka_unit_test(runs_as_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
