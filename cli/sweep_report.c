/* What a sweep shows: a table, charts, a page. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/curves.h"
#include "report/report.h"
#include "sweep.h"

/* Accuracies, unless what there is are predictions of numbers. */
static bool has_accuracies(const cli_sweep *sweep)
{
    bool lost = false;
    for (size_t i = 0; i < sweep->count; i++) {
        if (isfinite(sweep->points[i].best_train))
            return true;
        lost = lost || isfinite(sweep->points[i].train_loss);
    }
    return !lost;
}

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
    bool accuracies = has_accuracies(sweep);
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

/* ---- charts -------------------------------------------------------------- */

enum { MEASURES = 4 };

static const struct {
    const char *axis;
    size_t offset; /* in xhat_run_summary */
    bool percent;  /* an accuracy, which predictions of numbers have not */
    bool instead;  /* drawn where there are no accuracies */
} measures[MEASURES] = {
    {"best validation accuracy (% of rows)",
     offsetof(xhat_run_summary, best_validation), true, false},
    {"best training accuracy (% of rows)",
     offsetof(xhat_run_summary, best_train), true, false},
    {"lowest validation loss (mean over rows)",
     offsetof(xhat_run_summary, least_validation_loss), false, true},
    {"final training loss (mean over rows)",
     offsetof(xhat_run_summary, train_loss), false, false},
};

static bool is_drawn(const cli_sweep *sweep, size_t m)
{
    bool accuracies = has_accuracies(sweep);
    return accuracies ? !measures[m].instead : !measures[m].percent;
}

/* The lines of the charts: one for each way to choose the values of all
 * options but the first and the seed, over which the mean is taken. */
typedef struct lines {
    const cli_sweep *sweep;
    const cli_axis *x;
    size_t count; /* lines, XHAT_CHART_SERIES at most */
    size_t all;   /* lines there would be */
    size_t chart_count;
    xhat_chart charts[MEASURES];
    xhat_series series[MEASURES][XHAT_CHART_SERIES];
    char names[XHAT_CHART_SERIES][4 * CLI_GRID_TEXT];
    double *values; /* owned: x and the sums of y */
} lines;

static bool makes_lines(const lines *l, const cli_axis *axis)
{
    return axis != l->x && strcmp(axis->option->name, "seed") != 0;
}

/* The line that a point belongs to. */
static size_t line_of(const lines *l, const size_t at[CLI_GRID_AXES])
{
    size_t line = 0;
    for (size_t a = 0; a < l->sweep->grid.count; a++)
        if (makes_lines(l, &l->sweep->grid.axes[a]))
            line = line * l->sweep->grid.axes[a].count + at[a];
    return line;
}

/* "norm batch, lr 0.1"; without other options what a point is */
static void name_line(lines *l, size_t line, const size_t at[CLI_GRID_AXES])
{
    char *name = l->names[line];
    size_t size = sizeof l->names[line], used = 0;
    name[0] = '\0';
    for (size_t a = 0; a < l->sweep->grid.count && used < size; a++) {
        const cli_axis *axis = &l->sweep->grid.axes[a];
        if (makes_lines(l, axis))
            used += (size_t)snprintf(name + used, size - used, "%s%s %s",
                                     used > 0 ? ", " : "", axis->option->name,
                                     axis->text[at[a]]);
    }
}

/* values: for each measure and line, the points of x, y and how many trainings
 * y is the mean of. */
static double *line_values(const lines *l, size_t measure, size_t line)
{
    return l->values + (measure * XHAT_CHART_SERIES + line) * 3 * l->x->count;
}

static void add_point(lines *l, size_t i)
{
    size_t at[CLI_GRID_AXES], n = l->x->count;
    cli_grid_place(&l->sweep->grid, i, at);
    size_t line = line_of(l, at), k = at[l->x - l->sweep->grid.axes];
    if (line >= l->count)
        return;
    name_line(l, line, at);
    for (size_t m = 0; m < MEASURES; m++) {
        const char *point = (const char *)&l->sweep->points[i];
        double y = *(const double *)(point + measures[m].offset);
        double *values = line_values(l, m, line);
        values[k] = l->x->numeric ? l->x->number[k] : (double)k;
        if (!isfinite(y) || strcmp(l->sweep->points[i].status, "diverged") == 0)
            continue;
        values[n + k] += measures[m].percent ? 100 * y : y;
        values[2 * n + k]++;
    }
}

static void finish_chart(lines *l, size_t m, const char *const *texts)
{
    size_t n = l->x->count;
    for (size_t s = 0; s < l->count; s++) {
        double *values = line_values(l, m, s);
        for (size_t k = 0; k < n; k++)
            values[n + k] /= values[2 * n + k]; /* 0/0: a gap */
        l->series[m][s] = (xhat_series){
            .name = l->names[s],
            .style = s % XHAT_CHART_STYLES,
            .dashed = s >= XHAT_CHART_STYLES,
            .count = n,
            .x = values,
            .y = values + n,
        };
    }
    xhat_chart *chart = &l->charts[l->chart_count++];
    *chart = (xhat_chart){.series = l->series[m], .count = l->count};
    chart->x = (xhat_axis){.name = l->x->option->name,
                           .scale = !l->x->numeric ? XHAT_SCALE_NAMED
                                    : l->x->log    ? XHAT_SCALE_LOG
                                                   : XHAT_SCALE_LINEAR,
                           .ticks = l->x->number,
                           .tick_count = l->x->numeric && n <= 8 ? n : 0,
                           .names = texts,
                           .name_count = n};
    chart->y = (xhat_axis){
        .name = measures[m].axis,
        .from_zero = !measures[m].percent,
        .at_most = measures[m].percent ? 100 : 0,
        .scale = measures[m].percent
                     ? XHAT_SCALE_LINEAR
                     : xhat_chart_choose_scale(chart->series, chart->count)};
    chart->percent = measures[m].percent;
}

static bool make_lines(lines *l, const cli_sweep *sweep,
                       const char *const *texts)
{
    *l = (lines){.sweep = sweep, .x = &sweep->grid.axes[0], .all = 1};
    for (size_t a = 1; a < sweep->grid.count; a++)
        if (makes_lines(l, &sweep->grid.axes[a]))
            l->all *= sweep->grid.axes[a].count;
    l->count = l->all < XHAT_CHART_SERIES ? l->all : XHAT_CHART_SERIES;
    l->values = calloc(3 * MEASURES * XHAT_CHART_SERIES * l->x->count,
                       sizeof *l->values);
    if (l->values == NULL)
        return false;
    for (size_t i = 0; i < sweep->count; i++)
        add_point(l, i);
    for (size_t m = 0; m < MEASURES; m++)
        if (is_drawn(sweep, m))
            finish_chart(l, m, texts);
    return true;
}

static void title_of(const cli_sweep *sweep, char *title, size_t size)
{
    char name[200];
    const cli_axis *seeds = cli_grid_axis(&sweep->grid, "seed");
    cli_base_name(sweep->source, name, sizeof name);
    snprintf(title, size, "%s on %s", sweep->grid.axes[0].option->name, name);
    if (seeds != NULL && seeds != &sweep->grid.axes[0])
        snprintf(title + strlen(title), size - strlen(title),
                 ", means of %zu seeds", seeds->count);
}

bool cli_sweep_draw(const cli_sweep *sweep, xhat_text *svg, bool alone)
{
    lines l;
    char title[320];
    const cli_axis *x = &sweep->grid.axes[0];
    const char *texts[CLI_GRID_VALUES];
    for (size_t i = 0; i < x->count; i++)
        texts[i] = x->text[i];
    if (!make_lines(&l, sweep, texts))
        return false;
    title_of(sweep, title, sizeof title);
    if (l.count < l.all)
        snprintf(title + strlen(title), sizeof title - strlen(title),
                 " (%zu of %zu lines)", l.count, l.all);
    if (alone)
        xhat_figure_draw(svg, title, l.charts, l.chart_count, 2, true);
    for (size_t m = 0; m < l.chart_count && !alone; m++)
        xhat_figure_draw(svg, NULL, &l.charts[m], 1, 1, false);
    free(l.values);
    return true;
}

/* ---- the page ------------------------------------------------------------ */

static void put_cell(xhat_text *page, double value, const char *format)
{
    xhat_text_put(page, "<td class=\"n\">");
    if (isnan(value))
        xhat_text_put(page, "&ndash;");
    else
        xhat_text_add(page, format, value);
    xhat_text_put(page, "</td>");
}

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
    put_cell(page, 100 * point->best_validation, "%.2f %%");
    put_cell(page, 100 * point->best_train, "%.2f %%");
    put_cell(page, point->least_validation_loss, "%.4g");
    put_cell(page, point->train_loss, "%.4g");
    put_cell(page, 100 * point->test_accuracy, "%.2f %%");
    put_cell(page, point->seconds, "%.1f s");
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
        xhat_panel panel;
        good =
            xhat_panel_make(&panel, c.curves, c.count, what, &error) == XHAT_OK;
        if (good && panel.chart.count > 0)
            xhat_figure_draw(page, NULL, &panel.chart, 1, 1, false);
        xhat_panel_free(&panel);
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
    title_of(sweep, title, sizeof title);
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
