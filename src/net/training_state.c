#include "net/training_state.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"
#include "net/product.h"

/* ---- the arrays: what is saved, under which names ------------------------ */

enum { PARTS = 3, NAME_SIZE = 56 };
static const char *const prefixes[PARTS] = {"net", "first", "second"};

/* Part `part` of tensor t: its memory, or NULL where there is none. */
static void *part_of(const xhat_training *training, int part, size_t t)
{
    real **slots = part == 1   ? training->optimizer.first
                   : part == 2 ? training->optimizer.second
                               : NULL;
    if (part == 0)
        return training->model->net->tensors[t].value;
    return slots == NULL ? NULL : slots[t];
}

typedef struct array_list {
    xhat_array *arrays;
    char (*names)[NAME_SIZE];
    size_t count;
} array_list;

static void free_list(array_list *list, const xhat_allocator *allocator)
{
    xhat_release(allocator, list->arrays);
    xhat_release(allocator, list->names);
}

static xhat_status list_arrays(array_list *list, const xhat_training *training,
                               xhat_error *error)
{
    const xhat_net *net = training->model->net;
    const xhat_allocator *allocator = training->model->allocator;
    size_t most = PARTS * net->tensor_count;
    *list = (array_list){0};
    list->arrays = xhat_allocate_zeroed(allocator, most, sizeof(xhat_array));
    list->names = xhat_allocate(allocator, most, sizeof *list->names);
    if (list->arrays == NULL || list->names == NULL) {
        free_list(list, allocator);
        return xhat_fail(error, XHAT_OUT_OF_MEMORY,
                         "no memory for a list of %zu tensors", most);
    }
    for (int part = 0; part < PARTS; part++)
        for (size_t t = 0; t < net->tensor_count; t++) {
            const xhat_tensor *tensor = &net->tensors[t];
            void *data = part_of(training, part, t);
            char *name = list->names[list->count];
            if (data == NULL)
                continue;
            snprintf(name, NAME_SIZE, "%s.%s", prefixes[part], tensor->name);
            list->arrays[list->count++] = (xhat_array){
                .name = name,
                .element = tensor->element,
                .rank = tensor->rank,
                .shape = {tensor->shape[0], tensor->shape[1]},
                .data = data,
            };
        }
    return XHAT_OK;
}

/* ---- writing ------------------------------------------------------------- */

static void hash_text(uint64_t hash, char text[32])
{
    snprintf(text, 32, "fnv1a64:%016llx", (unsigned long long)hash);
}

enum { PRODUCTS_SIZE = 256 }; /* of the name of what computes the products */

/* What must be the same in the training that goes on. */
static void put_course(xhat_json *json, const xhat_training *training)
{
    const xhat_training_options *options = &training->options;
    char hash[32], seed[32];
    hash_text(training->split->train.data->hash, hash);
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)options->seed);
    xhat_json_string(json, "data", hash);
    xhat_json_integer(json, "train_rows",
                      (int64_t)training->split->train.count);
    xhat_json_integer(json, "batch_size", (int64_t)options->batch_size);
    xhat_json_string(json, "seed", seed);
    xhat_json_string(json, "optimizer",
                     xhat_optimizer_name(options->optimizer));
}

static void put_document(xhat_text *text, const xhat_training *training)
{
    const xhat_net *net = training->model->net;
    xhat_json json = xhat_json_on(text, 0);
    char products[PRODUCTS_SIZE];
    xhat_net_describe_blas(products, sizeof products);
    xhat_json_open(&json, NULL, '{');
    xhat_json_string(&json, "version", xhat_version());
    xhat_json_string(&json, "products", products);
    xhat_json_integer(&json, "threads", xhat_product_threads());
    put_course(&json, training);
    xhat_json_integer(&json, "epoch", (int64_t)training->epoch);
    xhat_json_integer(&json, "batch", (int64_t)training->batch);
    xhat_json_integer(&json, "step", (int64_t)training->step);
    xhat_json_integer(&json, "rows", (int64_t)training->rows);
    xhat_json_number(&json, "loss_sum", training->loss.sum);
    xhat_json_integer(&json, "correct", (int64_t)training->loss.correct);
    xhat_json_integer(&json, "updates", (int64_t)training->optimizer.step);
    xhat_json_number(&json, "seconds", training->seconds);
    xhat_json_integer(&json, "best_epoch", (int64_t)training->best.epoch);
    xhat_json_number(&json, "best_accuracy", training->best.accuracy);
    xhat_json_number(&json, "best_loss", training->best.loss);
    xhat_json_open(&json, "refused", '[');
    for (size_t i = 0; i < net->block_count; i++)
        xhat_json_integer(&json, NULL, (int64_t)net->blocks[i].norm.refused);
    xhat_json_close(&json);
    xhat_json_close(&json);
}

xhat_status xhat_training_save(const xhat_training *training, const char *path,
                               xhat_error *error)
{
    const xhat_allocator *allocator = training->model->allocator;
    const char *const keys[] = {"xhat_state"};
    array_list list;
    xhat_status status = list_arrays(&list, training, error);
    if (status != XHAT_OK)
        return status;
    xhat_text text = xhat_text_on(allocator);
    put_document(&text, training);
    if (text.failed)
        status =
            xhat_fail(error, XHAT_OUT_OF_MEMORY, "no memory to write %s", path);
    else
        status =
            xhat_safetensors_write(path, true, list.arrays, list.count, keys,
                                   (const char *const[]){text.data}, 1, error);
    xhat_text_free(&text);
    free_list(&list, allocator);
    return status;
}

/* ---- reading ------------------------------------------------------------- */

static xhat_status other_training(const char *path, const char *what,
                                  const char *was, const char *is,
                                  xhat_error *error)
{
    return xhat_fail(error, XHAT_SHAPE_MISMATCH,
                     "%s is the state of another training: its %s was %s, now "
                     "it is %s",
                     path, what, was, is);
}

static xhat_status check_text(const json_t *document, const char *key,
                              const char *is, const char *path,
                              xhat_error *error)
{
    const char *was = json_string_value(json_object_get(document, key));
    if (was != NULL && strcmp(was, is) == 0)
        return XHAT_OK;
    return other_training(path, key, was != NULL ? was : "not said", is, error);
}

static xhat_status check_count(const json_t *document, const char *key,
                               size_t value, const char *path,
                               xhat_error *error)
{
    char was[32], is[32];
    json_int_t number = json_integer_value(json_object_get(document, key));
    if (number == (json_int_t)value)
        return XHAT_OK;
    snprintf(was, sizeof was, "%lld", (long long)number);
    snprintf(is, sizeof is, "%zu", value);
    return other_training(path, key, was, is, error);
}

/* Another version, or other libraries behind the products, may draw, sum or
 * round otherwise: the run would go on, but not as the one it is. */
static xhat_status check_version(const json_t *document, const char *path,
                                 xhat_error *error)
{
    char products[PRODUCTS_SIZE];
    const char *was = json_string_value(json_object_get(document, "version"));
    if (was == NULL || strcmp(was, xhat_version()) != 0)
        return xhat_fail(error, XHAT_UNSUPPORTED,
                         "%s was written by xhat %s and this is %s, which may "
                         "round otherwise: only the same version continues a "
                         "run bit for bit; begin anew, or continue with that "
                         "one",
                         path, was != NULL ? was : "of no version it says",
                         xhat_version());
    xhat_net_describe_blas(products, sizeof products);
    was = json_string_value(json_object_get(document, "products"));
    if (was == NULL || strcmp(was, products) != 0)
        return xhat_fail(error, XHAT_UNSUPPORTED,
                         "%s was written by another build or on another kind "
                         "of CPU, which may round otherwise: only the same "
                         "continues a run bit for bit; begin anew, or continue "
                         "with that one (products then: %s; now: %s)",
                         path, was != NULL ? was : "not said", products);
    return XHAT_OK;
}

static xhat_status check_course(const json_t *document,
                                const xhat_training *training, const char *path,
                                xhat_error *error)
{
    const xhat_training_options *options = &training->options;
    char hash[32], seed[32];
    hash_text(training->split->train.data->hash, hash);
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)options->seed);
    xhat_status status = check_text(document, "data", hash, path, error);
    if (status == XHAT_OK)
        status = check_count(document, "train_rows",
                             training->split->train.count, path, error);
    if (status == XHAT_OK)
        status = check_count(document, "batch_size", options->batch_size, path,
                             error);
    if (status == XHAT_OK)
        status = check_text(document, "seed", seed, path, error);
    if (status == XHAT_OK)
        status =
            check_text(document, "optimizer",
                       xhat_optimizer_name(options->optimizer), path, error);
    return status;
}

static size_t count_at(const json_t *document, const char *key)
{
    json_int_t value = json_integer_value(json_object_get(document, key));
    return value > 0 ? (size_t)value : 0;
}

/* A number as xhat_json_number writes it. */
static double number_at(const json_t *document, const char *key)
{
    const json_t *value = json_object_get(document, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static xhat_status read_place(xhat_training *training, const json_t *document,
                              const char *path, xhat_error *error)
{
    const json_t *refused = json_object_get(document, "refused");
    xhat_net *net = training->model->net;
    training->epoch = count_at(document, "epoch");
    training->batch = count_at(document, "batch");
    training->step = count_at(document, "step");
    training->rows = count_at(document, "rows");
    training->loss.sum = number_at(document, "loss_sum");
    training->loss.correct = count_at(document, "correct");
    training->optimizer.step = count_at(document, "updates");
    training->seconds = number_at(document, "seconds");
    training->best.epoch = count_at(document, "best_epoch");
    training->best.accuracy = number_at(document, "best_accuracy");
    training->best.loss = number_at(document, "best_loss");
    for (size_t i = 0; i < net->block_count; i++)
        net->blocks[i].norm.refused =
            (size_t)json_integer_value(json_array_get(refused, i));
    size_t batch = training->batch, batches = training->batches;
    size_t before = training->epoch - (batch == batches);
    if (batch == 0 || batch > batches || training->epoch > SIZE_MAX / batches ||
        training->step != before * batches + batch ||
        training->optimizer.step != training->step ||
        training->rows > training->split->train.count)
        return xhat_fail(error, XHAT_BAD_FORMAT,
                         "%s: its step, epoch and batch do not fit each other",
                         path);
    if (before >= training->options.epochs)
        return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                         "epochs = %zu: the training in %s has begun epoch %zu",
                         training->options.epochs, path, before + 1);
    return XHAT_OK;
}

static xhat_status read_arrays(xhat_training *training, const xhat_arrays *file,
                               const char *path, xhat_error *error)
{
    array_list list;
    xhat_status status = list_arrays(&list, training, error);
    if (status != XHAT_OK)
        return status;
    for (size_t i = 0; status == XHAT_OK && i < list.count; i++) {
        const xhat_array *to = &list.arrays[i];
        const xhat_array *from = xhat_arrays_find(file, to->name);
        size_t bytes = xhat_array_count(to) * xhat_element_size(to->element);
        if (from == NULL || from->element != to->element ||
            from->rank != to->rank ||
            memcmp(from->shape, to->shape,
                   (size_t)to->rank * sizeof to->shape[0]) != 0)
            status = xhat_fail(
                error, XHAT_SHAPE_MISMATCH,
                "%s is the state of another net: %s %s", path, to->name,
                from == NULL ? "is missing" : "has another shape or type");
        else
            memcpy(to->data, from->data, bytes);
    }
    free_list(&list, training->model->allocator);
    return status;
}

xhat_status xhat_training_load(xhat_training *training, const char *path,
                               bool *other_threads, xhat_error *error)
{
    xhat_arrays file;
    xhat_status status =
        xhat_arrays_read(&file, path, training->model->allocator, error);
    if (status != XHAT_OK)
        return status;
    const char *text = xhat_arrays_metadata(&file, "xhat_state");
    json_t *document = text == NULL ? NULL : json_loads(text, 0, NULL);
    if (document == NULL)
        status = xhat_fail(error, XHAT_BAD_FORMAT,
                           "%s is no state of a training: it has no entry "
                           "\"xhat_state\"",
                           path);
    if (status == XHAT_OK)
        status = check_version(document, path, error);
    if (status == XHAT_OK)
        status = check_course(document, training, path, error);
    if (status == XHAT_OK)
        status = read_place(training, document, path, error);
    if (status == XHAT_OK)
        status = read_arrays(training, &file, path, error);
    if (status == XHAT_OK && training->batch < training->batches)
        xhat_training_shuffle(training);
    *other_threads =
        count_at(document, "threads") != (size_t)xhat_product_threads();
    json_decref(document);
    xhat_arrays_free(&file);
    return status;
}
