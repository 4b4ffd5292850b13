#include "panels.h"

#include <math.h>
#include <string.h>

#include "base/cpu.h"
#include "check.h"
#include "kernels/kernels.h"
#include "vector.h"

enum { ROWS = 35, LENGTH = 100, STRIDE = 107, MASK_SIZE = ROWS * 16 + 16 };

_Static_assert(ROWS * STRIDE + 200 == SIZE, "a vector holds a panel");

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

/* dx and dresidual of one of the gradients; then all is as it was before. */
static void check_gradients(const xhat_kernels *kernels, trial *t,
                            xhat_map_kernel *map, const xhat_panel *panel,
                            int which)
{
    static vector old;
    const xhat_lanes lanes = lanes_of(t);
    old = t->out;
    map(panel, &lanes);
    kernels->fence();
    check_output(t, &t->out, &old, which);
    if (t->fusion == XHAT_FUSE_ADD_RELU)
        check_output(t, &t->dresidual, &old, 2);
    t->out = t->dresidual = old;
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
    check_gradients(kernels, t, kernels->grad_affine[t->order][t->fusion],
                    &panel, 1);
    check_gradients(kernels, t, kernels->frozen_affine[t->order][t->fusion],
                    &panel, 3);
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

/* Runs of neighbors side by side, more than wait for each other, have the bits
 * of each alone, whatever the strips. */
static void check_runs(const xhat_kernels *kernels, trial *t, bool gradient)
{
    enum { MOST = 2 * XHAT_PANEL_RUNS + 3, ROOM = MOST + 64 };
    double one[4][ROOM], all[4][ROOM];
    const size_t size = t->dtype == XHAT_F32 ? sizeof(float) : sizeof(double);
    const size_t runs = STRIDE / t->length < MOST ? STRIDE / t->length : MOST;
    const size_t mask_bytes = xhat_mask_bytes(t->dtype, t->length);
    for (size_t c = 0; c <= runs; c++) { /* last, all of them */
        const size_t first = c < runs ? c : 0;
        xhat_lanes lanes = lanes_of(t);
        void **numbers[] = {&lanes.pivot, &lanes.a, &lanes.mean, &lanes.b};
        xhat_panel panel = panel_of(t);
        double(*to)[ROOM] = c < runs ? one : all;
        xhat_sums sums = {to[0] + first, to[1] + first, to[2] + first,
                          to[3] + first};
        for (int i = 0; i < 4; i++)
            *numbers[i] = (char *)*numbers[i] + first * size;
        panel.runs = c < runs ? 1 : runs;
        panel.strip = c < runs ? t->rows : panel.strip;
        panel.x = (const char *)panel.x + first * t->length * size;
        panel.dout = (const char *)panel.dout + first * t->length * size;
        panel.mask = t->mask + first * mask_bytes;
        panel.mask_stride = 0; /* the same in each row */
        if (gradient)
            kernels->grad_sums[XHAT_RUNS][t->fusion](&panel, &lanes, &sums);
        else
            kernels->moments[XHAT_RUNS](&panel, &lanes, &sums);
    }
    for (int i = 0; i < 4; i++)
        assert_memory_equal(one[i], all[i], runs * sizeof one[i][0]);
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

void every_panel_of_every_tier(void **state)
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
