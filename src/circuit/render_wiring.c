#include "picture.h"

#include <stdio.h>
#include <string.h>

/* All gates stand in one row.  Forward runs along the upper of two lines, and
 * a value that skips gates takes an arc above it; backward runs along the
 * lower line, with the same arcs below.
 *
 *      .------------.      .----------------------------------.      gamma
 *      |            v      |                                  v        v
 *  x --o-->(1)---->(2)-----o-->(3)--->(4)--->(5)--->(6)----->(7)----->(8)
 * dx <-+---(1)<----(2)<----+---(3)<---(4)<---(5)<---(6)<-----(7)<-----(8)
 *      |            |      |                                  |        v
 *      '------------'      '----------------------------------'     dgamma   */
enum { ROWS_MAX = 16, COLUMNS_MAX = 160, LEAD = 7 };

typedef struct canvas {
    struct {
        const char *glyph; /* NULL: blank */
        char letter[2];
        bool red;
    } cell[ROWS_MAX][COLUMNS_MAX];
    int rows, columns;
    int spacing; /* columns from gate to gate */
    int line[2]; /* rows of forward and backward */
    bool ascii;
} canvas;

typedef enum glyph {
    LINE,
    WALL,
    DOWN,
    RIGHT,
    LEFT,
    FORK,
    PLUS,
    TOP_LEFT,
    TOP_RIGHT,
    BOTTOM_LEFT,
    BOTTOM_RIGHT
} glyph;

static const char *const drawn[] = {"─", "│", "▼", "▶", "◀", "●",
                                    "⊕", "╭", "╮", "╰", "╯"};
static const char *const typed[] = {"-", "|", "v", ">", "<", "o",
                                    "+", ".", ".", "'", "'"};

static void put(canvas *c, int row, int column, glyph g)
{
    if (row < 0 || row >= ROWS_MAX || column < 0 || column >= COLUMNS_MAX)
        return;
    c->cell[row][column].glyph = c->ascii ? typed[g] : drawn[g];
    c->cell[row][column].red = row >= c->line[1];
}

static void put_text(canvas *c, int row, int column, const char *string)
{
    for (int i = 0; string[i] != '\0' && column + i < COLUMNS_MAX; i++) {
        c->cell[row][column + i].letter[0] = string[i];
        c->cell[row][column + i].glyph = c->cell[row][column + i].letter;
        c->cell[row][column + i].red = row >= c->line[1];
    }
}

/* the column of a gate's middle; gate -1: the input */
static int middle(const canvas *c, int gate)
{
    return gate < 0 ? 1 : LEAD + c->spacing * gate + 1;
}

/* where the output of a gate leaves for arcs: between it and the next gate */
static int fork_of(const canvas *c, int gate)
{
    return gate < 0 ? 4 : middle(c, gate) + 3;
}

static void put_arc(canvas *c, int from, int to, int level)
{
    int left = fork_of(c, from), right = middle(c, to);
    for (int side = 0; side < 2; side++) {
        int step = side == 0 ? -1 : 1, base = c->line[side];
        int top = base + step * (level + 1);
        for (int column = left + 1; column < right; column++)
            put(c, top, column, LINE);
        put(c, top, left, side == 0 ? TOP_LEFT : BOTTOM_LEFT);
        put(c, top, right, side == 0 ? TOP_RIGHT : BOTTOM_RIGHT);
        for (int row = base + step; row != top; row += step) {
            put(c, row, left, WALL);
            put(c, row, right, WALL);
        }
        put(c, base, left, side == 0 ? FORK : PLUS);
    }
    put(c, c->line[0] - 1, right, DOWN);
}

/* the stretch of both lines between two neighbors */
static void put_stretch(canvas *c, int from, int to, bool joined)
{
    int left = from < 0 ? 3 : middle(c, from) + 2, right = middle(c, to) - 2;
    if (!joined)
        return;
    for (int column = left; column <= right; column++) {
        put(c, c->line[0], column, column == right ? RIGHT : LINE);
        put(c, c->line[1], column, column == left ? LEFT : LINE);
    }
}

static void put_centered(canvas *c, int row, int column, const char *string)
{
    put_text(c, row, column - (int)strlen(string) / 2, string);
}

/* one operand of a gate that does not come from its left neighbor */
static void put_operand(canvas *c, const xhat_circuit *circuit, int gate,
                        int value)
{
    const xhat_circuit_value *v = &circuit->values[value];
    if (v->maker >= 0 || value == circuit->input) {
        put_arc(c, v->maker, gate, 1);
        return;
    }
    put(c, c->line[0] - 1, middle(c, gate), DOWN);
    put_centered(c, c->line[0] - 2, middle(c, gate), v->name);
    put(c, c->line[1] + 1, middle(c, gate), DOWN);
    put_centered(c, c->line[1] + 2, middle(c, gate), v->gradient);
}

static void draw(canvas *c, const xhat_circuit *circuit)
{
    int last = circuit->gate_count - 1;
    put_text(c, c->line[0], 1, circuit->values[circuit->input].name);
    put_text(c, c->line[1], 0, circuit->values[circuit->input].gradient);
    for (int g = 0; g <= last; g++) {
        const xhat_circuit_gate *gate = &circuit->gates[g];
        char number[16];
        snprintf(number, sizeof number, "(%d)", g + 1);
        bool joined = false;
        for (int p = 0; p < gate->operand_count; p++) {
            int maker = circuit->values[gate->operands[p]].maker;
            if (maker == g - 1 &&
                (g > 0 || gate->operands[p] == circuit->input))
                joined = true;
        }
        put_stretch(c, g - 1, g, joined);
        put_centered(c, c->line[0], middle(c, g), number);
        put_centered(c, c->line[1], middle(c, g), number);
    }
    for (int g = 0; g <= last; g++)
        for (int p = 0; p < circuit->gates[g].operand_count; p++) {
            int value = circuit->gates[g].operands[p];
            int maker = circuit->values[value].maker;
            if (maker != g - 1 || (maker < 0 && value != circuit->input))
                put_operand(c, circuit, g, value);
        }
    int end = middle(c, last) + 2;
    put(c, c->line[0], end, LINE);
    put(c, c->line[0], end + 1, RIGHT);
    put_text(c, c->line[0], end + 3, circuit->values[circuit->output].name);
    put(c, c->line[1], end, LEFT);
    put(c, c->line[1], end + 1, LINE);
    put_text(c, c->line[1], end + 3, circuit->values[circuit->output].gradient);
}

void xhat_render_wiring(xhat_text *text, const xhat_picture *picture,
                        xhat_text_style style)
{
    const xhat_circuit *circuit = xhat_run_circuit(picture->run);
    canvas c = {.rows = 6, .ascii = style.ascii, .line = {2, 3}};
    c.spacing = (style.width - LEAD - 10) / circuit->gate_count;
    c.spacing = c.spacing < 6 ? 6 : c.spacing > 12 ? 12 : c.spacing;
    draw(&c, circuit);
    for (int row = 0; row < c.rows; row++) {
        int end = COLUMNS_MAX;
        while (end > 0 && c.cell[row][end - 1].glyph == NULL)
            end--;
        bool red = false;
        for (int column = 0; column < end; column++) {
            bool wanted = c.cell[row][column].red && style.color;
            if (wanted != red)
                xhat_text_put(text, wanted ? "\x1b[31m" : "\x1b[0m");
            red = wanted;
            const char *shown = c.cell[row][column].glyph;
            xhat_text_put(text, shown == NULL ? " " : shown);
        }
        xhat_text_put(text, red ? "\x1b[0m\n" : "\n");
    }
}
