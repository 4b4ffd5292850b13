/* A table as a data set: one column holds the labels, the others are features
 * and must be numbers. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "net/dataset_parts.h"

static const size_t no_column = SIZE_MAX;

/* The column that `label` names: by name, else by number from 1 or, negative,
 * from the end. */
static xhat_status find_column(const xhat_table *table, const char *source,
                               const char *label, size_t *column,
                               xhat_error *error)
{
    int64_t number, columns = (int64_t)table->columns;
    for (size_t j = 0; j < table->columns; j++)
        if (strcmp(table->column[j].name, label) == 0) {
            *column = j;
            return XHAT_OK;
        }
    if (!xhat_number_parse_integer(label, &number) || number == 0 ||
        number > columns || number < -columns)
        return xhat_fail(error, XHAT_BAD_FORMAT,
                         "%s has no column \"%s\"; it has %zu, from \"%s\" to "
                         "\"%s\"",
                         source, label, table->columns, table->column[0].name,
                         table->column[table->columns - 1].name);
    *column = (size_t)(number > 0 ? number - 1 : columns + number);
    return XHAT_OK;
}

static size_t column_called(const xhat_table *table, const char *name)
{
    for (size_t j = 0; name != NULL && j < table->columns; j++)
        if (strcmp(table->column[j].name, name) == 0)
            return j;
    return no_column;
}

/* Without labels: the column to leave out, if there is one too many. */
static xhat_status choose_left_out(const xhat_table *table, const char *source,
                                   const xhat_data_options *options,
                                   size_t *column, xhat_error *error)
{
    *column = no_column;
    if (options->features == 0 || table->columns != options->features + 1)
        return XHAT_OK;
    *column = column_called(table, options->likely_label);
    if (*column == no_column)
        return xhat_fail(error, XHAT_SHAPE_MISMATCH,
                         "%s has %zu columns but the model takes %zu features: "
                         "name the column to leave out with --label",
                         source, table->columns, options->features);
    return XHAT_OK;
}

static xhat_status choose_label(const xhat_table *table, const char *source,
                                const xhat_data_options *options,
                                size_t *column, xhat_error *error)
{
    if (options->label != NULL)
        return find_column(table, source, options->label, column, error);
    if (options->unlabeled)
        return choose_left_out(table, source, options, column, error);
    *column = column_called(table, options->likely_label);
    for (size_t j = table->columns; *column == no_column && j-- > 0;)
        if (!table->column[j].numeric)
            *column = j;
    if (*column == no_column)
        *column = table->columns - 1;
    return XHAT_OK;
}

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
                     "which is not a number; --label names the label column",
                     source, table->line[row], j + 1, column->name,
                     column->texts[row]);
}

static xhat_status copy_features(xhat_dataset *data, const xhat_table *table,
                                 const char *source, size_t label,
                                 xhat_error *error)
{
    double *values = data->values;
    size_t to = 0;
    for (size_t j = 0; j < table->columns; j++) {
        const xhat_column *column = &table->column[j];
        if (j == label)
            continue;
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
            values[i * data->features + to] = column->numbers[i];
        }
        to++;
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

xhat_status xhat_dataset_from_table(xhat_dataset *data, const xhat_table *table,
                                    const char *source,
                                    const xhat_data_options *options,
                                    xhat_error *error)
{
    size_t label = no_column;
    if (table->rows == 0 || table->columns == 0)
        return xhat_fail(error, XHAT_BAD_FORMAT, "%s has no rows", source);
    xhat_status status = choose_label(table, source, options, &label, error);
    if (status != XHAT_OK)
        return status;
    size_t features = table->columns - (label != no_column);
    if (features == 0)
        return xhat_fail(error, XHAT_SHAPE_MISMATCH,
                         "%s has one column, the label \"%s\": there is no "
                         "feature",
                         source, table->column[label].name);
    status = xhat_dataset_allocate(data, table->rows, features,
                                   XHAT_ELEMENT_F64, error);
    if (status == XHAT_OK)
        status = copy_features(data, table, source, label, error);
    if (status == XHAT_OK && !options->unlabeled)
        status = read_labels(data, table, source, label, error);
    snprintf(data->format, sizeof data->format, "csv");
    snprintf(data->note, sizeof data->note, "%s", table->note);
    return status;
}
