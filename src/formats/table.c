/* A CSV whose columns may hold text.
 *
 * One pass reads every cell as a number and finds the columns where that
 * fails; a second pass, only if there are such columns, copies their texts. */
#include "csv.h"
#include "xhat/formats.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

/* What the first pass learns of a column beside its numbers. */
typedef struct column_texts {
    size_t bytes; /* of all its cells with their NULs, as texts */
    char *next;   /* where the second pass puts the next text */
} column_texts;

typedef struct table_builder {
    xhat_table *table;
    xhat_csv csv;
    column_texts *texts; /* (columns) */
} table_builder;

static xhat_status read_header(table_builder *b)
{
    xhat_table *table = b->table;
    const xhat_source *source = b->csv.source;
    for (size_t c = 0; c < table->columns; c++) {
        xhat_csv_cell cell = {0};
        if (b->csv.has_header) {
            xhat_status status = xhat_csv_next(&b->csv, &cell);
            if (status != XHAT_OK)
                return status;
        }
        size_t size = cell.length + 32;
        char *name = xhat_allocate(table->allocator, size, 1);
        if (name == NULL)
            return xhat_source_no_memory(source);
        if (cell.length == 0)
            snprintf(name, size, "column %zu", c + 1);
        else
            xhat_csv_copy(&cell, name);
        table->column[c].name = name;
    }
    return XHAT_OK;
}

static void keep_number(table_builder *b, size_t c, const xhat_csv_cell *cell)
{
    xhat_table *table = b->table;
    xhat_column *column = &table->column[c];
    double value = NAN;
    bool missing = xhat_csv_missing(cell);
    b->texts[c].bytes += cell->length + 1;
    column->missing += missing;
    if (!column->numeric)
        return;
    if (missing ||
        xhat_csv_number(b->csv.decimal, cell->text, cell->length, &value)) {
        column->numbers[table->rows] = value;
    } else {
        xhat_release(table->allocator, column->numbers);
        column->numbers = NULL;
        column->numeric = false;
    }
}

static void keep_text(table_builder *b, size_t c, const xhat_csv_cell *cell)
{
    xhat_column *column = &b->table->column[c];
    if (column->numeric)
        return;
    column->texts[b->table->rows] = b->texts[c].next;
    b->texts[c].next += xhat_csv_copy(cell, b->texts[c].next) + 1;
}

/* Gives every cell of the rows that are left to `keep`. */
static xhat_status each_cell(table_builder *b,
                             void (*keep)(table_builder *b, size_t c,
                                          const xhat_csv_cell *cell))
{
    xhat_table *table = b->table;
    for (table->rows = 0; xhat_csv_row(&b->csv); table->rows++) {
        xhat_csv_cell cell;
        size_t cells = 0, line = b->csv.line;
        assert(table->rows < b->csv.rows_at_most);
        table->line[table->rows] = line;
        for (; !b->csv.row_ended; cells++) {
            xhat_status status = xhat_csv_next(&b->csv, &cell);
            if (status != XHAT_OK)
                return status;
            if (cells < table->columns)
                keep(b, cells, &cell);
        }
        xhat_status status = xhat_csv_check_row(&b->csv, line, cells);
        if (status != XHAT_OK)
            return status;
    }
    return XHAT_OK;
}

/* Room for numbers in every column: as much as there can be rows. */
static bool allocate_columns(table_builder *b)
{
    xhat_table *table = b->table;
    const xhat_allocator *allocator = table->allocator;
    size_t columns = b->csv.columns, rows = b->csv.rows_at_most;
    b->texts = xhat_allocate_zeroed(allocator, columns, sizeof *b->texts);
    table->column =
        xhat_allocate_zeroed(allocator, columns, sizeof *table->column);
    table->line = xhat_allocate(allocator, rows, sizeof *table->line);
    if (b->texts == NULL || table->column == NULL || table->line == NULL)
        return false;
    table->columns = columns;
    for (size_t c = 0; c < columns; c++) {
        table->column[c].numeric = true;
        table->column[c].numbers =
            xhat_allocate(allocator, rows, sizeof(double));
        if (table->column[c].numbers == NULL)
            return false;
    }
    return true;
}

/* One block a text column: the pointers, and behind them what they point to. */
static bool allocate_texts(table_builder *b)
{
    xhat_table *table = b->table;
    for (size_t c = 0; c < table->columns; c++) {
        xhat_column *column = &table->column[c];
        if (column->numeric)
            continue;
        size_t pointers = table->rows * sizeof *column->texts;
        column->texts =
            xhat_allocate(table->allocator, pointers + b->texts[c].bytes, 1);
        if (column->texts == NULL)
            return false;
        b->texts[c].next = (char *)column->texts + pointers;
    }
    return true;
}

static bool has_text(const xhat_table *table)
{
    for (size_t c = 0; c < table->columns; c++)
        if (!table->column[c].numeric)
            return true;
    return false;
}

static xhat_status build(table_builder *b, const xhat_source *source)
{
    xhat_status status = xhat_csv_open(&b->csv, source);
    if (status != XHAT_OK)
        return status;
    b->table->has_header = b->csv.has_header;
    b->table->decimal = b->csv.decimal;
    xhat_csv_describe(&b->csv, b->table->note, sizeof b->table->note);
    if (!allocate_columns(b))
        return xhat_source_no_memory(source);
    status = read_header(b);
    if (status != XHAT_OK)
        return status;
    xhat_csv first_row = b->csv;
    status = each_cell(b, keep_number);
    if (status != XHAT_OK || !has_text(b->table))
        return status;
    if (!allocate_texts(b))
        return xhat_source_no_memory(source);
    b->csv = first_row;
    return each_cell(b, keep_text);
}

xhat_status xhat_table_read_memory(xhat_table *table, const void *bytes,
                                   size_t size, const char *name,
                                   const xhat_allocator *allocator,
                                   xhat_error *error)
{
    xhat_source source = {.name = name,
                          .bytes = bytes,
                          .size = size,
                          .allocator = allocator,
                          .error = error};
    *table = (xhat_table){.allocator = allocator};
    if (size == 0)
        return xhat_source_bad(&source, "the file is empty");
    table_builder b = {.table = table};
    xhat_status status = build(&b, &source);
    xhat_release(allocator, b.texts);
    if (status != XHAT_OK)
        xhat_table_free(table);
    return status;
}

xhat_status xhat_table_read(xhat_table *table, const char *path,
                            const xhat_allocator *allocator, xhat_error *error)
{
    xhat_source source;
    *table = (xhat_table){.allocator = allocator};
    xhat_status status = xhat_source_read(&source, path, allocator, error);
    if (status != XHAT_OK)
        return status;
    status = xhat_table_read_memory(table, source.bytes, source.size,
                                    source.name, allocator, error);
    xhat_source_free(&source);
    return status;
}

void xhat_table_free(xhat_table *table)
{
    const xhat_allocator *allocator = table->allocator;
    for (size_t c = 0; c < table->columns; c++) {
        xhat_release(allocator, table->column[c].name);
        xhat_release(allocator, table->column[c].numbers);
        xhat_release(allocator, table->column[c].texts);
    }
    xhat_release(allocator, table->column);
    xhat_release(allocator, table->line);
    *table = (xhat_table){.allocator = allocator};
}
