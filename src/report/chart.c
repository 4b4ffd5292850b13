#include "report/chart.h"

#include <math.h>

#include "report/chart_axes.h"

/* pixels */
enum {
    TITLE_HEIGHT = 40,
    HEIGHT = 376,    /* of a chart */
    LABEL_LEFT = 24, /* from the plot's right edge to the names */
    LABEL_STEP = 15
};

/* ---- lines --------------------------------------------------------------- */

static bool is_point(const xhat_plot *p, const xhat_series *s, size_t i)
{
    return xhat_axis_shows(&p->chart->x, s->x[i]) &&
           xhat_axis_shows(&p->chart->y, s->y[i]);
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

static void draw_line(xhat_text *svg, const xhat_plot *p, const xhat_series *s)
{
    bool drawing = false;
    xhat_text_add(svg, "<path class=\"line s%zu%s\" d=\"", s->style,
                  s->dashed ? " dashed" : "");
    for (size_t i = 0; i < s->count; i++) {
        if (is_point(p, s, i))
            xhat_text_add(svg, "%s%.1f %.1f", drawing ? "L" : "M",
                          xhat_ruler_place(&p->x, s->x[i]),
                          xhat_ruler_place(&p->y, s->y[i]));
        drawing = is_point(p, s, i);
    }
    xhat_text_put(svg, "\"/>\n");
    /* some twenty markers a line, the last value always among them */
    size_t every = (s->count + 19) / 20;
    for (size_t i = 0; i < s->count; i++)
        if ((s->count - 1 - i) % every == 0 && is_point(p, s, i))
            draw_marker(svg, s, xhat_ruler_place(&p->x, s->x[i]),
                        xhat_ruler_place(&p->y, s->y[i]), s->x[i], s->y[i]);
}

/* ---- names at the ends of the lines -------------------------------------- */

typedef struct label {
    const xhat_series *series;
    double x, at, y, value; /* the line's end; where the text goes; the value */
} label;

/* Sorted by height. */
static size_t collect_labels(const xhat_plot *p, label *labels)
{
    size_t made = 0;
    for (size_t k = 0; k < p->chart->count; k++) {
        const xhat_series *s = &p->chart->series[k];
        size_t last = s->count;
        while (last > 0 && !is_point(p, s, last - 1))
            last--;
        if (last-- == 0)
            continue;
        double y = xhat_ruler_place(&p->y, s->y[last]);
        size_t i = made++;
        for (; i > 0 && labels[i - 1].at > y; i--)
            labels[i] = labels[i - 1];
        labels[i] =
            (label){s, xhat_ruler_place(&p->x, s->x[last]), y, y, s->y[last]};
    }
    return made;
}

/* Moves labels apart: down where they touch, then up from the bottom. */
static void spread_labels(label *labels, size_t count)
{
    for (size_t i = 1; i < count; i++)
        labels[i].y = fmax(labels[i].y, labels[i - 1].y + LABEL_STEP);
    double floor_y = XHAT_PLOT_TOP + XHAT_PLOT_HEIGHT;
    for (size_t i = count; i-- > 0;) {
        labels[i].y = fmin(labels[i].y, floor_y);
        floor_y = labels[i].y - LABEL_STEP;
    }
}

static void draw_labels(xhat_text *svg, const xhat_plot *p)
{
    label labels[XHAT_CHART_SERIES];
    size_t made = collect_labels(p, labels);
    double x = XHAT_PLOT_LEFT + XHAT_PLOT_WIDTH + LABEL_LEFT;
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
    return XHAT_PLOT_LEFT + XHAT_PLOT_WIDTH + LABEL_LEFT +
           (int)(XHAT_LETTER_WIDTH * ((double)longest + 10));
}

static void draw_chart(xhat_text *svg, const xhat_chart *chart)
{
    xhat_plot p = xhat_plot_make(chart);
    xhat_plot_draw_axes(svg, &p);
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
