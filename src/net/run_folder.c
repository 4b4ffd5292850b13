/* The folder of a run: its making, and metrics.jsonl. */
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"
#include "formats/source.h"
#include "net/run_folder.h"

enum { PATH_SIZE = 4096 };

/* ---- the folder ---------------------------------------------------------- */

static bool has_entries(const char *folder)
{
    DIR *directory = opendir(folder);
    int entries = 0;
    while (directory != NULL && entries < 3 && readdir(directory) != NULL)
        entries++; /* "." and ".." are two */
    if (directory != NULL)
        closedir(directory);
    return entries > 2;
}

/* mkdir -p */
static bool make_folders(char *path)
{
    for (char *slash = path + 1; (slash = strchr(slash, '/')) != NULL;
         slash++) {
        *slash = '\0';
        bool made = mkdir(path, 0777) == 0 || errno == EEXIST;
        *slash = '/';
        if (!made)
            return false;
    }
    return mkdir(path, 0777) == 0 || errno == EEXIST;
}

static const char *const run_files[] = {"run.json", "metrics.jsonl",
                                        "model.safetensors", "curves.svg"};
enum { RUN_FILES = sizeof run_files / sizeof run_files[0] };

/* Does the folder hold a run, or a baseline, or what is left of one? */
static bool holds_run(const char *folder)
{
    char path[PATH_SIZE + 64];
    for (size_t i = 0; i < 2 * RUN_FILES; i++) {
        snprintf(path, sizeof path, "%s/%s%s", folder,
                 i < RUN_FILES ? "" : "baseline/", run_files[i % RUN_FILES]);
        if (access(path, F_OK) == 0)
            return true;
    }
    return false;
}

/* Does run.json say that the run came to its end? */
static bool is_finished(const char *folder)
{
    char path[PATH_SIZE + 64];
    snprintf(path, sizeof path, "%s/run.json", folder);
    json_t *run = json_load_file(path, 0, NULL);
    const char *status = json_string_value(
        json_object_get(json_object_get(run, "result"), "status"));
    bool finished = status != NULL && strcmp(status, "finished") == 0;
    json_decref(run);
    snprintf(path, sizeof path, "%s/baseline", folder);
    return finished && (access(path, F_OK) != 0 || is_finished(path));
}

static void remove_run(const char *folder)
{
    char path[PATH_SIZE + 64];
    for (size_t i = 0; i < RUN_FILES; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, run_files[i]);
        unlink(path);
        snprintf(path, sizeof path, "%s/baseline/%s", folder, run_files[i]);
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/baseline", folder);
    rmdir(path); /* fails, as it should, when there is more in it */
}

/* "runs/a/" -> "runs/a.old" */
static void old_path(char path[PATH_SIZE + 8], const char *folder)
{
    size_t length = strlen(folder);
    while (length > 1 && folder[length - 1] == '/')
        length--;
    snprintf(path, PATH_SIZE + 8, "%.*s.old", (int)length, folder);
}

/* The run in the folder makes way for a new one. */
static xhat_status set_aside(const char *folder, bool *done, xhat_error *error)
{
    char old[PATH_SIZE + 8], path[PATH_SIZE + 8];
    struct stat info;
    old_path(old, folder);
    if (access(old, F_OK) == 0) {
        if (!holds_run(old) || is_finished(folder))
            return xhat_fail(error, XHAT_ALREADY_EXISTS,
                             "%s is in the way: the run in %s is kept under "
                             "that name until the new one is done; move it",
                             old, folder);
        remove_run(folder);
        *done = true;
        return XHAT_OK;
    }
    snprintf(path, sizeof path, "%.*s", (int)(strlen(old) - 4), old);
    if (lstat(path, &info) == 0 && S_ISLNK(info.st_mode))
        return xhat_fail(error, XHAT_CANNOT_WRITE,
                         "%s is a link: to write over the run behind it, name "
                         "the folder itself",
                         path);
    if (rename(path, old) != 0)
        return xhat_fail(error, XHAT_CANNOT_WRITE,
                         "%s cannot be renamed to %s, to keep the run in it: "
                         "%s",
                         path, old, strerror(errno));
    *done = true;
    return XHAT_OK;
}

xhat_status xhat_run_folder_make(const char *folder, bool force, bool *has_old,
                                 xhat_error *error)
{
    char path[PATH_SIZE];
    struct stat info;
    bool is_aside = false;
    if (folder[0] == '\0' || strlen(folder) >= sizeof path)
        return xhat_fail(error, XHAT_CANNOT_WRITE,
                         "\"%.60s\" cannot be the name of a run folder",
                         folder);
    if (stat(folder, &info) == 0 && !S_ISDIR(info.st_mode))
        return xhat_fail(error, XHAT_CANNOT_WRITE,
                         "%s is a file: a run needs a folder", folder);
    if (!force && has_entries(folder))
        return xhat_fail(error, XHAT_ALREADY_EXISTS,
                         "%s exists and is not empty", folder);
    if (force && holds_run(folder)) {
        xhat_status status = set_aside(folder, &is_aside, error);
        if (status != XHAT_OK)
            return status;
    }
    if (has_old != NULL)
        *has_old = is_aside;
    snprintf(path, sizeof path, "%s", folder);
    if (!make_folders(path))
        return xhat_fail(error, XHAT_CANNOT_WRITE,
                         "%s: the folder cannot be made: %s", folder,
                         strerror(errno));
    return XHAT_OK;
}

/* Moves what is left in `from` to `to`, unless something of that name is
 * there. */
static void bring_back(const char *from, const char *to)
{
    DIR *directory = opendir(from);
    const struct dirent *entry;
    char source[2 * PATH_SIZE], target[2 * PATH_SIZE];
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        snprintf(source, sizeof source, "%s/%s", from, entry->d_name);
        snprintf(target, sizeof target, "%s/%s", to, entry->d_name);
        if (strcmp(entry->d_name, ".") != 0 &&
            strcmp(entry->d_name, "..") != 0 && access(target, F_OK) != 0)
            (void)!rename(source, target); /* what cannot move stays */
    }
    if (directory != NULL)
        closedir(directory);
}

xhat_status xhat_run_folder_settle(const char *folder, xhat_error *error)
{
    char old[PATH_SIZE + 8];
    old_path(old, folder);
    remove_run(old);
    bring_back(old, folder);
    if (rmdir(old) != 0)
        return xhat_fail(error, XHAT_CANNOT_WRITE,
                         "%s, which held the run before, cannot be removed: %s",
                         old, strerror(errno));
    return XHAT_OK;
}

/* ---- history ------------------------------------------------------------- */

xhat_status xhat_history_add(xhat_history *history, const xhat_epoch *epoch,
                             xhat_error *error)
{
    if (history->count == history->capacity) {
        size_t capacity = 2 * history->capacity + 16;
        xhat_epoch *epochs =
            xhat_allocate(history->allocator, capacity, sizeof *epochs);
        if (epochs == NULL)
            return xhat_fail(error, XHAT_OUT_OF_MEMORY,
                             "no memory for %zu epochs", capacity);
        if (history->count > 0)
            memcpy(epochs, history->epochs, history->count * sizeof *epochs);
        xhat_release(history->allocator, history->epochs);
        history->epochs = epochs;
        history->capacity = capacity;
    }
    history->epochs[history->count++] = *epoch;
    return XHAT_OK;
}

void xhat_history_free(xhat_history *history)
{
    if (history == NULL)
        return;
    xhat_release(history->allocator, history->epochs);
    *history = (xhat_history){0};
}

/* The numbers of an epoch and their keys, for writing and reading alike. */
static const struct {
    const char *key;
    size_t offset;
} numbers[] = {
    {"train_loss", offsetof(xhat_epoch, train_loss)},
    {"train_accuracy", offsetof(xhat_epoch, train_accuracy)},
    {"validation_loss", offsetof(xhat_epoch, validation_loss)},
    {"validation_accuracy", offsetof(xhat_epoch, validation_accuracy)},
    {"test_loss", offsetof(xhat_epoch, test_loss)},
    {"test_accuracy", offsetof(xhat_epoch, test_accuracy)},
    {"lr", offsetof(xhat_epoch, lr)},
    {"seconds", offsetof(xhat_epoch, seconds)},
};
enum { NUMBERS = sizeof numbers / sizeof numbers[0] };

static double *number_of(xhat_epoch *epoch, int i)
{
    return (double *)((char *)epoch + numbers[i].offset);
}

void xhat_epoch_put_json(xhat_json *json, xhat_epoch *epoch)
{
    xhat_json_integer(json, "epoch", (int64_t)epoch->epoch);
    xhat_json_integer(json, "step", (int64_t)epoch->step);
    for (int i = 0; i < NUMBERS; i++)
        if (!isnan(*number_of(epoch, i)))
            xhat_json_number(json, numbers[i].key, *number_of(epoch, i));
}

xhat_status xhat_history_write(const xhat_history *history, const char *folder,
                               xhat_error *error)
{
    char path[PATH_SIZE];
    xhat_text text = xhat_text_on(history->allocator);
    for (size_t i = 0; i < history->count; i++) {
        xhat_json json = xhat_json_on(&text, 0);
        xhat_json_open(&json, NULL, '{');
        xhat_epoch_put_json(&json, &history->epochs[i]);
        xhat_json_close(&json);
        if (text.length == 0 || text.data[text.length - 1] != '\n')
            xhat_text_put(&text, "\n");
    }
    snprintf(path, sizeof path, "%s/metrics.jsonl", folder);
    xhat_status status = text.failed ? xhat_fail(error, XHAT_OUT_OF_MEMORY,
                                                 "no memory to write %s", path)
                                     : xhat_file_write(path, true, text.data,
                                                       text.length, error);
    xhat_text_free(&text);
    return status;
}

static bool parse_epoch(const char *line, size_t length, xhat_epoch *epoch)
{
    json_t *object = json_loadb(line, length, 0, NULL);
    const json_t *number = json_object_get(object, "epoch");
    const json_t *step = json_object_get(object, "step");
    bool good = json_is_integer(number) && json_integer_value(number) > 0;
    *epoch = (xhat_epoch){
        .epoch = (size_t)json_integer_value(number),
        .step = (size_t)json_integer_value(step),
    };
    for (int i = 0; i < NUMBERS; i++) {
        const json_t *value = json_object_get(object, numbers[i].key);
        *number_of(epoch, i) =
            json_is_number(value) ? json_number_value(value) : NAN;
    }
    json_decref(object);
    return good;
}

static xhat_status read_lines(xhat_history *history, const xhat_source *file,
                              xhat_error *error)
{
    const char *at = (const char *)file->bytes, *end = at + file->size;
    for (size_t line = 1; at < end; line++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline != NULL ? newline : end;
        xhat_epoch epoch;
        if (!parse_epoch(at, (size_t)(stop - at), &epoch))
            return xhat_fail(error, XHAT_BAD_FORMAT,
                             "%s:%zu: not the metrics of an epoch", file->name,
                             line);
        xhat_status status = xhat_history_add(history, &epoch, error);
        if (status != XHAT_OK)
            return status;
        at = stop + 1;
    }
    return XHAT_OK;
}

xhat_status xhat_history_read(xhat_history *history, const char *folder,
                              const xhat_allocator *allocator,
                              xhat_error *error)
{
    char path[PATH_SIZE];
    xhat_source file;
    *history = (xhat_history){.allocator = allocator};
    snprintf(path, sizeof path, "%s/metrics.jsonl", folder);
    xhat_status status = xhat_source_read(&file, path, allocator, error);
    if (status != XHAT_OK)
        return status;
    status = read_lines(history, &file, error);
    if (status == XHAT_OK && history->count == 0)
        status = xhat_fail(error, XHAT_BAD_FORMAT,
                           "%s holds no epoch: the run was stopped in its "
                           "first",
                           path);
    xhat_source_free(&file);
    if (status != XHAT_OK)
        xhat_history_free(history);
    return status;
}
