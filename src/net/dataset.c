/* A data set in memory: rows kept as they were stored, gathered into a batch
 * and scaled there.  Training goes over this one copy of the data. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "net/dataset_parts.h"
#include "net/net_parts.h"

xhat_status xhat_dataset_allocate(xhat_dataset *data, size_t rows,
                                  size_t features, xhat_element element,
                                  xhat_error *error)
{
    size_t count;
    data->rows = data->test_from = rows;
    data->features = features;
    data->element = element;
    if (!__builtin_mul_overflow(rows, features, &count))
        data->values =
            xhat_allocate(data->allocator, count, xhat_element_size(element));
    if (data->values == NULL)
        return xhat_fail(error, XHAT_OUT_OF_MEMORY,
                         "no memory for %zu rows of %zu features", rows,
                         features);
    return XHAT_OK;
}

void xhat_dataset_free(xhat_dataset *data)
{
    if (data == NULL)
        return;
    xhat_release(data->allocator, data->values);
    xhat_release(data->allocator, data->labels);
    xhat_release(data->allocator, data->targets);
    for (size_t k = 0; data->class_names != NULL && k < data->classes; k++)
        xhat_release(data->allocator, data->class_names[k]);
    xhat_release(data->allocator, data->class_names);
    xhat_release(data->allocator, data->label_name);
    xhat_columns_free(&data->columns, data->features, data->allocator);
    *data = (xhat_dataset){0};
}

/* ---- missing values ------------------------------------------------------ */

static const char *const missing_names[] = {"refuse", "drop", "mean"};

const char *xhat_missing_name(xhat_missing missing)
{
    return missing_names[missing];
}

bool xhat_missing_from_name(const char *name, xhat_missing *missing)
{
    for (int i = 0; i < 3; i++)
        if (strcmp(name, missing_names[i]) == 0) {
            *missing = (xhat_missing)i;
            return true;
        }
    return false;
}

/* ---- hash ---------------------------------------------------------------- */

static uint64_t fnv1a(uint64_t hash, const void *bytes, size_t size)
{
    const unsigned char *byte = bytes;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ byte[i]) * 0x100000001b3u;
    return hash;
}

static uint64_t fnv1a_number(uint64_t hash, uint64_t number)
{
    for (int i = 0; i < 8; i++) {
        unsigned char byte = (unsigned char)(number >> 8 * i);
        hash = fnv1a(hash, &byte, 1);
    }
    return hash;
}

uint64_t xhat_dataset_hash(const xhat_dataset *data)
{
    uint64_t hash = 0xcbf29ce484222325u;
    hash = fnv1a_number(hash, data->rows);
    hash = fnv1a_number(hash, data->features);
    hash = fnv1a_number(hash, data->test_from);
    hash = fnv1a_number(hash, data->classes);
    hash =
        fnv1a(hash, data->values,
              data->rows * data->features * xhat_element_size(data->element));
    if (data->labels != NULL)
        hash = fnv1a(hash, data->labels, data->rows * sizeof *data->labels);
    if (data->targets != NULL)
        hash = fnv1a(hash, data->targets, data->rows * sizeof *data->targets);
    for (size_t k = 0; data->class_names != NULL && k < data->classes; k++)
        hash =
            fnv1a(hash, data->class_names[k], strlen(data->class_names[k]) + 1);
    return hash;
}

/* ---- rows ---------------------------------------------------------------- */

xhat_rows xhat_all_rows(const xhat_dataset *data)
{
    return (xhat_rows){.data = data, .count = data->rows};
}

xhat_rows xhat_test_rows(const xhat_dataset *data)
{
    return (xhat_rows){.data = data,
                       .first = data->test_from,
                       .count = data->rows - data->test_from};
}

size_t xhat_row_at(const xhat_rows *rows, size_t i)
{
    return rows->index != NULL ? rows->index[i] : rows->first + i;
}

xhat_status xhat_rows_check(const xhat_rows *rows, const xhat_model *model,
                            bool want_labels, xhat_error *error)
{
    const xhat_dataset *data = rows->data;
    if (rows->count == 0)
        return XHAT_OK;
    if (data->features != model->features)
        return xhat_fail(error, XHAT_SHAPE_MISMATCH,
                         "the data have %zu features but the model takes %zu",
                         data->features, model->features);
    if (rows->index == NULL &&
        (rows->first > data->rows || rows->count > data->rows - rows->first))
        return xhat_fail(error, XHAT_SHAPE_MISMATCH,
                         "first + count = %zu + %zu is beyond the %zu rows of "
                         "the data",
                         rows->first, rows->count, data->rows);
    bool is_number = model->net->spec.loss == XHAT_LOSS_SQUARED;
    if (want_labels && is_number && data->targets == NULL)
        return xhat_fail(error, XHAT_SHAPE_MISMATCH,
                         "the %zu rows have no numbers to be predicted",
                         rows->count);
    if (want_labels && !is_number && data->labels == NULL)
        return xhat_fail(error, XHAT_SHAPE_MISMATCH,
                         "the %zu rows have no labels", rows->count);
    if (want_labels && data->classes > model->classes)
        return xhat_fail(error, XHAT_SHAPE_MISMATCH,
                         "the data have %zu classes but the model has %zu",
                         data->classes, model->classes);
    return XHAT_OK;
}

/* What is missing counts as the mean, which is 0 once scaled. */
static void fill_missing(size_t count, real *x)
{
    for (size_t j = 0; j < count; j++)
        if (isnan(x[j]))
            x[j] = 0;
}

/* One row, scaled; double until the mean is subtracted. */
REAL_VECTORS static void scale_row(const xhat_dataset *data, size_t row,
                                   const xhat_model *model, real *restrict out)
{
    size_t features = data->features, from = row * features;
    const double *restrict mean = model->mean, *restrict scale = model->scale;
    if (data->element == XHAT_ELEMENT_U8) {
        const uint8_t *restrict value = (const uint8_t *)data->values + from;
        for (size_t j = 0; j < features; j++)
            out[j] = (real)((value[j] - mean[j]) * scale[j]);
    } else if (data->element == XHAT_ELEMENT_F32) {
        const float *restrict value = (const float *)data->values + from;
        for (size_t j = 0; j < features; j++)
            out[j] = (real)((value[j] - mean[j]) * scale[j]);
    } else {
        const double *restrict value = (const double *)data->values + from;
        for (size_t j = 0; j < features; j++)
            out[j] = (real)((value[j] - mean[j]) * scale[j]);
    }
    if (data->missing == XHAT_MISSING_MEAN)
        fill_missing(features, out);
}

/* ---- batches ------------------------------------------------------------- */

xhat_status xhat_batch_create(xhat_batch *batch, const xhat_model *model,
                              size_t rows, xhat_error *error)
{
    const xhat_allocator *allocator = model->allocator;
    *batch = (xhat_batch){.capacity = rows};
    batch->x = xhat_allocate(allocator, rows, model->features * sizeof(real));
    batch->labels = xhat_allocate(allocator, rows, sizeof *batch->labels);
    batch->targets = xhat_allocate(allocator, rows, sizeof *batch->targets);
    if (batch->x == NULL || batch->labels == NULL || batch->targets == NULL) {
        xhat_batch_free(batch, model);
        return xhat_fail(error, XHAT_OUT_OF_MEMORY,
                         "no memory for batches of %zu rows", rows);
    }
    return XHAT_OK;
}

void xhat_batch_free(xhat_batch *batch, const xhat_model *model)
{
    xhat_release(model->allocator, batch->x);
    xhat_release(model->allocator, batch->labels);
    xhat_release(model->allocator, batch->targets);
    *batch = (xhat_batch){0};
}

/* Asks for a row that will be scaled soon: shuffled rows come from memory, and
 * waiting for each in turn took longer than scaling them. */
static void prefetch_row(const xhat_dataset *data, size_t row)
{
    enum { LINE = 64 };
    size_t size = data->features * xhat_element_size(data->element);
    const char *bytes = (const char *)data->values + row * size;
    for (size_t i = 0; i < size; i += LINE)
        __builtin_prefetch(bytes + i);
    if (data->labels != NULL)
        __builtin_prefetch(data->labels + row);
}

void xhat_batch_gather(xhat_batch *batch, const xhat_rows *rows,
                       const size_t *order, size_t first, size_t count,
                       const xhat_model *model)
{
    enum { AHEAD = 4 }; /* rows: beyond, as much as fits the first cache */
    const xhat_dataset *data = rows->data;
    batch->truth = (xhat_truth){
        .labels = data->labels == NULL ? NULL : batch->labels,
        .targets = data->targets == NULL ? NULL : batch->targets,
    };
    for (size_t i = 0; i < count; i++) {
        if (order != NULL && i + AHEAD < count)
            prefetch_row(data, xhat_row_at(rows, order[i + AHEAD]));
        size_t row = xhat_row_at(rows, order != NULL ? order[i] : first + i);
        scale_row(data, row, model, batch->x + i * data->features);
        if (data->labels != NULL)
            batch->labels[i] = data->labels[row];
        if (data->targets != NULL)
            batch->targets[i] =
                (real)((data->targets[row] - model->target_mean) /
                       model->target_scale);
    }
}

/* ---- split --------------------------------------------------------------- */

xhat_status xhat_split_make(xhat_split *split, const xhat_dataset *data,
                            double validation, uint64_t seed, xhat_error *error)
{
    size_t rows = data->test_from;
    size_t held = (size_t)(validation < 1 ? floor(validation * (double)rows)
                                          : fmin(validation, (double)rows));
    size_t left = rows - held;
    *split = (xhat_split){.allocator = data->allocator};
    if (left < 2)
        return xhat_fail(error, XHAT_BAD_FORMAT,
                         "%zu row%s less %zu for validation leave %zu to train "
                         "with; two is the least",
                         rows, rows == 1 ? "" : "s", held, left);
    if (left < data->classes)
        return xhat_fail(error, XHAT_BAD_FORMAT,
                         "%zu rows to train with are fewer than the %zu "
                         "classes: is the label column the right one?",
                         left, data->classes);
    split->index = xhat_allocate(data->allocator, rows, sizeof *split->index);
    if (split->index == NULL)
        return xhat_fail(error, XHAT_OUT_OF_MEMORY,
                         "no memory to split %zu rows", rows);
    xhat_random_permutation(seed, xhat_net_stream(XHAT_STREAM_SPLIT, 0), rows,
                            split->index);
    split->validation = (xhat_rows){data, split->index, 0, held};
    split->train = (xhat_rows){data, split->index + held, 0, left};
    split->test = xhat_test_rows(data);
    return XHAT_OK;
}

void xhat_split_free(xhat_split *split)
{
    if (split == NULL)
        return;
    xhat_release(split->allocator, split->index);
    *split = (xhat_split){0};
}
