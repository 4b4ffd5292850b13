#include "net/health_panels.h"

#include <math.h>
#include <stdio.h>

#include "base/error.h"
#include "base/memory.h"

/* Each chart has a key or two of norm_health in metrics.jsonl. */
static const struct {
    const char *axis;
    const char *solid, *dashed; /* keys; NULL: no second one */
    double factor;
} kinds[XHAT_HEALTH_PANELS] = {
    {"dead units (% of the layer)", "dead", NULL, 100},
    {"running mean off the batch's (deviations)", "mean_gap", NULL, 1},
    {"running variance off (|log2 of ratio|)", "var_gap", NULL, 1},
    {"gain: largest, and smallest dashed", "gain_max", "gain_min", 1},
};

/* Layer i of those shown, of all of them: the first, the last, and evenly
 * between. */
static size_t layer_shown(const xhat_health_panels *panels, size_t i)
{
    return panels->shown < 2 ? 0
                             : i * (panels->layers - 1) / (panels->shown - 1);
}

static double value_of(const json_t *epoch, size_t layer, const char *key)
{
    const json_t *layers = json_object_get(epoch, "norm_health");
    const json_t *value = json_object_get(json_array_get(layers, layer), key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

/* One layer's values of one key, unless there are none. */
static void add_series(xhat_health_panels *panels, int kind, size_t layer,
                       size_t style, const xhat_run_record *record, bool dashed,
                       double *values)
{
    const char *key = dashed ? kinds[kind].dashed : kinds[kind].solid;
    size_t epochs = record->history.count;
    double *x = values, *y = values + epochs;
    bool any = false;
    for (size_t i = 0; i < epochs; i++) {
        x[i] = (double)record->history.epochs[i].epoch;
        y[i] = kinds[kind].factor *
               value_of(json_array_get(record->metrics, i), layer, key);
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
                      const xhat_run_record *record, double **values)
{
    xhat_chart *chart = &panels->charts[panels->count];
    *chart = (xhat_chart){.series = panels->series[panels->count]};
    for (size_t i = 0; i < panels->shown; i++)
        for (int dashed = 0; dashed <= (kinds[kind].dashed != NULL); dashed++) {
            add_series(panels, kind, layer_shown(panels, i), i, record, dashed,
                       *values);
            *values += 2 * record->history.count;
        }
    chart->x = (xhat_axis){.name = "epoch", .whole = true};
    chart->y = (xhat_axis){.name = kinds[kind].axis,
                           .from_zero = kinds[kind].dashed == NULL,
                           .at_most = kinds[kind].factor == 100 ? 100 : 0};
    chart->percent = kinds[kind].factor == 100;
    panels->count += chart->count > 0;
}

xhat_status xhat_health_panels_make(xhat_health_panels *panels,
                                    const xhat_run_record *record,
                                    xhat_error *error)
{
    enum { KEYS = XHAT_HEALTH_PANELS + 1 };
    *panels = (xhat_health_panels){0};
    panels->layers = json_array_size(
        json_object_get(json_array_get(record->metrics, 0), "norm_health"));
    panels->shown =
        panels->layers < XHAT_CHART_STYLES ? panels->layers : XHAT_CHART_STYLES;
    panels->values = xhat_allocate(
        NULL, record->history.count * (panels->shown > 0 ? panels->shown : 1),
        2 * KEYS * sizeof(double));
    if (panels->values == NULL)
        return xhat_fail(error, XHAT_OUT_OF_MEMORY,
                         "no memory for the curves of %zu layers",
                         panels->layers);
    double *values = panels->values;
    for (int kind = 0; kind < XHAT_HEALTH_PANELS; kind++)
        add_chart(panels, kind, record, &values);
    return XHAT_OK;
}

void xhat_health_panels_free(xhat_health_panels *panels)
{
    xhat_release(NULL, panels->values);
    panels->values = NULL;
}
