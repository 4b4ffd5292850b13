#include "report/chart.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* pixels */
enum {
    TITLE_HEIGHT = 40,
    HEIGHT = 376, /* of a chart */
    PLOT_TOP = 36,
    PLOT_HEIGHT = 280,
    PLOT_WIDTH = 290,
    PLOT_LEFT = 62,
    LABEL_LEFT = 24, /* from the plot's right edge to the names */
    LABEL_STEP = 15
};
static const double LETTER_WIDTH = 6.8; /* of a label, about: an SVG cannot
                                           measure text */

/* ---- axes ---------------------------------------------------------------- */

/* An axis and where it lies; on a log axis all are logarithms to base 10. */
typedef struct ruler {
    const xhat_axis *axis;
    double least, most, step; /* ticks at the multiples of step */
    double from, length;      /* pixels; a negative length points up */
} ruler;

typedef struct panel {
    const xhat_chart *chart;
    ruler x, y;
} panel;

static bool is_shown(const xhat_axis *axis, double value)
{
    return isfinite(value) && (axis->scale != XHAT_SCALE_LOG || value > 0);
}

static double place(const ruler *r, double value)
{
    double at = r->axis->scale == XHAT_SCALE_LOG ? log10(value) : value;
    return r->from + r->length * (at - r->least) / (r->most - r->least);
}

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
            if (!is_shown(&chart->x, x) ||
                !is_shown(along_x ? &chart->x : &chart->y, value))
                continue;
            *least = fmin(*least, value);
            *most = fmax(*most, value);
        }
    return *least <= *most;
}

/* y: from a tick to a tick, around every value */
static ruler make_y(const xhat_chart *chart)
{
    const xhat_axis *axis = &chart->y;
    ruler r = {axis, 0, 1, 0.2, PLOT_TOP + PLOT_HEIGHT, -PLOT_HEIGHT};
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
static ruler make_x(const xhat_chart *chart)
{
    const xhat_axis *axis = &chart->x;
    ruler r = {axis, 0, 1, 1, PLOT_LEFT, PLOT_WIDTH};
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

static void draw_y_tick(xhat_text *svg, const ruler *y, double at)
{
    bool log = y->axis->scale == XHAT_SCALE_LOG;
    double pixel = y->from + y->length * (at - y->least) / (y->most - y->least);
    xhat_text_add(svg,
                  "<path class=\"grid\" d=\"M%d %.1fh%d\"/>"
                  "<text class=\"tick end\" x=\"%d\" y=\"%.1f\">%.6g</text>\n",
                  PLOT_LEFT, pixel, PLOT_WIDTH, PLOT_LEFT - 8, pixel + 4,
                  log ? pow(10, at) : at);
}

static void draw_x_tick(xhat_text *svg, double pixel, const char *name)
{
    int bottom = PLOT_TOP + PLOT_HEIGHT;
    xhat_text_add(svg,
                  "<path class=\"axis\" d=\"M%.1f %dv5\"/>"
                  "<text class=\"tick middle\" x=\"%.1f\" y=\"%d\">",
                  pixel, bottom, pixel, bottom + 19);
    xhat_text_put_xml(svg, name);
    xhat_text_put(svg, "</text>\n");
}

/* The names under the axis; where they would run into each other, every
 * second, third ... of them. */
static void draw_names(xhat_text *svg, const ruler *x)
{
    size_t count = x->axis->name_count, longest = 1;
    for (size_t i = 0; i < count; i++)
        if (strlen(x->axis->names[i]) > longest)
            longest = strlen(x->axis->names[i]);
    double room = PLOT_WIDTH / ((double)count - 0.5);
    size_t every = (size_t)ceil(((double)longest + 1) * LETTER_WIDTH / room);
    for (size_t i = 0; i < count; i++)
        if (i % every == 0)
            draw_x_tick(svg, place(x, (double)i), x->axis->names[i]);
}

/* A tick, unless its number would run into the one before it, which ended at
 * *end pixels. */
static void draw_number(xhat_text *svg, const ruler *x, double value,
                        double *end)
{
    char number[32];
    snprintf(number, sizeof number, "%.6g", value);
    double at = place(x, value);
    double half = 0.5 * LETTER_WIDTH * (double)strlen(number);
    if (at - half < *end)
        return;
    draw_x_tick(svg, at, number);
    *end = at + half + LETTER_WIDTH;
}

/* 1, 2, 5, 10, 20 ...: for less than three powers of ten */
static void draw_log_ticks(xhat_text *svg, const ruler *x)
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
static void draw_linear_ticks(xhat_text *svg, const ruler *x)
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

static void draw_x_ticks(xhat_text *svg, const ruler *x)
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

static void draw_axes(xhat_text *svg, const panel *p)
{
    const ruler *y = &p->y;
    int bottom = PLOT_TOP + PLOT_HEIGHT;
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
                  PLOT_LEFT, bottom, PLOT_WIDTH, PLOT_LEFT + PLOT_WIDTH / 2,
                  bottom + 42);
    xhat_text_put_xml(svg, p->x.axis->name);
    xhat_text_put(svg, p->x.axis->scale == XHAT_SCALE_LOG ? ", log axis" : "");
    xhat_text_add(svg, "</text>\n<text x=\"%d\" y=\"%d\">", PLOT_LEFT - 40,
                  PLOT_TOP - 18);
    xhat_text_put_xml(svg, y->axis->name);
    xhat_text_put(svg, y->axis->scale == XHAT_SCALE_LOG ? ", log axis" : "");
    xhat_text_put(svg, "</text>\n");
}

/* ---- lines --------------------------------------------------------------- */

static bool is_point(const panel *p, const xhat_series *s, size_t i)
{
    return is_shown(&p->chart->x, s->x[i]) && is_shown(&p->chart->y, s->y[i]);
}

static void draw_marker(xhat_text *svg, const xhat_series *s, double x,
                        double y, double value_x, double value_y)
{
    static const char *const shapes[4] = {
        "m-3.6 0a3.6 3.6 0 1 0 7.2 0a3.6 3.6 0 1 0-7.2 0z",
        "m-3.3-3.3h6.6v6.6h-6.6z", "m0-4.4l4.2 7.4h-8.4z",
        "m0-4.6l4.6 4.6l-4.6 4.6l-4.6-4.6z"};
    xhat_text_add(svg,
                  "<path class=\"%s s%zu\" d=\"M%.1f %.1f%s\">"
                  "<title>%.4g: %.4g</title></path>\n",
                  s->dashed ? "hollow" : "full", s->style, x, y,
                  shapes[s->style % 4], value_x, value_y);
}

static void draw_line(xhat_text *svg, const panel *p, const xhat_series *s)
{
    bool drawing = false;
    xhat_text_add(svg, "<path class=\"line s%zu%s\" d=\"", s->style,
                  s->dashed ? " dashed" : "");
    for (size_t i = 0; i < s->count; i++) {
        if (is_point(p, s, i))
            xhat_text_add(svg, "%s%.1f %.1f", drawing ? "L" : "M",
                          place(&p->x, s->x[i]), place(&p->y, s->y[i]));
        drawing = is_point(p, s, i);
    }
    xhat_text_put(svg, "\"/>\n");
    /* some twenty markers a line, the last value always among them */
    size_t every = (s->count + 19) / 20;
    for (size_t i = 0; i < s->count; i++)
        if ((s->count - 1 - i) % every == 0 && is_point(p, s, i))
            draw_marker(svg, s, place(&p->x, s->x[i]), place(&p->y, s->y[i]),
                        s->x[i], s->y[i]);
}

/* ---- names at the ends of the lines -------------------------------------- */

typedef struct label {
    const xhat_series *series;
    double x, at, y, value; /* the line's end; where the text goes; the value */
} label;

/* Sorted by height. */
static size_t collect_labels(const panel *p, label *labels)
{
    size_t made = 0;
    for (size_t k = 0; k < p->chart->count; k++) {
        const xhat_series *s = &p->chart->series[k];
        size_t last = s->count;
        while (last > 0 && !is_point(p, s, last - 1))
            last--;
        if (last-- == 0)
            continue;
        double y = place(&p->y, s->y[last]);
        size_t i = made++;
        for (; i > 0 && labels[i - 1].at > y; i--)
            labels[i] = labels[i - 1];
        labels[i] = (label){s, place(&p->x, s->x[last]), y, y, s->y[last]};
    }
    return made;
}

/* Moves labels apart: down where they touch, then up from the bottom. */
static void spread_labels(label *labels, size_t count)
{
    for (size_t i = 1; i < count; i++)
        labels[i].y = fmax(labels[i].y, labels[i - 1].y + LABEL_STEP);
    double floor_y = PLOT_TOP + PLOT_HEIGHT;
    for (size_t i = count; i-- > 0;) {
        labels[i].y = fmin(labels[i].y, floor_y);
        floor_y = labels[i].y - LABEL_STEP;
    }
}

static void draw_labels(xhat_text *svg, const panel *p)
{
    label labels[XHAT_CHART_SERIES];
    size_t made = collect_labels(p, labels);
    double x = PLOT_LEFT + PLOT_WIDTH + LABEL_LEFT;
    spread_labels(labels, made);
    for (size_t i = 0; i < made; i++) {
        const label *l = &labels[i];
        xhat_text_add(svg,
                      "<path class=\"leader s%zu\" d=\"M%.1f %.1fL%.1f %.1f\"/>"
                      "<text class=\"label s%zu\" x=\"%.1f\" y=\"%.1f\">",
                      l->series->style, l->x + 6, l->at, x - 4, l->y,
                      l->series->style, x, l->y + 4);
        xhat_text_put_xml(svg, l->series->name);
        xhat_text_add(svg,
                      p->chart->percent ? " %.1f%%</text>\n" : " %.3g</text>\n",
                      l->value);
    }
}

/* ---- the picture --------------------------------------------------------- */

static size_t letters(const char *name)
{
    size_t count = 0;
    for (; *name != '\0'; name++)
        count += ((unsigned char)*name & 0xc0) != 0x80; /* UTF-8 */
    return count;
}

/* Pixels for all charts alike: as the longest name needs. */
static int chart_width(const xhat_chart *charts, size_t count)
{
    size_t longest = 0;
    for (size_t c = 0; c < count; c++)
        for (size_t s = 0; s < charts[c].count; s++)
            if (letters(charts[c].series[s].name) > longest)
                longest = letters(charts[c].series[s].name);
    return PLOT_LEFT + PLOT_WIDTH + LABEL_LEFT +
           (int)(LETTER_WIDTH * ((double)longest + 10));
}

static void draw_chart(xhat_text *svg, const xhat_chart *chart)
{
    panel p = {chart, make_x(chart), make_y(chart)};
    draw_axes(svg, &p);
    for (size_t s = 0; s < chart->count; s++)
        draw_line(svg, &p, &chart->series[s]);
    draw_labels(svg, &p);
}

void xhat_figure_draw(xhat_text *to, const char *title,
                      const xhat_chart *charts, size_t count, size_t columns,
                      bool alone)
{
    int step = chart_width(charts, count),
        top = title == NULL ? 0 : TITLE_HEIGHT;
    if (columns > count)
        columns = count;
    int width = (int)columns * step;
    int height = top + (int)((count + columns - 1) / columns) * HEIGHT;
    xhat_text_add(to,
                  "<svg%s viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" "
                  "role=\"img\">\n",
                  alone ? " xmlns=\"http://www.w3.org/2000/svg\"" : "", width,
                  height, width, height);
    xhat_text_put(to, "<title>");
    xhat_text_put_xml(to, title == NULL ? charts[0].y.name : title);
    xhat_text_put(to, "</title>\n");
    if (alone) {
        xhat_text_put(to, "<style>\n");
        xhat_chart_style(to);
        xhat_text_add(to,
                      "</style>\n<rect class=\"ground\" width=\"%d\" "
                      "height=\"%d\"/>\n",
                      width, height);
    }
    if (title != NULL) {
        xhat_text_put(to, "<text class=\"title\" x=\"18\" y=\"30\">");
        xhat_text_put_xml(to, title);
        xhat_text_put(to, "</text>\n");
    }
    for (size_t c = 0; c < count; c++) {
        xhat_text_add(to, "<g transform=\"translate(%d %d)\">\n",
                      (int)(c % columns) * step,
                      top + (int)(c / columns) * HEIGHT);
        draw_chart(to, &charts[c]);
        xhat_text_put(to, "</g>\n");
    }
    xhat_text_put(to, "</svg>\n");
}

/* ---- styles -------------------------------------------------------------- */

/* Okabe and Ito's colors, told apart by all kinds of eyes; on a dark ground
 * lighter ones of the same hue. */
static const struct {
    const char *light, *dark;
} colors[XHAT_CHART_STYLES] = {
    {"#0072b2", "#56b4e9"}, {"#c04a00", "#ff9d5c"}, {"#007a5a", "#3fd6ab"},
    {"#a8437f", "#f0a3d0"}, {"#7a6500", "#f0e442"}, {"#555555", "#bbbbbb"},
    {"#5b3cc4", "#b3a1ff"}, {"#8c2d04", "#ffb3a1"},
};

void xhat_chart_style(xhat_text *to)
{
    xhat_text_put(
        to, "svg text{font:13px system-ui,\"DejaVu Sans\",sans-serif;"
            "fill:#222}\n"
            "svg .title{font-size:17px;font-weight:600}\n"
            "svg .tick{font-size:12px;fill:#555}svg .label{font-size:12px}\n"
            ".middle{text-anchor:middle}.end{text-anchor:end}\n"
            ".ground{fill:#fff}.grid{stroke:#e2e2e2}.axis{stroke:#777}\n"
            ".line{fill:none;stroke-width:2;stroke-linejoin:round}\n"
            ".dashed{stroke-dasharray:6 4;stroke-width:1.6}\n"
            ".leader{fill:none;stroke-width:.8;opacity:.6}\n"
            ".hollow{stroke-width:1.4}\n");
    for (size_t i = 0; i < XHAT_CHART_STYLES; i++)
        xhat_text_add(to,
                      ".s%zu{stroke:%s}.full.s%zu{fill:%s}.hollow.s%zu"
                      "{fill:#fff}svg text.s%zu{fill:%s;stroke:none}\n",
                      i, colors[i].light, i, colors[i].light, i, i,
                      colors[i].light);
    xhat_text_put(to, "@media screen and (prefers-color-scheme:dark){\n"
                      "svg text{fill:#eee}svg .tick{fill:#aaa}"
                      ".ground{fill:#16181d}.grid{stroke:#33363d}"
                      ".axis{stroke:#888}\n");
    for (size_t i = 0; i < XHAT_CHART_STYLES; i++)
        xhat_text_add(to,
                      ".s%zu{stroke:%s}.full.s%zu{fill:%s}.hollow.s%zu"
                      "{fill:#16181d}svg text.s%zu{fill:%s}\n",
                      i, colors[i].dark, i, colors[i].dark, i, i,
                      colors[i].dark);
    xhat_text_put(to, "}\n");
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
