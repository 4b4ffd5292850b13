/* run.json: what was run, on what, with what, and how it ended. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "net/run_folder.h"
#include "train_report.h"

static void put_net(xhat_json *json, const xhat_net_spec *spec)
{
    static const char *const rules[] = {"he", "xavier", "fixed"};
    xhat_json_string(json, "norm", xhat_net_norm_name(spec->norm));
    xhat_json_bool(json, "keep_bias", spec->keep_bias);
    xhat_json_bool(json, "center", spec->center);
    xhat_json_number(json, "eps", spec->eps);
    xhat_json_number(json, "norm_momentum", spec->norm_momentum);
    xhat_json_number(json, "dropout", spec->dropout);
    xhat_json_string(json, "loss", xhat_loss_name(spec->loss));
    xhat_json_string(json, "init", rules[spec->initialization]);
    if (spec->initialization == XHAT_INIT_FIXED)
        xhat_json_number(json, "weight_scale", spec->weight_scale);
}

static void put_training(xhat_json *json, const xhat_training_options *training)
{
    xhat_json_integer(json, "epochs", (int64_t)training->epochs);
    xhat_json_integer(json, "batch_size", (int64_t)training->batch_size);
    xhat_json_string(json, "optimizer",
                     xhat_optimizer_name(training->optimizer));
    xhat_json_number(json, "lr", training->lr);
    xhat_json_string(json, "lr_schedule",
                     xhat_schedule_name(training->schedule));
    xhat_json_number(json, "lr_decay", training->lr_decay);
    xhat_json_number(json, "lr_step", training->decay_epochs);
    xhat_json_number(json, "warmup", training->warmup);
    xhat_json_number(json, "momentum", training->momentum);
    xhat_json_number(json, "beta2", training->beta2);
    xhat_json_number(json, "weight_decay", training->weight_decay);
    xhat_json_number(json, "reg", training->reg);
    xhat_json_number(json, "clip_norm", training->clip_norm);
    xhat_json_integer(json, "patience", (int64_t)training->patience);
}

static void put_options(xhat_json *json, const cli_run *run)
{
    const cli_train_setup *setup = run->setup;
    xhat_json_open(json, "options", '{');
    xhat_json_string(json, "data", setup->source);
    if (setup->label != NULL)
        xhat_json_string(json, "label", setup->label);
    if (setup->drop != NULL)
        xhat_json_string(json, "drop", setup->drop);
    if (setup->missing != XHAT_MISSING_REFUSE)
        xhat_json_string(json, "missing", xhat_missing_name(setup->missing));
    xhat_json_open(json, "hidden", '(');
    for (size_t i = 0; i < run->spec.hidden_count; i++)
        xhat_json_integer(json, NULL, (int64_t)run->spec.hidden[i]);
    xhat_json_close(json);
    put_net(json, &run->spec);
    xhat_json_bool(json, "baseline", setup->baseline);
    put_training(json, &setup->training);
    xhat_json_number(json, "validation", setup->validation);
    if (setup->train_rows > 0)
        xhat_json_integer(json, "train_rows", (int64_t)setup->train_rows);
    xhat_json_integer(json, "seed", (int64_t)setup->seed);
    xhat_json_integer(json, "threads", setup->threads);
    xhat_json_close(json);
}

static void put_data(xhat_json *json, const xhat_dataset *data,
                     const xhat_split *split)
{
    char hash[32];
    snprintf(hash, sizeof hash, "fnv1a64:%016llx",
             (unsigned long long)data->hash);
    xhat_json_open(json, "data", '{');
    xhat_json_string(json, "format", data->format);
    xhat_json_string(json, "hash", hash);
    xhat_json_integer(json, "features", (int64_t)data->features);
    xhat_json_open(json, "classes", '(');
    for (size_t k = 0; data->class_names != NULL && k < data->classes; k++)
        xhat_json_string(json, NULL, data->class_names[k]);
    xhat_json_close(json);
    xhat_json_integer(json, "train_rows", (int64_t)split->train.count);
    xhat_json_integer(json, "validation_rows",
                      (int64_t)split->validation.count);
    xhat_json_integer(json, "test_rows", (int64_t)split->test.count);
    xhat_json_close(json);
}

static void put_evaluation(xhat_json *json, const char *part,
                           const xhat_evaluation *evaluation)
{
    if (evaluation->rows == 0)
        return;
    xhat_json_open(json, part, '{');
    xhat_json_number(json, "loss", evaluation->loss);
    if (!isnan(evaluation->accuracy))
        xhat_json_number(json, "accuracy", evaluation->accuracy);
    xhat_json_close(json);
}

static void put_precise(xhat_json *json, const cli_precise *precise)
{
    static const char *const when[] = {"before", "after"};
    if (!precise->done)
        return;
    xhat_json_open(json, "precise_bn", '{');
    for (int i = 0; i < 2; i++) {
        xhat_json_open(json, when[i], '{');
        put_evaluation(json, "validation", &precise->validation[i]);
        put_evaluation(json, "test", &precise->test[i]);
        xhat_json_close(json);
    }
    xhat_json_close(json);
}

/* A row for each true class: what its rows were taken for. */
static void put_confusion(xhat_json *json, const cli_run *run, size_t classes)
{
    if (run->confusion == NULL)
        return;
    xhat_json_open(json, "confusion", '{');
    xhat_json_string(json, "part", run->confusion_part);
    xhat_json_open(json, "counts", '[');
    for (size_t k = 0; k < classes; k++) {
        xhat_json_open(json, NULL, '(');
        for (size_t other = 0; other < classes; other++)
            xhat_json_integer(json, NULL,
                              (int64_t)run->confusion[k * classes + other]);
        xhat_json_close(json);
    }
    xhat_json_close(json);
    xhat_json_close(json);
}

static void put_result(xhat_json *json, const cli_run *run)
{
    xhat_json_open(json, "result", '{');
    xhat_json_string(json, "status", cli_run_status_name(run->status));
    if (run->message[0] != '\0')
        xhat_json_string(json, "message", run->message);
    if (run->history.count > 0) {
        xhat_epoch last = run->history.epochs[run->history.count - 1];
        xhat_json_open(json, "last_epoch", '{');
        xhat_epoch_put_json(json, &last);
        xhat_json_close(json);
    }
    put_precise(json, &run->precise);
    xhat_json_close(json);
}

/* Of an option given twice the last counts. */
static bool is_said_again(const cli_invocation *invocation, int i)
{
    for (int k = i + 1; k < invocation->value_count; k++)
        if (invocation->values[k].option == invocation->values[i].option)
            return true;
    return false;
}

/* The options as they were given, for --resume: "--hidden=100x5".  The number
 * of threads is there in any case: the bits depend on it. */
static void put_arguments(xhat_json *json, const cli_train_setup *setup)
{
    static const char *const not_kept[] = {"json",    "quiet",  "force",
                                           "resume",  "output", "threads",
                                           "lr-find", NULL};
    const cli_invocation *invocation = setup->invocation;
    xhat_text word = xhat_text_on(NULL);
    xhat_json_open(json, "arguments", '[');
    for (int i = 0; i < invocation->value_count; i++) {
        const char *name = invocation->values[i].option->name;
        const char *value = invocation->values[i].text;
        const char *const *no = not_kept;
        while (*no != NULL && strcmp(*no, name) != 0)
            no++;
        if (*no != NULL || is_said_again(invocation, i))
            continue;
        word.length = 0;
        xhat_text_add(&word, "--%s%s%s", name, value != NULL ? "=" : "",
                      value != NULL ? value : "");
        if (word.failed) {
            json->text->failed = true;
            break;
        }
        xhat_json_string(json, NULL, word.data);
    }
    word.length = 0;
    xhat_text_add(&word, "--threads=%d", setup->threads);
    xhat_json_string(json, NULL, word.failed ? "" : word.data);
    xhat_json_close(json);
    xhat_text_free(&word);
}

int cli_run_write_json(const cli_run *run, const xhat_dataset *data,
                       const xhat_split *split, const xhat_model *model)
{
    char path[CLI_PATH_SIZE + 48], net[512], blas[256];
    xhat_error error = {0};
    xhat_text text = xhat_text_on(NULL);
    xhat_json json = xhat_json_on(&text, 2);
    xhat_net_describe(model->net, net, sizeof net);
    xhat_net_describe_blas(blas, sizeof blas);
    xhat_json_open(&json, NULL, '{');
    xhat_json_open(&json, "versions", '{');
    xhat_json_string(&json, "xhat", xhat_version());
    xhat_json_string(&json, "blas", blas);
    xhat_json_close(&json);
    put_options(&json, run);
    put_arguments(&json, run->setup);
    if (run->setup->keeps_old)
        xhat_json_bool(&json, "keeps_old", true);
    put_data(&json, data, split);
    xhat_json_string(&json, "net", net);
    xhat_json_integer(&json, "parameters",
                      (int64_t)xhat_net_parameter_count(model->net));
    put_result(&json, run);
    put_confusion(&json, run, data->classes);
    xhat_json_close(&json);

    int result = CLI_DONE;
    snprintf(path, sizeof path, "%s/run.json", run->folder);
    if (text.failed)
        result = cli_fail(CLI_BUG, "out of memory");
    else if (xhat_file_write(path, true, text.data, text.length, &error) !=
             XHAT_OK)
        result = cli_fail_error(&error);
    xhat_text_free(&text);
    return result;
}
