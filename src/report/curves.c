/* Curves of runs: loss, accuracy and learning rate against the epoch. */
#include "report/curves.h"

#include <math.h>
#include <stdio.h>

#include "base/error.h"
#include "base/memory.h"

typedef enum part { TRAIN, HELD_OUT } part;

/* ---- values -------------------------------------------------------------- */

/* Does the run have validation rows?  Then those are the held-out ones. */
static bool has_validation(const xhat_history *history)
{
    return history->count > 0 && !isnan(history->epochs[0].validation_loss);
}

static double value_of(const xhat_history *history, size_t i, xhat_measure what,
                       part which)
{
    const xhat_epoch *epoch = &history->epochs[i];
    bool loss = what == XHAT_MEASURE_LOSS;
    if (what == XHAT_MEASURE_RATE)
        return epoch->lr;
    if (which == TRAIN)
        return loss ? epoch->train_loss : 100 * epoch->train_accuracy;
    if (has_validation(history))
        return loss ? epoch->validation_loss : 100 * epoch->validation_accuracy;
    return loss ? epoch->test_loss : 100 * epoch->test_accuracy;
}

/* A measure with one series a run has it for this part. */
static bool is_single(xhat_measure what)
{
    return what >= XHAT_MEASURE_RATE;
}

static part single_part(xhat_measure what)
{
    return what == XHAT_MEASURE_HELD_OUT_ACCURACY ? HELD_OUT : TRAIN;
}

static const char *part_name(const xhat_history *history, part which)
{
    if (which == TRAIN)
        return " train";
    return has_validation(history) ? " validation" : " test";
}

/* ---- a panel ------------------------------------------------------------- */

/* Adds the series of one part of one run, unless it has no value; its numbers
 * go to values[2 * epochs]. */
static void add_series(xhat_curve_panel *panel, const xhat_curve *curve,
                       size_t style, xhat_measure what, part which,
                       double *values)
{
    const xhat_history *history = curve->history;
    double *x = values, *y = values + history->count;
    bool any = false;
    for (size_t i = 0; i < history->count; i++) {
        x[i] = (double)history->epochs[i].epoch;
        y[i] = value_of(history, i, what, which);
        any = any || isfinite(y[i]);
    }
    if (!any)
        return;
    size_t s = panel->chart.count++;
    snprintf(panel->names[s], sizeof panel->names[s], "%s%s", curve->name,
             is_single(what) ? "" : part_name(history, which));
    panel->series[s] = (xhat_series){
        .name = panel->names[s],
        .style = style % XHAT_CHART_STYLES,
        .dashed = is_single(what) ? style >= XHAT_CHART_STYLES : which == TRAIN,
        .count = history->count,
        .x = x,
        .y = y,
    };
}

/* "loss (...)" with its unit, which several runs may not share */
static const char *loss_name(const xhat_curve *curves, size_t count)
{
    static const char *const names[] = {"loss (mean cross-entropy, nats)",
                                        "loss (mean hinge)",
                                        "loss (mean squared error, scaled)"};
    for (size_t c = 1; c < count; c++)
        if (curves[c].loss != curves[0].loss)
            return "loss (mean, as each run defines it)";
    return names[curves[0].loss];
}

static void name_axes(xhat_chart *chart, const xhat_curve *curves, size_t count,
                      xhat_measure what)
{
    static const char *const names[] = {
        NULL, "accuracy (% of rows)", "learning rate",
        "accuracy in training (% of rows)",
        "accuracy on held-out rows (% of rows)"};
    bool accuracy = what != XHAT_MEASURE_LOSS && what != XHAT_MEASURE_RATE;
    chart->x = (xhat_axis){.name = "epoch", .whole = true};
    chart->y = (xhat_axis){
        .name =
            what == XHAT_MEASURE_LOSS ? loss_name(curves, count) : names[what],
        .scale = accuracy
                     ? XHAT_SCALE_LINEAR
                     : xhat_chart_choose_scale(chart->series, chart->count),
        .from_zero = !accuracy,
        .at_most = accuracy ? 100 : 0,
    };
    chart->percent = accuracy;
}

xhat_status xhat_curve_panel_make(xhat_curve_panel *panel,
                                  const xhat_curve *curves, size_t count,
                                  xhat_measure what, xhat_error *error)
{
    size_t epochs = 0;
    *panel = (xhat_curve_panel){.chart = {.series = panel->series}};
    for (size_t c = 0; c < count; c++)
        epochs += curves[c].history->count;
    panel->values = xhat_allocate(NULL, epochs, 4 * sizeof(double));
    if (panel->values == NULL)
        return xhat_fail(error, XHAT_OUT_OF_MEMORY,
                         "no memory for curves of %zu epochs", epochs);
    double *values = panel->values;
    for (size_t c = 0; c < count; c++)
        for (part which = TRAIN; which <= HELD_OUT; which++) {
            if (is_single(what) && which != single_part(what))
                continue;
            add_series(panel, &curves[c], c, what, which, values);
            values += 2 * curves[c].history->count;
        }
    name_axes(&panel->chart, curves, count, what);
    return XHAT_OK;
}

void xhat_curve_panel_free(xhat_curve_panel *panel)
{
    xhat_release(NULL, panel->values);
    panel->values = NULL;
}

/* ---- loss and accuracy as a file ----------------------------------------- */

xhat_status xhat_curves_check(const xhat_curve *curves, size_t count,
                              xhat_error *error)
{
    if (count == 0 || count > XHAT_CURVES_MOST)
        return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                         "%zu runs in one picture: 1 to %d can be told apart",
                         count, XHAT_CURVES_MOST);
    for (size_t c = 0; c < count; c++)
        if (curves[c].history->count == 0)
            return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                             "the run %s has no epochs to draw",
                             curves[c].name);
    return XHAT_OK;
}

xhat_status xhat_curves_draw(const xhat_curve *curves, size_t count,
                             const char *title, char **svg, size_t *length,
                             xhat_error *error)
{
    xhat_curve_panel panels[2] = {{.values = NULL}, {.values = NULL}};
    xhat_chart charts[2];
    size_t drawn = 0;
    xhat_status status = xhat_curves_check(curves, count, error);
    for (xhat_measure what = XHAT_MEASURE_LOSS;
         what <= XHAT_MEASURE_ACCURACY && status == XHAT_OK; what++) {
        status =
            xhat_curve_panel_make(&panels[what], curves, count, what, error);
        if (panels[what].chart.count > 0 || what == XHAT_MEASURE_LOSS)
            charts[drawn++] = panels[what].chart;
    }
    if (status == XHAT_OK) {
        xhat_text text = xhat_text_on(NULL);
        xhat_figure_draw(&text, title, charts, drawn, 2, true);
        *svg = text.data;
        *length = text.length;
        if (text.failed) {
            xhat_text_free(&text);
            status =
                xhat_fail(error, XHAT_OUT_OF_MEMORY, "no memory for a picture");
        }
    }
    xhat_curve_panel_free(&panels[0]);
    xhat_curve_panel_free(&panels[1]);
    return status;
}

void xhat_curves_free(char *svg)
{
    xhat_release(NULL, svg);
}
