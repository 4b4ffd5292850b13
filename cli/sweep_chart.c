/* The charts of a sweep: a measure each, against the first option of its
 * grid. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/chart.h"
#include "sweep.h"

bool cli_sweep_has_accuracies(const cli_sweep *sweep)
{
    bool lost = false;
    for (size_t i = 0; i < sweep->count; i++) {
        if (isfinite(sweep->points[i].best_train))
            return true;
        lost = lost || isfinite(sweep->points[i].train_loss);
    }
    return !lost;
}

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
    bool accuracies = cli_sweep_has_accuracies(sweep);
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

void cli_sweep_title(const cli_sweep *sweep, char *title, size_t size)
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
    cli_sweep_title(sweep, title, sizeof title);
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
