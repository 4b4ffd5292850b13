#include "extreme.h"

#include <math.h>

#include "channel_block.h"

/* The powers of two between which no step of the fast path can overflow, nor
 * lose digits to underflow. */
static const struct {
    int least_invstd, most_invstd, most_mean, least_scale, most_scale;
} ordinary[] = {
    [XHAT_F32] = {-60, 60, 120, -100, 100},
    [XHAT_F64] = {-400, 400, 1000, -900, 900},
};

bool xhat_is_extreme(xhat_dtype dtype, double mean, double invstd, double gamma)
{
    double scale = fabs(gamma * invstd);
    if (invstd == 0) /* a constant channel: x_norm is 0 */
        return false;
    return fabs(mean) > ldexp(1, ordinary[dtype].most_mean) ||
           invstd < ldexp(1, ordinary[dtype].least_invstd) ||
           invstd > ldexp(1, ordinary[dtype].most_invstd) ||
           (scale != 0 && scale < ldexp(1, ordinary[dtype].least_scale)) ||
           scale > ldexp(1, ordinary[dtype].most_scale);
}

/* 2^-exponent brings the largest magnitude of the channel to 1..2; false when
 * the channel holds NaN or Inf */
static bool scale_of(const xhat_plan *plan, size_t c, const void *array,
                     int *exponent)
{
    double largest = 0;
    for (size_t i = 0; i < plan->count; i++) {
        double value = fabs(xhat_get(plan->spec.dtype, array,
                                     xhat_channel_element(plan, c, i)));
        if (!isfinite(value))
            return false;
        if (value > largest)
            largest = value;
    }
    *exponent = largest == 0 ? 0 : ilogb(largest);
    return true;
}

static double scaled_at(const xhat_plan *plan, size_t c, const void *array,
                        size_t i, int exponent)
{
    return ldexp(
        xhat_get(plan->spec.dtype, array, xhat_channel_element(plan, c, i)),
        -exponent);
}

xhat_scaled xhat_extreme_moments(const xhat_plan *plan, size_t c, const void *x)
{
    xhat_scaled s = {0, NAN, NAN, NAN, NAN};
    double count = (double)plan->count, sum = 0, rest = 0, squares = 0;
    if (!scale_of(plan, c, x, &s.exponent)) {
        for (size_t i = 0; i < plan->count; i++)
            sum += scaled_at(plan, c, x, i, 0);
        s.mean = sum / count; /* NaN, or the infinity that all agree on */
        return s;
    }
    double pivot = scaled_at(plan, c, x, 0, s.exponent);
    for (size_t i = 0; i < plan->count; i++)
        sum += scaled_at(plan, c, x, i, s.exponent) - pivot;
    s.mean = pivot + sum / count;
    for (size_t i = 0; i < plan->count; i++)
        rest += scaled_at(plan, c, x, i, s.exponent) - s.mean;
    s.mean_low = rest / count;
    for (size_t i = 0; i < plan->count; i++) {
        double d = (scaled_at(plan, c, x, i, s.exponent) - s.mean) - s.mean_low;
        squares += d * d;
    }
    s.m2 = squares;
    s.invstd = xhat_inverse_deviation(squares / count,
                                      ldexp(plan->spec.eps, -2 * s.exponent));
    return s;
}

/* x_norm of element i: free of the scale */
static double x_norm_at(const xhat_plan *plan, size_t c, const void *x,
                        size_t i, const xhat_scaled *s)
{
    double d = (scaled_at(plan, c, x, i, s->exponent) - s->mean) - s->mean_low;
    return d * s->invstd;
}

void xhat_extreme_forward(const xhat_plan *plan, size_t c, const void *x,
                          const xhat_scaled *scaled, double gamma, double beta,
                          void *out)
{
    for (size_t i = 0; i < plan->count; i++)
        xhat_put(plan->spec.dtype, out, xhat_channel_element(plan, c, i),
                 gamma * x_norm_at(plan, c, x, i, scaled) + beta);
}

void xhat_extreme_backward(const xhat_plan *plan, size_t c, const void *x,
                           const void *dout, double gamma, void *dx,
                           double *dgamma, double *dbeta)
{
    xhat_scaled s = xhat_extreme_moments(plan, c, x);
    double count = (double)plan->count, sum = 0, product = 0;
    int exponent = 0; /* of dout */
    if (!scale_of(plan, c, dout, &exponent))
        s.invstd = NAN;
    for (size_t i = 0; i < plan->count; i++)
        sum += scaled_at(plan, c, dout, i, exponent);
    double mean = sum / count;
    for (size_t i = 0; i < plan->count; i++)
        product += (scaled_at(plan, c, dout, i, exponent) - mean) *
                   x_norm_at(plan, c, x, i, &s);
    for (size_t i = 0; i < plan->count; i++) {
        double g = scaled_at(plan, c, dout, i, exponent) - mean;
        double inside = g - x_norm_at(plan, c, x, i, &s) * (product / count);
        xhat_put(plan->spec.dtype, dx, xhat_channel_element(plan, c, i),
                 ldexp(gamma * (s.invstd * inside), exponent - s.exponent));
    }
    *dgamma = ldexp(product, exponent);
    *dbeta = ldexp(sum, exponent);
}

/* (x - mean) * invstd of element i: both a quarter, so that the difference
 * stays in the type, when the mean is large */
static double frozen_x_norm(const xhat_plan *plan, size_t c, const void *x,
                            size_t i, double mean, double invstd)
{
    int exponent = fabs(mean) > 1 ? 2 : 0;
    double d = scaled_at(plan, c, x, i, exponent) - ldexp(mean, -exponent);
    return ldexp(d * invstd, exponent);
}

void xhat_extreme_inference(const xhat_plan *plan, size_t c, const void *x,
                            double mean, double invstd, double gamma,
                            double beta, void *out)
{
    for (size_t i = 0; i < plan->count; i++)
        xhat_put(plan->spec.dtype, out, xhat_channel_element(plan, c, i),
                 gamma * frozen_x_norm(plan, c, x, i, mean, invstd) + beta);
}

void xhat_extreme_frozen_backward(const xhat_plan *plan, size_t c,
                                  const void *x, const void *dout, double mean,
                                  double invstd, double gamma, void *dx,
                                  double *dgamma, double *dbeta)
{
    double sum = 0, product = 0;
    int exponent; /* of dout */
    if (!scale_of(plan, c, dout, &exponent))
        exponent = 0;
    for (size_t i = 0; i < plan->count; i++) {
        double g = scaled_at(plan, c, dout, i, exponent);
        sum += g;
        product += g * frozen_x_norm(plan, c, x, i, mean, invstd);
        xhat_put(plan->spec.dtype, dx, xhat_channel_element(plan, c, i),
                 ldexp(gamma * (invstd * g), exponent));
    }
    *dgamma = ldexp(product, exponent);
    *dbeta = ldexp(sum, exponent);
}
