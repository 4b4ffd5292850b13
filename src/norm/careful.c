#include "careful.h"

#include <math.h>
#include <string.h>

#include "kernels/ordinary.h"

/* 0, or between 1 / most and most */
static bool within(double value, double most)
{
    return value == 0 || (value >= 1 / most && value <= most);
}

static bool leaves_type(const xhat_plan *plan, const xhat_block *block,
                        size_t i)
{
    const xhat_dtype dtype = plan->spec.dtype;
    double mean = xhat_get(dtype, block->lanes.mean, i);
    double invstd = xhat_get(dtype, block->lanes.invstd, i);
    double gamma = xhat_gamma_at(plan, block->gamma, block->first + i);
    const xhat_ordinary *ordinary = &xhat_ordinary_of[dtype];
    return !isnan(mean) && !isnan(invstd) && !isnan(gamma) &&
           !(fabs(mean) <= ordinary->mean && fabs(gamma) <= ordinary->gamma &&
             within(invstd, ordinary->invstd) &&
             (invstd == 0 || within(fabs(gamma * invstd), ordinary->scale)));
}

/* The channels first .. end of the block that share mask bits with number i. */
static void mask_group(const xhat_plan *plan, const xhat_block *block, size_t i,
                       size_t *first, size_t *end)
{
    size_t group = 1;
    if (plan->fusion == XHAT_FUSE_ADD_RELU)
        group = plan->order == XHAT_COLUMNS
                    ? XHAT_GROUP_BYTES / xhat_dtype_size(plan->spec.dtype)
                    : plan->mask_channels;
    *first = i / group * group;
    *end = block->channels - *first < group ? block->channels : *first + group;
}

bool xhat_is_extreme(const xhat_plan *plan, const xhat_block *block, size_t i)
{
    size_t first, end;
    for (mask_group(plan, block, i, &first, &end); first < end; first++)
        if (leaves_type(plan, block, first))
            return true;
    return false;
}

void xhat_widen_odd(const xhat_plan *plan, xhat_block *block)
{
    size_t first, end;
    for (size_t i = 0; i < block->channels; i = end) {
        mask_group(plan, block, i, &first, &end);
        if (memchr(block->ends.odd + first, 1, end - first) != NULL)
            memset(block->ends.odd + first, 1, end - first);
    }
}

/* A compensated sum (Neumaier). */
typedef struct total {
    double sum, low;
} total;

static void add(total *to, double term)
{
    double old = to->sum, high = old + term;
    to->low +=
        fabs(old) >= fabs(term) ? (old - high) + term : (term - high) + old;
    to->sum = high;
}

static double value_of(const total *t)
{
    return t->sum + t->low;
}

/* 2^-exponent brings the largest magnitude of the channel to 1..2; false when
 * the channel holds NaN or Inf */
static bool scale_of(const xhat_plan *plan, size_t c, const void *array,
                     int *exponent)
{
    double largest = 0;
    for (size_t i = 0; i < plan->count; i++) {
        double value = fabs(xhat_at(plan, array, c, i));
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
    return ldexp(xhat_at(plan, array, c, i), -exponent);
}

/* Where eps is all that counts, the scale must not take it out of the type:
 * of a channel that is constant, or far smaller than eps. */
static void unscale(xhat_scaled *s)
{
    s->mean = ldexp(s->mean, s->exponent);
    s->mean_low = ldexp(s->mean_low, s->exponent);
    s->m2 = ldexp(s->m2, 2 * s->exponent);
    s->exponent = 0;
}

xhat_scaled xhat_careful_moments(const xhat_plan *plan, size_t c, const void *x)
{
    xhat_scaled s = {0, NAN, NAN, NAN, NAN};
    double count = (double)plan->count;
    total sum = {0, 0}, rest = {0, 0}, squares = {0, 0};
    if (!scale_of(plan, c, x, &s.exponent)) {
        s.mean = 0;
        for (size_t i = 0; i < plan->count; i++)
            s.mean += xhat_at(plan, x, c, i) / count;
        return s; /* NaN, or the infinity that all agree on */
    }
    double pivot = scaled_at(plan, c, x, 0, s.exponent);
    for (size_t i = 0; i < plan->count; i++)
        add(&sum, scaled_at(plan, c, x, i, s.exponent) - pivot);
    s.mean = pivot + value_of(&sum) / count;
    for (size_t i = 0; i < plan->count; i++)
        add(&rest, scaled_at(plan, c, x, i, s.exponent) - s.mean);
    s.mean_low = value_of(&rest) / count;
    for (size_t i = 0; i < plan->count; i++) {
        double d = (scaled_at(plan, c, x, i, s.exponent) - s.mean) - s.mean_low;
        add(&squares, d * d);
    }
    s.m2 = value_of(&squares);
    double eps = ldexp(plan->spec.eps, -2 * s.exponent);
    if (isinf(eps) || (s.m2 == 0 && plan->spec.eps > 0)) {
        unscale(&s);
        eps = plan->spec.eps;
    }
    s.invstd = xhat_inverse_deviation(s.m2 / count, eps);
    return s;
}

/* x_norm of element i: free of the scale */
static double x_norm_at(const xhat_plan *plan, size_t c, const void *x,
                        size_t i, const xhat_scaled *s)
{
    double d = (scaled_at(plan, c, x, i, s->exponent) - s->mean) - s->mean_low;
    return d * s->invstd;
}

void xhat_extreme_forward(const xhat_plan *plan, size_t c,
                          const xhat_arrays *arrays, double gamma, double beta)
{
    xhat_scaled s = xhat_careful_moments(plan, c, arrays->x);
    for (size_t i = 0; i < plan->count; i++)
        xhat_set_out(plan, arrays, c, i,
                     gamma * x_norm_at(plan, c, arrays->x, i, &s) + beta);
}

/* gamma * rest * 2^exponent, whatever the size of gamma */
static double scaled_by(double gamma, double rest, int exponent)
{
    int power;
    double fraction = frexp(gamma, &power);
    return ldexp(fraction * rest, exponent + power);
}

/* dout of element i behind the ReLU, scaled */
static double scaled_dout(const xhat_plan *plan, size_t c,
                          const xhat_arrays *arrays, size_t i, double value,
                          int exponent)
{
    return ldexp(xhat_gated_dout(plan, arrays, c, i, value), -exponent);
}

void xhat_extreme_backward(const xhat_plan *plan, size_t c,
                           const xhat_arrays *arrays, double gamma, double beta,
                           double *dgamma, double *dbeta)
{
    xhat_scaled s = xhat_careful_moments(plan, c, arrays->x);
    const double count = (double)plan->count;
    total sum = {0, 0}, product = {0, 0};
    int exponent = 0; /* of dout */
    if (!scale_of(plan, c, arrays->dout, &exponent))
        s.invstd = NAN;
    for (size_t i = 0; i < plan->count; i++) {
        double x_norm = x_norm_at(plan, c, arrays->x, i, &s);
        double g =
            scaled_dout(plan, c, arrays, i, gamma * x_norm + beta, exponent);
        add(&sum, g);
        add(&product, g * x_norm);
    }
    double mean = value_of(&sum) / count, k = value_of(&product) / count;
    for (size_t i = 0; i < plan->count; i++) {
        double x_norm = x_norm_at(plan, c, arrays->x, i, &s);
        double g =
            scaled_dout(plan, c, arrays, i, gamma * x_norm + beta, exponent);
        double inside = (g - mean) - x_norm * k;
        xhat_set(plan, arrays->out, c, i,
                 scaled_by(gamma, s.invstd * inside, exponent - s.exponent));
    }
    *dgamma = ldexp(value_of(&product), exponent);
    *dbeta = ldexp(value_of(&sum), exponent);
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

void xhat_extreme_inference(const xhat_plan *plan, size_t c,
                            const xhat_arrays *arrays, double mean,
                            double invstd, double gamma, double beta)
{
    for (size_t i = 0; i < plan->count; i++)
        xhat_set_out(
            plan, arrays, c, i,
            gamma * frozen_x_norm(plan, c, arrays->x, i, mean, invstd) + beta);
}

void xhat_extreme_frozen_backward(const xhat_plan *plan, size_t c,
                                  const xhat_arrays *arrays, double mean,
                                  double invstd, double gamma, double beta,
                                  double *dgamma, double *dbeta)
{
    total sum = {0, 0}, product = {0, 0};
    int exponent; /* of dout */
    if (!scale_of(plan, c, arrays->dout, &exponent))
        exponent = 0;
    for (size_t i = 0; i < plan->count; i++) {
        double x_norm = frozen_x_norm(plan, c, arrays->x, i, mean, invstd);
        double g =
            scaled_dout(plan, c, arrays, i, gamma * x_norm + beta, exponent);
        add(&sum, g);
        add(&product, g * x_norm);
        xhat_set(plan, arrays->out, c, i,
                 scaled_by(gamma, invstd * g, exponent));
    }
    *dgamma = ldexp(value_of(&product), exponent);
    *dbeta = ldexp(value_of(&sum), exponent);
}

/* out before its ReLU, rounded step by step as the kernels do */
static double kernel_out(xhat_dtype dtype, const xhat_lanes *lanes, size_t lane,
                         double x)
{
    double a = xhat_get(dtype, lanes->a, lane);
    double mean = xhat_get(dtype, lanes->mean, lane);
    double b = xhat_get(dtype, lanes->b, lane);
    if (dtype == XHAT_F64)
        return a * (x - mean) + b;
    return (double)((float)a * ((float)x - (float)mean) + (float)b);
}

void xhat_careful_grad_sums(const xhat_plan *plan, const xhat_block *block,
                            size_t i, const xhat_arrays *arrays, double *sum,
                            double *product)
{
    const xhat_dtype dtype = plan->spec.dtype;
    const size_t c = block->first + i;
    double mean = xhat_get(dtype, block->lanes.mean, i);
    double low = xhat_get(dtype, block->lanes.mean_low, i);
    total s = {0, 0}, p = {0, 0};
    for (size_t k = 0; k < plan->count; k++) {
        double x = xhat_at(plan, arrays->x, c, k);
        double g = xhat_gated_dout(plan, arrays, c, k,
                                   kernel_out(dtype, &block->lanes, i, x));
        add(&s, g);
        add(&p, g * ((x - mean) - low));
    }
    *sum = value_of(&s);
    *product = value_of(&p);
}
