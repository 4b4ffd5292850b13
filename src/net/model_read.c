/* Reads what model_write.c writes, and believes nothing of it: a file that
 * promises more than it holds is refused before there is memory for any. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/error.h"
#include "base/memory.h"
#include "data/columns.h"
#include "net/model_parts.h"
#include "net/net_parts.h"

static xhat_status bad(const char *path, const char *what, xhat_error *error)
{
    return xhat_fail(error, XHAT_BAD_FORMAT,
                     "%s is no model of xhat: its metadata %s", path, what);
}

static bool read_scaling(const json_t *value, double *to, size_t count)
{
    if (!json_is_number(value) && json_array_size(value) != count)
        return false;
    for (size_t j = 0; j < count; j++) {
        const json_t *number =
            json_is_number(value) ? value : json_array_get(value, j);
        if (!json_is_number(number))
            return false;
        to[j] = json_number_value(number);
    }
    return true;
}

static xhat_status read_names(xhat_model *model, const json_t *document,
                              xhat_loss_kind loss, const char *path,
                              xhat_error *error)
{
    const json_t *classes = json_object_get(document, "classes");
    const char *label = json_string_value(json_object_get(document, "label"));
    if (json_array_size(classes) !=
            (loss == XHAT_LOSS_SQUARED ? 0 : model->classes) ||
        label == NULL)
        return bad(path, "lacks the names of the classes", error);
    model->label_name = xhat_copy_string(model->allocator, label);
    bool memory = model->label_name != NULL;
    if (loss == XHAT_LOSS_SQUARED) {
        xhat_release(model->allocator, model->class_names);
        model->class_names = NULL;
    }
    for (size_t k = 0; k < json_array_size(classes) && memory; k++) {
        const char *name = json_string_value(json_array_get(classes, k));
        if (name == NULL)
            return bad(path, "has a class whose name is no text", error);
        model->class_names[k] = xhat_copy_string(model->allocator, name);
        memory = model->class_names[k] != NULL;
    }
    return memory ? XHAT_OK
                  : xhat_fail(error, XHAT_OUT_OF_MEMORY,
                              "no memory for the names of %zu classes",
                              model->classes);
}

/* Whether numbers[features] and, unless NULL, names[features] and
 * categories[features] fit the model and the counts already read: no feature
 * is in a label column. */
static bool columns_fit(const xhat_model *model, const json_t *numbers,
                        const json_t *names, const json_t *categories)
{
    const xhat_columns *columns = &model->columns;
    if (columns->count > INT32_MAX || columns->label_count > columns->count ||
        columns->label > columns->count - columns->label_count + 1 ||
        (columns->label > 0) != (columns->label_count > 0) ||
        json_array_size(numbers) != model->features ||
        (names != NULL && json_array_size(names) != model->features) ||
        (categories != NULL && json_array_size(categories) != model->features))
        return false;
    for (size_t j = 0; j < model->features; j++) {
        json_int_t number = json_integer_value(json_array_get(numbers, j));
        json_int_t beyond = number - (json_int_t)columns->label;
        const json_t *category = json_array_get(categories, j);
        if (number < 1 || number > (json_int_t)columns->count ||
            (beyond >= 0 && beyond < (json_int_t)columns->label_count) ||
            (names != NULL && !json_is_string(json_array_get(names, j))) ||
            (categories != NULL && !json_is_null(category) &&
             !json_is_string(category)))
            return false;
    }
    return true;
}

static size_t size_of(const json_t *object, const char *key)
{
    json_int_t value = json_integer_value(json_object_get(object, key));
    return value > 0 ? (size_t)value : 0;
}

static xhat_status read_columns(xhat_model *model, const json_t *document,
                                const char *path, xhat_error *error)
{
    xhat_columns *columns = &model->columns;
    const json_t *object = json_object_get(document, "columns");
    const json_t *numbers = json_object_get(object, "numbers");
    const json_t *names = json_object_get(object, "names");
    const json_t *categories = json_object_get(object, "categories");
    if (object == NULL)
        return XHAT_OK;
    columns->count = size_of(object, "count");
    columns->label = size_of(object, "label");
    columns->label_count = json_object_get(object, "label_columns") != NULL
                               ? size_of(object, "label_columns")
                               : columns->label > 0;
    if (!columns_fit(model, numbers, names, categories))
        return bad(path, "has columns that do not fit the net", error);
    xhat_status status =
        xhat_columns_allocate(columns, model->features, names != NULL,
                              categories != NULL, model->allocator, error);
    for (size_t j = 0; status == XHAT_OK && j < model->features; j++) {
        columns->number[j] =
            (size_t)json_integer_value(json_array_get(numbers, j));
        status = xhat_columns_name(
            columns, j, json_string_value(json_array_get(names, j)),
            json_string_value(json_array_get(categories, j)), model->allocator,
            error);
    }
    return status;
}

/* "missing"; false for a word that is none. */
static bool read_missing(xhat_model *model, const json_t *document)
{
    const json_t *word = json_object_get(document, "missing");
    return word == NULL ||
           (json_is_string(word) &&
            xhat_missing_from_name(json_string_value(word), &model->missing));
}

enum { HIDDEN_MOST = 1024 };

/* The norm, and what models of older versions do not say. */
static bool read_kinds(const json_t *document, const char *norm,
                       xhat_net_spec *spec)
{
    const char *loss = json_string_value(json_object_get(document, "loss"));
    const json_t *dropout = json_object_get(document, "dropout");
    int kind = XHAT_NET_NORM_NONE, end = XHAT_LOSS_SOFTMAX;
    while (kind <= XHAT_NET_NORM_LAYER &&
           strcmp(norm, xhat_net_norm_name((xhat_net_norm)kind)) != 0)
        kind++;
    while (loss != NULL && end <= XHAT_LOSS_SQUARED &&
           strcmp(loss, xhat_loss_name((xhat_loss_kind)end)) != 0)
        end++;
    spec->norm = (xhat_net_norm)kind;
    spec->loss = (xhat_loss_kind)end;
    spec->keep_bias = json_is_true(json_object_get(document, "keep_bias"));
    if (json_is_number(dropout))
        spec->dropout = json_number_value(dropout);
    return kind <= XHAT_NET_NORM_LAYER && end <= XHAT_LOSS_SQUARED;
}

/* The net's spec from the document; hidden has room for HIDDEN_MOST. */
static bool read_spec(const json_t *document, xhat_net_spec *spec,
                      size_t *hidden)
{
    const json_t *sizes = json_object_get(document, "sizes");
    const char *norm = json_string_value(json_object_get(document, "norm"));
    const json_t *eps = json_object_get(document, "eps");
    size_t count = json_array_size(sizes);
    if (count < 2 || count > HIDDEN_MOST + 2 || norm == NULL ||
        !json_is_number(eps))
        return false;
    for (size_t i = 0; i < count; i++) {
        json_int_t size = json_integer_value(json_array_get(sizes, i));
        if (size < 1 || size > INT32_MAX)
            return false;
        if (i == 0)
            spec->features = (size_t)size;
        else if (i == count - 1)
            spec->classes = (size_t)size;
        else
            hidden[i - 1] = (size_t)size;
    }
    spec->hidden = hidden;
    spec->hidden_count = count - 2;
    spec->eps = json_number_value(eps);
    spec->initialization = XHAT_INIT_FIXED; /* to 0: the file has the values */
    return read_kinds(document, norm, spec);
}

/* With the squared loss: what makes a number of an output. */
static bool read_target(xhat_model *model, const json_t *document)
{
    const json_t *mean = json_object_get(document, "target_mean");
    const json_t *scale = json_object_get(document, "target_scale");
    model->target_mean = json_number_value(mean);
    model->target_scale = json_number_value(scale);
    return json_is_number(mean) && json_is_number(scale);
}

static bool same_shape(const xhat_tensor *tensor, const xhat_array *array)
{
    if (array->rank != tensor->rank)
        return false;
    for (int axis = 0; axis < tensor->rank; axis++)
        if (array->shape[axis] != tensor->shape[axis])
            return false;
    return true;
}

static xhat_status read_tensors(xhat_net *net, const xhat_arrays *file,
                                const char *path, xhat_error *error)
{
    for (size_t i = 0; i < net->tensor_count; i++) {
        xhat_tensor *tensor = &net->tensors[i];
        const xhat_array *array = xhat_arrays_find(file, tensor->name);
        if (array == NULL)
            return xhat_fail(error, XHAT_BAD_FORMAT, "%s has no tensor %s",
                             path, tensor->name);
        if (!same_shape(tensor, array))
            return xhat_fail(error, XHAT_SHAPE_MISMATCH,
                             "%s: %s has %zu values in %d axes but the net "
                             "takes %zu in %d",
                             path, tensor->name, xhat_array_count(array),
                             array->rank, tensor->count, tensor->rank);
        if (tensor->element == XHAT_ELEMENT_I64)
            *(uint64_t *)tensor->value =
                (uint64_t)fmax(xhat_array_f64_at(array, 0), 0);
        else
            real_from_file(array, tensor->value);
    }
    return XHAT_OK;
}

/* Do the sizes promise more weights than the file holds?  Asked before there is
 * memory for any. */
static bool promises_too_much(const xhat_net_spec *spec,
                              const xhat_arrays *file)
{
    double promised = 0, held = 0; /* counts far beyond 2^53 need no digits */
    size_t in = spec->features;
    for (size_t i = 0; i <= spec->hidden_count; i++) {
        size_t out = i < spec->hidden_count ? spec->hidden[i] : spec->classes;
        promised += (double)in * (double)out;
        in = out;
    }
    for (size_t i = 0; i < file->count; i++)
        held += (double)xhat_array_count(&file->items[i]);
    return promised > held;
}

/* Everything the document says: sizes, scaling, names; and the net for it. */
static xhat_status build(xhat_model *model, const json_t *document,
                         const xhat_arrays *file, const char *path,
                         size_t max_rows, int threads,
                         const xhat_allocator *allocator, xhat_error *error)
{
    size_t hidden[HIDDEN_MOST];
    xhat_net_spec spec = xhat_net_spec_default();
    if (!read_spec(document, &spec, hidden))
        return bad(path, "lacks sizes, norm or eps", error);
    if (promises_too_much(&spec, file))
        return bad(path, "promises more weights than it holds", error);
    spec.max_rows = max_rows;
    spec.threads = threads;
    xhat_status status = xhat_model_allocate(model, spec.features, spec.classes,
                                             allocator, error);
    if (status != XHAT_OK)
        return status;
    if (!read_missing(model, document))
        return bad(path, "has a word for missing that is none", error);
    if (!read_scaling(json_object_get(document, "input_mean"), model->mean,
                      model->features) ||
        !read_scaling(json_object_get(document, "input_scale"), model->scale,
                      model->features))
        return bad(path, "lacks input_mean or input_scale", error);
    if (spec.loss == XHAT_LOSS_SQUARED && !read_target(model, document))
        return bad(path, "lacks target_mean or target_scale", error);
    status = read_names(model, document, spec.loss, path, error);
    if (status == XHAT_OK)
        status = read_columns(model, document, path, error);
    if (status != XHAT_OK)
        return status;
    return xhat_net_create(&model->net, &spec, allocator, error);
}

xhat_status xhat_model_read(xhat_model *model, const char *path,
                            size_t max_rows, int threads,
                            const xhat_allocator *allocator, xhat_error *error)
{
    xhat_arrays file;
    *model = (xhat_model){.allocator = allocator};
    xhat_status status = xhat_arrays_read(&file, path, allocator, error);
    if (status != XHAT_OK)
        return status;
    if (strcmp(file.format, "safetensors") != 0) {
        status =
            xhat_fail(error, XHAT_BAD_FORMAT,
                      "%s is no model.safetensors but %s", path, file.format);
        xhat_arrays_free(&file);
        return status;
    }
    const char *text = xhat_arrays_metadata(&file, "xhat");
    json_t *document = text == NULL ? NULL : json_loads(text, 0, NULL);
    status = document == NULL ? bad(path, "has no entry \"xhat\"", error)
                              : build(model, document, &file, path, max_rows,
                                      threads, allocator, error);
    if (status == XHAT_OK)
        status = read_tensors(model->net, &file, path, error);
    json_decref(document);
    xhat_arrays_free(&file);
    if (status != XHAT_OK)
        xhat_model_free(model);
    return status;
}
