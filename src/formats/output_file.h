/* A file that appears whole or not at all.
 *
 *     xhat_output_file file;
 *     if (xhat_output_open(&file, "run.json", force, error) != XHAT_OK)
 *         return error->status;
 *     xhat_output_put(&file, bytes, size);     or fprintf(file.stream, ...)
 *     return xhat_output_commit(&file, error);
 *
 * The bytes go to a temporary file in the same folder; commit syncs it and
 * renames it.  "-" is standard output, and what is neither a regular file nor
 * a folder (/dev/null, a pipe) is written in place.  A symbolic link is
 * followed: the file it points to is replaced, the link stays.
 *
 * Thread-safe as long as no two threads use one object. */
#ifndef XHAT_FORMATS_OUTPUT_FILE_H
#define XHAT_FORMATS_OUTPUT_FILE_H

#include <stdbool.h>
#include <stdio.h>

#include "xhat/status.h"

typedef struct xhat_output_file {
    FILE *stream;    /* write here; NULL once committed or abandoned */
    char *path;      /* as the caller named it, for messages; owned */
    char *target;    /* path with symbolic links followed; owned */
    char *temporary; /* what is renamed to target; NULL: written in place */
    bool force;
    int write_errno; /* of the first xhat_output_put that failed, else 0 */
} xhat_output_file;

/* Errors: XHAT_ALREADY_EXISTS when the file exists and force is false;
 * XHAT_CANNOT_WRITE for a folder, a dangling link, a folder that is missing
 * or not writable; XHAT_OUT_OF_MEMORY.  After an error there is nothing to
 * abandon. */
XHAT_NODISCARD xhat_status xhat_output_open(xhat_output_file *file,
                                            const char *path, bool force,
                                            xhat_error *error);

/* Appends size bytes.  A failure is remembered and reported by commit. */
void xhat_output_put(xhat_output_file *file, const void *bytes, size_t size);

/* Makes the file appear under its name.  On failure (a full disk; a file of
 * that name that came into being meanwhile and force is false) nothing is
 * left behind and an old file of that name is as it was. */
XHAT_NODISCARD xhat_status xhat_output_commit(xhat_output_file *file,
                                              xhat_error *error);

/* Forgets what was written.  Does nothing after commit. */
void xhat_output_abandon(xhat_output_file *file);

#endif
