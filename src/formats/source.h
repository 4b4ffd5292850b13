/* What every reader reads from: the bytes of one file, in memory. */
#ifndef XHAT_FORMATS_SOURCE_H
#define XHAT_FORMATS_SOURCE_H

#include "xhat/status.h"

typedef struct xhat_source {
    const char *name; /* begins every message: the path, "standard input" */
    const unsigned char *bytes;
    size_t size;
    const xhat_allocator *allocator;
    xhat_error *error; /* where failures go; may be NULL */
    size_t forgotten;  /* bytes whose memory is given back */
} xhat_source;

/* Reads the whole of the file at `path`, "-" being standard input; pipes are
 * read to their end.  source->name points to `path`.  The caller releases
 * the bytes with xhat_source_free.  XHAT_CANNOT_READ, XHAT_OUT_OF_MEMORY. */
XHAT_NODISCARD xhat_status xhat_source_read(xhat_source *source,
                                            const char *path,
                                            const xhat_allocator *allocator,
                                            xhat_error *error);
void xhat_source_free(xhat_source *source);

/* The bytes before `end`, of a source that was read, are needed no more: the
 * system gets their memory back, some megabytes at a time, unless it is that of
 * a caller's allocator. */
void xhat_source_forget(xhat_source *source, const void *end);

/* XHAT_OUT_OF_MEMORY with a message that names the file. */
xhat_status xhat_source_no_memory(const xhat_source *source);

/* XHAT_BAD_FORMAT with "NAME: " before the message. */
xhat_status xhat_source_bad(const xhat_source *source, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* text[length] made fit for a message: at most 40 bytes, control characters
 * and what is not UTF-8 written as '?'.  Returns `to`. */
enum { XHAT_EXCERPT_SIZE = 48 };
char *xhat_excerpt(char to[XHAT_EXCERPT_SIZE], const char *text, size_t length);

#endif
