/* Statistics as data: merge, discard, commit, conventions. */
#include "check.h"
#include "problem.h"
#include "xhat/xhat.h"

/* the statistics of rows [from, to) of a problem, taken by the library */
static void part_of(const problem *p, size_t from, size_t to,
                    xhat_statistics *statistics)
{
    size_t channels = p->spec.channels;
    xhat_spec spec = p->spec;
    problem part;
    spec.outer = to - from;
    spec.flags |= XHAT_ALLOW_SINGLE;
    part = problem_new(spec, 0, 1, 1);
    memcpy(part.x, p->x + from * channels, part.elements * sizeof(double));
    problem_train(&part);
    memcpy(statistics->mean, part.stat_mean, channels * sizeof(double));
    memcpy(statistics->m2, part.stat_m2, channels * sizeof(double));
    statistics->count = (double)spec.outer;
    problem_free(&part);
}

/* unequal parts merge to the statistics of the whole */
static void merge(void **state)
{
    (void)state;
    enum { ROWS = 100, C = 3 };
    const size_t cuts[] = {0, 1, 30, 31, 97, ROWS};
    double mean[C], m2[C], part_mean[C], part_m2[C];
    xhat_spec spec = xhat_spec_default(XHAT_F64);
    spec.outer = ROWS;
    spec.channels = C;
    problem p = problem_new(spec, 50, 2, 71);
    problem_train(&p);
    xhat_statistics all = {C, 0, mean, m2}, part = {C, 0, part_mean, part_m2};
    xhat_statistics_discard(&all);
    for (int i = 0; i < 5; i++) {
        part_of(&p, cuts[i], cuts[i + 1], &part);
        assert_ok(xhat_statistics_merge(&all, &part, error));
    }
    assert_true(all.count == ROWS);
    for (int c = 0; c < C; c++) {
        assert_close(mean[c], p.stat_mean[c], 1e-15, 0);
        assert_close(m2[c], p.stat_m2[c], 1e-13, 0);
    }
    part.count = 0; /* an empty part changes nothing */
    part_mean[0] = NAN;
    assert_ok(xhat_statistics_merge(&all, &part, error));
    assert_true(all.count == ROWS && isfinite(mean[0]));
    part.channels = 2;
    assert_fails(xhat_statistics_merge(&all, &part, error), XHAT_SHAPE_MISMATCH,
                 "2 channels");
    problem_free(&p);
}

/* Whichever part has more values, its mean is what the other one moves. */
static void merging_little_with_much(void **state)
{
    (void)state;
    for (int first = 0; first < 2; first++) {
        double means[] = {1e8, 1}, m2[] = {0, 0};
        xhat_statistics parts[] = {{1, 1, &means[0], &m2[0]},
                                   {1, 0x1p50, &means[1], &m2[1]}};
        assert_ok(
            xhat_statistics_merge(&parts[first], &parts[1 - first], error));
        assert_close(means[first], 1 + (1e8 - 1) / (0x1p50 + 1), 1e-15, 0);
    }
}

typedef struct commit_case {
    xhat_convention convention;
    double mean, var; /* expected after one batch of mean 4, m2 24, count 4 */
} commit_case;

/* running mean 1, running var 3, worked out by hand */
static void conventions(void **state)
{
    (void)state;
    const commit_case cases[] = {
        {XHAT_TORCH, 0.9 * 1 + 0.1 * 4, 0.9 * 3 + 0.1 * 8},
        {XHAT_CS231N, 0.9 * 1 + 0.1 * 4, 0.9 * 3 + 0.1 * 6},
        {XHAT_ONNX, 0.9 * 1 + 0.1 * 4, 0.9 * 3 + 0.1 * 6},
        {XHAT_KERAS, 0.99 * 1 + 0.01 * 4, 0.99 * 3 + 0.01 * 6},
        {XHAT_PAPER, 4, 8}, /* the first batch: p = 1 */
    };
    for (int i = 0; i < 5; i++) {
        double mean = 4, m2 = 24, running_mean = 1, running_var = 3;
        xhat_statistics batch = {1, 4, &mean, &m2};
        xhat_running running = {XHAT_F64, 1, &running_mean, &running_var, 0};
        xhat_running_rule rule = xhat_running_rule_preset(cases[i].convention);
        assert_ok(xhat_running_commit(&running, &rule, &batch, NULL, error));
        assert_close(running_mean, cases[i].mean, 1e-15, 0);
        assert_close(running_var, cases[i].var, 1e-15, 0);
        assert_true(running.batches == 1);
        /* committed once: the batch is used up */
        assert_true(batch.count == 0);
        assert_ok(xhat_running_commit(&running, &rule, &batch, NULL, error));
        assert_close(running_mean, cases[i].mean, 1e-15, 0);
        assert_true(running.batches == 1);
    }
}

/* momentum none: the running statistics are the mean over all batches */
static void cumulative(void **state)
{
    (void)state;
    xhat_running_rule rule = xhat_running_rule_preset(XHAT_PAPER);
    float running_mean = 100, running_var = 100;
    xhat_running running = {XHAT_F32, 1, &running_mean, &running_var, 0};
    for (int k = 1; k <= 5; k++) {
        double mean = k, m2 = 3.0 * k; /* unbiased variance of 4 values: k */
        xhat_statistics batch = {1, 4, &mean, &m2};
        assert_ok(xhat_running_commit(&running, &rule, &batch, NULL, error));
    }
    assert_close(running_mean, 3, 1e-6, 0);
    assert_close(running_var, 3, 1e-6, 0);
}

static void momentum_in_both_senses(void **state)
{
    (void)state;
    xhat_running_rule torch = xhat_running_rule_preset(XHAT_TORCH);
    xhat_running_rule keras = xhat_running_rule_preset(XHAT_KERAS);
    xhat_running_rule paper = xhat_running_rule_preset(XHAT_PAPER);
    assert_ok(xhat_running_rule_set_momentum(&torch, 0.25, error));
    assert_ok(xhat_running_rule_set_momentum(&keras, 0.75, error));
    assert_true(torch.weight_of_new == 0.25 && keras.weight_of_new == 0.25);
    assert_ok(xhat_running_rule_set_momentum(&paper, 0.5, error));
    assert_false(paper.cumulative);
    assert_fails(xhat_running_rule_set_momentum(&torch, 1.5, error),
                 XHAT_INVALID_ARGUMENT, "1.5");
    assert_fails(xhat_running_rule_set_momentum(&torch, NAN, error),
                 XHAT_INVALID_ARGUMENT, "nan");
    assert_true(torch.weight_of_new == 0.25);
}

/* a channel with NaN or Inf keeps its old values; the others move */
static void not_finite_is_refused(void **state)
{
    (void)state;
    double mean[] = {4, NAN, 4, 4}, m2[] = {24, 24, INFINITY, 24};
    double running_mean[] = {1, 1, 1, 1}, running_var[] = {3, 3, 3, 3};
    size_t refused = 0;
    xhat_statistics batch = {4, 4, mean, m2};
    xhat_running running = {XHAT_F64, 4, running_mean, running_var, 0};
    xhat_running_rule rule = xhat_running_rule_preset(XHAT_TORCH);
    assert_ok(xhat_running_commit(&running, &rule, &batch, &refused, error));
    assert_true(refused == 2);
    for (int c = 0; c < 4; c++) {
        bool kept = c == 1 || c == 2;
        assert_true((running_mean[c] == 1) == kept);
        assert_true((running_var[c] == 3) == kept);
    }
}

/* a batch that float32 cannot hold: refused, not stored as Inf for ever */
static void overflow_is_refused(void **state)
{
    (void)state;
    double mean[] = {1e20, 1}, m2[] = {1e41, 8};
    float running_mean[] = {1, 1}, running_var[] = {3, 3};
    size_t refused = 0;
    xhat_statistics batch = {2, 8, mean, m2};
    xhat_running running = {XHAT_F32, 2, running_mean, running_var, 0};
    xhat_running_rule rule = xhat_running_rule_preset(XHAT_TORCH);
    assert_ok(xhat_running_commit(&running, &rule, &batch, &refused, error));
    assert_true(refused == 1);
    assert_true(running_mean[0] == 1 && running_var[0] == 3);
    assert_true(running_var[1] != 3);
}

static void refusals(void **state)
{
    (void)state;
    double mean = 4, m2 = 0, running_mean = 1, running_var = 3;
    xhat_statistics batch = {1, 1, &mean, &m2};
    xhat_running running = {XHAT_F64, 1, &running_mean, &running_var, 0};
    xhat_running_rule torch = xhat_running_rule_preset(XHAT_TORCH);
    xhat_running_rule onnx = xhat_running_rule_preset(XHAT_ONNX);
    assert_fails(xhat_running_commit(&running, &torch, &batch, NULL, error),
                 XHAT_INVALID_ARGUMENT, "unbiased");
    assert_true(running_mean == 1 && batch.count == 1);
    assert_ok(xhat_running_commit(&running, &onnx, &batch, NULL, error));
    running.channels = 2;
    assert_fails(xhat_running_commit(&running, &torch, &batch, NULL, error),
                 XHAT_SHAPE_MISMATCH, "2");
}

/* torch's unbiased variance of 4 values a channel to onnx's biased and back */
static void conversion(void **state)
{
    (void)state;
    float mean = 1, var = 8;
    xhat_running running = {XHAT_F32, 1, &mean, &var, 0};
    xhat_running_rule torch = xhat_running_rule_preset(XHAT_TORCH);
    xhat_running_rule onnx = xhat_running_rule_preset(XHAT_ONNX);
    assert_ok(xhat_running_convert(&running, &torch, &onnx, 4, error));
    assert_true(var == 6);
    assert_ok(xhat_running_convert(&running, &onnx, &torch, 4, error));
    assert_true(var == 8);
    assert_fails(xhat_running_convert(&running, &onnx, &torch, 1, error),
                 XHAT_INVALID_ARGUMENT, "1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(merging_little_with_much),
        cmocka_unit_test(merge),
        cmocka_unit_test(conventions),
        cmocka_unit_test(cumulative),
        cmocka_unit_test(momentum_in_both_senses),
        cmocka_unit_test(not_finite_is_refused),
        cmocka_unit_test(overflow_is_refused),
        cmocka_unit_test(refusals),
        cmocka_unit_test(conversion),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
