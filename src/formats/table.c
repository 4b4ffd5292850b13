/* A CSV whose columns may hold text.
 *
 * One pass finds the columns with cells that are no numbers, and how much room
 * all need; a second one keeps the cells.  Only then is it known that a text is
 * read for the last time and can be forgotten, so that text and table are never
 * in memory both. */
#include "csv.h"
#include "xhat/formats.h"

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
    xhat_source *read_once; /* to be forgotten as it is read; NULL: none */
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

static bool number_of(const table_builder *b, const xhat_csv_cell *cell,
                      double *value)
{
    return xhat_csv_number(b->csv.decimal, cell->text, cell->length, value);
}

static void look(table_builder *b, size_t c, const xhat_csv_cell *cell)
{
    xhat_column *column = &b->table->column[c];
    double value;
    b->texts[c].bytes += cell->length + 1;
    if (column->numeric && number_of(b, cell, &value))
        return;
    if (xhat_csv_missing(cell))
        column->missing++;
    else
        column->numeric = false;
}

static void keep(table_builder *b, size_t c, const xhat_csv_cell *cell)
{
    xhat_table *table = b->table;
    const xhat_column *column = &table->column[c];
    if (column->numeric) {
        double *to =
            &table->numbers[table->rows * table->numeric + column->place];
        if (!number_of(b, cell, to))
            *to = NAN;
    } else {
        column->texts[table->rows] = b->texts[c].next;
        b->texts[c].next += xhat_csv_copy(cell, b->texts[c].next) + 1;
    }
}

/* Gives every cell of the rows that are left to `use`. */
static xhat_status each_cell(table_builder *b,
                             void (*use)(table_builder *b, size_t c,
                                         const xhat_csv_cell *cell))
{
    xhat_table *table = b->table;
    for (table->rows = 0; xhat_csv_row(&b->csv); table->rows++) {
        xhat_csv_cell cell;
        size_t cells = 0, line = b->csv.line;
        if (table->line != NULL)
            table->line[table->rows] = line;
        for (; !b->csv.row_ended; cells++) {
            xhat_status status = xhat_csv_next(&b->csv, &cell);
            if (status != XHAT_OK)
                return status;
            if (cells < table->columns)
                use(b, cells, &cell);
        }
        xhat_status status = xhat_csv_check_row(&b->csv, line, cells);
        if (status != XHAT_OK)
            return status;
        if (b->read_once != NULL && table->line != NULL)
            xhat_source_forget(b->read_once, b->csv.at);
    }
    return XHAT_OK;
}

static bool allocate_columns(table_builder *b)
{
    xhat_table *table = b->table;
    const xhat_allocator *allocator = table->allocator;
    size_t columns = b->csv.columns;
    b->texts = xhat_allocate_zeroed(allocator, columns, sizeof *b->texts);
    table->column =
        xhat_allocate_zeroed(allocator, columns, sizeof *table->column);
    if (b->texts == NULL || table->column == NULL)
        return false;
    table->columns = columns;
    for (size_t c = 0; c < columns; c++)
        table->column[c].numeric = true;
    return true;
}

/* For the lines and the numbers of the rows that were counted. */
static bool allocate_rows(xhat_table *table)
{
    const xhat_allocator *allocator = table->allocator;
    for (size_t c = 0; c < table->columns; c++)
        if (table->column[c].numeric)
            table->column[c].place = table->numeric++;
    table->line = xhat_allocate(allocator, table->rows, sizeof *table->line);
    table->numbers = xhat_allocate(allocator, table->rows,
                                   table->numeric * sizeof *table->numbers);
    return table->line != NULL && table->numbers != NULL;
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
    status = each_cell(b, look);
    if (status != XHAT_OK)
        return status;
    if (!allocate_rows(b->table) || !allocate_texts(b))
        return xhat_source_no_memory(source);
    b->csv = first_row;
    return each_cell(b, keep);
}

static xhat_status read_table(xhat_table *table, const xhat_source *source,
                              xhat_source *read_once)
{
    *table = (xhat_table){.allocator = source->allocator};
    if (source->size == 0)
        return xhat_source_bad(source, "the file is empty");
    table_builder b = {.table = table, .read_once = read_once};
    xhat_status status = build(&b, source);
    xhat_release(source->allocator, b.texts);
    if (status != XHAT_OK)
        xhat_table_free(table);
    return status;
}

xhat_status xhat_table_read_memory(xhat_table *table, const void *bytes,
                                   size_t size, const char *name,
                                   const xhat_allocator *allocator,
                                   xhat_error *error)
{
    const xhat_source source = {.name = name,
                                .bytes = bytes,
                                .size = size,
                                .allocator = allocator,
                                .error = error};
    return read_table(table, &source, NULL);
}

xhat_status xhat_table_take(xhat_table *table, xhat_source *source)
{
    xhat_status status = read_table(table, source, source);
    xhat_source_free(source);
    return status;
}

xhat_status xhat_table_read(xhat_table *table, const char *path,
                            const xhat_allocator *allocator, xhat_error *error)
{
    xhat_source source;
    *table = (xhat_table){.allocator = allocator};
    xhat_status status = xhat_source_read(&source, path, allocator, error);
    return status == XHAT_OK ? xhat_table_take(table, &source) : status;
}

void xhat_table_free(xhat_table *table)
{
    const xhat_allocator *allocator = table->allocator;
    for (size_t c = 0; c < table->columns; c++) {
        xhat_release(allocator, table->column[c].name);
        xhat_release(allocator, table->column[c].texts);
    }
    xhat_release(allocator, table->column);
    xhat_release(allocator, table->line);
    xhat_release(allocator, table->numbers);
    *table = (xhat_table){.allocator = allocator};
}
