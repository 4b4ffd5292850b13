#include <stdio.h>

#include "picture.h"

enum { CELLS_MAX = 4 };

/* A value's key, shape and first numbers as lines of an HTML-like label. */
static void put_side(xhat_text *text, const xhat_picture *picture,
                     xhat_side side, int value)
{
    xhat_field field = xhat_run_field(picture->run, side, value);
    char shape[XHAT_SHAPE_TEXT_SIZE], cell[XHAT_SHORT_SIZE];
    if (field.data == NULL)
        return;
    const char *color = side == XHAT_SIDE_VALUE ? "black" : "#c00000";
    xhat_text_add(text, "<font color=\"%s\"><b>%s</b> %s<br/>", color,
                  xhat_circuit_key(xhat_run_circuit(picture->run), side, value),
                  xhat_picture_shape_text(picture, field.extent, shape));
    xhat_grid grid =
        xhat_grid_of(xhat_run_axes(picture->run), field, CELLS_MAX, CELLS_MAX);
    for (size_t r = 0; r < grid.shown_rows; r++) {
        for (size_t c = 0; c < grid.shown_columns; c++)
            xhat_text_add(text, "%s%s", c > 0 ? "&#160; " : "",
                          xhat_grid_cell(&grid, r, c, cell));
        xhat_text_put(text,
                      grid.shown_columns < grid.columns ? " ..<br/>" : "<br/>");
    }
    if (grid.shown_rows < grid.rows)
        xhat_text_put(text, "..<br/>");
    xhat_text_put(text, "</font>");
}

static void put_value(xhat_text *text, const xhat_picture *picture, int value)
{
    const xhat_circuit *circuit = xhat_run_circuit(picture->run);
    xhat_text_add(text, "  %s [shape=box, style=rounded, label=<",
                  circuit->values[value].name);
    put_side(text, picture, XHAT_SIDE_VALUE, value);
    put_side(text, picture, XHAT_SIDE_GRADIENT, value);
    if (xhat_run_field(picture->run, XHAT_SIDE_VALUE, value).data == NULL)
        xhat_text_add(text, "%s: not needed", circuit->values[value].name);
    xhat_text_put(text, ">];\n");
}

static void put_gate(xhat_text *text, const xhat_picture *picture, int index)
{
    const xhat_circuit *circuit = xhat_run_circuit(picture->run);
    const xhat_circuit_gate *gate = &circuit->gates[index];
    xhat_text_add(text, "  gate%d [shape=circle, label=\"%d\", tooltip=\"",
                  index + 1, index + 1);
    xhat_text_put_xml(text, gate->formula);
    xhat_text_put(text, "\"];\n");
    for (int p = 0; p < gate->operand_count; p++) {
        const char *operand = circuit->values[gate->operands[p]].name;
        xhat_text_add(text, "  %s -> gate%d;\n", operand, index + 1);
        if (xhat_run_downstream(picture->run, index, p).data != NULL) {
            xhat_text_add(text,
                          "  gate%d -> %s [color=\"#c00000\", "
                          "fontcolor=\"#c00000\", constraint=false, label=\"",
                          index + 1, operand);
            xhat_text_put_xml(text, gate->local[p]);
            xhat_text_put(text, "\"];\n");
        }
    }
    const char *output = circuit->values[gate->output].name;
    xhat_text_add(text, "  gate%d -> %s;\n", index + 1, output);
    if (xhat_run_state(picture->run, gate->output) == XHAT_STATE_LIVE)
        xhat_text_add(text,
                      "  %s -> gate%d [color=\"#c00000\", constraint=false];\n",
                      output, index + 1);
}

void xhat_render_dot(xhat_text *text, const xhat_picture *picture)
{
    const xhat_circuit *circuit = xhat_run_circuit(picture->run);
    xhat_text_put(text, "digraph circuit {\n"
                        "  rankdir=LR;\n"
                        "  node [fontname=\"sans-serif\", fontsize=10];\n"
                        "  edge [fontname=\"sans-serif\", fontsize=9];\n");
    for (int v = 0; v < circuit->value_count; v++)
        put_value(text, picture, v);
    for (int g = 0; g < circuit->gate_count; g++)
        put_gate(text, picture, g);
    xhat_text_put(text, "}\n");
}
