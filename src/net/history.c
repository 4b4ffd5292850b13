/* The epochs of a run, and metrics.jsonl: docs/run-folder.md. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/error.h"
#include "base/memory.h"
#include "formats/source.h"
#include "net/run_folder.h"

enum { PATH_SIZE = 4096 };

xhat_status xhat_history_add(xhat_history *history, const xhat_epoch *epoch,
                             xhat_error *error)
{
    if (history->count == history->capacity) {
        size_t capacity = 2 * history->capacity + 16;
        xhat_epoch *epochs =
            xhat_allocate(history->allocator, capacity, sizeof *epochs);
        if (epochs == NULL)
            return xhat_fail(error, XHAT_OUT_OF_MEMORY,
                             "no memory for %zu epochs", capacity);
        if (history->count > 0)
            memcpy(epochs, history->epochs, history->count * sizeof *epochs);
        xhat_release(history->allocator, history->epochs);
        history->epochs = epochs;
        history->capacity = capacity;
    }
    xhat_epoch *copy = &history->epochs[history->count];
    *copy = *epoch;
    copy->layers = xhat_allocate(history->allocator, epoch->layer_count,
                                 sizeof *copy->layers);
    if (copy->layers == NULL)
        return xhat_fail(error, XHAT_OUT_OF_MEMORY,
                         "no memory for the health of %zu layers",
                         epoch->layer_count);
    for (size_t i = 0; i < epoch->layer_count; i++)
        copy->layers[i] = epoch->layers[i];
    history->count++;
    return XHAT_OK;
}

void xhat_history_cut(xhat_history *history, size_t count)
{
    while (history->count > count)
        xhat_release(history->allocator,
                     history->epochs[--history->count].layers);
}

void xhat_history_free(xhat_history *history)
{
    if (history == NULL)
        return;
    xhat_history_cut(history, 0);
    xhat_release(history->allocator, history->epochs);
    *history = (xhat_history){0};
}

/* The numbers of an epoch and their keys, for writing and reading alike. */
static const struct {
    const char *key;
    size_t offset;
} numbers[] = {
    {"train_loss", offsetof(xhat_epoch, train_loss)},
    {"train_accuracy", offsetof(xhat_epoch, train_accuracy)},
    {"validation_loss", offsetof(xhat_epoch, validation_loss)},
    {"validation_accuracy", offsetof(xhat_epoch, validation_accuracy)},
    {"test_loss", offsetof(xhat_epoch, test_loss)},
    {"test_accuracy", offsetof(xhat_epoch, test_accuracy)},
    {"lr", offsetof(xhat_epoch, lr)},
    {"seconds", offsetof(xhat_epoch, seconds)},
};
enum { NUMBERS = sizeof numbers / sizeof numbers[0] };

/* The same for a layer's health. */
static const struct {
    const char *key;
    size_t offset;
} health_numbers[] = {
    {"dead", offsetof(xhat_layer_health, dead)},
    {"mean_gap", offsetof(xhat_layer_health, mean_gap)},
    {"var_gap", offsetof(xhat_layer_health, var_gap)},
    {"gain_min", offsetof(xhat_layer_health, gain_min)},
    {"gain_max", offsetof(xhat_layer_health, gain_max)},
};
enum { HEALTH_NUMBERS = sizeof health_numbers / sizeof health_numbers[0] };

static double *number_of_health(const xhat_layer_health *health, int i)
{
    return (double *)((char *)health + health_numbers[i].offset);
}

static double *number_of(xhat_epoch *epoch, int i)
{
    return (double *)((char *)epoch + numbers[i].offset);
}

static void put_health(xhat_json *json, const xhat_layer_health *health)
{
    xhat_json_open(json, NULL, '{');
    xhat_json_integer(json, "layer", (int64_t)health->place);
    for (int i = 0; i < HEALTH_NUMBERS; i++)
        if (!isnan(*number_of_health(health, i)))
            xhat_json_number(json, health_numbers[i].key,
                             *number_of_health(health, i));
    xhat_json_integer(json, "refused", (int64_t)health->refused);
    xhat_json_close(json);
}

void xhat_epoch_put_json(xhat_json *json, xhat_epoch *epoch)
{
    xhat_json_integer(json, "epoch", (int64_t)epoch->epoch);
    xhat_json_integer(json, "step", (int64_t)epoch->step);
    for (int i = 0; i < NUMBERS; i++)
        if (!isnan(*number_of(epoch, i)))
            xhat_json_number(json, numbers[i].key, *number_of(epoch, i));
    if (epoch->best)
        xhat_json_bool(json, "best", true);
    xhat_json_open(json, "norm_health", '[');
    for (size_t i = 0; i < epoch->layer_count; i++)
        put_health(json, &epoch->layers[i]);
    xhat_json_close(json);
}

xhat_status xhat_history_write(const xhat_history *history, const char *folder,
                               xhat_error *error)
{
    char path[PATH_SIZE];
    xhat_text text = xhat_text_on(history->allocator);
    for (size_t i = 0; i < history->count; i++) {
        xhat_json json = xhat_json_on(&text, 0);
        xhat_json_open(&json, NULL, '{');
        xhat_epoch_put_json(&json, &history->epochs[i]);
        xhat_json_close(&json);
        if (text.length == 0 || text.data[text.length - 1] != '\n')
            xhat_text_put(&text, "\n");
    }
    snprintf(path, sizeof path, "%s/metrics.jsonl", folder);
    xhat_status status = text.failed ? xhat_fail(error, XHAT_OUT_OF_MEMORY,
                                                 "no memory to write %s", path)
                                     : xhat_file_write(path, true, text.data,
                                                       text.length, error);
    xhat_text_free(&text);
    return status;
}

/* Numbers are read as they were written; what is missing is NaN. */
static void parse_health(const json_t *object, xhat_layer_health *health)
{
    health->place =
        (size_t)json_integer_value(json_object_get(object, "layer"));
    health->refused =
        (size_t)json_integer_value(json_object_get(object, "refused"));
    for (int i = 0; i < HEALTH_NUMBERS; i++) {
        const json_t *value = json_object_get(object, health_numbers[i].key);
        *number_of_health(health, i) =
            json_is_number(value) ? json_number_value(value) : NAN;
    }
}

/* Adds the epoch that `object` describes. */
static xhat_status add_parsed(xhat_history *history, const json_t *object,
                              xhat_error *error)
{
    const json_t *layers = json_object_get(object, "norm_health");
    xhat_epoch epoch = {
        .epoch = (size_t)json_integer_value(json_object_get(object, "epoch")),
        .step = (size_t)json_integer_value(json_object_get(object, "step")),
        .best = json_is_true(json_object_get(object, "best")),
        .layer_count = json_array_size(layers),
    };
    epoch.layers = xhat_allocate(history->allocator, epoch.layer_count,
                                 sizeof *epoch.layers);
    if (epoch.layers == NULL)
        return xhat_fail(error, XHAT_OUT_OF_MEMORY,
                         "no memory for the health of %zu layers",
                         epoch.layer_count);
    for (size_t i = 0; i < epoch.layer_count; i++)
        parse_health(json_array_get(layers, i), &epoch.layers[i]);
    for (int i = 0; i < NUMBERS; i++) {
        const json_t *value = json_object_get(object, numbers[i].key);
        *number_of(&epoch, i) =
            json_is_number(value) ? json_number_value(value) : NAN;
    }
    xhat_status status = xhat_history_add(history, &epoch, error);
    xhat_release(history->allocator, epoch.layers);
    return status;
}

static xhat_status read_lines(xhat_history *history, const xhat_source *file,
                              xhat_error *error)
{
    const char *at = (const char *)file->bytes, *end = at + file->size;
    for (size_t line = 1; at < end; line++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline != NULL ? newline : end;
        json_t *object = json_loadb(at, (size_t)(stop - at), 0, NULL);
        xhat_status status =
            json_integer_value(json_object_get(object, "epoch")) > 0
                ? add_parsed(history, object, error)
                : xhat_fail(error, XHAT_BAD_FORMAT,
                            "%s:%zu: not the metrics of an epoch", file->name,
                            line);
        json_decref(object);
        if (status != XHAT_OK)
            return status;
        at = stop + 1;
    }
    return XHAT_OK;
}

xhat_status xhat_history_read(xhat_history *history, const char *folder,
                              const xhat_allocator *allocator,
                              xhat_error *error)
{
    char path[PATH_SIZE];
    xhat_source file;
    *history = (xhat_history){.allocator = allocator};
    snprintf(path, sizeof path, "%s/metrics.jsonl", folder);
    xhat_status status = xhat_source_read(&file, path, allocator, error);
    if (status != XHAT_OK)
        return status;
    status = read_lines(history, &file, error);
    if (status == XHAT_OK && history->count == 0)
        status = xhat_fail(error, XHAT_BAD_FORMAT,
                           "%s holds no epoch: the run was stopped in its "
                           "first",
                           path);
    xhat_source_free(&file);
    if (status != XHAT_OK)
        xhat_history_free(history);
    return status;
}
