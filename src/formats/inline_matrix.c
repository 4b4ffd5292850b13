/* "1,10; 2,20": a matrix as it is typed on a command line. */
#include "readers.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/number.h"

static const char blanks[] = " \t\r\n";

/* Steps over blanks, then one comma and the blanks after it.  True when there
 * was a comma. */
static bool skip_separator(const char **at)
{
    *at += strspn(*at, blanks);
    bool comma = **at == ',';
    if (comma) {
        *at += 1;
        *at += strspn(*at, blanks);
    }
    return comma;
}

/* Reads one row up to its ';' or the end; its values follow those before. */
static xhat_status read_row(const xhat_source *source, const char **at,
                            size_t row, double *to, size_t *count)
{
    bool comma = false;
    *count = 0;
    *at += strspn(*at, blanks);
    while ((**at != '\0' && **at != ';') || comma || *count == 0) {
        char shown[XHAT_EXCERPT_SIZE];
        size_t length = strcspn(*at, ",; \t\r\n");
        if (!xhat_number_parse(*at, length, &to[*count]))
            return xhat_source_bad(
                source, "row %zu, value %zu: \"%s\" is not a number", row,
                *count + 1, xhat_excerpt(shown, *at, length));
        *at += length;
        ++*count;
        comma = skip_separator(at);
    }
    return XHAT_OK;
}

xhat_status xhat_arrays_read_inline(xhat_arrays *arrays, const char *text,
                                    const xhat_allocator *allocator,
                                    xhat_error *error)
{
    xhat_source source = {
        .name = "inline matrix", .allocator = allocator, .error = error};
    size_t rows = 0, columns = 0, count = 0;
    /* every value but the last has a separator behind it */
    size_t most = strlen(text) / 2 + 1;
    *arrays = (xhat_arrays){.allocator = allocator};
    xhat_array *array =
        xhat_arrays_add(arrays, &source, "", XHAT_ELEMENT_F64, 1, &most);
    if (array == NULL)
        return XHAT_OUT_OF_MEMORY;
    double *values = array->data;
    xhat_status status = XHAT_OK;
    for (const char *at = text; status == XHAT_OK; at++) {
        status =
            read_row(&source, &at, rows + 1, values + rows * columns, &count);
        if (rows == 0)
            columns = count;
        if (status == XHAT_OK && count != columns)
            status = xhat_source_bad(
                &source, "row %zu has %zu value%s where row 1 has %zu",
                rows + 1, count, count == 1 ? "" : "s", columns);
        rows++;
        if (*at == '\0')
            break;
    }
    if (status != XHAT_OK) {
        xhat_arrays_free(arrays);
        return status;
    }
    array->rank = rows > 1 ? 2 : 1;
    array->shape[0] = rows > 1 ? rows : columns;
    array->shape[1] = columns;
    snprintf(arrays->format, sizeof arrays->format, "inline");
    return XHAT_OK;
}
