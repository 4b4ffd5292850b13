/* Every allocation of a circuit's life fails once: a status, nothing lost. */
#include "circuit/diagnose.h"
#include "circuit/probe.h"
#include "circuit_fixture.h"
#include "counting.h"

static xhat_status whole_life(const xhat_allocator *allocator,
                              xhat_error *error)
{
    xhat_axes axes = xhat_axes_batch(4, 2, 1);
    xhat_run *run;
    xhat_verification found;
    xhat_status status = xhat_run_create(&run, xhat_circuit_batchnorm(), &axes,
                                         0, allocator, error);
    if (status == XHAT_OK)
        status =
            xhat_run_set(run, XHAT_SIDE_VALUE, XHAT_VALUE_X, demo_x, error);
    if (status == XHAT_OK)
        status = xhat_run_set(run, XHAT_SIDE_VALUE, XHAT_VALUE_GAMMA,
                              demo_gamma, error);
    if (status == XHAT_OK)
        status = xhat_run_set(run, XHAT_SIDE_VALUE, XHAT_VALUE_BETA, demo_beta,
                              error);
    if (status == XHAT_OK)
        status = xhat_run_set(run, XHAT_SIDE_GRADIENT, XHAT_VALUE_OUT,
                              demo_dout, error);
    if (status == XHAT_OK)
        status = xhat_run_forward(run, error);
    if (status == XHAT_OK)
        status = xhat_run_backward(run, error);
    if (status == XHAT_OK)
        status = xhat_run_verify(run, SIZE_MAX, &found, error);
    /* dgamma of the demo is 0.8 and 2: averaged, so that the catalogue is
     * searched */
    xhat_claim claim = {.side = XHAT_SIDE_GRADIENT,
                        .value = XHAT_VALUE_GAMMA,
                        .data = (const double[]){0.2, 0.5},
                        .tolerance = 1e-10,
                        .extent = XHAT_EXTENT_PER_CHANNEL};
    xhat_case c = {.axes = axes,
                   .x = demo_x,
                   .gamma = demo_gamma,
                   .beta = demo_beta,
                   .dout = demo_dout,
                   .claims = &claim,
                   .claim_count = 1,
                   .allocator = allocator};
    xhat_diagnosis diagnosis;
    xhat_probe_report probe;
    if (status == XHAT_OK)
        status = xhat_diagnose(&diagnosis, &c, error);
    if (status == XHAT_OK)
        status = xhat_probe_judge(&probe, &c, error);
    xhat_run_destroy(run);
    return status;
}

static void every_failing_allocation(void **state)
{
    (void)state;
    xhat_status status = XHAT_OUT_OF_MEMORY;
    size_t k = 1;
    /* every one of the first, then fewer: a search of the catalogue takes
     * memory for each mistake in the same way */
    for (; status == XHAT_OUT_OF_MEMORY; k += 1 + k / 600 * 13) {
        counting context = {.fail_at = k};
        xhat_allocator allocator = counting_on(&context);
        xhat_error error = {0};
        status = whole_life(&allocator, &error);
        assert_int_equal(context.alive, 0);
        if (status != XHAT_OK)
            assert_non_null(strstr(error.message, "no memory"));
    }
    assert_int_equal(status, XHAT_OK);
    assert_true(k > 100); /* there were that many to fail */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
