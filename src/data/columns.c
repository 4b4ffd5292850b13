#include "data/columns.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"

xhat_status xhat_columns_allocate(xhat_columns *columns, size_t features,
                                  bool with_names, bool with_categories,
                                  const xhat_allocator *allocator,
                                  xhat_error *error)
{
    columns->number =
        xhat_allocate(allocator, features, sizeof *columns->number);
    if (with_names)
        columns->name =
            xhat_allocate_zeroed(allocator, features, sizeof *columns->name);
    if (with_categories)
        columns->category = xhat_allocate_zeroed(allocator, features,
                                                 sizeof *columns->category);
    if (columns->number == NULL || (with_names && columns->name == NULL) ||
        (with_categories && columns->category == NULL))
        return xhat_fail(error, XHAT_OUT_OF_MEMORY,
                         "no memory for the names of %zu columns", features);
    return XHAT_OK;
}

xhat_status xhat_columns_name(xhat_columns *columns, size_t f, const char *name,
                              const char *category,
                              const xhat_allocator *allocator,
                              xhat_error *error)
{
    if (name != NULL)
        columns->name[f] = xhat_copy_string(allocator, name);
    if (category != NULL)
        columns->category[f] = xhat_copy_string(allocator, category);
    if ((name != NULL && columns->name[f] == NULL) ||
        (category != NULL && columns->category[f] == NULL))
        return xhat_fail(error, XHAT_OUT_OF_MEMORY,
                         "no memory for the name of a column");
    return XHAT_OK;
}

xhat_status xhat_columns_copy(xhat_columns *to, const xhat_columns *from,
                              size_t features, const xhat_allocator *allocator,
                              xhat_error *error)
{
    *to = (xhat_columns){.count = from->count,
                         .label = from->label,
                         .label_count = from->label_count};
    if (from->number == NULL)
        return XHAT_OK;
    xhat_status status =
        xhat_columns_allocate(to, features, from->name != NULL,
                              from->category != NULL, allocator, error);
    if (status != XHAT_OK)
        return status;
    memcpy(to->number, from->number, features * sizeof *to->number);
    for (size_t j = 0; status == XHAT_OK && j < features; j++)
        status =
            xhat_columns_name(to, j, from->name != NULL ? from->name[j] : NULL,
                              from->category != NULL ? from->category[j] : NULL,
                              allocator, error);
    return status;
}

size_t xhat_columns_inputs(const xhat_columns *columns, size_t features)
{
    size_t inputs = 0;
    for (size_t f = 0; f < features; f++)
        inputs += columns->number == NULL || f == 0 ||
                  columns->number[f] != columns->number[f - 1];
    return inputs;
}

void xhat_columns_free(xhat_columns *columns, size_t features,
                       const xhat_allocator *allocator)
{
    xhat_release(allocator, columns->number);
    for (size_t j = 0; columns->name != NULL && j < features; j++)
        xhat_release(allocator, columns->name[j]);
    for (size_t j = 0; columns->category != NULL && j < features; j++)
        xhat_release(allocator, columns->category[j]);
    xhat_release(allocator, columns->name);
    xhat_release(allocator, columns->category);
    *columns = (xhat_columns){0};
}
