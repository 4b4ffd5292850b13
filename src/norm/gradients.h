/* What backward in training and with frozen statistics have in common: both
 * have these arguments, of which the frozen one sets no statistics. */
#ifndef XHAT_NORM_GRADIENTS_H
#define XHAT_NORM_GRADIENTS_H

#include "arguments.h"
#include "passes.h"

xhat_arrays xhat_gradient_arrays(const xhat_backward_args *args);

/* Errors as xhat_check_arguments, for these and for the three statistics: an
 * argument without a name is none. */
XHAT_NODISCARD xhat_status xhat_check_gradients(const xhat_plan *plan,
                                                const xhat_backward_args *args,
                                                const xhat_argument *statistics,
                                                xhat_error *error);

/* Without values every sum is 0. */
void xhat_gradients_of_nothing(const xhat_plan *plan,
                               const xhat_backward_args *args);

/* The passes of backward, with what begins and ends a block, whose own_args
 * are; `write` by order and fusion. */
void xhat_run_gradients(const xhat_plan *plan, const xhat_backward_args *args,
                        xhat_block_step *begin, xhat_block_step *end,
                        xhat_map_kernel *const write[2][XHAT_FUSIONS],
                        const void *own_args);

#endif
