#include "base/error.h"
#include "base/number.h"
#include "output_file.h"
#include "readers.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { CELL_SIZE = XHAT_NUMBER_SIZE };

/* Element i with all its digits: integers beyond 2^53 too. */
static void format_element(const xhat_array *array, size_t i,
                           char text[CELL_SIZE])
{
    double value = xhat_array_f64_at(array, i);
    switch (array->element) {
    case XHAT_ELEMENT_U64:
        snprintf(text, CELL_SIZE, "%" PRIu64,
                 ((const uint64_t *)array->data)[i]);
        break;
    case XHAT_ELEMENT_I64:
        snprintf(text, CELL_SIZE, "%" PRId64,
                 ((const int64_t *)array->data)[i]);
        break;
    case XHAT_ELEMENT_F16:
    case XHAT_ELEMENT_F32:
        xhat_number_from_f32((float)value, text);
        break;
    default:
        xhat_number_from_f64(value, text);
    }
}

xhat_status xhat_csv_write(const char *path, bool force,
                           const xhat_array *array, char delimiter,
                           xhat_error *error)
{
    xhat_output_file file;
    char shape[XHAT_SHAPE_SIZE], cell[CELL_SIZE];
    if (delimiter == '\0' || strchr(",;\t ", delimiter) == NULL)
        return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                         "delimiter '%c': it is one of , ; tab and blank",
                         delimiter);
    if (array->rank != 1 && array->rank != 2)
        return xhat_fail(error, XHAT_SHAPE_MISMATCH,
                         "%s: a table has 1 or 2 axes, but %s is %s: write it "
                         "as .npy or .npz",
                         path, array->name[0] ? array->name : "the array",
                         xhat_shape_text(shape, array->rank, array->shape));
    xhat_status status = xhat_output_open(&file, path, force, error);
    if (status != XHAT_OK)
        return status;
    size_t columns = array->rank == 2 ? array->shape[1] : 1;
    size_t count = xhat_array_count(array);
    for (size_t i = 0; i < count; i++) {
        format_element(array, i, cell);
        size_t length = strlen(cell);
        cell[length++] = (i + 1) % columns == 0 ? '\n' : delimiter;
        xhat_output_put(&file, cell, length);
    }
    return xhat_output_commit(&file, error);
}
