/* A training that left the finite numbers: where, and since when.  Every
 * function returns XHAT_NOT_FINITE with the step and the first tensor that is
 * not finite in its message, or XHAT_OK. */
#ifndef XHAT_NET_DIVERGENCE_H
#define XHAT_NET_DIVERGENCE_H

#include "net/net_parts.h"

/* The loss of the step at hand, of `rows` rows, is not finite. */
xhat_status xhat_diverged_in_step(const xhat_training *training, size_t rows,
                                  xhat_error *error);

/* Are the parameters finite that the last update left? */
XHAT_NODISCARD xhat_status xhat_check_parameters(const xhat_training *training,
                                                 xhat_error *error);

/* After an epoch: parameters, and the losses evaluated with them. */
XHAT_NODISCARD xhat_status xhat_check_epoch(const xhat_training *training,
                                            const xhat_epoch *epoch,
                                            xhat_error *error);

#endif
