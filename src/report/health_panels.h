/* The health of a run's hidden layers, to draw: a series a layer. */
#ifndef XHAT_REPORT_HEALTH_PANELS_H
#define XHAT_REPORT_HEALTH_PANELS_H

#include "report/chart.h"
#include "xhat/net.h"

enum { XHAT_HEALTH_PANELS = 4 }; /* dead units, mean, variance, gain */

typedef struct xhat_health_panels {
    size_t count; /* charts with anything in them */
    xhat_chart charts[XHAT_HEALTH_PANELS];
    size_t layers, shown; /* of the net; in the charts, evenly spread */
    xhat_series series[XHAT_HEALTH_PANELS][XHAT_CHART_SERIES];
    char names[XHAT_HEALTH_PANELS][XHAT_CHART_SERIES][24];
    double *values; /* owned */
} xhat_health_panels;

/* history has an epoch at least; count is 0 where it says nothing of layers.
 * *panels may not move: it points into itself.  Errors: XHAT_OUT_OF_MEMORY. */
XHAT_NODISCARD xhat_status xhat_health_panels_make(xhat_health_panels *panels,
                                                   const xhat_history *history,
                                                   xhat_error *error);
void xhat_health_panels_free(xhat_health_panels *panels);

#endif
