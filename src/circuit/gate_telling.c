#include "gate_telling.h"

/* ---- how a circuit is wired ---------------------------------------------- */

int xhat_users_of(const xhat_circuit *circuit, int value,
                  int gates[XHAT_CIRCUIT_GATES_MAX])
{
    int count = 0;
    for (int g = 0; g < circuit->gate_count; g++)
        for (int p = 0; p < circuit->gates[g].operand_count; p++)
            if (circuit->gates[g].operands[p] == value)
                gates[count++] = g;
    return count;
}

bool xhat_is_added(const xhat_circuit *circuit, int gate, int value)
{
    int users[XHAT_CIRCUIT_GATES_MAX];
    int count = xhat_users_of(circuit, value, users);
    return count > 0 && users[count - 1] > gate;
}

bool xhat_completes(const xhat_circuit *circuit, int gate, int value)
{
    int users[XHAT_CIRCUIT_GATES_MAX];
    return xhat_users_of(circuit, value, users) > 0 && users[0] == gate;
}

/* True where the operand was broadcast: its gradient is a sum. */
static bool is_summed(const xhat_circuit *circuit, const xhat_circuit_gate *g,
                      int which)
{
    xhat_extent from = circuit->values[g->output].extent;
    return from == XHAT_EXTENT_FULL &&
           circuit->values[g->operands[which]].extent != from;
}

/* ---- MathML -------------------------------------------------------------- */

void xhat_put_symbol(xhat_text *text, const xhat_circuit *circuit,
                     xhat_side side, int value)
{
    xhat_text_add(text, "<mi>%s%s</mi>", side == XHAT_SIDE_GRADIENT ? "d" : "",
                  circuit->values[value].symbol);
}

void xhat_put_forward_math(xhat_text *text, const xhat_circuit *circuit,
                           int gate)
{
    const xhat_circuit_gate *g = &circuit->gates[gate];
    const char *a = circuit->values[g->operands[0]].symbol;
    const char *b =
        g->operand_count == 2 ? circuit->values[g->operands[1]].symbol : "";
    xhat_text_put(text, "<math>");
    xhat_put_symbol(text, circuit, XHAT_SIDE_VALUE, g->output);
    xhat_text_put(text, "<mo>=</mo>");
    switch (g->kind) {
    case XHAT_GATE_MEAN:
        xhat_text_add(text,
                      "<mfrac><mn>1</mn><mi>N</mi></mfrac><mo>∑</mo>"
                      "<mi>%s</mi>",
                      a);
        break;
    case XHAT_GATE_SUBTRACT:
        xhat_text_add(text, "<mi>%s</mi><mo>−</mo><mi>%s</mi>", a, b);
        break;
    case XHAT_GATE_SQUARE:
        xhat_text_add(text, "<msup><mi>%s</mi><mn>2</mn></msup>", a);
        break;
    case XHAT_GATE_ROOT:
        xhat_text_add(text, "<msqrt><mi>%s</mi><mo>+</mo><mi>ε</mi></msqrt>",
                      a);
        break;
    case XHAT_GATE_RECIPROCAL:
        xhat_text_add(text, "<mfrac><mn>1</mn><mi>%s</mi></mfrac>", a);
        break;
    case XHAT_GATE_MULTIPLY:
        xhat_text_add(text, "<mi>%s</mi><mo>·</mo><mi>%s</mi>", a, b);
        break;
    case XHAT_GATE_ADD:
        xhat_text_add(text, "<mi>%s</mi><mo>+</mo><mi>%s</mi>", a, b);
        break;
    }
    xhat_text_put(text, "</math>");
}

static void put_local(xhat_text *text, const xhat_circuit *circuit,
                      const xhat_circuit_gate *g, int which)
{
    const char *a = circuit->values[g->operands[0]].symbol;
    switch (g->kind) {
    case XHAT_GATE_MEAN:
        xhat_text_put(text, "<mfrac><mn>1</mn><mi>N</mi></mfrac>");
        break;
    case XHAT_GATE_SUBTRACT:
        xhat_text_put(text, which == 0 ? "<mn>1</mn>" : "<mo>−</mo><mn>1</mn>");
        break;
    case XHAT_GATE_SQUARE:
        xhat_text_add(text, "<mn>2</mn><mi>%s</mi>", a);
        break;
    case XHAT_GATE_ROOT:
        xhat_text_add(text,
                      "<mfrac><mn>1</mn><mrow><mn>2</mn><mi>%s</mi></mrow>"
                      "</mfrac>",
                      circuit->values[g->output].symbol);
        break;
    case XHAT_GATE_RECIPROCAL:
        xhat_text_add(text,
                      "<mo>−</mo><mfrac><mn>1</mn><msup><mi>%s</mi><mn>2</mn>"
                      "</msup></mfrac>",
                      a);
        break;
    case XHAT_GATE_MULTIPLY:
        xhat_text_add(text, "<mi>%s</mi>",
                      circuit->values[g->operands[1 - which]].symbol);
        break;
    case XHAT_GATE_ADD:
        xhat_text_put(text, "<mn>1</mn>");
        break;
    }
}

void xhat_put_local_math(xhat_text *text, const xhat_circuit *circuit, int gate,
                         int which)
{
    xhat_text_put(text, "<math>");
    put_local(text, circuit, &circuit->gates[gate], which);
    xhat_text_put(text, "</math>");
}

void xhat_put_backward_math(xhat_text *text, const xhat_circuit *circuit,
                            int gate, int which)
{
    const xhat_circuit_gate *g = &circuit->gates[gate];
    int operand = g->operands[which];
    bool minus = (g->kind == XHAT_GATE_SUBTRACT && which == 1) ||
                 g->kind == XHAT_GATE_RECIPROCAL;
    const char *a = circuit->values[g->operands[0]].symbol;
    xhat_text_put(text, "<math>");
    xhat_put_symbol(text, circuit, XHAT_SIDE_GRADIENT, operand);
    xhat_text_put(text, xhat_is_added(circuit, gate, operand) ? "<mo>+=</mo>"
                                                              : "<mo>=</mo>");
    xhat_text_put(text, minus ? "<mo>−</mo>" : "");
    xhat_text_put(text, is_summed(circuit, g, which) ? "<mo>∑</mo>" : "");
    bool over = g->kind == XHAT_GATE_MEAN || g->kind == XHAT_GATE_ROOT ||
                g->kind == XHAT_GATE_RECIPROCAL;
    xhat_text_put(text, over ? "<mfrac>" : "");
    xhat_put_symbol(text, circuit, XHAT_SIDE_GRADIENT, g->output);
    if (g->kind == XHAT_GATE_MEAN)
        xhat_text_put(text, "<mi>N</mi>");
    if (g->kind == XHAT_GATE_ROOT)
        xhat_text_add(text, "<mrow><mn>2</mn><mi>%s</mi></mrow>",
                      circuit->values[g->output].symbol);
    if (g->kind == XHAT_GATE_RECIPROCAL)
        xhat_text_add(text, "<msup><mi>%s</mi><mn>2</mn></msup>", a);
    xhat_text_put(text, over ? "</mfrac>" : "");
    if (g->kind == XHAT_GATE_SQUARE || g->kind == XHAT_GATE_MULTIPLY) {
        xhat_text_put(text, "<mo>·</mo>");
        put_local(text, circuit, g, which);
    }
    xhat_text_put(text, "</math>");
}

/* ---- why ----------------------------------------------------------------- */

static const char *why_local(const xhat_circuit_gate *g)
{
    switch (g->kind) {
    case XHAT_GATE_MEAN:
        return "Each of the N numbers went in with weight 1/N, so each gets"
               " 1/N of what comes back.";
    case XHAT_GATE_SUBTRACT:
        return "A difference passes the gradient on as it is, with the sign"
               " turned for what was subtracted.";
    case XHAT_GATE_SQUARE:
        return "A square is twice as steep as its number is large: what lies"
               " far out feels more.";
    case XHAT_GATE_ROOT:
        return "The root flattens: its slope is one over twice its own value.";
    case XHAT_GATE_RECIPROCAL:
        return "One over a number falls as the number grows, hence the minus,"
               " and ever slower, hence the square below.";
    case XHAT_GATE_MULTIPLY:
        return "A product hands each factor what comes back times the other"
               " factor.";
    case XHAT_GATE_ADD:
        break;
    }
    return "A sum passes what comes back on to both sides as it is.";
}

void xhat_put_backward_why(xhat_text *text, const xhat_circuit *circuit,
                           int gate, size_t sharing)
{
    const xhat_circuit_gate *g = &circuit->gates[gate];
    xhat_text_put(text, why_local(g));
    for (int p = 0; p < g->operand_count; p++) {
        const xhat_circuit_value *value = &circuit->values[g->operands[p]];
        int users[XHAT_CIRCUIT_GATES_MAX];
        int count = xhat_users_of(circuit, g->operands[p], users);
        if (is_summed(circuit, g, p))
            xhat_text_add(text,
                          " %s was used %zu times, once for each number it"
                          " served, and every use sends back its share: hence"
                          " the sum.",
                          value->name, sharing);
        if (count == 2 && users[0] == gate)
            xhat_text_add(text,
                          " %s went to gates %d and %d; both change the loss"
                          " through it, so the two gradients add up.",
                          value->name, users[0] + 1, users[1] + 1);
        else if (count == 2)
            xhat_text_add(text,
                          " This is one branch of %s; gate %d adds the other.",
                          value->gradient, users[0] + 1);
    }
}
