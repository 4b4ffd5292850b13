/* Memory: aligned blocks from the caller's allocator or the C library.
 * Thread-safe as far as the allocator is. */
#ifndef XHAT_BASE_MEMORY_H
#define XHAT_BASE_MEMORY_H

#include "xhat/status.h"

enum { XHAT_ALIGNMENT = 64 }; /* bytes: a cache line, the widest vector */

/* count * size bytes aligned to XHAT_ALIGNMENT, not cleared.  NULL when the
 * product overflows or memory is out; count = 0 gives a block that can be
 * released.  allocator may be NULL. */
void *xhat_allocate(const xhat_allocator *allocator, size_t count, size_t size);

/* The same, cleared. */
void *xhat_allocate_zeroed(const xhat_allocator *allocator, size_t count,
                           size_t size);

/* Gives a block back to the allocator it came from; NULL is allowed. */
void xhat_release(const xhat_allocator *allocator, void *block);

/* a string of its own; NULL when memory is out */
char *xhat_copy_string(const xhat_allocator *allocator, const char *string);

#endif
