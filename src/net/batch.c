/* Rows on their way into a net: gathered from the one copy of the data, and
 * scaled there. */
#include <math.h>

#include "base/error.h"
#include "base/memory.h"
#include "net/net_parts.h"

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
