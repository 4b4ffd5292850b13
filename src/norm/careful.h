/* The slow path: channels in which the kernels cannot be trusted.
 *
 * Finite inputs give right outputs even where the variance overflows
 * (deviations of 1e300 in float64), where it underflows (subnormals with
 * eps = 0), where x - mean does (values of 3e38 of both signs in float32), or
 * where the pivot lies so far from the mean that cancellation would eat the
 * sums.  The kernels' end_* functions call such a channel odd (ordinary.h).
 *
 * Its sums are taken here, one element at a time, in float64, compensated and
 * scaled by a power of two.  If its coefficients fit the type after all, the
 * kernels do the rest; if not, the channel is extreme, and its elements are
 * computed here, too. */
#ifndef XHAT_NORM_CAREFUL_H
#define XHAT_NORM_CAREFUL_H

#include "one_element.h"

/* Channel c, scaled: x = 2^exponent * x', mean' and invstd' are those of x'.
 * var' = m2' / count.  A channel that holds NaN or Inf has a mean that is not
 * finite, and NaN in the rest. */
typedef struct xhat_scaled {
    int exponent;
    double mean, mean_low, m2, invstd;
} xhat_scaled;

xhat_scaled xhat_careful_moments(const xhat_plan *plan, size_t c,
                                 const void *x);

/* Do the coefficients of number i of the block leave the type (NaN does not),
 * so that its elements are computed here?  Where a mask keeps the bits of a
 * group of channels together, an extreme channel takes its group with it.
 * Asks the lanes mean and invstd, and block->gamma. */
bool xhat_is_extreme(const xhat_plan *plan, const xhat_block *block, size_t i);

/* Marks the channels that share a group of mask bits with an odd one as odd,
 * too. */
void xhat_widen_odd(const xhat_plan *plan, xhat_block *block);

/* out of channel c, in training; the moments are taken from x again. */
void xhat_extreme_forward(const xhat_plan *plan, size_t c,
                          const xhat_arrays *arrays, double gamma, double beta);

/* dx (in arrays->out), dgamma and dbeta of channel c, in training. */
void xhat_extreme_backward(const xhat_plan *plan, size_t c,
                           const xhat_arrays *arrays, double gamma, double beta,
                           double *dgamma, double *dbeta);

/* out of channel c, in inference. */
void xhat_extreme_inference(const xhat_plan *plan, size_t c,
                            const xhat_arrays *arrays, double mean,
                            double invstd, double gamma, double beta);

/* dx, dgamma and dbeta of channel c, frozen. */
void xhat_extreme_frozen_backward(const xhat_plan *plan, size_t c,
                                  const xhat_arrays *arrays, double mean,
                                  double invstd, double gamma, double beta,
                                  double *dgamma, double *dbeta);

/* Number i of the block: sum dout and sum dout * ((x - mean) - mean_low), each
 * around a pivot of 0; ReLU lets through what the kernels would.  With
 * XHAT_FUSE_ADD_RELU it writes dresidual. */
void xhat_careful_grad_sums(const xhat_plan *plan, const xhat_block *block,
                            size_t i, const xhat_arrays *arrays, double *sum,
                            double *product);

#endif
