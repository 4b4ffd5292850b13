#include "memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void *default_allocate(void *context, size_t alignment, size_t size)
{
    (void)context;
    return aligned_alloc(alignment, size);
}

static void default_release(void *context, void *block)
{
    (void)context;
    free(block);
}

static const xhat_allocator default_allocator = {default_allocate,
                                                 default_release, NULL};

void *xhat_allocate(const xhat_allocator *allocator, size_t count, size_t size)
{
    size_t bytes;
    if (allocator == NULL)
        allocator = &default_allocator;
    if (__builtin_mul_overflow(count, size, &bytes) ||
        bytes > PTRDIFF_MAX - XHAT_ALIGNMENT)
        return NULL;
    if (bytes == 0)
        bytes = 1;
    /* aligned_alloc wants a multiple of the alignment */
    bytes = (bytes + XHAT_ALIGNMENT - 1) / XHAT_ALIGNMENT * XHAT_ALIGNMENT;
    return allocator->allocate(allocator->context, XHAT_ALIGNMENT, bytes);
}

void *xhat_allocate_zeroed(const xhat_allocator *allocator, size_t count,
                           size_t size)
{
    void *block = xhat_allocate(allocator, count, size);
    if (block != NULL)
        memset(block, 0, count * size);
    return block;
}

void xhat_release(const xhat_allocator *allocator, void *block)
{
    if (block == NULL)
        return;
    if (allocator == NULL)
        allocator = &default_allocator;
    allocator->release(allocator->context, block);
}

char *xhat_copy_string(const xhat_allocator *allocator, const char *string)
{
    size_t size = strlen(string) + 1;
    char *copy = xhat_allocate(allocator, size, 1);
    return copy == NULL ? NULL : memcpy(copy, string, size);
}
