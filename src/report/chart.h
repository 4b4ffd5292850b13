/* Line charts as SVG.  They know numbers, names and styles, and nothing of
 * where these come from.
 *
 * Each series has a color and a marker by its style, and is solid with filled
 * markers or dashed with hollow ones: print and color-blind eyes tell series
 * apart.  Every line is named at its end instead of in a legend, with its last
 * value.  Colors follow the reader's choice of a light or dark ground; on paper
 * they are the light ones.
 *
 * Thread-safe: nothing is shared. */
#ifndef XHAT_REPORT_CHART_H
#define XHAT_REPORT_CHART_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

enum { XHAT_CHART_STYLES = 8, XHAT_CHART_SERIES = 16 };

typedef enum xhat_scale {
    XHAT_SCALE_LINEAR,
    XHAT_SCALE_LOG,  /* values at or below 0 are left out */
    XHAT_SCALE_NAMED /* of x alone: value i stands at names[i] */
} xhat_scale;

typedef struct xhat_axis {
    const char *name; /* with its unit: "loss (nats)" */
    xhat_scale scale;
    bool from_zero; /* a linear axis begins at 0 */
    bool whole;     /* ticks at whole numbers alone */
    double at_most; /* a linear axis goes no further; 0: no limit */
    /* of x: ticks at these values, where they do not run into each other */
    const double *ticks; /* (tick_count); NULL: round numbers */
    size_t tick_count;
    const char *const *names; /* (name_count), of XHAT_SCALE_NAMED */
    size_t name_count;
} xhat_axis;

typedef struct xhat_series {
    const char *name;
    size_t style; /* 0 .. XHAT_CHART_STYLES - 1 */
    bool dashed;
    size_t count;
    const double *x, *y; /* (count); where y is not finite the line has a gap */
} xhat_series;

typedef struct xhat_chart {
    xhat_axis x, y;
    bool percent; /* values at the ends of lines are written with a % */
    const xhat_series *series; /* (count), XHAT_CHART_SERIES at most */
    size_t count;
} xhat_chart;

/* A log axis where the positive values of the series spread so far that a
 * linear one would show only the largest; else a linear one. */
xhat_scale xhat_chart_choose_scale(const xhat_series *series, size_t count);

/* The charts beside each other, `columns` in a row, as one <svg> under a title
 * (NULL: none).  Alone, it is a file with styles of its own; otherwise a part
 * of a page that has those of xhat_chart_style. */
void xhat_figure_draw(xhat_text *to, const char *title,
                      const xhat_chart *charts, size_t count, size_t columns,
                      bool alone);

/* The rules for <style>. */
void xhat_chart_style(xhat_text *to);

#endif
