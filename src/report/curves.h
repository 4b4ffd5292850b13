/* The measures of runs as series to draw. */
#ifndef XHAT_REPORT_CURVES_H
#define XHAT_REPORT_CURVES_H

#include "report/chart.h"
#include "xhat/net.h"

enum { XHAT_CURVES_MOST = XHAT_CHART_STYLES }; /* runs in one picture */

/* One run to draw. */
typedef struct xhat_curve {
    const char *name;
    const xhat_history *history;
    xhat_loss_kind loss; /* what its losses are */
} xhat_curve;

typedef enum xhat_measure {
    XHAT_MEASURE_LOSS,
    XHAT_MEASURE_ACCURACY,          /* in % */
    XHAT_MEASURE_RATE,              /* the learning rate */
    XHAT_MEASURE_TRAIN_ACCURACY,    /* in training alone */
    XHAT_MEASURE_HELD_OUT_ACCURACY, /* on held-out rows alone */
} xhat_measure;

/* One measure of all runs against the epoch.  Loss and accuracy have two
 * series a run, training dashed and held-out rows (validation, else test)
 * solid; the others have one.  Those without any value are left out. */
typedef struct xhat_curve_panel {
    xhat_chart chart; /* its series are those below; count 0: nothing to draw */
    xhat_series series[XHAT_CHART_SERIES];
    char names[XHAT_CHART_SERIES][96];
    double *values; /* owned */
} xhat_curve_panel;

/* count: 1 to XHAT_CURVES_MOST, or XHAT_CHART_SERIES of a measure with one
 * series a run.  *panel may not move: it points into itself.
 * Errors: XHAT_OUT_OF_MEMORY. */
XHAT_NODISCARD xhat_status xhat_curve_panel_make(xhat_curve_panel *panel,
                                                 const xhat_curve *curves,
                                                 size_t count,
                                                 xhat_measure what,
                                                 xhat_error *error);
void xhat_curve_panel_free(xhat_curve_panel *panel);

/* 1 to XHAT_CURVES_MOST runs with an epoch at least?  Errors:
 * XHAT_INVALID_ARGUMENT. */
XHAT_NODISCARD xhat_status xhat_curves_check(const xhat_curve *curves,
                                             size_t count, xhat_error *error);

/* Loss and accuracy against the epoch as an SVG of its own: no script, no
 * font, no other file.  *svg is released by xhat_curves_free.
 * Errors: as xhat_curves_check, XHAT_OUT_OF_MEMORY. */
XHAT_NODISCARD xhat_status xhat_curves_draw(const xhat_curve *curves,
                                            size_t count, const char *title,
                                            char **svg, size_t *length,
                                            xhat_error *error);
void xhat_curves_free(char *svg);

#endif
