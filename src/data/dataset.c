/* A data set in memory: rows kept as they were stored, and parts of them.
 * Training goes over this one copy. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "data/dataset_parts.h"

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

void xhat_dataset_adopt(xhat_dataset *data, size_t rows, size_t features,
                        double *values)
{
    data->rows = data->test_from = rows;
    data->features = features;
    data->element = XHAT_ELEMENT_F64;
    data->values = values;
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

const char *xhat_missing_remedy(bool unlabeled)
{
    return unlabeled ? "--missing mean fills in the mean of the training rows"
                     : "--missing drop leaves such rows out, --missing mean "
                       "fills in the mean";
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

/* ---- split --------------------------------------------------------------- */

/* The first of the purposes that net/net_parts.h numbers. */
#define SPLIT_STREAM ((uint64_t)1 << 32)

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
    xhat_random_permutation(seed, SPLIT_STREAM, rows, split->index);
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
