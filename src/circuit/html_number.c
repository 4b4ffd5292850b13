#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "derivative.h"
#include "html.h"
#include "paths.h"

static void put_digits(xhat_html *html, double value)
{
    char number[XHAT_NUMBER_SIZE];
    xhat_text_put(html->text,
                  xhat_number_from_f64(value == 0 ? 0 : value, number));
}

/* The gate that tells most of the number: the one that makes the value, or
 * that completes the gradient. */
static int gate_of(const xhat_html *html)
{
    const xhat_html_view *view = html->view;
    int users[XHAT_CIRCUIT_GATES_MAX];
    if (view->side == XHAT_SIDE_VALUE)
        return html->circuit->values[view->value].maker;
    return xhat_picture_users(html->picture, view->value, users) > 0 ? users[0]
                                                                     : -1;
}

/* "dx[0,1] = 2 is what comes back directly (5), through mean (-3), ..." */
static void put_ways(xhat_html *html, size_t element)
{
    int input = html->circuit->input;
    xhat_path paths[XHAT_PATHS_MAX];
    xhat_field total = xhat_run_field(html->run, XHAT_SIDE_GRADIENT, input);
    int count = total.data == NULL
                    ? 0
                    : xhat_paths_of(html->run, input, element, paths);
    char place[XHAT_PLACE_TEXT_SIZE], number[XHAT_SHORT_SIZE];
    if (count == 0)
        return;
    xhat_picture_place(html->picture, html->circuit->values[input].gradient,
                       XHAT_EXTENT_FULL, element, place);
    xhat_text_add(html->text,
                  "<table class=facts><caption>The ways of <b>%s</b></caption>",
                  place);
    for (int i = 0; i < count; i++) {
        xhat_text_add(html->text, "<tr><th scope=row>%s%s<td>%s",
                      paths[i].via == NULL ? "direct" : "via ",
                      paths[i].via == NULL ? "" : paths[i].via,
                      xhat_short_number(paths[i].part, number));
        xhat_text_add(html->text, "<td class=role>leaves at gate %d",
                      paths[i].gate + 1);
    }
    xhat_text_add(html->text,
                  "<tr class=total><th scope=row>together<td>%s<td></table>",
                  xhat_short_number(total.data[element], number));
}

static void put_method(xhat_html *html, const char *method, double value,
                       double staged)
{
    char number[XHAT_SHORT_SIZE];
    double off = fabs(value - staged);
    xhat_text_add(html->text, "<tr><th scope=row>%s<td>", method);
    put_digits(html, value);
    xhat_text_add(html->text, "<td class=role>%s",
                  !isfinite(off) ? ""
                  : off == 0     ? "the same"
                                 : xhat_rounded_number(off, 2, number));
    if (isfinite(off) && off > 0)
        xhat_text_put(html->text, " off");
}

/* The four ways to the same number. */
static xhat_status put_methods(xhat_html *html, size_t element,
                               xhat_error *error)
{
    int input = html->circuit->input;
    xhat_field staged = xhat_run_field(html->run, XHAT_SIDE_GRADIENT, input);
    char place[XHAT_PLACE_TEXT_SIZE];
    double exact, central, step = 0;
    if (staged.data == NULL)
        return XHAT_OK;
    xhat_status status = xhat_run_derivative(html->run, input, element, &step,
                                             1, &exact, &central, error);
    if (status != XHAT_OK)
        return status;
    xhat_picture_place(html->picture, html->circuit->values[input].gradient,
                       XHAT_EXTENT_FULL, element, place);
    xhat_text_add(html->text,
                  "<table class=facts><caption>Four tellings of <b>%s</b>"
                  "</caption><tr><th scope=row>staged, gate by gate<td>",
                  place);
    put_digits(html, staged.data[element]);
    xhat_text_put(html->text, "<td>");
    if (html->picture->closed[input] != NULL)
        put_method(html, "closed form", html->picture->closed[input][element],
                   staged.data[element]);
    put_method(html, "complex step", exact, staged.data[element]);
    put_method(html, "central difference", central, staged.data[element]);
    xhat_text_put(html->text, "</table>");
    return XHAT_OK;
}

xhat_status xhat_html_put_number(xhat_html *html, xhat_error *error)
{
    const xhat_html_view *view = html->view;
    const char *key = xhat_circuit_key(html->circuit, view->side, view->value);
    xhat_field field = xhat_run_field(html->run, view->side, view->value);
    char place[XHAT_PLACE_TEXT_SIZE];
    if (field.data == NULL) {
        xhat_text_add(html->text, "<p>This run has no %s.</p>", key);
        return XHAT_OK;
    }
    size_t element = xhat_html_element(html, field.extent, view->at);
    int gate = gate_of(html);
    xhat_text_add(
        html->text, "<p class=chosen><b>%s</b> = ",
        xhat_picture_place(html->picture, key, field.extent, view->at, place));
    put_digits(html, field.data[view->at]);
    xhat_text_put(html->text,
                  "</p><p class=key><span class=self>itself</span> <span"
                  " class=near>computed from these</span> <span class=far>and"
                  " through them from these</span></p><div class=flow>");
    put_ways(html, element);
    xhat_status status = put_methods(html, element, error);
    xhat_text_put(html->text, "</div>");
    if (gate >= 0) {
        xhat_text words = xhat_text_on(html->text->allocator);
        xhat_render_gate(&words, html->picture, gate, element,
                         (xhat_text_style){.width = 80});
        html->text->failed = html->text->failed || words.failed;
        xhat_text_put(html->text, "<pre class=worked>");
        if (words.data != NULL)
            xhat_text_put_xml(html->text, words.data);
        xhat_text_put(html->text, "</pre>");
        xhat_text_free(&words);
    }
    return status;
}
