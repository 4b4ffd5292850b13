#include "running_conventions.h"

#include <math.h>

/* The same as in src/norm, said once more: the oracle shares nothing. */
static const struct {
    const char *name;
    double weight; /* of the new batch; 0: the first batch counts whole */
    bool unbiased;
    bool has_start;
    double start[2];
} conventions[] = {
    {"torch", 0.1, true, true, {0, 1}},  {"cs231n", 0.1, false, true, {0, 0}},
    {"onnx", 0.1, false, false, {0, 0}}, {"keras", 0.01, false, true, {0, 1}},
    {"paper", 0, true, false, {0, 0}},
};

enum { CONVENTIONS = sizeof conventions / sizeof *conventions };

typedef xhat_running_question question;

/* What takes part in the average: side 0 the mean, 1 the variance. */
static double batch_value(const question *q, int side, size_t c,
                          xhat_running_variance variance)
{
    double n = (double)q->n;
    if (side == 0)
        return q->mean[c];
    switch (variance) {
    case XHAT_RUNNING_UNBIASED:
        return q->var[c] * n / (n - 1);
    case XHAT_RUNNING_STDDEV:
        return sqrt(q->var[c] + q->eps);
    case XHAT_RUNNING_WITH_EPS:
        return q->var[c] + q->eps;
    case XHAT_RUNNING_BIASED:
    case XHAT_RUNNING_UNKNOWN:
        break;
    }
    return q->var[c];
}

/* The largest difference of q->new[side] from the average; its channel. */
static double error_of(const question *q, int side, double weight,
                       xhat_running_variance variance, const double start[2],
                       size_t *at, double *expected, bool *fits)
{
    double worst = -1;
    *fits = true;
    for (size_t c = 0; c < q->channels; c++) {
        double old = q->old[side] != NULL ? q->old[side][c] : start[side];
        double batch = batch_value(q, side, c, variance);
        double value = (1 - weight) * old + weight * batch;
        double off = fabs(q->new[side][c] - value);
        double size = fabs((1 - weight) * old) + fabs(weight * batch);
        if (!(off <= q->tolerance * size))
            *fits = false;
        if (!(off <= worst)) {
            worst = off;
            *at = c;
            *expected = value;
        }
    }
    return worst;
}

/* The weight that fits, by least squares; NaN when none does. */
static double solve(const question *q, int side, xhat_running_variance variance)
{
    double across = 0, along = 0, expected;
    size_t at;
    bool fits;
    for (size_t c = 0; c < q->channels; c++) {
        double step = batch_value(q, side, c, variance) - q->old[side][c];
        along += step * step;
        across += step * (q->new[side][c] - q->old[side][c]);
    }
    double weight = along == 0 ? NAN : across / along;
    if (!isfinite(weight))
        return NAN;
    question loose = *q; /* the weight itself has an error */
    loose.tolerance = 10 * q->tolerance;
    (void)error_of(&loose, side, weight, variance, q->old[side], &at, &expected,
                   &fits);
    return fits ? weight : NAN;
}

static void try_conventions(const question *q, xhat_running_answer *answer)
{
    double nearest = INFINITY;
    for (int i = 0; i < CONVENTIONS; i++) {
        if (q->old[0] == NULL && !conventions[i].has_start)
            continue;
        double weight = conventions[i].weight == 0 ? 0.5 /* the second batch */
                                                   : conventions[i].weight;
        xhat_running_variance variance = conventions[i].unbiased
                                             ? XHAT_RUNNING_UNBIASED
                                             : XHAT_RUNNING_BIASED;
        double error[2] = {0, 0}, expected[2] = {0, 0}, both = 0;
        size_t at[2] = {0, 0};
        bool all = true, one;
        for (int side = 0; side < 2; side++) {
            if (q->new[side] == NULL)
                continue;
            error[side] =
                error_of(q, side, weight, variance, conventions[i].start,
                         &at[side], &expected[side], &one);
            all = all && one;
            both += error[side];
        }
        if (all)
            answer->names[answer->name_count++] = conventions[i].name;
        if (both < nearest || i == 0) {
            nearest = both;
            for (int side = 0; side < 2; side++) {
                answer->error[side] = error[side];
                answer->at[side] = at[side];
                answer->expected[side] = expected[side];
            }
        }
    }
}

static void try_weights(const question *q, xhat_running_answer *answer)
{
    if (q->new[0] != NULL)
        answer->weight[0] = solve(q, 0, XHAT_RUNNING_BIASED);
    for (int v = 0; v < XHAT_RUNNING_UNKNOWN && q->new[1] != NULL; v++) {
        double weight = solve(q, 1, (xhat_running_variance)v);
        if (isnan(weight))
            continue;
        answer->weight[1] = weight;
        answer->variance = (xhat_running_variance)v;
        break;
    }
    double weight =
        isnan(answer->weight[0]) ? answer->weight[1] : answer->weight[0];
    for (int i = 0; i < CONVENTIONS && answer->turned == NULL; i++)
        if (conventions[i].weight > 0 &&
            fabs(weight - (1 - conventions[i].weight)) <= 1e-3 * weight)
            answer->turned = conventions[i].name;
}

xhat_running_answer xhat_running_convention_of(const question *q)
{
    xhat_running_answer answer = {.from_start = q->old[0] == NULL,
                                  .weight = {NAN, NAN},
                                  .variance = XHAT_RUNNING_UNKNOWN};
    try_conventions(q, &answer);
    if (answer.name_count == 0 && q->old[0] != NULL)
        try_weights(q, &answer);
    return answer;
}

const char *xhat_running_variance_name(xhat_running_variance variance)
{
    static const char *const names[] = {
        "biased (1/N)", "unbiased (1/(N-1))", "the deviation, not the variance",
        "var + eps", "neither biased nor unbiased"};
    return names[variance];
}
