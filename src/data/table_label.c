/* Columns of a table by what a user calls them. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "data/dataset_parts.h"

xhat_status xhat_table_find(const xhat_table *table, const char *source,
                            const char *label, size_t *column,
                            xhat_error *error)
{
    int64_t number, columns = (int64_t)table->columns;
    for (size_t j = 0; j < table->columns; j++)
        if (strcmp(table->column[j].name, label) == 0) {
            *column = j;
            return XHAT_OK;
        }
    if (!xhat_number_parse_integer(label, &number) || number == 0 ||
        number > columns || number < -columns)
        return xhat_fail(error, XHAT_BAD_FORMAT,
                         "%s has no column \"%s\"; it has %zu, from \"%s\" to "
                         "\"%s\"",
                         source, label, table->columns, table->column[0].name,
                         table->column[table->columns - 1].name);
    *column = (size_t)(number > 0 ? number - 1 : columns + number);
    return XHAT_OK;
}

size_t xhat_table_called(const xhat_table *table, const char *name)
{
    for (size_t j = 0; name != NULL && j < table->columns; j++)
        if (strcmp(table->column[j].name, name) == 0)
            return j;
    return XHAT_NO_COLUMN;
}

xhat_status xhat_label_find(xhat_column_choice *choice, const xhat_table *table,
                            const char *source, const char *label,
                            const xhat_allocator *allocator, xhat_error *error)
{
    char *names = xhat_copy_string(allocator, label), *name = names;
    bool whole = xhat_table_called(table, label) != XHAT_NO_COLUMN;
    xhat_status status = XHAT_OK;
    if (names == NULL)
        return xhat_fail(error, XHAT_OUT_OF_MEMORY,
                         "no memory for the label columns");
    choice->label_count = 0;
    while (name != NULL && status == XHAT_OK) {
        char *comma = whole ? NULL : strchr(name, ',');
        size_t column;
        if (comma != NULL)
            *comma = '\0';
        status = xhat_table_find(table, source, name, &column, error);
        if (status == XHAT_OK && choice->label_count == 0)
            choice->label = column;
        else if (status == XHAT_OK &&
                 column != choice->label + choice->label_count)
            status = xhat_fail(error, XHAT_BAD_FORMAT,
                               "%s: the label columns \"%s\" do not stand side "
                               "by side, in this order",
                               source, label);
        choice->label_count += status == XHAT_OK;
        name = comma != NULL ? comma + 1 : NULL;
    }
    xhat_release(allocator, names);
    return status;
}

xhat_status xhat_label_try(xhat_column_choice *choice, const xhat_table *table,
                           const char *label, const xhat_allocator *allocator,
                           bool *found, xhat_error *error)
{
    xhat_column_choice tried = *choice;
    *found = label != NULL && label[0] != '\0';
    if (!*found)
        return XHAT_OK;
    xhat_status status =
        xhat_label_find(&tried, table, "", label, allocator, NULL);
    *found = status == XHAT_OK &&
             (tried.label_count > 1 ||
              strcmp(table->column[tried.label].name, label) == 0);
    if (*found)
        *choice = tried;
    return status == XHAT_OUT_OF_MEMORY
               ? xhat_fail(error, status, "no memory for the label columns")
               : XHAT_OK;
}
