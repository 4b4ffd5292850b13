/* xhat explain: the circuit of a batch, every number of it. */
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/text.h"
#include "explain_batch.h"
#include "explain_page.h"
#include "output.h"

static const cli_option options[] = {
    {"demo", 0, NULL,
     "a batch to follow by hand: -4,1; 2,1; 4,5; 10,5 with eps 0"},
    {"gate", 0, "K", "one gate, 1 to 9, worked out for one element"},
    {"cell", 0, "N,D",
     "one element, counted from 0: worked out at every gate, or at --gate"},
    {"quiz", 0, NULL,
     "a page with blanks to fill in; without X a batch for each --seed"},
    {"ascii", 0, NULL, "draw with ASCII characters alone"},
    {"output", 'o', "FILE",
     ".html .txt .json .svg .dot or .npz (default: text on stdout)"},
    {NULL, 0, NULL, NULL}};

/* ---- --gate and --cell --------------------------------------------------- */

/* One index of the cell, of an axis of `length`. */
static int read_index(const char *cell, const char *part, size_t size,
                      size_t axis, size_t length, size_t *index)
{
    char digits[24];
    int64_t value = -1;
    if (size < sizeof digits) {
        memcpy(digits, part, size);
        digits[size] = '\0';
        if (!xhat_number_parse_integer(digits, &value))
            value = -1;
    }
    if (value < 0 || (uint64_t)value >= length)
        return cli_fail(CLI_USAGE,
                        "--cell %s: \"%.*s\" is not one of the indices 0 to"
                        " %zu of axis %zu of x",
                        cell, (int)size, part, length - 1, axis);
    *index = (size_t)value;
    return CLI_DONE;
}

/* "0,1" to the element's place in x. */
static int read_cell(const cli_invocation *invocation, const xhat_array *x,
                     size_t *element)
{
    const char *cell = cli_text(invocation, "cell"), *part = cell;
    *element = 0;
    if (xhat_array_count(x) == 0)
        return cli_fail(CLI_INPUT, "x is empty: it has no element to work out");
    for (int axis = 0; part != NULL && axis < x->rank; axis++) {
        size_t size = strcspn(part, ","), index = 0;
        bool last = axis == x->rank - 1;
        if (last != (part[size] == '\0'))
            return cli_fail(CLI_USAGE,
                            "--cell %s: x has rank %d, so the cell is %d"
                            " indices with commas between",
                            cell, x->rank, x->rank);
        int result =
            read_index(cell, part, size, (size_t)axis, x->shape[axis], &index);
        if (result != CLI_DONE)
            return result;
        *element = *element * x->shape[axis] + index;
        part = last ? NULL : part + size + 1;
    }
    return CLI_DONE;
}

/* --gate K: that gate; --cell alone: every gate, and the ways that dx took. */
static int explain_cell(const cli_invocation *invocation, cli_batch *batch,
                        xhat_text *text, xhat_text_style style)
{
    int64_t gate = 0;
    size_t element;
    int gates = xhat_circuit_batchnorm()->gate_count;
    int result = cli_integer(invocation, "gate", 1, gates, &gate);
    if (result == CLI_DONE)
        result = read_cell(invocation, &batch->x, &element);
    if (result != CLI_DONE)
        return result;
    for (int g = 1; g <= gates; g++) {
        if (gate != 0 && g != gate)
            continue;
        xhat_render_gate(text, &batch->picture, g - 1, element, style);
        if (gate == 0)
            xhat_text_put(text, "\n");
    }
    if (gate == 0)
        xhat_render_ways(text, &batch->picture, element, style);
    return CLI_DONE;
}

static int make_page(const cli_invocation *invocation, cli_batch *batch,
                     xhat_text *text)
{
    int64_t gate = 0;
    size_t element = 0;
    int gates = xhat_circuit_batchnorm()->gate_count;
    int result = cli_integer(invocation, "gate", 1, gates, &gate);
    if (result == CLI_DONE && cli_given(invocation, "cell"))
        result = read_cell(invocation, &batch->x, &element);
    if (result == CLI_DONE)
        result = cli_page_render(invocation, batch, element, (int)gate, text);
    return result;
}

/* ---- output -------------------------------------------------------------- */

/* Every array of the run by its key, and eps. */
static int write_npz(const cli_invocation *invocation, const cli_batch *batch,
                     const char *path)
{
    xhat_array arrays[2 * XHAT_CIRCUIT_VALUES_MAX + 1];
    const xhat_circuit *circuit = xhat_run_circuit(batch->run);
    double eps = xhat_run_eps(batch->run);
    size_t count = 0;
    for (int side = 0; side < 2; side++)
        for (int v = 0; v < circuit->value_count; v++) {
            xhat_field field = xhat_run_field(batch->run, (xhat_side)side, v);
            if (field.data == NULL)
                continue;
            xhat_array *array = &arrays[count++];
            *array = (xhat_array){
                .name = (char *)xhat_circuit_key(circuit, (xhat_side)side, v),
                .element = XHAT_ELEMENT_F64,
                .data = (void *)field.data};
            array->rank =
                xhat_picture_shape(&batch->picture, field.extent, array->shape);
        }
    arrays[count++] = (xhat_array){
        .name = (char *)"eps", .element = XHAT_ELEMENT_F64, .data = &eps};
    return cli_write_arrays(invocation, path, arrays, count);
}

typedef enum format { TEXT, HTML, JSON, SVG, DOT, NPZ } format;

static int choose_format(const cli_invocation *invocation, const char *path,
                         format *chosen)
{
    static const struct {
        const char *ending;
        format format;
    } endings[] = {{".html", HTML}, {".txt", TEXT}, {".json", JSON},
                   {".svg", SVG},   {".dot", DOT},  {".npz", NPZ}};
    bool json = cli_given(invocation, "json");
    *chosen = json ? JSON : TEXT;
    if (path == NULL || strcmp(path, "-") == 0)
        return CLI_DONE;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (cli_ends_in(path, endings[i].ending)) {
            if (json && endings[i].format != JSON)
                return cli_fail(CLI_USAGE, "--json does not go with -o %s",
                                path);
            *chosen = endings[i].format;
            return CLI_DONE;
        }
    return cli_fail(CLI_USAGE,
                    "-o %s: explain writes .html, .txt, .json, .svg, .dot or"
                    " .npz",
                    path);
}

static void render(xhat_text *text, const cli_batch *batch, format chosen,
                   xhat_text_style style)
{
    switch (chosen) {
    case JSON:
        xhat_render_json(text, &batch->picture);
        break;
    case SVG:
        xhat_render_svg(text, &batch->picture);
        break;
    case DOT:
        xhat_render_dot(text, &batch->picture);
        break;
    case TEXT:
    case HTML:
    case NPZ:
        xhat_render_text(text, &batch->picture, style);
        break;
    }
}

static int write(const cli_invocation *invocation, cli_batch *batch,
                 const char *path, format chosen)
{
    bool shown = path == NULL || strcmp(path, "-") == 0;
    xhat_text_style style = {.width = shown ? cli_width() : 80,
                             .color = shown && cli_has_color(1),
                             .ascii = cli_given(invocation, "ascii")};
    style.width = style.width < 80 ? 80 : style.width;
    if (chosen == NPZ)
        return write_npz(invocation, batch, path);
    xhat_text text = xhat_text_on(NULL);
    int result = CLI_DONE;
    if (chosen == HTML)
        result = make_page(invocation, batch, &text);
    else if (cli_given(invocation, "gate") || cli_given(invocation, "cell"))
        result = explain_cell(invocation, batch, &text, style);
    else
        render(&text, batch, chosen, style);
    if (result == CLI_DONE && text.failed)
        result = cli_fail(CLI_BUG, "out of memory");
    if (result == CLI_DONE)
        result = cli_write_text(invocation, path, text.data, text.length);
    xhat_text_free(&text);
    return result;
}

static int run(const cli_invocation *invocation)
{
    const char *path = cli_text(invocation, "output");
    format chosen;
    int result = choose_format(invocation, path, &chosen);
    if (result != CLI_DONE)
        return result;
    bool told = cli_given(invocation, "gate") || cli_given(invocation, "cell");
    if (told && chosen != TEXT && chosen != HTML)
        return cli_fail(CLI_USAGE, "--gate and --cell are told in words: they"
                                   " go to stdout, a .txt or a .html");
    if (cli_given(invocation, "quiz") && chosen != HTML && path == NULL &&
        !cli_given(invocation, "json"))
        return cli_fail(CLI_USAGE, "--quiz makes a page: -o FILE.html; with"
                                   " another ending, the answers to it");
    cli_batch batch;
    result = cli_batch_read(&batch, invocation);
    if (result == CLI_DONE)
        result = write(invocation, &batch, path, chosen);
    cli_batch_free(&batch);
    return result;
}

const cli_command cli_command_explain = {
    .name = "explain",
    .summary = "show the circuit of a batch, gate by gate",
    .operands = "[X [DOUT]]",
    .examples = "    xhat explain --demo\n"
                "    xhat explain --demo --gate 7 --cell 0,1\n"
                "    xhat explain --demo -o circuit.html\n"
                "    xhat explain --demo -o circuit.svg\n"
                "    xhat explain \"1,10; 2,20; 4,40\" --gamma 2,2\n"
                "    xhat explain batch.npz -o batch.json\n"
                "    xhat explain --quiz --seed 7 -o quiz-7.html\n"
                "    xhat explain --quiz --seed 7 -o answers-7.txt\n",
    .details =
        "X may be an .npz that holds x, dout, gamma, beta and eps by name.\n"
        "Without dout a fixed sequence of numbers in -1..1 stands for it.\n"
        "Everything is computed in float64 and confirmed by a complex-step\n"
        "derivative, gate by gate and from end to end.  With --mode eval the\n"
        "running statistics are constants: gates 1 and 4 do not run.\n"
        "A page (.html) is one file that asks the network for nothing.  It\n"
        "reads without scripts; with them its numbers can be edited.  A quiz\n"
        "holds hashes instead of answers: they keep answers from being read,\n"
        "not from being computed.\n",
    .least_operands = 0,
    .most_operands = 2,
    .tables = {options, cli_norm_options},
    .run = run,
};
