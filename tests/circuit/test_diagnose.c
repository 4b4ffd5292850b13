/* Planted mistakes, one at a time, in a plain implementation: the diagnosis
 * names the gate and the cause. */
#include "circuit/diagnose.h"
#include "circuit/mistakes.h"
#include "circuit/probe.h"
#include "somebody.h"

static xhat_case case_of(arrays a, const xhat_claim *claims, int count)
{
    return (xhat_case){.axes = xhat_axes_batch(N, D, 1),
                       .eps = EPS,
                       .x = VALUE(X),
                       .gamma = VALUE(GAMMA),
                       .beta = VALUE(BETA),
                       .dout = GRADIENT(OUT),
                       .claims = claims,
                       .claim_count = count};
}

/* Diagnoses the arrays whose keys are in `keys` (blank-separated; NULL: all) */
static xhat_diagnosis diagnose(arrays a, const char *keys)
{
    const xhat_circuit *circuit = xhat_circuit_batchnorm();
    xhat_claim claims[XHAT_CLAIMS_MAX];
    int count = 0;
    for (int v = 0; v < VALUES; v++)
        for (int side = 0; side < 2; side++) {
            bool input = side == 0 ? v <= XHAT_VALUE_BETA : v == XHAT_VALUE_OUT;
            char key[40];
            snprintf(key, sizeof key, " %s ",
                     xhat_circuit_key(circuit, (xhat_side)side, v));
            if (!input && (keys == NULL || strstr(keys, key) != NULL))
                claims[count++] = (xhat_claim){
                    .side = (xhat_side)side,
                    .value = v,
                    .data = a[side][v],
                    .tolerance = 1e-10,
                    .extent = circuit->values[v].extent,
                };
        }
    xhat_case c = case_of(a, claims, count);
    xhat_diagnosis diagnosis;
    assert_ok(xhat_diagnose(&diagnosis, &c, error));
    return diagnosis;
}

static const struct {
    mistake wrong;
    int gate;
    const char *cause; /* the first one */
} planted[] = {
    {MEAN_BY_N_MINUS_1, 1, "mean-n-minus-1"},
    {VAR_BY_N_MINUS_1, 4, "var-n-minus-1"},
    {EPS_OUTSIDE, 5, "eps-outside-root"},
    {EPS_FORGOTTEN, 5, "eps-forgotten"},
    {X_FOR_DEV, 7, "x-not-centered"},
    {NO_GAMMA, 8, "gamma-forgotten"},
    {NO_BETA, 9, "beta-forgotten"},
    {NO_GAMMA_BACK, 8, "gamma-forgotten-backward"},
    {DGAMMA_WITHOUT_X_NORM, 8, "dgamma-without-x_norm"},
    {DGAMMA_OF_X, 8, "dgamma-of-x"},
    {DGAMMA_OF_DEV, 8, "dgamma-of-dev"},
    {DGAMMA_OF_OUT, 8, "dgamma-of-out"},
    {X_FOR_DEV_BACK, 7, "x-not-centered-backward"},
    {DIVIDE_BY_S_ONCE, 6, "inverse-1/s"},
    {DIVIDE_BY_VAR, 6, "inverse-back-no-eps"},
    {ROOT_WITHOUT_HALF, 5, "root-missing-1/2"},
    {ROOT_BY_SQUARE, 5, "root-1/s^2"},
    {ROOT_BY_HALF_SQUARE, 5, "root-1/2s^2"},
    {ROOT_BACK_NO_EPS, 5, "root-back-no-eps"},
    {VAR_BACK_WITHOUT_1_N, 4, "dvar-missing-1/N"},
    {SQUARE_WITHOUT_2, 3, "square-missing-2"},
    {NO_SQUARE_BRANCH, 3, "variance-branch-dropped"},
    {NO_PRODUCT_BRANCH, 7, "direct-branch-dropped"},
    {DMEAN_SIGN, 2, "dmean-sign"},
    {NO_MEAN_BRANCH, 1, "mean-branch-dropped"},
    {MEAN_BACK_WITHOUT_1_N, 1, "dmean-missing-1/N"},
};

static const xhat_mistake *first_cause(const xhat_diagnosis *d)
{
    assert_true(d->search.cause_count > 0);
    assert_int_equal(d->search.causes[0].count, 1);
    return xhat_mistake_at(d->search.causes[0].mistakes[0]);
}

/* With every array there, one mistake is one red gate. */
static void every_mistake_names_its_gate(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof planted / sizeof *planted; i++) {
        arrays a;
        fill(a, planted[i].wrong);
        xhat_diagnosis d = diagnose(a, NULL);
        int red = 0;
        for (int f = 0; f < d.finding_count; f++)
            red += d.findings[f].state == XHAT_FINDING_WRONG;
        assert_int_equal(red, 1);
        assert_int_equal(d.first_wrong_gate, planted[i].gate);
        assert_int_equal(d.search.cause_count, 1); /* and no other one fits */
        assert_string_equal(first_cause(&d)->id, planted[i].cause);
        assert_int_equal(first_cause(&d)->gate, planted[i].gate);
    }
}

static void right_arrays_are_right(void **state)
{
    (void)state;
    arrays a;
    fill(a, NONE);
    xhat_diagnosis d = diagnose(a, NULL);
    assert_int_equal(d.finding_count, 20);
    for (int f = 0; f < d.finding_count; f++)
        assert_int_equal(d.findings[f].state, XHAT_FINDING_OK);
    assert_int_equal(d.first_wrong, -1);
    assert_int_equal(d.first_wrong_gate, -1);
    assert_true(d.decided);
}

/* The example of the command's contract. */
static void a_wrong_array_between_right_ones(void **state)
{
    (void)state;
    arrays a;
    fill(a, VAR_BACK_WITHOUT_1_N);
    xhat_diagnosis d =
        diagnose(a, " out dx dgamma dbeta dvar ddev_from_mean_sq ");
    assert_int_equal(d.first_wrong_gate, 4);
    assert_int_equal(d.findings[d.first_wrong].suspects, 1 << 4);
    const xhat_finding *last = &d.findings[d.finding_count - 1];
    assert_int_equal(last->state, XHAT_FINDING_FOLLOWS);
    assert_int_equal(last->gate, 4);
    assert_string_equal(first_cause(&d)->text, "its 1/N is missing");
    assert_string_equal(d.ratio,
                        "yours is exactly N = 5 times too large everywhere");
}

/* Too few arrays, and no known mistake: the gates that may be wrong, and what
 * would tell. */
static void too_few_arrays_leave_suspects(void **state)
{
    (void)state;
    arrays a;
    fill(a, NONE);
    for (int c = 0; c < D; c++)
        GRADIENT(VAR)[c] *= 1.7;
    xhat_diagnosis d = diagnose(a, " out dgamma dvar dinverted_stddev ");
    assert_int_equal(d.first_wrong_gate, -1);
    assert_int_equal(d.findings[d.first_wrong].suspects, 1 << 5 | 1 << 6);
    assert_true(d.wanted ==
                1UL << (2 * XHAT_VALUE_STDDEV + XHAT_SIDE_GRADIENT));
    assert_int_equal(d.search.cause_count, 0);
    assert_string_equal(d.ratio,
                        "yours is 1.7 times what it should be everywhere");
    d = diagnose(a, " out dgamma dvar dstddev dinverted_stddev ");
    assert_int_equal(d.first_wrong_gate, 5);
}

/* The catalogue tells where the arrays alone do not. */
static void a_known_mistake_needs_no_more_arrays(void **state)
{
    (void)state;
    arrays a;
    fill(a, DIVIDE_BY_S_ONCE);
    xhat_diagnosis d = diagnose(a, " out dgamma dvar dinverted_stddev ");
    assert_int_equal(d.first_wrong_gate, 6);
    assert_string_equal(first_cause(&d)->id, "inverse-1/s");
}

/* dx alone: three wrong numbers, which the invariants tell apart. */
static void the_invariants_of_dx_tell_the_branches_apart(void **state)
{
    (void)state;
    arrays a;
    fill(a, NONE);
    xhat_diagnosis d;
    const double part[3][3] = {{1, 1, 1.3}, {1, 0.6, 1}, {2.5, 2.5, 2.5}};
    const unsigned suspects[3] = {0xf8, 6, 0x180}; /* gates 3-7, 1-2, 7-8 */
    for (int i = 0; i < 3; i++) {
        arrays wrong;
        memcpy(wrong, a, sizeof(arrays));
        for (int k = 0; k < N * D; k++) {
            int c = k % D;
            double scale = VALUE(GAMMA)[c] * VALUE(INVERTED_STDDEV)[c] / N;
            wrong[1][XHAT_VALUE_X][k] =
                scale * (part[i][0] * N * GRADIENT(OUT)[k] -
                         part[i][1] * GRADIENT(BETA)[c] -
                         part[i][2] * VALUE(X_NORM)[k] * GRADIENT(GAMMA)[c]);
        }
        d = diagnose(wrong, " out dgamma dbeta dx ");
        assert_int_equal(d.search.cause_count, 0);
        assert_true(d.has_parts);
        assert_true(d.parts.is_combination);
        assert_close(d.parts.direct, part[i][0], 1e-6, 0);
        assert_close(d.parts.mean, part[i][1], 1e-6, 0);
        assert_close(d.parts.variance, part[i][2], 1e-6, 0);
        assert_int_equal(d.findings[d.first_wrong].suspects, suspects[i]);
    }
}

/* Two known mistakes at once, from dx alone. */
static void two_mistakes_at_once_are_found(void **state)
{
    (void)state;
    arrays a;
    fill(a, NONE);
    for (int k = 0; k < N * D; k++) { /* d for 2d, and gamma forgotten */
        int c = k % D;
        GRADIENT(X)
        [k] = VALUE(INVERTED_STDDEV)[c] / N *
              (N * GRADIENT(OUT)[k] - GRADIENT(BETA)[c] -
               VALUE(X_NORM)[k] * GRADIENT(GAMMA)[c] / 2);
    }
    xhat_diagnosis d = diagnose(a, " dx ");
    bool found = false;
    for (int i = 0; i < d.search.cause_count; i++) {
        const xhat_cause *cause = &d.search.causes[i];
        assert_int_equal(cause->count, 2);
        bool gamma = false, square = false;
        for (int k = 0; k < 2; k++) {
            const char *id = xhat_mistake_at(cause->mistakes[k])->id;
            gamma = gamma || strcmp(id, "gamma-forgotten-backward") == 0;
            square = square || strcmp(id, "square-missing-2") == 0;
        }
        found = found || (gamma && square);
    }
    assert_true(found);
}

/* A dropped branch is seen in the total alone. */
static void a_dropped_branch_shows_in_dx(void **state)
{
    (void)state;
    arrays a;
    fill(a, NO_MEAN_BRANCH);
    xhat_diagnosis d = diagnose(a, " dx ");
    assert_int_equal(d.first_wrong_gate, 1);
    assert_string_equal(first_cause(&d)->id, "mean-branch-dropped");
}

static void a_sum_that_no_branch_explains_is_gate_0(void **state)
{
    (void)state;
    arrays a;
    fill(a, DX_OF_ITS_OWN);
    xhat_diagnosis d = diagnose(a, NULL);
    assert_int_equal(d.first_wrong_gate, 0);
    /* off by a number of its own in each feature: what gate 1 hands down */
    fill(a, NONE);
    for (int k = 0; k < N * D; k++)
        GRADIENT(X)[k] += 1 + k % D * 3;
    d = diagnose(a, NULL);
    assert_int_equal(d.first_wrong_gate, 1);
}

static void one_wrong_number_is_found_where_it_is(void **state)
{
    (void)state;
    arrays a;
    fill(a, NONE);
    GRADIENT(X_NORM)[7] += 1e-6;
    xhat_diagnosis d = diagnose(a, " dx_norm ");
    assert_int_equal(d.first_wrong_gate, 8);
    assert_int_equal(d.findings[0].at, 7);
    assert_close(d.findings[0].max_abs_error, 1e-6, 1e-6, 0);
    GRADIENT(X_NORM)[7] = NAN;
    d = diagnose(a, " dx_norm ");
    assert_int_equal(d.first_wrong_gate, 8);
    assert_int_equal(d.findings[0].at, 7);
}

/* Rounding to float32 is not a mistake where the tolerance is float32's, and
 * is one where it is float64's. */
static void rounding_is_told_from_mistakes(void **state)
{
    (void)state;
    arrays a;
    fill(a, NONE);
    for (int k = 0; k < N * D; k++)
        GRADIENT(X)[k] = (double)(float)GRADIENT(X)[k];
    xhat_claim claim = {.side = XHAT_SIDE_GRADIENT,
                        .value = XHAT_VALUE_X,
                        .data = GRADIENT(X),
                        .tolerance = 4e-6,
                        .extent = XHAT_EXTENT_FULL};
    xhat_case c = case_of(a, &claim, 1);
    xhat_diagnosis d;
    assert_ok(xhat_diagnose(&d, &c, error));
    assert_int_equal(d.findings[0].state, XHAT_FINDING_OK);
    claim.tolerance = 1e-10;
    assert_ok(xhat_diagnose(&d, &c, error));
    assert_int_equal(d.findings[0].state, XHAT_FINDING_WRONG);
}

/* A float16 claim widens the tolerance of what was computed from it, and of
 * nothing else. */
static void tolerance_follows_the_upstream(void **state)
{
    (void)state;
    arrays a;
    fill(a, NONE);
    const struct {
        xhat_side side;
        int value;
        double own, expected;
    } rows[] = {{XHAT_SIDE_VALUE, XHAT_VALUE_STDDEV, 1e-2, 1e-2},
                {XHAT_SIDE_VALUE, XHAT_VALUE_VAR, 1e-10, 1e-10},
                {XHAT_SIDE_VALUE, XHAT_VALUE_X_NORM, 1e-10, 1e-2},
                {XHAT_SIDE_VALUE, XHAT_VALUE_OUT, 1e-10, 1e-2},
                {XHAT_SIDE_GRADIENT, XHAT_VALUE_BETA, 1e-10, 1e-10},
                {XHAT_SIDE_GRADIENT, XHAT_VALUE_GAMMA, 1e-10, 1e-2}};
    enum { ROWS = sizeof rows / sizeof *rows };
    xhat_claim claims[ROWS];
    for (int i = 0; i < ROWS; i++)
        claims[i] = (xhat_claim){
            .side = rows[i].side,
            .value = rows[i].value,
            .data = a[rows[i].side][rows[i].value],
            .tolerance = rows[i].own,
            .extent = xhat_circuit_batchnorm()->values[rows[i].value].extent};
    xhat_case c = case_of(a, claims, ROWS);
    xhat_diagnosis d;
    assert_ok(xhat_diagnose(&d, &c, error));
    assert_int_equal(d.finding_count, ROWS);
    for (int i = 0; i < ROWS; i++)
        assert_true(d.findings[i].tolerance ==
                    rows[d.findings[i].claim].expected);
}

/* A constant dout makes dx 0 on paper: right or wrong, it decides nothing. */
static void a_probe_that_decides_nothing(void **state)
{
    (void)state;
    arrays a;
    fill(a, NONE);
    for (int k = 0; k < N * D; k++)
        GRADIENT(OUT)[k] = 1;
    somebodys_backward(a, NONE);
    xhat_diagnosis d = diagnose(a, " dx ");
    assert_int_equal(d.first_wrong, -1);
    assert_false(d.decided);
    xhat_case c = case_of(a, NULL, 0);
    xhat_probe_report report;
    assert_ok(xhat_probe_judge(&report, &c, error));
    assert_int_equal(report.warning_count, 1);
    assert_non_null(strstr(report.warnings[0], "dout is constant"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mistake_names_its_gate),
        cmocka_unit_test(right_arrays_are_right),
        cmocka_unit_test(a_wrong_array_between_right_ones),
        cmocka_unit_test(too_few_arrays_leave_suspects),
        cmocka_unit_test(a_known_mistake_needs_no_more_arrays),
        cmocka_unit_test(the_invariants_of_dx_tell_the_branches_apart),
        cmocka_unit_test(two_mistakes_at_once_are_found),
        cmocka_unit_test(a_dropped_branch_shows_in_dx),
        cmocka_unit_test(a_sum_that_no_branch_explains_is_gate_0),
        cmocka_unit_test(one_wrong_number_is_found_where_it_is),
        cmocka_unit_test(rounding_is_told_from_mistakes),
        cmocka_unit_test(tolerance_follows_the_upstream),
        cmocka_unit_test(a_probe_that_decides_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
