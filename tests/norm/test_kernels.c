/* Each kernel of each tier against plain loops: every number of lanes and many
 * of steps, misaligned arrays, guard values around every output. */
#include "check.h"
#include "base/cpu.h"
#include "kernels/kernels.h"
#include "numbers.h"

enum { STEPS = 5, STRIDE = 23, SIZE = STEPS * STRIDE + XHAT_LANES + 8 };

static const double guard = 12345.678;

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

static void set(vector *v, size_t i, double value)
{
    v->f32[i] = (float)value;
    v->f64[i] = value;
}

static vector random_vector(xhat_dtype dtype, uint64_t *seed)
{
    vector v = {.dtype = dtype};
    for (size_t i = 0; i < SIZE; i++)
        set(&v, i, 1 + numbers_normal(seed));
    return v;
}

static vector guarded(xhat_dtype dtype)
{
    vector v = {.dtype = dtype};
    for (size_t i = 0; i < SIZE; i++)
        set(&v, i, guard);
    return v;
}

static double rounded(xhat_dtype dtype, double value)
{
    return dtype == XHAT_F32 ? (double)(float)value : value;
}

/* One tile at an offset of `shift` elements. */
typedef struct trial {
    const xhat_kernels *kernels;
    xhat_dtype dtype;
    xhat_tile tile;
    size_t shift;
    vector x, dout, parameters[6];
    double wide[3][XHAT_LANES]; /* pivot, mean, mean_low */
} trial;

static void check_sums(trial *t, bool gradient)
{
    double to[4][XHAT_LANES + 1];
    xhat_sum_lanes sums = {to[0], to[1], to[2], to[3]};
    for (int i = 0; i < 4; i++)
        for (int lane = 0; lane <= XHAT_LANES; lane++)
            to[i][lane] = i % 2 == 0 ? 100 + lane : 0; /* what was there */
    if (gradient)
        t->kernels->grad_sums(t->tile, at(&t->x, t->shift),
                              at(&t->dout, t->shift), t->wide[0], t->wide[1],
                              t->wide[2], &sums);
    else
        t->kernels->moments(t->tile, at(&t->x, t->shift), t->wide[0], &sums);
    for (size_t lane = 0; lane <= XHAT_LANES; lane++) {
        double s = 0, q = 0, old = 100 + (double)lane;
        for (size_t i = 0; i < t->tile.steps && lane < t->tile.lanes; i++) {
            size_t from = t->shift + i * t->tile.stride + lane;
            double d = get(&t->x, from) - t->wide[gradient ? 1 : 0][lane];
            double g = d;
            if (gradient) {
                d -= t->wide[2][lane];
                g = get(&t->dout, from) - t->wide[0][lane];
            }
            s += g;
            q += g * d;
        }
        /* high + low is old + the tile's sum, and high is it rounded */
        assert_true(to[0][lane] == old + s && to[2][lane] == old + q);
        assert_close(to[1][lane], s - (to[0][lane] - old), 0, 1e-20);
        assert_close(to[3][lane], q - (to[2][lane] - old), 0, 1e-20);
    }
}

static bool in_tile(const trial *t, size_t i, size_t *lane)
{
    if (i < t->shift)
        return false;
    size_t step = t->tile.stride == 0 ? 0 : (i - t->shift) / t->tile.stride;
    *lane = i - t->shift - step * t->tile.stride;
    return step < t->tile.steps && *lane < t->tile.lanes;
}

static double affine_of(const trial *t, size_t i, size_t lane)
{
    const vector *p = t->parameters;
    if (t->dtype == XHAT_F32)
        return (double)(p[0].f32[lane] *
                            ((t->x.f32[i] - p[1].f32[lane]) - p[2].f32[lane]) +
                        p[3].f32[lane]);
    return p[0].f64[lane] * ((t->x.f64[i] - p[1].f64[lane]) - p[2].f64[lane]) +
           p[3].f64[lane];
}

static double grad_affine_of(const trial *t, size_t i, size_t lane)
{
    const vector *p = t->parameters;
    double v[6], dy, d, product;
    for (int k = 0; k < 6; k++)
        v[k] = get(&p[k], lane);
    dy = rounded(t->dtype, rounded(t->dtype, get(&t->dout, i) - v[1]) - v[2]);
    d = rounded(t->dtype, rounded(t->dtype, get(&t->x, i) - v[3]) - v[4]);
    product = rounded(t->dtype, d * v[5]);
    return rounded(t->dtype, v[0] * rounded(t->dtype, dy - product));
}

static void check_elementwise(trial *t, bool gradient)
{
    vector out = guarded(t->dtype);
    const void *p[6];
    for (int k = 0; k < 6; k++)
        p[k] = at(&t->parameters[k], 0);
    if (gradient)
        t->kernels->grad_affine(
            t->tile, at(&t->x, t->shift), at(&t->dout, t->shift),
            &(xhat_grad_lanes){p[0], p[1], p[2], p[3], p[4], p[5]},
            at(&out, t->shift));
    else
        t->kernels->affine(t->tile, at(&t->x, t->shift),
                           &(xhat_affine_lanes){p[0], p[1], p[2], p[3]},
                           at(&out, t->shift));
    for (size_t i = 0; i < SIZE; i++) {
        size_t lane = 0;
        double expected = rounded(t->dtype, guard);
        if (in_tile(t, i, &lane))
            expected =
                gradient ? grad_affine_of(t, i, lane) : affine_of(t, i, lane);
        assert_true(get(&out, i) == expected);
    }
}

static void check_tier(const xhat_isa *isa, xhat_dtype dtype)
{
    uint64_t seed = 91;
    trial t = {.kernels = isa->kernels[dtype], .dtype = dtype};
    t.x = random_vector(dtype, &seed);
    t.dout = random_vector(dtype, &seed);
    for (int k = 0; k < 6; k++)
        t.parameters[k] = random_vector(dtype, &seed);
    for (int k = 0; k < 3; k++)
        numbers_fill(t.wide[k], XHAT_LANES, 1, 1, &seed);
    for (t.shift = 0; t.shift < 4; t.shift++)
        for (t.tile.lanes = 1; t.tile.lanes <= XHAT_LANES; t.tile.lanes++)
            for (t.tile.steps = 0; t.tile.steps <= STEPS; t.tile.steps++)
                for (int gradient = 0; gradient < 2; gradient++) {
                    t.tile.stride = STRIDE;
                    check_sums(&t, gradient);
                    check_elementwise(&t, gradient);
                    t.tile.stride = XHAT_LANES;
                    check_sums(&t, gradient);
                    check_elementwise(&t, gradient);
                }
}

static void every_tier(void **state)
{
    (void)state;
    unsigned features = xhat_cpu_features();
    int tested = 0;
    for (int i = 0; xhat_isa_at(i) != NULL; i++) {
        const xhat_isa *isa = xhat_isa_at(i);
        if (isa->needs & ~features) {
            print_message("skipped: this CPU cannot run %s\n", isa->name);
            continue;
        }
        check_tier(isa, XHAT_F32);
        check_tier(isa, XHAT_F64);
        tested++;
    }
    assert_true(tested > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_tier)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
