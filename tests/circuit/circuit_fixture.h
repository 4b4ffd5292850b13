/* Batches for the tests of circuits. */
#ifndef XHAT_TESTS_CIRCUIT_FIXTURE_H
#define XHAT_TESTS_CIRCUIT_FIXTURE_H

#include "check.h"
#include "xhat/circuit.h"

/* The batch that can be followed by hand: means 3 and 3, variances 25 and 4. */
static const double demo_x[] = {-4, 1, 2, 1, 4, 5, 10, 5};
static const double demo_gamma[] = {10, 4};
static const double demo_beta[] = {1, -1};
static const double demo_dout[] = {1, 2, -1, 0, 3, 1, 1, 3};

enum { FIXTURE_MAX = 4096 };

/* Numbers without a pattern, in -1..1, the same everywhere. */
static inline double fixture_number(unsigned seed, size_t k)
{
    uint32_t h = seed * 2654435761u + (uint32_t)k * 40503u + 12345u;
    h ^= h >> 15;
    h *= 2246822519u;
    h ^= h >> 13;
    h *= 3266489917u;
    h ^= h >> 16;
    return (double)h / 2147483648.0 - 1;
}

/* A run over `axes` with numbers without a pattern as inputs, done forward and
 * backward: x around `center`, gamma away from 0. */
static inline xhat_run *fixture_run(xhat_axes axes, double eps, double center)
{
    static double numbers[FIXTURE_MAX];
    size_t full = xhat_axes_count(&axes, XHAT_EXTENT_FULL);
    assert_true(full <= FIXTURE_MAX);
    xhat_run *run;
    assert_ok(xhat_run_create(&run, xhat_circuit_batchnorm(), &axes, eps, NULL,
                              error));
    for (size_t k = 0; k < full; k++)
        numbers[k] = center + fixture_number(1, k);
    assert_ok(xhat_run_set(run, XHAT_SIDE_VALUE, XHAT_VALUE_X, numbers, error));
    for (size_t k = 0; k < axes.channels; k++)
        numbers[k] = 1.5 + fixture_number(2, k);
    assert_ok(
        xhat_run_set(run, XHAT_SIDE_VALUE, XHAT_VALUE_GAMMA, numbers, error));
    for (size_t k = 0; k < axes.channels; k++)
        numbers[k] = fixture_number(3, k);
    assert_ok(
        xhat_run_set(run, XHAT_SIDE_VALUE, XHAT_VALUE_BETA, numbers, error));
    for (size_t k = 0; k < full; k++)
        numbers[k] = fixture_number(4, k);
    assert_ok(
        xhat_run_set(run, XHAT_SIDE_GRADIENT, XHAT_VALUE_OUT, numbers, error));
    assert_ok(xhat_run_forward(run, error));
    assert_ok(xhat_run_backward(run, error));
    return run;
}

static inline const double *fixture_value(const xhat_run *run, int value)
{
    return xhat_run_field(run, XHAT_SIDE_VALUE, value).data;
}

static inline const double *fixture_gradient(const xhat_run *run, int value)
{
    return xhat_run_field(run, XHAT_SIDE_GRADIENT, value).data;
}

/* The demo, forward and backward, with eps = 0. */
static inline xhat_run *fixture_demo(void)
{
    xhat_axes axes = xhat_axes_batch(4, 2, 1);
    xhat_run *run;
    assert_ok(
        xhat_run_create(&run, xhat_circuit_batchnorm(), &axes, 0, NULL, error));
    assert_ok(xhat_run_set(run, XHAT_SIDE_VALUE, XHAT_VALUE_X, demo_x, error));
    assert_ok(xhat_run_set(run, XHAT_SIDE_VALUE, XHAT_VALUE_GAMMA, demo_gamma,
                           error));
    assert_ok(
        xhat_run_set(run, XHAT_SIDE_VALUE, XHAT_VALUE_BETA, demo_beta, error));
    assert_ok(xhat_run_set(run, XHAT_SIDE_GRADIENT, XHAT_VALUE_OUT, demo_dout,
                           error));
    assert_ok(xhat_run_forward(run, error));
    assert_ok(xhat_run_backward(run, error));
    return run;
}

#endif
