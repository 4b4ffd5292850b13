/* The axes of a chart: which range they show, where a value lies, ticks. */
#ifndef XHAT_REPORT_CHART_AXES_H
#define XHAT_REPORT_CHART_AXES_H

#include <math.h>

#include "report/chart.h"

/* pixels of the part of a chart that lines are in */
enum {
    XHAT_PLOT_TOP = 36,
    XHAT_PLOT_HEIGHT = 280,
    XHAT_PLOT_WIDTH = 290,
    XHAT_PLOT_LEFT = 62
};
#define XHAT_LETTER_WIDTH 6.8 /* about: an SVG cannot measure text */

/* An axis and where it lies; on a log axis all are logarithms to base 10. */
typedef struct xhat_ruler {
    const xhat_axis *axis;
    double least, most, step; /* ticks at the multiples of step */
    double from, length;      /* pixels; a negative length points up */
} xhat_ruler;

typedef struct xhat_plot {
    const xhat_chart *chart;
    xhat_ruler x, y;
} xhat_plot;

/* The axes of a chart, around every value that they can show. */
xhat_plot xhat_plot_make(const xhat_chart *chart);

/* Grid, ticks, lines and names. */
void xhat_plot_draw_axes(xhat_text *svg, const xhat_plot *plot);

/* A log axis has no place for 0 and what is below. */
static inline bool xhat_axis_shows(const xhat_axis *axis, double value)
{
    return isfinite(value) && (axis->scale != XHAT_SCALE_LOG || value > 0);
}

/* pixels */
static inline double xhat_ruler_place(const xhat_ruler *r, double value)
{
    double at = r->axis->scale == XHAT_SCALE_LOG ? log10(value) : value;
    return r->from + r->length * (at - r->least) / (r->most - r->least);
}

#endif
