#define _GNU_SOURCE /* renameat2 */
#include "output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "xhat/formats.h"

enum { ATTEMPTS = 10000 }; /* names tried for the temporary file */

static xhat_status cannot_write(const xhat_output_file *file, int number,
                                xhat_error *error)
{
    return xhat_fail(error, XHAT_CANNOT_WRITE, "cannot write %s: %s",
                     strcmp(file->path, "-") == 0 ? "standard output"
                                                  : file->path,
                     strerror(number));
}

static xhat_status already_exists(const xhat_output_file *file,
                                  xhat_error *error)
{
    return xhat_fail(error, XHAT_ALREADY_EXISTS, "%s exists", file->path);
}

static void forget(xhat_output_file *file)
{
    xhat_release(NULL, file->path);
    xhat_release(NULL, file->target);
    xhat_release(NULL, file->temporary);
    *file = (xhat_output_file){0};
}

/* bytes of the folder part of a path, with its '/' */
static size_t folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? 0 : (size_t)(slash - path) + 1;
}

/* A new file in the folder of `target`.  It is opened, not made by mkstemp, so
 * that its permissions follow the umask.  -1 with errno on failure. */
static int open_temporary(xhat_output_file *file)
{
    size_t folder = folder_length(file->target);
    size_t size = folder + 64;
    file->temporary = xhat_allocate(NULL, size, 1);
    if (file->temporary == NULL) {
        errno = ENOMEM;
        return -1;
    }
    memcpy(file->temporary, file->target, folder);
    for (int i = 0; i < ATTEMPTS; i++) {
        snprintf(file->temporary + folder, size - folder, ".xhat-%ld-%d.tmp",
                 (long)getpid(), i);
        int descriptor = open(file->temporary,
                              O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (descriptor >= 0 || errno != EEXIST)
            return descriptor;
    }
    return -1;
}

/* Follows symbolic links into file->target and says what is there now. */
static xhat_status look_at_target(xhat_output_file *file, bool *exists,
                                  struct stat *there, xhat_error *error)
{
    struct stat link;
    char resolved[PATH_MAX];
    const char *target = file->path;

    *exists = stat(file->path, there) == 0;
    if (!*exists && errno != ENOENT)
        return cannot_write(file, errno, error);
    if (lstat(file->path, &link) == 0 && S_ISLNK(link.st_mode)) {
        if (!*exists)
            return xhat_fail(error, XHAT_CANNOT_WRITE,
                             "cannot write %s: it is a symbolic link to "
                             "nothing",
                             file->path);
        if (S_ISREG(there->st_mode)) {
            if (realpath(file->path, resolved) == NULL)
                return cannot_write(file, errno, error);
            target = resolved;
        }
    }
    file->target = xhat_copy_string(NULL, target);
    if (file->target == NULL)
        return cannot_write(file, ENOMEM, error);
    return XHAT_OK;
}

/* The descriptor to write to, or -1 with the error filled in. */
static int open_descriptor(xhat_output_file *file, xhat_error *error)
{
    struct stat there;
    bool exists;
    int descriptor;

    if (strcmp(file->path, "-") == 0) {
        descriptor = dup(STDOUT_FILENO);
    } else {
        if (look_at_target(file, &exists, &there, error) != XHAT_OK)
            return -1;
        if (exists && S_ISREG(there.st_mode) && !file->force) {
            already_exists(file, error);
            return -1;
        }
        if (exists && !S_ISREG(there.st_mode)) { /* EISDIR for a folder */
            descriptor = open(file->target, O_WRONLY | O_CLOEXEC);
        } else {
            descriptor = open_temporary(file);
            /* what the user had kept private stays private */
            if (descriptor >= 0 && exists)
                (void)!fchmod(descriptor, there.st_mode & 0777);
        }
    }
    if (descriptor < 0)
        cannot_write(file, errno, error);
    return descriptor;
}

xhat_status xhat_output_open(xhat_output_file *file, const char *path,
                             bool force, xhat_error *error)
{
    xhat_error local;
    if (error == NULL)
        error = &local;
    *file = (xhat_output_file){.force = force};
    file->path = xhat_copy_string(NULL, path);
    if (file->path == NULL)
        return xhat_fail(error, XHAT_OUT_OF_MEMORY,
                         "cannot write %s: out of memory", path);
    int descriptor = open_descriptor(file, error);
    if (descriptor < 0) {
        forget(file);
        return error->status;
    }
    file->stream = fdopen(descriptor, "wb");
    if (file->stream == NULL) {
        cannot_write(file, errno, error);
        close(descriptor);
        if (file->temporary != NULL)
            unlink(file->temporary);
        forget(file);
        return error->status;
    }
    return XHAT_OK;
}

void xhat_output_put(xhat_output_file *file, const void *bytes, size_t size)
{
    if (size == 0 || file->write_errno != 0)
        return;
    errno = 0;
    if (fwrite(bytes, 1, size, file->stream) != size)
        file->write_errno = errno != 0 ? errno : EIO;
}

/* Everything out of the buffer and onto the disk; 0 or an errno. */
static int finish_writing(xhat_output_file *file)
{
    int number = file->write_errno;
    errno = 0;
    if (fflush(file->stream) != 0 && number == 0)
        number = errno;
    if (ferror(file->stream) && number == 0)
        number = EIO;
    if (number == 0 && file->temporary != NULL &&
        fsync(fileno(file->stream)) != 0)
        number = errno;
    if (fclose(file->stream) != 0 && number == 0)
        number = errno;
    file->stream = NULL;
    return number;
}

/* Renames without replacing; 0 or an errno.  Where the file system has no such
 * rename, a second hard link does it: it too fails when the name exists. */
static int rename_to_new(const char *from, const char *to)
{
#ifdef RENAME_NOREPLACE
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != ENOSYS && errno != EINVAL)
        return errno;
#endif
    if (link(from, to) != 0)
        return errno;
    unlink(from);
    return 0;
}

/* The rename itself survives a power cut only once the folder is synced.  Some
 * file systems cannot sync a folder; there is nothing more to do there. */
static void sync_folder(const char *path)
{
    size_t length = folder_length(path);
    char folder[PATH_MAX] = ".";
    if (length >= sizeof folder)
        return;
    if (length > 0) {
        memcpy(folder, path, length);
        folder[length] = '\0';
    }
    int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor >= 0) {
        fsync(descriptor);
        close(descriptor);
    }
}

xhat_status xhat_output_commit(xhat_output_file *file, xhat_error *error)
{
    xhat_status status = XHAT_OK;
    int number = finish_writing(file);
    if (number == 0 && file->temporary != NULL) {
        if (file->force)
            number = rename(file->temporary, file->target) ? errno : 0;
        else
            number = rename_to_new(file->temporary, file->target);
        if (number == 0)
            sync_folder(file->target);
    }
    if (number == EEXIST)
        status = already_exists(file, error);
    else if (number != 0)
        status = cannot_write(file, number, error);
    if (number != 0 && file->temporary != NULL)
        unlink(file->temporary);
    forget(file);
    return status;
}

void xhat_output_abandon(xhat_output_file *file)
{
    if (file->stream == NULL)
        return;
    fclose(file->stream);
    if (file->temporary != NULL)
        unlink(file->temporary);
    forget(file);
}

xhat_status xhat_file_write(const char *path, bool force, const void *bytes,
                            size_t size, xhat_error *error)
{
    xhat_output_file file;
    xhat_status status = xhat_output_open(&file, path, force, error);
    if (status != XHAT_OK)
        return status;
    xhat_output_put(&file, bytes, size);
    return xhat_output_commit(&file, error);
}
