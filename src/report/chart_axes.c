#include "report/chart_axes.h"

#include <stdio.h>
#include <string.h>

/* ---- ranges -------------------------------------------------------------- */

/* 1, 2 or 5 times a power of ten, for about `ticks` of them in `span` */
static double tick_step(double span, int ticks)
{
    double rough = span / ticks, power = pow(10, floor(log10(rough)));
    double digit = rough / power;
    return power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10);
}

/* The smallest and largest value shown along an axis; false: there is none. */
static bool find_range(const xhat_chart *chart, bool along_x, double *least,
                       double *most)
{
    *least = INFINITY;
    *most = -INFINITY;
    for (size_t s = 0; s < chart->count; s++)
        for (size_t i = 0; i < chart->series[s].count; i++) {
            double x = chart->series[s].x[i], y = chart->series[s].y[i];
            double value = along_x ? x : y;
            if (!xhat_axis_shows(&chart->x, x) ||
                !xhat_axis_shows(along_x ? &chart->x : &chart->y, value))
                continue;
            *least = fmin(*least, value);
            *most = fmax(*most, value);
        }
    return *least <= *most;
}

/* y: from a tick to a tick, around every value */
static xhat_ruler make_y(const xhat_chart *chart)
{
    const xhat_axis *axis = &chart->y;
    xhat_ruler r = {
        axis, 0, 1, 0.2, XHAT_PLOT_TOP + XHAT_PLOT_HEIGHT, -XHAT_PLOT_HEIGHT};
    double least, most;
    if (!find_range(chart, false, &least, &most))
        return r;
    if (axis->scale == XHAT_SCALE_LOG) {
        r.least = floor(log10(least) + 1e-9);
        r.most = fmax(ceil(log10(most) - 1e-9), r.least + 1);
        r.step = fmax(1, ceil((r.most - r.least) / 6));
        return r;
    }
    if (axis->from_zero && least > 0)
        least = 0;
    if (!(most > least))
        most = least + (least == 0 ? 1 : fabs(least) * 0.1);
    r.step = tick_step(most - least, 5);
    r.least = r.step * floor(least / r.step + 1e-9);
    r.most = r.step * ceil(most / r.step - 1e-9);
    if (axis->at_most > 0)
        r.most = fmin(r.most, fmax(axis->at_most, most));
    return r;
}

/* x: from the first value to the last */
static xhat_ruler make_x(const xhat_chart *chart)
{
    const xhat_axis *axis = &chart->x;
    xhat_ruler r = {axis, 0, 1, 1, XHAT_PLOT_LEFT, XHAT_PLOT_WIDTH};
    double least, most;
    if (axis->scale == XHAT_SCALE_NAMED) {
        r.least = -0.25;
        r.most = (double)axis->name_count - 0.75;
        return r;
    }
    if (!find_range(chart, true, &least, &most))
        return r;
    if (axis->scale == XHAT_SCALE_LOG) {
        least = log10(least);
        most = log10(most);
    }
    if (!(most > least)) {
        least -= 1;
        most += 1;
    }
    r.least = least;
    r.most = most;
    r.step = tick_step(most - least, 6);
    if (axis->whole || axis->scale == XHAT_SCALE_LOG)
        r.step = fmax(1, r.step);
    return r;
}

xhat_plot xhat_plot_make(const xhat_chart *chart)
{
    return (xhat_plot){chart, make_x(chart), make_y(chart)};
}

/* ---- ticks --------------------------------------------------------------- */

static void draw_y_tick(xhat_text *svg, const xhat_ruler *y, double at)
{
    bool log = y->axis->scale == XHAT_SCALE_LOG;
    double pixel = y->from + y->length * (at - y->least) / (y->most - y->least);
    xhat_text_add(svg,
                  "<path class=\"grid\" d=\"M%d %.1fh%d\"/>"
                  "<text class=\"tick end\" x=\"%d\" y=\"%.1f\">%.6g</text>\n",
                  XHAT_PLOT_LEFT, pixel, XHAT_PLOT_WIDTH, XHAT_PLOT_LEFT - 8,
                  pixel + 4, log ? pow(10, at) : at);
}

static void draw_x_tick(xhat_text *svg, double pixel, const char *name)
{
    int bottom = XHAT_PLOT_TOP + XHAT_PLOT_HEIGHT;
    xhat_text_add(svg,
                  "<path class=\"axis\" d=\"M%.1f %dv5\"/>"
                  "<text class=\"tick middle\" x=\"%.1f\" y=\"%d\">",
                  pixel, bottom, pixel, bottom + 19);
    xhat_text_put_xml(svg, name);
    xhat_text_put(svg, "</text>\n");
}

/* The names under the axis; where they would run into each other, every
 * second, third ... of them. */
static void draw_names(xhat_text *svg, const xhat_ruler *x)
{
    size_t count = x->axis->name_count, longest = 1;
    for (size_t i = 0; i < count; i++)
        if (strlen(x->axis->names[i]) > longest)
            longest = strlen(x->axis->names[i]);
    double room = XHAT_PLOT_WIDTH / ((double)count - 0.5);
    size_t every =
        (size_t)ceil(((double)longest + 1) * XHAT_LETTER_WIDTH / room);
    for (size_t i = 0; i < count; i++)
        if (i % every == 0)
            draw_x_tick(svg, xhat_ruler_place(x, (double)i), x->axis->names[i]);
}

/* A tick, unless its number would run into the one before it, which ended at
 * *end pixels. */
static void draw_number(xhat_text *svg, const xhat_ruler *x, double value,
                        double *end)
{
    char number[32];
    snprintf(number, sizeof number, "%.6g", value);
    double at = xhat_ruler_place(x, value);
    double half = 0.5 * XHAT_LETTER_WIDTH * (double)strlen(number);
    if (at - half < *end)
        return;
    draw_x_tick(svg, at, number);
    *end = at + half + XHAT_LETTER_WIDTH;
}

/* 1, 2, 5, 10, 20 ...: for less than three powers of ten */
static void draw_log_ticks(xhat_text *svg, const xhat_ruler *x)
{
    double end = -INFINITY;
    bool narrow = x->most - x->least < 3;
    for (double power = floor(x->least); power <= x->most; power += x->step)
        for (int k = 0; k < (narrow ? 3 : 1); k++) {
            double value = pow(10, power) * (k == 0 ? 1 : k == 1 ? 2 : 5);
            if (log10(value) >= x->least - 1e-9 &&
                log10(value) <= x->most + 1e-9)
                draw_number(svg, x, value, &end);
        }
}

/* Whole multiples of the step, and the first value where it stands apart. */
static void draw_linear_ticks(xhat_text *svg, const xhat_ruler *x)
{
    double first = x->step * ceil(x->least / x->step - 1e-9), end = -INFINITY;
    if (x->axis->whole && first - x->least >= 0.5 * x->step)
        draw_number(svg, x, x->least, &end);
    for (int i = 0; i < 100; i++) {
        double at = first + i * x->step;
        if (at <= x->most + 1e-9 * x->step)
            draw_number(svg, x, at, &end);
    }
}

static void draw_x_ticks(xhat_text *svg, const xhat_ruler *x)
{
    double end = -INFINITY;
    for (size_t i = 0; i < x->axis->tick_count; i++)
        draw_number(svg, x, x->axis->ticks[i], &end);
    if (x->axis->tick_count > 0)
        return;
    if (x->axis->scale == XHAT_SCALE_LOG)
        draw_log_ticks(svg, x);
    else
        draw_linear_ticks(svg, x);
}

void xhat_plot_draw_axes(xhat_text *svg, const xhat_plot *p)
{
    const xhat_ruler *y = &p->y;
    int bottom = XHAT_PLOT_TOP + XHAT_PLOT_HEIGHT;
    for (int i = 0; i < 100; i++) {
        double at = y->least + i * y->step;
        if (at > y->most + 1e-9 * y->step)
            break;
        draw_y_tick(svg, y, at);
    }
    if (p->x.axis->scale == XHAT_SCALE_NAMED)
        draw_names(svg, &p->x);
    else
        draw_x_ticks(svg, &p->x);
    xhat_text_add(svg,
                  "<path class=\"axis\" d=\"M%d %dh%d\"/>\n"
                  "<text class=\"middle\" x=\"%d\" y=\"%d\">",
                  XHAT_PLOT_LEFT, bottom, XHAT_PLOT_WIDTH,
                  XHAT_PLOT_LEFT + XHAT_PLOT_WIDTH / 2, bottom + 42);
    xhat_text_put_xml(svg, p->x.axis->name);
    xhat_text_put(svg, p->x.axis->scale == XHAT_SCALE_LOG ? ", log axis" : "");
    xhat_text_add(svg, "</text>\n<text x=\"%d\" y=\"%d\">", XHAT_PLOT_LEFT - 40,
                  XHAT_PLOT_TOP - 18);
    xhat_text_put_xml(svg, y->axis->name);
    xhat_text_put(svg, y->axis->scale == XHAT_SCALE_LOG ? ", log axis" : "");
    xhat_text_put(svg, "</text>\n");
}

xhat_scale xhat_chart_choose_scale(const xhat_series *series, size_t count)
{
    double least = INFINITY, most = 0;
    for (size_t s = 0; s < count; s++)
        for (size_t i = 0; i < series[s].count; i++) {
            double y = series[s].y[i];
            if (isfinite(y) && y > 0) {
                least = fmin(least, y);
                most = fmax(most, y);
            }
        }
    return most > 50 * least ? XHAT_SCALE_LOG : XHAT_SCALE_LINEAR;
}
