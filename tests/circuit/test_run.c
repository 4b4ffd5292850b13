/* The nine gates: numbers by hand, derivatives by complex step, properties. */
#include "circuit/diagnose.h"
#include "circuit/probe.h"
#include "circuit/magnitude.h"
#include "circuit/nonfinite.h"
#include "circuit_fixture.h"

static void expect(const double *found, const double *expected, size_t count)
{
    assert_non_null(found);
    for (size_t k = 0; k < count; k++)
        assert_close(found[k], expected[k], 1e-15, 1e-15);
}

#define EXPECT(found, ...)                                                     \
    expect(found, (const double[]){__VA_ARGS__},                               \
           sizeof((const double[]){__VA_ARGS__}) / sizeof(double))

static void demo_forward_by_hand(void **state)
{
    (void)state;
    xhat_run *run = fixture_demo();
    EXPECT(fixture_value(run, XHAT_VALUE_MEAN), 3, 3);
    EXPECT(fixture_value(run, XHAT_VALUE_DEV_FROM_MEAN), -7, -2, -1, -2, 1, 2,
           7, 2);
    EXPECT(fixture_value(run, XHAT_VALUE_DEV_FROM_MEAN_SQ), 49, 4, 1, 4, 1, 4,
           49, 4);
    EXPECT(fixture_value(run, XHAT_VALUE_VAR), 25, 4);
    EXPECT(fixture_value(run, XHAT_VALUE_STDDEV), 5, 2);
    EXPECT(fixture_value(run, XHAT_VALUE_INVERTED_STDDEV), 0.2, 0.5);
    EXPECT(fixture_value(run, XHAT_VALUE_X_NORM), -1.4, -1, -0.2, -1, 0.2, 1,
           1.4, 1);
    EXPECT(fixture_value(run, XHAT_VALUE_SCALED_X), -14, -4, -2, -4, 2, 4, 14,
           4);
    EXPECT(fixture_value(run, XHAT_VALUE_OUT), -13, -5, -1, -5, 3, 3, 15, 3);
    xhat_run_destroy(run);
}

/* Feature 0: dout = 1 -1 3 1.  Feature 1: dout = 2 0 1 3. */
static void demo_backward_by_hand(void **state)
{
    (void)state;
    xhat_run *run = fixture_demo();
    EXPECT(fixture_gradient(run, XHAT_VALUE_BETA), 4, 6);
    EXPECT(fixture_gradient(run, XHAT_VALUE_SCALED_X), 1, 2, -1, 0, 3, 1, 1, 3);
    EXPECT(fixture_gradient(run, XHAT_VALUE_GAMMA), 0.8, 2);
    EXPECT(fixture_gradient(run, XHAT_VALUE_X_NORM), 10, 8, -10, 0, 30, 4, 10,
           12);
    EXPECT(fixture_gradient(run, XHAT_VALUE_INVERTED_STDDEV), 40, 16);
    EXPECT(xhat_run_downstream(run, 6, 0).data, 2, 4, -2, 0, 6, 2, 2, 6);
    EXPECT(fixture_gradient(run, XHAT_VALUE_STDDEV), -1.6, -4);
    EXPECT(fixture_gradient(run, XHAT_VALUE_VAR), -0.16, -1);
    EXPECT(fixture_gradient(run, XHAT_VALUE_DEV_FROM_MEAN_SQ), -0.04, -0.25,
           -0.04, -0.25, -0.04, -0.25, -0.04, -0.25);
    EXPECT(xhat_run_downstream(run, 2, 0).data, 0.56, 1, 0.08, 1, -0.08, -1,
           -0.56, -1);
    EXPECT(fixture_gradient(run, XHAT_VALUE_DEV_FROM_MEAN), 2.56, 5, -1.92, 1,
           5.92, 1, 1.44, 5);
    EXPECT(fixture_gradient(run, XHAT_VALUE_MEAN), -8, -12);
    EXPECT(fixture_gradient(run, XHAT_VALUE_X), 0.56, 2, -3.92, -2, 3.92, -2,
           -0.56, 2);
    xhat_run_destroy(run);
}

/* ---- derivatives --------------------------------------------------------- */

static const xhat_axes all_axes[] = {
    {5, 3, 1, false, 3}, {5, 3, 4, false, 3}, /* batch */
    {5, 3, 1, true, 1},  {5, 3, 4, true, 1},  /* layer */
    {3, 6, 2, true, 2},  {3, 4, 5, true, 4},  /* group, instance */
    {1, 1, 7, false, 1},
};

static void complex_step_confirms_every_gate(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof all_axes / sizeof *all_axes; i++) {
        for (int large = 0; large < 2; large++) {
            xhat_run *run = fixture_run(all_axes[i], 1e-5, large ? 100 : 0);
            xhat_verification found;
            assert_ok(xhat_run_verify(run, SIZE_MAX, &found, error));
            for (int g = 0; g < 9; g++) {
                assert_true(found.gate[g] >= 0);
                assert_true(found.gate[g] <= 1e-13);
            }
            assert_true(found.complex_step >= 0);
            assert_true(found.complex_step <= 1e-12);
            assert_true(found.central_difference <= 1e-6);
            assert_true(found.central_difference > found.complex_step);
            assert_int_equal(found.checked, found.elements);
            xhat_run_destroy(run);
        }
    }
}

/* dx, written down independently: the closed form of layer or batch norm. */
static void closed_form_agrees(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof all_axes / sizeof *all_axes; i++) {
        const xhat_axes *axes = &all_axes[i];
        xhat_run *run = fixture_run(*axes, 1e-3, 2);
        const double *dout = fixture_gradient(run, XHAT_VALUE_OUT);
        const double *x_norm = fixture_value(run, XHAT_VALUE_X_NORM);
        const double *r = fixture_value(run, XHAT_VALUE_INVERTED_STDDEV);
        const double *gamma = fixture_value(run, XHAT_VALUE_GAMMA);
        const double *dx = fixture_gradient(run, XHAT_VALUE_X);
        double m = (double)xhat_axes_sharing(axes);
        size_t full = xhat_axes_count(axes, XHAT_EXTENT_FULL);
        for (size_t e = 0; e < full; e++) {
            size_t s = xhat_axes_place(axes, XHAT_EXTENT_PER_STATISTIC, e);
            size_t c = xhat_axes_place(axes, XHAT_EXTENT_PER_CHANNEL, e);
            double sum = 0, sum_norm = 0;
            for (size_t k = 0; k < full; k++) {
                if (xhat_axes_place(axes, XHAT_EXTENT_PER_STATISTIC, k) != s)
                    continue;
                double g =
                    gamma[xhat_axes_place(axes, XHAT_EXTENT_PER_CHANNEL, k)] *
                    dout[k];
                sum += g;
                sum_norm += g * x_norm[k];
            }
            double expected = r[s] * (gamma[c] * dout[e] - sum / m -
                                      x_norm[e] * sum_norm / m);
            assert_close(dx[e], expected, 1e-12, 1e-13);
        }
        xhat_run_destroy(run);
    }
}

/* ---- properties ---------------------------------------------------------- */

static void dx_sums_to_zero_and_is_orthogonal(void **state)
{
    (void)state;
    xhat_axes axes = xhat_axes_batch(50, 3, 2);
    double eps = 0.25;
    xhat_run *run = fixture_run(axes, eps, 1);
    const double *dx = fixture_gradient(run, XHAT_VALUE_X);
    const double *x_norm = fixture_value(run, XHAT_VALUE_X_NORM);
    const double *r = fixture_value(run, XHAT_VALUE_INVERTED_STDDEV);
    const double *dgamma = fixture_gradient(run, XHAT_VALUE_GAMMA);
    const double *gamma = fixture_value(run, XHAT_VALUE_GAMMA);
    double sum[3] = {0}, along[3] = {0};
    for (size_t e = 0; e < 300; e++) {
        size_t c = e / 2 % 3;
        sum[c] += dx[e];
        along[c] += dx[e] * x_norm[e];
    }
    for (size_t c = 0; c < 3; c++) {
        assert_close(sum[c], 0, 0, 1e-13);
        /* sum x_norm^2 = N (1 - eps r^2): what is left is eps' share */
        assert_close(along[c], gamma[c] * r[c] * dgamma[c] * eps * r[c] * r[c],
                     1e-12, 1e-13);
        assert_true(fabs(along[c]) > 1e-3);
    }
    xhat_run_destroy(run);
}

static void its_own_inverse_returns_x(void **state)
{
    (void)state;
    xhat_run *run = fixture_run(xhat_axes_batch(7, 3, 2), 1e-3, 5);
    const double *stddev = fixture_value(run, XHAT_VALUE_STDDEV);
    const double *mean = fixture_value(run, XHAT_VALUE_MEAN);
    assert_ok(
        xhat_run_set(run, XHAT_SIDE_VALUE, XHAT_VALUE_GAMMA, stddev, error));
    assert_ok(xhat_run_set(run, XHAT_SIDE_VALUE, XHAT_VALUE_BETA,
                           (const double[]){mean[0], mean[1], mean[2]}, error));
    assert_ok(xhat_run_forward(run, error));
    const double *x = fixture_value(run, XHAT_VALUE_X);
    const double *out = fixture_value(run, XHAT_VALUE_OUT);
    for (size_t e = 0; e < 42; e++)
        assert_close(out[e], x[e], 1e-14, 0);
    xhat_run_destroy(run);
}

/* ---- held values --------------------------------------------------------- */

static void held_statistics_are_inference(void **state)
{
    (void)state;
    xhat_run *run = fixture_demo();
    assert_ok(
        xhat_run_hold(run, XHAT_VALUE_MEAN, (const double[]){2, 0}, error));
    assert_ok(
        xhat_run_hold(run, XHAT_VALUE_VAR, (const double[]){4, 16}, error));
    assert_null(fixture_gradient(run, XHAT_VALUE_X)); /* of another run */
    assert_ok(xhat_run_forward(run, error));
    assert_ok(xhat_run_backward(run, error));
    EXPECT(fixture_value(run, XHAT_VALUE_MEAN), 2, 0);
    EXPECT(fixture_value(run, XHAT_VALUE_STDDEV), 2, 4);
    EXPECT(fixture_value(run, XHAT_VALUE_X_NORM), -3, 0.25, 0, 0.25, 1, 1.25, 4,
           1.25);
    EXPECT(fixture_value(run, XHAT_VALUE_OUT), -29, 0, 1, 0, 11, 4, 41, 4);
    /* dx = gamma r dout; dgamma = sum dout x_norm */
    EXPECT(fixture_gradient(run, XHAT_VALUE_X), 5, 2, -5, 0, 15, 1, 5, 3);
    EXPECT(fixture_gradient(run, XHAT_VALUE_GAMMA), 4, 5.5);
    EXPECT(fixture_gradient(run, XHAT_VALUE_BETA), 4, 6);
    assert_null(fixture_gradient(run, XHAT_VALUE_MEAN));
    assert_null(fixture_gradient(run, XHAT_VALUE_STDDEV));
    assert_null(fixture_value(run, XHAT_VALUE_DEV_FROM_MEAN_SQ));
    assert_int_equal(xhat_run_state(run, XHAT_VALUE_VAR), XHAT_STATE_HELD);
    assert_int_equal(xhat_run_state(run, XHAT_VALUE_STDDEV),
                     XHAT_STATE_CONSTANT);
    assert_int_equal(xhat_run_state(run, XHAT_VALUE_DEV_FROM_MEAN_SQ),
                     XHAT_STATE_IDLE);
    xhat_verification found;
    assert_ok(xhat_run_verify(run, SIZE_MAX, &found, error));
    assert_true(found.complex_step >= 0 && found.complex_step <= 1e-12);
    assert_true(found.gate[0] == -1 && found.gate[4] == -1);
    assert_true(found.gate[6] >= 0 && found.gate[6] <= 1e-13);
    xhat_run_destroy(run);
}

/* A replaced gradient changes what follows from it, and only that. */
static void replaced_numbers_are_used_downstream(void **state)
{
    (void)state;
    xhat_run *run = fixture_demo();
    assert_ok(xhat_run_set(run, XHAT_SIDE_GRADIENT, XHAT_VALUE_VAR,
                           (const double[]){4, 0}, error));
    assert_ok(xhat_run_forward(run, error));
    assert_ok(xhat_run_backward(run, error));
    EXPECT(xhat_run_computed(run, XHAT_SIDE_GRADIENT, XHAT_VALUE_VAR).data,
           -0.16, -1);
    EXPECT(fixture_gradient(run, XHAT_VALUE_VAR), 4, 0);
    EXPECT(fixture_gradient(run, XHAT_VALUE_DEV_FROM_MEAN_SQ), 1, 0, 1, 0, 1, 0,
           1, 0);
    EXPECT(fixture_gradient(run, XHAT_VALUE_STDDEV), -1.6, -4);
    /* dd = 2 -2 6 2 + 2 d dsq = -14 -2 2 14 */
    EXPECT(fixture_gradient(run, XHAT_VALUE_DEV_FROM_MEAN), -12, 4, -4, 0, 8, 2,
           16, 6);
    xhat_run_destroy(run);
}

/* ---- edges --------------------------------------------------------------- */

static void constant_channel_without_eps(void **state)
{
    (void)state;
    xhat_run *run = fixture_demo();
    assert_ok(xhat_run_set(run, XHAT_SIDE_VALUE, XHAT_VALUE_X,
                           (const double[]){7, 1, 7, 1, 7, 5, 7, 5}, error));
    assert_ok(xhat_run_forward(run, error));
    assert_ok(xhat_run_backward(run, error));
    const double *r = fixture_value(run, XHAT_VALUE_INVERTED_STDDEV);
    EXPECT(r, 0, 0.5);
    EXPECT(fixture_value(run, XHAT_VALUE_OUT), 1, -5, 1, -5, 1, 3, 1, 3);
    EXPECT(fixture_gradient(run, XHAT_VALUE_X), 0, 2, 0, -2, 0, -2, 0, 2);
    EXPECT(fixture_gradient(run, XHAT_VALUE_GAMMA), 0, 2);
    EXPECT(fixture_gradient(run, XHAT_VALUE_BETA), 4, 6);
    xhat_verification found;
    assert_ok(xhat_run_verify(run, SIZE_MAX, &found, error));
    assert_true(found.complex_step <= 1e-12);
    assert_int_equal(found.checked, 4); /* the constant channel has none */
    xhat_run_destroy(run);
}

static void nan_and_inf_stay_in_their_channel(void **state)
{
    (void)state;
    static const double bad[] = {NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < 3; i++) {
        xhat_run *run = fixture_demo();
        double x[8];
        memcpy(x, demo_x, sizeof x);
        x[2] = bad[i];
        assert_ok(xhat_run_set(run, XHAT_SIDE_VALUE, XHAT_VALUE_X, x, error));
        assert_ok(xhat_run_forward(run, error));
        assert_ok(xhat_run_backward(run, error));
        for (int row = 0; row < 4; row++) {
            static const double dx[] = {2, -2, -2, 2};
            assert_true(isnan(fixture_value(run, XHAT_VALUE_OUT)[2 * row]));
            assert_close(fixture_value(run, XHAT_VALUE_OUT)[2 * row + 1],
                         row < 2 ? -5 : 3, 0, 0);
            assert_close(fixture_gradient(run, XHAT_VALUE_X)[2 * row + 1],
                         dx[row], 1e-15, 1e-15);
        }
        xhat_run_destroy(run);
    }
}

/* A mean 1e8 times the deviation: the mean is right to its last digits. */
static void large_mean(void **state)
{
    (void)state;
    xhat_axes axes = xhat_axes_batch(1000, 1, 1);
    static double x[1000];
    for (size_t k = 0; k < 1000; k++)
        x[k] = 1e8 + 0.1 + (double)(k % 10);
    xhat_run *run = fixture_run(axes, 0, 0);
    assert_ok(xhat_run_set(run, XHAT_SIDE_VALUE, XHAT_VALUE_X, x, error));
    assert_ok(xhat_run_forward(run, error));
    assert_close(fixture_value(run, XHAT_VALUE_MEAN)[0], 1e8 + 4.6, 1.2e-16, 0);
    assert_close(fixture_value(run, XHAT_VALUE_VAR)[0], 8.25, 1e-8, 0);
    xhat_run_destroy(run);
}

/* A sum whose terms cancel keeps what rounding took from it. */
static void cancelling_sum(void **state)
{
    (void)state;
    xhat_run *run = fixture_demo();
    assert_ok(xhat_run_set(run, XHAT_SIDE_GRADIENT, XHAT_VALUE_OUT,
                           (const double[]){1, 2, 1e16, 0, 1, 1, -1e16, 3},
                           error));
    assert_ok(xhat_run_forward(run, error));
    assert_ok(xhat_run_backward(run, error));
    assert_true(fixture_gradient(run, XHAT_VALUE_BETA)[0] == 2);
    xhat_run_destroy(run);
}

/* Feature 0, row 0 by hand: |x| = 4, the mean of |x| is 5, |d| = 7. */
static void magnitudes_by_hand(void **state)
{
    (void)state;
    xhat_run *run = fixture_demo();
    xhat_magnitudes sizes;
    assert_ok(xhat_magnitudes_of(&sizes, run, error));
    double *const *values = sizes.computed[XHAT_SIDE_VALUE];
    double *const *gradients = sizes.computed[XHAT_SIDE_GRADIENT];
    assert_close(values[XHAT_VALUE_MEAN][0], 5, 0, 1e-15);
    assert_close(values[XHAT_VALUE_DEV_FROM_MEAN][0], 4 + 5, 0, 1e-15);
    /* d^2, and 2 |d| times what d's terms have beyond |d| */
    assert_close(values[XHAT_VALUE_DEV_FROM_MEAN_SQ][0], 49 + 14 * (9 - 7), 0,
                 1e-13);
    assert_close(gradients[XHAT_VALUE_BETA][0], 1 + 1 + 3 + 1, 0, 1e-15);
    const double *dx = fixture_gradient(run, XHAT_VALUE_X);
    for (size_t k = 0; k < 8; k++)
        assert_true(gradients[XHAT_VALUE_X][k] >= fabs(dx[k]));
    xhat_magnitudes_free(&sizes);
    xhat_run_destroy(run);
}

static void where_nan_and_inf_begin(void **state)
{
    (void)state;
    xhat_run *run = fixture_demo();
    xhat_nonfinite origins[XHAT_NONFINITE_MAX];
    assert_int_equal(xhat_nonfinite_origins(run, origins), 0);
    const double x[] = {-1e200, 1, 2, NAN, 4, 5, 1e200, 5};
    assert_ok(xhat_run_set(run, XHAT_SIDE_VALUE, XHAT_VALUE_X, x, error));
    assert_ok(xhat_run_forward(run, error));
    assert_ok(xhat_run_backward(run, error));
    assert_int_equal(xhat_nonfinite_origins(run, origins), 2);
    assert_int_equal(origins[0].value, XHAT_VALUE_X);
    assert_int_equal(origins[0].gate, 0);
    assert_int_equal(origins[0].first, 3);
    assert_int_equal(origins[0].count, 1);
    assert_int_equal(origins[1].value, XHAT_VALUE_DEV_FROM_MEAN_SQ);
    assert_int_equal(origins[1].gate, 3);
    assert_int_equal(origins[1].first, 0);
    assert_int_equal(origins[1].count, 2 + 4);
    bool touched[2];
    xhat_nonfinite_touched(run, XHAT_EXTENT_PER_CHANNEL, touched);
    assert_true(touched[0] && touched[1]);
    xhat_verification found;
    assert_ok(xhat_run_verify(run, SIZE_MAX, &found, error));
    assert_true(found.complex_step == -1 && found.central_difference == -1);
    assert_int_equal(found.not_finite, 8);
    assert_int_equal(found.checked, 0);
    xhat_run_destroy(run);
}

/* dout alone is too large: a gradient is the first to overflow. */
static void a_gradient_that_overflows(void **state)
{
    (void)state;
    xhat_run *run = fixture_demo();
    const double dout[] = {1, 2, -1, 0, 1.7e308, 1, 1, 3};
    assert_ok(
        xhat_run_set(run, XHAT_SIDE_GRADIENT, XHAT_VALUE_OUT, dout, error));
    assert_ok(xhat_run_forward(run, error));
    assert_ok(xhat_run_backward(run, error));
    xhat_nonfinite origins[XHAT_NONFINITE_MAX];
    assert_int_equal(xhat_nonfinite_origins(run, origins), 1);
    assert_int_equal(origins[0].side, XHAT_SIDE_GRADIENT);
    assert_int_equal(origins[0].value, XHAT_VALUE_X_NORM);
    assert_int_equal(origins[0].gate, 8);
    assert_int_equal(origins[0].first, 4);
    xhat_run_destroy(run);
}

static void empty_batch(void **state)
{
    (void)state;
    xhat_run *run = fixture_run(xhat_axes_batch(0, 3, 1), 1e-5, 0);
    for (int c = 0; c < 3; c++) {
        assert_true(fixture_gradient(run, XHAT_VALUE_GAMMA)[c] == 0);
        assert_true(fixture_gradient(run, XHAT_VALUE_BETA)[c] == 0);
        assert_true(fixture_value(run, XHAT_VALUE_MEAN)[c] == 0);
    }
    xhat_verification found;
    assert_ok(xhat_run_verify(run, SIZE_MAX, &found, error));
    assert_true(found.complex_step == -1);
    xhat_run_destroy(run);
}

static void bad_arguments(void **state)
{
    (void)state;
    const xhat_circuit *circuit = xhat_circuit_batchnorm();
    xhat_axes axes = xhat_axes_batch(4, 2, 1);
    xhat_run *run;
    assert_fails(xhat_run_create(&run, circuit, &axes, -1, NULL, error),
                 XHAT_INVALID_ARGUMENT, "eps is -1");
    assert_null(run);
    assert_fails(xhat_run_create(&run, circuit, &axes, NAN, NULL, error),
                 XHAT_INVALID_ARGUMENT, "eps");
    axes.groups = 4;
    assert_fails(xhat_run_create(&run, circuit, &axes, 0, NULL, error),
                 XHAT_INVALID_ARGUMENT, "4, which does not divide 2");
    axes = xhat_axes_batch(SIZE_MAX / 2, 3, 1);
    assert_fails(xhat_run_create(&run, circuit, &axes, 0, NULL, error),
                 XHAT_OUT_OF_MEMORY, "elements");
    axes = xhat_axes_batch(4, 2, 1);
    assert_ok(xhat_run_create(&run, circuit, &axes, 0, NULL, error));
    assert_fails(xhat_run_forward(run, error), XHAT_INVALID_ARGUMENT,
                 "the input x is not set");
    assert_fails(xhat_run_backward(run, error), XHAT_INVALID_ARGUMENT,
                 "after forward");
    assert_fails(
        xhat_run_set(run, XHAT_SIDE_GRADIENT, XHAT_VALUE_X, NULL, error),
        XHAT_INVALID_ARGUMENT, "dx is NULL");
    assert_fails(xhat_run_set(run, XHAT_SIDE_VALUE, 12, demo_x, error),
                 XHAT_INVALID_ARGUMENT, "value 12");
    xhat_run_destroy(run);
}

static void keys_are_found(void **state)
{
    (void)state;
    const xhat_circuit *circuit = xhat_circuit_batchnorm();
    xhat_side side;
    assert_int_equal(xhat_circuit_find(circuit, "ddev_from_mean", &side),
                     XHAT_VALUE_DEV_FROM_MEAN);
    assert_int_equal(side, XHAT_SIDE_GRADIENT);
    assert_int_equal(xhat_circuit_find(circuit, "dev_from_mean", &side),
                     XHAT_VALUE_DEV_FROM_MEAN);
    assert_int_equal(side, XHAT_SIDE_VALUE);
    assert_int_equal(xhat_circuit_find(circuit, "dev", &side), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(demo_forward_by_hand),
        cmocka_unit_test(demo_backward_by_hand),
        cmocka_unit_test(complex_step_confirms_every_gate),
        cmocka_unit_test(closed_form_agrees),
        cmocka_unit_test(dx_sums_to_zero_and_is_orthogonal),
        cmocka_unit_test(its_own_inverse_returns_x),
        cmocka_unit_test(held_statistics_are_inference),
        cmocka_unit_test(replaced_numbers_are_used_downstream),
        cmocka_unit_test(constant_channel_without_eps),
        cmocka_unit_test(nan_and_inf_stay_in_their_channel),
        cmocka_unit_test(large_mean),
        cmocka_unit_test(cancelling_sum),
        cmocka_unit_test(magnitudes_by_hand),
        cmocka_unit_test(where_nan_and_inf_begin),
        cmocka_unit_test(a_gradient_that_overflows),
        cmocka_unit_test(empty_batch),
        cmocka_unit_test(bad_arguments),
        cmocka_unit_test(keys_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
