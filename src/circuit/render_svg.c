#include <stdio.h>
#include <string.h>

#include "layout.h"
#include "picture.h"

/* Geometry, in pixels of the view box. */
enum {
    COLUMN = 206, /* from gate to gate */
    LEFT = 30,    /* before the input's panel */
    LINE = 15,    /* from line to line of a panel */
    RADIUS = 21,  /* of a gate */
    CELLS = 4,    /* rows and columns of a panel's numbers, at most */
    ROOM = 15,    /* characters across a panel of numbers */
    NARROW = 12,  /* the same beside the wire of a parameter */
    HEAD = 92,    /* title */
    LEGEND = 40   /* a line of the legend */
};

typedef struct sheet {
    xhat_text *text;
    const xhat_picture *picture;
    const xhat_run *run;
    const xhat_circuit *circuit;
    xhat_placing layout;
    int half; /* the height of a panel above or below its wire */
    int row_y[XHAT_LAYOUT_ROWS_MAX];
    int width, height;
} sheet;

static const char style_sheet[] =
    "<style>\n"
    "svg { --ink: #1b1b1b; --back: #c62828; --paper: #ffffff; --fill: #f3f1ec;"
    " --dim: #6b6b6b; }\n"
    "@media (prefers-color-scheme: dark) { svg { --ink: #e8e6e1;"
    " --back: #ff7b72; --paper: #16181c; --fill: #262a31; --dim: #9aa0a8; } }\n"
    "text { font: 12px ui-monospace, 'DejaVu Sans Mono', Menlo, monospace;"
    " fill: #1b1b1b; fill: var(--ink); }\n"
    ".title { font: bold 20px system-ui, 'DejaVu Sans', sans-serif; }\n"
    ".plain { font: 13px system-ui, 'DejaVu Sans', sans-serif; }\n"
    ".dim { fill: #6b6b6b; fill: var(--dim); }\n"
    ".name { font-weight: bold; }\n"
    ".sign { font: 17px system-ui, 'DejaVu Sans', sans-serif; }\n"
    ".back { fill: #c62828; fill: var(--back); }\n"
    ".wire { fill: none; stroke: #1b1b1b; stroke: var(--ink);"
    " stroke-width: 1.4; }\n"
    ".return { fill: none; stroke: #c62828; stroke: var(--back);"
    " stroke-width: 1.4; }\n"
    ".gate { fill: #f3f1ec; fill: var(--fill); stroke: #1b1b1b;"
    " stroke: var(--ink); stroke-width: 1.4; }\n"
    ".held { stroke-dasharray: 4 3; }\n"
    ".paper { fill: #ffffff; fill: var(--paper); }\n"
    ".dot { fill: #1b1b1b; fill: var(--ink); }\n"
    ".sum { fill: #ffffff; fill: var(--paper); stroke: #c62828;"
    " stroke: var(--back); stroke-width: 1.4; }\n"
    "</style>\n";

/* ---- where things are ---------------------------------------------------- */

static int gate_x(const sheet *s, int gate)
{
    return LEFT + COLUMN * (1 + s->layout.gate[gate].column) - RADIUS;
}

static int gate_y(const sheet *s, int gate)
{
    return s->row_y[s->layout.gate[gate].row];
}

/* where the wire of a value begins, and its height */
static int wire_x(const sheet *s, int value)
{
    int maker = s->circuit->values[value].maker;
    return maker < 0 ? LEFT : gate_x(s, maker) + RADIUS;
}

static int wire_y(const sheet *s, int value)
{
    int maker = s->circuit->values[value].maker;
    return maker < 0 ? s->row_y[s->layout.trunk] : gate_y(s, maker);
}

/* where a forked value's wire divides */
static int fork_x(const sheet *s, int value)
{
    return wire_x(s, value) + COLUMN - 2 * RADIUS - 34;
}

/* ---- pieces -------------------------------------------------------------- */

static void put_label(sheet *s, int x, int y, const char *class,
                      const char *anchor, const char *string)
{
    xhat_text_add(s->text,
                  "<text x=\"%d\" y=\"%d\" class=\"%s\""
                  " text-anchor=\"%s\" xml:space=\"preserve\">",
                  x, y, class, anchor);
    xhat_text_put_xml(s->text, string);
    xhat_text_put(s->text, "</text>\n");
}

/* title, shape and rows */
static int panel_lines(const xhat_grid *grid)
{
    return (int)grid->shown_rows + (grid->shown_rows < grid->rows) + 2;
}

static void put_grid_row(const xhat_grid *grid, size_t row, int width,
                         char out[160])
{
    int length = 0;
    size_t columns =
        grid->shown_columns + (grid->shown_columns < grid->columns);
    out[0] = '\0';
    for (size_t c = 0; c < columns; c++) {
        char cell[XHAT_SHORT_SIZE];
        xhat_grid_cell(grid, row, c, cell);
        length += snprintf(out + length, 160 - (size_t)length, "%s%*s",
                           c > 0 ? " " : "",
                           c < grid->shown_columns ? width : 2, cell);
    }
}

static int cell_width(const xhat_grid *grid)
{
    int width = 1;
    for (size_t r = 0; r < grid->shown_rows; r++)
        for (size_t c = 0; c < grid->shown_columns; c++) {
            char cell[XHAT_SHORT_SIZE];
            int length = (int)strlen(xhat_grid_cell(grid, r, c, cell));
            width = length > width ? length : width;
        }
    return width;
}

/* As many columns as fit into `room` characters. */
static xhat_grid grid_of(const sheet *s, xhat_field field, int room)
{
    xhat_grid grid = xhat_grid_of(xhat_run_axes(s->run), field, CELLS, CELLS);
    grid.digits = 4;
    for (; grid.shown_columns > 1; grid.shown_columns--) {
        int width = (int)grid.shown_columns * (cell_width(&grid) + 1) - 1;
        if (grid.shown_columns < grid.columns)
            width += 3;
        if (width <= room)
            break;
    }
    return grid;
}

/* A heading, the shape, the first numbers. */
static void put_panel(sheet *s, const char *title, xhat_field field, bool red,
                      int room, int middle, int top)
{
    if (field.data == NULL)
        return;
    const char *class = red ? "back" : "ink";
    char shape[XHAT_SHAPE_TEXT_SIZE], line[160];
    xhat_grid grid = grid_of(s, field, room);
    int width = cell_width(&grid), y = top + LINE - 3;
    put_label(s, middle, y, red ? "name back" : "name", "middle", title);
    put_label(s, middle, y + LINE, class, "middle",
              xhat_picture_shape_text(s->picture, field.extent, shape));
    for (size_t r = 0; r < grid.shown_rows; r++) {
        put_grid_row(&grid, r, width, line);
        put_label(s, middle, y + LINE * ((int)r + 2), class, "middle", line);
    }
    if (grid.shown_rows < grid.rows)
        put_label(s, middle, y + LINE * ((int)grid.shown_rows + 2), class,
                  "middle", "..");
}

static void put_side(sheet *s, int value, xhat_side side, int room, int middle,
                     int top)
{
    put_panel(s, xhat_circuit_key(s->circuit, side, value),
              xhat_run_field(s->run, side, value), side == XHAT_SIDE_GRADIENT,
              room, middle, top);
}

/* A value's two panels around the wire at (x, y). */
static void put_value(sheet *s, int value, int middle, int y)
{
    xhat_field field = xhat_run_field(s->run, XHAT_SIDE_VALUE, value);
    if (field.data != NULL) {
        xhat_grid grid = grid_of(s, field, ROOM);
        put_side(s, value, XHAT_SIDE_VALUE, ROOM, middle,
                 y - 8 - LINE * panel_lines(&grid));
    }
    put_side(s, value, XHAT_SIDE_GRADIENT, ROOM, middle, y + 8);
}

/* ---- wires --------------------------------------------------------------- */

/* A forward wire and, 5 pixels aside, the gradient's way back. */
static void put_wire(sheet *s, const int *points, int count, bool live)
{
    for (int side = 0; side < (live ? 2 : 1); side++) {
        int aside = live ? (side == 0 ? -2 : 3) : 0;
        xhat_text_add(
            s->text, "<polyline class=\"%s\" marker-%s=\"url(#%s)\" points=\"",
            side == 0 ? "wire" : "return", side == 0 ? "end" : "start",
            side == 0 ? "forth" : "back");
        for (int i = 0; i < count; i++)
            xhat_text_add(s->text, "%s%d,%d", i > 0 ? " " : "",
                          points[2 * i] + aside, points[2 * i + 1] + aside);
        xhat_text_put(s->text, "\"/>\n");
    }
}

/* From the value's panel, or from its fork, to one gate that uses it. */
static void put_way(sheet *s, int value, int gate, bool forked, bool live)
{
    int x = forked ? fork_x(s, value) : wire_x(s, value);
    int y = wire_y(s, value), to_x = gate_x(s, gate), to_y = gate_y(s, gate);
    if (y == to_y) {
        put_wire(s, (int[]){x, y, to_x - RADIUS - 8, y}, 2, live);
    } else if (y == s->row_y[s->layout.trunk]) {
        put_wire(s, (int[]){x, y, x, to_y, to_x - RADIUS - 8, to_y}, 3, live);
    } else {
        int edge = y < to_y ? to_y - RADIUS - 8 : to_y + RADIUS + 8;
        put_wire(s, (int[]){x, y, to_x, y, to_x, edge}, 3, live);
    }
}

/* A parameter stands below the gate that uses it. */
static void put_parameter(sheet *s, int value, int gate, bool live)
{
    int x = gate_x(s, gate), y = gate_y(s, gate) + RADIUS;
    int bottom = s->row_y[s->layout.trunk] + s->half + 44;
    put_wire(s, (int[]){x, bottom, x, y + 8}, 2, live);
    put_side(s, value, XHAT_SIDE_VALUE, NARROW, x - 54, bottom);
    put_side(s, value, XHAT_SIDE_GRADIENT, NARROW, x + 54, bottom);
}

/* Where a value forks: a dot, or a + where several gradients come back, and
 * beside it what each gate hands down. */
static void put_fork(sheet *s, int value, const int *gates, const int *parts,
                     int count)
{
    int x = fork_x(s, value), y = wire_y(s, value), returning = 0;
    for (int i = 0; i < count; i++) {
        xhat_field part = xhat_run_downstream(s->run, gates[i], parts[i]);
        if (part.data == NULL)
            continue;
        xhat_grid grid = grid_of(s, part, ROOM);
        bool below = gate_y(s, gates[i]) == y;
        char title[32];
        snprintf(title, sizeof title, "from gate %d", gates[i] + 1);
        put_panel(s, title, part, true, ROOM, x + 70,
                  below ? y + 8 : y - 8 - LINE * panel_lines(&grid));
        returning++;
    }
    put_wire(s, (int[]){wire_x(s, value), y, x, y}, 2, returning > 0);
    if (returning > 1)
        xhat_text_add(s->text,
                      "<circle class=\"sum\" cx=\"%d\" cy=\"%d\" r=\"8\"/>"
                      "<path class=\"return\" d=\"M%d,%d h8 m-4,-4 v8\"/>\n",
                      x, y, x - 4, y);
    else
        xhat_text_add(s->text,
                      "<circle class=\"dot\" cx=\"%d\" cy=\"%d\" r=\"3\"/>\n",
                      x, y);
}

static void put_wires_of(sheet *s, int value)
{
    int gates[XHAT_CIRCUIT_GATES_MAX], parts[XHAT_CIRCUIT_GATES_MAX], count = 0;
    for (int g = 0; g < s->circuit->gate_count; g++)
        for (int p = 0; p < s->circuit->gates[g].operand_count; p++)
            if (s->circuit->gates[g].operands[p] == value) {
                gates[count] = g;
                parts[count++] = p;
            }
    bool parameter =
        s->circuit->values[value].maker < 0 && value != s->circuit->input;
    for (int i = 0; i < count; i++) {
        bool live = xhat_run_local(s->run, gates[i], parts[i]).data != NULL;
        if (parameter)
            put_parameter(s, value, gates[i], live);
        else
            put_way(s, value, gates[i], count > 1, live);
    }
    int x = wire_x(s, value), y = wire_y(s, value);
    if (value == s->circuit->output)
        put_wire(s, (int[]){x, y, fork_x(s, value) + 20, y}, 2, true);
    if (count > 1)
        put_fork(s, value, gates, parts, count);
    if (!parameter)
        put_value(s, value, x + (COLUMN - 2 * RADIUS) / 2 - 16, y);
}

/* ---- gates, legend ------------------------------------------------------- */

static const char *sign_of(xhat_gate_kind kind)
{
    switch (kind) {
    case XHAT_GATE_MEAN:
        return "1/N Σ";
    case XHAT_GATE_SUBTRACT:
        return "−";
    case XHAT_GATE_SQUARE:
        return "a²";
    case XHAT_GATE_ROOT:
        return "√";
    case XHAT_GATE_RECIPROCAL:
        return "1/a";
    case XHAT_GATE_MULTIPLY:
        return "×";
    case XHAT_GATE_ADD:
        break;
    }
    return "+";
}

static void put_gate(sheet *s, int gate)
{
    const xhat_circuit_gate *g = &s->circuit->gates[gate];
    int x = gate_x(s, gate), y = gate_y(s, gate);
    char number[16];
    snprintf(number, sizeof number, "%d", gate + 1);
    bool runs = xhat_run_computed(s->run, XHAT_SIDE_VALUE, g->output).data;
    xhat_text_add(s->text, "<g><title>gate %d: ", gate + 1);
    xhat_text_put_xml(s->text, g->formula);
    xhat_text_add(s->text,
                  "</title><circle class=\"gate%s\" cx=\"%d\" cy=\"%d\""
                  " r=\"%d\"/>\n",
                  runs ? "" : " held", x, y, RADIUS);
    put_label(s, x, y + 5, g->kind == XHAT_GATE_MEAN ? "plain" : "sign",
              "middle", sign_of(g->kind));
    put_label(s, x - RADIUS + 2, y - RADIUS + 2, "name", "end", number);
    xhat_text_put(s->text, "</g>\n");
}

/* Each gate's formula, its local gradients, and what the complex step says. */
static void put_legend(sheet *s, int top)
{
    const xhat_verification *found = s->picture->verification;
    int column = (s->width - 2 * LEFT) / 3;
    int rows = (s->circuit->gate_count + 2) / 3;
    for (int g = 0; g < s->circuit->gate_count; g++) {
        const xhat_circuit_gate *gate = &s->circuit->gates[g];
        int x = LEFT + column * (g / rows), y = top + LEGEND * (g % rows);
        char line[200];
        snprintf(line, sizeof line, "%d  %s", g + 1, gate->formula);
        put_label(s, x, y, "name", "start", line);
        int length =
            snprintf(line, sizeof line, "   local: %s to %s", gate->local[0],
                     s->circuit->values[gate->operands[0]].name);
        if (gate->operand_count == 2)
            snprintf(line + length, sizeof line - (size_t)length, ", %s to %s",
                     gate->local[1],
                     s->circuit->values[gate->operands[1]].name);
        put_label(s, x, y + LINE, "back", "start", line);
    }
    if (found != NULL && found->complex_step >= 0) {
        char line[200];
        snprintf(line, sizeof line,
                 "A complex-step derivative from end to end agrees with dx,"
                 " dgamma and dbeta to %.1e.",
                 found->complex_step);
        put_label(s, LEFT, top + LEGEND * rows, "plain dim", "start", line);
    }
}

static void put_title(sheet *s)
{
    char line[400], shape[XHAT_SHAPE_TEXT_SIZE], eps[XHAT_SHORT_SIZE];
    snprintf(line, sizeof line, "The circuit of %s normalization",
             s->picture->norm);
    put_label(s, LEFT, 36, "title", "start", line);
    snprintf(line, sizeof line,
             "x %s, N = %zu, eps = %s. Forward in black, left to right; "
             "backward in red, right to left; shapes in brackets; + where "
             "gradients add up.",
             xhat_picture_shape_text(s->picture, XHAT_EXTENT_FULL, shape),
             xhat_axes_sharing(xhat_run_axes(s->run)),
             xhat_short_number(xhat_run_eps(s->run), eps));
    put_label(s, LEFT, 60, "plain dim", "start", line);
    if (s->picture->note != NULL)
        put_label(s, LEFT, 80, "plain dim", "start", s->picture->note);
}

/* Rows of the picture: branches above each other, the trunk lowest. */
static void measure(sheet *s)
{
    int lines = 0;
    for (int v = 0; v < s->circuit->value_count; v++) {
        xhat_field field = xhat_run_field(s->run, XHAT_SIDE_VALUE, v);
        if (field.data == NULL)
            continue;
        xhat_grid grid = grid_of(s, field, ROOM);
        lines = panel_lines(&grid) > lines ? panel_lines(&grid) : lines;
    }
    s->half = LINE * lines + 16;
    for (int r = 0; r < s->layout.rows; r++)
        s->row_y[r] = HEAD + s->half + 2 * s->half * r;
    s->width = LEFT + COLUMN * (s->layout.columns + 1) + 10;
    int rows = (s->circuit->gate_count + 2) / 3;
    s->height = s->row_y[s->layout.trunk] + 2 * s->half + 84 + LEGEND * rows;
}

void xhat_render_svg(xhat_text *text, const xhat_picture *picture)
{
    sheet s = {.text = text,
               .picture = picture,
               .run = picture->run,
               .circuit = xhat_run_circuit(picture->run)};
    xhat_placing_of(&s.layout, s.circuit);
    measure(&s);
    xhat_text_add(text,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" "
                  "viewBox=\"0 0 %d %d\" width=\"%d\" role=\"img\">\n"
                  "<title>The circuit of %s normalization</title>\n",
                  s.width, s.height, s.width, picture->norm);
    xhat_text_put(text, style_sheet);
    xhat_text_put(text,
                  "<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n");
    xhat_text_put(
        text,
        "<defs>\n"
        "<marker id=\"forth\" markerWidth=\"9\" markerHeight=\"8\" refX=\"1\""
        " refY=\"4\" orient=\"auto\"><path class=\"dot\" d=\"M0,0.5 L8,4 L0,7.5"
        " z\"/></marker>\n"
        "<marker id=\"back\" markerWidth=\"9\" markerHeight=\"8\" refX=\"1\""
        " refY=\"4\" orient=\"auto-start-reverse\"><path class=\"back\""
        " d=\"M0,0.5 L8,4 L0,7.5 z\"/></marker>\n"
        "</defs>\n");
    put_title(&s);
    for (int v = 0; v < s.circuit->value_count; v++)
        put_wires_of(&s, v);
    for (int g = 0; g < s.circuit->gate_count; g++)
        put_gate(&s, g);
    put_legend(&s, s.height - 24 - LEGEND * ((s.circuit->gate_count + 2) / 3));
    xhat_text_put(text, "</svg>\n");
}
