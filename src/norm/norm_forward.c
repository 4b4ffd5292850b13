/* Training forward, fused: gates 1-9 in two passes over a block of channels. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "channel_block.h"
#include "closed.h"
#include "extreme.h"

/* The sums are taken of x - pivot, where the pivot is the channel's first
 * element: then the mean of integers is exact, and a constant channel has sums
 * of exactly 0.  The variance loses as many bits as the square of
 * (mean - pivot) / deviation has; past this factor the sums are taken again
 * around the mean.  float32 has bits to spare: its sums are float64. */
static const double most_cancellation[] = {
    [XHAT_F32] = 0x1p20,
    [XHAT_F64] = 0x1p5,
};

enum { LANE_A, LANE_MEAN, LANE_MEAN_LOW, LANE_B };

/* a + b = *high + *low exactly, *high being the rounded sum (Knuth) */
static void two_sum(double a, double b, double *high, double *low)
{
    *high = a + b;
    double part = *high - a;
    *low = (a - (*high - part)) + (b - part);
}

/* sum (x - pivot)^2 - (sum (x - pivot))^2 / count */
static double sum_of_squares(const xhat_block *block, size_t at, double count)
{
    double sum = block->sum[at] + block->sum_low[at];
    double m2 =
        (block->product[at] - sum * (sum / count)) + block->product_low[at];
    return m2 < 0 ? 0 : m2;
}

/* mean = pivot + sum / count, as a high and a low part */
static void finish_mean(xhat_block *block, size_t at, double count)
{
    double offset = block->sum[at] / count, high, low;
    double rest = fma(-offset, count, block->sum[at]); /* of the division */
    two_sum(block->pivot[at], offset, &high, &low);
    two_sum(high, low + (rest + block->sum_low[at]) / count, &block->mean[at],
            &block->mean_low[at]);
}

/* Gates 1-4: mean (high and low part) and m2 = count * var of each channel. */
static void block_statistics(const xhat_plan *plan, xhat_block *block,
                             const void *x)
{
    double count = (double)plan->count;
    for (size_t c = block->first; c < block->end; c++)
        block->pivot[c - block->first] =
            xhat_get(plan->spec.dtype, x, xhat_channel_start(plan, c));
    xhat_block_moments(plan, block, block->first, block->end, x);
    for (size_t c = block->first; c < block->end; c++) {
        size_t at = c - block->first;
        double m2 = sum_of_squares(block, at, count);
        if (block->product[at] > most_cancellation[plan->spec.dtype] * m2) {
            block->pivot[at] += (block->sum[at] + block->sum_low[at]) / count;
            xhat_block_moments(plan, block, c, c + 1, x);
            m2 = sum_of_squares(block, at, count);
        }
        finish_mean(block, at, count);
        block->product[at] = m2;
    }
}

/* Writes what the caller keeps of channel c; mean + mean_low is the mean. */
static void save(const xhat_plan *plan, const xhat_forward_args *args, size_t c,
                 double mean, double mean_low, double invstd, double m2)
{
    xhat_dtype dtype = plan->spec.dtype;
    double high = dtype == XHAT_F32 ? (double)(float)mean : mean;
    double low = dtype == XHAT_F32 ? (mean - high) + mean_low : mean_low;
    xhat_put(dtype, args->mean, c, high);
    xhat_put(dtype, args->mean_low, c, isfinite(high) ? low : 0);
    xhat_put(dtype, args->invstd, c, invstd);
    if (args->statistics != NULL) {
        args->statistics->mean[c] = mean;
        args->statistics->m2[c] = m2;
    }
}

static void forward_extreme(const xhat_plan *plan,
                            const xhat_forward_args *args, size_t c)
{
    xhat_scaled s = xhat_extreme_moments(plan, c, args->x);
    xhat_extreme_forward(plan, c, args->x, &s,
                         xhat_gamma_at(plan, args->gamma, c),
                         xhat_beta_at(plan, args->beta, c), args->out);
    save(plan, args, c, ldexp(s.mean, s.exponent),
         ldexp(s.mean_low, s.exponent), ldexp(s.invstd, -s.exponent),
         ldexp(s.m2, 2 * s.exponent));
}

/* Does the fast path leave the type here?  A sum that overflowed shows in m2
 * (as it does when x holds NaN or Inf: the scaled path looks), a variance lost
 * to underflow in invstd; 0 is asked again, as only the scaled path can tell a
 * constant channel from a tiny one. */
static bool needs_scaling(const xhat_plan *plan, double mean, double m2,
                          double invstd, double gamma)
{
    return !isfinite(m2) || (invstd == 0 && m2 == 0) ||
           xhat_is_extreme(plan->spec.dtype, mean, invstd, gamma);
}

static void forward_block(const xhat_plan *plan, const void *args_,
                          xhat_block *block)
{
    const xhat_forward_args *args = args_;
    double count = (double)plan->count;
    block_statistics(plan, block, args->x);
    for (size_t c = block->first; c < block->end; c++) {
        size_t at = c - block->first;
        double gamma = xhat_gamma_at(plan, args->gamma, c);
        double mean = block->mean[at], m2 = block->product[at];
        double invstd = xhat_inverse_deviation(m2 / count, plan->spec.eps);
        if (needs_scaling(plan, mean, m2, invstd, gamma)) {
            block->extreme[at] = true;
            forward_extreme(plan, args, c);
            continue;
        }
        save(plan, args, c, mean, block->mean_low[at], invstd, m2);
        xhat_block_set(plan, block, LANE_A, c, gamma * invstd);
        xhat_block_set(plan, block, LANE_MEAN, c,
                       xhat_get(plan->spec.dtype, args->mean, c));
        xhat_block_set(plan, block, LANE_MEAN_LOW, c,
                       xhat_get(plan->spec.dtype, args->mean_low, c));
        xhat_block_set(plan, block, LANE_B, c,
                       xhat_beta_at(plan, args->beta, c));
    }
    xhat_block_affine(plan, block, args->x, args->out); /* gates 7-9 */
}

static xhat_status check(const xhat_plan *plan, const xhat_forward_args *args,
                         xhat_error *error)
{
    const xhat_named_pointer needed[] = {
        {args->x, "x"},           {args->out, "out"},
        {args->mean, "mean"},     {args->mean_low, "mean_low"},
        {args->invstd, "invstd"}, {args->scratch, "scratch"}};
    xhat_status status =
        xhat_check_pointers(needed, sizeof needed / sizeof *needed, error);
    if (status != XHAT_OK)
        return status;
    if ((status = xhat_check_parameter(plan, XHAT_SCALE, args->gamma, "gamma",
                                       error)) != XHAT_OK ||
        (status = xhat_check_parameter(plan, XHAT_SHIFT, args->beta, "beta",
                                       error)) != XHAT_OK ||
        (status = xhat_check_overlap(plan, args->out, "out", args->x, "x",
                                     false, error)) != XHAT_OK)
        return status;
    if (args->statistics != NULL &&
        args->statistics->channels != plan->spec.channels)
        return xhat_fail(error, XHAT_SHAPE_MISMATCH,
                         "statistics have %zu channels but x has %zu",
                         args->statistics->channels, plan->spec.channels);
    return xhat_check_count(plan, error);
}

xhat_status xhat_forward(const xhat_plan *plan, const xhat_forward_args *args,
                         xhat_error *error)
{
    if (plan == NULL || args == NULL)
        return xhat_fail(error, XHAT_INVALID_ARGUMENT, "%s is NULL",
                         plan == NULL ? "plan" : "args");
    xhat_status status = check(plan, args, error);
    if (status != XHAT_OK)
        return status;
    if (args->statistics != NULL)
        xhat_statistics_discard(args->statistics);
    if (plan->count == 0)
        return XHAT_OK;
    if (args->statistics != NULL)
        args->statistics->count = (double)plan->count;
    if (plan->spec.method == XHAT_CLOSED)
        xhat_closed_forward(plan, args);
    else
        xhat_for_each_block(plan, args->scratch, forward_block, args);
    return XHAT_OK;
}
