#include <math.h>
#include <stdio.h>
#include <string.h>

#include "picture.h"

/* A panel is a small table with a heading of three lines: what it is, the key
 * or the operand, the shape.  Panels flow from left to right. */
enum {
    PANELS_MAX = 8,
    PANEL_ROWS = 6,    /* of a table that is shown whole */
    PANEL_COLUMNS = 4, /* in 80 columns of the terminal, */
    PANEL_COLUMNS_MAX = 20,
    WIDER = 20,   /* and one more for each so many */
    CUT_ROWS = 4, /* of one that is not */
    PANEL_WIDTH_MAX = 300,
    MARGIN = 4,
    GAP = 3
};

typedef struct panel {
    const char *role; /* "upstream" */
    char name[48];
    char shape[XHAT_SHAPE_TEXT_SIZE];
    xhat_grid grid;
    bool red;
    int cell_width, width;
} panel;

typedef struct page {
    xhat_text *text;
    const xhat_picture *picture;
    xhat_text_style style;
    bool cut; /* some panel does not show everything */
} page;

static int panel_columns(const panel *p)
{
    return (int)p->grid.shown_columns +
           (p->grid.columns > p->grid.shown_columns);
}

static void measure(panel *p)
{
    char cell[XHAT_SHORT_SIZE];
    p->cell_width = 1;
    for (size_t r = 0; r < p->grid.shown_rows; r++)
        for (size_t c = 0; c < p->grid.shown_columns; c++) {
            int length = (int)strlen(xhat_grid_cell(&p->grid, r, c, cell));
            p->cell_width = length > p->cell_width ? length : p->cell_width;
        }
    p->width = (int)p->grid.shown_columns * (p->cell_width + 2) - 2;
    if (p->grid.columns > p->grid.shown_columns)
        p->width += 4;
    const char *heading[] = {p->role, p->name, p->shape};
    for (int i = 0; i < 3; i++)
        if ((int)strlen(heading[i]) > p->width)
            p->width = (int)strlen(heading[i]);
}

/* The columns of a table that is shown whole; one less of one that is not. */
static int most_columns(const page *g)
{
    int most = PANEL_COLUMNS + (g->style.width - 80) / WIDER;
    return most < PANEL_COLUMNS_MAX ? most : PANEL_COLUMNS_MAX;
}

static int add_panel(page *g, panel *panels, int count, const char *role,
                     const char *name, xhat_field field)
{
    if (field.data == NULL)
        return count;
    panel *p = &panels[count];
    *p = (panel){.role = role, .red = strcmp(role, "value") != 0};
    snprintf(p->name, sizeof p->name, "%s", name);
    xhat_picture_shape_text(g->picture, field.extent, p->shape);
    p->grid = xhat_grid_of(xhat_run_axes(g->picture->run), field, PANEL_ROWS,
                           (size_t)most_columns(g));
    bool cut_rows = p->grid.shown_rows < p->grid.rows;
    bool cut_columns = p->grid.shown_columns < p->grid.columns;
    if (cut_rows)
        p->grid.shown_rows = CUT_ROWS;
    if (cut_columns)
        p->grid.shown_columns = (size_t)most_columns(g) - 1;
    g->cut = g->cut || cut_rows || cut_columns;
    measure(p);
    return count + 1;
}

/* Line `line` of a panel: three of heading, then rows of numbers. */
static void panel_line(const panel *p, int line, char out[PANEL_WIDTH_MAX + 1])
{
    const char *heading[] = {p->role, p->name, p->shape};
    out[0] = '\0';
    if (line < 3) {
        snprintf(out, PANEL_WIDTH_MAX + 1, "%s", heading[line]);
        return;
    }
    size_t row = (size_t)line - 3;
    if (row == p->grid.shown_rows && p->grid.rows > row)
        snprintf(out, PANEL_WIDTH_MAX + 1, "%*s", p->cell_width, "..");
    if (row >= p->grid.shown_rows)
        return;
    int length = 0;
    for (int c = 0; c < panel_columns(p); c++) {
        char cell[XHAT_SHORT_SIZE];
        length +=
            snprintf(out + length, (size_t)(PANEL_WIDTH_MAX + 1 - length),
                     "%s%*s", c > 0 ? "  " : "",
                     (size_t)c < p->grid.shown_columns ? p->cell_width : 2,
                     xhat_grid_cell(&p->grid, row, (size_t)c, cell));
    }
}

static void put_panel_row(page *g, const panel *panels, int count)
{
    int lines = 0;
    for (int i = 0; i < count; i++) {
        const xhat_grid *grid = &panels[i].grid;
        int rows = (int)grid->shown_rows + (grid->rows > grid->shown_rows);
        lines = rows + 3 > lines ? rows + 3 : lines;
    }
    for (int line = 0; line < lines; line++) {
        int pad = MARGIN;
        for (int i = 0; i < count; i++) {
            char out[PANEL_WIDTH_MAX + 1];
            panel_line(&panels[i], line, out);
            if (out[0] != '\0') { /* no blanks at the end of a line */
                bool red = panels[i].red && g->style.color;
                xhat_text_repeat(g->text, ' ', pad);
                xhat_text_add(g->text, "%s%s%s", red ? "\x1b[31m" : "", out,
                              red ? "\x1b[0m" : "");
                pad = 0;
            }
            pad += panels[i].width - (int)strlen(out) + GAP;
        }
        xhat_text_put(g->text, "\n");
    }
}

static void put_panels(page *g, const panel *panels, int count)
{
    for (int first = 0; first < count;) {
        int width = MARGIN + panels[first].width, next = first + 1;
        while (next < count &&
               width + GAP + panels[next].width <= g->style.width)
            width += GAP + panels[next++].width;
        put_panel_row(g, panels + first, next - first);
        first = next;
    }
}

/* ---- the parts of the page ----------------------------------------------- */

static void put_error(xhat_text *text, double error)
{
    char number[XHAT_SHORT_SIZE];
    snprintf(number, sizeof number, error == 0 ? "0" : "%.1e", error);
    xhat_text_put(text, number);
}

static void put_gate_error(page *g, int index)
{
    const xhat_run *run = g->picture->run;
    double error = g->picture->verification->gate[index];
    size_t left_out = g->picture->verification->not_finite_at[index];
    xhat_field output = xhat_run_field(
        run, XHAT_SIDE_VALUE, xhat_run_circuit(run)->gates[index].output);
    size_t count = xhat_axes_count(xhat_run_axes(run), output.extent);
    if (error >= 0) {
        xhat_text_put(g->text,
                      "    complex step confirms the local gradient: error ");
        put_error(g->text, error);
        xhat_text_put(g->text, "\n");
    } else if (left_out > 0) {
        xhat_text_put(g->text, "    nothing finite is left to compare with a"
                               " complex step\n");
    }
    if (error >= 0 && left_out > 0)
        xhat_text_add(g->text, "    (NaN or Inf, left out: %zu of %zu)\n",
                      left_out, count);
}

static void put_gate(page *g, int index)
{
    const xhat_run *run = g->picture->run;
    const xhat_circuit *circuit = xhat_run_circuit(run);
    const xhat_circuit_gate *gate = &circuit->gates[index];
    const xhat_verification *verification = g->picture->verification;
    const char *state = xhat_picture_state(run, gate->output);
    xhat_text_add(g->text, "(%d) %s\n    %s\n", index + 1, gate->formula,
                  gate->why);
    if (state != NULL)
        xhat_text_add(g->text, "    %s is %s.\n",
                      circuit->values[gate->output].name, state);
    panel panels[PANELS_MAX];
    int count =
        add_panel(g, panels, 0, "value", circuit->values[gate->output].name,
                  xhat_run_field(run, XHAT_SIDE_VALUE, gate->output));
    bool hands = false;
    for (int p = 0; p < gate->operand_count; p++)
        hands = hands || xhat_run_local(run, index, p).data != NULL;
    if (hands)
        count =
            add_panel(g, panels, count, "upstream",
                      circuit->values[gate->output].gradient,
                      xhat_run_field(run, XHAT_SIDE_GRADIENT, gate->output));
    for (int p = 0; p < gate->operand_count; p++) {
        char name[48];
        snprintf(name, sizeof name, "%s", gate->local[p]);
        count = add_panel(g, panels, count, "local", name,
                          xhat_run_local(run, index, p));
        snprintf(name, sizeof name, "to %s",
                 circuit->values[gate->operands[p]].name);
        count = add_panel(g, panels, count, "downstream", name,
                          xhat_run_downstream(run, index, p));
    }
    put_panels(g, panels, count);
    if (hands && verification != NULL)
        put_gate_error(g, index);
    xhat_text_put(g->text, "\n");
}

/* The values from outside, or the gradients that go back there: `side`. */
static void put_leaves(page *g, xhat_side side, const char *role)
{
    const xhat_run *run = g->picture->run;
    const xhat_circuit *circuit = xhat_run_circuit(run);
    panel panels[PANELS_MAX];
    int count = 0;
    for (int v = 0; v < circuit->value_count && count < PANELS_MAX - 1; v++) {
        int users[XHAT_CIRCUIT_GATES_MAX];
        if (circuit->values[v].maker >= 0)
            continue;
        char name[48];
        snprintf(name, sizeof name, "%s", xhat_circuit_key(circuit, side, v));
        if (side == XHAT_SIDE_GRADIENT &&
            xhat_picture_users(g->picture, v, users) == 2)
            snprintf(name, sizeof name, "%s = (%d) + (%d)",
                     circuit->values[v].gradient, users[1] + 1, users[0] + 1);
        count = add_panel(g, panels, count, role, name,
                          xhat_run_field(run, side, v));
    }
    if (side == XHAT_SIDE_VALUE) {
        count =
            add_panel(g, panels, count, "gradient",
                      circuit->values[circuit->output].gradient,
                      xhat_run_field(run, XHAT_SIDE_GRADIENT, circuit->output));
    }
    put_panels(g, panels, count);
    xhat_text_put(g->text, "\n");
}

/* "dev_from_mean is used by gates 3 and 7: ..." for each value with two uses */
static void put_forks(page *g)
{
    const xhat_circuit *circuit = xhat_run_circuit(g->picture->run);
    bool any = false;
    for (int v = 0; v < circuit->value_count; v++) {
        int users[XHAT_CIRCUIT_GATES_MAX];
        int count = xhat_picture_users(g->picture, v, users);
        any = any || count == 2;
        if (count == 2)
            xhat_text_add(g->text,
                          "%s goes to gates %d and %d:\n"
                          "    %s is the sum of what both hand down.\n",
                          circuit->values[v].name, users[0] + 1, users[1] + 1,
                          circuit->values[v].gradient);
    }
    if (any)
        xhat_text_put(g->text, "\n");
}

/* Where NaN and Inf begin, and how far they reach. */
static void put_nonfinite(page *g)
{
    xhat_text words = xhat_text_on(g->text->allocator);
    xhat_picture_nonfinite(&words, g->picture);
    g->text->failed = g->text->failed || words.failed;
    if (!words.failed && words.length > 0)
        xhat_put_wrapped(g->text, words.data, 80, MARGIN);
    xhat_text_free(&words);
}

static void put_head(page *g)
{
    const xhat_picture *picture = g->picture;
    const xhat_run *run = picture->run;
    const xhat_axes *axes = xhat_run_axes(run);
    char shape[XHAT_SHAPE_TEXT_SIZE], eps[XHAT_SHORT_SIZE];
    xhat_text_add(
        g->text, "The circuit of %s normalization: x %s, N = %zu, eps = %s\n",
        picture->norm,
        xhat_picture_shape_text(picture, XHAT_EXTENT_FULL, shape),
        xhat_axes_sharing(axes), xhat_short_number(xhat_run_eps(run), eps));
    if (axes->inner > 1)
        xhat_text_add(g->text,
                      "Rows below are the %zu of the first axis; a row is %zu"
                      " channels of %zu elements each.\n",
                      axes->outer, axes->channels, axes->inner);
    if (picture->note != NULL)
        xhat_text_add(g->text, "%s\n", picture->note);
    put_nonfinite(g);
    xhat_text_put(g->text, "\n");
}

/* Which elements of dx no derivative was compared with, and why. */
static void put_left_out(page *g, const xhat_verification *found)
{
    size_t known = found->checked + found->not_finite + found->kinks;
    const struct {
        size_t count;
        const char *why;
    } parts[] = {
        {found->not_finite, "with NaN or Inf in their feature"},
        {found->kinks, "where the deviation is 0: there is no derivative"},
        {found->elements - known,
         "to save time: evenly spaced ones were taken"},
    };
    if (found->checked == found->elements)
        return;
    xhat_text_add(g->text,
                  "    Both derivatives compare %zu of the %zu elements of dx;"
                  " left out are\n",
                  found->checked, found->elements);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i].count > 0)
            xhat_text_add(g->text, "        %zu %s\n", parts[i].count,
                          parts[i].why);
}

static void put_agreement(page *g)
{
    const xhat_verification *found = g->picture->verification;
    if (found == NULL || found->elements == 0)
        return;
    xhat_text_put(g->text, "From end to end (dx, dgamma, dbeta), error\n");
    if (!isnan(g->picture->closed_form)) {
        xhat_text_put(g->text, "    against the closed form          ");
        put_error(g->text, g->picture->closed_form);
        xhat_text_put(g->text, "\n");
    }
    if (found->complex_step >= 0) {
        xhat_text_put(g->text, "    against a complex step           ");
        put_error(g->text, found->complex_step);
        xhat_text_put(g->text, "\n    against a central difference     ");
        put_error(g->text, found->central_difference);
        xhat_text_put(g->text, " (what a step size costs)\n");
    }
    if (found->complex_step < 0 && isnan(g->picture->closed_form))
        xhat_text_put(g->text, "    nothing is left to compare\n");
    put_left_out(g, found);
}

void xhat_render_text(xhat_text *text, const xhat_picture *picture,
                      xhat_text_style style)
{
    page g = {.text = text, .picture = picture, .style = style};
    const xhat_circuit *circuit = xhat_run_circuit(picture->run);
    put_head(&g);
    xhat_render_wiring(text, picture, style);
    xhat_text_put(text, "\n");
    put_forks(&g);
    xhat_text_put(text, "Given\n");
    put_leaves(&g, XHAT_SIDE_VALUE, "value");
    for (int i = 0; i < circuit->gate_count; i++)
        put_gate(&g, i);
    xhat_text_put(text, "Handed back\n");
    put_leaves(&g, XHAT_SIDE_GRADIENT, "gradient");
    put_agreement(&g);
    if (g.cut)
        xhat_text_add(text,
                      "Of larger arrays the first %d rows and %d columns are"
                      " shown; .json and .npz\nhold all numbers.\n",
                      CUT_ROWS, most_columns(&g) - 1);
}
