#include <stdio.h>
#include <string.h>

#include "paths.h"
#include "picture.h"

/* One gate, one element: every sentence is a line of arithmetic. */

enum { TERMS_MAX = 5, LINE_WIDTH = 80, INDENT = 8 };

typedef struct spot {
    xhat_text *text;
    const xhat_picture *picture;
    const xhat_run *run;
    const xhat_circuit *circuit;
    const xhat_axes *axes;
    size_t element;
    bool color;
} spot;

static size_t place(const spot *at, xhat_extent extent)
{
    return xhat_axes_place(at->axes, extent, at->element);
}

/* "dev_from_mean[0,1]", "mean[1]": the number that the element uses */
static char *place_text(const spot *at, const char *name, xhat_extent extent,
                        char text[XHAT_PLACE_TEXT_SIZE])
{
    return xhat_picture_place(at->picture, name, extent, place(at, extent),
                              text);
}

/* a number as a factor or a term: negative ones in parentheses */
static char *term_text(double value, char text[XHAT_SHORT_SIZE])
{
    char bare[XHAT_SHORT_SIZE];
    xhat_short_number(value, bare);
    snprintf(text, XHAT_SHORT_SIZE, bare[0] == '-' ? "(%.28s)" : "%.28s", bare);
    return text;
}

static double number_at(const spot *at, xhat_field field)
{
    return field.data[place(at, field.extent)];
}

/* "name[0,1] = 4" */
static void put_number(const spot *at, const char *name, xhat_field field)
{
    char where[XHAT_PLACE_TEXT_SIZE], number[XHAT_SHORT_SIZE];
    xhat_text_add(at->text, "    %s = %s\n",
                  place_text(at, name, field.extent, where),
                  xhat_short_number(number_at(at, field), number));
}

/* ---- forward ------------------------------------------------------------- */

/* "(1 + 1 + 5 + 5) / 4" */
static void put_mean(const spot *at, xhat_field operand)
{
    size_t statistic = place(at, XHAT_EXTENT_PER_STATISTIC), terms = 0;
    size_t full = xhat_axes_count(at->axes, XHAT_EXTENT_FULL);
    for (size_t e = 0; e < full; e++) {
        if (xhat_axes_place(at->axes, XHAT_EXTENT_PER_STATISTIC, e) !=
            statistic)
            continue;
        char number[XHAT_SHORT_SIZE];
        if (terms++ < TERMS_MAX)
            xhat_text_add(at->text, "%s%s", terms == 1 ? "(" : " + ",
                          term_text(operand.data[e], number));
    }
    xhat_text_add(at->text, "%s) / %zu", terms > TERMS_MAX ? " + ..." : "",
                  xhat_axes_sharing(at->axes));
}

static void put_expression(const spot *at, const xhat_circuit_gate *gate)
{
    char a[XHAT_SHORT_SIZE], b[XHAT_SHORT_SIZE] = "";
    xhat_field operand =
        xhat_run_field(at->run, XHAT_SIDE_VALUE, gate->operands[0]);
    term_text(number_at(at, operand), a);
    if (gate->operand_count == 2)
        term_text(number_at(at, xhat_run_field(at->run, XHAT_SIDE_VALUE,
                                               gate->operands[1])),
                  b);
    switch (gate->kind) {
    case XHAT_GATE_MEAN:
        put_mean(at, operand);
        break;
    case XHAT_GATE_SUBTRACT:
        xhat_text_add(at->text, "%s - %s", a, b);
        break;
    case XHAT_GATE_SQUARE:
        xhat_text_add(at->text, "%s^2", a);
        break;
    case XHAT_GATE_ROOT:
        xhat_text_add(at->text, "sqrt(%s + %s)", a,
                      xhat_short_number(xhat_run_eps(at->run), b));
        break;
    case XHAT_GATE_RECIPROCAL:
        xhat_text_add(at->text, "1 / %s", a);
        break;
    case XHAT_GATE_MULTIPLY:
        xhat_text_add(at->text, "%s * %s", a, b);
        break;
    case XHAT_GATE_ADD:
        xhat_text_add(at->text, "%s + %s", a, b);
        break;
    }
}

static void put_forward(const spot *at, const xhat_circuit_gate *gate)
{
    char where[XHAT_PLACE_TEXT_SIZE], number[XHAT_SHORT_SIZE];
    const xhat_circuit_value *output = &at->circuit->values[gate->output];
    xhat_field value =
        xhat_run_computed(at->run, XHAT_SIDE_VALUE, gate->output);
    xhat_text_put(at->text, "Forward\n");
    if (value.data == NULL) {
        xhat_text_add(at->text, "    This gate does not run: %s is held.\n",
                      output->name);
        return;
    }
    for (int p = 0; p < gate->operand_count; p++) {
        int v = gate->operands[p];
        put_number(at, at->circuit->values[v].name,
                   xhat_run_field(at->run, XHAT_SIDE_VALUE, v));
    }
    xhat_text_add(at->text, "    %s = ",
                  place_text(at, output->name, value.extent, where));
    put_expression(at, gate);
    xhat_text_add(at->text, " = %s\n",
                  xhat_short_number(number_at(at, value), number));
}

/* ---- backward ------------------------------------------------------------ */

/* The rest of a sum: what the operand gets from all elements it went to. */
static void put_sum(const spot *at, const char *name, xhat_field downstream)
{
    char number[XHAT_SHORT_SIZE], where[XHAT_PLACE_TEXT_SIZE];
    size_t target = place(at, downstream.extent), cells = 0;
    size_t full = xhat_axes_count(at->axes, XHAT_EXTENT_FULL);
    for (size_t e = 0; e < full; e++)
        cells += xhat_axes_place(at->axes, downstream.extent, e) == target;
    xhat_text_add(at->text,
                  "        %s went to %zu elements: the sum over them is %s\n",
                  place_text(at, name, downstream.extent, where), cells,
                  xhat_short_number(number_at(at, downstream), number));
}

static void put_operand(const spot *at, int index, int which)
{
    const xhat_circuit_gate *gate = &at->circuit->gates[index];
    int operand = gate->operands[which];
    const char *name = at->circuit->values[operand].name;
    xhat_field local = xhat_run_local(at->run, index, which);
    xhat_field downstream = xhat_run_downstream(at->run, index, which);
    xhat_field upstream =
        xhat_run_field(at->run, XHAT_SIDE_GRADIENT, gate->output);
    char a[XHAT_SHORT_SIZE], b[XHAT_SHORT_SIZE], c[XHAT_SHORT_SIZE];
    if (local.data == NULL) {
        xhat_text_add(at->text, "    to %s: nothing, it is constant\n", name);
        return;
    }
    double up = number_at(at, upstream), slope = number_at(at, local);
    xhat_text_add(at->text, "    to %s: local gradient %s = %s\n", name,
                  gate->local[which], xhat_short_number(slope, a));
    xhat_text_add(at->text, "        upstream * local = %s * %s = %s\n",
                  term_text(up, b), term_text(slope, a),
                  xhat_short_number(up * slope, c));
    if (upstream.extent == XHAT_EXTENT_FULL &&
        downstream.extent != XHAT_EXTENT_FULL)
        put_sum(at, name, downstream);
    if (gate->kind == XHAT_GATE_MEAN)
        xhat_text_add(at->text,
                      "        each of the %zu elements of the mean gets it\n",
                      xhat_axes_sharing(at->axes));
}

/* "ddev_from_mean[0,1] = 1 (gate 3) + 4 (gate 7) = 5" for a forked operand */
static void put_total(const spot *at, int value)
{
    int users[XHAT_CIRCUIT_GATES_MAX];
    int count = xhat_picture_users(at->picture, value, users);
    if (count < 2)
        return;
    xhat_field total = xhat_run_field(at->run, XHAT_SIDE_GRADIENT, value);
    char where[XHAT_PLACE_TEXT_SIZE], number[XHAT_SHORT_SIZE];
    xhat_text_add(at->text, "    %s = ",
                  place_text(at, at->circuit->values[value].gradient,
                             total.extent, where));
    for (int i = count - 1; i >= 0; i--) {
        const xhat_circuit_gate *gate = &at->circuit->gates[users[i]];
        int which = gate->operands[0] == value ? 0 : 1;
        double part =
            number_at(at, xhat_run_downstream(at->run, users[i], which));
        xhat_text_add(at->text, "%s%s (gate %d)", i < count - 1 ? " + " : "",
                      term_text(part, number), users[i] + 1);
    }
    xhat_text_add(at->text, " = %s\n",
                  xhat_short_number(number_at(at, total), number));
}

static void put_backward(const spot *at, int index)
{
    const xhat_circuit_gate *gate = &at->circuit->gates[index];
    xhat_field upstream =
        xhat_run_field(at->run, XHAT_SIDE_GRADIENT, gate->output);
    xhat_text_put(at->text,
                  at->color ? "\n\x1b[31mBackward\n" : "\nBackward\n");
    if (xhat_run_state(at->run, gate->output) != XHAT_STATE_LIVE) {
        xhat_text_add(at->text, "    No gradient flows: %s is constant.\n",
                      at->circuit->values[gate->output].name);
    } else {
        xhat_text_put(at->text, "    upstream:\n");
        put_number(at, at->circuit->values[gate->output].gradient, upstream);
        for (int p = 0; p < gate->operand_count; p++)
            put_operand(at, index, p);
        for (int p = 0; p < gate->operand_count; p++)
            put_total(at, gate->operands[p]);
    }
    if (at->color)
        xhat_text_put(at->text, "\x1b[0m");
}

void xhat_render_gate(xhat_text *text, const xhat_picture *picture, int gate,
                      size_t element, xhat_text_style style)
{
    xhat_text lines = xhat_text_on(text->allocator);
    spot at = {.text = &lines,
               .picture = picture,
               .run = picture->run,
               .circuit = xhat_run_circuit(picture->run),
               .axes = xhat_run_axes(picture->run),
               .element = element,
               .color = style.color};
    const xhat_circuit_gate *g = &at.circuit->gates[gate];
    char where[XHAT_PLACE_TEXT_SIZE];
    xhat_text_add(&lines, "Gate %d: %s\n%s\nAt element %s.\n\n", gate + 1,
                  g->formula, g->why,
                  place_text(&at, "", XHAT_EXTENT_FULL, where));
    put_forward(&at, g);
    put_backward(&at, gate);
    text->failed = text->failed || lines.failed;
    if (!lines.failed)
        xhat_put_wrapped(text, lines.data, LINE_WIDTH, INDENT);
    xhat_text_free(&lines);
}

void xhat_render_ways(xhat_text *text, const xhat_picture *picture,
                      size_t element, xhat_text_style style)
{
    const xhat_circuit *circuit = xhat_run_circuit(picture->run);
    const xhat_circuit_value *input = &circuit->values[circuit->input];
    xhat_field total =
        xhat_run_field(picture->run, XHAT_SIDE_GRADIENT, circuit->input);
    xhat_path paths[XHAT_PATHS_MAX];
    char where[XHAT_PLACE_TEXT_SIZE], number[XHAT_SHORT_SIZE];
    if (total.data == NULL)
        return;
    int count = xhat_paths_of(picture->run, circuit->input, element, paths);
    xhat_text_add(text, "%s%s = %s comes back\n", style.color ? "\x1b[31m" : "",
                  xhat_picture_place(picture, input->gradient, XHAT_EXTENT_FULL,
                                     element, where),
                  xhat_short_number(total.data[element], number));
    for (int i = 0; i < count; i++)
        xhat_text_add(text, "    %s%-8s %10s   leaving at gate %d\n",
                      paths[i].via == NULL ? "" : "via ",
                      paths[i].via == NULL ? "directly    " : paths[i].via,
                      xhat_short_number(paths[i].part, number),
                      paths[i].gate + 1);
    xhat_text_put(text, style.color ? "\x1b[0m" : "");
}
