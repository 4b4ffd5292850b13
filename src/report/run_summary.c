#include "report/run_summary.h"

#include <math.h>
#include <stdio.h>
#include <sys/stat.h>

#include <jansson.h>

#include "base/error.h"

enum { PATH_SIZE = 4096 + 64 };

static void copy_text(char *to, size_t size, const json_t *object,
                      const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    snprintf(to, size, "%s", text != NULL ? text : "");
}

/* "result" of run.json; false without such a file. */
static xhat_status read_result(xhat_run_summary *summary, const char *folder,
                               bool *found, xhat_error *error)
{
    char path[PATH_SIZE];
    struct stat info;
    json_error_t where;
    snprintf(path, sizeof path, "%s/run.json", folder);
    *found = stat(path, &info) == 0;
    if (!*found)
        return XHAT_OK;
    json_t *run = json_load_file(path, 0, &where);
    if (run == NULL)
        return xhat_fail(error, XHAT_BAD_FORMAT, "%s:%d:%d: %s", path,
                         where.line, where.column, where.text);
    const json_t *result = json_object_get(run, "result");
    copy_text(summary->status, sizeof summary->status, result, "status");
    copy_text(summary->message, sizeof summary->message, result, "message");
    json_decref(run);
    return XHAT_OK;
}

static void take_epochs(xhat_run_summary *summary, const xhat_history *history)
{
    const xhat_epoch *last = &history->epochs[history->count - 1];
    summary->epochs = last->epoch;
    summary->train_loss = last->train_loss;
    summary->validation_loss = last->validation_loss;
    summary->test_accuracy = last->test_accuracy;
    summary->seconds = last->seconds;
    for (size_t i = 0; i < history->count; i++) {
        const xhat_epoch *epoch = &history->epochs[i];
        summary->best_validation =
            fmax(summary->best_validation, epoch->validation_accuracy);
        summary->best_train = fmax(summary->best_train, epoch->train_accuracy);
        summary->least_validation_loss =
            fmin(summary->least_validation_loss, epoch->validation_loss);
    }
}

xhat_status xhat_run_summarize(xhat_run_summary *summary, const char *folder,
                               xhat_error *error)
{
    char path[PATH_SIZE];
    struct stat info;
    bool found;
    xhat_history history;
    *summary = (xhat_run_summary){.best_validation = NAN,
                                  .best_train = NAN,
                                  .least_validation_loss = NAN,
                                  .train_loss = NAN,
                                  .validation_loss = NAN,
                                  .test_accuracy = NAN,
                                  .seconds = NAN};
    xhat_status status = read_result(summary, folder, &found, error);
    snprintf(path, sizeof path, "%s/metrics.jsonl", folder);
    if (status != XHAT_OK || !found || stat(path, &info) != 0 ||
        info.st_size == 0)
        return status; /* stopped, or diverged, in the first epoch */
    status = xhat_history_read(&history, folder, NULL, error);
    if (status != XHAT_OK)
        return status;
    take_epochs(summary, &history);
    xhat_history_free(&history);
    return XHAT_OK;
}
