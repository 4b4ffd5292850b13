#include <stdio.h>

#include "base/error.h"
#include "drawing.h"
#include "gate_telling.h"
#include "html.h"

xhat_html_view xhat_html_view_of(const xhat_picture *picture)
{
    const xhat_circuit *circuit = xhat_run_circuit(picture->run);
    bool returns =
        xhat_run_field(picture->run, XHAT_SIDE_GRADIENT, circuit->input).data !=
        NULL;
    return (xhat_html_view){.side =
                                returns ? XHAT_SIDE_GRADIENT : XHAT_SIDE_VALUE,
                            .value = circuit->input,
                            .mistake = -1};
}

/* The gate (an index) that a step is about; -1: none. */
static int gate_of_step(const xhat_circuit *circuit, int step)
{
    if (step >= 1 && step <= circuit->gate_count)
        return step - 1;
    if (step > circuit->gate_count && step <= 2 * circuit->gate_count)
        return 2 * circuit->gate_count - step;
    return -1;
}

/* ---- what is given ------------------------------------------------------- */

static void put_nonfinite(xhat_html *html)
{
    xhat_text words = xhat_text_on(html->text->allocator);
    xhat_picture_nonfinite(&words, html->picture);
    html->text->failed = html->text->failed || words.failed;
    if (!words.failed && words.length > 0) {
        xhat_text_put(html->text, "<p class=notice role=status>");
        xhat_text_put_xml(html->text, words.data);
        xhat_text_put(html->text, "</p>");
    }
    xhat_text_free(&words);
}

/* That tables show a part, where they do. */
static void put_cut(xhat_html *html)
{
    size_t columns = html->axes->channels * html->axes->inner;
    if (html->axes->outer <= XHAT_HTML_ROWS && columns <= XHAT_HTML_COLUMNS)
        return;
    xhat_text_add(html->text,
                  "<p class=notice>Of larger arrays the tables show the first"
                  " %d rows and %d columns; everything is computed from all"
                  " of them.</p>",
                  XHAT_HTML_ROWS, XHAT_HTML_COLUMNS);
}

static void put_size(xhat_html *html, const char *label, const char *id,
                     const char *value)
{
    xhat_text_add(html->text,
                  "<label>%s <input id=%s size=6 value=\"%s\" readonly"
                  " autocomplete=off inputmode=decimal></label> ",
                  label, id, value);
}

static void put_given(xhat_html *html)
{
    const xhat_circuit *circuit = html->circuit;
    char number[XHAT_SHORT_SIZE];
    xhat_text_put(html->text, "<div class=words>");
    if (html->picture->source != NULL) {
        xhat_text_put(html->text, "<p>x is from <b>");
        xhat_text_put_xml(html->text, html->picture->source);
        xhat_text_put(html->text, "</b>.</p>");
    }
    if (html->picture->note != NULL) {
        xhat_text_put(html->text, "<p>");
        xhat_text_put_xml(html->text, html->picture->note);
        xhat_text_put(html->text, "</p>");
    }
    put_nonfinite(html);
    put_cut(html);
    xhat_text_put(html->text, "</div><p class=sizes>");
    if (html->picture->rank == 2) {
        xhat_rounded_number((double)html->axes->outer, 17, number);
        put_size(html, "rows N", "size-n", number);
        xhat_rounded_number((double)html->axes->channels, 17, number);
        put_size(html, "features D", "size-d", number);
    }
    xhat_rounded_number(xhat_run_eps(html->run), 17, number);
    put_size(html, "eps", "eps", number);
    xhat_text_put(html->text, "</p><div class=flow>");
    for (int v = 0; v < circuit->value_count; v++)
        if (circuit->values[v].maker < 0 ||
            xhat_run_state(html->run, v) == XHAT_STATE_HELD)
            xhat_html_put_fields(html, XHAT_SIDE_VALUE, v);
    xhat_html_put_fields(html, XHAT_SIDE_GRADIENT, circuit->output);
    xhat_text_put(html->text, "</div>");
}

/* ---- the drawing --------------------------------------------------------- */

static void put_figure(xhat_html *html)
{
    const xhat_html_view *view = html->view;
    int gate = gate_of_step(html->circuit, view->step);
    xhat_gaze gaze = {.linked = true,
                      .gate = gate,
                      .backward = view->step > html->circuit->gate_count};
    if (view->quiz != NULL)
        gaze.blank = (const unsigned char *const(*)[XHAT_CIRCUIT_VALUES_MAX])
                         view->quiz->blank;
    xhat_drawing drawing;
    xhat_drawing_lay_out(&drawing, html->text, html->picture, gaze, 8);
    xhat_text_add(html->text,
                  "<svg viewBox=\"0 0 %d %d\" class=\"%s\" role=group"
                  " aria-label=\"The circuit: gates are links to their cards\""
                  ">",
                  drawing.width, drawing.height,
                  gate < 0        ? ""
                  : gaze.backward ? "some back-way"
                                  : "some");
    xhat_put_markers(html->text);
    xhat_put_drawing(&drawing);
    xhat_text_put(html->text, "</svg>");
}

/* ---- cards --------------------------------------------------------------- */

static void put_code(xhat_html *html, int gate, bool backward)
{
    static const char *const names[] = {"NumPy", "C"};
    /* the lines are written for a statistic of each channel */
    if (html->axes->per_row || html->axes->groups != html->axes->channels)
        return;
    xhat_text_put(html->text, "<div class=codes>");
    for (int language = 0; language < 2; language++) {
        xhat_text code = xhat_text_on(html->text->allocator);
        if (backward)
            xhat_put_backward_code(&code, (xhat_language)language,
                                   html->circuit, gate, html->axes->inner);
        else
            xhat_put_forward_code(&code, (xhat_language)language, html->circuit,
                                  gate, html->axes->inner);
        html->text->failed = html->text->failed || code.failed;
        xhat_text_add(html->text,
                      "<pre class=code><b>%s</b>\n<code data-language=%s>",
                      names[language], names[language]);
        if (code.data != NULL)
            xhat_text_put_xml(html->text, code.data);
        xhat_text_put(html->text, "</code></pre>");
        xhat_text_free(&code);
    }
    xhat_text_put(html->text, "</div>");
}

/* The head of a card: its number, name and direction. */
static void open_card(xhat_html *html, int number, bool backward, int step,
                      const char *name)
{
    xhat_text_add(html->text,
                  "<article class=\"card%s%s\" id=\"%s-%d\" data-step=%d"
                  " aria-label=\"%s %d: %s\"><div class=telling>"
                  "<h3><span class=number>%d</span> %s <small>%s</small></h3>",
                  backward ? " backward" : "",
                  html->view->step == step ? " now" : "",
                  backward ? "backward" : "forward", number, step,
                  backward ? "backward step" : "gate", number, name, number,
                  name, backward ? "← backward" : "forward →");
}

static const char *sign_between(xhat_gate_kind kind)
{
    return kind == XHAT_GATE_SUBTRACT   ? "−"
           : kind == XHAT_GATE_MULTIPLY ? "×"
                                        : "+";
}

static void put_forward_card(xhat_html *html, int index)
{
    const xhat_circuit_gate *gate = &html->circuit->gates[index];
    const char *name = html->circuit->values[gate->output].name;
    const char *state = xhat_picture_state(html->run, gate->output);
    open_card(html, index + 1, false, index + 1, name);
    xhat_text_put(html->text, "<p class=formula>");
    xhat_put_forward_math(html->text, html->circuit, index);
    xhat_text_put(html->text, "</p><p>");
    xhat_text_put_xml(html->text, gate->why);
    if (state != NULL)
        xhat_text_add(html->text, " Here %s is %s.", name, state);
    xhat_text_put(html->text, "</p></div><div class=flow>");
    for (int p = 0; p < gate->operand_count; p++) {
        if (p > 0)
            xhat_html_put_sign(html, sign_between(gate->kind));
        xhat_html_put_side(html, NULL, XHAT_SIDE_VALUE, gate->operands[p],
                           false);
    }
    xhat_html_put_sign(html, "→");
    xhat_html_put_side(html, NULL, XHAT_SIDE_VALUE, gate->output, true);
    xhat_text_put(html->text, "</div>");
    put_code(html, index, false);
    xhat_text_put(html->text, "</article>");
}

/* One branch of a gradient, by the gate that it came through. */
static void put_branch(xhat_html *html, int gate, int which)
{
    char name[32];
    snprintf(name, sizeof name, "from gate %d", gate + 1);
    xhat_html_array array = {.role = "branch",
                             .name = name,
                             .field =
                                 xhat_run_downstream(html->run, gate, which)};
    xhat_html_put_array(html, &array);
}

/* The total of a forked value: its branches, which add up to it. */
static void put_total(xhat_html *html, int value)
{
    int users[XHAT_CIRCUIT_GATES_MAX];
    int count = xhat_picture_users(html->picture, value, users);
    xhat_text_put(html->text, "<div class=flow>");
    for (int i = count - 1; i >= 0; i--) {
        const xhat_circuit_gate *gate = &html->circuit->gates[users[i]];
        if (html->view->quiz != NULL)
            break;
        if (i < count - 1)
            xhat_html_put_sign(html, "+");
        put_branch(html, users[i], gate->operands[0] == value ? 0 : 1);
    }
    xhat_html_put_sign(html, "=");
    xhat_html_put_side(html, "total", XHAT_SIDE_GRADIENT, value, true);
    xhat_text_put(html->text, "</div>");
}

/* "upstream × local → downstream" towards one operand. */
static void put_operand(xhat_html *html, int index, int which)
{
    const xhat_circuit_gate *gate = &html->circuit->gates[index];
    int operand = gate->operands[which], users[XHAT_CIRCUIT_GATES_MAX];
    bool forked = xhat_picture_users(html->picture, operand, users) > 1;
    xhat_html_array local = {.role = "local",
                             .name = gate->local[which],
                             .field = xhat_run_local(html->run, index, which)};
    xhat_html_array down = {.role = "downstream",
                            .name = html->circuit->values[operand].gradient,
                            .field =
                                xhat_run_downstream(html->run, index, which)};
    if (local.field.data == NULL) {
        xhat_text_add(html->text,
                      "<p>Nothing goes to %s: it is constant here.</p>",
                      html->circuit->values[operand].name);
        return;
    }
    xhat_text_put(html->text, "<div class=flow>");
    xhat_html_put_side(html, "upstream", XHAT_SIDE_GRADIENT, gate->output,
                       false);
    xhat_html_put_sign(html, "×");
    xhat_html_put_array(html, &local);
    bool summed =
        html->circuit->values[gate->output].extent == XHAT_EXTENT_FULL &&
        down.field.extent != XHAT_EXTENT_FULL;
    if (forked && html->view->quiz != NULL) {
        xhat_text_put(html->text, "</div>");
        return;
    }
    xhat_html_put_sign(html, summed ? "∑ →" : "→");
    if (forked)
        put_branch(html, index, which);
    else
        xhat_html_put_side(html, "downstream", XHAT_SIDE_GRADIENT, operand,
                           true);
    xhat_text_put(html->text, "</div>");
}

static void put_backward_card(xhat_html *html, int index)
{
    const xhat_circuit_gate *gate = &html->circuit->gates[index];
    const xhat_circuit_value *output = &html->circuit->values[gate->output];
    open_card(html, index + 1, true, 2 * html->circuit->gate_count - index,
              output->gradient);
    bool live = xhat_run_state(html->run, gate->output) == XHAT_STATE_LIVE;
    if (!live) {
        xhat_text_add(html->text,
                      "<p>No gradient flows: %s is constant here.</p>"
                      "</div></article>",
                      output->name);
        return;
    }
    for (int p = 0; p < gate->operand_count; p++) {
        xhat_text_put(html->text, "<p class=formula>");
        xhat_put_backward_math(html->text, html->circuit, index, p);
        xhat_text_put(html->text, "<span class=local>local gradient ");
        xhat_put_local_math(html->text, html->circuit, index, p);
        xhat_text_put(html->text, "</span></p>");
    }
    xhat_text_put(html->text, "<p>");
    xhat_put_backward_why(html->text, html->circuit, index,
                          xhat_axes_sharing(html->axes));
    xhat_text_put(html->text, "</p></div><div class=flows>");
    for (int p = 0; p < gate->operand_count; p++)
        put_operand(html, index, p);
    for (int p = 0; p < gate->operand_count; p++) {
        int users[XHAT_CIRCUIT_GATES_MAX];
        if (xhat_picture_users(html->picture, gate->operands[p], users) > 1 &&
            users[0] == index && gate->operands[p] != html->circuit->input)
            put_total(html, gate->operands[p]);
    }
    xhat_text_put(html->text, "</div>");
    put_code(html, index, true);
    xhat_text_put(html->text, "</article>");
}

/* Step 0: the gradient of the input. */
static void put_last_card(xhat_html *html)
{
    int input = html->circuit->input, users[XHAT_CIRCUIT_GATES_MAX];
    const xhat_circuit_value *value = &html->circuit->values[input];
    int count = xhat_picture_users(html->picture, input, users);
    open_card(html, 0, true, 2 * html->circuit->gate_count + 1,
              value->gradient);
    if (count == 0)
        xhat_text_put(html->text, "<p>No gradient reaches it.</p></div><div>");
    if (count == 1)
        xhat_text_add(html->text,
                      "<p>What gate %d hands down is the answer.</p></div>"
                      "<div class=flow>",
                      users[0] + 1);
    if (count == 1)
        xhat_html_put_side(html, "total", XHAT_SIDE_GRADIENT, input, true);
    if (count > 1) {
        xhat_text_add(html->text,
                      "<p>%s went to gates %d and %d. The loss changes with"
                      " it through both, so what comes back from both adds"
                      " up. This is the answer.</p></div><div>",
                      value->name, users[0] + 1, users[count - 1] + 1);
        put_total(html, input);
    }
    xhat_text_put(html->text, "</div></article>");
}

xhat_status xhat_render_html(xhat_text *text, const xhat_picture *picture,
                             const xhat_html_view *view, xhat_html_part part,
                             xhat_error *error)
{
    xhat_html html = {.text = text,
                      .picture = picture,
                      .run = picture->run,
                      .circuit = xhat_run_circuit(picture->run),
                      .axes = xhat_run_axes(picture->run),
                      .view = view};
    xhat_status status = XHAT_OK;
    bool empty = xhat_axes_count(html.axes, XHAT_EXTENT_FULL) == 0;
    if (view->quiz == NULL && !empty)
        status = xhat_dependence_of(&html.dependence, picture->run, view->side,
                                    view->value, view->at, error);
    for (int g = 0; status == XHAT_OK && g < html.circuit->gate_count; g++) {
        if (part == XHAT_HTML_FORWARD)
            put_forward_card(&html, g);
        if (part == XHAT_HTML_BACKWARD)
            put_backward_card(&html, html.circuit->gate_count - 1 - g);
    }
    if (status == XHAT_OK && part == XHAT_HTML_BACKWARD)
        put_last_card(&html);
    if (status == XHAT_OK && part == XHAT_HTML_GIVEN)
        put_given(&html);
    if (status == XHAT_OK && part == XHAT_HTML_DRAWING)
        put_figure(&html);
    if (status == XHAT_OK && part == XHAT_HTML_NUMBER && !empty)
        status = xhat_html_put_number(&html, error);
    if (status == XHAT_OK && part == XHAT_HTML_AGREEMENT && !empty)
        status = xhat_html_put_agreement(&html, error);
    if (status == XHAT_OK && part == XHAT_HTML_MISTAKE && !empty)
        status = xhat_html_put_mistake(&html, error);
    if (status == XHAT_OK && text->failed)
        status = xhat_fail(error, XHAT_OUT_OF_MEMORY, "no memory for a page");
    xhat_dependence_free(&html.dependence);
    return status;
}
