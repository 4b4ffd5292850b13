/* What a CSV text does not say: its delimiter, its decimal sign, and whether it
 * has a header. */
#include "csv.h"

#include <stdio.h>
#include <string.h>

enum { SAMPLE = 20 }; /* rows looked at */

/* in the order of preference: a comma may also be a decimal comma, and a blank
 * part of a text */
static const char delimiters[] = "\t;, ";
enum { DELIMITERS = 4, COMMA = 2, BLANKS = 3 };

/* Counts each delimiter outside quotes in the row at csv->at and goes to the
 * next.  Blanks count where they stand between cells, and once for a run. */
static void count_delimiters(xhat_csv *csv, size_t counts[DELIMITERS])
{
    char before = ','; /* a quote opens only where a cell begins */
    bool quoted = false, seen = false, between = false;
    memset(counts, 0, DELIMITERS * sizeof *counts);
    for (; csv->at < csv->end; csv->at++) {
        char c = *csv->at;
        if (!quoted && (c == '\n' || c == '\r'))
            break;
        if (c == '"' && (quoted || strchr("\t;, \"", before) != NULL))
            quoted = !quoted;
        for (int i = 0; i < BLANKS && !quoted; i++)
            counts[i] += c == delimiters[i];
        bool blank = !quoted && (c == ' ' || c == '\t');
        counts[BLANKS] += between && !blank;
        seen |= !blank;
        between = blank && seen;
        before = c;
    }
}

static bool first_cell_is_number(xhat_csv csv)
{
    xhat_csv_cell cell;
    xhat_source silent = {0};
    double value;
    csv.source = &silent;
    csv.delimiter = XHAT_CSV_BLANKS;
    return xhat_csv_next(&csv, &cell) == XHAT_OK &&
           xhat_csv_number('.', cell.text, cell.length, &value);
}

/* The first delimiter that every row of the sample has equally often; else the
 * most frequent one of the first row, for the ragged row to be reported. */
static char detect_delimiter(xhat_csv csv)
{
    size_t first[DELIMITERS], counts[DELIMITERS];
    bool steady[DELIMITERS] = {true, true, true, true};
    xhat_csv start = csv;
    count_delimiters(&csv, first);
    for (int row = 1; row < SAMPLE && xhat_csv_row(&csv); row++) {
        count_delimiters(&csv, counts);
        for (int i = 0; i < DELIMITERS; i++)
            steady[i] &= counts[i] == first[i];
    }
    for (int i = 0; i < BLANKS; i++)
        if (first[i] > 0 && steady[i])
            return delimiters[i];
    int most = COMMA;
    for (int i = 0; i < BLANKS; i++)
        if (first[i] > first[most])
            most = i;
    if (first[most] == 0 && first[BLANKS] > 0 &&
        (steady[BLANKS] || first_cell_is_number(start)))
        return XHAT_CSV_BLANKS;
    return delimiters[most];
}

/* 1,234: three digits behind the comma, one to three before it. */
static bool may_be_thousands(const xhat_csv_cell *cell)
{
    const char *text = cell->text;
    size_t length = cell->length;
    if (length > 0 && (*text == '-' || *text == '+'))
        text++, length--;
    if (length < 5 || length > 7 || text[0] == '0' || text[length - 4] != ',')
        return false;
    for (size_t i = 0; i < length; i++)
        if (i != length - 4 && (text[i] < '0' || text[i] > '9'))
            return false;
    return true;
}

/* A comma where semicolons separate the cells, a number can only be meant so,
 * and none has a point: 1.234 beside 0,5 might be thousands. */
static char detect_decimal(xhat_csv csv)
{
    xhat_csv_cell cell;
    xhat_source silent = {0};
    double value;
    bool found = false;
    if (csv.delimiter != ';' ||
        memchr(csv.at, ',', (size_t)(csv.end - csv.at)) == NULL)
        return '.';
    csv.source = &silent;
    while (xhat_csv_row(&csv))
        while (!csv.row_ended) {
            if (xhat_csv_next(&csv, &cell) != XHAT_OK)
                return '.';
            if (memchr(cell.text, '.', cell.length) != NULL &&
                xhat_csv_number('.', cell.text, cell.length, &value))
                return '.';
            found |= memchr(cell.text, ',', cell.length) != NULL &&
                     !may_be_thousands(&cell) &&
                     xhat_csv_number(',', cell.text, cell.length, &value);
        }
    return found ? ',' : '.';
}

typedef struct row_kind {
    size_t cells, numbers, missing;
} row_kind;

static xhat_status look_at_row(xhat_csv *csv, row_kind *kind)
{
    xhat_csv_cell cell;
    double value;
    *kind = (row_kind){0};
    while (!csv->row_ended) {
        xhat_status status = xhat_csv_next(csv, &cell);
        if (status != XHAT_OK)
            return status;
        kind->cells++;
        kind->numbers +=
            xhat_csv_number(csv->decimal, cell.text, cell.length, &value);
        kind->missing += xhat_csv_missing(&cell);
    }
    return XHAT_OK;
}

/* ---- a header above nothing but text ------------------------------------- */

enum { TEXT_ROWS = 50, TEXT_COLUMNS = 64 };

static bool same_text(const xhat_csv_cell *a, const xhat_csv_cell *b)
{
    return a->length == b->length && memcmp(a->text, b->text, a->length) == 0;
}

/* Column `column` of up to TEXT_ROWS rows into cells[]; how many there are. */
static int sample_column(xhat_csv csv, size_t column, xhat_csv_cell *cells)
{
    int rows = 0;
    while (rows < TEXT_ROWS && xhat_csv_row(&csv)) {
        xhat_csv_cell cell = {0};
        for (size_t c = 0; !csv.row_ended; c++)
            if (xhat_csv_next(&csv, c == column ? &cells[rows] : &cell) !=
                XHAT_OK)
                return rows;
        rows++;
    }
    return rows;
}

/* The texts of a column repeat below, but its first one does not: 1; the first
 * one does: -1; none does: 0. */
static int looks_like_name(const xhat_csv_cell *cells, int rows)
{
    bool repeats = false;
    for (int i = 1; i < rows; i++) {
        if (same_text(&cells[i], &cells[0]))
            return -1;
        for (int j = 1; j < i; j++)
            repeats |= same_text(&cells[i], &cells[j]);
    }
    return repeats;
}

/* Does a row stand above texts as names do: in two columns at least over texts
 * that repeat, and in none repeated itself?  csv is at the beginning. */
static bool is_text_header(xhat_csv csv, size_t columns)
{
    xhat_csv_cell cells[TEXT_ROWS] = {0};
    xhat_source silent = {0};
    int names = 0;
    csv.source = &silent;
    for (size_t c = 0; c < columns && c < TEXT_COLUMNS; c++) {
        int rows = sample_column(csv, c, cells);
        int kind = looks_like_name(cells, rows);
        if (kind < 0 || rows < 5)
            return false;
        names += kind;
    }
    return names > 1;
}

/* By the lines, and by the bytes that rows of so many cells take, and one more
 * that is too short. */
size_t xhat_csv_rows_at_most(const xhat_csv *csv)
{
    size_t lines = 1, bytes = (size_t)(csv->end - csv->at) + 1;
    for (const char *at = csv->at; at < csv->end; at++)
        lines += *at == '\n' ||
                 (*at == '\r' && (at + 1 == csv->end || at[1] != '\n'));
    size_t rows = bytes / csv->columns + 1;
    return lines < rows ? lines : rows;
}

xhat_status xhat_csv_open(xhat_csv *csv, const xhat_source *source)
{
    const char *text = (const char *)source->bytes;
    row_kind first, second = {0};
    size_t mark =
        source->size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    *csv = (xhat_csv){.source = source,
                      .at = text + mark,
                      .end = text + source->size,
                      .line_start = text + mark,
                      .line = 1,
                      .delimiter = ',',
                      .decimal = '.'};
    if (memchr(text, '\0', source->size) != NULL)
        return xhat_source_bad(source, "a NUL byte in what should be text");
    if (!xhat_csv_row(csv))
        return xhat_source_bad(source, "holds no values");
    csv->delimiter = detect_delimiter(*csv);
    csv->decimal = detect_decimal(*csv);

    xhat_csv ahead = *csv, start = *csv;
    xhat_status status = look_at_row(&ahead, &first);
    if (status == XHAT_OK && xhat_csv_row(&ahead))
        status = look_at_row(&ahead, &second);
    if (status != XHAT_OK)
        return status;
    csv->columns = first.cells;
    csv->first_line = csv->line;
    /* a lone line is a header only if it is a whole one */
    bool lone_header = second.cells == 0 && ahead.line > csv->line;
    csv->has_header = first.numbers == 0 && first.missing < first.cells &&
                      (lone_header || second.numbers + second.missing > 0 ||
                       is_text_header(start, first.cells));
    return XHAT_OK;
}

void xhat_csv_describe(const xhat_csv *csv, char *note, size_t size)
{
    const char *header = csv->has_header ? "header line" : "no header line";
    if (csv->columns == 1)
        snprintf(note, size, "%s, one column", header);
    else if (csv->delimiter == '\t')
        snprintf(note, size, "%s, delimiter tab", header);
    else if (csv->delimiter == XHAT_CSV_BLANKS)
        snprintf(note, size, "%s, delimiter blanks", header);
    else
        snprintf(note, size, "%s, delimiter '%c'%s", header, csv->delimiter,
                 csv->decimal == ',' ? ", decimal commas" : "");
}
