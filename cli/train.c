/* xhat train: a net from data to a run folder. */
#include <stdio.h>
#include <string.h>

#include "input.h"
#include "net/report.h"
#include "output.h"
#include "train_report.h"

/* ---- the data ------------------------------------------------------------ */

static void note_data(const cli_invocation *invocation,
                      const cli_train_setup *setup, const xhat_dataset *data,
                      const xhat_split *split)
{
    if (data->note[0] != '\0')
        cli_note(invocation, "%s: %s", setup->source, data->note);
    cli_note_missing(invocation, setup->source, data);
    if (data->label_name[0] != '\0')
        cli_note(invocation, "%s: the labels are in \"%s\"", setup->source,
                 data->label_name);
    cli_note(invocation,
             "%s: %zu feature%s, %zu class%s; %zu rows to train, %zu to "
             "validate, %zu to test",
             setup->source, data->features, data->features == 1 ? "" : "s",
             data->classes, data->classes == 1 ? "" : "es", split->train.count,
             split->validation.count, split->test.count);
    if (data->classes == 1 && data->targets == NULL)
        cli_warn("%s: there is one class only (%s): nothing is to be learned",
                 setup->source, data->class_names[0]);
}

static int read_data(const cli_invocation *invocation, cli_train_setup *setup,
                     xhat_dataset *data, xhat_split *split)
{
    xhat_error error = {0};
    xhat_data_options options = {.label = setup->label,
                                 .drop = setup->drop,
                                 .target = setup->target,
                                 .missing = setup->missing,
                                 .is_matrix = cli_is_inline(setup->source),
                                 .seed = setup->seed};
    if (xhat_dataset_read(data, setup->source, &options, NULL, &error) !=
        XHAT_OK)
        return cli_fail_data(setup->source, &error);
    if (xhat_split_make(split, data, setup->validation, setup->seed, &error) !=
        XHAT_OK) {
        xhat_dataset_free(data);
        return cli_fail_error(&error);
    }
    if (data->targets != NULL)
        setup->net.loss = XHAT_LOSS_SQUARED;
    note_data(invocation, setup, data, split);
    return cli_warn_of_leaks(setup->source, setup->drop, data);
}

/* ---- one run ------------------------------------------------------------- */

static void prepare_run(cli_run *run, const cli_train_setup *setup,
                        xhat_net_norm norm, const char *subfolder,
                        size_t train_rows)
{
    enum { EVALUATE_AT_ONCE = 256 };
    size_t batch = setup->training.batch_size;
    *run = (cli_run){.setup = setup, .spec = setup->net};
    static const char *const names[] = {"no norm", "batch norm", "layer norm"};
    run->name = names[norm];
    run->spec.norm = norm;
    if (batch > train_rows)
        batch = train_rows;
    run->spec.max_rows =
        batch + 1 > EVALUATE_AT_ONCE ? batch + 1 : EVALUATE_AT_ONCE;
    snprintf(run->folder, sizeof run->folder, "%s%s", setup->folder, subfolder);
}

/* Trains and remembers how it ended; an exit code for what is nobody's run. */
static int train(cli_run *run, xhat_model *model, const xhat_split *split)
{
    xhat_error error = {0};
    xhat_status status = xhat_train(model, split, &run->setup->training,
                                    cli_run_report, run, &error);
    cli_run_clear_line(run);
    if (run->failed != XHAT_OK)
        return cli_fail_error(&run->error);
    run->status = status == XHAT_OK            ? CLI_RUN_FINISHED
                  : status == XHAT_INTERRUPTED ? CLI_RUN_INTERRUPTED
                                               : CLI_RUN_DIVERGED;
    if (status == XHAT_OK)
        return CLI_DONE;
    snprintf(run->message, sizeof run->message, "%s", error.message);
    if (status != XHAT_INTERRUPTED && status != XHAT_NOT_FINITE)
        return cli_fail_error(&error);
    return CLI_DONE;
}

/* A model that diverged is not worth keeping, that of the epoch before it is;
 * and so is an interrupted one. */
static int save(const cli_run *run, const xhat_dataset *data,
                const xhat_split *split, const xhat_model *model)
{
    xhat_error error = {0};
    if (run->status != CLI_RUN_DIVERGED &&
        cli_run_write_model(run, &error) != XHAT_OK)
        return cli_fail_error(&error);
    return cli_run_write_json(run, data, split, model);
}

static int run_one(cli_run *run, const xhat_dataset *data,
                   const xhat_split *split)
{
    xhat_model model;
    xhat_error error = {0};
    if (xhat_history_write(&run->history, run->folder, &error) != XHAT_OK ||
        xhat_model_create(&model, &run->spec, &split->train, NULL, &error) !=
            XHAT_OK)
        return cli_fail_error(&error);
    run->model = &model;
    int result = cli_run_write_json(run, data, split, &model);
    if (result == CLI_DONE) {
        cli_run_event(run, "begin", data, &model);
        result = train(run, &model, split);
    }
    if (result == CLI_DONE)
        result = save(run, data, split, &model);
    if (result == CLI_DONE)
        cli_run_event(run, "end", data, &model);
    run->model = NULL;
    xhat_model_free(&model);
    return result;
}

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

/* How it went, in words; the exit code is that of the run asked for: a
 * baseline that diverges is a result. */
static int conclude(const cli_invocation *invocation, const cli_run *runs,
                    int count)
{
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
    if (runs[count - 1].status == CLI_RUN_INTERRUPTED)
        cli_note(invocation,
                 "%s: %s; the model and the metrics so far are in "
                 "%s",
                 runs[count - 1].name, runs[count - 1].message,
                 runs[count - 1].folder);
    else
        cli_note(
            invocation,
            "%s holds report.html, curves.svg, run.json, metrics.jsonl and "
            "model.safetensors%s",
            runs[0].folder, count > 1 ? "; baseline/ the other run" : "");
    return CLI_DONE;
}

/* The run, then its baseline unless it did not come that far. */
static int run_both(const cli_invocation *invocation,
                    const cli_train_setup *setup, const xhat_dataset *data,
                    const xhat_split *split, bool *complete)
{
    cli_run runs[2];
    int count = 1;
    xhat_error error = {0};
    prepare_run(&runs[0], setup, setup->net.norm, "", split->train.count);
    int result = run_one(&runs[0], data, split);
    if (result == CLI_DONE && setup->baseline &&
        runs[0].status == CLI_RUN_FINISHED) {
        prepare_run(&runs[count++], setup, XHAT_NET_NORM_NONE, "/baseline",
                    split->train.count);
        result = xhat_run_folder_make(runs[1].folder, setup->force, NULL,
                                      &error) == XHAT_OK
                     ? run_one(&runs[1], data, split)
                     : cli_fail_error(&error);
    }
    if (result == CLI_DONE)
        result = conclude(invocation, runs, count);
    *complete = result == CLI_DONE && runs[0].status == CLI_RUN_FINISHED &&
                runs[count - 1].status != CLI_RUN_INTERRUPTED;
    for (int i = 0; i < count; i++)
        xhat_history_free(&runs[i].history);
    return result;
}

/* A run that is written over is kept until the new one is complete. */
static int run_in_folder(const cli_invocation *invocation,
                         const cli_train_setup *setup, const xhat_dataset *data,
                         const xhat_split *split)
{
    xhat_error error = {0};
    bool has_old, complete;
    if (xhat_run_folder_make(setup->folder, setup->force, &has_old, &error) !=
        XHAT_OK)
        return cli_fail_error(&error);
    if (has_old)
        cli_note(invocation,
                 "the run before is kept in %s.old until this one is done",
                 setup->folder);
    int result = run_both(invocation, setup, data, split, &complete);
    if (has_old && !complete)
        cli_warn("the run before is in %s.old", setup->folder);
    else if (has_old &&
             xhat_run_folder_settle(setup->folder, &error) != XHAT_OK)
        cli_warn("%s", error.message);
    return result;
}

static int run(const cli_invocation *invocation)
{
    cli_train_setup setup;
    xhat_dataset data;
    xhat_split split;
    int result = cli_train_setup_read(&setup, invocation);
    if (result == CLI_DONE)
        result = read_data(invocation, &setup, &data, &split);
    if (result != CLI_DONE)
        return result;
    cli_catch_interrupts();
    xhat_net_set_blas_threads(setup.threads);
    result = run_in_folder(invocation, &setup, &data, &split);
    xhat_split_free(&split);
    xhat_dataset_free(&data);
    return result;
}

const cli_command cli_command_train = {
    .name = "train",
    .summary = "train a net with batch norm, and without to compare",
    .operands = "DATA",
    .examples =
        "    xhat train /usr/share/datasets/fashion-mnist --hidden 256,128 "
        "--baseline\n"
        "    xhat train iris.csv --label species --epochs 50 --batch-size 16\n"
        "    xhat train spiral --hidden 100x5 --optimizer sgd --lr 0.5 -o "
        "runs/spiral\n",
    .details = cli_data_help,
    .least_operands = 1,
    .most_operands = 1,
    .tables = {cli_train_options},
    .run = run,
};
