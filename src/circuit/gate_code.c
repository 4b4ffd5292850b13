#include <stdio.h>

#include "gate_telling.h"

enum { TERM_SIZE = 64 };

typedef struct coder {
    xhat_text *text;
    xhat_language language;
    const xhat_circuit *circuit;
    size_t inner;
} coder;

/* "mean[c]" in C, "mean" in NumPy */
static char *term(const coder *c, xhat_side side, int value,
                  char text[TERM_SIZE])
{
    const char *index = "";
    if (c->language == XHAT_C)
        index = c->circuit->values[value].extent != XHAT_EXTENT_FULL ? "[c]"
                : c->inner > 1 ? "[n][c][i]"
                               : "[n][c]";
    snprintf(text, TERM_SIZE, "%s%s", xhat_circuit_key(c->circuit, side, value),
             index);
    return text;
}

static const char *axes_of(const coder *c)
{
    return c->inner > 1 ? "axis=(0, 2), keepdims=True" : "axis=0";
}

/* ---- loops of C ---------------------------------------------------------- */

/* Opens the loops over a full array, or over the channels, and indents. */
static void put_loops(const coder *c, bool full)
{
    if (full)
        xhat_text_put(c->text, "for (int n = 0; n < N; n++)\n    ");
    xhat_text_put(c->text, "for (int c = 0; c < D; c++)\n    ");
    if (full)
        xhat_text_put(c->text, "    ");
    if (full && c->inner > 1)
        xhat_text_put(c->text, "for (int i = 0; i < M; i++)\n            ");
}

/* target[c] = the sum over its channel of what `put_term` writes */
static void open_sum(const coder *c, const char *target)
{
    xhat_text_add(c->text,
                  "for (int c = 0; c < D; c++) {\n    %s = 0;\n"
                  "    for (int n = 0; n < N; n++)\n        ",
                  target);
    if (c->inner > 1)
        xhat_text_put(c->text, "for (int i = 0; i < M; i++)\n            ");
    xhat_text_add(c->text, "%s += ", target);
}

/* ---- forward ------------------------------------------------------------- */

void xhat_put_forward_code(xhat_text *text, xhat_language language,
                           const xhat_circuit *circuit, int gate, size_t inner)
{
    coder c = {text, language, circuit, inner};
    const xhat_circuit_gate *g = &circuit->gates[gate];
    bool numpy = language == XHAT_NUMPY;
    char a[TERM_SIZE], b[TERM_SIZE] = "", out[TERM_SIZE];
    term(&c, XHAT_SIDE_VALUE, g->operands[0], a);
    if (g->operand_count == 2)
        term(&c, XHAT_SIDE_VALUE, g->operands[1], b);
    term(&c, XHAT_SIDE_VALUE, g->output, out);
    if (g->kind == XHAT_GATE_MEAN) {
        if (numpy) {
            xhat_text_add(text, "%s = %s.sum(%s) / N\n", out, a, axes_of(&c));
        } else {
            open_sum(&c, out);
            xhat_text_add(text, "%s / %s;\n}\n", a,
                          inner > 1 ? "(N * M)" : "N");
        }
        return;
    }
    if (!numpy)
        put_loops(&c, circuit->values[g->output].extent == XHAT_EXTENT_FULL);
    xhat_text_add(text, "%s = ", out);
    switch (g->kind) {
    case XHAT_GATE_MEAN:
        break;
    case XHAT_GATE_SUBTRACT:
        xhat_text_add(text, "%s - %s", a, b);
        break;
    case XHAT_GATE_SQUARE:
        xhat_text_add(text, numpy ? "%s**2" : "%s * %s", a, a);
        break;
    case XHAT_GATE_ROOT:
        xhat_text_add(text, "%ssqrt(%s + eps)", numpy ? "np." : "", a);
        break;
    case XHAT_GATE_RECIPROCAL:
        xhat_text_add(text, "1 / %s", a);
        break;
    case XHAT_GATE_MULTIPLY:
        xhat_text_add(text, "%s * %s", a, b);
        break;
    case XHAT_GATE_ADD:
        xhat_text_add(text, "%s + %s", a, b);
        break;
    }
    xhat_text_put(text, numpy ? "\n" : ";\n");
}

/* ---- backward ------------------------------------------------------------ */

/* upstream times local gradient */
static void put_product(const coder *c, const xhat_circuit_gate *g, int which,
                        char product[4 * TERM_SIZE])
{
    bool numpy = c->language == XHAT_NUMPY;
    char up[TERM_SIZE], a[TERM_SIZE], out[TERM_SIZE], other[TERM_SIZE] = "";
    size_t size = 4 * TERM_SIZE;
    term(c, XHAT_SIDE_GRADIENT, g->output, up);
    term(c, XHAT_SIDE_VALUE, g->operands[0], a);
    term(c, XHAT_SIDE_VALUE, g->output, out);
    if (g->operand_count == 2)
        term(c, XHAT_SIDE_VALUE, g->operands[1 - which], other);
    switch (g->kind) {
    case XHAT_GATE_MEAN:
        snprintf(product, size, "%s / %s", up,
                 !numpy && c->inner > 1 ? "(N * M)" : "N");
        break;
    case XHAT_GATE_SUBTRACT:
        snprintf(product, size, "%s%s", which == 1 ? "-" : "", up);
        break;
    case XHAT_GATE_SQUARE:
        snprintf(product, size, "2 * %s * %s", a, up);
        break;
    case XHAT_GATE_ROOT:
        snprintf(product, size, "%s / (2 * %s)", up, out);
        break;
    case XHAT_GATE_RECIPROCAL:
        if (numpy)
            snprintf(product, size, "-%s / %s**2", up, a);
        else
            snprintf(product, size, "-%s / (%s * %s)", up, a, a);
        break;
    case XHAT_GATE_MULTIPLY:
        snprintf(product, size, "%s * %s", up, other);
        break;
    case XHAT_GATE_ADD:
        snprintf(product, size, "%s", up);
        break;
    }
}

static void put_numpy(const coder *c, const xhat_circuit_gate *g, int which,
                      const char *target, const char *product, bool added)
{
    const xhat_circuit_value *operand = &c->circuit->values[g->operands[which]];
    xhat_extent from = c->circuit->values[g->output].extent;
    xhat_text_add(c->text, "%s %s ", target, added ? "+=" : "=");
    if (from == XHAT_EXTENT_FULL && operand->extent != from)
        xhat_text_add(c->text,
                      g->kind == XHAT_GATE_ADD ? "%s.sum(%s)" : "(%s).sum(%s)",
                      product, axes_of(c));
    else if (from != operand->extent && !added)
        xhat_text_add(c->text, "np.ones_like(%s) * %s", operand->name, product);
    else
        xhat_text_add(c->text, "%s%s", product,
                      !added && (g->kind == XHAT_GATE_ADD ||
                                 (g->kind == XHAT_GATE_SUBTRACT && which == 0))
                          ? ".copy()"
                          : "");
    xhat_text_put(c->text, "\n");
}

void xhat_put_backward_code(xhat_text *text, xhat_language language,
                            const xhat_circuit *circuit, int gate, size_t inner)
{
    coder c = {text, language, circuit, inner};
    const xhat_circuit_gate *g = &circuit->gates[gate];
    xhat_extent from = circuit->values[g->output].extent;
    for (int p = 0; p < g->operand_count; p++) {
        char target[TERM_SIZE], product[4 * TERM_SIZE];
        xhat_extent to = circuit->values[g->operands[p]].extent;
        bool added = xhat_is_added(circuit, gate, g->operands[p]);
        term(&c, XHAT_SIDE_GRADIENT, g->operands[p], target);
        put_product(&c, g, p, product);
        if (language == XHAT_NUMPY) {
            put_numpy(&c, g, p, target, product, added);
        } else if (from == XHAT_EXTENT_FULL && to != from) {
            open_sum(&c, target);
            xhat_text_add(text, "%s;\n}\n", product);
        } else {
            put_loops(&c, to == XHAT_EXTENT_FULL);
            xhat_text_add(text, "%s %s %s;\n", target, added ? "+=" : "=",
                          product);
        }
    }
}
