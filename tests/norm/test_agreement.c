/* The three tellings agree: circuit, closed form, fused kernels. */
#include "check.h"
#include "problem.h"

/* outer, channels, inner: both loop orders, whole and ragged groups of lanes,
 * several blocks of channels, several chunks of rows, tiny and long runs */
static const size_t shapes[][3] = {
    {2, 1, 1},   {4, 2, 1},   {7, 16, 1},   {64, 17, 1},  {65, 31, 1},
    {129, 5, 1}, {3, 300, 1}, {2, 1, 2},    {2, 3, 15},   {3, 2, 16},
    {1, 4, 17},  {5, 3, 49},  {2, 2, 1024}, {2, 1, 1041}, {1, 2, 2100},
};

/* the error that rounding the answers to the dtype makes, and a little more */
static const double tolerance[] = {[XHAT_F32] = 2e-6, [XHAT_F64] = 1e-12};

/* dx is a difference of terms of the size gamma * invstd * dout; where it all
 * but vanishes (two values a channel) rounding is in proportion to these. */
static double dx_error(const problem *a, const problem *b)
{
    double worst = 0, largest = 0;
    for (size_t c = 0; c < a->spec.channels; c++)
        largest =
            fmax(largest, fabs(b->invstd[c] *
                               (a->spec.flags & XHAT_SCALE ? a->gamma[c] : 1)));
    for (size_t i = 0; i < a->elements; i++)
        worst = fmax(worst, fabs(a->dx[i] - b->dx[i]));
    return worst / largest;
}

static void assert_same(const problem *a, const problem *b)
{
    size_t c = a->spec.channels;
    double worst = tolerance[a->spec.dtype];
    const struct {
        const char *name;
        const double *a, *b;
        size_t count;
    } answers[] = {{"out", a->out, b->out, a->elements},
                   {"dgamma", a->dgamma, b->dgamma, c},
                   {"dbeta", a->dbeta, b->dbeta, c}};
    if (!(dx_error(a, b) <= worst))
        fail_msg("dx of %zux%zux%zu: method %d off by %g", a->spec.outer, c,
                 a->spec.inner, a->spec.method, dx_error(a, b));
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        double error =
            largest_error(answers[i].a, answers[i].b, answers[i].count);
        if (!(error <= worst))
            fail_msg("%s of %zux%zux%zu: method %d off by %g (at most %g)",
                     answers[i].name, a->spec.outer, c, a->spec.inner,
                     a->spec.method, error, worst);
    }
}

static void agree(xhat_spec spec, bool frozen, uint64_t seed)
{
    problem oracle = problem_new(spec, 3, 2, seed);
    if (frozen)
        problem_evaluate_staged(&oracle);
    else
        problem_train_staged(&oracle);
    for (int method = XHAT_FUSED; method <= XHAT_CLOSED; method++) {
        spec.method = (xhat_method)method;
        problem p = problem_new(spec, 3, 2, seed);
        if (frozen)
            problem_evaluate(&p);
        else
            problem_train(&p);
        assert_same(&p, &oracle);
        if (!frozen)
            for (size_t c = 0; c < spec.channels; c++) {
                assert_close(p.mean[c] + p.mean_low[c], oracle.mean[c],
                             tolerance[spec.dtype], 0);
                assert_close(p.invstd[c], oracle.invstd[c],
                             tolerance[spec.dtype], 0);
            }
        problem_free(&p);
    }
    problem_free(&oracle);
}

static void on_every_shape(xhat_dtype dtype, unsigned flags, bool frozen)
{
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        xhat_spec spec = xhat_spec_default(dtype);
        spec.outer = shapes[i][0];
        spec.channels = shapes[i][1];
        spec.inner = shapes[i][2];
        spec.flags = flags;
        agree(spec, frozen, 7 + i);
    }
}

static void training(void **state)
{
    (void)state;
    on_every_shape(XHAT_F64, XHAT_SCALE | XHAT_SHIFT, false);
    on_every_shape(XHAT_F32, XHAT_SCALE | XHAT_SHIFT, false);
}

static void frozen(void **state)
{
    (void)state;
    on_every_shape(XHAT_F64, XHAT_SCALE | XHAT_SHIFT, true);
    on_every_shape(XHAT_F32, XHAT_SCALE | XHAT_SHIFT, true);
}

static void scale_only_shift_only_neither(void **state)
{
    (void)state;
    const unsigned flags[] = {0, XHAT_SCALE, XHAT_SHIFT};
    for (int i = 0; i < 3; i++) {
        on_every_shape(XHAT_F64, flags[i], false);
        on_every_shape(XHAT_F64, flags[i], true);
    }
}

/* every eps, 0 among them, and a large one that matters */
static void every_eps(void **state)
{
    (void)state;
    const double eps[] = {0, 1e-12, 1e-3, 10};
    for (int i = 0; i < 4; i++) {
        xhat_spec spec = xhat_spec_default(XHAT_F64);
        spec.outer = 20;
        spec.channels = 3;
        spec.eps = eps[i];
        agree(spec, false, 1);
        agree(spec, true, 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(training),
        cmocka_unit_test(frozen),
        cmocka_unit_test(scale_only_shift_only_neither),
        cmocka_unit_test(every_eps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
