#include "problem.h"

#include "check.h"
#include "numbers.h"
#include "xhat/circuit.h"

static double *doubles(size_t count)
{
    double *block = calloc(count > 0 ? count : 1, sizeof *block);
    assert_non_null(block);
    return block;
}

static void round_all(const problem *p, double *values, size_t count)
{
    if (p->spec.dtype == XHAT_F32)
        for (size_t i = 0; i < count; i++)
            values[i] = (double)(float)values[i];
}

void problem_round(problem *p)
{
    size_t channels = p->spec.channels;
    round_all(p, p->x, p->elements);
    round_all(p, p->dout, p->elements);
    round_all(p, p->gamma, channels);
    round_all(p, p->beta, channels);
    round_all(p, p->running_mean, channels);
    round_all(p, p->running_var, channels);
}

problem problem_new(xhat_spec spec, double mean, double deviation,
                    uint64_t seed)
{
    size_t channels = spec.channels;
    problem p = {.spec = spec, .count = spec.outer * spec.inner};
    p.elements = p.count * channels;
    double **full[] = {&p.x, &p.dout, &p.out, &p.dx};
    double **each[] = {&p.gamma,   &p.beta,     &p.running_mean, &p.running_var,
                       &p.mean,    &p.mean_low, &p.invstd,       &p.stat_mean,
                       &p.stat_m2, &p.dgamma,   &p.dbeta};
    for (size_t i = 0; i < sizeof full / sizeof *full; i++)
        *full[i] = doubles(p.elements);
    for (size_t i = 0; i < sizeof each / sizeof *each; i++)
        *each[i] = doubles(channels);
    numbers_fill(p.x, p.elements, mean, deviation, &seed);
    numbers_fill(p.dout, p.elements, 0.1, 1, &seed);
    numbers_fill(p.gamma, channels, 1, 0.5, &seed);
    numbers_fill(p.beta, channels, 0, 0.5, &seed);
    numbers_fill(p.running_mean, channels, mean, 0.1 * deviation, &seed);
    for (size_t c = 0; c < channels; c++)
        p.running_var[c] =
            deviation * deviation * (0.5 + numbers_uniform(&seed));
    problem_round(&p);
    return p;
}

void problem_free(problem *p)
{
    double *blocks[] = {p->x,           p->dout,     p->out,    p->dx,
                        p->gamma,       p->beta,     p->mean,   p->running_mean,
                        p->running_var, p->mean_low, p->invstd, p->stat_mean,
                        p->stat_m2,     p->dgamma,   p->dbeta};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        free(blocks[i]);
}

/* ---- the library --------------------------------------------------------- */

/* A copy in the dtype; `back` writes one back into doubles and frees it. */
static void *narrow(const problem *p, const double *values, size_t count)
{
    double *wide = doubles(count);
    memcpy(wide, values, count * sizeof *wide);
    if (p->spec.dtype == XHAT_F64)
        return wide;
    float *data = calloc(count > 0 ? count : 1, sizeof *data);
    for (size_t i = 0; i < count; i++)
        data[i] = (float)values[i];
    free(wide);
    return data;
}

static void back(const problem *p, void *data, double *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        values[i] = p->spec.dtype == XHAT_F64 ? ((double *)data)[i]
                                              : (double)((float *)data)[i];
    free(data);
}

static xhat_plan *open_plan(const problem *p, void **scratch)
{
    xhat_plan *plan;
    assert_ok(xhat_plan_create(&plan, &p->spec, NULL, error));
    *scratch = malloc(xhat_plan_scratch_size(plan));
    assert_non_null(*scratch);
    return plan;
}

void problem_train(problem *p)
{
    size_t n = p->elements, c = p->spec.channels;
    void *scratch;
    xhat_plan *plan = open_plan(p, &scratch);
    void *x = narrow(p, p->x, n), *out = narrow(p, p->out, n);
    void *dout = narrow(p, p->dout, n), *dx = narrow(p, p->dx, n);
    void *gamma = narrow(p, p->gamma, c), *beta = narrow(p, p->beta, c);
    void *mean = narrow(p, p->mean, c), *low = narrow(p, p->mean_low, c);
    void *invstd = narrow(p, p->invstd, c);
    void *dgamma = narrow(p, p->dgamma, c), *dbeta = narrow(p, p->dbeta, c);
    bool scale = p->spec.flags & XHAT_SCALE, shift = p->spec.flags & XHAT_SHIFT;
    xhat_statistics statistics = {
        .channels = c, .mean = p->stat_mean, .m2 = p->stat_m2};
    xhat_forward_args forward = {.x = x,
                                 .gamma = scale ? gamma : NULL,
                                 .beta = shift ? beta : NULL,
                                 .out = out,
                                 .mean = mean,
                                 .mean_low = low,
                                 .invstd = invstd,
                                 .statistics = &statistics,
                                 .scratch = scratch,
                                 .scratch_size = xhat_plan_scratch_size(plan)};
    xhat_backward_args backward = {.x = x,
                                   .dout = dout,
                                   .gamma = scale ? gamma : NULL,
                                   .mean = mean,
                                   .mean_low = low,
                                   .invstd = invstd,
                                   .dx = dx,
                                   .dgamma = dgamma,
                                   .dbeta = dbeta,
                                   .scratch = scratch,
                                   .scratch_size =
                                       xhat_plan_scratch_size(plan)};
    assert_ok(xhat_forward(plan, &forward, error));
    assert_ok(xhat_backward(plan, &backward, error));
    assert_true(statistics.count == (double)p->count);
    back(p, out, p->out, n);
    back(p, dx, p->dx, n);
    back(p, mean, p->mean, c);
    back(p, low, p->mean_low, c);
    back(p, invstd, p->invstd, c);
    back(p, dgamma, p->dgamma, c);
    back(p, dbeta, p->dbeta, c);
    free(x);
    free(dout);
    free(gamma);
    free(beta);
    free(scratch);
    xhat_plan_destroy(plan);
}

void problem_evaluate(problem *p)
{
    size_t n = p->elements, c = p->spec.channels;
    void *scratch;
    xhat_plan *plan = open_plan(p, &scratch);
    void *x = narrow(p, p->x, n), *out = narrow(p, p->out, n);
    void *dout = narrow(p, p->dout, n), *dx = narrow(p, p->dx, n);
    void *gamma = narrow(p, p->gamma, c), *beta = narrow(p, p->beta, c);
    void *mean = narrow(p, p->running_mean, c);
    void *var = narrow(p, p->running_var, c);
    void *dgamma = narrow(p, p->dgamma, c), *dbeta = narrow(p, p->dbeta, c);
    bool scale = p->spec.flags & XHAT_SCALE, shift = p->spec.flags & XHAT_SHIFT;
    xhat_inference_args forward = {.x = x,
                                   .gamma = scale ? gamma : NULL,
                                   .beta = shift ? beta : NULL,
                                   .running_mean = mean,
                                   .running_var = var,
                                   .out = out,
                                   .scratch = scratch,
                                   .scratch_size =
                                       xhat_plan_scratch_size(plan)};
    xhat_frozen_backward_args backward = {.x = x,
                                          .dout = dout,
                                          .gamma = scale ? gamma : NULL,
                                          .running_mean = mean,
                                          .running_var = var,
                                          .dx = dx,
                                          .dgamma = dgamma,
                                          .dbeta = dbeta,
                                          .scratch = scratch,
                                          .scratch_size =
                                              xhat_plan_scratch_size(plan)};
    assert_ok(xhat_inference(plan, &forward, error));
    assert_ok(xhat_frozen_backward(plan, &backward, error));
    back(p, out, p->out, n);
    back(p, dx, p->dx, n);
    back(p, dgamma, p->dgamma, c);
    back(p, dbeta, p->dbeta, c);
    free(x);
    free(dout);
    free(gamma);
    free(beta);
    free(mean);
    free(var);
    free(scratch);
    xhat_plan_destroy(plan);
}

/* ---- the circuit --------------------------------------------------------- */

static void staged(problem *p, bool frozen)
{
    xhat_axes axes =
        xhat_axes_batch(p->spec.outer, p->spec.channels, p->spec.inner);
    size_t c = p->spec.channels;
    double *ones = doubles(c), *zeros = doubles(c);
    xhat_run *run;
    for (size_t i = 0; i < c; i++)
        ones[i] = 1;
    assert_ok(xhat_run_create(&run, xhat_circuit_batchnorm(), &axes,
                              p->spec.eps, NULL, error));
    assert_ok(xhat_run_set(run, XHAT_SIDE_VALUE, XHAT_VALUE_X, p->x, error));
    assert_ok(xhat_run_set(run, XHAT_SIDE_VALUE, XHAT_VALUE_GAMMA,
                           p->spec.flags & XHAT_SCALE ? p->gamma : ones,
                           error));
    assert_ok(xhat_run_set(run, XHAT_SIDE_VALUE, XHAT_VALUE_BETA,
                           p->spec.flags & XHAT_SHIFT ? p->beta : zeros,
                           error));
    assert_ok(
        xhat_run_set(run, XHAT_SIDE_GRADIENT, XHAT_VALUE_OUT, p->dout, error));
    if (frozen) {
        assert_ok(xhat_run_hold(run, XHAT_VALUE_MEAN, p->running_mean, error));
        assert_ok(xhat_run_hold(run, XHAT_VALUE_VAR, p->running_var, error));
    }
    assert_ok(xhat_run_forward(run, error));
    assert_ok(xhat_run_backward(run, error));
    const struct {
        xhat_side side;
        int value;
        double *to;
        size_t count;
    } answers[] = {{XHAT_SIDE_VALUE, XHAT_VALUE_OUT, p->out, p->elements},
                   {XHAT_SIDE_GRADIENT, XHAT_VALUE_X, p->dx, p->elements},
                   {XHAT_SIDE_VALUE, XHAT_VALUE_MEAN, p->mean, c},
                   {XHAT_SIDE_VALUE, XHAT_VALUE_INVERTED_STDDEV, p->invstd, c},
                   {XHAT_SIDE_GRADIENT, XHAT_VALUE_GAMMA, p->dgamma, c},
                   {XHAT_SIDE_GRADIENT, XHAT_VALUE_BETA, p->dbeta, c}};
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
        memcpy(answers[i].to,
               xhat_run_field(run, answers[i].side, answers[i].value).data,
               answers[i].count * sizeof(double));
    xhat_run_destroy(run);
    free(ones);
    free(zeros);
}

void problem_train_staged(problem *p)
{
    staged(p, false);
}

void problem_evaluate_staged(problem *p)
{
    staged(p, true);
}

double largest_error(const double *a, const double *b, size_t count)
{
    double worst = 0, largest = 0;
    for (size_t i = 0; i < count; i++) {
        if (isnan(a[i]) != isnan(b[i]))
            return INFINITY;
        if (!isnan(a[i])) {
            worst = fmax(worst, fabs(a[i] - b[i]));
            largest = fmax(largest, fabs(b[i]));
        }
    }
    return largest > 0 ? worst / largest : worst;
}
