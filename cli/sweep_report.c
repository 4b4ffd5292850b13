/* What a sweep shows besides its charts: a table, a page. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/curves.h"
#include "report/report.h"
#include "sweep.h"

/* ---- the table ----------------------------------------------------------- */

static int axis_width(const cli_axis *axis)
{
    size_t width = strlen(axis->option->name);
    for (size_t i = 0; i < axis->count; i++)
        if (strlen(axis->text[i]) > width)
            width = strlen(axis->text[i]);
    return (int)(width > 24 ? 24 : width);
}

static void print_share(double share)
{
    if (isnan(share))
        printf("%12s", "-");
    else
        printf("%11.2f%%", 100 * share);
}

static void print_loss(double loss)
{
    if (isnan(loss))
        printf("%12s", "-");
    else
        printf("%12.4g", loss);
}

static void print_point(const cli_sweep *sweep, size_t i, bool accuracies)
{
    size_t at[CLI_GRID_AXES];
    const xhat_run_summary *point = &sweep->points[i];
    cli_grid_place(&sweep->grid, i, at);
    for (size_t a = 0; a < sweep->grid.count; a++)
        printf("%-*.24s  ", axis_width(&sweep->grid.axes[a]),
               sweep->grid.axes[a].text[at[a]]);
    if (point->status[0] == '\0') {
        printf("%12s\n", "not begun");
        return;
    }
    if (accuracies) {
        print_share(point->best_validation);
        print_share(point->best_train);
    } else {
        print_loss(point->least_validation_loss);
    }
    print_loss(point->train_loss);
    printf("%8.1f s", isnan(point->seconds) ? 0 : point->seconds);
    printf("%s%s\n", strcmp(point->status, "finished") == 0 ? "" : "  ",
           strcmp(point->status, "finished") == 0 ? "" : point->status);
}

void cli_sweep_print_table(const cli_sweep *sweep)
{
    bool accuracies = cli_sweep_has_accuracies(sweep);
    for (size_t a = 0; a < sweep->grid.count; a++)
        printf("%-*s  ", axis_width(&sweep->grid.axes[a]),
               sweep->grid.axes[a].option->name);
    if (accuracies)
        printf("%12s%12s", "best val", "best train");
    else
        printf("%12s", "val loss");
    printf("%12s%10s\n", "final loss", "time");
    for (size_t i = 0; i < sweep->count; i++)
        print_point(sweep, i, accuracies);
}

/* ---- the page ------------------------------------------------------------ */

static void put_row(xhat_text *page, const cli_sweep *sweep, size_t i)
{
    size_t at[CLI_GRID_AXES];
    const xhat_run_summary *point = &sweep->points[i];
    cli_grid_place(&sweep->grid, i, at);
    xhat_text_put(page, "<tr>");
    for (size_t a = 0; a < sweep->grid.count; a++) {
        xhat_text_put(page, "<td>");
        xhat_text_put_xml(page, sweep->grid.axes[a].text[at[a]]);
        xhat_text_put(page, "</td>");
    }
    xhat_page_number(page, 100 * point->best_validation, "%.2f %%");
    xhat_page_number(page, 100 * point->best_train, "%.2f %%");
    xhat_page_number(page, point->least_validation_loss, "%.4g");
    xhat_page_number(page, point->train_loss, "%.4g");
    xhat_page_number(page, 100 * point->test_accuracy, "%.2f %%");
    xhat_page_number(page, point->seconds, "%.1f s");
    xhat_text_put(page, "<td>");
    xhat_text_put(page, point->status[0] != '\0' ? point->status : "not begun");
    if (point->message[0] != '\0') {
        xhat_text_put(page, ": ");
        xhat_text_put_xml(page, point->message);
    }
    xhat_text_put(page, "</td></tr>\n");
}

static void put_table(xhat_text *page, const cli_sweep *sweep)
{
    xhat_text_put(page, "<h2>Trainings</h2>\n<div class=\"wide\"><table>"
                        "<thead><tr>");
    for (size_t a = 0; a < sweep->grid.count; a++)
        xhat_text_add(page, "<th>%s</th>", sweep->grid.axes[a].option->name);
    xhat_text_put(page,
                  "<th class=\"n\">best validation</th><th class=\"n\">best "
                  "training</th><th class=\"n\">lowest validation loss</th>"
                  "<th class=\"n\">final training loss</th>"
                  "<th class=\"n\">test</th><th class=\"n\">time</th><th></th>"
                  "</tr></thead>\n");
    for (size_t i = 0; i < sweep->count; i++)
        put_row(page, sweep, i);
    xhat_text_put(page, "</table></div>\n");
}

/* "batch-size 5, norm batch" */
static void name_point(const cli_sweep *sweep, size_t i, char *name,
                       size_t size)
{
    size_t at[CLI_GRID_AXES], used = 0;
    cli_grid_place(&sweep->grid, i, at);
    for (size_t a = 0; a < sweep->grid.count && used < size; a++)
        used += (size_t)snprintf(
            name + used, size - used, "%s%s %s", a > 0 ? ", " : "",
            sweep->grid.axes[a].option->name, sweep->grid.axes[a].text[at[a]]);
}

/* The epochs of every training that has any, where all can be lines. */
typedef struct sweep_curves {
    size_t count;
    char names[XHAT_CHART_SERIES][96];
    xhat_history histories[XHAT_CHART_SERIES];
    xhat_curve curves[XHAT_CHART_SERIES];
} sweep_curves;

static void read_curves(sweep_curves *c, const cli_sweep *sweep)
{
    char folder[CLI_POINT_PATH];
    xhat_error error = {0};
    c->count = 0;
    for (size_t i = 0; i < sweep->count && sweep->count <= XHAT_CHART_SERIES;
         i++) {
        size_t k = c->count;
        cli_sweep_point_folder(sweep, i, folder);
        if (sweep->points[i].epochs == 0 ||
            xhat_history_read(&c->histories[k], folder, NULL, &error) !=
                XHAT_OK)
            continue;
        name_point(sweep, i, c->names[k], sizeof c->names[k]);
        c->curves[k] = (xhat_curve){c->names[k], &c->histories[k],
                                    xhat_report_loss(folder)};
        c->count++;
    }
}

/* Accuracy against the epoch, in training and on held-out rows. */
static bool put_curves(xhat_text *page, const cli_sweep *sweep)
{
    sweep_curves c;
    xhat_error error = {0};
    bool good = true;
    read_curves(&c, sweep);
    if (c.count > 0)
        xhat_text_put(page, "<h2>Curves</h2>\n<div class=\"figures\">\n");
    for (xhat_measure what = XHAT_MEASURE_TRAIN_ACCURACY;
         c.count > 0 && good && what <= XHAT_MEASURE_HELD_OUT_ACCURACY;
         what++) {
        xhat_curve_panel panel;
        good = xhat_curve_panel_make(&panel, c.curves, c.count, what, &error) ==
               XHAT_OK;
        if (good && panel.chart.count > 0)
            xhat_figure_draw(page, NULL, &panel.chart, 1, 1, false);
        xhat_curve_panel_free(&panel);
    }
    if (c.count > 0)
        xhat_text_put(page, "</div>\n");
    for (size_t i = 0; i < c.count; i++)
        xhat_history_free(&c.histories[i]);
    return good;
}

static void put_options(xhat_text *page, const cli_sweep *sweep)
{
    const cli_invocation *invocation = sweep->invocation;
    xhat_text_put(page,
                  "<h2>What was run</h2>\n<table>\n<tr><th>data</th><td>");
    xhat_text_put_xml(page, sweep->source);
    xhat_text_add(page,
                  "</td></tr>\n<tr><th>its hash</th><td>fnv1a64:%016llx"
                  "</td></tr>\n",
                  (unsigned long long)sweep->hash);
    for (int i = 0; i < invocation->value_count; i++) {
        xhat_text_add(page, "<tr><th>--%s</th><td>",
                      invocation->values[i].option->name);
        if (invocation->values[i].text != NULL)
            xhat_text_put_xml(page, invocation->values[i].text);
        xhat_text_put(page, "</td></tr>\n");
    }
    xhat_text_put(page, "</table>\n");
}

bool cli_sweep_page(const cli_sweep *sweep, xhat_text *page)
{
    char title[320];
    cli_sweep_title(sweep, title, sizeof title);
    xhat_page_begin(page, title);
    xhat_text_put(page, "<div class=\"figures\">\n");
    bool good = cli_sweep_draw(sweep, page, false);
    xhat_text_put(page, "</div>\n<p class=\"note\">Training figures are means "
                        "over an epoch&rsquo;s batches as they were trained "
                        "on. A training that diverged has no point.</p>\n");
    put_table(page, sweep);
    good = good && put_curves(page, sweep);
    put_options(page, sweep);
    xhat_page_end(page);
    return good;
}
