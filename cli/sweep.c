/* xhat sweep: a grid of trainings, each a run folder in that of the sweep. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net_input.h"
#include "presets.h"
#include "sweep_points.h"
#include "train_options.h"

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
                 "--resume %s%s",
                 done, sweep->count, sweep->folder,
                 cli_data_again(sweep->source));
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
    cli_sweep_data shared = {.open = false};
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
    result = cli_sweep_check_points(&sweep);
    if (result == CLI_DONE)
        result = cli_sweep_look_at_data(&sweep, &shared);
    if (result == CLI_DONE)
        result = take_sweep_folder(&sweep, &lock);
    if (result == CLI_DONE) {
        result = go_on(&sweep);
        if (result == CLI_DONE)
            result = cli_sweep_train_points(&sweep, &shared);
        if (result == CLI_DONE)
            result = conclude(&sweep);
        if (result == CLI_OUTPUT && cli_sweep_exists(sweep.folder))
            cli_fail(result,
                     "what was saved before is whole; once there is room and "
                     "leave to write, go on with: xhat sweep --resume %s%s",
                     sweep.folder, cli_data_again(sweep.source));
        xhat_run_folder_unlock(lock);
    }
    cli_sweep_close_data(&shared);
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
