/* A table as a data set: one column holds the labels, the others are features
 * and must be numbers. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "net/dataset_parts.h"

/* A feature column that holds text: its first cell that is no number. */
static xhat_status text_feature(const xhat_table *table, const char *source,
                                size_t j, xhat_error *error)
{
    const xhat_column *column = &table->column[j];
    size_t row = 0;
    double value;
    while (row + 1 < table->rows &&
           xhat_number_parse(column->texts[row], strlen(column->texts[row]),
                             &value))
        row++;
    return xhat_fail(error, XHAT_BAD_FORMAT,
                     "%s:%zu: column %zu (%s) is a feature but holds \"%s\", "
                     "which is not a number; --label names the label column, "
                     "--drop those to leave out",
                     source, table->line[row], j + 1, column->name,
                     column->texts[row]);
}

static xhat_status copy_features(xhat_dataset *data, const xhat_table *table,
                                 const char *source,
                                 const xhat_column_choice *choice,
                                 xhat_error *error)
{
    double *values = data->values;
    for (size_t f = 0; f < choice->features; f++) {
        size_t j = choice->feature[f];
        const xhat_column *column = &table->column[j];
        if (!column->numeric)
            return text_feature(table, source, j, error);
        for (size_t i = 0; i < table->rows; i++) {
            if (!isfinite(column->numbers[i]))
                return xhat_fail(error, XHAT_BAD_FORMAT,
                                 "%s:%zu: column %zu (%s) is %s: a feature "
                                 "must be a finite number",
                                 source, table->line[i], j + 1, column->name,
                                 isnan(column->numbers[i]) ? "missing or NaN"
                                                           : "infinite");
            values[i * data->features + f] = column->numbers[i];
        }
    }
    return XHAT_OK;
}

static xhat_status read_labels(xhat_dataset *data, const xhat_table *table,
                               const char *source, size_t label,
                               xhat_error *error)
{
    const xhat_column *column = &table->column[label];
    xhat_status status = xhat_name_check(column->name, "column", error);
    if (status != XHAT_OK)
        return status;
    data->label_name = xhat_copy_string(data->allocator, column->name);
    if (data->label_name == NULL)
        return xhat_fail(error, XHAT_OUT_OF_MEMORY, "no memory for a name");
    if (!column->numeric)
        return xhat_dataset_label_texts(data, column->texts, error);
    return xhat_dataset_label_numbers(
        data, column->numbers,
        &(xhat_label_place){source, column->name, table->line}, error);
}

/* What the table was detected to be, and what a model does not take of it. */
static void write_note(xhat_dataset *data, const xhat_table *table,
                       const xhat_column_choice *choice)
{
    size_t size = sizeof data->note, length, left_out = 0;
    snprintf(data->note, size, "%s", table->note);
    for (size_t j = 0; choice->by_name && j < table->columns; j++) {
        bool taken = j == choice->label;
        for (size_t f = 0; f < choice->features; f++)
            taken = taken || choice->feature[f] == j;
        length = strlen(data->note);
        if (!taken)
            snprintf(
                data->note + length, size - length, "%s%s",
                left_out++ > 0 ? ", " : "; left out: ", table->column[j].name);
    }
}

static xhat_status from_columns(xhat_dataset *data, const xhat_table *table,
                                const char *source,
                                const xhat_column_choice *choice,
                                bool unlabeled, xhat_error *error)
{
    if (choice->features == 0 && choice->label == XHAT_NO_COLUMN)
        return xhat_fail(error, XHAT_SHAPE_MISMATCH,
                         "%s: every column is left out", source);
    if (choice->features == 0)
        return xhat_fail(error, XHAT_SHAPE_MISMATCH,
                         "%s has one column, the label \"%s\": there is no "
                         "feature",
                         source, table->column[choice->label].name);
    xhat_status status = xhat_dataset_allocate(
        data, table->rows, choice->features, XHAT_ELEMENT_F64, error);
    if (status == XHAT_OK)
        status = copy_features(data, table, source, choice, error);
    if (status == XHAT_OK && !unlabeled)
        status = read_labels(data, table, source, choice->label, error);
    if (status == XHAT_OK)
        status = xhat_columns_note(&data->columns, table, choice,
                                   data->allocator, error);
    snprintf(data->format, sizeof data->format, "csv");
    write_note(data, table, choice);
    return status;
}

xhat_status xhat_dataset_from_table(xhat_dataset *data, const xhat_table *table,
                                    const char *source,
                                    const xhat_data_options *options,
                                    xhat_error *error)
{
    xhat_column_choice choice;
    if (table->rows == 0 || table->columns == 0)
        return xhat_fail(error, XHAT_BAD_FORMAT, "%s has no rows", source);
    xhat_status status = xhat_columns_choose(&choice, table, source, options,
                                             data->allocator, error);
    if (status == XHAT_OK)
        status = from_columns(data, table, source, &choice, options->unlabeled,
                              error);
    xhat_release(data->allocator, choice.feature);
    return status;
}

/* ---- leaks --------------------------------------------------------------- */

static double feature_at(const xhat_dataset *data, size_t row, size_t feature)
{
    return ((const double *)data->values)[row * data->features + feature];
}

static bool equals_label(const xhat_dataset *data, size_t feature)
{
    for (size_t i = 0; i < data->rows; i++) {
        const char *name = data->class_names[data->labels[i]];
        double label;
        if (!xhat_number_parse(name, strlen(name), &label) ||
            feature_at(data, i, feature) != label)
            return false;
    }
    return true;
}

/* 0 and 1, and one of the two in just the rows of one class. */
static bool indicates_class(const xhat_dataset *data, size_t feature)
{
    int32_t first[2] = {-1, -1}; /* the class of the first 0, the first 1 */
    bool exact[2] = {true, true};
    for (size_t i = 0; i < data->rows; i++) {
        double value = feature_at(data, i, feature);
        if (value != 0 && value != 1)
            return false;
        if (first[value == 1] < 0)
            first[value == 1] = data->labels[i];
    }
    for (size_t i = 0; i < data->rows; i++)
        for (int digit = 0; digit < 2; digit++)
            if ((feature_at(data, i, feature) == digit) !=
                (data->labels[i] == first[digit]))
                exact[digit] = false;
    return first[0] >= 0 && first[1] >= 0 && (exact[0] || exact[1]);
}

size_t xhat_dataset_find_leak(const xhat_dataset *data, size_t from)
{
    if (data->columns.number == NULL || data->classes < 2 ||
        data->labels == NULL)
        return data->features;
    while (from < data->features && !equals_label(data, from) &&
           !indicates_class(data, from))
        from++;
    return from;
}
