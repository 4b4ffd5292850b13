#include <math.h>
#include <stdio.h>

#include "derivative.h"
#include "html.h"

/* Steps of a central difference from 10^-1 to 10^-15, two to a power of ten;
 * errors are drawn down to 10^-17. */
enum { STEPS = 29, DECADES = 17, BOX_WIDTH = 560, BOX_HEIGHT = 300 };
enum { BOX_LEFT = 56, BOX_TOP = 16, BOX_RIGHT = 16, BOX_BOTTOM = 44 };

/* More elements than this: no plot, it would take longer than all the rest. */
enum { PLOT_ELEMENTS_MAX = 100000 };

/* ---- the table ----------------------------------------------------------- */

static void put_error(xhat_html *html, double error)
{
    if (!(error >= 0))
        xhat_text_put(html->text, "<td class=none>–");
    else if (error == 0)
        xhat_text_put(html->text, "<td>0");
    else
        xhat_text_add(html->text, "<td>%.1e", error);
}

static void put_table(xhat_html *html)
{
    const xhat_verification *found = html->picture->verification;
    const xhat_circuit *circuit = html->circuit;
    xhat_text_put(html->text,
                  "<div class=scroll><table class=agreement><caption>Largest"
                  " error of each, against the staged circuit</caption><thead>"
                  "<tr><td><th scope=col>closed form<th scope=col>complex step"
                  "<th scope=col>central difference<tbody>");
    for (int g = 0; g < circuit->gate_count; g++) {
        xhat_text_add(html->text, "<tr><th scope=row>gate %d, %s", g + 1,
                      circuit->values[circuit->gates[g].output].name);
        put_error(html, -1);
        put_error(html, found->gate[g]);
        put_error(html, found->gate_central[g]);
    }
    xhat_text_put(html->text, "<tbody class=ends>");
    for (int v = 0; v < circuit->value_count; v++) {
        if (circuit->values[v].maker >= 0)
            continue;
        xhat_text_add(html->text, "<tr><th scope=row>%s, end to end",
                      circuit->values[v].gradient);
        put_error(html, html->picture->closed[v] != NULL
                            ? html->picture->closed_error[v]
                            : -1);
        put_error(html, found->leaf_complex[v]);
        put_error(html, found->leaf_central[v]);
    }
    xhat_text_put(html->text, "</table></div>");
    if (found->checked < found->elements)
        xhat_text_add(html->text,
                      "<p>Both derivatives compare %zu of the %zu elements of"
                      " %s: %zu are left out for NaN or Inf, %zu for having no"
                      " derivative, the others to save time.</p>",
                      found->checked, found->elements,
                      circuit->values[circuit->input].gradient,
                      found->not_finite, found->kinks);
}

/* ---- the plot ------------------------------------------------------------ */

/* 10^-1, 10^-1.5, ... */
static double step_at(int i)
{
    double step = i % 2 == 0 ? 0.1 : 0.031622776601683794;
    for (int d = 0; d < i / 2; d++)
        step /= 10;
    return step;
}

static double plot_x(int i)
{
    return BOX_LEFT +
           (BOX_WIDTH - BOX_LEFT - BOX_RIGHT) * (double)i / (STEPS - 1);
}

/* 1 at the top, 10^-DECADES at the bottom */
static double decade_y(double decade)
{
    decade = decade < 0 ? 0 : decade > DECADES ? DECADES : decade;
    return BOX_TOP + (BOX_HEIGHT - BOX_TOP - BOX_BOTTOM) * decade / DECADES;
}

static double plot_y(double error)
{
    return decade_y(error > 0 ? -log10(error) : DECADES);
}

static void put_axes(xhat_html *html)
{
    xhat_text *text = html->text;
    for (int d = 0; d <= DECADES; d += 4)
        xhat_text_add(text,
                      "<path class=grid d=\"M%d,%.1fH%d\"/><text x=%d y=%.1f"
                      " text-anchor=end>%s%d</text>",
                      BOX_LEFT, decade_y(d), BOX_WIDTH - BOX_RIGHT,
                      BOX_LEFT - 6, decade_y(d) + 4, d > 0 ? "1e-" : "",
                      d > 0 ? d : 1);
    for (int i = 0; i < STEPS; i += 4)
        xhat_text_add(text, "<text x=%.1f y=%d text-anchor=middle>1e-%d</text>",
                      plot_x(i), BOX_HEIGHT - BOX_BOTTOM + 18, 1 + i / 2);
    xhat_text_add(text,
                  "<text x=%d y=%d text-anchor=middle>step h, ever smaller →"
                  "</text>",
                  (BOX_LEFT + BOX_WIDTH - BOX_RIGHT) / 2, BOX_HEIGHT - 6);
}

static void put_curve(xhat_html *html, const double *errors, double exact_error)
{
    xhat_text *text = html->text;
    double y = plot_y(exact_error);
    xhat_text_put(text, "<polyline class=curve points=\"");
    for (int i = 0; i < STEPS; i++)
        xhat_text_add(text, "%.1f,%.1f ", plot_x(i), plot_y(errors[i]));
    xhat_text_put(text, "\"/>");
    for (int i = 0; i < STEPS; i++)
        xhat_text_add(text, "<circle class=dot cx=%.1f cy=%.1f r=2.5 />",
                      plot_x(i), plot_y(errors[i]));
    xhat_text_add(text,
                  "<path class=exact d=\"M%d,%.1fH%d\"/><text x=%d y=%.1f"
                  " class=exact-name text-anchor=end>complex step</text>",
                  BOX_LEFT, y, BOX_WIDTH - BOX_RIGHT, BOX_WIDTH - BOX_RIGHT,
                  y - 6);
}

/* "The best step ..." of the errors that are numbers; false: none is. */
static bool find_best(const double *errors, int *best)
{
    *best = -1;
    for (int i = 0; i < STEPS; i++)
        if (isfinite(errors[i]) && (*best < 0 || errors[i] < errors[*best]))
            *best = i;
    return *best >= 0;
}

/* The error of a central difference against its step, for the element of the
 * input that is looked at. */
static xhat_status put_plot(xhat_html *html, xhat_error *error)
{
    const xhat_html_view *view = html->view;
    int input = html->circuit->input, best;
    xhat_extent extent = html->circuit->values[view->value].extent;
    size_t element = xhat_html_element(html, extent, view->at);
    xhat_field staged = xhat_run_field(html->run, XHAT_SIDE_GRADIENT, input);
    double steps[STEPS], central[STEPS], exact;
    char place[XHAT_PLACE_TEXT_SIZE];
    if (staged.data == NULL || !isfinite(staged.data[element]) ||
        xhat_axes_count(html->axes, XHAT_EXTENT_FULL) > PLOT_ELEMENTS_MAX)
        return XHAT_OK;
    for (int i = 0; i < STEPS; i++)
        steps[i] = step_at(i);
    xhat_status status = xhat_run_derivative(html->run, input, element, steps,
                                             STEPS, &exact, central, error);
    if (status != XHAT_OK)
        return status;
    double size = exact != 0 ? fabs(exact) : 1;
    for (int i = 0; i < STEPS; i++)
        central[i] = fabs(central[i] - exact) / size;
    if (!find_best(central, &best))
        return XHAT_OK;
    xhat_picture_place(html->picture, html->circuit->values[input].gradient,
                       XHAT_EXTENT_FULL, element, place);
    xhat_text_add(html->text,
                  "<figure class=plot><figcaption>Error of a central"
                  " difference for <b>%s</b> against its step h. A large step"
                  " sees the curve bend, a small one sees rounding: the best,"
                  " near %.0e, still leaves %.0e. A complex step has no"
                  " difference to round.</figcaption><svg viewBox=\"0 0 %d"
                  " %d\" role=img aria-label=\"Error against step: %.0e at"
                  " 1e-1, %.0e at %.0e, %.0e at 1e-15\">",
                  place, steps[best], central[best], BOX_WIDTH, BOX_HEIGHT,
                  central[0], central[best], steps[best], central[STEPS - 1]);
    put_axes(html);
    put_curve(html, central, fabs(exact - staged.data[element]) / size);
    xhat_text_put(html->text, "</svg></figure>");
    return XHAT_OK;
}

xhat_status xhat_html_put_agreement(xhat_html *html, xhat_error *error)
{
    if (html->picture->verification == NULL)
        return XHAT_OK;
    xhat_text_put(html->text, "<div class=sides>");
    put_table(html);
    xhat_status status = put_plot(html, error);
    xhat_text_put(html->text, "</div>");
    return status;
}
