#include "sweep_points.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "options.h"
#include "report/report.h"
#include "train_data.h"
#include "train_run.h"

/* ---- points -------------------------------------------------------------- */

void cli_sweep_point_folder(const cli_sweep *sweep, size_t i,
                            char path[CLI_POINT_PATH])
{
    int used = snprintf(path, CLI_POINT_PATH, "%s/", sweep->folder);
    cli_grid_name(&sweep->grid, i, path + used, CLI_POINT_PATH - (size_t)used);
}

bool cli_sweep_is_done(const cli_sweep *sweep, size_t i)
{
    const char *status = sweep->points[i].status;
    return strcmp(status, "finished") == 0 || strcmp(status, "diverged") == 0;
}

/* The command line of point i: that of the sweep without what only a sweep
 * has, then the point's values, which so count. */
static int point_invocation(const cli_sweep *sweep, size_t i,
                            cli_invocation *point)
{
    static const char *const own[] = {"grid", "output", "preset", "resume",
                                      "json"};
    const cli_invocation *all = sweep->invocation;
    size_t at[CLI_GRID_AXES];
    *point = (cli_invocation){.command = all->command,
                              .operand_count = 1,
                              .operands = {sweep->source}};
    for (int k = 0; k < all->value_count; k++) {
        bool kept = true;
        for (size_t o = 0; o < sizeof own / sizeof *own; o++)
            kept = kept && strcmp(all->values[k].option->name, own[o]) != 0;
        if (kept)
            point->values[point->value_count++] = all->values[k];
    }
    cli_grid_place(&sweep->grid, i, at);
    for (size_t a = 0; a < sweep->grid.count; a++) {
        if (point->value_count == CLI_VALUES_MAX)
            return cli_fail(CLI_USAGE, "too many options");
        point->values[point->value_count].option = sweep->grid.axes[a].option;
        point->values[point->value_count++].text =
            sweep->grid.axes[a].text[at[a]];
    }
    return CLI_DONE;
}

/* *setup points to *point. */
static int point_setup(const cli_sweep *sweep, size_t i, cli_invocation *point,
                       cli_train_setup *setup)
{
    char folder[CLI_POINT_PATH];
    int result = point_invocation(sweep, i, point);
    if (result == CLI_DONE)
        result = cli_train_setup_read(setup, point);
    if (result != CLI_DONE)
        return result;
    cli_sweep_point_folder(sweep, i, folder);
    if (strlen(folder) >= sizeof setup->folder - 32)
        return cli_fail(CLI_USAGE,
                        "%.80s...: the name of the folder is too "
                        "long",
                        folder);
    memcpy(setup->folder, folder, strlen(folder) + 1);
    return CLI_DONE;
}

int cli_sweep_check_points(const cli_sweep *sweep)
{
    char name[CLI_POINT_PATH], other[CLI_POINT_PATH];
    for (size_t i = 0; i < sweep->count; i++) {
        cli_train_setup setup;
        cli_invocation point;
        int result = point_setup(sweep, i, &point, &setup);
        if (result != CLI_DONE)
            return result;
        cli_grid_name(&sweep->grid, i, name, sizeof name);
        for (size_t j = 0; j < i; j++) {
            cli_grid_name(&sweep->grid, j, other, sizeof other);
            if (strcmp(name, other) == 0)
                return cli_fail(CLI_USAGE,
                                "--grid: two trainings would be called %s",
                                name);
        }
    }
    return CLI_DONE;
}

/* ---- data: read once for all points that share it ------------------------ */

void cli_sweep_close_data(cli_sweep_data *shared)
{
    if (shared->open) {
        xhat_split_free(&shared->split);
        xhat_dataset_free(&shared->data);
    }
    shared->open = false;
}

static int open_data(const cli_sweep *sweep, size_t i, cli_train_setup *setup,
                     cli_sweep_data *shared)
{
    static const char *const depends[] = {
        "label", "drop", "missing", "validation", "train-rows", "seed", "loss"};
    char key[sizeof shared->key] = "";
    size_t at[CLI_GRID_AXES];
    cli_invocation quiet = *sweep->invocation;
    cli_grid_place(&sweep->grid, i, at);
    for (size_t d = 0; d < sizeof depends / sizeof *depends; d++) {
        const cli_axis *axis = cli_grid_axis(&sweep->grid, depends[d]);
        if (axis != NULL)
            snprintf(key + strlen(key), sizeof key - strlen(key), "%s;",
                     axis->text[at[axis - sweep->grid.axes]]);
    }
    if (shared->open && strcmp(key, shared->key) == 0) {
        cli_train_data_fit(setup, &shared->data);
        return CLI_DONE;
    }
    bool again = shared->open;
    cli_sweep_close_data(shared);
    if (again && quiet.value_count < CLI_VALUES_MAX) /* what is known by now */
        quiet.values[quiet.value_count++].option =
            cli_find_option(quiet.command, "quiet", strlen("quiet"));
    int result =
        cli_train_data_read(&quiet, setup, &shared->data, &shared->split);
    shared->open = result == CLI_DONE;
    memcpy(shared->key, key, sizeof key);
    return result;
}

int cli_sweep_look_at_data(cli_sweep *sweep, cli_sweep_data *shared)
{
    cli_train_setup setup;
    cli_invocation point;
    int result = point_setup(sweep, 0, &point, &setup);
    if (result == CLI_DONE)
        result = open_data(sweep, 0, &setup, shared);
    if (result == CLI_DONE)
        sweep->hash = shared->data.hash;
    return result;
}

/* ---- progress ------------------------------------------------------------ */

typedef struct progress {
    const cli_sweep *sweep;
    size_t point, waiting; /* this one; to be trained in all, in this session */
    size_t trained;        /* of those */
    double began, shown;
} progress;

/* "1:02:03" or "2:03" */
static void format_time(double seconds, char text[24])
{
    long s = seconds < 0 ? 0 : seconds > 1e8 ? 100000000 : (long)seconds;
    if (s >= 3600)
        snprintf(text, 24, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
    else
        snprintf(text, 24, "%ld:%02ld", s / 60, s % 60);
}

/* The time left, when `part` of the present training is done. */
static void format_left(const progress *p, double part, char text[24])
{
    double done = (double)p->trained + part, spent = cli_seconds() - p->began;
    format_time(done > 0 ? spent * ((double)p->waiting - done) / done : 0,
                text);
}

static void watch(void *context, const xhat_progress *now)
{
    progress *p = context;
    char name[CLI_POINT_PATH], left[24], line[512];
    size_t room = (size_t)cli_width();
    if (!cli_shows_progress(p->sweep->invocation) ||
        cli_seconds() - p->shown < 0.1)
        return;
    p->shown = cli_seconds();
    cli_grid_name(&p->sweep->grid, p->point, name, sizeof name);
    format_left(
        p,
        ((double)(now->epoch - 1) + (double)now->batch / (double)now->batches) /
            (double)now->epochs,
        left);
    /* cut: a line that wraps cannot be drawn over */
    snprintf(
        line, room < sizeof line ? room : sizeof line,
        "%zu/%zu  %.200s  epoch %zu/%zu  loss %.3f  %.1f%%  %.0f rows/s  %s "
        "left",
        p->point + 1, p->sweep->count, name, now->epoch, now->epochs, now->loss,
        100 * now->accuracy, now->rows_per_second, left);
    fprintf(stderr, "\r\033[K%s", line);
    fflush(stderr);
}

/* The plain line that a training leaves. */
static void say_point(const progress *p)
{
    const cli_sweep *sweep = p->sweep;
    const xhat_run_summary *point = &sweep->points[p->point];
    char name[CLI_POINT_PATH], left[24], figures[96] = "";
    if (cli_given(sweep->invocation, "quiet"))
        return;
    if (cli_shows_progress(sweep->invocation))
        fputs("\r\033[K", stderr);
    cli_grid_name(&sweep->grid, p->point, name, sizeof name);
    format_left(p, 0, left);
    if (point->epochs > 0 && isnan(point->best_train))
        snprintf(figures, sizeof figures, "val loss %.3g  loss %.3g",
                 point->least_validation_loss, point->train_loss);
    else if (point->epochs > 0)
        snprintf(figures, sizeof figures,
                 "best val %.1f%%  train %.1f%%  loss "
                 "%.3g",
                 100 * point->best_validation, 100 * point->best_train,
                 point->train_loss);
    fprintf(stderr, "%zu/%zu  %s  %s%s  %s left\n", p->point + 1, sweep->count,
            name, strcmp(point->status, "finished") == 0 ? "" : point->status,
            figures, left);
}

/* ---- training ------------------------------------------------------------ */

/* The folder of a point: one with a saved state goes on from it; what else is
 * left of a training makes way. */
static int take_folder(cli_train_setup *setup, bool *has_old)
{
    char state[CLI_PATH_SIZE + 32];
    xhat_error error = {0};
    snprintf(state, sizeof state, "%s/state.safetensors", setup->folder);
    *has_old = false;
    setup->resume = !setup->force && access(state, F_OK) == 0;
    if (setup->resume)
        return CLI_DONE;
    return xhat_run_folder_make(setup->folder, true, has_old, &error) == XHAT_OK
               ? CLI_DONE
               : cli_fail_error(&error);
}

static int train_point(cli_sweep *sweep, size_t i, cli_sweep_data *shared,
                       progress *p)
{
    cli_train_setup setup;
    cli_invocation point;
    cli_run run;
    xhat_error error = {0};
    bool has_old = false;
    int result = point_setup(sweep, i, &point, &setup);
    if (result == CLI_DONE)
        result = open_data(sweep, i, &setup, shared);
    if (result == CLI_DONE)
        result = take_folder(&setup, &has_old);
    if (result != CLI_DONE)
        return result;
    p->point = i;
    setup.quiet = true; /* the sweep says what is to be said */
    cli_run_prepare(&run, &setup, setup.net.norm, "",
                    shared->split.train.count);
    run.watch = watch;
    run.watch_context = p;
    result = cli_run_train(&run, &shared->data, &shared->split);
    if (result != CLI_DONE && run.failed == XHAT_UNSUPPORTED)
        cli_fail(result,
                 "remove the folder %s, and xhat sweep --resume %s "
                 "begins that training anew",
                 run.folder, sweep->folder);
    if (result == CLI_DONE && run.history.count > 0) {
        char name[CLI_POINT_PATH];
        const char *folder = run.folder, *title = name;
        cli_grid_name(&sweep->grid, i, name, sizeof name);
        if (xhat_report_write(folder, title, &folder, &run.name, 1, &error) !=
            XHAT_OK)
            result = cli_fail_error(&error);
    }
    if (result == CLI_DONE && has_old &&
        xhat_run_folder_settle(run.folder, &error) != XHAT_OK)
        cli_warn("%s", error.message);
    xhat_history_free(&run.history);
    if (result == CLI_DONE &&
        xhat_run_summarize(&sweep->points[i], run.folder, &error) != XHAT_OK)
        result = cli_fail_error(&error);
    return result;
}

int cli_sweep_train_points(cli_sweep *sweep, cli_sweep_data *shared)
{
    progress p = {.sweep = sweep, .began = cli_seconds()};
    bool force = cli_given(sweep->invocation, "force");
    int result = CLI_DONE;
    for (size_t i = 0; i < sweep->count; i++)
        p.waiting += force || !cli_sweep_is_done(sweep, i);
    if (p.waiting < sweep->count)
        cli_note(sweep->invocation, "%s: %zu of %zu trainings are done already",
                 sweep->folder, sweep->count - p.waiting, sweep->count);
    for (size_t i = 0;
         i < sweep->count && result == CLI_DONE && !cli_interrupted(); i++) {
        if (!force && cli_sweep_is_done(sweep, i))
            continue;
        result = train_point(sweep, i, shared, &p);
        if (result == CLI_DONE) {
            p.trained++;
            say_point(&p);
        }
    }
    return result;
}
