/* Array files: npy, npz, CSV and TSV, IDX, CIFAR-10, safetensors; of ONNX the
 * weights.
 *
 * Files are recognized by their content, never by their name.  Nothing is ever
 * unpickled.  An error names the file and the place in it: the line and column
 * of a CSV, the byte of a binary file, the name and shape of an array.
 *
 *     xhat_arrays file;
 *     if (xhat_arrays_read(&file, "mine.npz", NULL, &error) != XHAT_OK) ...
 *     const xhat_array *x = xhat_arrays_find(&file, "x");
 *     xhat_arrays_free(&file);
 *
 * Every function is thread-safe as long as no two threads use one object. */
#ifndef XHAT_FORMATS_H
#define XHAT_FORMATS_H

#include <stdbool.h>
#include <stdint.h>

#include "xhat/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- arrays -------------------------------------------------------------- */

typedef enum xhat_element {
    XHAT_ELEMENT_BOOL, /* one byte, 0 or 1 */
    XHAT_ELEMENT_U8,
    XHAT_ELEMENT_I8,
    XHAT_ELEMENT_U16,
    XHAT_ELEMENT_I16,
    XHAT_ELEMENT_U32,
    XHAT_ELEMENT_I32,
    XHAT_ELEMENT_U64,
    XHAT_ELEMENT_I64,
    XHAT_ELEMENT_F16, /* IEEE binary16 */
    XHAT_ELEMENT_F32,
    XHAT_ELEMENT_F64
} xhat_element;

/* bytes of one element; its name as NumPy spells it ("float32") */
XHAT_API size_t xhat_element_size(xhat_element element);
XHAT_API const char *xhat_element_name(xhat_element element);

enum { XHAT_RANK_MAX = 8 };

typedef struct xhat_array {
    char *name; /* "" where the format has none; owned */
    xhat_element element;
    int rank;                    /* 0: a single number */
    size_t shape[XHAT_RANK_MAX]; /* elements along each axis */
    void *data;                  /* C order, this machine's byte order; owned */
} xhat_array;

/* The number of elements (1 for rank 0). */
XHAT_API size_t xhat_array_count(const xhat_array *array);

/* Element i in C order, converted. */
XHAT_API double xhat_array_f64_at(const xhat_array *array, size_t i);

/* All elements converted into to[count].  To float32, integers beyond 2^24
 * and doubles round to nearest. */
XHAT_API void xhat_array_to_f64(const xhat_array *array, double *to);
XHAT_API void xhat_array_to_f32(const xhat_array *array, float *to);

/* True when float32 holds every value of an integer array exactly, and for
 * float16 and float32 arrays; false for float64 arrays. */
XHAT_API bool xhat_array_fits_f32(const xhat_array *array);

/* ---- reading ------------------------------------------------------------- */

/* One pair of the text that a safetensors or ONNX file may hold beside its
 * arrays.  Of an ONNX file there are "onnx.opset", "onnx.nodes" (the
 * operations, in order), "onnx.inputs" and "onnx.outputs" as well. */
typedef struct xhat_metadata {
    char *key, *value; /* owned */
} xhat_metadata;

typedef struct xhat_arrays {
    xhat_array *items;
    size_t count;
    xhat_metadata *metadata; /* (metadata_count): of safetensors and ONNX */
    size_t metadata_count;
    char format[16]; /* "npy", "npz", "csv", "tsv", "idx", "cifar10",
                        "safetensors", "onnx", "inline" */
    char note[160];  /* what was detected and is worth saying ("header line,
                        delimiter ';'"), or "" */
    const xhat_allocator *allocator;
} xhat_arrays;

/* Reads every array of the file at `path`; "-" is standard input, and a pipe is
 * read to its end.  A gzipped file of any format is unpacked first.  On success
 * the caller releases *arrays with xhat_arrays_free; on failure *arrays is
 * empty.  A table of numbers (CSV) is one float64 array, rows x columns.
 * Errors: XHAT_CANNOT_READ; XHAT_BAD_FORMAT for content that is damaged, cut
 * off or unknown, before memory is taken for what it promises;
 * XHAT_UNSUPPORTED for what is understood but not read (object arrays, text,
 * compression in a build without zlib); XHAT_OUT_OF_MEMORY. */
XHAT_API XHAT_NODISCARD xhat_status
xhat_arrays_read(xhat_arrays *arrays, const char *path,
                 const xhat_allocator *allocator, xhat_error *error);

/* The same from bytes already in memory; `name` stands for them in messages. */
XHAT_API XHAT_NODISCARD xhat_status xhat_arrays_read_memory(
    xhat_arrays *arrays, const void *bytes, size_t size, const char *name,
    const xhat_allocator *allocator, xhat_error *error);

/* An inline matrix such as "1,10; 2,20": rows end in ';', values in ',' or
 * space.  A single row has rank 1. */
XHAT_API XHAT_NODISCARD xhat_status
xhat_arrays_read_inline(xhat_arrays *arrays, const char *text,
                        const xhat_allocator *allocator, xhat_error *error);

XHAT_API void xhat_arrays_free(xhat_arrays *arrays);

/* The array of that name, or NULL. */
XHAT_API const xhat_array *xhat_arrays_find(const xhat_arrays *arrays,
                                            const char *name);

/* The value of that key of the metadata, or NULL. */
XHAT_API const char *xhat_arrays_metadata(const xhat_arrays *arrays,
                                          const char *key);

/* ---- tables: CSV whose columns may hold text ----------------------------- */

typedef struct xhat_column {
    char *name;     /* of the header, else "column 1", ... ; owned */
    bool numeric;   /* every cell is a number or missing */
    size_t missing; /* cells that are empty, or ?, NA, N/A, null in any case:
                        NaN in a numeric column, as they are in a text one */
    size_t place;   /* when numeric: in each row of the table's numbers */
    char **texts;   /* (rows) when not numeric, else NULL; owned, all of it
                        one block */
} xhat_column;

typedef struct xhat_table {
    size_t rows, columns;
    xhat_column *column; /* (columns) */
    size_t numeric;      /* how many of them are */
    double *numbers;     /* (rows, numeric): their cells */
    size_t *line;        /* (rows): the line of the file each row came from */
    bool has_header;
    char decimal; /* of its numbers: . or , */
    char note[160];
    const xhat_allocator *allocator;
} xhat_table;

/* The number in a numeric column. */
static inline double xhat_table_number(const xhat_table *table, size_t row,
                                       const xhat_column *column)
{
    return table->numbers[row * table->numeric + column->place];
}

/* Comma, semicolon, tab or blank-separated; quotes; lines that begin with '#'
 * are comments.  With semicolons numbers may have decimal commas: if none has a
 * point, and not all look like thousands, 1,234.  The first row is a header when it holds text and no number
 * while the next one holds a number or, with no numbers at all, when the texts
 * of two columns repeat below it and none of its own does.  Ragged rows are an
 * error with their line.  The caller releases *table with xhat_table_free; on
 * failure it is empty.  Errors: as xhat_arrays_read. */
XHAT_API XHAT_NODISCARD xhat_status
xhat_table_read(xhat_table *table, const char *path,
                const xhat_allocator *allocator, xhat_error *error);

/* The same from bytes already in memory; `name` stands for them in messages. */
XHAT_API XHAT_NODISCARD xhat_status xhat_table_read_memory(
    xhat_table *table, const void *bytes, size_t size, const char *name,
    const xhat_allocator *allocator, xhat_error *error);

XHAT_API void xhat_table_free(xhat_table *table);

/* ---- writing ------------------------------------------------------------- */

/* Files are written under a temporary name beside their own, synced and then
 * renamed, so that a reader sees the old file or the whole new one.  With
 * force = false an existing file is XHAT_ALREADY_EXISTS.  "-" is standard
 * output. */

/* All arrays into one npz (stored, readable by NumPy). */
XHAT_API XHAT_NODISCARD xhat_status xhat_npz_write(const char *path, bool force,
                                                   const xhat_array *arrays,
                                                   size_t count,
                                                   xhat_error *error);

XHAT_API XHAT_NODISCARD xhat_status xhat_npy_write(const char *path, bool force,
                                                   const xhat_array *array,
                                                   xhat_error *error);

/* Rank 1 (a line a value) and rank 2 (a line a row), without a header; numbers
 * in the fewest digits that read back the same.  delimiter: , ; tab or blank.
 * Errors: XHAT_SHAPE_MISMATCH for other ranks. */
XHAT_API XHAT_NODISCARD xhat_status xhat_csv_write(const char *path, bool force,
                                                   const xhat_array *array,
                                                   char delimiter,
                                                   xhat_error *error);

/* `keys` and `values` (metadata_count each) become "__metadata__".  In the
 * file the arrays stand in the order given but for those of wider elements,
 * which come first: so all are aligned, as the format allows no gaps. */
XHAT_API XHAT_NODISCARD xhat_status xhat_safetensors_write(
    const char *path, bool force, const xhat_array *arrays, size_t count,
    const char *const *keys, const char *const *values, size_t metadata_count,
    xhat_error *error);

/* `size` bytes as they are. */
XHAT_API XHAT_NODISCARD xhat_status xhat_file_write(const char *path,
                                                    bool force,
                                                    const void *bytes,
                                                    size_t size,
                                                    xhat_error *error);

#ifdef __cplusplus
}
#endif
#endif
