/* The calls without a plan give the bits of those with one, for batches of
 * every size: what they need of the stack does not grow. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "xhat/xhat.h"

static const struct {
    size_t n, channels, inner;
} shapes[] = {{2, 2, 1},     {40, 300, 1},   {1000, 100, 1}, {5000, 16, 1},
              {300, 900, 1}, {20000, 65, 1}, {32, 64, 49},   {3, 70, 5000},
              {2, 3, 40000}, {50, 200, 4},   {700, 9, 25}};

enum { SHAPES = sizeof shapes / sizeof *shapes, ARRAYS = 12 };

/* what forward, inference and backward read and write, of either type */
typedef struct problem {
    xhat_spec spec;
    size_t full, some; /* bytes */
    void *x, *dout, *out, *y, *dx, *gamma, *beta, *mean, *mean_low, *invstd,
        *dgamma, *dbeta;
} problem;

static void put(const problem *p, void *array, size_t i, double value)
{
    if (p->spec.dtype == XHAT_F32)
        ((float *)array)[i] = (float)value;
    else
        ((double *)array)[i] = value;
}

static void *filled(const problem *p, size_t bytes, unsigned seed)
{
    size_t size = p->spec.dtype == XHAT_F32 ? sizeof(float) : sizeof(double);
    void *array = malloc(bytes);
    assert_non_null(array);
    for (size_t i = 0; i < bytes / size; i++) {
        seed = seed * 1664525u + 1013904223u;
        put(p, array, i, 0.5 + (double)(seed >> 8) / (1 << 24));
    }
    return array;
}

static void open_problem(problem *p, size_t shape, xhat_dtype dtype)
{
    *p = (problem){.spec = xhat_spec_default(dtype)};
    p->spec.outer = shapes[shape].n;
    p->spec.channels = shapes[shape].channels;
    p->spec.inner = shapes[shape].inner;
    p->some = p->spec.channels * (dtype == XHAT_F32 ? 4 : 8);
    p->full = p->some * p->spec.outer * p->spec.inner;
    void **full[] = {&p->x, &p->dout, &p->out, &p->y, &p->dx};
    void **some[] = {&p->gamma,  &p->beta,   &p->mean, &p->mean_low,
                     &p->invstd, &p->dgamma, &p->dbeta};
    for (unsigned i = 0; i < 5; i++)
        *full[i] = filled(p, p->full, i);
    for (unsigned i = 0; i < 7; i++)
        *some[i] = filled(p, p->some, 10 + i);
}

static void close_problem(problem *p)
{
    void *arrays[ARRAYS] = {p->x,        p->dout,   p->out,    p->y,
                            p->dx,       p->gamma,  p->beta,   p->mean,
                            p->mean_low, p->invstd, p->dgamma, p->dbeta};
    for (int i = 0; i < ARRAYS; i++)
        free(arrays[i]);
}

static void solve_with_plan(problem *p)
{
    xhat_plan *plan;
    assert_ok(xhat_plan_create(&plan, &p->spec, NULL, error));
    size_t size = xhat_plan_scratch_size(plan);
    void *scratch = malloc(size);
    assert_non_null(scratch);
    assert_ok(xhat_forward(plan,
                           &(xhat_forward_args){.x = p->x,
                                                .gamma = p->gamma,
                                                .beta = p->beta,
                                                .out = p->out,
                                                .mean = p->mean,
                                                .mean_low = p->mean_low,
                                                .invstd = p->invstd,
                                                .scratch = scratch,
                                                .scratch_size = size},
                           error));
    assert_ok(xhat_inference(plan,
                             &(xhat_inference_args){.x = p->x,
                                                    .gamma = p->gamma,
                                                    .beta = p->beta,
                                                    .running_mean = p->mean,
                                                    .running_var = p->gamma,
                                                    .out = p->y,
                                                    .scratch = scratch,
                                                    .scratch_size = size},
                             error));
    assert_ok(xhat_backward(plan,
                            &(xhat_backward_args){.x = p->x,
                                                  .dout = p->dout,
                                                  .gamma = p->gamma,
                                                  .mean = p->mean,
                                                  .mean_low = p->mean_low,
                                                  .invstd = p->invstd,
                                                  .dx = p->dx,
                                                  .dgamma = p->dgamma,
                                                  .dbeta = p->dbeta,
                                                  .scratch = scratch,
                                                  .scratch_size = size},
                            error));
    free(scratch);
    xhat_plan_destroy(plan);
}

#define SOLVE_IN_ONE_CALL(p, real)                                             \
    do {                                                                       \
        size_t n = (p)->spec.outer, c = (p)->spec.channels;                    \
        size_t inner = (p)->spec.inner;                                        \
        double eps = (p)->spec.eps;                                            \
        assert_ok(xhat_batchnorm_forward_##real(                               \
            n, c, inner, (p)->x, (p)->gamma, (p)->beta, eps, (p)->out,         \
            (p)->mean, (p)->mean_low, (p)->invstd, error));                    \
        assert_ok(xhat_batchnorm_inference_##real(                             \
            n, c, inner, (p)->x, (p)->gamma, (p)->beta, eps, (p)->mean,        \
            (p)->gamma, (p)->y, error));                                       \
        assert_ok(xhat_batchnorm_backward_##real(                              \
            n, c, inner, (p)->x, (p)->dout, (p)->gamma, eps, (p)->mean,        \
            (p)->mean_low, (p)->invstd, (p)->dx, (p)->dgamma, (p)->dbeta,      \
            error));                                                           \
    } while (0)

static void check_same(const problem *a, const problem *b)
{
    assert_memory_equal(a->out, b->out, a->full);
    assert_memory_equal(a->y, b->y, a->full);
    assert_memory_equal(a->dx, b->dx, a->full);
    assert_memory_equal(a->mean, b->mean, a->some);
    assert_memory_equal(a->mean_low, b->mean_low, a->some);
    assert_memory_equal(a->invstd, b->invstd, a->some);
    assert_memory_equal(a->dgamma, b->dgamma, a->some);
    assert_memory_equal(a->dbeta, b->dbeta, a->some);
}

static void test_calls_of_every_size(void **state)
{
    (void)state;
    for (size_t i = 0; i < SHAPES; i++) {
        problem a, b;
        open_problem(&a, i, XHAT_F32);
        open_problem(&b, i, XHAT_F32);
        solve_with_plan(&a);
        SOLVE_IN_ONE_CALL(&b, f32);
        check_same(&a, &b);
        close_problem(&a);
        close_problem(&b);
        open_problem(&a, i, XHAT_F64);
        open_problem(&b, i, XHAT_F64);
        solve_with_plan(&a);
        SOLVE_IN_ONE_CALL(&b, f64);
        check_same(&a, &b);
        close_problem(&a);
        close_problem(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calls_of_every_size)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
