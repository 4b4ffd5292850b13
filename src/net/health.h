#ifndef XHAT_NET_HEALTH_H
#define XHAT_NET_HEALTH_H

#include "net/net_parts.h"

/* health (block_count): of each hidden layer on the first of these rows. */
XHAT_NODISCARD xhat_status xhat_net_health(xhat_model *model,
                                           const xhat_rows *train,
                                           xhat_layer_health *health,
                                           xhat_error *error);

#endif
