/* What a caller can get wrong: a status with a message, outputs untouched. */
#include "counting.h"
#include "problem.h"

enum { N = 4, C = 2, ELEMENTS = N * C };

static xhat_spec small_spec(void)
{
    xhat_spec spec = xhat_spec_default(XHAT_F64);
    spec.outer = N;
    spec.channels = C;
    return spec;
}

static void bad_specs(void **state)
{
    (void)state;
    xhat_plan *plan = NULL;
    xhat_spec spec = small_spec();
    spec.eps = -1;
    assert_fails(xhat_plan_create(&plan, &spec, NULL, error),
                 XHAT_INVALID_ARGUMENT, "eps is -1");
    spec.eps = NAN;
    assert_fails(xhat_plan_create(&plan, &spec, NULL, error),
                 XHAT_INVALID_ARGUMENT, "eps is nan");
    spec = small_spec();
    spec.channels = 0;
    assert_fails(xhat_plan_create(&plan, &spec, NULL, error),
                 XHAT_SHAPE_MISMATCH, "no channels");
    spec = small_spec();
    spec.outer = SIZE_MAX / 2;
    assert_fails(xhat_plan_create(&plan, &spec, NULL, error),
                 XHAT_SHAPE_MISMATCH, "more than memory");
    spec = small_spec();
    spec.threads = -3;
    assert_fails(xhat_plan_create(&plan, &spec, NULL, error),
                 XHAT_INVALID_ARGUMENT, "threads is -3");
    spec = small_spec();
    spec.flags = 64;
    assert_fails(xhat_plan_create(&plan, &spec, NULL, error),
                 XHAT_INVALID_ARGUMENT, "flags");
    spec = small_spec();
    spec.dtype = (xhat_dtype)9;
    assert_fails(xhat_plan_create(&plan, &spec, NULL, error),
                 XHAT_INVALID_ARGUMENT, "dtype");
    assert_null(plan);
    /* a message is not asked for */
    assert_int_equal(xhat_plan_create(&plan, &spec, NULL, NULL),
                     XHAT_INVALID_ARGUMENT);
}

static void bad_shapes(void **state)
{
    (void)state;
    xhat_spec spec = small_spec();
    const size_t shape[] = {2, 3, 4}, huge[] = {SIZE_MAX, 3, 4};
    assert_fails(xhat_spec_set_shape(&spec, XHAT_NC, 3, shape, error),
                 XHAT_SHAPE_MISMATCH, "x has rank 3 but layout nc has rank 2");
    assert_fails(xhat_spec_set_shape(&spec, XHAT_NCL, 3, huge, error),
                 XHAT_SHAPE_MISMATCH, "more elements");
    assert_fails(xhat_spec_set_shape(&spec, (xhat_layout)70, 3, shape, error),
                 XHAT_INVALID_ARGUMENT, "70");
    assert_true(spec.outer == N && spec.channels == C);
}

/* The environment is the process's: other tests of this file run after. */
static void forced_isa(void **state)
{
    (void)state;
    xhat_plan *plan = NULL;
    xhat_spec spec = small_spec();
    assert_int_equal(setenv("XHAT_ISA", "avx1024", 1), 0);
    assert_fails(xhat_plan_create(&plan, &spec, NULL, error), XHAT_UNSUPPORTED,
                 "XHAT_ISA=avx1024");
    setenv("XHAT_ISA", "generic", 1);
    assert_ok(xhat_plan_create(&plan, &spec, NULL, error));
    assert_string_equal(xhat_plan_isa(plan), "generic");
    xhat_plan_destroy(plan);
    unsetenv("XHAT_ISA");
}

/* a plan for the small spec, its scratch, and arrays that must not change */
typedef struct fixture {
    xhat_plan *plan;
    void *scratch;
    double x[ELEMENTS], dout[ELEMENTS], out[ELEMENTS], each[8][C];
} fixture;

static void fixture_open(fixture *f, xhat_spec spec)
{
    memset(f, 0x5a, sizeof *f);
    assert_ok(xhat_plan_create(&f->plan, &spec, NULL, error));
    f->scratch = malloc(xhat_plan_scratch_size(f->plan));
    for (int i = 0; i < ELEMENTS; i++) {
        f->x[i] = i * i;
        f->dout[i] = i % 3;
    }
}

static void fixture_close(fixture *f)
{
    free(f->scratch);
    xhat_plan_destroy(f->plan);
}

static xhat_forward_args forward_args(fixture *f)
{
    return (xhat_forward_args){.x = f->x,
                               .gamma = f->each[0],
                               .beta = f->each[1],
                               .out = f->out,
                               .mean = f->each[2],
                               .mean_low = f->each[3],
                               .invstd = f->each[4],
                               .scratch = f->scratch,
                               .scratch_size = xhat_plan_scratch_size(f->plan)};
}

static xhat_backward_args backward_args(fixture *f)
{
    return (xhat_backward_args){.x = f->x,
                                .dout = f->dout,
                                .gamma = f->each[0],
                                .mean = f->each[2],
                                .mean_low = f->each[3],
                                .invstd = f->each[4],
                                .dx = f->out,
                                .scratch = f->scratch,
                                .scratch_size =
                                    xhat_plan_scratch_size(f->plan)};
}

/* the call fails with `text` and changes nothing of the fixture */
#define assert_refused(f, call, status, text)                                  \
    do {                                                                       \
        fixture before = *(f);                                                 \
        assert_fails(call, status, text);                                      \
        assert_memory_equal(&before, (f), sizeof before);                      \
    } while (0)

static void forward_refusals(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f, small_spec());
    const struct {
        size_t offset;
        const char *text;
    } pointers[] = {{offsetof(xhat_forward_args, x), "x is NULL"},
                    {offsetof(xhat_forward_args, out), "out is NULL"},
                    {offsetof(xhat_forward_args, mean), "mean is NULL"},
                    {offsetof(xhat_forward_args, mean_low), "mean_low is"},
                    {offsetof(xhat_forward_args, invstd), "invstd is NULL"},
                    {offsetof(xhat_forward_args, scratch), "scratch is NULL"},
                    {offsetof(xhat_forward_args, gamma), "gamma is NULL"},
                    {offsetof(xhat_forward_args, beta), "beta is NULL"}};
    for (size_t i = 0; i < sizeof pointers / sizeof *pointers; i++) {
        xhat_forward_args args = forward_args(&f);
        memset((char *)&args + pointers[i].offset, 0, sizeof(void *));
        assert_refused(&f, xhat_forward(f.plan, &args, error),
                       XHAT_INVALID_ARGUMENT, pointers[i].text);
    }
    xhat_forward_args args = forward_args(&f);
    assert_refused(&f, xhat_forward(NULL, &args, error), XHAT_INVALID_ARGUMENT,
                   "plan is NULL");
    args.out = f.x + 1;
    assert_refused(&f, xhat_forward(f.plan, &args, error),
                   XHAT_INVALID_ARGUMENT, "out overlaps x");
    args = forward_args(&f);
    double three[3] = {0};
    xhat_statistics statistics = {3, 0, three, three};
    args.statistics = &statistics;
    assert_refused(&f, xhat_forward(f.plan, &args, error), XHAT_SHAPE_MISMATCH,
                   "statistics have 3 channels");
    args = forward_args(&f);
    statistics = (xhat_statistics){C, 0, f.x, three};
    args.statistics = &statistics;
    assert_refused(&f, xhat_forward(f.plan, &args, error),
                   XHAT_INVALID_ARGUMENT, "statistics->mean overlaps x");
    args = forward_args(&f);
    args.mask = f.x; /* without XHAT_ADD_RELU there is none */
    assert_refused(&f, xhat_forward(f.plan, &args, error),
                   XHAT_INVALID_ARGUMENT,
                   "mask is given but the spec lacks XHAT_ADD_RELU");
    fixture_close(&f);
}

static void backward_refusals(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f, small_spec());
    const xhat_backward_args good = backward_args(&f);
    xhat_backward_args args = good;
    args.dout = NULL;
    assert_refused(&f, xhat_backward(f.plan, &args, error),
                   XHAT_INVALID_ARGUMENT, "dout is NULL");
    args = good;
    args.dx = f.x;
    assert_refused(&f, xhat_backward(f.plan, &args, error),
                   XHAT_INVALID_ARGUMENT, "dx overlaps x");
    args = good;
    args.dx = f.dout + 1;
    assert_refused(&f, xhat_backward(f.plan, &args, error),
                   XHAT_INVALID_ARGUMENT,
                   "dx overlaps dout without being the same array");
    fixture_close(&f);
}

static void inference_refusals(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f, small_spec());
    xhat_inference_args args = {.x = f.x,
                                .gamma = f.each[0],
                                .beta = f.each[1],
                                .running_mean = f.each[2],
                                .out = f.out,
                                .scratch = f.scratch,
                                .scratch_size = xhat_plan_scratch_size(f.plan)};
    assert_refused(&f, xhat_inference(f.plan, &args, error),
                   XHAT_INVALID_ARGUMENT, "running_var is NULL");
    args.running_var = f.each[3];
    args.out = f.x + 1;
    assert_refused(&f, xhat_inference(f.plan, &args, error),
                   XHAT_INVALID_ARGUMENT,
                   "out overlaps x without being the same array");
    xhat_frozen_backward_args frozen = {.x = f.x,
                                        .dout = f.dout,
                                        .gamma = f.each[0],
                                        .running_var = f.each[3],
                                        .dx = f.out,
                                        .scratch = f.scratch,
                                        .scratch_size =
                                            xhat_plan_scratch_size(f.plan)};
    assert_refused(&f, xhat_frozen_backward(f.plan, &frozen, error),
                   XHAT_INVALID_ARGUMENT, "running_mean is NULL");
    frozen.running_mean = f.each[2];
    frozen.dx = f.x;
    assert_refused(&f, xhat_frozen_backward(f.plan, &frozen, error),
                   XHAT_INVALID_ARGUMENT, "dx overlaps x");
    frozen.dx = f.dout + 1;
    assert_refused(&f, xhat_frozen_backward(f.plan, &frozen, error),
                   XHAT_INVALID_ARGUMENT,
                   "dx overlaps dout without being the same array");
    fixture_close(&f);
}

/* what a caller gets wrong about memory */
static void memory_refusals(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f, small_spec());
    xhat_forward_args args = forward_args(&f);
    args.scratch_size--;
    assert_refused(&f, xhat_forward(f.plan, &args, error),
                   XHAT_INVALID_ARGUMENT, "bytes but this plan needs");
    args = forward_args(&f);
    args.x = (const char *)f.x + 2;
    assert_refused(&f, xhat_forward(f.plan, &args, error),
                   XHAT_INVALID_ARGUMENT,
                   "x is not aligned to its elements (8 bytes)");
    args = forward_args(&f);
    args.mean = args.mean_low;
    assert_refused(&f, xhat_forward(f.plan, &args, error),
                   XHAT_INVALID_ARGUMENT, "mean_low overlaps mean");
    args = forward_args(&f);
    args.invstd = f.out + 1;
    assert_refused(&f, xhat_forward(f.plan, &args, error),
                   XHAT_INVALID_ARGUMENT, "invstd overlaps out");
    args = forward_args(&f);
    args.mean = f.each[0];
    assert_refused(&f, xhat_forward(f.plan, &args, error),
                   XHAT_INVALID_ARGUMENT, "mean overlaps gamma");
    args = forward_args(&f);
    args.scratch = f.out;
    assert_refused(&f, xhat_forward(f.plan, &args, error),
                   XHAT_INVALID_ARGUMENT, "scratch overlaps");
    /* two inputs may be one array; a scratch at any address will do */
    char *odd = malloc(xhat_plan_scratch_size(f.plan) + 1);
    args = forward_args(&f);
    args.gamma = args.beta;
    args.scratch = odd + 1;
    assert_ok(xhat_forward(f.plan, &args, error));
    free(odd);
    fixture_close(&f);
}

/* More threads than there are cores, and than there is work, are fine. */
static void a_million_threads(void **state)
{
    (void)state;
    fixture f;
    xhat_spec spec = small_spec();
    double alone[ELEMENTS];
    spec.threads = 1;
    fixture_open(&f, spec);
    xhat_forward_args args = forward_args(&f);
    assert_ok(xhat_forward(f.plan, &args, error));
    memcpy(alone, f.out, sizeof alone);
    fixture_close(&f);
    spec.threads = 1000000;
    fixture_open(&f, spec);
    args = forward_args(&f);
    assert_ok(xhat_forward(f.plan, &args, error));
    assert_memory_equal(alone, f.out, sizeof alone);
    fixture_close(&f);
}

static void parameters_the_spec_lacks(void **state)
{
    (void)state;
    fixture f;
    xhat_spec spec = small_spec();
    spec.flags = XHAT_SHIFT;
    fixture_open(&f, spec);
    xhat_forward_args args = forward_args(&f);
    assert_refused(&f, xhat_forward(f.plan, &args, error),
                   XHAT_INVALID_ARGUMENT, "gamma is given");
    fixture_close(&f);
    spec.flags = XHAT_SCALE | XHAT_RELU;
    fixture_open(&f, spec);
    xhat_backward_args backward = backward_args(&f);
    backward.beta = f.each[1];
    assert_refused(&f, xhat_backward(f.plan, &backward, error),
                   XHAT_INVALID_ARGUMENT, "beta is given");
    fixture_close(&f);
}

static void one_value_a_channel(void **state)
{
    (void)state;
    fixture f;
    xhat_spec spec = small_spec();
    spec.outer = 1;
    fixture_open(&f, spec);
    xhat_forward_args args = forward_args(&f);
    assert_refused(&f, xhat_forward(f.plan, &args, error), XHAT_SHAPE_MISMATCH,
                   "two values a channel");
    fixture_close(&f);
    spec.flags |= XHAT_ALLOW_SINGLE;
    fixture_open(&f, spec);
    args = forward_args(&f);
    assert_ok(xhat_forward(f.plan, &args, error));
    for (int c = 0; c < C; c++)
        assert_true(f.out[c] == f.each[1][c]); /* beta */
    fixture_close(&f);
}

/* N = 0: nothing is written but empty sums */
static void no_rows(void **state)
{
    (void)state;
    fixture f;
    xhat_spec spec = small_spec();
    double mean[C] = {7, 7}, m2[C] = {7, 7};
    xhat_statistics statistics = {C, 9, mean, m2};
    spec.outer = 0;
    fixture_open(&f, spec);
    xhat_forward_args args = forward_args(&f);
    args.statistics = &statistics;
    fixture before = f;
    assert_ok(xhat_forward(f.plan, &args, error));
    assert_memory_equal(&before, &f, sizeof f);
    assert_true(statistics.count == 0);
    xhat_running running = {XHAT_F64, C, f.each[5], f.each[6], 3};
    xhat_running_rule rule = xhat_running_rule_preset(XHAT_TORCH);
    assert_ok(xhat_running_commit(&running, &rule, &statistics, NULL, error));
    assert_memory_equal(&before, &f, sizeof f);
    assert_true(running.batches == 3);
    xhat_backward_args backward = {.x = f.x,
                                   .dout = f.dout,
                                   .gamma = f.each[0],
                                   .mean = f.each[2],
                                   .mean_low = f.each[3],
                                   .invstd = f.each[4],
                                   .dx = f.out,
                                   .dgamma = f.each[5],
                                   .dbeta = f.each[6],
                                   .scratch = f.scratch,
                                   .scratch_size =
                                       xhat_plan_scratch_size(f.plan)};
    assert_ok(xhat_backward(f.plan, &backward, error));
    for (int c = 0; c < C; c++)
        assert_true(f.each[5][c] == 0 && f.each[6][c] == 0);
    fixture_close(&f);
}

/* a negative running variance gives NaN, in its channel alone */
static void negative_running_var(void **state)
{
    (void)state;
    xhat_spec spec = small_spec();
    problem p = problem_new(spec, 0, 1, 81);
    p.running_var[1] = -0.5;
    problem_evaluate(&p);
    for (int i = 0; i < ELEMENTS; i++)
        assert_true(isnan(p.out[i]) == (i % C == 1));
    problem_free(&p);
}

static void out_of_memory(void **state)
{
    (void)state;
    xhat_spec spec = small_spec();
    xhat_status status = XHAT_OUT_OF_MEMORY;
    for (size_t at = 1; status != XHAT_OK; at++) {
        counting count = {.fail_at = at};
        xhat_allocator allocator = counting_on(&count);
        xhat_plan *plan = NULL;
        xhat_error error = {0};
        status = xhat_plan_create(&plan, &spec, &allocator, &error);
        if (status != XHAT_OK) {
            assert_int_equal(status, XHAT_OUT_OF_MEMORY);
            assert_non_null(strstr(error.message, "plan"));
            assert_null(plan);
        }
        xhat_plan_destroy(plan);
        assert_int_equal(count.alive, 0);
        assert_true(status != XHAT_OK || at > 1);
    }
}

/* the one-call functions do what a plan does */
static void one_call(void **state)
{
    (void)state;
    xhat_spec spec = small_spec();
    spec.outer = 40;
    spec.inner = 3;
    spec.threads = 1;
    problem p = problem_new(spec, 2, 1, 82);
    enum { SIZE = 40 * C * 3 };
    double out[SIZE], mean[C], low[C], invstd[C], dx[SIZE], dg[C], db[C];
    problem_train(&p);
    assert_ok(xhat_batchnorm_forward_f64(40, C, 3, p.x, p.gamma, p.beta, 1e-5,
                                         out, mean, low, invstd, error));
    assert_ok(xhat_batchnorm_backward_f64(40, C, 3, p.x, p.dout, p.gamma, 1e-5,
                                          mean, low, invstd, dx, dg, db,
                                          error));
    assert_memory_equal(out, p.out, sizeof out);
    assert_memory_equal(dx, p.dx, sizeof dx);
    assert_memory_equal(dg, p.dgamma, sizeof dg);
    assert_memory_equal(db, p.dbeta, sizeof db);
    problem_evaluate(&p);
    assert_ok(xhat_batchnorm_inference_f64(40, C, 3, p.x, p.gamma, p.beta, 1e-5,
                                           p.running_mean, p.running_var, out,
                                           error));
    assert_memory_equal(out, p.out, sizeof out);
    float x[4] = {1, 10, 3, 30}, y[4], m[2], ml[2], r[2];
    assert_ok(xhat_batchnorm_forward_f32(2, 2, 1, x, NULL, NULL, 0, y, m, ml, r,
                                         error));
    assert_true(y[0] == -1 && y[1] == -1 && y[2] == 1 && y[3] == 1);
    float g[4] = {1, 0, 0, 0}, d[4], dg32[2], db32[2];
    assert_ok(xhat_batchnorm_backward_f32(2, 2, 1, x, g, NULL, 0, m, ml, r, d,
                                          dg32, db32, error));
    assert_true(d[0] == 0 && dg32[0] == -1 && db32[0] == 1);
    assert_ok(xhat_batchnorm_inference_f32(2, 2, 1, x, NULL, NULL, 0, m, m, y,
                                           error));
    assert_true(y[0] == (1 - m[0]) / sqrtf(m[0]));
    assert_fails(xhat_batchnorm_forward_f32(2, 2, 1, x, NULL, NULL, -1, y, m,
                                            ml, r, error),
                 XHAT_INVALID_ARGUMENT, "eps");
    problem_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_specs),
        cmocka_unit_test(bad_shapes),
        cmocka_unit_test(forced_isa),
        cmocka_unit_test(forward_refusals),
        cmocka_unit_test(backward_refusals),
        cmocka_unit_test(inference_refusals),
        cmocka_unit_test(memory_refusals),
        cmocka_unit_test(a_million_threads),
        cmocka_unit_test(parameters_the_spec_lacks),
        cmocka_unit_test(one_value_a_channel),
        cmocka_unit_test(no_rows),
        cmocka_unit_test(negative_running_var),
        cmocka_unit_test(out_of_memory),
        cmocka_unit_test(one_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
