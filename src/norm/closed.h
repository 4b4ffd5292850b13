/* The closed form: the second telling, plain scalar C without kernels.
 *
 * It is there to be read and to be believed: each function is the formula of
 * docs/derivation.md, one channel after the other, in float64 for either dtype.
 * Arguments were checked by the caller; see xhat.h for the shapes. */
#ifndef XHAT_NORM_CLOSED_H
#define XHAT_NORM_CLOSED_H

#include "plan.h"

void xhat_closed_forward(const xhat_plan *plan, const xhat_forward_args *args);
void xhat_closed_backward(const xhat_plan *plan,
                          const xhat_backward_args *args);
void xhat_closed_inference(const xhat_plan *plan,
                           const xhat_inference_args *args);
void xhat_closed_frozen_backward(const xhat_plan *plan,
                                 const xhat_frozen_backward_args *args);

#endif
