/* Data to learn from: rows with their classes or numbers, from files and
 * tables as they come; what of a table a model has to remember; a split into
 * parts to train, validate and test with.
 *
 *     xhat_dataset_read(&data, "iris.csv", &(xhat_data_options){0}, NULL, &e);
 *     xhat_split_make(&split, &data, 0.1, seed, &e);
 *
 * Memory: an object is released with its own _free; NULL and zeroed objects
 * are allowed there.
 * Threads: two threads may not use one object at once, except that any number
 * may read one dataset or split. */
#ifndef XHAT_DATA_H
#define XHAT_DATA_H

#include <stdbool.h>
#include <stdint.h>

#include "xhat/formats.h"
#include "xhat/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where the features of a table stood, so that they are found again in other
 * tables.  All 0 where the data is no table.  A column of text makes as many
 * features, side by side, as it has different texts. */
typedef struct xhat_columns {
    size_t count;       /* columns of the table */
    size_t label;       /* that of the label, from 1; 0: none */
    size_t label_count; /* columns from there on: more than one for a label that
                           is one-hot, a column a class */
    size_t *number;     /* (features): the column of each, from 1 */
    char **name;        /* (features): in the header; NULL where there is none,
                           or where two columns have the same name */
    char **category;    /* (features): the text for which the feature is 1 and
                           without which it is 0; NULL for a number.  NULL
                           altogether where all are numbers */
} xhat_columns;

/* What becomes of rows that lack a value: NaN, or an empty cell, ?, NA, N/A or
 * null of a table. */
typedef enum xhat_missing {
    XHAT_MISSING_REFUSE = 0, /* an error that names the place */
    XHAT_MISSING_DROP = 1,   /* the row is left out */
    XHAT_MISSING_MEAN = 2    /* the value counts as its feature's mean over the
                                training rows; a label cannot be filled in */
} xhat_missing;

/* "refuse", "drop", "mean" and back.  Constant; thread-safe. */
XHAT_API const char *xhat_missing_name(xhat_missing missing);
XHAT_API bool xhat_missing_from_name(const char *name, xhat_missing *missing);

/* Rows with their classes, kept as the file stores them: images stay bytes.
 * Rows with a number to be predicted have targets instead of labels, classes
 * = 1 (the net's one output) and no class_names. */
typedef struct xhat_dataset {
    size_t rows, features, classes;
    size_t test_from;     /* rows test_from .. rows-1 are the test set */
    xhat_element element; /* of values: U8, F32 or F64 */
    void *values;         /* (rows, features) */
    xhat_missing missing; /* with XHAT_MISSING_MEAN values may be NaN */
    size_t dropped;       /* rows left out because they lacked a value */
    int32_t *labels;      /* (rows): 0 .. classes-1; NULL without labels */
    double *targets;      /* (rows): numbers to be predicted; NULL: classes */
    char **class_names;   /* (classes), in the order of the classes */
    char *label_name;     /* the label column of a table, else "" */
    xhat_columns columns;
    uint64_t hash;   /* see xhat_dataset_hash */
    char format[16]; /* "idx", "cifar10", "csv", "npz", "built-in", ... */
    char note[160];  /* what was detected and is worth saying, or "" */
    const xhat_allocator *allocator;
} xhat_dataset;

/* What the labels of a data set are. */
typedef enum xhat_target {
    XHAT_TARGET_GUESS = 0, /* numbers when they are not whole and the label
                               column was named, or is y; else classes */
    XHAT_TARGET_CLASSES = 1,
    XHAT_TARGET_NUMBERS = 2 /* regression */
} xhat_target;

typedef struct xhat_data_options {
    xhat_target target;
    xhat_missing missing;
    const char *label; /* label column of a table: its name, its number from 1,
                          or from the end (-1 is the last); several that stand
                          side by side, with commas between them, are one label
                          that is one-hot; NULL: the last text column, else (and
                          for numbers to predict) the last one */
    const char *likely_label; /* tried before that default; NULL: none */
    const char *drop; /* columns of a table to leave out: names or numbers as
                         for label, commas between them; NULL: none */
    const xhat_columns *like; /* of the model that takes the data; NULL: any */
    size_t features;          /* how many that model takes; 0: any number */
    bool unlabeled; /* labels are not wanted: a label column is left out */
    bool is_matrix; /* the source is no name but an inline matrix */
    uint64_t seed;  /* of the built-in generators */
} xhat_data_options;

/* Reads DATA: a folder of IDX files with the MNIST names or of CIFAR-10
 * batches, a file (CSV, npz with x and y and maybe x_test and y_test, CIFAR-10,
 * and without labels also npy and IDX; "-" is standard input), or one of the
 * generators "spiral", "xor" and "digits-like".
 * Labels are text or whole numbers; the distinct ones, sorted, are the classes.
 * For regression they are any numbers.  A feature that is text becomes a
 * feature 0 or 1 for each different text: at most 256, and not one a row.
 * With `like`, the features of a table with a header are found by their names,
 * in any order; others are left out, which the note says.  Without names they
 * are found by their places.
 * Errors: XHAT_CANNOT_READ, XHAT_BAD_FORMAT, XHAT_SHAPE_MISMATCH; a message
 * names the file and the place. */
XHAT_API XHAT_NODISCARD xhat_status xhat_dataset_read(
    xhat_dataset *data, const char *source, const xhat_data_options *options,
    const xhat_allocator *allocator, xhat_error *error);
XHAT_API void xhat_dataset_free(xhat_dataset *data);

/* The names of the generators, ending in NULL. */
XHAT_API const char *const *xhat_generator_names(void);

/* 64-bit FNV-1a over rows, features, test_from and classes (8 bytes each,
 * little end first), the values and labels as stored, and the class names with
 * their NUL.  It tells two data sets apart; it is no defense. */
XHAT_API uint64_t xhat_dataset_hash(const xhat_dataset *data);

/* The first feature of a table, from `from` on, that gives the label away: it
 * equals the label (or the number to predict), or is 1 in the rows of one class
 * and 0 in all others, or the other way round.  data->features when there is
 * none. */
XHAT_API size_t xhat_dataset_find_leak(const xhat_dataset *data, size_t from);

/* Features first .. first+count-1 of a table that, with the label, are one
 * one-hot label: each row has its 1 in one of them or is of the class "1".
 * False when there are none. */
XHAT_API bool xhat_dataset_find_joint_leak(const xhat_dataset *data,
                                           size_t *first, size_t *count);

/* Renumbers the labels so that they count in names[count], the classes of a
 * model.  Errors: XHAT_BAD_FORMAT naming the first class that is not there. */
XHAT_API XHAT_NODISCARD xhat_status
xhat_dataset_relabel(xhat_dataset *data, const char *const *names, size_t count,
                     xhat_error *error);

/* Some rows of a data set. */
typedef struct xhat_rows {
    const xhat_dataset *data;
    const size_t *index; /* (count), or NULL: from first on */
    size_t first, count;
} xhat_rows;

XHAT_API xhat_rows xhat_all_rows(const xhat_dataset *data);
XHAT_API xhat_rows xhat_test_rows(const xhat_dataset *data);

/* The rows before test_from, shuffled and cut into training and validation. */
typedef struct xhat_split {
    xhat_rows train, validation, test;
    size_t *index; /* owned: train and validation point into it */
    const xhat_allocator *allocator;
} xhat_split;

/* `validation` below 1 is the fraction of the rows, from 1 on their number.
 * Errors: XHAT_BAD_FORMAT when fewer than two rows are left to train with, or
 * fewer than there are classes; XHAT_OUT_OF_MEMORY. */
XHAT_API XHAT_NODISCARD xhat_status xhat_split_make(xhat_split *split,
                                                    const xhat_dataset *data,
                                                    double validation,
                                                    uint64_t seed,
                                                    xhat_error *error);
XHAT_API void xhat_split_free(xhat_split *split);

#ifdef __cplusplus
}
#endif
#endif
