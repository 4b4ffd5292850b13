/* One element at a time: what the closed form and the careful path share.
 * Element i (0 .. count-1) of channel c is that of image or row i / inner. */
#ifndef XHAT_NORM_ONE_ELEMENT_H
#define XHAT_NORM_ONE_ELEMENT_H

#include "channel_block.h"

static inline size_t xhat_element(const xhat_plan *plan, size_t c, size_t i)
{
    size_t inner = plan->spec.inner;
    return (i / inner * plan->spec.channels + c) * inner + i % inner;
}

static inline double xhat_at(const xhat_plan *plan, const void *array, size_t c,
                             size_t i)
{
    return xhat_get(plan->spec.dtype, array, xhat_element(plan, c, i));
}

static inline void xhat_set(const xhat_plan *plan, void *array, size_t c,
                            size_t i, double value)
{
    xhat_put(plan->spec.dtype, array, xhat_element(plan, c, i), value);
}

/* Rounds value = gamma x_norm + beta to the dtype, adds the residual, keeps
 * the mask, applies the ReLU: as the plan's fusion says; then stores out. */
void xhat_set_out(const xhat_plan *plan, const xhat_arrays *arrays, size_t c,
                  size_t i, double value);

/* dout behind the plan's ReLU: 0 where it let nothing through.  value as for
 * xhat_set_out.  Stores dresidual where the plan has one. */
double xhat_gated_dout(const xhat_plan *plan, const xhat_arrays *arrays,
                       size_t c, size_t i, double value);

#endif
