/* The folder of a run. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "base/error.h"
#include "net/run_folder.h"

enum { PATH_SIZE = 4096 };

/* ---- the folder ---------------------------------------------------------- */

/* What a process that was killed while it wrote has left: a temporary file of
 * formats/output_file.c. */
static bool is_left_over(const char *name)
{
    size_t length = strlen(name);
    return strncmp(name, ".xhat-", 6) == 0 && length > 10 &&
           strcmp(name + length - 4, ".tmp") == 0;
}

static bool has_entries(const char *folder)
{
    DIR *directory = opendir(folder);
    const struct dirent *entry;
    bool found = false;
    while (directory != NULL && !found && (entry = readdir(directory)) != NULL)
        found = strcmp(entry->d_name, ".") != 0 &&
                strcmp(entry->d_name, "..") != 0 &&
                !is_left_over(entry->d_name);
    if (directory != NULL)
        closedir(directory);
    return found;
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

static const char *const run_files[] = {"run.json",          "metrics.jsonl",
                                        "model.safetensors", "best.safetensors",
                                        "state.safetensors", "curves.svg",
                                        "report.html"};
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

/* ---- one process at a time ----------------------------------------------- */

static void remove_left_overs(const char *folder)
{
    DIR *directory = opendir(folder);
    const struct dirent *entry;
    char path[2 * PATH_SIZE];
    while (directory != NULL && (entry = readdir(directory)) != NULL)
        if (is_left_over(entry->d_name)) {
            snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
            unlink(path);
        }
    if (directory != NULL)
        closedir(directory);
}

xhat_status xhat_run_folder_lock(const char *folder, int *lock,
                                 xhat_error *error)
{
    int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        return xhat_fail(error, XHAT_CANNOT_READ, "%s: %s", folder,
                         strerror(errno));
    /* where the file system knows no locks, nobody is kept out */
    if (flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        close(descriptor);
        return xhat_fail(error, XHAT_CANNOT_WRITE,
                         "another process is at work in %s", folder);
    }
    remove_left_overs(folder);
    *lock = descriptor;
    return XHAT_OK;
}

void xhat_run_folder_unlock(int lock)
{
    close(lock);
}
