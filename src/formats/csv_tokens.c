#include "csv.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/number.h"

static bool at_line_end(const char *at, const char *end)
{
    return at == end || *at == '\n' || *at == '\r';
}

/* a blank that is not the delimiter itself */
static bool is_blank(const xhat_csv *csv, char c)
{
    return c == ' ' || (c == '\t' && csv->delimiter != '\t');
}

static void skip_blanks(xhat_csv *csv)
{
    while (csv->at < csv->end && is_blank(csv, *csv->at))
        csv->at++;
}

/* Steps over one line end, if there is one here. */
static void skip_line_end(xhat_csv *csv)
{
    if (csv->at == csv->end || !at_line_end(csv->at, csv->end))
        return;
    if (*csv->at == '\r' && csv->end - csv->at > 1 && csv->at[1] == '\n')
        csv->at++;
    csv->line_start = ++csv->at;
    csv->line++;
}

bool xhat_csv_row(xhat_csv *csv)
{
    for (;;) {
        const char *at = csv->at;
        while (at < csv->end && is_blank(csv, *at))
            at++;
        if (at == csv->end)
            return false;
        if (*at == '#')
            while (!at_line_end(at, csv->end))
                at++;
        else if (!at_line_end(at, csv->end))
            break;
        csv->at = at;
        skip_line_end(csv);
    }
    csv->row_ended = false;
    return true;
}

static xhat_status bad_cell(const xhat_csv *csv, const xhat_csv_cell *cell,
                            const char *what)
{
    return xhat_fail(csv->source->error, XHAT_BAD_FORMAT, "%s:%zu:%zu: %s",
                     csv->source->name, cell->line, cell->column, what);
}

/* Reads up to the closing quote; csv->at is behind the opening one. */
static xhat_status read_quoted(xhat_csv *csv, xhat_csv_cell *cell)
{
    cell->quoted = true;
    cell->text = csv->at;
    for (;;) {
        while (csv->at < csv->end && *csv->at != '"')
            if (at_line_end(csv->at, csv->end))
                skip_line_end(csv);
            else
                csv->at++;
        if (csv->at == csv->end)
            return bad_cell(csv, cell, "the quote is never closed");
        const char *quote = csv->at++;
        if (csv->at == csv->end || *csv->at != '"') {
            cell->length = (size_t)(quote - cell->text);
            return XHAT_OK;
        }
        csv->at++; /* doubled: one quote of the text */
    }
}

/* Reads up to the delimiter, without the blanks before it. */
static void read_bare(xhat_csv *csv, xhat_csv_cell *cell)
{
    const char *at = csv->at;
    char delimiter = csv->delimiter;
    if (delimiter == XHAT_CSV_BLANKS)
        while (!at_line_end(at, csv->end) && *at != ' ' && *at != '\t')
            at++;
    else
        while (!at_line_end(at, csv->end) && *at != delimiter)
            at++;
    cell->quoted = false;
    cell->text = csv->at;
    csv->at = at;
    while (at > cell->text && is_blank(csv, at[-1]))
        at--;
    cell->length = (size_t)(at - cell->text);
}

xhat_status xhat_csv_next(xhat_csv *csv, xhat_csv_cell *cell)
{
    skip_blanks(csv);
    cell->line = csv->line;
    cell->column = (size_t)(csv->at - csv->line_start) + 1;
    if (csv->at < csv->end && *csv->at == '"') {
        csv->at++;
        xhat_status status = read_quoted(csv, cell);
        if (status != XHAT_OK)
            return status;
    } else {
        read_bare(csv, cell);
    }

    const char *after = csv->at;
    skip_blanks(csv);
    if (at_line_end(csv->at, csv->end)) {
        csv->row_ended = true;
        skip_line_end(csv);
    } else if (csv->delimiter == XHAT_CSV_BLANKS ? csv->at == after
                                                 : *csv->at != csv->delimiter) {
        return bad_cell(csv, cell, "text after the closing quote");
    } else if (csv->delimiter != XHAT_CSV_BLANKS) {
        csv->at++;
    }
    return XHAT_OK;
}

xhat_status xhat_csv_check_row(const xhat_csv *csv, size_t line, size_t cells)
{
    if (cells == csv->columns)
        return XHAT_OK;
    return xhat_fail(csv->source->error, XHAT_BAD_FORMAT,
                     "%s:%zu: %zu value%s where line %zu has %zu",
                     csv->source->name, line, cells, cells == 1 ? "" : "s",
                     csv->first_line, csv->columns);
}

size_t xhat_csv_copy(const xhat_csv_cell *cell, char *to)
{
    size_t length = 0;
    for (size_t i = 0; i < cell->length; i++) {
        to[length++] = cell->text[i];
        if (cell->quoted && cell->text[i] == '"')
            i++;
    }
    to[length] = '\0';
    return length;
}

bool xhat_csv_missing(const xhat_csv_cell *cell)
{
    static const char *const words[] = {"?", "NA", "N/A", "null"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (cell->length == strlen(words[i]) &&
            strncasecmp(cell->text, words[i], cell->length) == 0)
            return true;
    return cell->length == 0;
}

/* A decimal without exponent whose digits, as an integer, and whose power of
 * ten are doubles exactly: their quotient is then rounded once, correctly
 * (Clinger 1990).  Most cells are such numbers. */
static bool quick_number(const char *text, size_t length, double *value)
{
    enum { DIGITS_MOST = 18 };
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,
                                    1e7,  1e8,  1e9,  1e10, 1e11, 1e12, 1e13,
                                    1e14, 1e15, 1e16, 1e17, 1e18};
    const char *at = text, *end = text + length, *point = NULL;
    bool negative = at < end && *at == '-';
    uint64_t digits = 0;
    int count = 0;
    for (at += negative; at < end; at++) {
        unsigned digit = (unsigned char)*at - (unsigned)'0';
        if (digit < 10 && count < DIGITS_MOST) {
            digits = 10 * digits + digit;
            count++;
        } else if (*at == '.' && point == NULL) {
            point = at + 1;
        } else {
            return false;
        }
    }
    if (count == 0 || digits > (uint64_t)1 << 53)
        return false;
    double magnitude = (double)digits / powers[point ? end - point : 0];
    *value = negative ? -magnitude : magnitude;
    return true;
}

bool xhat_csv_number(char decimal, const char *text, size_t length,
                     double *value)
{
    char pointed[64];
    if (decimal == ',') {
        if (length > sizeof pointed || memchr(text, '.', length) != NULL)
            return false;
        memcpy(pointed, text, length);
        char *comma = memchr(pointed, ',', length);
        if (comma != NULL)
            *comma = '.';
        text = pointed;
    }
    return quick_number(text, length, value) ||
           xhat_number_parse(text, length, value);
}
