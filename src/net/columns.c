#include "net/columns.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"

xhat_status xhat_columns_allocate(xhat_columns *columns, size_t features,
                                  bool with_names,
                                  const xhat_allocator *allocator,
                                  xhat_error *error)
{
    columns->number =
        xhat_allocate(allocator, features, sizeof *columns->number);
    if (with_names)
        columns->name =
            xhat_allocate_zeroed(allocator, features, sizeof *columns->name);
    if (columns->number == NULL || (with_names && columns->name == NULL))
        return xhat_fail(error, XHAT_OUT_OF_MEMORY,
                         "no memory for the names of %zu columns", features);
    return XHAT_OK;
}

xhat_status xhat_columns_copy(xhat_columns *to, const xhat_columns *from,
                              size_t features, const xhat_allocator *allocator,
                              xhat_error *error)
{
    *to = (xhat_columns){.count = from->count, .label = from->label};
    if (from->number == NULL)
        return XHAT_OK;
    xhat_status status = xhat_columns_allocate(to, features, from->name != NULL,
                                               allocator, error);
    if (status != XHAT_OK)
        return status;
    memcpy(to->number, from->number, features * sizeof *to->number);
    for (size_t j = 0; from->name != NULL && j < features; j++) {
        to->name[j] = xhat_copy_string(allocator, from->name[j]);
        if (to->name[j] == NULL)
            return xhat_fail(error, XHAT_OUT_OF_MEMORY,
                             "no memory for the name of a column");
    }
    return XHAT_OK;
}

void xhat_columns_free(xhat_columns *columns, size_t features,
                       const xhat_allocator *allocator)
{
    xhat_release(allocator, columns->number);
    for (size_t j = 0; columns->name != NULL && j < features; j++)
        xhat_release(allocator, columns->name[j]);
    xhat_release(allocator, columns->name);
    *columns = (xhat_columns){0};
}
