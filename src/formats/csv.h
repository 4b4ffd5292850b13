/* Cells of a CSV text, one after the other, without copying them.
 *
 *     xhat_csv_open(&csv, source);               delimiter, header, columns
 *     while (xhat_csv_row(&csv))                 the next row with cells
 *         do
 *             xhat_csv_next(&csv, &cell);
 *         while (!csv.row_ended);
 *
 * Lines end in \n, \r\n or \r.  Blank lines and lines that begin with '#' are
 * no rows.  Blanks around a cell are not part of it.  A cell in double quotes
 * may hold delimiters, line ends and, doubled, quotes. */
#ifndef XHAT_FORMATS_CSV_H
#define XHAT_FORMATS_CSV_H

#include <stdbool.h>

#include "source.h"
#include "xhat/formats.h"

enum { XHAT_CSV_BLANKS = ' ' }; /* a delimiter: blanks and tabs, any number */

typedef struct xhat_csv {
    const xhat_source *source;
    const char *at, *end;   /* not yet read */
    const char *line_start; /* where `line` begins */
    size_t line;            /* of `at`, from 1 */
    bool row_ended;         /* the last cell read was the last of its row */

    char delimiter;    /* , ; tab or XHAT_CSV_BLANKS */
    char decimal;      /* . or , */
    bool has_header;   /* the first row is one */
    size_t columns;    /* cells of the first row */
    size_t first_line; /* its line */
} xhat_csv;

typedef struct xhat_csv_cell {
    const char *text; /* in the source: length bytes, quotes still doubled */
    size_t length;
    size_t line, column; /* where the cell begins, in bytes, from 1 */
    bool quoted;
} xhat_csv_cell;

/* Detects the delimiter, the decimal sign and whether there is a header.  The
 * sign is a comma in a table with semicolons, if no number has a point and some
 * number cannot be one in thousands, as 1,234 can.  The first row is a header
 * when it holds text and no number while the row after it, if any, holds a
 * number, or while the texts below it repeat in two columns at least and its
 * own do not. */
XHAT_NODISCARD xhat_status xhat_csv_open(xhat_csv *csv,
                                         const xhat_source *source);

/* Rows that can be left, an upper bound that no short file can make large. */
size_t xhat_csv_rows_at_most(const xhat_csv *csv);

/* Goes to the next row; false at the end of the text. */
bool xhat_csv_row(xhat_csv *csv);

/* Reads the next cell of the row.  Errors name file, line and column. */
XHAT_NODISCARD xhat_status xhat_csv_next(xhat_csv *csv, xhat_csv_cell *cell);

/* XHAT_BAD_FORMAT unless the row that began at `line` has csv->columns. */
XHAT_NODISCARD xhat_status xhat_csv_check_row(const xhat_csv *csv, size_t line,
                                              size_t cells);

/* The value of a cell with this decimal sign; false when it is not a number. */
bool xhat_csv_number(char decimal, const char *text, size_t length,
                     double *value);

/* Is the cell empty, or one of ?, NA, N/A, null? */
bool xhat_csv_missing(const xhat_csv_cell *cell);

/* xhat_table_read_memory of a source that was read, which it frees; its text
 * gives way to the table row by row. */
XHAT_NODISCARD xhat_status xhat_table_take(xhat_table *table,
                                           xhat_source *source);

/* Copies the cell's text without the doubling of its quotes and with a NUL
 * into to[cell->length + 1]; returns the length. */
size_t xhat_csv_copy(const xhat_csv_cell *cell, char *to);

/* "header line, delimiter ';'": what was detected. */
void xhat_csv_describe(const xhat_csv *csv, char *note, size_t size);

#endif
