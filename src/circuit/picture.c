#include "picture.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

int xhat_picture_shape(const xhat_picture *picture, xhat_extent extent,
                       size_t shape[XHAT_PICTURE_RANK_MAX])
{
    const xhat_axes *axes = xhat_run_axes(picture->run);
    switch (extent) {
    case XHAT_EXTENT_SINGLE:
        return 0;
    case XHAT_EXTENT_PER_CHANNEL:
        shape[0] = axes->channels;
        return 1;
    case XHAT_EXTENT_PER_ROW:
        shape[0] = axes->outer;
        return 1;
    case XHAT_EXTENT_PER_STATISTIC:
        shape[0] = axes->per_row ? axes->outer : axes->groups;
        shape[1] = axes->groups;
        return axes->per_row && axes->groups > 1 ? 2 : 1;
    case XHAT_EXTENT_FULL:
        break;
    }
    memcpy(shape, picture->shape, sizeof picture->shape);
    return picture->rank;
}

char *xhat_picture_shape_text(const xhat_picture *picture, xhat_extent extent,
                              char text[XHAT_SHAPE_TEXT_SIZE])
{
    size_t shape[XHAT_PICTURE_RANK_MAX];
    int rank = xhat_picture_shape(picture, extent, shape);
    int length = snprintf(text, XHAT_SHAPE_TEXT_SIZE, "(");
    for (int i = 0; i < rank; i++)
        length += snprintf(text + length, XHAT_SHAPE_TEXT_SIZE - (size_t)length,
                           i > 0 ? ",%zu" : "%zu", shape[i]);
    snprintf(text + length, XHAT_SHAPE_TEXT_SIZE - (size_t)length, ")");
    return text;
}

int xhat_picture_index(const xhat_picture *picture, xhat_extent extent,
                       size_t k, size_t index[XHAT_PICTURE_RANK_MAX])
{
    size_t shape[XHAT_PICTURE_RANK_MAX];
    int rank = xhat_picture_shape(picture, extent, shape);
    for (int i = rank - 1; i >= 0; i--) {
        index[i] = k % shape[i];
        k /= shape[i];
    }
    return rank;
}

char *xhat_picture_place(const xhat_picture *picture, const char *name,
                         xhat_extent extent, size_t k,
                         char text[XHAT_PLACE_TEXT_SIZE])
{
    size_t index[XHAT_PICTURE_RANK_MAX];
    int rank = xhat_picture_index(picture, extent, k, index);
    int length = snprintf(text, XHAT_PLACE_TEXT_SIZE, "%s", name);
    for (int i = 0; i < rank; i++)
        length += snprintf(text + length, XHAT_PLACE_TEXT_SIZE - (size_t)length,
                           "%s%zu", i == 0 ? "[" : ",", index[i]);
    snprintf(text + length, XHAT_PLACE_TEXT_SIZE - (size_t)length,
             rank > 0 ? "]" : "");
    return text;
}

/* The columns of the longest beginning of line[0 .. length) that ends before a
 * blank and is no wider than `width`; of its first word if that is wider. */
static size_t first_part(const char *line, size_t length, size_t width)
{
    size_t start = strspn(line, " "), end = 0;
    for (size_t i = start + 1; i <= length; i++) {
        bool boundary = i == length || (line[i] == ' ' && line[i - 1] != ' ');
        if (boundary && (i <= width || end == 0))
            end = i;
    }
    return length <= width ? length : end;
}

void xhat_put_wrapped(xhat_text *text, const char *lines, size_t width,
                      int indent)
{
    while (*lines != '\0') {
        size_t length = strcspn(lines, "\n"), room = width;
        do {
            size_t part = first_part(lines, length, room);
            xhat_text_put_bytes(text, lines, part);
            lines += part;
            length -= part;
            room = width - (size_t)indent;
            for (; length > 0 && *lines == ' '; length--)
                lines++;
            xhat_text_put(text, "\n");
            xhat_text_repeat(text, ' ', length > 0 ? indent : 0);
        } while (length > 0);
        if (lines[0] == '\n')
            lines++;
    }
}

char *xhat_rounded_number(double value, int digits, char text[XHAT_SHORT_SIZE])
{
    snprintf(text, XHAT_SHORT_SIZE, "%.*g", digits, value == 0 ? 0 : value);
    return text;
}

char *xhat_short_number(double value, char text[XHAT_SHORT_SIZE])
{
    return xhat_rounded_number(value, 5, text);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

xhat_grid xhat_grid_of(const xhat_axes *axes, xhat_field field,
                       size_t most_rows, size_t most_columns)
{
    xhat_grid grid = {.data = field.data, .rows = 1, .columns = 1, .digits = 5};
    switch (field.extent) {
    case XHAT_EXTENT_SINGLE:
        break;
    case XHAT_EXTENT_PER_CHANNEL:
        grid.columns = axes->channels;
        break;
    case XHAT_EXTENT_PER_ROW:
        grid.columns = axes->outer;
        break;
    case XHAT_EXTENT_PER_STATISTIC:
        grid.rows = axes->per_row ? axes->outer : 1;
        grid.columns = axes->groups;
        break;
    case XHAT_EXTENT_FULL:
        grid.rows = axes->outer;
        grid.columns = axes->channels * axes->inner;
        break;
    }
    grid.shown_rows = least(grid.rows, most_rows);
    grid.shown_columns = least(grid.columns, most_columns);
    return grid;
}

char *xhat_grid_cell(const xhat_grid *grid, size_t row, size_t column,
                     char text[XHAT_SHORT_SIZE])
{
    if (column >= grid->shown_columns) {
        snprintf(text, XHAT_SHORT_SIZE, "..");
        return text;
    }
    size_t k = row * grid->columns + column;
    if (grid->blank != NULL && grid->blank[k]) {
        snprintf(text, XHAT_SHORT_SIZE, "?");
        return text;
    }
    return xhat_rounded_number(grid->data[k], grid->digits, text);
}

const char *xhat_picture_state(const xhat_run *run, int value)
{
    switch (xhat_run_state(run, value)) {
    case XHAT_STATE_HELD:
        return "held at given numbers: its gate does not run";
    case XHAT_STATE_CONSTANT:
        return "constant: made of held values alone, no gradient";
    case XHAT_STATE_IDLE:
        return "not needed: what it leads to is held";
    case XHAT_STATE_LIVE:
        break;
    }
    return NULL;
}

int xhat_picture_users(const xhat_picture *picture, int value,
                       int gates[XHAT_CIRCUIT_GATES_MAX])
{
    const xhat_circuit *circuit = xhat_run_circuit(picture->run);
    int count = 0;
    for (int g = 0; g < circuit->gate_count; g++)
        for (int p = 0; p < circuit->gates[g].operand_count; p++)
            if (circuit->gates[g].operands[p] == value &&
                xhat_run_downstream(picture->run, g, p).data != NULL)
                gates[count++] = g;
    return count;
}
