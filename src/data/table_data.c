/* A table as a data set: some columns hold the labels, others the features:
 * numbers, or texts that become a feature each. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "data/dataset_parts.h"

/* ---- missing values ------------------------------------------------------ */

size_t xhat_drop_items(const bool *drop, size_t count, void *items, size_t size)
{
    char *item = items;
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!drop[i])
            memmove(item + kept++ * size, item + i * size, size);
    return kept;
}

static void drop_table_rows(xhat_table *table, const bool *drop)
{
    size_t rows = table->rows;
    for (size_t j = 0; j < table->columns; j++) {
        xhat_column *column = &table->column[j];
        if (!column->numeric)
            xhat_drop_items(drop, rows, column->texts, sizeof(char *));
    }
    xhat_drop_items(drop, rows, table->numbers,
                    table->numeric * sizeof(double));
    table->rows = xhat_drop_items(drop, rows, table->line, sizeof(size_t));
}

/* Takes the rows in which a chosen column is missing out of the table. */
static xhat_status drop_missing(xhat_dataset *data, xhat_table *table,
                                const char *source,
                                const xhat_column_choice *choice,
                                xhat_error *error)
{
    bool *drop =
        xhat_allocate_zeroed(data->allocator, table->rows, sizeof *drop);
    size_t rows = table->rows;
    if (drop == NULL)
        return xhat_fail(error, XHAT_OUT_OF_MEMORY, "no memory for %zu rows",
                         rows);
    for (size_t i = 0; i < rows; i++) {
        const double *numbers = table->numbers + i * table->numeric;
        for (size_t f = 0; f < choice->features && !drop[i]; f++)
            drop[i] = xhat_cell_missing(
                &table->column[choice->feature[f].column], i, numbers);
        for (size_t l = 0; l < choice->label_count && !drop[i]; l++)
            drop[i] = xhat_cell_missing(&table->column[choice->label + l], i,
                                        numbers);
    }
    drop_table_rows(table, drop);
    xhat_release(data->allocator, drop);
    data->dropped = rows - table->rows;
    if (table->rows == 0)
        return xhat_fail(error, XHAT_BAD_FORMAT,
                         "%s: every one of its %zu rows lacks a value and is "
                         "dropped",
                         source, rows);
    return XHAT_OK;
}

/* ---- labels -------------------------------------------------------------- */

/* Columns of 0 and 1 with a 1 in just one of them, a column a class. */
static xhat_status read_one_hot(xhat_dataset *data, const xhat_table *table,
                                const char *source,
                                const xhat_column_choice *choice,
                                xhat_error *error)
{
    const xhat_column *column = &table->column[choice->label];
    char **texts = xhat_allocate(data->allocator, table->rows, sizeof *texts);
    if (texts == NULL)
        return xhat_fail(error, XHAT_OUT_OF_MEMORY, "no memory for labels");
    for (size_t i = 0; i < table->rows; i++) {
        size_t ones = 0, zeros = 0;
        for (size_t k = 0; k < choice->label_count; k++) {
            double value = column[k].numeric
                               ? xhat_table_number(table, i, &column[k])
                               : NAN;
            zeros += value == 0;
            ones += value == 1;
            if (value == 1)
                texts[i] = column[k].name;
        }
        if (ones != 1 || ones + zeros != choice->label_count) {
            xhat_release(data->allocator, texts);
            return xhat_fail(error, XHAT_BAD_FORMAT,
                             "%s:%zu: of the label columns %zu to %zu one must "
                             "be 1 and the others 0",
                             source, table->line[i], choice->label + 1,
                             choice->label + choice->label_count);
        }
    }
    xhat_status status = xhat_dataset_label_texts(data, texts, error);
    xhat_release(data->allocator, texts);
    return status;
}

/* The names of the label columns, commas between them. */
static xhat_status name_label(xhat_dataset *data, const xhat_table *table,
                              const xhat_column_choice *choice,
                              xhat_error *error)
{
    xhat_text names = xhat_text_on(data->allocator);
    xhat_status status = XHAT_OK;
    for (size_t k = 0; k < choice->label_count && status == XHAT_OK; k++) {
        const char *name = table->column[choice->label + k].name;
        status = xhat_name_check(name, "column", error);
        xhat_text_add(&names, "%s%s", k > 0 ? "," : "", name);
    }
    if (status == XHAT_OK && !names.failed)
        data->label_name = xhat_copy_string(data->allocator, names.data);
    xhat_text_free(&names);
    if (status == XHAT_OK && data->label_name == NULL)
        return xhat_fail(error, XHAT_OUT_OF_MEMORY, "no memory for a name");
    return status;
}

/* Numbers that are not whole are a regression's where the column was named. */
static bool are_targets(const double *numbers, size_t rows,
                        const xhat_data_options *options)
{
    if (options->target != XHAT_TARGET_GUESS)
        return options->target == XHAT_TARGET_NUMBERS;
    return options->label != NULL && numbers != NULL &&
           !xhat_labels_are_whole(numbers, rows);
}

/* numbers: those of the label column, (rows); NULL where it is text. */
static xhat_status read_label(xhat_dataset *data, const xhat_table *table,
                              const char *source,
                              const xhat_column_choice *choice,
                              const xhat_data_options *options,
                              const double *numbers, xhat_error *error)
{
    const xhat_column *column = &table->column[choice->label];
    xhat_label_place place = {source, column->name, table->line};
    bool targets = are_targets(numbers, table->rows, options);
    if (targets && (numbers == NULL || choice->label_count > 1))
        return xhat_fail(error, XHAT_BAD_FORMAT,
                         "%s: the label (%s) is %s, not a number to predict; "
                         "--label names another column",
                         source, data->label_name,
                         choice->label_count > 1 ? "several columns" : "text");
    if (numbers == NULL)
        return xhat_dataset_label_texts(data, column->texts, error);
    return targets ? xhat_dataset_take_targets(data, numbers, &place, error)
                   : xhat_dataset_label_numbers(data, numbers, &place, error);
}

static xhat_status read_labels(xhat_dataset *data, const xhat_table *table,
                               const char *source,
                               const xhat_column_choice *choice,
                               const xhat_data_options *options,
                               xhat_error *error)
{
    const xhat_column *column = &table->column[choice->label];
    double *numbers = NULL;
    xhat_status status = name_label(data, table, choice, error);
    if (status != XHAT_OK)
        return status;
    if (choice->label_count > 1 && options->target != XHAT_TARGET_NUMBERS)
        return read_one_hot(data, table, source, choice, error);
    for (size_t i = 0; i < table->rows; i++)
        if (xhat_cell_missing(column, i, table->numbers + i * table->numeric))
            return xhat_table_bad_cell(
                table, source, choice->label, i,
                "the label and is missing (--missing drop leaves "
                "such rows out)",
                error);
    if (column->numeric) {
        numbers = xhat_allocate(data->allocator, table->rows, sizeof *numbers);
        if (numbers == NULL)
            return xhat_fail(error, XHAT_OUT_OF_MEMORY, "no memory for labels");
        for (size_t i = 0; i < table->rows; i++)
            numbers[i] = xhat_table_number(table, i, column);
    }
    status = read_label(data, table, source, choice, options, numbers, error);
    xhat_release(data->allocator, numbers);
    return status;
}

/* ---- all together -------------------------------------------------------- */

/* What the table was detected to be, and what a model does not take of it. */
static void write_note(xhat_dataset *data, const xhat_table *table,
                       const xhat_column_choice *choice)
{
    size_t size = sizeof data->note, length, left_out = 0;
    snprintf(data->note, size, "%s", table->note);
    for (size_t j = 0; choice->by_name && j < table->columns; j++) {
        bool taken =
            j >= choice->label && j - choice->label < choice->label_count;
        for (size_t f = 0; f < choice->features; f++)
            taken = taken || choice->feature[f].column == j;
        length = strlen(data->note);
        if (!taken)
            snprintf(
                data->note + length, size - length, "%s%s",
                left_out++ > 0 ? ", " : "; left out: ", table->column[j].name);
    }
}

static xhat_status from_columns(xhat_dataset *data, xhat_table *table,
                                const char *source,
                                const xhat_column_choice *choice,
                                const xhat_data_options *options,
                                xhat_error *error)
{
    xhat_status status = XHAT_OK;
    data->missing = options->missing;
    if (choice->features == 0 && choice->label == XHAT_NO_COLUMN)
        return xhat_fail(error, XHAT_SHAPE_MISMATCH,
                         "%s: every column is left out", source);
    if (choice->features == 0)
        return xhat_fail(error, XHAT_SHAPE_MISMATCH,
                         "%s has one column, the label \"%s\": there is no "
                         "feature",
                         source, table->column[choice->label].name);
    if (options->missing == XHAT_MISSING_DROP)
        status = drop_missing(data, table, source, choice, error);
    data->rows = table->rows;
    if (status == XHAT_OK && !options->unlabeled) /* before they move */
        status = read_labels(data, table, source, choice, options, error);
    if (status == XHAT_OK)
        status = xhat_table_take_features(data, table, source, choice, options,
                                          error);
    if (status == XHAT_OK)
        status = xhat_columns_note(&data->columns, table, choice,
                                   data->allocator, error);
    snprintf(data->format, sizeof data->format, "csv");
    write_note(data, table, choice);
    return status;
}

xhat_status xhat_dataset_from_table(xhat_dataset *data, xhat_table *table,
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
        status = from_columns(data, table, source, &choice, options, error);
    xhat_release(data->allocator, choice.feature);
    return status;
}
