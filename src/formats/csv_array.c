/* A CSV of numbers as one array. */
#include "csv.h"
#include "readers.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

xhat_likeness xhat_csv_likeness(const xhat_source *source)
{
    enum { SAMPLE = 4096 }; /* bytes */
    for (size_t i = 0; i < source->size && i < SAMPLE; i++) {
        unsigned char c = source->bytes[i];
        if (c < ' ' && c != '\t' && c != '\n' && c != '\r')
            return XHAT_UNLIKE;
    }
    return XHAT_ALIKE;
}

static xhat_status skip_header(xhat_csv *csv)
{
    xhat_csv_cell cell;
    xhat_status status = XHAT_OK;
    while (status == XHAT_OK && !csv->row_ended)
        status = xhat_csv_next(csv, &cell);
    return status;
}

static xhat_status not_a_number(const xhat_csv *csv, const xhat_csv_cell *cell)
{
    char shown[XHAT_EXCERPT_SIZE];
    return xhat_fail(csv->source->error, XHAT_BAD_FORMAT,
                     "%s:%zu:%zu: \"%s\" is not a number", csv->source->name,
                     cell->line, cell->column,
                     xhat_excerpt(shown, cell->text, cell->length));
}

/* Where the first NaN or Inf stands: numbers, but worth saying. */
typedef struct place {
    size_t line, column; /* from 1; line 0: there is none */
} place;

/* One row into to[csv->columns]. */
static xhat_status read_row(xhat_csv *csv, double *to, place *not_finite)
{
    xhat_csv_cell cell;
    size_t line = csv->line, cells = 0;
    for (; !csv->row_ended; cells++) {
        double value = 0;
        xhat_status status = xhat_csv_next(csv, &cell);
        if (status != XHAT_OK)
            return status;
        if (!xhat_csv_number(csv->decimal, cell.text, cell.length, &value))
            return not_a_number(csv, &cell);
        if (!isfinite(value) && not_finite->line == 0)
            *not_finite = (place){cell.line, cell.column};
        if (cells < csv->columns)
            to[cells] = value;
    }
    return xhat_csv_check_row(csv, line, cells);
}

xhat_status xhat_csv_read(xhat_arrays *arrays, const xhat_source *source)
{
    xhat_csv csv;
    xhat_status status = xhat_csv_open(&csv, source);
    if (status != XHAT_OK)
        return status;
    size_t rows = 0, most = xhat_csv_rows_at_most(&csv);
    place not_finite = {0, 0};
    xhat_array *array = xhat_arrays_add(arrays, source, "", XHAT_ELEMENT_F64, 2,
                                        (size_t[]){most, csv.columns});
    if (array == NULL)
        return XHAT_OUT_OF_MEMORY;
    if (csv.has_header)
        status = skip_header(&csv);
    while (status == XHAT_OK && xhat_csv_row(&csv)) {
        assert(rows < most);
        status = read_row(&csv, (double *)array->data + rows * csv.columns,
                          &not_finite);
        rows++;
    }
    array->shape[0] = rows;
    snprintf(arrays->format, sizeof arrays->format, "%s",
             csv.delimiter == '\t' && csv.columns > 1 ? "tsv" : "csv");
    xhat_csv_describe(&csv, arrays->note, sizeof arrays->note);
    size_t length = strlen(arrays->note);
    if (not_finite.line > 0)
        snprintf(arrays->note + length, sizeof arrays->note - length,
                 "%sthe first NaN or Inf is at line %zu, column %zu",
                 length > 0 ? "; " : "", not_finite.line, not_finite.column);
    return status;
}
