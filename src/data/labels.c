/* Labels: from the numbers or texts of a file to classes counted from 0. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "data/dataset_parts.h"

static int compare_numbers(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorts items[count] and keeps each distinct one once; how many are left. */
static size_t sort_distinct(void *items, size_t count, size_t size,
                            int (*compare)(const void *, const void *))
{
    char *item = items;
    size_t kept = 0;
    qsort(items, count, size, compare);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || compare(item + i * size, item + (kept - 1) * size) != 0)
            memmove(item + kept++ * size, item + i * size, size);
    return kept;
}

/* labels[i] := the place of values[i] among distinct[classes]; room for the
 * names of the classes. */
static bool number_rows(xhat_dataset *data, const void *values, size_t size,
                        const void *distinct, size_t classes,
                        int (*compare)(const void *, const void *))
{
    data->labels =
        xhat_allocate(data->allocator, data->rows, sizeof *data->labels);
    data->class_names = xhat_allocate_zeroed(data->allocator, classes,
                                             sizeof *data->class_names);
    if (data->labels == NULL || data->class_names == NULL)
        return false;
    data->classes = classes;
    for (size_t i = 0; i < data->rows; i++) {
        const char *found = bsearch((const char *)values + i * size, distinct,
                                    classes, size, compare);
        data->labels[i] =
            (int32_t)((size_t)(found - (const char *)distinct) / size);
    }
    return true;
}

static xhat_status no_memory(const xhat_dataset *data, xhat_error *error)
{
    return xhat_fail(error, XHAT_OUT_OF_MEMORY,
                     "no memory for the labels of %zu rows", data->rows);
}

static xhat_status bad_label(const xhat_label_place *place, size_t row,
                             double value, const char *wanted,
                             xhat_error *error)
{
    char number[XHAT_NUMBER_SIZE], where[64];
    xhat_number_from_f64(value, number);
    bool in_table = place->line != NULL;
    if (in_table)
        snprintf(where, sizeof where, ":%zu", place->line[row]);
    else
        snprintf(where, sizeof where, ", row %zu (from 0)", row);
    if (isnan(value))
        return xhat_fail(error, XHAT_BAD_FORMAT,
                         "%s%s: the label (%s) is missing or NaN",
                         place->source, where, place->array);
    return xhat_fail(error, XHAT_BAD_FORMAT,
                     "%s%s: the label %s (%s) is not a %s number%s%s",
                     place->source, where, number, place->array, wanted,
                     in_table ? "; --label names another column" : "",
                     wanted[0] == 'w' ? "; --loss squared fits such numbers"
                                      : "");
}

static bool is_whole(double number)
{
    return fabs(number) <= 0x1p53 && number == floor(number);
}

xhat_status xhat_dataset_label_numbers(xhat_dataset *data,
                                       const double *numbers,
                                       const xhat_label_place *place,
                                       xhat_error *error)
{
    for (size_t i = 0; i < data->rows; i++)
        if (!is_whole(numbers[i]))
            return bad_label(place, i, numbers[i], "whole", error);
    double *distinct =
        xhat_allocate(data->allocator, data->rows, sizeof *distinct);
    if (distinct == NULL)
        return no_memory(data, error);
    memcpy(distinct, numbers, data->rows * sizeof *distinct);
    size_t classes =
        sort_distinct(distinct, data->rows, sizeof *distinct, compare_numbers);
    bool done = number_rows(data, numbers, sizeof *numbers, distinct, classes,
                            compare_numbers);
    for (size_t k = 0; done && k < classes; k++) {
        char name[XHAT_NUMBER_SIZE];
        snprintf(name, sizeof name, "%.0f", distinct[k]);
        data->class_names[k] = xhat_copy_string(data->allocator, name);
        done = data->class_names[k] != NULL;
    }
    xhat_release(data->allocator, distinct);
    return done ? XHAT_OK : no_memory(data, error);
}

xhat_status xhat_dataset_take_targets(xhat_dataset *data, const double *numbers,
                                      const xhat_label_place *place,
                                      xhat_error *error)
{
    for (size_t i = 0; i < data->rows; i++)
        if (!isfinite(numbers[i]))
            return bad_label(place, i, numbers[i], "finite", error);
    data->targets =
        xhat_allocate(data->allocator, data->rows, sizeof *data->targets);
    if (data->targets == NULL)
        return no_memory(data, error);
    memcpy(data->targets, numbers, data->rows * sizeof *numbers);
    data->classes = 1;
    return XHAT_OK;
}

bool xhat_labels_are_whole(const double *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (isfinite(numbers[i]) && !is_whole(numbers[i]))
            return false;
    return true;
}

/* A name goes into JSON, which is UTF-8; jansson knows what that is. */
xhat_status xhat_name_check(const char *name, const char *what,
                            xhat_error *error)
{
    json_t *checked = json_string(name);
    if (checked == NULL)
        return xhat_fail(error, XHAT_BAD_FORMAT,
                         "the name of a %s is not UTF-8: save the file as "
                         "UTF-8",
                         what);
    json_decref(checked);
    return XHAT_OK;
}

xhat_status xhat_dataset_label_texts(xhat_dataset *data, char *const *texts,
                                     xhat_error *error)
{
    char **distinct =
        xhat_allocate(data->allocator, data->rows, sizeof *distinct);
    if (distinct == NULL)
        return no_memory(data, error);
    memcpy(distinct, texts, data->rows * sizeof *distinct);
    size_t classes =
        sort_distinct(distinct, data->rows, sizeof *distinct, compare_texts);
    xhat_status status = XHAT_OK;
    for (size_t k = 0; k < classes && status == XHAT_OK; k++)
        status = xhat_name_check(distinct[k], "class", error);
    bool done =
        status == XHAT_OK && number_rows(data, texts, sizeof *texts, distinct,
                                         classes, compare_texts);
    for (size_t k = 0; done && k < classes; k++) {
        data->class_names[k] = xhat_copy_string(data->allocator, distinct[k]);
        done = data->class_names[k] != NULL;
    }
    xhat_release(data->allocator, distinct);
    if (status != XHAT_OK)
        return status;
    return done ? XHAT_OK : no_memory(data, error);
}

/* ---- the classes of a model ---------------------------------------------- */

static const char *find_name(const char *const *names, size_t count,
                             const char *name, int32_t *place)
{
    for (size_t k = 0; k < count; k++)
        if (strcmp(names[k], name) == 0) {
            *place = (int32_t)k;
            return names[k];
        }
    return NULL;
}

xhat_status xhat_dataset_relabel(xhat_dataset *data, const char *const *names,
                                 size_t count, xhat_error *error)
{
    xhat_status status = XHAT_OK;
    size_t old_classes = data->classes;
    int32_t *place = xhat_allocate(data->allocator, old_classes, sizeof *place);
    char **copies =
        xhat_allocate_zeroed(data->allocator, count, sizeof *copies);
    bool memory = place != NULL && copies != NULL;
    for (size_t k = 0; memory && k < count; k++) {
        copies[k] = xhat_copy_string(data->allocator, names[k]);
        memory = copies[k] != NULL;
    }
    if (!memory)
        status = no_memory(data, error);
    for (size_t k = 0; status == XHAT_OK && k < old_classes; k++)
        if (find_name(names, count, data->class_names[k], &place[k]) == NULL)
            status = xhat_fail(error, XHAT_BAD_FORMAT,
                               "the label \"%s\" is unknown to the model, "
                               "whose %zu classes begin with \"%s\"",
                               data->class_names[k], count, names[0]);
    if (status == XHAT_OK) {
        for (size_t i = 0; i < data->rows; i++)
            data->labels[i] = place[data->labels[i]];
        char **swap = data->class_names;
        data->class_names = copies;
        data->classes = count;
        copies = swap;
    }
    size_t left = status == XHAT_OK ? old_classes : count;
    for (size_t k = 0; copies != NULL && k < left; k++)
        xhat_release(data->allocator, copies[k]);
    xhat_release(data->allocator, copies);
    xhat_release(data->allocator, place);
    return status;
}
