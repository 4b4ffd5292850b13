/* xhat sweep: a grid of trainings, each a run folder in that of the sweep. */
#include "sweep.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "input.h"
#include "report/report.h"
#include "options.h"
#include "presets.h"
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

/* Every option of every point is good, and no two share a folder, before
 * anything is trained. */
static int check_points(const cli_sweep *sweep)
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

typedef struct shared_data {
    bool open;
    char key[512]; /* the values of the options that it depends on */
    xhat_dataset data;
    xhat_split split;
} shared_data;

static void close_data(shared_data *shared)
{
    if (shared->open) {
        xhat_split_free(&shared->split);
        xhat_dataset_free(&shared->data);
    }
    shared->open = false;
}

static int open_data(const cli_sweep *sweep, size_t i, cli_train_setup *setup,
                     shared_data *shared)
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
    close_data(shared);
    if (again && quiet.value_count < CLI_VALUES_MAX) /* what is known by now */
        quiet.values[quiet.value_count++].option =
            cli_find_option(quiet.command, "quiet", strlen("quiet"));
    int result =
        cli_train_data_read(&quiet, setup, &shared->data, &shared->split);
    shared->open = result == CLI_DONE;
    memcpy(shared->key, key, sizeof key);
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

static int train_point(cli_sweep *sweep, size_t i, shared_data *shared,
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

/* All that is not done, in order, until Ctrl-C. */
static int train_points(cli_sweep *sweep, shared_data *shared)
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

/* ---- the sweep ----------------------------------------------------------- */

/* runs/DATA-sweep-1, or the first such number that is free */
static void choose_folder(cli_sweep *sweep)
{
    char name[200];
    cli_base_name(sweep->source, name, sizeof name);
    char *ending = strrchr(name, '.');
    if (ending != NULL && ending != name)
        *ending = '\0';
    for (int i = 1; i < 1000000; i++) {
        snprintf(sweep->folder, sizeof sweep->folder, "runs/%s-sweep-%d", name,
                 i);
        if (access(sweep->folder, F_OK) != 0)
            return;
    }
}

static int name_folder(cli_sweep *sweep)
{
    const char *folder = cli_text(sweep->invocation, "resume");
    if (folder == NULL)
        folder = cli_text(sweep->invocation, "output");
    if (folder == NULL) {
        choose_folder(sweep);
        return CLI_DONE;
    }
    size_t length = strlen(folder);
    while (length > 1 && folder[length - 1] == '/')
        length--;
    if (strcmp(folder, "-") == 0)
        return cli_fail(CLI_USAGE, "-o -: a sweep is a folder, which standard "
                                   "output is not; name one");
    if (length == 0 || length >= sizeof sweep->folder - 64)
        return cli_fail(CLI_USAGE,
                        "-o: \"%.60s\" cannot be the name of a "
                        "folder",
                        folder);
    snprintf(sweep->folder, sizeof sweep->folder, "%.*s", (int)length, folder);
    return CLI_DONE;
}

/* Makes the folder if need be and keeps it to this process; one that holds
 * something else is left alone. */
static int take_sweep_folder(const cli_sweep *sweep, int *lock)
{
    xhat_error error = {0};
    xhat_status status = XHAT_OK;
    bool there = access(sweep->folder, F_OK) == 0;
    if (!there)
        status = xhat_run_folder_make(sweep->folder, false, NULL, &error);
    if (status == XHAT_OK)
        status = xhat_run_folder_lock(sweep->folder, lock, &error);
    if (status != XHAT_OK)
        return cli_fail_error(&error);
    if (!there || cli_sweep_exists(sweep->folder) ||
        xhat_run_folder_make(sweep->folder, false, NULL, &error) == XHAT_OK)
        return CLI_DONE;
    xhat_run_folder_unlock(*lock);
    return cli_fail(CLI_OUTPUT, "%s, and holds no sweep", error.message);
}

/* Compares with what is in the folder already, looks at which points are done
 * and begins sweep.json. */
static int go_on(cli_sweep *sweep)
{
    xhat_error error = {0};
    int result = CLI_DONE;
    if (cli_given(sweep->invocation, "force"))
        return cli_sweep_write(sweep); /* whatever there is, is done again */
    if (cli_sweep_exists(sweep->folder)) {
        cli_sweep_record record;
        result = cli_sweep_record_read(&record, sweep->folder,
                                       sweep->invocation->command);
        if (result == CLI_DONE)
            result = cli_sweep_check(sweep, &record);
        cli_sweep_record_free(&record);
    }
    for (size_t i = 0; i < sweep->count && result == CLI_DONE; i++) {
        char folder[CLI_POINT_PATH];
        cli_sweep_point_folder(sweep, i, folder);
        if (xhat_run_summarize(&sweep->points[i], folder, &error) != XHAT_OK)
            result = cli_fail_error(&error);
    }
    return result == CLI_DONE ? cli_sweep_write(sweep) : result;
}

/* The data of the first point, whose hash tells data apart. */
static int look_at_data(cli_sweep *sweep, shared_data *shared)
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

static int conclude(const cli_sweep *sweep)
{
    size_t done = 0, diverged = 0;
    for (size_t i = 0; i < sweep->count; i++) {
        done += cli_sweep_is_done(sweep, i);
        diverged += strcmp(sweep->points[i].status, "diverged") == 0;
    }
    int result = cli_sweep_write(sweep);
    if (result == CLI_DONE && cli_given(sweep->invocation, "json"))
        result = cli_sweep_print_json(sweep);
    else if (result == CLI_DONE)
        cli_sweep_print_table(sweep);
    if (result != CLI_DONE)
        return result;
    if (done < sweep->count)
        cli_note(sweep->invocation,
                 "stopped after %zu of %zu trainings; go on with: xhat sweep "
                 "--resume %s",
                 done, sweep->count, sweep->folder);
    else
        cli_note(sweep->invocation,
                 "%s holds report.html, sweep.svg, sweep.json and the runs",
                 sweep->folder);
    if (diverged == sweep->count)
        return cli_fail(CLI_NUMERICAL, "every training diverged: %s",
                        sweep->points[0].message);
    return CLI_DONE;
}

static int run_sweep(const cli_invocation *invocation)
{
    cli_sweep sweep = {.invocation = invocation,
                       .source = invocation->operands[0]};
    shared_data shared = {.open = false};
    int result = name_folder(&sweep), lock;
    if (result == CLI_DONE)
        result = cli_grid_read(&sweep.grid, invocation);
    if (result != CLI_DONE)
        return result;
    sweep.count = cli_grid_points(&sweep.grid);
    sweep.points = calloc(sweep.count, sizeof *sweep.points);
    if (sweep.points == NULL)
        return cli_fail(CLI_BUG, "no memory for %zu trainings", sweep.count);
    cli_catch_interrupts();
    result = check_points(&sweep);
    if (result == CLI_DONE)
        result = look_at_data(&sweep, &shared);
    if (result == CLI_DONE)
        result = take_sweep_folder(&sweep, &lock);
    if (result == CLI_DONE) {
        result = go_on(&sweep);
        if (result == CLI_DONE)
            result = train_points(&sweep, &shared);
        if (result == CLI_DONE)
            result = conclude(&sweep);
        xhat_run_folder_unlock(lock);
    }
    close_data(&shared);
    free(sweep.points);
    return result;
}

/* --resume SWEEP: the command line that began it, and on top of it what
 * changes no training. */
static int resume(const cli_invocation *invocation)
{
    static const char *const allowed[] = {"resume", "threads", "json", "quiet"};
    cli_sweep_record record;
    int result = CLI_DONE;
    for (int i = 0; i < invocation->value_count; i++) {
        const char *name = invocation->values[i].option->name;
        bool good = false;
        for (size_t k = 0; k < sizeof allowed / sizeof *allowed; k++)
            good = good || strcmp(name, allowed[k]) == 0;
        if (!good)
            return cli_fail(CLI_USAGE,
                            "--%s cannot be given with --resume: the sweep "
                            "goes on with the options it began with",
                            name);
    }
    result = cli_sweep_record_read(&record, cli_text(invocation, "resume"),
                                   invocation->command);
    if (result == CLI_DONE) {
        cli_invocation *merged = &record.invocation;
        if (invocation->operand_count > 0)
            merged->operands[0] = invocation->operands[0];
        for (int i = 0; i < invocation->value_count; i++)
            if (merged->value_count < CLI_VALUES_MAX)
                merged->values[merged->value_count++] = invocation->values[i];
        result = run_sweep(merged);
    }
    cli_sweep_record_free(&record);
    return result;
}

static int run(const cli_invocation *invocation)
{
    cli_invocation merged;
    if (cli_given(invocation, "resume"))
        return resume(invocation);
    if (invocation->operand_count == 0)
        return cli_fail(CLI_USAGE, "sweep: what is to be trained on? usage: "
                                   "xhat sweep DATA --grid OPTION=VALUES, or "
                                   "xhat sweep --resume SWEEP");
    int result = cli_preset_apply(&merged, invocation);
    return result == CLI_DONE ? run_sweep(&merged) : result;
}

static const cli_option options[] = {
    {"output", 'o', "FOLDER",
     "the sweep's folder (default runs/DATA-sweep-1, -2, ...); where it holds "
     "this sweep, what is done in it stays"},
    {"grid", 0, "OPTION=VALUES",
     "an option of a training and its values: 5,10,50 or 1..5 or "
     "1e-4..1:20log; give it again for another option"},
    {"preset", 0, CLI_SWEEP_PRESETS, "an experiment by name, see above"},
    {"resume", 0, "FOLDER", "go on with a sweep that was stopped or killed"},
    {NULL, 0, NULL, NULL}};

const cli_command cli_command_sweep = {
    .name = "sweep",
    .summary = "train over a grid of options, and compare",
    .operands = "DATA",
    .operand_words = CLI_GENERATORS,
    .examples =
        "    xhat sweep cifar-10-batches-bin --preset weight-scale\n"
        "    xhat sweep iris.csv --grid lr=1e-4..1:9log --grid seed=1..3\n"
        "    xhat sweep spiral --grid 'hidden=50x2;100,50' --grid "
        "norm=batch,none\n"
        "    xhat sweep --resume runs/iris-sweep-1\n",
    .details =
        "Each training is a run folder in that of the sweep.  One that is done "
        "is not\ndone again, one that was stopped goes on; a grid may grow.  "
        "A training that\ndiverges is a row of the table.  The first --grid "
        "is the x axis of the picture;\nover seeds the mean is drawn.\n",
    .presets = cli_sweep_presets_help,
    .least_operands = 0,
    .most_operands = 1,
    .tables = {options, cli_train_options},
    .run = run,
};
