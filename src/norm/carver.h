/* Pieces of one stretch of memory, one after the other. */
#ifndef XHAT_NORM_CARVER_H
#define XHAT_NORM_CARVER_H

#include "base/memory.h"

/* What was taken of `memory`, or, while there is none yet, how much will be. */
typedef struct xhat_carver {
    char *memory; /* aligned to XHAT_ALIGNMENT, or NULL */
    size_t taken; /* bytes */
} xhat_carver;

/* The next `bytes`, aligned to XHAT_ALIGNMENT; NULL while only counting. */
static inline void *xhat_carve(xhat_carver *from, size_t bytes)
{
    void *here = from->memory == NULL ? NULL : from->memory + from->taken;
    from->taken +=
        (bytes + XHAT_ALIGNMENT - 1) / XHAT_ALIGNMENT * XHAT_ALIGNMENT;
    return here;
}

#endif
