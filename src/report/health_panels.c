#include "report/health_panels.h"

#include <math.h>
#include <stdio.h>

#include "base/error.h"
#include "base/memory.h"

/* Each chart shows a measure or two of xhat_layer_health. */
static const struct {
    const char *axis;
    size_t solid, dashed; /* where in it; the same: no second one */
    double factor;
} kinds[XHAT_HEALTH_PANELS] = {
#define AT(measure) offsetof(xhat_layer_health, measure)
    {"dead units (% of the layer)", AT(dead), AT(dead), 100},
    {"running mean off the batch's (deviations)", AT(mean_gap), AT(mean_gap),
     1},
    {"running variance off (|log2 of ratio|)", AT(var_gap), AT(var_gap), 1},
    {"gain: largest, and smallest dashed", AT(gain_max), AT(gain_min), 1},
#undef AT
};

static bool has_dashed(int kind)
{
    return kinds[kind].dashed != kinds[kind].solid;
}

/* Layer i of those shown, of all of them: the first, the last, and evenly
 * between. */
static size_t layer_shown(const xhat_health_panels *panels, size_t i)
{
    return panels->shown < 2 ? 0
                             : i * (panels->layers - 1) / (panels->shown - 1);
}

static double value_of(const xhat_epoch *epoch, size_t layer, size_t measure)
{
    if (layer >= epoch->layer_count)
        return NAN;
    return *(const double *)((const char *)&epoch->layers[layer] + measure);
}

/* One layer's values of one measure, unless there are none. */
static void add_series(xhat_health_panels *panels, int kind, size_t layer,
                       size_t style, const xhat_history *history, bool dashed,
                       double *values)
{
    size_t measure = dashed ? kinds[kind].dashed : kinds[kind].solid;
    size_t epochs = history->count;
    double *x = values, *y = values + epochs;
    bool any = false;
    for (size_t i = 0; i < epochs; i++) {
        x[i] = (double)history->epochs[i].epoch;
        y[i] =
            kinds[kind].factor * value_of(&history->epochs[i], layer, measure);
        any = any || isfinite(y[i]);
    }
    if (!any)
        return;
    size_t s = panels->charts[panels->count].count++;
    char *name = panels->names[panels->count][s];
    snprintf(name, sizeof panels->names[0][0], "layer %zu", layer + 1);
    panels->series[panels->count][s] = (xhat_series){
        .name = name,
        .style = style,
        .dashed = dashed,
        .count = epochs,
        .x = x,
        .y = y,
    };
}

/* One chart; moves *values behind what it takes. */
static void add_chart(xhat_health_panels *panels, int kind,
                      const xhat_history *history, double **values)
{
    xhat_chart *chart = &panels->charts[panels->count];
    *chart = (xhat_chart){.series = panels->series[panels->count]};
    for (size_t i = 0; i < panels->shown; i++)
        for (int dashed = 0; dashed <= (has_dashed(kind)); dashed++) {
            add_series(panels, kind, layer_shown(panels, i), i, history, dashed,
                       *values);
            *values += 2 * history->count;
        }
    chart->x = (xhat_axis){.name = "epoch", .whole = true};
    chart->y = (xhat_axis){.name = kinds[kind].axis,
                           .from_zero = !has_dashed(kind),
                           .at_most = kinds[kind].factor == 100 ? 100 : 0};
    chart->percent = kinds[kind].factor == 100;
    panels->count += chart->count > 0;
}

xhat_status xhat_health_panels_make(xhat_health_panels *panels,
                                    const xhat_history *history,
                                    xhat_error *error)
{
    enum { KEYS = XHAT_HEALTH_PANELS + 1 };
    *panels = (xhat_health_panels){0};
    panels->layers = history->epochs[0].layer_count;
    panels->shown =
        panels->layers < XHAT_CHART_STYLES ? panels->layers : XHAT_CHART_STYLES;
    panels->values = xhat_allocate(
        NULL, history->count * (panels->shown > 0 ? panels->shown : 1),
        2 * KEYS * sizeof(double));
    if (panels->values == NULL)
        return xhat_fail(error, XHAT_OUT_OF_MEMORY,
                         "no memory for the curves of %zu layers",
                         panels->layers);
    double *values = panels->values;
    for (int kind = 0; kind < XHAT_HEALTH_PANELS; kind++)
        add_chart(panels, kind, history, &values);
    return XHAT_OK;
}

void xhat_health_panels_free(xhat_health_panels *panels)
{
    xhat_release(NULL, panels->values);
    panels->values = NULL;
}
