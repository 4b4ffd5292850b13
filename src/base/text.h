/* A string that grows.
 *
 *     xhat_text text = xhat_text_on(NULL);
 *     xhat_text_add(&text, "%d rows\n", rows);
 *     if (text.failed) ...                  out of memory, once, at the end
 *     xhat_text_free(&text);
 *
 * After a failed allocation every further call does nothing: look at `failed`
 * once, when the text is finished. */
#ifndef XHAT_BASE_TEXT_H
#define XHAT_BASE_TEXT_H

#include <stdbool.h>

#include "xhat/status.h"

typedef struct xhat_text {
    char *data;      /* NUL-terminated; NULL while empty */
    size_t length;   /* bytes, without the NUL */
    size_t capacity; /* bytes */
    bool failed;
    const xhat_allocator *allocator;
} xhat_text;

xhat_text xhat_text_on(const xhat_allocator *allocator);
void xhat_text_free(xhat_text *text);

/* append: formatted, a string as it is, some bytes, a character n times */
void xhat_text_add(xhat_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void xhat_text_put(xhat_text *text, const char *string);
void xhat_text_put_bytes(xhat_text *text, const char *bytes, size_t count);
void xhat_text_repeat(xhat_text *text, char character, int count);

/* append `string` with & < > " ' written as XML entities, and control
 * characters that XML cannot hold written as '?' */
void xhat_text_put_xml(xhat_text *text, const char *string);

#endif
