/* How a data set is put together. */
#ifndef XHAT_DATA_DATASET_PARTS_H
#define XHAT_DATA_DATASET_PARTS_H

#include "data/columns.h"
#include "xhat/data.h"

/* Room for rows x features values of this type. */
XHAT_NODISCARD xhat_status xhat_dataset_allocate(xhat_dataset *data,
                                                 size_t rows, size_t features,
                                                 xhat_element element,
                                                 xhat_error *error);

/* The same with values (rows, features) of type F64 that are there already; the
 * data set owns them from now on. */
void xhat_dataset_adopt(xhat_dataset *data, size_t rows, size_t features,
                        double *values);

/* Where the labels came from, for messages: "iris.csv:17: ..." when the lines
 * of the rows are known, else "data.npz: y[16] ...". */
typedef struct xhat_label_place {
    const char *source, *array;
    const size_t *line; /* (rows) or NULL */
} xhat_label_place;

/* Labels and classes from whole numbers or from texts, (rows) each.  The
 * classes are the distinct ones, sorted by value or by bytes. */
XHAT_NODISCARD xhat_status
xhat_dataset_label_numbers(xhat_dataset *data, const double *numbers,
                           const xhat_label_place *place, xhat_error *error);
XHAT_NODISCARD xhat_status xhat_dataset_label_texts(xhat_dataset *data,
                                                    char *const *texts,
                                                    xhat_error *error);

/* Numbers to predict in place of labels, copied; all must be finite. */
XHAT_NODISCARD xhat_status
xhat_dataset_take_targets(xhat_dataset *data, const double *numbers,
                          const xhat_label_place *place, xhat_error *error);

/* Whether those that are finite are whole numbers, so that they can be
 * classes. */
bool xhat_labels_are_whole(const double *numbers, size_t count);

/* XHAT_BAD_FORMAT for a name that is not UTF-8; `what` it is the name of. */
XHAT_NODISCARD xhat_status xhat_name_check(const char *name, const char *what,
                                           xhat_error *error);

#define XHAT_NO_COLUMN SIZE_MAX

/* Where a feature comes from; columns count from 0 here. */
typedef struct xhat_feature_source {
    size_t column;
    const char *category; /* the text it is 1 for; NULL: a number */
} xhat_feature_source;

/* What each column of a table is. */
typedef struct xhat_column_choice {
    xhat_feature_source *feature; /* (features); owned, the texts are not */
    size_t features;
    size_t label, label_count; /* side by side; XHAT_NO_COLUMN, 0: none */
    bool by_name;              /* found by the names of a model */
} xhat_column_choice;

/* The column called `label`: by name, else by number from 1 or, negative, from
 * the end. */
XHAT_NODISCARD xhat_status xhat_table_find(const xhat_table *table,
                                           const char *source,
                                           const char *label, size_t *column,
                                           xhat_error *error);

/* The column of that name, or XHAT_NO_COLUMN; name may be NULL. */
size_t xhat_table_called(const xhat_table *table, const char *name);

/* The label columns that the list `label` names: one, or some with commas
 * between them that stand side by side.  Sets choice->label, label_count. */
XHAT_NODISCARD xhat_status xhat_label_find(
    xhat_column_choice *choice, const xhat_table *table, const char *source,
    const char *label, const xhat_allocator *allocator, xhat_error *error);

/* The same where columns are called so by their names, else *found is false:
 * the only error is XHAT_OUT_OF_MEMORY.  label may be NULL. */
XHAT_NODISCARD xhat_status xhat_label_try(xhat_column_choice *choice,
                                          const xhat_table *table,
                                          const char *label,
                                          const xhat_allocator *allocator,
                                          bool *found, xhat_error *error);

/* The caller releases choice->feature, after an error too. */
XHAT_NODISCARD xhat_status xhat_columns_choose(xhat_column_choice *choice,
                                               const xhat_table *table,
                                               const char *source,
                                               const xhat_data_options *options,
                                               const xhat_allocator *allocator,
                                               xhat_error *error);

/* What of the choice a model has to remember.  On failure, too, *columns is to
 * be freed. */
XHAT_NODISCARD xhat_status xhat_columns_note(xhat_columns *columns,
                                             const xhat_table *table,
                                             const xhat_column_choice *choice,
                                             const xhat_allocator *allocator,
                                             xhat_error *error);

/* Turns the chosen columns of text (a feature each) into features 0 or 1, one
 * for each of their texts, sorted. */
XHAT_NODISCARD xhat_status xhat_categories_expand(
    xhat_column_choice *choice, const xhat_table *table, const char *source,
    const xhat_allocator *allocator, xhat_error *error);

/* What lets rows through that lack a feature, for messages: rows without labels
 * are all to be predicted, and none can be dropped. */
const char *xhat_missing_remedy(bool unlabeled);

/* Is the cell of a column missing?  numbers: those of its row. */
bool xhat_cell_missing(const xhat_column *column, size_t row,
                       const double *numbers);

/* Takes the items of which drop[] is true out of items[count]; how many are
 * left. */
size_t xhat_drop_items(const bool *drop, size_t count, void *items,
                       size_t size);

/* XHAT_BAD_FORMAT: the cell at `column`, `row` (from 0) "is WHAT". */
xhat_status xhat_table_bad_cell(const xhat_table *table, const char *source,
                                size_t column, size_t row, const char *what,
                                xhat_error *error);

/* The chosen features of all rows.  The numbers of the table become those of
 * the data set where that leaves less than half of their room unused, so that
 * they are in memory once; else they are copied. */
XHAT_NODISCARD xhat_status
xhat_table_take_features(xhat_dataset *data, xhat_table *table,
                         const char *source, const xhat_column_choice *choice,
                         const xhat_data_options *options, xhat_error *error);

/* A table whose label column is found by the options.  Rows that are dropped
 * are taken out of the table as well, and its numbers may become the data
 * set's: it is good for nothing afterwards but to be freed. */
XHAT_NODISCARD xhat_status xhat_dataset_from_table(
    xhat_dataset *data, xhat_table *table, const char *source,
    const xhat_data_options *options, xhat_error *error);

/* Rows of x and, unless NULL, their labels y. */
typedef struct xhat_part {
    const xhat_array *x, *y;
} xhat_part;

/* The parts one behind the other; the last one is the test set if has_test. */
XHAT_NODISCARD xhat_status xhat_parts_join(xhat_dataset *data,
                                           const xhat_part *parts, size_t count,
                                           bool has_test, const char *source,
                                           const xhat_data_options *options,
                                           xhat_error *error);

XHAT_NODISCARD xhat_status
xhat_dataset_from_folder(xhat_dataset *data, const char *folder,
                         const xhat_data_options *options, xhat_error *error);

/* "3" becomes "cat", and so on. */
void xhat_name_cifar_classes(xhat_dataset *data);

/* Fills data when `name` is a generator's; *known says whether it is. */
XHAT_NODISCARD xhat_status xhat_dataset_generate(xhat_dataset *data,
                                                 const char *name,
                                                 uint64_t seed, bool *known,
                                                 xhat_error *error);

/* Where in its data set the i-th of these rows is. */
size_t xhat_row_at(const xhat_rows *rows, size_t i);

#endif
