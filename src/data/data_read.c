/* DATA as the user names it: a generator, a folder, or a file of any kind. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/memory.h"
#include "formats/csv.h"
#include "formats/inflate.h"
#include "formats/readers.h"
#include "data/dataset_parts.h"

/* ---- one file ------------------------------------------------------------ */

/* One array alone, where labels are wanted too. */
static xhat_status no_labels(const xhat_arrays *file, const char *source,
                             xhat_error *error)
{
    if (strcmp(file->format, "idx") == 0)
        return xhat_fail(error, XHAT_BAD_FORMAT,
                         "%s is one IDX file, images or labels alone: name the "
                         "folder that holds both",
                         source);
    return xhat_fail(error, XHAT_BAD_FORMAT,
                     "%s (%s) is one array, without labels: an .npz has both, "
                     "x and y, and so has a table",
                     source, file->format);
}

/* Is a list of numbers one row, and not as many rows of one feature? */
static bool is_one_row(const xhat_array *x, const xhat_data_options *options)
{
    return options->unlabeled && x->rank == 1 &&
           (x->shape[0] == options->features ||
            (options->is_matrix && options->features > 1));
}

/* The x, y, x_test and y_test of a file; without labels a lone array is x. */
static xhat_status from_arrays(xhat_dataset *data, const xhat_arrays *file,
                               const char *source,
                               const xhat_data_options *options,
                               xhat_error *error)
{
    xhat_part train = {xhat_arrays_find(file, "x"),
                       xhat_arrays_find(file, "y")};
    xhat_part test = {xhat_arrays_find(file, "x_test"),
                      xhat_arrays_find(file, "y_test")};
    xhat_array row;
    if (train.x == NULL && file->count == 1) {
        if (!options->unlabeled)
            return no_labels(file, source, error);
        train.x = &file->items[0];
    }
    if (train.x == NULL)
        return xhat_fail(error, XHAT_BAD_FORMAT,
                         "%s (%s) has no array called x", source, file->format);
    if (options->unlabeled)
        train.y = test.y = NULL;
    else if (train.y == NULL || (test.x != NULL && test.y == NULL))
        return xhat_fail(error, XHAT_BAD_FORMAT,
                         "%s (%s) has no labels: no array called %s", source,
                         file->format, train.y == NULL ? "y" : "y_test");
    if (is_one_row(train.x, options)) {
        row = *train.x;
        row.rank = 2;
        row.shape[1] = row.shape[0];
        row.shape[0] = 1;
        train.x = &row;
    }
    snprintf(data->format, sizeof data->format, "%.15s", file->format);
    snprintf(data->note, sizeof data->note, "%s", file->note);
    xhat_part parts[2] = {train, test};
    size_t count = test.x != NULL ? 2 : 1;
    return xhat_parts_join(data, parts, count, count == 2, source, options,
                           error);
}

static bool is_table(const xhat_source *source)
{
    return xhat_npy_likeness(source) == XHAT_UNLIKE &&
           xhat_npz_likeness(source) == XHAT_UNLIKE && !xhat_is_gzip(source) &&
           xhat_safetensors_likeness(source) == XHAT_UNLIKE &&
           xhat_idx_likeness(source) == XHAT_UNLIKE &&
           xhat_cifar_likeness(source) != XHAT_ALIKE &&
           xhat_csv_likeness(source) != XHAT_UNLIKE;
}

/* The text gives way to the table, and the table to the data set. */
static xhat_status from_table(xhat_dataset *data, xhat_source *source,
                              const xhat_data_options *options,
                              xhat_error *error)
{
    xhat_table table;
    xhat_status status = xhat_table_take(&table, source);
    if (status != XHAT_OK)
        return status;
    status =
        xhat_dataset_from_table(data, &table, source->name, options, error);
    xhat_table_free(&table);
    return status;
}

static xhat_status from_file(xhat_dataset *data, const char *path,
                             const xhat_data_options *options,
                             xhat_error *error)
{
    xhat_source source;
    xhat_arrays file;
    xhat_status status =
        xhat_source_read(&source, path, data->allocator, error);
    if (status != XHAT_OK)
        return status;
    if (strcmp(path, "-") == 0)
        source.name = "standard input";
    if (is_table(&source))
        return from_table(data, &source, options, error);
    status = xhat_arrays_read_memory(&file, source.bytes, source.size,
                                     source.name, data->allocator, error);
    xhat_source_free(&source);
    if (status != XHAT_OK)
        return status;
    status = from_arrays(data, &file, path, options, error);
    if (status == XHAT_OK && strcmp(data->format, "cifar10") == 0)
        xhat_name_cifar_classes(data);
    xhat_arrays_free(&file);
    return status;
}

static xhat_status from_matrix(xhat_dataset *data, const char *text,
                               const xhat_data_options *options,
                               xhat_error *error)
{
    xhat_arrays matrix;
    xhat_status status =
        xhat_arrays_read_inline(&matrix, text, data->allocator, error);
    if (status != XHAT_OK)
        return status;
    status = from_arrays(data, &matrix, text, options, error);
    xhat_arrays_free(&matrix);
    return status;
}

/* ---- all together -------------------------------------------------------- */

static xhat_status read_source(xhat_dataset *data, const char *source,
                               const xhat_data_options *options,
                               xhat_error *error)
{
    struct stat info;
    bool known;
    if (options->is_matrix)
        return from_matrix(data, source, options, error);
    if (strcmp(source, "-") == 0)
        return from_file(data, source, options, error);
    if (stat(source, &info) == 0)
        return S_ISDIR(info.st_mode)
                   ? xhat_dataset_from_folder(data, source, options, error)
                   : from_file(data, source, options, error);
    xhat_status status =
        xhat_dataset_generate(data, source, options->seed, &known, error);
    return known ? status : from_file(data, source, options, error);
}

xhat_status xhat_dataset_read(xhat_dataset *data, const char *source,
                              const xhat_data_options *options,
                              const xhat_allocator *allocator,
                              xhat_error *error)
{
    *data = (xhat_dataset){.allocator = allocator};
    xhat_status status = read_source(data, source, options, error);
    if (status == XHAT_OK && data->label_name == NULL) {
        data->label_name = xhat_copy_string(allocator, "");
        if (data->label_name == NULL)
            status =
                xhat_fail(error, XHAT_OUT_OF_MEMORY, "no memory for a name");
    }
    if (status != XHAT_OK) {
        xhat_dataset_free(data);
        return status;
    }
    data->hash = xhat_dataset_hash(data);
    return XHAT_OK;
}
