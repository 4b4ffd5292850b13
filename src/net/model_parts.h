/* What a model is made of, for those that make one. */
#ifndef XHAT_NET_MODEL_PARTS_H
#define XHAT_NET_MODEL_PARTS_H

#include "xhat/net.h"

/* A model without its net: scaling 0, names NULL, both still to be filled.
 * After an error, too, *model is to be freed. */
XHAT_NODISCARD xhat_status xhat_model_allocate(xhat_model *model,
                                               size_t features, size_t classes,
                                               const xhat_allocator *allocator,
                                               xhat_error *error);

#endif
