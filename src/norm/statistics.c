/* Statistics of a batch and the running ones: merge, discard, commit, and the
 * conventions that others follow. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/number.h"
#include "plan.h"

/* ---- parts of a batch ---------------------------------------------------- */

void xhat_statistics_discard(xhat_statistics *statistics)
{
    size_t bytes = statistics->channels * sizeof(double);
    statistics->count = 0;
    memset(statistics->mean, 0, bytes);
    memset(statistics->m2, 0, bytes);
}

/* delta = mean_b - mean_a;  mean = mean_a + delta n_b / n;
 * m2 = m2_a + m2_b + delta^2 n_a n_b / n */
xhat_status xhat_statistics_merge(xhat_statistics *into,
                                  const xhat_statistics *part,
                                  xhat_error *error)
{
    if (into->channels != part->channels)
        return xhat_fail(error, XHAT_SHAPE_MISMATCH,
                         "a part with %zu channels cannot join statistics "
                         "with %zu",
                         part->channels, into->channels);
    double count = into->count + part->count;
    if (part->count == 0)
        return XHAT_OK;
    for (size_t c = 0; c < into->channels; c++) {
        double delta = part->mean[c] - into->mean[c];
        if (into->count == 0) {
            into->mean[c] = part->mean[c];
            into->m2[c] = part->m2[c];
            continue;
        }
        /* from the mean of more values, which is off by less */
        into->mean[c] = part->count > into->count
                            ? part->mean[c] - delta * (into->count / count)
                            : into->mean[c] + delta * (part->count / count);
        into->m2[c] +=
            part->m2[c] + delta * delta * (into->count * part->count / count);
    }
    into->count = count;
    return XHAT_OK;
}

/* ---- conventions --------------------------------------------------------- */

static const struct {
    const char *name;
    xhat_running_rule rule;
} presets[] = {
    [XHAT_TORCH] = {"torch", {1e-5, 0.1, false, false, true, 0, 1}},
    [XHAT_CS231N] = {"cs231n", {1e-5, 1 - 0.9, true, false, false, 0, 0}},
    [XHAT_ONNX] = {"onnx", {1e-5, 1 - 0.9, true, false, false, 0, 1}},
    [XHAT_KERAS] = {"keras", {1e-3, 1 - 0.99, true, false, false, 0, 1}},
    [XHAT_PAPER] = {"paper", {1e-5, 0.1, false, true, true, 0, 1}},
};

enum { PRESETS = sizeof presets / sizeof *presets };

xhat_running_rule xhat_running_rule_preset(xhat_convention name)
{
    return presets[(unsigned)name < PRESETS ? name : XHAT_TORCH].rule;
}

const char *xhat_convention_name(xhat_convention convention)
{
    return (unsigned)convention < PRESETS ? presets[convention].name : "?";
}

bool xhat_convention_from_name(const char *name, xhat_convention *convention)
{
    for (unsigned i = 0; i < PRESETS; i++)
        if (strcmp(presets[i].name, name) == 0) {
            *convention = (xhat_convention)i;
            return true;
        }
    return false;
}

xhat_status xhat_running_rule_set_momentum(xhat_running_rule *rule,
                                           double momentum, xhat_error *error)
{
    char text[XHAT_NUMBER_SIZE];
    if (!(momentum >= 0 && momentum <= 1))
        return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                         "momentum is %s but must be from 0 to 1",
                         xhat_number_from_f64(momentum, text));
    rule->weight_of_new = rule->momentum_is_old ? 1 - momentum : momentum;
    rule->cumulative = false;
    return XHAT_OK;
}

/* ---- running statistics -------------------------------------------------- */

/* (1-p) old + p value, rounded to the dtype, where it may overflow */
static double moved(xhat_dtype dtype, const void *old, size_t c, double p,
                    double value)
{
    double sum = p == 1 ? value : (1 - p) * xhat_get(dtype, old, c) + p * value;
    return dtype == XHAT_F32 ? (double)(float)sum : sum;
}

xhat_status xhat_running_commit(xhat_running *running,
                                const xhat_running_rule *rule,
                                xhat_statistics *batch, size_t *refused,
                                xhat_error *error)
{
    size_t not_finite = 0;
    if (running->channels != batch->channels)
        return xhat_fail(error, XHAT_SHAPE_MISMATCH,
                         "the batch has %zu channels but the running "
                         "statistics have %zu",
                         batch->channels, running->channels);
    if (batch->count == 1 && rule->unbiased)
        return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                         "one value a channel has no unbiased variance");
    if (batch->count > 0) {
        double divisor = rule->unbiased ? batch->count - 1 : batch->count;
        double p = rule->cumulative ? 1 / (double)(running->batches + 1)
                                    : rule->weight_of_new;
        for (size_t c = 0; c < batch->channels; c++) {
            double mean =
                moved(running->dtype, running->mean, c, p, batch->mean[c]);
            double var = moved(running->dtype, running->var, c, p,
                               batch->m2[c] / divisor);
            if (!isfinite(batch->mean[c]) || !isfinite(mean) ||
                !isfinite(var)) {
                not_finite++;
                continue;
            }
            xhat_put(running->dtype, running->mean, c, mean);
            xhat_put(running->dtype, running->var, c, var);
        }
        running->batches++;
        xhat_statistics_discard(batch);
    }
    if (refused != NULL)
        *refused = not_finite;
    return XHAT_OK;
}

xhat_status xhat_running_convert(xhat_running *running,
                                 const xhat_running_rule *from,
                                 const xhat_running_rule *to, double count,
                                 xhat_error *error)
{
    char text[XHAT_NUMBER_SIZE];
    double factor = 1;
    if (!(count > 1) || isinf(count))
        return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                         "count is %s but must be at least 2 values a channel",
                         xhat_number_from_f64(count, text));
    if (to->unbiased && !from->unbiased)
        factor = count / (count - 1);
    if (from->unbiased && !to->unbiased)
        factor = (count - 1) / count;
    for (size_t c = 0; c < running->channels; c++)
        xhat_put(running->dtype, running->var, c,
                 factor * xhat_get(running->dtype, running->var, c));
    return XHAT_OK;
}
