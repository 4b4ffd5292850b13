/* From the columns of a table to features: numbers as they are, a text as 0 and
 * 1 in a feature for each text of its column. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "formats/csv.h"
#include "data/dataset_parts.h"

xhat_status xhat_table_bad_cell(const xhat_table *table, const char *source,
                                size_t j, size_t row, const char *what,
                                xhat_error *error)
{
    return xhat_fail(error, XHAT_BAD_FORMAT, "%s:%zu: column %zu (%s) is %s",
                     source, table->line[row], j + 1, table->column[j].name,
                     what);
}

/* A row of a table on its way into the data set.  Its numbers are copies: the
 * features may be written over them. */
typedef struct table_row {
    const xhat_table *table;
    const char *source;
    const xhat_data_options *options;
    double *numbers; /* (numeric) */
    size_t row;
} table_row;

static xhat_status missing_cell(const table_row *r, size_t j, xhat_error *error)
{
    char what[160];
    snprintf(what, sizeof what,
             "missing or NaN: a feature must be a finite number (%s)",
             xhat_missing_remedy(r->options->unlabeled));
    return xhat_table_bad_cell(r->table, r->source, j, r->row, what, error);
}

/* A column that should be numbers: its first cell that is none. */
static xhat_status text_feature(const table_row *r, size_t j, xhat_error *error)
{
    const xhat_table *table = r->table;
    const xhat_column *column = &table->column[j];
    size_t row = 0;
    double value;
    while (row + 1 < table->rows &&
           (xhat_cell_missing(column, row, NULL) ||
            xhat_csv_number(table->decimal, column->texts[row],
                            strlen(column->texts[row]), &value)))
        row++;
    return xhat_fail(
        error, XHAT_BAD_FORMAT,
        "%s:%zu: column %zu (%s) is a feature but holds \"%.60s\", "
        "which is not a number",
        r->source, table->line[row], j + 1, column->name, column->texts[row]);
}

/* A feature that is a number. */
static xhat_status take_number(const table_row *r, size_t j, double *value,
                               xhat_error *error)
{
    const xhat_column *column = &r->table->column[j];
    if (!column->numeric)
        return text_feature(r, j, error);
    *value = r->numbers[column->place];
    if (isinf(*value))
        return xhat_table_bad_cell(
            r->table, r->source, j, r->row,
            "infinite: a feature must be a finite number", error);
    if (isnan(*value) && r->options->missing != XHAT_MISSING_MEAN)
        return missing_cell(r, j, error);
    return XHAT_OK;
}

/* Does the cell hold that text?  Where a new table has nothing but numbers in
 * a column, they were read as such; the text may be of a table with commas. */
static bool holds(const table_row *r, const xhat_column *column,
                  const char *category)
{
    double number;
    if (!column->numeric)
        return strcmp(column->texts[r->row], category) == 0;
    return (xhat_csv_number('.', category, strlen(category), &number) ||
            xhat_csv_number(',', category, strlen(category), &number)) &&
           number == r->numbers[column->place];
}

static xhat_status unknown_category(const table_row *r,
                                    const xhat_feature_source *feature,
                                    size_t count, xhat_error *error)
{
    const xhat_column *column = &r->table->column[feature->column];
    char number[XHAT_NUMBER_SIZE];
    const char *text =
        column->numeric
            ? xhat_number_from_f64(r->numbers[column->place], number)
            : column->texts[r->row];
    return xhat_fail(
        error, XHAT_BAD_FORMAT,
        "%s:%zu: column %zu (%s) holds \"%.60s\", which is none of "
        "the %zu texts of the training, from \"%.40s\" to "
        "\"%.40s\"",
        r->source, r->table->line[r->row], feature->column + 1, column->name,
        text, count, feature[0].category, feature[count - 1].category);
}

/* `count` features, all of one column of texts. */
static xhat_status take_categories(const table_row *r,
                                   const xhat_feature_source *feature,
                                   size_t count, double *values,
                                   xhat_error *error)
{
    const xhat_column *column = &r->table->column[feature->column];
    bool missing = xhat_cell_missing(column, r->row, r->numbers);
    bool known = missing;
    if (missing && r->options->missing != XHAT_MISSING_MEAN)
        return missing_cell(r, feature->column, error);
    for (size_t k = 0; k < count; k++) {
        bool here = !missing && holds(r, column, feature[k].category);
        values[k] = missing ? NAN : here;
        known = known || here;
    }
    return known ? XHAT_OK : unknown_category(r, feature, count, error);
}

/* How many features from f on are the texts of one column. */
static size_t run_of_categories(const xhat_column_choice *choice, size_t f)
{
    const xhat_feature_source *feature = &choice->feature[f];
    size_t count = 1;
    while (f + count < choice->features && feature[count].category != NULL &&
           feature[count].column == feature->column)
        count++;
    return count;
}

static xhat_status take_row(const table_row *r,
                            const xhat_column_choice *choice, double *values,
                            xhat_error *error)
{
    xhat_status status = XHAT_OK;
    for (size_t f = 0, count; f < choice->features && status == XHAT_OK;
         f += count) {
        const xhat_feature_source *feature = &choice->feature[f];
        bool text = feature->category != NULL;
        count = text ? run_of_categories(choice, f) : 1;
        status = text ? take_categories(r, feature, count, values + f, error)
                      : take_number(r, feature->column, values + f, error);
    }
    return status;
}

/* No row of the table is written over before it is read: features lie where
 * numbers of the same row or of those before it were. */
xhat_status xhat_table_take_features(xhat_dataset *data, xhat_table *table,
                                     const char *source,
                                     const xhat_column_choice *choice,
                                     const xhat_data_options *options,
                                     xhat_error *error)
{
    const double *numbers = table->numbers;
    size_t numeric = table->numeric, features = choice->features;
    xhat_status status = XHAT_OK;
    table_row r = {table, source, options, NULL, 0};
    if (features <= numeric && 2 * features > numeric) {
        xhat_dataset_adopt(data, table->rows, features, table->numbers);
        table->numbers = NULL;
    } else {
        status = xhat_dataset_allocate(data, table->rows, features,
                                       XHAT_ELEMENT_F64, error);
    }
    if (status != XHAT_OK)
        return status;
    r.numbers = xhat_allocate(data->allocator, numeric, sizeof *r.numbers);
    if (r.numbers == NULL)
        return xhat_fail(error, XHAT_OUT_OF_MEMORY, "no memory for a row");
    for (; r.row < table->rows && status == XHAT_OK; r.row++) {
        memcpy(r.numbers, numbers + r.row * numeric, numeric * sizeof *numbers);
        status = take_row(&r, choice, (double *)data->values + r.row * features,
                          error);
    }
    xhat_release(data->allocator, r.numbers);
    return status;
}
