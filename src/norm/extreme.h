/* The slow path: channels whose numbers leave the type on the way.
 *
 * Finite inputs give right outputs even where the variance overflows
 * (deviations of 1e300 in float64), where it underflows (subnormals with
 * eps = 0), or where x - mean does (values of 3e38 of both signs in float32).
 * Such a channel is computed here, one element at a time, in float64 and
 * scaled by a power of two.  Whether a channel is extreme follows from its
 * mean, its inverse deviation and gamma alone, so that forward and backward
 * agree. */
#ifndef XHAT_NORM_EXTREME_H
#define XHAT_NORM_EXTREME_H

#include "plan.h"

/* mean, invstd as computed or saved; gamma; NaN is never extreme. */
bool xhat_is_extreme(xhat_dtype dtype, double mean, double invstd,
                     double gamma);

/* Channel c, scaled: x = 2^exponent * x', mean' and invstd' are those of x'.
 * var' = m2' / count.  A channel that holds NaN or Inf has a mean that is not
 * finite, and NaN in the rest. */
typedef struct xhat_scaled {
    int exponent;
    double mean, mean_low, m2, invstd;
} xhat_scaled;

xhat_scaled xhat_extreme_moments(const xhat_plan *plan, size_t c,
                                 const void *x);

/* out of channel c, in training. */
void xhat_extreme_forward(const xhat_plan *plan, size_t c, const void *x,
                          const xhat_scaled *scaled, double gamma, double beta,
                          void *out);

/* dx, dgamma and dbeta of channel c, in training; the moments are taken from x
 * again. */
void xhat_extreme_backward(const xhat_plan *plan, size_t c, const void *x,
                           const void *dout, double gamma, void *dx,
                           double *dgamma, double *dbeta);

/* out of channel c, in inference. */
void xhat_extreme_inference(const xhat_plan *plan, size_t c, const void *x,
                            double mean, double invstd, double gamma,
                            double beta, void *out);

/* dx, dgamma and dbeta of channel c, frozen. */
void xhat_extreme_frozen_backward(const xhat_plan *plan, size_t c,
                                  const void *x, const void *dout, double mean,
                                  double invstd, double gamma, void *dx,
                                  double *dgamma, double *dbeta);

#endif
