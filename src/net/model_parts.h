/* What a model is made of, for those that make one. */
#ifndef XHAT_NET_MODEL_PARTS_H
#define XHAT_NET_MODEL_PARTS_H

#include "base/text.h"
#include "xhat/net.h"

/* A model without its net: scaling 0, names NULL, both still to be filled.
 * After an error, too, *model is to be freed. */
XHAT_NODISCARD xhat_status xhat_model_allocate(xhat_model *model,
                                               size_t features, size_t classes,
                                               const xhat_allocator *allocator,
                                               xhat_error *error);

/* Gives it copies of these names; class_names (classes) may be NULL. */
XHAT_NODISCARD xhat_status xhat_model_name(xhat_model *model,
                                           const char *label_name,
                                           const char *const *class_names,
                                           xhat_error *error);

/* All that a model is but its tensors, as JSON: see model_write.c. */
void xhat_model_put_document(xhat_text *text, const xhat_model *model);

#endif
