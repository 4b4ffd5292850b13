/* A model: a net with the scaling of its inputs and the names of its
 * outputs, both learned from the training rows. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "data/columns.h"
#include "net/model_parts.h"
#include "net/net_parts.h"

/* Room for all but the net. */
xhat_status xhat_model_allocate(xhat_model *model, size_t features,
                                size_t classes, const xhat_allocator *allocator,
                                xhat_error *error)
{
    *model = (xhat_model){
        .features = features,
        .classes = classes,
        .target_scale = 1,
        .allocator = allocator,
    };
    model->mean = xhat_allocate_zeroed(allocator, features, sizeof(double));
    model->scale = xhat_allocate_zeroed(allocator, features, sizeof(double));
    model->class_names =
        xhat_allocate_zeroed(allocator, classes, sizeof(char *));
    if (model->mean == NULL || model->scale == NULL ||
        model->class_names == NULL)
        return xhat_fail(error, XHAT_OUT_OF_MEMORY,
                         "no memory for a model of %zu features", features);
    return XHAT_OK;
}

static double value_at(const xhat_rows *rows, size_t i, size_t feature)
{
    const xhat_dataset *data = rows->data;
    size_t at = xhat_row_at(rows, i) * data->features + feature;
    return data->element == XHAT_ELEMENT_F32
               ? (double)((const float *)data->values)[at]
               : ((const double *)data->values)[at];
}

/* Mean and inverse deviation of each feature over the training rows, row by
 * row as they lie in memory, of the values that are not missing.  Sums are
 * taken of the difference from a feature's first value: exactly 0 for a
 * constant feature, whose scale is then 0.  scratch: (2, features). */
static void standardize(xhat_model *model, const xhat_rows *train,
                        double *scratch)
{
    size_t features = model->features;
    double *mean = model->mean, *first = scratch, *count = scratch + features;
    for (size_t j = 0; j < features; j++) {
        first[j] = NAN;
        count[j] = 0;
    }
    for (size_t i = 0; i < train->count; i++)
        for (size_t j = 0; j < features; j++) {
            double value = value_at(train, i, j);
            if (isnan(value))
                continue;
            if (count[j]++ == 0)
                first[j] = value;
            mean[j] += value - first[j];
        }
    for (size_t j = 0; j < features; j++)
        mean[j] = count[j] > 0 ? first[j] + mean[j] / count[j] : 0;
    for (size_t i = 0; i < train->count; i++)
        for (size_t j = 0; j < features; j++) {
            double deviation = value_at(train, i, j) - mean[j];
            if (!isnan(deviation))
                model->scale[j] += deviation * deviation;
        }
    for (size_t j = 0; j < features; j++) {
        double squares = model->scale[j];
        model->scale[j] = squares > 0 ? 1 / sqrt(squares / count[j]) : 0;
    }
}

/* Bytes keep their deviations: those of pixels say something.  Sums of bytes
 * are exact. */
static void scale_bytes(xhat_model *model, const xhat_rows *train, bool center)
{
    size_t features = model->features;
    const uint8_t *values = train->data->values;
    for (size_t i = 0; center && i < train->count; i++) {
        const uint8_t *row = values + xhat_row_at(train, i) * features;
        for (size_t j = 0; j < features; j++)
            model->mean[j] += row[j];
    }
    for (size_t j = 0; j < features; j++) {
        model->mean[j] /= (double)train->count;
        model->scale[j] = 1. / 255;
    }
}

static xhat_status learn_scaling(xhat_model *model, const xhat_rows *train,
                                 bool center, xhat_error *error)
{
    if (train->data->element == XHAT_ELEMENT_U8) {
        scale_bytes(model, train, center);
        return XHAT_OK;
    }
    double *scratch =
        xhat_allocate(model->allocator, model->features, 2 * sizeof *scratch);
    if (scratch == NULL)
        return xhat_fail(error, XHAT_OUT_OF_MEMORY,
                         "no memory to scale %zu features", model->features);
    standardize(model, train, scratch);
    xhat_release(model->allocator, scratch);
    return XHAT_OK;
}

/* Mean and deviation of the numbers to be predicted; a deviation of 1 where
 * they are all the same. */
static void standardize_targets(xhat_model *model, const xhat_rows *train)
{
    const double *targets = train->data->targets;
    double n = (double)train->count, sum = 0, squares = 0;
    if (targets == NULL)
        return;
    double first = targets[xhat_row_at(train, 0)];
    for (size_t i = 0; i < train->count; i++)
        sum += targets[xhat_row_at(train, i)] - first;
    model->target_mean = first + sum / n;
    for (size_t i = 0; i < train->count; i++) {
        double d = targets[xhat_row_at(train, i)] - model->target_mean;
        squares += d * d;
    }
    model->target_scale = squares > 0 ? sqrt(squares / n) : 1;
}

xhat_status xhat_model_name(xhat_model *model, const char *label_name,
                            const char *const *class_names, xhat_error *error)
{
    model->label_name = xhat_copy_string(model->allocator, label_name);
    bool done = model->label_name != NULL;
    if (class_names == NULL) { /* numbers have none */
        xhat_release(model->allocator, model->class_names);
        model->class_names = NULL;
    }
    for (size_t k = 0; done && class_names != NULL && k < model->classes; k++) {
        model->class_names[k] =
            xhat_copy_string(model->allocator, class_names[k]);
        done = model->class_names[k] != NULL;
    }
    return done ? XHAT_OK
                : xhat_fail(error, XHAT_OUT_OF_MEMORY,
                            "no memory for the names of %zu classes",
                            model->classes);
}

xhat_status xhat_model_create(xhat_model *model, const xhat_net_spec *spec,
                              const xhat_rows *train,
                              const xhat_allocator *allocator,
                              xhat_error *error)
{
    xhat_net_spec filled = *spec;
    filled.features = train->data->features;
    filled.classes = train->data->classes;
    *model = (xhat_model){0};
    if ((spec->loss == XHAT_LOSS_SQUARED) != (train->data->targets != NULL))
        return xhat_fail(
            error, XHAT_INVALID_ARGUMENT, "the %s loss does not go with %s",
            xhat_loss_name(spec->loss),
            train->data->targets != NULL ? "numbers to be predicted"
                                         : "classes");
    xhat_status status = xhat_model_allocate(model, filled.features,
                                             filled.classes, allocator, error);
    model->missing = train->data->missing;
    if (status == XHAT_OK)
        status = xhat_model_name(model, train->data->label_name,
                                 (const char *const *)train->data->class_names,
                                 error);
    if (status == XHAT_OK)
        status = xhat_columns_copy(&model->columns, &train->data->columns,
                                   model->features, allocator, error);
    if (status == XHAT_OK)
        status = xhat_net_create(&model->net, &filled, allocator, error);
    if (status == XHAT_OK)
        status = learn_scaling(model, train, spec->center, error);
    if (status != XHAT_OK) {
        xhat_model_free(model);
        return status;
    }
    standardize_targets(model, train);
    return XHAT_OK;
}

void xhat_model_free(xhat_model *model)
{
    if (model == NULL)
        return;
    const xhat_allocator *allocator = model->allocator;
    xhat_net_destroy(model->net);
    xhat_release(allocator, model->mean);
    xhat_release(allocator, model->scale);
    for (size_t k = 0; model->class_names != NULL && k < model->classes; k++)
        xhat_release(allocator, model->class_names[k]);
    xhat_release(allocator, model->class_names);
    xhat_release(allocator, model->label_name);
    xhat_columns_free(&model->columns, model->features, allocator);
    *model = (xhat_model){0};
}
