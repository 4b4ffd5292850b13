#include "train_run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"

void cli_run_prepare(cli_run *run, const cli_train_setup *setup,
                     xhat_net_norm norm, const char *subfolder,
                     size_t train_rows)
{
    enum { EVALUATE_AT_ONCE = 256 };
    static const char *const names[] = {"no norm", "batch norm", "layer norm"};
    size_t batch = setup->training.batch_size;
    *run = (cli_run){.setup = setup, .spec = setup->net};
    run->name = names[norm];
    run->spec.norm = norm;
    if (batch > train_rows)
        batch = train_rows;
    run->spec.max_rows =
        batch + 1 > EVALUATE_AT_ONCE ? batch + 1 : EVALUATE_AT_ONCE;
    snprintf(run->folder, sizeof run->folder, "%s%s", setup->folder, subfolder);
}

/* ---- training ------------------------------------------------------------ */

/* The options of this run; state: where the file of its state is named. */
static xhat_training_options options_of(const cli_run *run, char *state,
                                        size_t size)
{
    xhat_training_options options = run->setup->training;
    snprintf(state, size, "%s/state.safetensors", run->folder);
    options.state = state;
    options.resume = run->setup->resume;
    return options;
}

/* A run that cannot go on is refused before anything in its folder changes. */
static int check_state(cli_run *run, const xhat_split *split)
{
    char state[CLI_PATH_SIZE + 48];
    bool other_threads;
    xhat_error error = {0};
    xhat_training_options options = options_of(run, state, sizeof state);
    if (!options.resume)
        return CLI_DONE;
    run->failed =
        xhat_train_check(run->model, split, &options, &other_threads, &error);
    if (run->failed != XHAT_OK)
        return cli_fail_error(&error);
    if (other_threads)
        cli_warn("the steps that %s has left are computed on another number "
                 "of threads than those before, which may round otherwise: it "
                 "may not end with the bits of a run that was never stopped",
                 run->folder);
    return CLI_DONE;
}

/* Trains and remembers how it ended. */
static int train(cli_run *run, const xhat_split *split)
{
    char state[CLI_PATH_SIZE + 48];
    xhat_error error = {0};
    xhat_training_options options = options_of(run, state, sizeof state);
    xhat_status status =
        xhat_train(run->model, split, &options, cli_run_report, run, &error);
    cli_run_clear_line(run);
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

/* The running statistics anew, and what that does to the evaluation. */
static int make_precise(cli_run *run, const xhat_split *split)
{
    xhat_error error = {0};
    cli_precise *precise = &run->precise;
    xhat_status status = XHAT_OK;
    for (int i = 0; i < 2 && status == XHAT_OK; i++) {
        if (i == 1)
            status = xhat_precise_norm(run->model, &split->train, &error);
        if (status == XHAT_OK)
            status = xhat_evaluate(run->model, &split->validation,
                                   &precise->validation[i], NULL, &error);
        if (status == XHAT_OK)
            status = xhat_evaluate(run->model, &split->test, &precise->test[i],
                                   NULL, &error);
    }
    precise->done = status == XHAT_OK;
    return status == XHAT_OK ? CLI_DONE : cli_fail_error(&error);
}

/* What each class was taken for: on the test set, else the validation rows. */
static int count_confusion(cli_run *run, const xhat_dataset *data,
                           const xhat_split *split)
{
    enum { MOST = 40 }; /* classes: a larger table says nothing to an eye */
    xhat_evaluation evaluation;
    xhat_error error = {0};
    bool tested = split->test.count > 0;
    const xhat_rows *rows = tested ? &split->test : &split->validation;
    size_t classes = data->classes;
    if (data->targets != NULL || rows->count == 0 || classes > MOST)
        return CLI_DONE;
    run->confusion = calloc(classes * classes, sizeof *run->confusion);
    run->confusion_part = tested ? "test set" : "validation rows";
    if (run->confusion == NULL)
        return cli_fail(CLI_BUG, "no memory for %zu classes", classes);
    return xhat_evaluate(run->model, rows, &evaluation, run->confusion,
                         &error) == XHAT_OK
               ? CLI_DONE
               : cli_fail_error(&error);
}

/* A model that diverged is not worth keeping, that of the epoch before it is;
 * and so is an interrupted one. */
static int save(const cli_run *run, const xhat_dataset *data,
                const xhat_split *split)
{
    xhat_error error = {0};
    if (run->status != CLI_RUN_DIVERGED &&
        cli_run_write_model(run, "model.safetensors", &error) != XHAT_OK)
        return cli_fail_error(&error);
    return cli_run_write_json(run, data, split, run->model);
}

/* The epochs that a run which goes on has behind it, which --epochs cannot take
 * away; none where it was stopped in its first. */
static int read_history(cli_run *run, bool *found)
{
    char path[CLI_PATH_SIZE + 48];
    xhat_error error = {0};
    size_t epochs = run->setup->training.epochs;
    snprintf(path, sizeof path, "%s/metrics.jsonl", run->folder);
    *found = run->setup->resume && access(path, F_OK) == 0;
    if (*found &&
        xhat_history_read(&run->history, run->folder, NULL, &error) !=
            XHAT_OK &&
        strstr(error.message, "holds no epoch") == NULL)
        return cli_fail_error(&error);
    if (run->history.count > epochs)
        return cli_fail(CLI_USAGE,
                        "--epochs is %zu but %s has %zu epochs behind it",
                        epochs, run->folder, run->history.count);
    return CLI_DONE;
}

static int begin_history(cli_run *run)
{
    xhat_error error = {0};
    return xhat_history_write(&run->history, run->folder, &error) == XHAT_OK
               ? CLI_DONE
               : cli_fail_error(&error);
}

/* The model to be trained, with as many threads as its products can use. */
static xhat_status create_model(const cli_run *run, const xhat_split *split,
                                xhat_model *model, xhat_error *error)
{
    const cli_train_setup *setup = run->setup;
    size_t rows = setup->training.batch_size;
    xhat_status status =
        xhat_model_create(model, &run->spec, &split->train, NULL, error);
    if (rows > split->train.count)
        rows = split->train.count;
    if (status == XHAT_OK)
        xhat_net_set_blas_threads(
            xhat_net_useful_threads(model->net, rows, setup->threads));
    return status;
}

int cli_run_train(cli_run *run, const xhat_dataset *data,
                  const xhat_split *split)
{
    xhat_model model;
    xhat_error error = {0};
    if (create_model(run, split, &model, &error) != XHAT_OK)
        return cli_fail_error(&error);
    run->model = &model;
    bool found;
    int result = read_history(run, &found);
    if (result == CLI_DONE)
        result = check_state(run, split);
    /* run.json first: it is what a run that goes on begins with */
    if (result == CLI_DONE)
        result = cli_run_write_json(run, data, split, &model);
    if (result == CLI_DONE && !found)
        result = begin_history(run);
    if (result == CLI_DONE) {
        cli_run_event(run, "begin", data, &model);
        result = train(run, split);
    }
    if (result == CLI_DONE && run->setup->precise_bn &&
        run->spec.norm == XHAT_NET_NORM_BATCH &&
        run->status == CLI_RUN_FINISHED)
        result = make_precise(run, split);
    if (result == CLI_DONE && run->status != CLI_RUN_DIVERGED)
        result = count_confusion(run, data, split);
    if (result == CLI_DONE)
        result = save(run, data, split);
    if (result == CLI_DONE)
        cli_run_event(run, "end", data, &model);
    run->model = NULL;
    free(run->confusion);
    run->confusion = NULL;
    xhat_model_free(&model);
    return result;
}

/* ---- --lr-find ----------------------------------------------------------- */

enum { LR_STEPS = 200, LR_ROWS = 20 }; /* tried, shown */

static void put_points(const xhat_lr_point *points, size_t count,
                       double suggestion)
{
    xhat_text text = xhat_text_on(NULL);
    xhat_json json = xhat_json_on(&text, 0);
    xhat_json_open(&json, NULL, '{');
    xhat_json_number(&json, "suggestion", suggestion);
    xhat_json_open(&json, "points", '[');
    for (size_t i = 0; i < count; i++) {
        xhat_json_open(&json, NULL, '{');
        xhat_json_number(&json, "lr", points[i].lr);
        xhat_json_number(&json, "loss", points[i].loss);
        xhat_json_number(&json, "smoothed", points[i].smoothed);
        xhat_json_close(&json);
    }
    xhat_json_close(&json);
    xhat_json_close(&json);
    if (!text.failed)
        printf("%s", text.data);
    xhat_text_free(&text);
}

/* A row for every tenth step, with a bar as long as the loss. */
static void print_points(const xhat_lr_point *points, size_t count,
                         double suggestion)
{
    enum { BAR = 48, EVERY = LR_STEPS / LR_ROWS };
    size_t best = 0, nearest = 0;
    for (size_t i = 0; i < count; i++) {
        if (points[i].smoothed < points[best].smoothed)
            best = i;
        if (fabs(log(points[i].lr / suggestion)) <
            fabs(log(points[nearest].lr / suggestion)))
            nearest = i;
    }
    double most = fmin(2 * points[0].smoothed, 4 * points[best].smoothed);
    printf("%10s%12s\n", "rate", "loss");
    for (size_t i = 0; i < count; i += EVERY) {
        double share = fmin(points[i].smoothed / most, 1);
        printf("%10.2g%12.4g  ", points[i].lr, points[i].smoothed);
        for (int k = 0; k < (int)(BAR * share + 0.5); k++)
            putchar('#');
        printf("%s\n", nearest >= i && nearest < i + EVERY ? " <-" : "");
    }
    printf("\nThe loss is lowest at %.2g; --lr %.1g, a tenth of that, is a "
           "good beginning.\n",
           points[best].lr, suggestion);
}

int cli_run_find_rate(cli_run *run, const xhat_split *split)
{
    xhat_model model;
    xhat_lr_point points[LR_STEPS];
    size_t count = LR_STEPS;
    double suggestion;
    xhat_error error = {0};
    if (create_model(run, split, &model, &error) != XHAT_OK)
        return cli_fail_error(&error);
    xhat_status status = xhat_lr_find(&model, split, &run->setup->training,
                                      points, &count, &suggestion, &error);
    xhat_model_free(&model);
    if (status != XHAT_OK)
        return cli_fail_error(&error);
    if (run->setup->json)
        put_points(points, count, suggestion);
    else
        print_points(points, count, suggestion);
    return CLI_DONE;
}
