#include "drawing.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Geometry, in pixels of the view box. */
enum {
    RADIUS = 21,    /* of a gate */
    CELLS = 4,      /* rows and columns of a panel's numbers, at most */
    ROOM = 13,      /* characters across a panel of numbers */
    NARROW = 12,    /* the same beside the wire of a parameter */
    CHARACTER = 73, /* tenths of a pixel */
    SPACE = 14      /* beside a panel */
};

/* ---- where things are ---------------------------------------------------- */

static int gate_x(const xhat_drawing *s, int gate)
{
    return s->column_x[s->layout.gate[gate].column] - RADIUS;
}

static int gate_y(const xhat_drawing *s, int gate)
{
    return s->row_y[s->layout.gate[gate].row];
}

/* where the wire of a value begins, and its height */
static int wire_x(const xhat_drawing *s, int value)
{
    int maker = s->circuit->values[value].maker;
    return maker < 0 ? XHAT_DRAWING_LEFT : gate_x(s, maker) + RADIUS;
}

static int wire_y(const xhat_drawing *s, int value)
{
    int maker = s->circuit->values[value].maker;
    return maker < 0 ? s->row_y[s->layout.trunk] : gate_y(s, maker);
}

/* how long it is, up to the next gate's column */
static int wire_length(const xhat_drawing *s, int value)
{
    int maker = s->circuit->values[value].maker;
    int column = maker < 0 ? 0 : s->layout.gate[maker].column + 1;
    return s->column_x[column] - 2 * RADIUS - wire_x(s, value);
}

/* where a forked value's wire divides */
static int fork_x(const xhat_drawing *s, int value)
{
    return wire_x(s, value) + wire_length(s, value) - 34;
}

/* ---- pieces -------------------------------------------------------------- */

void xhat_put_label(xhat_text *text, int x, int y, const char *class,
                    const char *anchor, const char *string)
{
    xhat_text_add(text,
                  "<text x=\"%d\" y=\"%d\" class=\"%s\""
                  " text-anchor=\"%s\" xml:space=\"preserve\">",
                  x, y, class, anchor);
    xhat_text_put_xml(text, string);
    xhat_text_put(text, "</text>\n");
}

/* A centered line.  In a page the style says what is said here of a document
 * of its own: a page is lighter so. */
static void put_line(xhat_drawing *s, int x, int y, const char *class,
                     const char *string)
{
    if (!s->gaze.linked) {
        xhat_put_label(s->text, x, y, class, "middle", string);
        return;
    }
    xhat_text_add(s->text, "<text x=%d y=%d class=\"%s\">", x, y, class);
    xhat_text_put_xml(s->text, string);
    xhat_text_put(s->text, "</text>");
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
static xhat_grid grid_of(const xhat_drawing *s, xhat_field field, int room)
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

/* What a panel shows and how: a heading, the shape, the first numbers. */
typedef struct panel {
    const char *title;
    xhat_field field;
    const unsigned char *blank; /* numbers not shown */
    bool red, lit;
    int room; /* characters */
} panel;

static bool has_nonfinite(const xhat_drawing *s, xhat_field field)
{
    size_t count = xhat_axes_count(xhat_run_axes(s->run), field.extent);
    for (size_t k = 0; k < count; k++)
        if (!isfinite(field.data[k]))
            return true;
    return false;
}

static void open_panel(xhat_drawing *s, const panel *p, const char *shape)
{
    xhat_text_add(s->text, "<g class=\"panel%s%s\"", p->lit ? " lit" : "",
                  has_nonfinite(s, p->field) ? " bad" : "");
    if (s->gaze.linked) {
        xhat_text_put(s->text, " role=\"img\" aria-label=\"");
        xhat_text_put_xml(s->text, p->title);
        xhat_text_add(s->text, " %s\"", shape);
    }
    xhat_text_put(s->text, ">\n");
}

static void put_panel(xhat_drawing *s, const panel *p, int middle, int top)
{
    if (p->field.data == NULL)
        return;
    const char *class = p->red ? "back" : "ink";
    char shape[XHAT_SHAPE_TEXT_SIZE], line[160];
    xhat_grid grid = grid_of(s, p->field, p->room);
    grid.blank = p->blank;
    int width = cell_width(&grid), y = top + XHAT_DRAWING_LINE - 3;
    open_panel(s, p,
               xhat_picture_shape_text(s->picture, p->field.extent, shape));
    put_line(s, middle, y, p->red ? "name back" : "name", p->title);
    put_line(s, middle, y += XHAT_DRAWING_LINE, class, shape);
    for (size_t r = 0; r < grid.shown_rows; r++) {
        put_grid_row(&grid, r, width, line);
        put_line(s, middle, y += XHAT_DRAWING_LINE, class, line);
    }
    if (grid.shown_rows < grid.rows)
        put_line(s, middle, y + XHAT_DRAWING_LINE, class, "..");
    xhat_text_put(s->text, "</g>\n");
}

/* True where the gate that is lit makes or uses the value. */
static bool is_lit(const xhat_drawing *s, int value)
{
    if (s->gaze.gate < 0)
        return false;
    const xhat_circuit_gate *gate = &s->circuit->gates[s->gaze.gate];
    bool lit = gate->output == value;
    for (int p = 0; p < gate->operand_count; p++)
        lit = lit || gate->operands[p] == value;
    return lit;
}

static void put_side(xhat_drawing *s, int value, xhat_side side, int room,
                     int middle, int top)
{
    panel p = {.title = xhat_circuit_key(s->circuit, side, value),
               .field = xhat_run_field(s->run, side, value),
               .blank = s->gaze.blank ? s->gaze.blank[side][value] : NULL,
               .red = side == XHAT_SIDE_GRADIENT,
               .lit = is_lit(s, value),
               .room = room};
    put_panel(s, &p, middle, top);
}

/* A value's two panels around the wire at (x, y). */
static void put_value(xhat_drawing *s, int value, int middle, int y)
{
    xhat_field field = xhat_run_field(s->run, XHAT_SIDE_VALUE, value);
    if (field.data != NULL) {
        xhat_grid grid = grid_of(s, field, ROOM);
        put_side(s, value, XHAT_SIDE_VALUE, ROOM, middle,
                 y - 8 - XHAT_DRAWING_LINE * panel_lines(&grid));
    }
    put_side(s, value, XHAT_SIDE_GRADIENT, ROOM, middle, y + 8);
}

/* ---- wires --------------------------------------------------------------- */

typedef enum wire {
    DEAD = 0,
    LIVE = 1,
    LIT = 2
} wire; /* bits: no gradient
                                comes back; one does; it is looked at */

/* A forward wire and, 5 pixels aside, the gradient's way back. */
static void put_wire(xhat_drawing *s, const int *points, int count, int state)
{
    bool live = state & LIVE;
    for (int side = 0; side < (live ? 2 : 1); side++) {
        int aside = live ? (side == 0 ? -2 : 3) : 0;
        xhat_text_add(
            s->text,
            "<polyline class=\"%s%s\" marker-%s=\"url(#%s)\" points=\"",
            side == 0 ? "wire" : "return", state & LIT ? " lit" : "",
            side == 0 ? "end" : "start", side == 0 ? "forth" : "back");
        for (int i = 0; i < count; i++)
            xhat_text_add(s->text, "%s%d,%d", i > 0 ? " " : "",
                          points[2 * i] + aside, points[2 * i + 1] + aside);
        xhat_text_put(s->text, "\"/>\n");
    }
}

/* From the value's panel, or from its fork, to one gate that uses it. */
static void put_way(xhat_drawing *s, int value, int gate, bool forked, int live)
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
static void put_parameter(xhat_drawing *s, int value, int gate, int live)
{
    int x = gate_x(s, gate), y = gate_y(s, gate) + RADIUS;
    int bottom = s->row_y[s->layout.trunk] + s->half + 44;
    put_wire(s, (int[]){x, bottom, x, y + 8}, 2, live);
    put_side(s, value, XHAT_SIDE_VALUE, NARROW, x - 48, bottom);
    put_side(s, value, XHAT_SIDE_GRADIENT, NARROW, x + 48, bottom);
}

/* Where a value forks: a dot, or a + where several gradients come back, and
 * beside it what each gate hands down. */
static void put_fork(xhat_drawing *s, int value, const int *gates,
                     const int *parts, int count)
{
    int x = fork_x(s, value), y = wire_y(s, value), returning = 0;
    for (int i = 0; i < count; i++) {
        xhat_field part = xhat_run_downstream(s->run, gates[i], parts[i]);
        if (part.data == NULL)
            continue;
        returning++;
        if (s->gaze.blank != NULL) /* parts would tell what is not shown */
            continue;
        xhat_grid grid = grid_of(s, part, ROOM);
        bool below = gate_y(s, gates[i]) == y;
        char title[32];
        snprintf(title, sizeof title, "from gate %d", gates[i] + 1);
        panel p = {.title = title,
                   .field = part,
                   .red = true,
                   .lit = s->gaze.gate == gates[i],
                   .room = ROOM};
        put_panel(s, &p, x + 70,
                  below ? y + 8
                        : y - 8 - XHAT_DRAWING_LINE * panel_lines(&grid));
    }
    put_wire(s, (int[]){wire_x(s, value), y, x, y}, 2,
             (returning > 0 ? LIVE : DEAD) | (is_lit(s, value) ? LIT : DEAD));
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

static void put_wires_of(xhat_drawing *s, int value)
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
        bool flows = xhat_run_local(s->run, gates[i], parts[i]).data != NULL;
        bool lit = s->gaze.gate >= 0 &&
                   (s->gaze.gate == gates[i] ||
                    s->circuit->values[value].maker == s->gaze.gate);
        int live = (flows ? LIVE : DEAD) | (lit ? LIT : DEAD);
        if (parameter)
            put_parameter(s, value, gates[i], live);
        else
            put_way(s, value, gates[i], count > 1, live);
    }
    int x = wire_x(s, value), y = wire_y(s, value);
    if (value == s->circuit->output)
        put_wire(s, (int[]){x, y, fork_x(s, value) + 20, y}, 2,
                 LIVE | (is_lit(s, value) ? LIT : DEAD));
    if (count > 1)
        put_fork(s, value, gates, parts, count);
    if (!parameter)
        put_value(s, value,
                  x + wire_length(s, value) / 2 - (count > 1 ? 16 : 4), y);
}

/* ---- gates --------------------------------------------------------------- */

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

/* How a gate stands to the one that is lit. */
static const char *relation(const xhat_drawing *s, int gate)
{
    const xhat_circuit_gate *gates = s->circuit->gates;
    int now = s->gaze.gate;
    if (now < 0)
        return "";
    if (gate == now)
        return " now";
    for (int p = 0; p < gates[now].operand_count; p++)
        if (s->circuit->values[gates[now].operands[p]].maker == gate)
            return " feeds";
    for (int p = 0; p < gates[gate].operand_count; p++)
        if (gates[gate].operands[p] == gates[now].output)
            return " fed";
    return "";
}

static void put_gate(xhat_drawing *s, int gate)
{
    const xhat_circuit_gate *g = &s->circuit->gates[gate];
    int x = gate_x(s, gate), y = gate_y(s, gate);
    char number[16];
    snprintf(number, sizeof number, "%d", gate + 1);
    bool runs = xhat_run_computed(s->run, XHAT_SIDE_VALUE, g->output).data;
    if (s->gaze.linked)
        xhat_text_add(s->text,
                      "<a href=\"#forward-%d\" data-gate=\"%d\""
                      " class=\"node%s\" aria-label=\"gate %d: ",
                      gate + 1, gate + 1, relation(s, gate), gate + 1);
    else
        xhat_text_add(s->text, "<g><title>gate %d: ", gate + 1);
    xhat_text_put_xml(s->text, g->formula);
    xhat_text_add(s->text,
                  "%s<circle class=\"gate%s\" cx=\"%d\" cy=\"%d\""
                  " r=\"%d\"/>\n",
                  s->gaze.linked ? "\">" : "</title>", runs ? "" : " held", x,
                  y, RADIUS);
    put_line(s, x, y + 5, g->kind == XHAT_GATE_MEAN ? "plain" : "sign",
             sign_of(g->kind));
    put_line(s, x - RADIUS - 2, y - RADIUS + 2, "name", number);
    xhat_text_put(s->text, s->gaze.linked ? "</a>\n" : "</g>\n");
}

/* ---- the whole ----------------------------------------------------------- */

/* A column is as wide as the names of what its gates make; a fork needs room
 * for itself.  Numbers take ROOM characters whatever they are, so that nothing
 * moves when they change. */
static int width_after(const xhat_drawing *s, int column)
{
    int widest = ROOM;
    for (int v = 0; v < s->circuit->value_count; v++) {
        int maker = s->circuit->values[v].maker, users = 0;
        int at = maker >= 0               ? s->layout.gate[maker].column + 1
                 : v == s->circuit->input ? 0
                                          : -1;
        if (at != column)
            continue;
        int length = (int)strlen(s->circuit->values[v].gradient);
        for (int g = 0; g < s->circuit->gate_count; g++)
            for (int p = 0; p < s->circuit->gates[g].operand_count; p++)
                users += s->circuit->gates[g].operands[p] == v;
        length += users > 1 ? 5 : 0;
        widest = length > widest ? length : widest;
    }
    return widest * CHARACTER / 10 + 2 * RADIUS + SPACE;
}

/* Rows of the picture: branches above each other, the trunk lowest. */
void xhat_drawing_lay_out(xhat_drawing *s, xhat_text *text,
                          const xhat_picture *picture, xhat_gaze gaze, int top)
{
    *s = (xhat_drawing){.text = text,
                        .picture = picture,
                        .run = picture->run,
                        .circuit = xhat_run_circuit(picture->run),
                        .gaze = gaze};
    xhat_placing_of(&s->layout, s->circuit);
    int lines = 0;
    for (int v = 0; v < s->circuit->value_count; v++) {
        xhat_field field = xhat_run_field(s->run, XHAT_SIDE_VALUE, v);
        if (field.data == NULL)
            continue;
        xhat_grid grid = grid_of(s, field, ROOM);
        lines = panel_lines(&grid) > lines ? panel_lines(&grid) : lines;
    }
    s->half = XHAT_DRAWING_LINE * lines + 16;
    for (int r = 0; r < s->layout.rows; r++)
        s->row_y[r] = top + s->half + 2 * s->half * r;
    int x = XHAT_DRAWING_LEFT;
    for (int c = 0; c <= s->layout.columns; c++)
        s->column_x[c] = x += width_after(s, c);
    s->width = x + 10;
    s->height =
        s->row_y[s->layout.trunk] + s->half + 64 + XHAT_DRAWING_LINE * 3;
}

void xhat_put_markers(xhat_text *text)
{
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
}

void xhat_put_drawing(xhat_drawing *s)
{
    for (int v = 0; v < s->circuit->value_count; v++)
        put_wires_of(s, v);
    for (int g = 0; g < s->circuit->gate_count; g++)
        put_gate(s, g);
}
