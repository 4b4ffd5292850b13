#include "report/run_record.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

enum { PATH_SIZE = 4096 + 32 };

static xhat_status read_run_json(xhat_run_record *record, const char *folder,
                                 xhat_error *error)
{
    char path[PATH_SIZE];
    json_error_t where;
    snprintf(path, sizeof path, "%s/run.json", folder);
    if (access(path, F_OK) != 0)
        return XHAT_OK;
    record->run = json_load_file(path, 0, &where);
    if (record->run == NULL)
        return xhat_fail(error, XHAT_BAD_FORMAT, "%s:%d:%d: %s", path,
                         where.line, where.column, where.text);
    if (!json_is_object(record->run))
        return xhat_fail(error, XHAT_BAD_FORMAT, "%s is no JSON object", path);
    return XHAT_OK;
}

xhat_status xhat_run_record_read(xhat_run_record *record, const char *folder,
                                 const char *name, xhat_error *error)
{
    *record = (xhat_run_record){.name = name};
    xhat_status status =
        xhat_history_read(&record->history, folder, NULL, error);
    if (status == XHAT_OK)
        status = read_run_json(record, folder, error);
    if (status != XHAT_OK)
        xhat_run_record_free(record);
    return status;
}

void xhat_run_record_free(xhat_run_record *record)
{
    json_decref(record->run);
    xhat_history_free(&record->history);
    *record = (xhat_run_record){0};
}

const json_t *xhat_run_record_at(const xhat_run_record *record,
                                 const char *path)
{
    const json_t *at = record->run;
    char key[64];
    while (at != NULL && *path != '\0') {
        size_t length = strcspn(path, ".");
        snprintf(key, sizeof key, "%.*s", (int)length, path);
        at = json_object_get(at, key);
        path += length + (path[length] == '.');
    }
    return at;
}

xhat_loss_kind xhat_run_record_loss(const xhat_run_record *run)
{
    const char *name =
        json_string_value(xhat_run_record_at(run, "options.loss"));
    for (int loss = XHAT_LOSS_SOFTMAX; loss <= XHAT_LOSS_SQUARED; loss++)
        if (name != NULL &&
            strcmp(name, xhat_loss_name((xhat_loss_kind)loss)) == 0)
            return (xhat_loss_kind)loss;
    return XHAT_LOSS_SOFTMAX;
}
