/* An allocator that counts, and fails at one call. */
#ifndef XHAT_TESTS_COUNTING_H
#define XHAT_TESTS_COUNTING_H

#include "check.h"

typedef struct counting {
    size_t calls, alive; /* so far; blocks not given back */
    size_t fail_at;      /* the call that fails, from 1; 0: none */
} counting;

static inline void *counting_allocate(void *context, size_t alignment,
                                      size_t size)
{
    counting *c = context;
    if (++c->calls == c->fail_at)
        return NULL;
    void *block = aligned_alloc(alignment, size);
    c->alive += block != NULL;
    return block;
}

static inline void counting_release(void *context, void *block)
{
    counting *c = context;
    c->alive -= block != NULL;
    free(block);
}

static inline xhat_allocator counting_on(counting *c)
{
    return (xhat_allocator){counting_allocate, counting_release, c};
}

#endif
