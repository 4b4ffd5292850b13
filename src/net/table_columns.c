/* Which columns of a table are features and which one holds the labels.
 *
 * Three cases: a table with a header for a model that knows names (by name),
 * a table that is laid out as the one a model was trained on (by place), and
 * any other one (all columns but the label and those to be left out). */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "net/dataset_parts.h"

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
    return XHAT_NO_COLUMN;
}

/* ---- by name ------------------------------------------------------------- */

static xhat_status choose_by_name(xhat_column_choice *choice,
                                  const xhat_table *table, const char *source,
                                  const xhat_data_options *options,
                                  xhat_error *error)
{
    choice->by_name = true;
    choice->features = options->features;
    for (size_t f = 0; f < choice->features; f++) {
        const char *name = options->like->name[f];
        size_t j = choice->feature[f] = column_called(table, name);
        if (j == XHAT_NO_COLUMN)
            return xhat_fail(error, XHAT_SHAPE_MISMATCH,
                             "%s has no column \"%s\", which the model takes",
                             source, name);
        while (++j < table->columns)
            if (strcmp(table->column[j].name, name) == 0)
                return xhat_fail(error, XHAT_BAD_FORMAT,
                                 "%s has two columns \"%s\": the model takes "
                                 "one",
                                 source, name);
    }
    if (options->unlabeled)
        return XHAT_OK;
    if (options->label != NULL)
        return find_column(table, source, options->label, &choice->label,
                           error);
    choice->label = column_called(table, options->likely_label);
    if (choice->label == XHAT_NO_COLUMN)
        return xhat_fail(error, XHAT_SHAPE_MISMATCH,
                         "%s has no column \"%s\", which held the labels in "
                         "the training: --label names the one that does here",
                         source, options->likely_label);
    return XHAT_OK;
}

/* ---- by place ------------------------------------------------------------ */

/* Is this table the model's with all its columns (false in *shifted), or all
 * but the label's (true)?  Asked only where columns were dropped: else every
 * column but the label is a feature, wherever the label is. */
static bool has_places(const xhat_table *table,
                       const xhat_data_options *options, bool *shifted)
{
    const xhat_columns *like = options->like;
    if (like == NULL || like->number == NULL ||
        like->count == options->features + (like->label > 0))
        return false;
    *shifted = options->unlabeled && options->label == NULL &&
               like->label > 0 && table->columns + 1 == like->count;
    return *shifted || table->columns == like->count;
}

static xhat_status choose_by_place(xhat_column_choice *choice,
                                   const xhat_table *table, const char *source,
                                   const xhat_data_options *options,
                                   bool shifted, xhat_error *error)
{
    const xhat_columns *like = options->like;
    choice->features = options->features;
    for (size_t f = 0; f < choice->features; f++) {
        size_t number = like->number[f];
        choice->feature[f] = number - 1 - (shifted && number > like->label);
    }
    if (options->unlabeled)
        return XHAT_OK;
    if (options->label != NULL)
        return find_column(table, source, options->label, &choice->label,
                           error);
    choice->label = like->label - 1;
    return XHAT_OK;
}

/* ---- all but some -------------------------------------------------------- */

/* left_out[column] for each that --drop names */
static xhat_status read_drop(bool *left_out, const xhat_table *table,
                             const char *source, const char *drop,
                             const xhat_allocator *allocator, xhat_error *error)
{
    char *names = xhat_copy_string(allocator, drop), *name = names;
    xhat_status status = XHAT_OK;
    if (names == NULL)
        return xhat_fail(error, XHAT_OUT_OF_MEMORY,
                         "no memory for the columns to drop");
    while (name != NULL && status == XHAT_OK) {
        size_t column;
        char *comma = strchr(name, ',');
        if (comma != NULL)
            *comma = '\0';
        status = find_column(table, source, name, &column, error);
        if (status == XHAT_OK)
            left_out[column] = true;
        name = comma != NULL ? comma + 1 : NULL;
    }
    xhat_release(allocator, names);
    return status;
}

/* Without labels: the column to leave out, if there is one too many. */
static xhat_status choose_unlabeled(const xhat_table *table, const char *source,
                                    const xhat_data_options *options,
                                    size_t *column, xhat_error *error)
{
    if (options->features == 0 || table->columns != options->features + 1)
        return XHAT_OK;
    *column = column_called(table, options->likely_label);
    if (*column == XHAT_NO_COLUMN)
        return xhat_fail(error, XHAT_SHAPE_MISMATCH,
                         "%s has %zu columns but the model takes %zu features: "
                         "name the column to leave out with --label",
                         source, table->columns, options->features);
    return XHAT_OK;
}

static xhat_status choose_label(const xhat_table *table, const char *source,
                                const xhat_data_options *options,
                                const bool *left_out, size_t *column,
                                xhat_error *error)
{
    if (options->label != NULL) {
        xhat_status status =
            find_column(table, source, options->label, column, error);
        if (status == XHAT_OK && left_out[*column])
            return xhat_fail(error, XHAT_BAD_FORMAT,
                             "%s: column %zu (%s) cannot be both the label and "
                             "left out",
                             source, *column + 1, table->column[*column].name);
        return status;
    }
    if (options->unlabeled)
        return choose_unlabeled(table, source, options, column, error);
    *column = column_called(table, options->likely_label);
    for (size_t j = table->columns; *column == XHAT_NO_COLUMN && j-- > 0;)
        if (!table->column[j].numeric && !left_out[j])
            *column = j;
    for (size_t j = table->columns; *column == XHAT_NO_COLUMN && j-- > 0;)
        if (!left_out[j])
            *column = j;
    return XHAT_OK;
}

static xhat_status choose_others(xhat_column_choice *choice,
                                 const xhat_table *table, const char *source,
                                 const xhat_data_options *options,
                                 const xhat_allocator *allocator,
                                 xhat_error *error)
{
    bool *left_out =
        xhat_allocate_zeroed(allocator, table->columns, sizeof *left_out);
    xhat_status status = XHAT_OK;
    if (left_out == NULL)
        return xhat_fail(error, XHAT_OUT_OF_MEMORY, "no memory for %zu columns",
                         table->columns);
    if (options->drop != NULL)
        status =
            read_drop(left_out, table, source, options->drop, allocator, error);
    if (status == XHAT_OK)
        status = choose_label(table, source, options, left_out, &choice->label,
                              error);
    for (size_t j = 0; j < table->columns; j++)
        if (j != choice->label && !left_out[j])
            choice->feature[choice->features++] = j;
    xhat_release(allocator, left_out);
    return status;
}

/* ---- all together -------------------------------------------------------- */

xhat_status xhat_columns_choose(xhat_column_choice *choice,
                                const xhat_table *table, const char *source,
                                const xhat_data_options *options,
                                const xhat_allocator *allocator,
                                xhat_error *error)
{
    const xhat_columns *like = options->like;
    bool named = like != NULL && like->name != NULL && table->has_header;
    bool shifted = false;
    size_t most =
        table->columns > options->features ? table->columns : options->features;
    *choice = (xhat_column_choice){.label = XHAT_NO_COLUMN};
    choice->feature = xhat_allocate(allocator, most, sizeof *choice->feature);
    if (choice->feature == NULL)
        return xhat_fail(error, XHAT_OUT_OF_MEMORY, "no memory for %zu columns",
                         most);
    xhat_status status =
        named ? choose_by_name(choice, table, source, options, error)
        : has_places(table, options, &shifted)
            ? choose_by_place(choice, table, source, options, shifted, error)
            : choose_others(choice, table, source, options, allocator, error);
    for (size_t f = 0; status == XHAT_OK && f < choice->features; f++)
        if (choice->feature[f] == choice->label)
            status = xhat_fail(error, XHAT_BAD_FORMAT,
                               "%s: column %zu (%s) is a feature of the model "
                               "and cannot hold the labels",
                               source, choice->label + 1,
                               table->column[choice->label].name);
    return status;
}

/* Names that two columns share tell nothing. */
static bool has_names(const xhat_table *table)
{
    for (size_t j = 0; table->has_header && j < table->columns; j++)
        if (column_called(table, table->column[j].name) != j)
            return false;
    return table->has_header;
}

xhat_status xhat_columns_note(xhat_columns *columns, const xhat_table *table,
                              const xhat_column_choice *choice,
                              const xhat_allocator *allocator,
                              xhat_error *error)
{
    bool named = has_names(table);
    columns->count = table->columns;
    columns->label = choice->label == XHAT_NO_COLUMN ? 0 : choice->label + 1;
    xhat_status status = xhat_columns_allocate(columns, choice->features, named,
                                               allocator, error);
    for (size_t f = 0; status == XHAT_OK && f < choice->features; f++) {
        const char *name = table->column[choice->feature[f]].name;
        columns->number[f] = choice->feature[f] + 1;
        if (!named)
            continue;
        status = xhat_name_check(name, "column", error);
        if (status != XHAT_OK)
            return status;
        columns->name[f] = xhat_copy_string(allocator, name);
        if (columns->name[f] == NULL)
            status = xhat_fail(error, XHAT_OUT_OF_MEMORY,
                               "no memory for the name of a column");
    }
    return status;
}
