/* A table as a data set: some columns hold the labels, others the features:
 * numbers, or texts that become a feature each. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/text.h"
#include "formats/csv.h"
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
        if (column->numeric)
            xhat_drop_items(drop, rows, column->numbers, sizeof(double));
        else
            xhat_drop_items(drop, rows, column->texts, sizeof(char *));
    }
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
        for (size_t f = 0; f < choice->features && !drop[i]; f++)
            drop[i] =
                xhat_cell_missing(&table->column[choice->feature[f].column], i);
        for (size_t l = 0; l < choice->label_count && !drop[i]; l++)
            drop[i] = xhat_cell_missing(&table->column[choice->label + l], i);
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

/* ---- features ------------------------------------------------------------ */

static xhat_status bad_cell(const xhat_table *table, const char *source,
                            size_t j, size_t row, const char *what,
                            xhat_error *error)
{
    return xhat_fail(error, XHAT_BAD_FORMAT, "%s:%zu: column %zu (%s) is %s",
                     source, table->line[row], j + 1, table->column[j].name,
                     what);
}

static xhat_status missing_cell(const xhat_table *table, const char *source,
                                size_t j, size_t row, bool unlabeled,
                                xhat_error *error)
{
    char what[160];
    snprintf(what, sizeof what,
             "missing or NaN: a feature must be a finite number (%s)",
             xhat_missing_remedy(unlabeled));
    return bad_cell(table, source, j, row, what, error);
}

/* A feature that is a number. */
static xhat_status copy_numbers(xhat_dataset *data, const xhat_table *table,
                                const char *source, size_t j, size_t f,
                                bool unlabeled, xhat_error *error)
{
    const xhat_column *column = &table->column[j];
    double *values = data->values;
    for (size_t i = 0; i < table->rows; i++) {
        double value = column->numbers[i];
        if (isinf(value))
            return bad_cell(table, source, j, i,
                            "infinite: a feature must be a finite number",
                            error);
        if (isnan(value) && data->missing != XHAT_MISSING_MEAN)
            return missing_cell(table, source, j, i, unlabeled, error);
        values[i * data->features + f] = value;
    }
    return XHAT_OK;
}

/* Does the cell hold that text?  Where a new table has nothing but numbers in
 * a column, they were read as such. */
static bool holds(const xhat_column *column, size_t row, const char *category)
{
    double number;
    if (!column->numeric)
        return strcmp(column->texts[row], category) == 0;
    return xhat_number_parse(category, strlen(category), &number) &&
           number == column->numbers[row];
}

static xhat_status unknown_category(const xhat_table *table, const char *source,
                                    const xhat_feature_source *feature,
                                    size_t count, size_t row, xhat_error *error)
{
    const xhat_column *column = &table->column[feature->column];
    char number[XHAT_NUMBER_SIZE];
    const char *text = column->numeric
                           ? xhat_number_from_f64(column->numbers[row], number)
                           : column->texts[row];
    return xhat_fail(
        error, XHAT_BAD_FORMAT,
        "%s:%zu: column %zu (%s) holds \"%.60s\", which is none of "
        "the %zu texts of the training, from \"%.40s\" to "
        "\"%.40s\"",
        source, table->line[row], feature->column + 1, column->name, text,
        count, feature[0].category, feature[count - 1].category);
}

/* Features f .. f+count-1, all of one column of texts. */
static xhat_status copy_categories(xhat_dataset *data, const xhat_table *table,
                                   const char *source,
                                   const xhat_feature_source *feature, size_t f,
                                   size_t count, bool unlabeled,
                                   xhat_error *error)
{
    size_t j = feature->column;
    const xhat_column *column = &table->column[j];
    for (size_t i = 0; i < table->rows; i++) {
        double *values = (double *)data->values + i * data->features + f;
        bool missing = xhat_cell_missing(column, i), known = missing;
        if (missing && data->missing != XHAT_MISSING_MEAN)
            return missing_cell(table, source, j, i, unlabeled, error);
        for (size_t k = 0; k < count; k++) {
            bool here = !missing && holds(column, i, feature[k].category);
            values[k] = missing ? NAN : here;
            known = known || here;
        }
        if (!known)
            return unknown_category(table, source, feature, count, i, error);
    }
    return XHAT_OK;
}

/* A column that should be numbers: its first cell that is none. */
static xhat_status text_feature(const xhat_table *table, const char *source,
                                size_t j, xhat_error *error)
{
    const xhat_column *column = &table->column[j];
    size_t row = 0;
    double value;
    while (row + 1 < table->rows &&
           (xhat_cell_missing(column, row) ||
            xhat_csv_number(table->decimal, column->texts[row],
                            strlen(column->texts[row]), &value)))
        row++;
    return xhat_fail(
        error, XHAT_BAD_FORMAT,
        "%s:%zu: column %zu (%s) is a feature but holds \"%.60s\", "
        "which is not a number",
        source, table->line[row], j + 1, column->name, column->texts[row]);
}

static xhat_status copy_features(xhat_dataset *data, const xhat_table *table,
                                 const char *source,
                                 const xhat_column_choice *choice,
                                 bool unlabeled, xhat_error *error)
{
    xhat_status status = XHAT_OK;
    for (size_t f = 0, count; f < choice->features && status == XHAT_OK;
         f += count) {
        const xhat_feature_source *feature = &choice->feature[f];
        for (count = 1; f + count < choice->features &&
                        feature->category != NULL &&
                        feature[count].category != NULL &&
                        feature[count].column == feature->column;)
            count++;
        if (feature->category != NULL)
            status = copy_categories(data, table, source, feature, f, count,
                                     unlabeled, error);
        else if (!table->column[feature->column].numeric)
            status = text_feature(table, source, feature->column, error);
        else
            status = copy_numbers(data, table, source, feature->column, f,
                                  unlabeled, error);
    }
    return status;
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
            double value = column[k].numeric ? column[k].numbers[i] : NAN;
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
static bool are_targets(const xhat_column *column, size_t rows,
                        const xhat_data_options *options)
{
    if (options->target != XHAT_TARGET_GUESS)
        return options->target == XHAT_TARGET_NUMBERS;
    return options->label != NULL && column->numeric &&
           !xhat_labels_are_whole(column->numbers, rows);
}

static xhat_status read_labels(xhat_dataset *data, const xhat_table *table,
                               const char *source,
                               const xhat_column_choice *choice,
                               const xhat_data_options *options,
                               xhat_error *error)
{
    const xhat_column *column = &table->column[choice->label];
    xhat_label_place place = {source, column->name, table->line};
    xhat_status status = name_label(data, table, choice, error);
    if (status != XHAT_OK)
        return status;
    if (choice->label_count > 1 && options->target != XHAT_TARGET_NUMBERS)
        return read_one_hot(data, table, source, choice, error);
    for (size_t i = 0; i < table->rows; i++)
        if (xhat_cell_missing(column, i))
            return bad_cell(table, source, choice->label, i,
                            "the label and is missing (--missing drop leaves "
                            "such rows out)",
                            error);
    bool targets = are_targets(column, table->rows, options);
    if (targets && (!column->numeric || choice->label_count > 1))
        return xhat_fail(error, XHAT_BAD_FORMAT,
                         "%s: the label (%s) is %s, not a number to predict; "
                         "--label names another column",
                         source, data->label_name,
                         choice->label_count > 1 ? "several columns" : "text");
    if (!column->numeric)
        return xhat_dataset_label_texts(data, column->texts, error);
    return targets
               ? xhat_dataset_take_targets(data, column->numbers, &place, error)
               : xhat_dataset_label_numbers(data, column->numbers, &place,
                                            error);
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
    if (status == XHAT_OK)
        status = xhat_dataset_allocate(data, table->rows, choice->features,
                                       XHAT_ELEMENT_F64, error);
    if (status == XHAT_OK)
        status = copy_features(data, table, source, choice, options->unlabeled,
                               error);
    if (status == XHAT_OK && !options->unlabeled)
        status = read_labels(data, table, source, choice, options, error);
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
