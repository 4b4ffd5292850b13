/* Which columns of a table are features and which ones hold the labels.
 *
 * Three cases: a table with a header for a model that knows names (by name),
 * a table that is laid out as the one a model was trained on (by place), and
 * any other one (all columns but the label and those to be left out). */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "data/dataset_parts.h"

/* Where --label or, without it, the label of the training is. */
static xhat_status choose_given_label(xhat_column_choice *choice,
                                      const xhat_table *table,
                                      const char *source,
                                      const xhat_data_options *options,
                                      const xhat_allocator *allocator,
                                      bool *found, xhat_error *error)
{
    *found = true;
    if (options->label != NULL)
        return xhat_label_find(choice, table, source, options->label, allocator,
                               error);
    return xhat_label_try(choice, table, options->likely_label, allocator,
                          found, error);
}

/* ---- by name ------------------------------------------------------------- */

static const char *category_of(const xhat_columns *like, size_t f)
{
    return like->category != NULL ? like->category[f] : NULL;
}

static xhat_status choose_by_name(xhat_column_choice *choice,
                                  const xhat_table *table, const char *source,
                                  const xhat_data_options *options,
                                  const xhat_allocator *allocator,
                                  xhat_error *error)
{
    const xhat_columns *like = options->like;
    bool found;
    choice->by_name = true;
    choice->features = options->features;
    for (size_t f = 0; f < choice->features; f++) {
        const char *name = like->name[f];
        size_t j = xhat_table_called(table, name);
        choice->feature[f] = (xhat_feature_source){j, category_of(like, f)};
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
    xhat_status status = choose_given_label(choice, table, source, options,
                                            allocator, &found, error);
    if (status == XHAT_OK && !found)
        return xhat_fail(error, XHAT_SHAPE_MISMATCH,
                         "%s has no column \"%s\", which held the labels in "
                         "the training: --label names the one that does here",
                         source, options->likely_label);
    return status;
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
        like->count ==
            xhat_columns_inputs(like, options->features) + like->label_count)
        return false;
    *shifted = options->unlabeled && options->label == NULL &&
               like->label > 0 &&
               table->columns + like->label_count == like->count;
    return *shifted || table->columns == like->count;
}

static xhat_status choose_by_place(xhat_column_choice *choice,
                                   const xhat_table *table, const char *source,
                                   const xhat_data_options *options,
                                   bool shifted,
                                   const xhat_allocator *allocator,
                                   xhat_error *error)
{
    const xhat_columns *like = options->like;
    choice->features = options->features;
    for (size_t f = 0; f < choice->features; f++) {
        size_t number = like->number[f];
        if (shifted && number > like->label)
            number -= like->label_count;
        choice->feature[f] =
            (xhat_feature_source){number - 1, category_of(like, f)};
    }
    if (options->unlabeled)
        return XHAT_OK;
    if (options->label != NULL)
        return xhat_label_find(choice, table, source, options->label, allocator,
                               error);
    choice->label = like->label - 1;
    choice->label_count = like->label_count;
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
        status = xhat_table_find(table, source, name, &column, error);
        if (status == XHAT_OK)
            left_out[column] = true;
        name = comma != NULL ? comma + 1 : NULL;
    }
    xhat_release(allocator, names);
    return status;
}

/* Without labels: the columns to leave out, if there are too many. */
static xhat_status choose_unlabeled(xhat_column_choice *choice,
                                    const xhat_table *table, const char *source,
                                    const xhat_data_options *options,
                                    const xhat_allocator *allocator,
                                    xhat_error *error)
{
    bool found = false;
    const xhat_columns *like = options->like;
    size_t labels =
        like != NULL && like->label_count > 0 ? like->label_count : 1;
    size_t inputs = like != NULL ? xhat_columns_inputs(like, options->features)
                                 : options->features;
    if (options->features == 0 || table->columns != inputs + labels)
        return XHAT_OK;
    xhat_status status = xhat_label_try(choice, table, options->likely_label,
                                        allocator, &found, error);
    if (status == XHAT_OK && !found)
        return xhat_fail(error, XHAT_SHAPE_MISMATCH,
                         "%s has %zu columns but the model takes %zu: name the "
                         "column to leave out with --label",
                         source, table->columns, inputs);
    return status;
}

/* The last column that is left; with `text`, the last one of text. */
static size_t last_column(const xhat_table *table, const bool *left_out,
                          bool text)
{
    for (size_t j = table->columns; j-- > 0;)
        if (!left_out[j] && !(text && table->column[j].numeric))
            return j;
    return XHAT_NO_COLUMN;
}

static xhat_status choose_label(xhat_column_choice *choice,
                                const xhat_table *table, const char *source,
                                const xhat_data_options *options,
                                const bool *left_out,
                                const xhat_allocator *allocator,
                                xhat_error *error)
{
    bool found;
    if (options->unlabeled && options->label == NULL)
        return choose_unlabeled(choice, table, source, options, allocator,
                                error);
    xhat_status status = choose_given_label(choice, table, source, options,
                                            allocator, &found, error);
    if (status != XHAT_OK)
        return status;
    for (size_t i = 0; found && i < choice->label_count; i++) {
        size_t j = choice->label + i;
        if (left_out[j])
            return xhat_fail(error, XHAT_BAD_FORMAT,
                             "%s: column %zu (%s) cannot be both the label and "
                             "left out",
                             source, j + 1, table->column[j].name);
    }
    if (!found && options->target != XHAT_TARGET_NUMBERS)
        choice->label = last_column(table, left_out, true);
    if (!found && choice->label == XHAT_NO_COLUMN)
        choice->label = last_column(table, left_out, false);
    if (!found)
        choice->label_count = choice->label != XHAT_NO_COLUMN;
    return XHAT_OK;
}

static bool is_label(const xhat_column_choice *choice, size_t column)
{
    return column >= choice->label &&
           column - choice->label < choice->label_count;
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
        status = choose_label(choice, table, source, options, left_out,
                              allocator, error);
    for (size_t j = 0; j < table->columns; j++)
        if (!is_label(choice, j) && !left_out[j])
            choice->feature[choice->features++] =
                (xhat_feature_source){j, NULL};
    xhat_release(allocator, left_out);
    return status;
}

/* The columns found are, one after the other, those of a model that takes
 * text: its features of each. */
static xhat_status match_categories(xhat_column_choice *choice,
                                    const xhat_table *table, const char *source,
                                    const xhat_data_options *options,
                                    xhat_error *error)
{
    const xhat_columns *like = options->like;
    size_t inputs = xhat_columns_inputs(like, options->features);
    if (choice->features != inputs)
        return xhat_fail(error, XHAT_SHAPE_MISMATCH,
                         "%s has %zu columns%s but the model takes %zu", source,
                         table->columns,
                         choice->label_count > 0 ? " with the label" : "",
                         inputs);
    for (size_t f = options->features; f-- > 0;) {
        if (f + 1 < options->features && like->number[f + 1] != like->number[f])
            inputs--;
        choice->feature[f] = (xhat_feature_source){
            choice->feature[inputs - 1].column, like->category[f]};
    }
    choice->features = options->features;
    return XHAT_OK;
}

/* ---- all together -------------------------------------------------------- */

static xhat_status choose_unnamed(xhat_column_choice *choice,
                                  const xhat_table *table, const char *source,
                                  const xhat_data_options *options,
                                  const xhat_allocator *allocator,
                                  xhat_error *error)
{
    bool shifted = false;
    if (has_places(table, options, &shifted))
        return choose_by_place(choice, table, source, options, shifted,
                               allocator, error);
    xhat_status status =
        choose_others(choice, table, source, options, allocator, error);
    if (status != XHAT_OK)
        return status;
    if (options->like != NULL && options->like->category != NULL)
        return match_categories(choice, table, source, options, error);
    return options->features > 0 ? XHAT_OK
                                 : xhat_categories_expand(choice, table, source,
                                                          allocator, error);
}

xhat_status xhat_columns_choose(xhat_column_choice *choice,
                                const xhat_table *table, const char *source,
                                const xhat_data_options *options,
                                const xhat_allocator *allocator,
                                xhat_error *error)
{
    const xhat_columns *like = options->like;
    bool named = like != NULL && like->name != NULL && table->has_header;
    size_t most =
        table->columns > options->features ? table->columns : options->features;
    *choice = (xhat_column_choice){.label = XHAT_NO_COLUMN};
    choice->feature = xhat_allocate(allocator, most, sizeof *choice->feature);
    if (choice->feature == NULL)
        return xhat_fail(error, XHAT_OUT_OF_MEMORY, "no memory for %zu columns",
                         most);
    xhat_status status =
        named
            ? choose_by_name(choice, table, source, options, allocator, error)
            : choose_unnamed(choice, table, source, options, allocator, error);
    for (size_t f = 0; status == XHAT_OK && f < choice->features; f++) {
        size_t j = choice->feature[f].column;
        if (is_label(choice, j))
            status = xhat_fail(error, XHAT_BAD_FORMAT,
                               "%s: column %zu (%s) is a feature of the model "
                               "and cannot hold the labels",
                               source, j + 1, table->column[j].name);
    }
    return status;
}

/* Names that two columns share tell nothing. */
static bool has_names(const xhat_table *table)
{
    for (size_t j = 0; table->has_header && j < table->columns; j++)
        if (xhat_table_called(table, table->column[j].name) != j)
            return false;
    return table->has_header;
}

static bool has_categories(const xhat_column_choice *choice)
{
    for (size_t f = 0; f < choice->features; f++)
        if (choice->feature[f].category != NULL)
            return true;
    return false;
}

xhat_status xhat_columns_note(xhat_columns *columns, const xhat_table *table,
                              const xhat_column_choice *choice,
                              const xhat_allocator *allocator,
                              xhat_error *error)
{
    bool named = has_names(table);
    columns->count = table->columns;
    columns->label = choice->label == XHAT_NO_COLUMN ? 0 : choice->label + 1;
    columns->label_count = choice->label_count;
    xhat_status status =
        xhat_columns_allocate(columns, choice->features, named,
                              has_categories(choice), allocator, error);
    for (size_t f = 0; status == XHAT_OK && f < choice->features; f++) {
        const xhat_feature_source *from = &choice->feature[f];
        const char *name = table->column[from->column].name;
        columns->number[f] = from->column + 1;
        if (named)
            status = xhat_name_check(name, "column", error);
        if (status == XHAT_OK && from->category != NULL)
            status = xhat_name_check(from->category, "category", error);
        if (status == XHAT_OK)
            status = xhat_columns_name(columns, f, named ? name : NULL,
                                       from->category, allocator, error);
    }
    return status;
}
