/* What must hold of batch normalization whatever the numbers are. */
#include "check.h"
#include "numbers.h"
#include "problem.h"

static xhat_spec spec_of(xhat_dtype dtype, size_t outer, size_t channels,
                         size_t inner)
{
    xhat_spec spec = xhat_spec_default(dtype);
    spec.outer = outer;
    spec.channels = channels;
    spec.inner = inner;
    return spec;
}

/* gamma = sqrt(var + eps), beta = mean: the layer returns its own input */
static void identity(void **state)
{
    (void)state;
    problem p = problem_new(spec_of(XHAT_F64, 50, 7, 3), 5, 3, 11);
    problem_train(&p);
    for (size_t c = 0; c < 7; c++) {
        p.gamma[c] = 1 / p.invstd[c];
        p.beta[c] = p.mean[c];
    }
    problem_train(&p);
    for (size_t i = 0; i < p.elements; i++)
        assert_close(p.out[i], p.x[i], 1e-14, 1e-14);
    problem_free(&p);
}

/* sum dx = 0, and sum dx * x_norm = gamma invstd dgamma eps / (var + eps) */
static void invariants_of_dx(void **state)
{
    (void)state;
    const double eps[] = {0, 1e-5, 0.5};
    for (int e = 0; e < 3; e++) {
        xhat_spec spec = spec_of(XHAT_F64, 40, 5, 1);
        spec.eps = eps[e];
        problem p = problem_new(spec, -2, 0.7, 12);
        problem_train(&p);
        for (size_t c = 0; c < 5; c++) {
            double sum = 0, product = 0, size = 0;
            double var = p.stat_m2[c] / 40;
            for (size_t o = 0; o < 40; o++) {
                double dx = p.dx[o * 5 + c];
                double x_norm = (p.x[o * 5 + c] - p.mean[c]) * p.invstd[c];
                sum += dx;
                product += dx * x_norm;
                size += fabs(dx);
            }
            double expected = p.gamma[c] * p.invstd[c] * p.dgamma[c] * eps[e] /
                              (var + eps[e]);
            assert_close(sum, 0, 0, 1e-14 * size);
            assert_close(product, expected, 1e-12, 1e-13 * size);
        }
        problem_free(&p);
    }
}

/* every layout gives what nc gives on the transposed data */
static void layouts(void **state)
{
    (void)state;
    const size_t n = 3, c = 4, space = 6;
    const struct {
        xhat_layout layout;
        int rank;
        size_t shape[5];
        bool last;
    } cases[] = {{XHAT_NCL, 3, {3, 4, 6}, false},
                 {XHAT_NCHW, 4, {3, 4, 2, 3}, false},
                 {XHAT_NCDHW, 5, {3, 4, 1, 2, 3}, false},
                 {XHAT_NLC, 3, {3, 6, 4}, true},
                 {XHAT_NHWC, 4, {3, 2, 3, 4}, true},
                 {XHAT_NDHWC, 5, {3, 1, 2, 3, 4}, true}};
    problem rows = problem_new(spec_of(XHAT_F64, n * space, c, 1), 1, 2, 13);
    problem_train(&rows);
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        xhat_spec spec = xhat_spec_default(XHAT_F64);
        assert_ok(xhat_spec_set_shape(&spec, cases[k].layout, cases[k].rank,
                                      cases[k].shape, error));
        problem p = problem_new(spec, 0, 1, 14);
        memcpy(p.gamma, rows.gamma, c * sizeof(double));
        memcpy(p.beta, rows.beta, c * sizeof(double));
        size_t place[72];
        for (size_t i = 0; i < 72; i++) { /* of row-major (n, space, c) */
            size_t o = i / (space * c), s = i / c % space, ch = i % c;
            place[i] = cases[k].last ? i : (o * c + ch) * space + s;
            p.x[place[i]] = rows.x[i];
            p.dout[place[i]] = rows.dout[i];
        }
        problem_train(&p);
        for (size_t i = 0; i < 72; i++) {
            assert_close(p.out[place[i]], rows.out[i], 1e-13, 1e-14);
            assert_close(p.dx[place[i]], rows.dx[i], 1e-12, 1e-13);
        }
        for (size_t i = 0; i < c; i++)
            assert_close(p.dgamma[i], rows.dgamma[i], 1e-13, 1e-13);
        problem_free(&p);
    }
    problem_free(&rows);
}

/* a channel whose values are all the same: exactly beta, whatever the value */
static void constant_channels(void **state)
{
    (void)state;
    const double values[] = {0, 0.1, -3, 1e30, 1e-40, 16777217.0 / 3};
    for (int dtype = XHAT_F32; dtype <= XHAT_F64; dtype++)
        for (int e = 0; e < 2; e++)
            for (int v = 0; v < 6; v++) {
                xhat_spec spec = spec_of((xhat_dtype)dtype, 21, 3, 1);
                spec.eps = e == 0 ? 0 : 1e-5;
                problem p = problem_new(spec, 0, 1, 15);
                for (size_t o = 0; o < 21; o++)
                    p.x[o * 3 + 1] = values[v];
                problem_round(&p);
                problem_train(&p);
                assert_true(p.stat_m2[1] == 0);
                assert_true(p.mean[1] + p.mean_low[1] == p.x[1]);
                for (size_t o = 0; o < 21; o++) {
                    assert_true(p.out[o * 3 + 1] == p.beta[1]);
                    if (e == 0)
                        assert_true(p.dx[o * 3 + 1] == 0);
                }
                assert_true(p.dgamma[1] == 0);
                problem_free(&p);
            }
}

/* Integers around an integer mean: every partial sum is exact, so mean and
 * sum of squares are exact in any order, and so is dbeta. */
static void exact_statistics(void **state)
{
    (void)state;
    const size_t shapes[][3] = {
        {10, 3, 1}, {300, 18, 1}, {4, 3, 50}, {2, 2, 1030}};
    for (int dtype = XHAT_F32; dtype <= XHAT_F64; dtype++)
        for (int k = 0; k < 4; k++) {
            xhat_spec spec = spec_of((xhat_dtype)dtype, shapes[k][0],
                                     shapes[k][1], shapes[k][2]);
            problem p = problem_new(spec, 0, 1, 16);
            for (size_t i = 0; i < p.elements; i++) {
                size_t o = i / (spec.channels * spec.inner);
                size_t place = o * spec.inner + i % spec.inner;
                p.x[i] = 7 + (place % 2 ? 3 : -3); /* count is even */
                p.dout[i] = place % 2 ? 5 : 2;
            }
            problem_train(&p);
            for (size_t c = 0; c < spec.channels; c++) {
                assert_true(p.mean[c] == 7 && p.mean_low[c] == 0);
                assert_true(p.stat_mean[c] == 7);
                assert_true(p.stat_m2[c] == 9 * (double)p.count);
                assert_true(p.dbeta[c] == 3.5 * (double)p.count);
            }
            problem_free(&p);
        }
}

/* NaN and Inf stay in their channel */
static void not_finite_stays(void **state)
{
    (void)state;
    const double bad[] = {NAN, INFINITY, -INFINITY};
    for (int dtype = XHAT_F32; dtype <= XHAT_F64; dtype++)
        for (size_t inner = 1; inner <= 20; inner += 19)
            for (int b = 0; b < 3; b++) {
                problem clean = problem_new(
                    spec_of((xhat_dtype)dtype, 9, 18, inner), 0, 1, 17);
                problem dirty = problem_new(
                    spec_of((xhat_dtype)dtype, 9, 18, inner), 0, 1, 17);
                dirty.x[(2 * 18 + 4) * inner] = bad[b]; /* channel 4 */
                problem_train(&clean);
                problem_train(&dirty);
                for (size_t i = 0; i < clean.elements; i++) {
                    bool hit = i / inner % 18 == 4;
                    assert_true(hit ? isnan(dirty.out[i])
                                    : dirty.out[i] == clean.out[i]);
                    assert_true(hit ? isnan(dirty.dx[i])
                                    : dirty.dx[i] == clean.dx[i]);
                }
                assert_false(isfinite(dirty.stat_m2[4]));
                /* with frozen statistics dx does not depend on x */
                problem_evaluate(&clean);
                problem_evaluate(&dirty);
                for (size_t i = 0; i < clean.elements; i++)
                    assert_true(dirty.dx[i] == clean.dx[i]);
                problem_free(&clean);
                problem_free(&dirty);
            }
}

/* Values far below eps, and equal ones near the end of the type: x_norm is next
 * to nothing, or nothing, but invstd is 1 / sqrt(eps), and dx goes by it. */
static void eps_is_all_that_counts(void **state)
{
    (void)state;
    const double sizes[] = {1e-160, 1e-300, 0, 1e299, 1.7e308};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const double large = sizes[i];
        const bool tiny = large < 1;
        double x[] = {large, tiny ? 2 * large : large, tiny ? 4 * large : large,
                      tiny ? -3 * large : large};
        const double dout[] = {1, 2, 3, 5},
                     expected[] = {-1.75, -0.75, 0.25, 2.25};
        double out[4], dx[4], mean, mean_low, invstd, dgamma, dbeta;
        assert_ok(xhat_batchnorm_forward_f64(4, 1, 1, x, NULL, NULL, 1e-5, out,
                                             &mean, &mean_low, &invstd, error));
        assert_true(fabs(invstd * sqrt(1e-5) - 1) < 1e-15);
        assert_ok(xhat_batchnorm_backward_f64(4, 1, 1, x, dout, NULL, 1e-5,
                                              &mean, &mean_low, &invstd, dx,
                                              &dgamma, &dbeta, error));
        for (int k = 0; k < 4; k++) {
            assert_true(fabs(out[k]) <= 1e-100);
            assert_true(fabs(dx[k] * sqrt(1e-5) - expected[k]) < 1e-14);
        }
    }
}

/* in place: out over x in inference, dx over dout in backward */
static void in_place(void **state)
{
    (void)state;
    for (size_t inner = 1; inner <= 20; inner += 19) {
        xhat_spec spec = spec_of(XHAT_F64, 30, 19, inner);
        problem p = problem_new(spec, 2, 3, 18);
        void *scratch;
        xhat_plan *plan;
        assert_ok(xhat_plan_create(&plan, &spec, NULL, error));
        scratch = malloc(xhat_plan_scratch_size(plan));
        problem_evaluate(&p);
        double *frozen_dx = malloc(p.elements * sizeof(double));
        memcpy(frozen_dx, p.dx, p.elements * sizeof(double));
        double *out = malloc(p.elements * sizeof(double));
        memcpy(out, p.out, p.elements * sizeof(double));
        problem_train(&p);
        double *dx = malloc(p.elements * sizeof(double));
        memcpy(dx, p.dout, p.elements * sizeof(double));
        assert_ok(xhat_backward(
            plan,
            &(xhat_backward_args){.x = p.x,
                                  .dout = dx,
                                  .gamma = p.gamma,
                                  .mean = p.mean,
                                  .mean_low = p.mean_low,
                                  .invstd = p.invstd,
                                  .dx = dx,
                                  .dgamma = p.dgamma,
                                  .dbeta = p.dbeta,
                                  .scratch = scratch,
                                  .scratch_size = xhat_plan_scratch_size(plan)},
            error));
        assert_memory_equal(dx, p.dx, p.elements * sizeof(double));
        memcpy(dx, p.dout, p.elements * sizeof(double));
        assert_ok(xhat_frozen_backward(
            plan,
            &(xhat_frozen_backward_args){.x = p.x,
                                         .dout = dx,
                                         .gamma = p.gamma,
                                         .running_mean = p.running_mean,
                                         .running_var = p.running_var,
                                         .dx = dx,
                                         .scratch = scratch,
                                         .scratch_size =
                                             xhat_plan_scratch_size(plan)},
            error));
        assert_memory_equal(dx, frozen_dx, p.elements * sizeof(double));
        assert_ok(
            xhat_inference(plan,
                           &(xhat_inference_args){
                               .x = p.x,
                               .gamma = p.gamma,
                               .beta = p.beta,
                               .running_mean = p.running_mean,
                               .running_var = p.running_var,
                               .out = p.x,
                               .scratch = scratch,
                               .scratch_size = xhat_plan_scratch_size(plan)},
                           error));
        assert_memory_equal(p.x, out, p.elements * sizeof(double));
        free(frozen_dx);
        free(out);
        free(dx);
        free(scratch);
        xhat_plan_destroy(plan);
        problem_free(&p);
    }
}

/* the same bits for every number of threads */
static void threads(void **state)
{
    (void)state;
    const size_t shapes[][3] = {{200, 1000, 1}, {8, 60, 100}, {600, 257, 1}};
    for (int dtype = XHAT_F32; dtype <= XHAT_F64; dtype++)
        for (int k = 0; k < 3; k++) {
            xhat_spec spec = spec_of((xhat_dtype)dtype, shapes[k][0],
                                     shapes[k][1], shapes[k][2]);
            spec.threads = 1;
            problem one = problem_new(spec, 100, 1, 19);
            problem_train(&one);
            for (int t = 2; t <= 5; t++) {
                spec.threads = t;
                problem many = problem_new(spec, 100, 1, 19);
                problem_train(&many);
                size_t bytes = one.elements * sizeof(double);
                size_t each = spec.channels * sizeof(double);
                assert_memory_equal(many.out, one.out, bytes);
                assert_memory_equal(many.dx, one.dx, bytes);
                assert_memory_equal(many.mean, one.mean, each);
                assert_memory_equal(many.mean_low, one.mean_low, each);
                assert_memory_equal(many.invstd, one.invstd, each);
                assert_memory_equal(many.dgamma, one.dgamma, each);
                assert_memory_equal(many.dbeta, one.dbeta, each);
                problem_free(&many);
            }
            problem_free(&one);
        }
}

/* a channel computes the same bits beside any number of other channels; alone it
 * is one run, whose sums have another order */
static void neighbors(void **state)
{
    (void)state;
    problem wide = problem_new(spec_of(XHAT_F32, 70, 37, 1), 3, 1, 20);
    problem_train(&wide);
    for (size_t c = 0; c < 37; c += 9) {
        problem pair = problem_new(spec_of(XHAT_F32, 70, 2, 1), 0, 1, 21);
        for (size_t o = 0; o < 70; o++) {
            pair.x[o * 2] = wide.x[o * 37 + c];
            pair.dout[o * 2] = wide.dout[o * 37 + c];
        }
        pair.gamma[0] = wide.gamma[c];
        pair.beta[0] = wide.beta[c];
        problem_train(&pair);
        for (size_t o = 0; o < 70; o++) {
            assert_true(pair.out[o * 2] == wide.out[o * 37 + c]);
            assert_true(pair.dx[o * 2] == wide.dx[o * 37 + c]);
        }
        problem_free(&pair);
    }
    problem_free(&wide);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identity),
        cmocka_unit_test(invariants_of_dx),
        cmocka_unit_test(layouts),
        cmocka_unit_test(constant_channels),
        cmocka_unit_test(exact_statistics),
        cmocka_unit_test(not_finite_stays),
        cmocka_unit_test(eps_is_all_that_counts),
        cmocka_unit_test(in_place),
        cmocka_unit_test(threads),
        cmocka_unit_test(neighbors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
