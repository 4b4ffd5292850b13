#include "net/run_record.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "formats/source.h"

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

/* The history has been read from the same file: its lines are good. */
static xhat_status read_metrics(xhat_run_record *record, const char *folder,
                                xhat_error *error)
{
    char path[PATH_SIZE];
    xhat_source file;
    snprintf(path, sizeof path, "%s/metrics.jsonl", folder);
    xhat_status status = xhat_source_read(&file, path, NULL, error);
    if (status != XHAT_OK)
        return status;
    record->metrics = json_array();
    const char *at = (const char *)file.bytes, *end = at + file.size;
    bool good = record->metrics != NULL;
    while (at < end && good) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline != NULL ? newline : end;
        json_t *line = json_loadb(at, (size_t)(stop - at), 0, NULL);
        good =
            line != NULL && json_array_append_new(record->metrics, line) == 0;
        at = stop + 1;
    }
    xhat_source_free(&file);
    return good ? XHAT_OK
                : xhat_fail(error, XHAT_BAD_FORMAT, "%s: not metrics", path);
}

xhat_status xhat_run_record_read(xhat_run_record *record, const char *folder,
                                 const char *name, xhat_error *error)
{
    *record = (xhat_run_record){.name = name};
    xhat_status status =
        xhat_history_read(&record->history, folder, NULL, error);
    if (status == XHAT_OK)
        status = read_run_json(record, folder, error);
    if (status == XHAT_OK)
        status = read_metrics(record, folder, error);
    if (status != XHAT_OK)
        xhat_run_record_free(record);
    return status;
}

void xhat_run_record_free(xhat_run_record *record)
{
    json_decref(record->run);
    json_decref(record->metrics);
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
