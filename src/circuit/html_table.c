#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "html.h"

size_t xhat_html_element(const xhat_html *html, xhat_extent extent, size_t at)
{
    switch (extent) {
    case XHAT_EXTENT_SINGLE:
        return 0;
    case XHAT_EXTENT_PER_STATISTIC:
        return xhat_axes_first(html->axes, at);
    case XHAT_EXTENT_PER_CHANNEL:
        return at * html->axes->inner;
    case XHAT_EXTENT_PER_ROW:
        return at * html->axes->channels * html->axes->inner;
    case XHAT_EXTENT_FULL:
        break;
    }
    return at;
}

/* ---- headings ------------------------------------------------------------ */

/* "<caption>upstream <b>dvar</b> (2)</caption>" */
static void put_caption(xhat_html *html, const xhat_html_array *array)
{
    char shape[XHAT_SHAPE_TEXT_SIZE];
    xhat_text_put(html->text, "<caption>");
    if (array->role != NULL)
        xhat_text_add(html->text, "<span class=role>%s</span> ", array->role);
    xhat_text_put(html->text, "<b>");
    xhat_text_put_xml(html->text, array->name);
    xhat_text_add(
        html->text, "</b> %s</caption>",
        xhat_picture_shape_text(html->picture, array->field.extent, shape));
}

/* What to call column `c`: the channel, and the place in it where it has
 * several. */
static void put_column_name(xhat_html *html, xhat_extent extent, size_t c)
{
    size_t inner = html->axes->inner;
    if (extent == XHAT_EXTENT_FULL && inner > 1)
        xhat_text_add(html->text, "%zu·%zu", c / inner, c % inner);
    else
        xhat_text_add(html->text, "%zu", c);
}

static void put_column_names(xhat_html *html, const xhat_grid *grid,
                             xhat_extent extent)
{
    xhat_text_put(html->text, grid->rows > 1 ? "<tr><td>" : "<tr>");
    for (size_t c = 0; c < grid->shown_columns; c++) {
        xhat_text_put(html->text, "<th scope=col>");
        put_column_name(html, extent, c);
    }
    if (grid->columns > grid->shown_columns)
        xhat_text_put(html->text, "<td>");
}

/* what a table does not show */
static void put_rest(xhat_html *html, const xhat_grid *grid)
{
    size_t rows = grid->rows - grid->shown_rows;
    size_t columns = grid->columns - grid->shown_columns;
    if (rows > 0)
        xhat_text_add(html->text,
                      "<tr class=rest><td colspan=%zu>… %zu more rows",
                      grid->shown_columns + 2, rows);
    if (columns > 0)
        xhat_text_add(html->text,
                      "<tr class=rest><td colspan=%zu>… %zu more columns",
                      grid->shown_columns + 2, columns);
}

/* ---- cells --------------------------------------------------------------- */

static void put_question(xhat_html *html, const xhat_html_array *array,
                         size_t k)
{
    char place[XHAT_PLACE_TEXT_SIZE], hash[XHAT_QUIZ_HASH_SIZE];
    xhat_picture_place(html->picture, array->name, array->field.extent, k,
                       place);
    xhat_quiz_hash(html->view->quiz, place, array->field.data[k], hash);
    xhat_text_add(html->text,
                  "<td class=ask><input size=6 inputmode=decimal"
                  " autocomplete=off spellcheck=false aria-label=\"%s\""
                  " data-hash=%s>",
                  place, hash);
}

static void put_cell(xhat_html *html, const xhat_html_array *array,
                     const xhat_grid *grid, size_t row, size_t column)
{
    static const char *const classes[] = {"", "far", "near", "self"};
    size_t k = row * grid->columns + column;
    const unsigned char *marks =
        array->keyed ? html->dependence.marks[array->side][array->value] : NULL;
    int mark = marks != NULL ? marks[k] : XHAT_MARK_NONE;
    bool finite = isfinite(array->field.data[k]);
    char number[XHAT_SHORT_SIZE];
    if (grid->blank != NULL && grid->blank[k] && array->asked) {
        put_question(html, array, k);
        return;
    }
    if (mark == XHAT_MARK_NONE && finite)
        xhat_text_put(html->text, "<td>");
    else if (finite)
        xhat_text_add(html->text, "<td class=%s>", classes[mark]);
    else
        xhat_text_add(html->text, "<td class=\"%s bad\">", classes[mark]);
    xhat_text_put(html->text, xhat_grid_cell(grid, row, column, number));
}

/* Local gradients and branches would tell what a quiz asks for. */
static bool is_hidden(const xhat_html *html, const xhat_html_array *array)
{
    return html->view->quiz != NULL && !array->keyed &&
           array->field.extent != XHAT_EXTENT_SINGLE;
}

void xhat_html_put_array(xhat_html *html, const xhat_html_array *array)
{
    if (array->field.data == NULL || is_hidden(html, array))
        return;
    xhat_grid grid = xhat_grid_of(html->axes, array->field, XHAT_HTML_ROWS,
                                  XHAT_HTML_COLUMNS);
    if (html->view->quiz != NULL && array->keyed)
        grid.blank = html->view->quiz->blank[array->side][array->value];
    bool single = array->field.extent == XHAT_EXTENT_SINGLE;
    xhat_text_put(html->text, "<table class=\"numbers");
    if (array->role != NULL || array->side == XHAT_SIDE_GRADIENT)
        xhat_text_put(html->text, " gradient");
    if (array->keyed)
        xhat_text_add(html->text, "\" data-array=\"%d.%d.%zu", array->side,
                      array->value, grid.columns);
    xhat_text_put(html->text, "\">");
    put_caption(html, array);
    if (!single)
        put_column_names(html, &grid, array->field.extent);
    for (size_t r = 0; r < grid.shown_rows; r++) {
        if (grid.rows > 1)
            xhat_text_add(html->text, "<tr><th scope=row>%zu", r);
        else
            xhat_text_put(html->text, "<tr>");
        for (size_t c = 0; c < grid.shown_columns; c++)
            put_cell(html, array, &grid, r, c);
        if (grid.columns > grid.shown_columns)
            xhat_text_put(html->text, "<td>…");
    }
    put_rest(html, &grid);
    xhat_text_put(html->text, "</table>");
}

void xhat_html_put_side(xhat_html *html, const char *role, xhat_side side,
                        int value, bool asked)
{
    xhat_html_array array = {.role = role,
                             .name =
                                 xhat_circuit_key(html->circuit, side, value),
                             .field = xhat_run_field(html->run, side, value),
                             .keyed = true,
                             .side = side,
                             .value = value,
                             .asked = asked};
    xhat_html_put_array(html, &array);
}

void xhat_html_put_sign(xhat_html *html, const char *sign)
{
    xhat_text_add(html->text, "<span class=sign>%s</span>", sign);
}

/* ---- fields -------------------------------------------------------------- */

static void put_field(xhat_html *html, const xhat_html_array *array, size_t k,
                      int size)
{
    char place[XHAT_PLACE_TEXT_SIZE], number[XHAT_NUMBER_SIZE];
    double value = array->field.data[k];
    const unsigned char *marks =
        html->dependence.marks[array->side][array->value];
    static const char *const classes[] = {"", "far", "near", "self"};
    xhat_text_add(html->text,
                  "<td class=\"%s%s\"><input data-k=%zu size=%d value=\"%s\""
                  " aria-label=\"%s\" inputmode=decimal autocomplete=off"
                  " spellcheck=false readonly>",
                  marks != NULL ? classes[marks[k]] : "",
                  isfinite(value) ? "" : " bad", k, size,
                  xhat_number_from_f64(value, number),
                  xhat_picture_place(html->picture, array->name,
                                     array->field.extent, k, place));
}

void xhat_html_put_fields(xhat_html *html, xhat_side side, int value)
{
    xhat_html_array array = {.name =
                                 xhat_circuit_key(html->circuit, side, value),
                             .field = xhat_run_field(html->run, side, value),
                             .keyed = true,
                             .side = side,
                             .value = value};
    if (array.field.data == NULL)
        return;
    xhat_grid grid = xhat_grid_of(html->axes, array.field, XHAT_HTML_ROWS,
                                  XHAT_HTML_COLUMNS);
    int size = 3;
    for (size_t k = 0; k < grid.shown_rows * grid.shown_columns; k++) {
        char number[XHAT_NUMBER_SIZE];
        size_t at =
            k / grid.shown_columns * grid.columns + k % grid.shown_columns;
        int length =
            (int)strlen(xhat_number_from_f64(array.field.data[at], number));
        size = length > size ? length : size;
    }
    xhat_text_add(html->text,
                  "<table class=\"numbers%s\" data-array=\"%d.%d.%zu\">",
                  side == XHAT_SIDE_GRADIENT ? " gradient" : "", side, value,
                  grid.columns);
    put_caption(html, &array);
    put_column_names(html, &grid, array.field.extent);
    for (size_t r = 0; r < grid.shown_rows; r++) {
        if (grid.rows > 1)
            xhat_text_add(html->text, "<tr><th scope=row>%zu", r);
        else
            xhat_text_put(html->text, "<tr>");
        for (size_t c = 0; c < grid.shown_columns; c++)
            put_field(html, &array, r * grid.columns + c, size > 9 ? 9 : size);
        if (grid.columns > grid.shown_columns)
            xhat_text_put(html->text, "<td>…");
    }
    put_rest(html, &grid);
    xhat_text_put(html->text, "</table>");
}
