/* xhat train: a net from data to a run folder. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "report/curves.h"
#include "report/report.h"
#include "net_input.h"
#include "output.h"
#include "presets.h"
#include "train_data.h"
#include "train_resume.h"
#include "train_run.h"

/* ---- both ---------------------------------------------------------------- */

static int draw_curves(const cli_run *runs, int count)
{
    char path[CLI_PATH_SIZE + 48], title[300], name[200], *svg;
    xhat_curve curves[2];
    size_t drawn = 0, length;
    xhat_error error = {0};
    for (int i = 0; i < count; i++)
        if (runs[i].history.count > 0)
            curves[drawn++] =
                (xhat_curve){runs[i].name, &runs[i].history, runs[i].spec.loss};
    if (drawn == 0)
        return CLI_DONE;
    cli_base_name(runs[0].setup->source, name, sizeof name);
    snprintf(title, sizeof title, "Training on %s", name);
    if (xhat_curves_draw(curves, drawn, title, &svg, &length, &error) !=
        XHAT_OK)
        return cli_fail_error(&error);
    snprintf(path, sizeof path, "%s/curves.svg", runs[0].folder);
    xhat_status status = xhat_file_write(path, true, svg, length, &error);
    xhat_curves_free(svg);
    return status == XHAT_OK ? CLI_DONE : cli_fail_error(&error);
}

/* report.html of each run; that of the first holds the baseline too. */
static int write_reports(const cli_run *runs, int count)
{
    const char *folders[2], *names[2];
    char title[300], name[200];
    size_t drawn = 0;
    xhat_error error = {0};
    cli_base_name(runs[0].setup->source, name, sizeof name);
    snprintf(title, sizeof title, "Training on %s", name);
    for (int i = 0; i < count; i++) {
        if (runs[i].history.count == 0)
            continue;
        folders[drawn] = runs[i].folder;
        names[drawn++] = runs[i].name;
        if (i > 0 &&
            xhat_report_write(runs[i].folder, title, &folders[drawn - 1],
                              &names[drawn - 1], 1, &error) != XHAT_OK)
            return cli_fail_error(&error);
    }
    if (drawn > 0 && xhat_report_write(runs[0].folder, title, folders, names,
                                       drawn, &error) != XHAT_OK)
        return cli_fail_error(&error);
    return CLI_DONE;
}

/* Says what --precise-bn did to the part that the user looks at most. */
static void note_precise(const cli_invocation *invocation, const cli_run *run)
{
    const cli_precise *precise = &run->precise;
    if (!precise->done)
        return;
    bool tested = precise->test[0].rows > 0;
    const xhat_evaluation *e = tested ? precise->test : precise->validation;
    if (e[0].rows == 0)
        cli_note(invocation, "running statistics taken anew over the training "
                             "rows");
    else if (run->spec.loss == XHAT_LOSS_SQUARED)
        cli_note(invocation,
                 "running statistics taken anew over the training rows: %s "
                 "loss %.4f, before %.4f",
                 tested ? "test" : "validation", e[1].loss, e[0].loss);
    else
        cli_note(invocation,
                 "running statistics taken anew over the training rows: %s "
                 "accuracy %.2f%%, before %.2f%%; loss %.4f, before %.4f",
                 tested ? "test" : "validation", 100 * e[1].accuracy,
                 100 * e[0].accuracy, e[1].loss, e[0].loss);
}

/* "; best.safetensors that of epoch 7", where the last epoch was not the
 * best. */
static const char *best_of(const cli_run *run, char *text, size_t size)
{
    const xhat_history *history = &run->history;
    size_t best = history->count;
    text[0] = '\0';
    while (best > 0 && !history->epochs[best - 1].best)
        best--;
    if (best > 0 && best < history->count)
        snprintf(text, size, "; best.safetensors that of epoch %zu",
                 history->epochs[best - 1].epoch);
    return text;
}

/* How it went, in words; the exit code is that of the run asked for: a
 * baseline that diverges is a result. */
static int conclude(const cli_invocation *invocation, const cli_run *runs,
                    int count)
{
    char best[80];
    int result = draw_curves(runs, count);
    if (result == CLI_DONE)
        result = write_reports(runs, count);
    if (!runs[0].setup->json)
        cli_run_table(runs, count);
    for (int i = 1; i < count; i++)
        if (runs[i].status == CLI_RUN_DIVERGED)
            cli_warn("%s: %s", runs[i].name, runs[i].message);
    if (result != CLI_DONE)
        return result;
    if (runs[0].status == CLI_RUN_DIVERGED)
        return cli_fail(CLI_NUMERICAL, "%s", runs[0].message);
    note_precise(invocation, &runs[0]);
    if (runs[count - 1].status == CLI_RUN_INTERRUPTED)
        cli_note(invocation,
                 "%s: %s; the model and the metrics so far are in %s; go on "
                 "with: xhat train --resume %s%s",
                 runs[count - 1].name, runs[count - 1].message,
                 runs[count - 1].folder, runs[0].folder,
                 cli_data_again(runs[0].setup->source));
    else
        cli_note(invocation,
                 "%s holds report.html, curves.svg, run.json, metrics.jsonl "
                 "and model.safetensors%s%s",
                 runs[0].folder, best_of(&runs[0], best, sizeof best),
                 count > 1 ? "; baseline/ the other run" : "");
    return CLI_DONE;
}

/* A baseline has a folder in the run's. */
static int train_baseline(cli_run *run, const cli_train_setup *setup,
                          const xhat_dataset *data, const xhat_split *split)
{
    xhat_error error = {0};
    cli_run_prepare(run, setup, XHAT_NET_NORM_NONE, "/baseline",
                    split->train.count);
    if (!(setup->resume && access(run->folder, F_OK) == 0) &&
        xhat_run_folder_make(run->folder, setup->force, NULL, &error) !=
            XHAT_OK)
        return cli_fail_error(&error);
    return cli_run_train(run, data, split);
}

/* The run, then its baseline unless it did not come that far. */
static int run_both(const cli_invocation *invocation,
                    const cli_train_setup *setup, const xhat_dataset *data,
                    const xhat_split *split, bool *complete)
{
    cli_run runs[2];
    int count = 1;
    cli_run_prepare(&runs[0], setup, setup->net.norm, "", split->train.count);
    int result = cli_run_train(&runs[0], data, split);
    if (result == CLI_DONE && setup->baseline &&
        runs[0].status == CLI_RUN_FINISHED)
        result = train_baseline(&runs[count++], setup, data, split);
    if (result == CLI_DONE)
        result = conclude(invocation, runs, count);
    *complete = result == CLI_DONE && runs[0].status == CLI_RUN_FINISHED &&
                runs[count - 1].status != CLI_RUN_INTERRUPTED;
    for (int i = 0; i < count; i++)
        xhat_history_free(&runs[i].history);
    return result;
}

/* ---- the folder ---------------------------------------------------------- */

/* Makes the folder and keeps it to this process.  A run that is written over
 * is kept as RUN.old until the new one is complete. */
static int take_folder(const cli_invocation *invocation, cli_train_setup *setup,
                       int *lock)
{
    int before = -1;
    xhat_error error = {0};
    xhat_status status = XHAT_OK;
    if (setup->force && access(setup->folder, F_OK) == 0)
        status = xhat_run_folder_lock(setup->folder, &before, &error);
    if (status == XHAT_OK && !setup->resume)
        status = xhat_run_folder_make(setup->folder, setup->force,
                                      &setup->keeps_old, &error);
    if (before >= 0)
        xhat_run_folder_unlock(before);
    if (status == XHAT_OK)
        status = xhat_run_folder_lock(setup->folder, lock, &error);
    if (status != XHAT_OK)
        return cli_fail_error(&error);
    if (setup->keeps_old)
        cli_note(invocation,
                 "the run before is kept in %s.old until this one is done",
                 setup->folder);
    return CLI_DONE;
}

/* After a full disk: what was there is whole, and a run that was begun goes on
 * once its files can be written. */
static void say_how_to_go_on(const cli_train_setup *setup)
{
    char path[CLI_PATH_SIZE + 32];
    snprintf(path, sizeof path, "%s/run.json", setup->folder);
    if (access(path, F_OK) == 0)
        cli_fail(CLI_OUTPUT,
                 "what was saved before is whole; once there is room and leave "
                 "to write, go on with: xhat train --resume %s%s",
                 setup->folder, cli_data_again(setup->source));
}

static int run_in_folder(const cli_invocation *invocation,
                         cli_train_setup *setup, const xhat_dataset *data,
                         const xhat_split *split)
{
    int lock;
    xhat_error error = {0};
    bool complete;
    int result = take_folder(invocation, setup, &lock);
    if (result != CLI_DONE)
        return result;
    result = run_both(invocation, setup, data, split, &complete);
    if (result == CLI_OUTPUT)
        say_how_to_go_on(setup);
    if (setup->keeps_old && !complete)
        cli_warn("the run before is in %s.old", setup->folder);
    else if (setup->keeps_old &&
             xhat_run_folder_settle(setup->folder, &error) != XHAT_OK)
        cli_warn("%s", error.message);
    xhat_run_folder_unlock(lock);
    return result;
}

/* ---- the command --------------------------------------------------------- */

static int find_rate(const cli_train_setup *setup, const xhat_split *split)
{
    cli_run run;
    cli_run_prepare(&run, setup, setup->net.norm, "", split->train.count);
    return cli_run_find_rate(&run, split);
}

/* A run goes on with the data it was begun with. */
static int check_same_data(const cli_train_setup *setup,
                           const xhat_dataset *data, const cli_resumed *resumed)
{
    char hash[32];
    snprintf(hash, sizeof hash, "fnv1a64:%016llx",
             (unsigned long long)data->hash);
    if (!setup->resume || strcmp(hash, resumed->hash) == 0)
        return CLI_DONE;
    return cli_fail(CLI_INPUT,
                    "%s is not what %s was trained on: its hash is %s, that "
                    "was %s",
                    setup->source, setup->folder, hash, resumed->hash);
}

static int run_with(const cli_invocation *invocation,
                    const cli_resumed *resumed)
{
    cli_train_setup setup;
    xhat_dataset data;
    xhat_split split;
    int result = cli_train_setup_read(&setup, invocation);
    if (result == CLI_DONE)
        result = cli_train_data_read(invocation, &setup, &data, &split);
    if (result != CLI_DONE)
        return result;
    setup.keeps_old = resumed->keeps_old;
    cli_catch_interrupts();
    result = check_same_data(&setup, &data, resumed);
    if (result == CLI_DONE)
        result = setup.lr_find
                     ? find_rate(&setup, &split)
                     : run_in_folder(invocation, &setup, &data, &split);
    xhat_split_free(&split);
    xhat_dataset_free(&data);
    return result;
}

static int run(const cli_invocation *invocation)
{
    cli_invocation merged;
    cli_resumed resumed = {0};
    int result;
    if (cli_given(invocation, "resume")) {
        result = cli_resume_read(invocation, &merged, &resumed);
        if (result == CLI_DONE)
            result = run_with(&merged, &resumed);
        cli_resumed_free(&resumed);
        return result;
    }
    if (invocation->operand_count == 0)
        return cli_fail(CLI_USAGE, "train: what is to be trained on? usage: "
                                   "xhat train DATA, or xhat train --resume "
                                   "RUN");
    result = cli_preset_apply(&merged, invocation);
    return result == CLI_DONE ? run_with(&merged, &resumed) : result;
}

const cli_command cli_command_train = {
    .name = "train",
    .summary = "train a net with batch norm, and without to compare",
    .operands = "DATA",
    .operand_words = CLI_GENERATORS,
    .examples =
        "    xhat train /usr/share/datasets/fashion-mnist --hidden 256,128 "
        "--baseline\n"
        "    xhat train iris.csv --label species --epochs 50 --batch-size 16\n"
        "    xhat train spiral --hidden 100x5 --optimizer sgd --lr 0.5 -o "
        "runs/spiral\n"
        "    xhat train --resume runs/spiral          after Ctrl-C or a kill\n",
    .details = cli_data_help,
    .presets = cli_train_presets_help,
    .least_operands = 0,
    .most_operands = 1,
    .tables = {cli_train_run_options, cli_train_options},
    .run = run,
};
