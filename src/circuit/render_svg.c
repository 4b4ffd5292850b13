#include <stdio.h>
#include <string.h>

#include "drawing.h"
#include "nonfinite.h"

enum {
    HEAD = 92,  /* title, pixels */
    LEGEND = 40 /* a line of the legend */
};

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

/* Each gate's formula, its local gradients, and what the complex step says. */
static void put_legend(xhat_drawing *s, int top)
{
    const xhat_verification *found = s->picture->verification;
    int column = (s->width - 2 * XHAT_DRAWING_LEFT) / 3;
    int rows = (s->circuit->gate_count + 2) / 3;
    for (int g = 0; g < s->circuit->gate_count; g++) {
        const xhat_circuit_gate *gate = &s->circuit->gates[g];
        int x = XHAT_DRAWING_LEFT + column * (g / rows),
            y = top + LEGEND * (g % rows);
        char line[200];
        snprintf(line, sizeof line, "%d  %s", g + 1, gate->formula);
        xhat_put_label(s->text, x, y, "name", "start", line);
        int length =
            snprintf(line, sizeof line, "   local: %s to %s", gate->local[0],
                     s->circuit->values[gate->operands[0]].name);
        if (gate->operand_count == 2)
            snprintf(line + length, sizeof line - (size_t)length, ", %s to %s",
                     gate->local[1],
                     s->circuit->values[gate->operands[1]].name);
        xhat_put_label(s->text, x, y + XHAT_DRAWING_LINE, "back", "start",
                       line);
    }
    if (found != NULL && found->complex_step >= 0) {
        char line[200];
        snprintf(line, sizeof line,
                 "A complex-step derivative from end to end agrees with dx,"
                 " dgamma and dbeta to %.1e.",
                 found->complex_step);
        xhat_put_label(s->text, XHAT_DRAWING_LEFT, top + LEGEND * rows,
                       "plain dim", "start", line);
    }
}

/* Where NaN and Inf begin: a line each, below the title. */
static void put_nonfinite(xhat_drawing *s)
{
    xhat_text words = xhat_text_on(s->text->allocator);
    xhat_picture_nonfinite(&words, s->picture);
    s->text->failed = s->text->failed || words.failed;
    int y = s->picture->note != NULL ? 100 : 80;
    for (char *line = words.data; line != NULL && *line != '\0'; y += 20) {
        char *end = strchr(line, '\n');
        *end = '\0';
        if (strncmp(line, "In all", 6) != 0)
            xhat_put_label(s->text, XHAT_DRAWING_LEFT, y, "plain", "start",
                           line);
        line = end + 1;
    }
    xhat_text_free(&words);
}

static void put_title(xhat_drawing *s)
{
    char line[400], shape[XHAT_SHAPE_TEXT_SIZE], eps[XHAT_SHORT_SIZE];
    snprintf(line, sizeof line, "The circuit of %s normalization",
             s->picture->norm);
    xhat_put_label(s->text, XHAT_DRAWING_LEFT, 36, "title", "start", line);
    snprintf(line, sizeof line,
             "x %s, N = %zu, eps = %s. Forward in black, left to right; "
             "backward in red, right to left; shapes in brackets; + where "
             "gradients add up.",
             xhat_picture_shape_text(s->picture, XHAT_EXTENT_FULL, shape),
             xhat_axes_sharing(xhat_run_axes(s->run)),
             xhat_short_number(xhat_run_eps(s->run), eps));
    xhat_put_label(s->text, XHAT_DRAWING_LEFT, 60, "plain dim", "start", line);
    if (s->picture->note != NULL)
        xhat_put_label(s->text, XHAT_DRAWING_LEFT, 80, "plain dim", "start",
                       s->picture->note);
    put_nonfinite(s);
}

void xhat_render_svg(xhat_text *text, const xhat_picture *picture)
{
    xhat_drawing s;
    xhat_nonfinite origins[XHAT_NONFINITE_MAX];
    int notes = xhat_nonfinite_origins(picture->run, origins);
    int rows = (xhat_run_circuit(picture->run)->gate_count + 2) / 3;
    xhat_drawing_lay_out(&s, text, picture, (xhat_gaze){.gate = -1},
                         HEAD + 20 * notes);
    int legend = s.height + 40;
    s.height = legend + 24 + LEGEND * rows;
    xhat_text_add(text,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" "
                  "viewBox=\"0 0 %d %d\" width=\"%d\" role=\"img\">\n"
                  "<title>The circuit of %s normalization</title>\n",
                  s.width, s.height, s.width, picture->norm);
    xhat_text_put(text, style_sheet);
    xhat_text_put(text,
                  "<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n");
    xhat_put_markers(text);
    put_title(&s);
    xhat_put_drawing(&s);
    put_legend(&s, legend);
    xhat_text_put(text, "</svg>\n");
}
