/* Columns of text as features: one for each of a column's texts, 1 in the rows
 * that hold it and 0 in the others. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "formats/csv.h"
#include "data/dataset_parts.h"

/* More would be names or remarks; and each is a feature of every row. */
enum { CATEGORIES_MOST = 256, ALWAYS_ALLOWED = 8 };

static bool is_missing_text(const char *text)
{
    return xhat_csv_missing(
        &(xhat_csv_cell){.text = text, .length = strlen(text)});
}

bool xhat_cell_missing(const xhat_column *column, size_t row,
                       const double *numbers)
{
    return column->numeric ? isnan(numbers[column->place])
                           : is_missing_text(column->texts[row]);
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorts the column's texts into sorted[rows], each once; how many. */
static size_t sort_texts(const xhat_table *table, const xhat_column *column,
                         const char **sorted)
{
    size_t present = 0, kept = 0;
    for (size_t i = 0; i < table->rows; i++)
        if (!is_missing_text(column->texts[i]))
            sorted[present++] = column->texts[i];
    qsort(sorted, present, sizeof *sorted, compare);
    for (size_t i = 0; i < present; i++)
        if (i == 0 || strcmp(sorted[i], sorted[kept - 1]) != 0)
            sorted[kept++] = sorted[i];
    return kept;
}

/* A column most of whose cells are numbers holds a mistake, not categories:
 * its first cell that is none. */
static xhat_status check_not_numbers(const xhat_table *table,
                                     const char *source, size_t j,
                                     xhat_error *error)
{
    const xhat_column *column = &table->column[j];
    size_t numbers = 0, texts = 0, first = 0;
    for (size_t i = 0; i < table->rows; i++) {
        const char *text = column->texts[i];
        double value;
        if (is_missing_text(text))
            continue;
        if (xhat_csv_number(table->decimal, text, strlen(text), &value))
            numbers++;
        else if (texts++ == 0)
            first = i;
    }
    if (numbers <= texts)
        return XHAT_OK;
    return xhat_fail(
        error, XHAT_BAD_FORMAT,
        "%s:%zu: column %zu (%s) is a feature but holds \"%.60s\", "
        "which is not a number as %zu others are; correct it, or "
        "leave the column out with --drop",
        source, table->line[first], j + 1, column->name, column->texts[first],
        numbers);
}

/* Numbers with commas would make a category each. */
static bool is_comma_number(const char *text)
{
    double value;
    return strchr(text, ',') != NULL &&
           xhat_csv_number(',', text, strlen(text), &value);
}

static xhat_status check_commas(const xhat_table *table, const char *source,
                                size_t j, xhat_error *error)
{
    const xhat_column *column = &table->column[j];
    for (size_t i = 0; table->decimal == '.' && i < table->rows; i++)
        if (is_comma_number(column->texts[i]))
            return xhat_fail(error, XHAT_BAD_FORMAT,
                             "%s:%zu: column %zu (%s) holds \"%s\": write it "
                             "with a decimal point; a comma is read as one "
                             "only in a table with semicolons, if no number "
                             "has a point and not all look like 1,234",
                             source, table->line[i], j + 1, column->name,
                             column->texts[i]);
    return XHAT_OK;
}

static xhat_status check_count(const xhat_table *table, const char *source,
                               size_t j, size_t count, xhat_error *error)
{
    bool names = count > ALWAYS_ALLOWED && count > table->rows / 2;
    if (count <= CATEGORIES_MOST && !names)
        return XHAT_OK;
    return xhat_fail(error, XHAT_BAD_FORMAT,
                     "%s: column %zu (%s) holds %zu different texts in %zu "
                     "rows, %s: --drop leaves it out, --label makes another "
                     "column the label",
                     source, j + 1, table->column[j].name, count, table->rows,
                     names ? "as names do, not kinds"
                           : "too many for a feature each");
}

/* The features that the columns become, appended to feature[*features]; NULL
 * counts them alone. */
static xhat_status expand(const xhat_column_choice *choice,
                          const xhat_table *table, const char *source,
                          const char **sorted, xhat_feature_source *feature,
                          size_t *features, xhat_error *error)
{
    *features = 0;
    for (size_t f = 0; f < choice->features; f++) {
        size_t j = choice->feature[f].column, count = 1;
        bool text = !table->column[j].numeric;
        if (text) {
            count = sort_texts(table, &table->column[j], sorted);
            xhat_status status = check_not_numbers(table, source, j, error);
            if (status == XHAT_OK)
                status = check_commas(table, source, j, error);
            if (status == XHAT_OK)
                status = check_count(table, source, j, count, error);
            if (status != XHAT_OK)
                return status;
        }
        for (size_t k = 0; feature != NULL && k < count; k++)
            feature[*features + k] =
                (xhat_feature_source){j, text ? sorted[k] : NULL};
        *features += count;
    }
    return XHAT_OK;
}

xhat_status xhat_categories_expand(xhat_column_choice *choice,
                                   const xhat_table *table, const char *source,
                                   const xhat_allocator *allocator,
                                   xhat_error *error)
{
    size_t features;
    xhat_feature_source *feature = NULL;
    const char **sorted = xhat_allocate(allocator, table->rows, sizeof *sorted);
    xhat_status status = XHAT_OUT_OF_MEMORY;
    if (sorted != NULL)
        status = expand(choice, table, source, sorted, NULL, &features, error);
    if (status == XHAT_OK) {
        feature = xhat_allocate(allocator, features, sizeof *feature);
        status = feature == NULL ? XHAT_OUT_OF_MEMORY
                                 : expand(choice, table, source, sorted,
                                          feature, &features, error);
    }
    xhat_release(allocator, sorted);
    if (status == XHAT_OUT_OF_MEMORY)
        return xhat_fail(error, status,
                         "%s: no memory for the texts of %zu "
                         "rows",
                         source, table->rows);
    if (status != XHAT_OK)
        return status;
    xhat_release(allocator, choice->feature);
    choice->feature = feature;
    choice->features = features;
    return XHAT_OK;
}
