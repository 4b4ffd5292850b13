/* Remembered columns: room, copies. */
#ifndef XHAT_DATA_COLUMNS_H
#define XHAT_DATA_COLUMNS_H

#include "xhat/data.h"

/* Room for the numbers of `features` columns and, if wanted, for their names
 * and categories, all still NULL.  On failure, too, *columns is to be freed. */
XHAT_NODISCARD xhat_status xhat_columns_allocate(
    xhat_columns *columns, size_t features, bool with_names,
    bool with_categories, const xhat_allocator *allocator, xhat_error *error);

/* Feature f gets this name and this category; NULL: none.  Both are copied. */
XHAT_NODISCARD xhat_status xhat_columns_name(xhat_columns *columns, size_t f,
                                             const char *name,
                                             const char *category,
                                             const xhat_allocator *allocator,
                                             xhat_error *error);

/* How many columns make these features. */
size_t xhat_columns_inputs(const xhat_columns *columns, size_t features);

/* The same columns again, which *to then owns. */
XHAT_NODISCARD xhat_status xhat_columns_copy(xhat_columns *to,
                                             const xhat_columns *from,
                                             size_t features,
                                             const xhat_allocator *allocator,
                                             xhat_error *error);

void xhat_columns_free(xhat_columns *columns, size_t features,
                       const xhat_allocator *allocator);

#endif
