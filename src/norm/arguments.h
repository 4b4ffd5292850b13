/* What every execution asks of its arrays before it touches one. */
#ifndef XHAT_NORM_ARGUMENTS_H
#define XHAT_NORM_ARGUMENTS_H

#include "plan.h"

typedef enum xhat_use {
    XHAT_INPUT,
    XHAT_OUTPUT,
    XHAT_OPTIONAL_INPUT, /* NULL is allowed */
    XHAT_OPTIONAL_OUTPUT,
    XHAT_WHEN_FLAGGED /* an input: given when the spec has `flag`, else NULL */
} xhat_use;

typedef struct xhat_argument {
    const char *name;
    const void *pointer;
    size_t bytes;
    xhat_use use;
    unsigned flag;        /* XHAT_WHEN_FLAGGED */
    const void *in_place; /* an output may be this very array */
} xhat_argument;

/* Bytes of an array of all elements, and of one number a channel. */
size_t xhat_full_bytes(const xhat_plan *plan);
size_t xhat_channel_bytes(const xhat_plan *plan);

/* A mask that may be written: optional, but with its flag alone. */
static inline xhat_use xhat_mask_output(const xhat_plan *plan)
{
    return plan->fusion == XHAT_FUSE_ADD_RELU ? XHAT_OPTIONAL_OUTPUT
                                              : XHAT_WHEN_FLAGGED;
}

/* Errors: XHAT_INVALID_ARGUMENT for an array that is missing, given without
 * its flag, not aligned to its elements, or written while it overlaps
 * another; for scratch of fewer than xhat_plan_scratch_size bytes. */
XHAT_NODISCARD xhat_status xhat_check_arguments(
    const xhat_plan *plan, const xhat_argument *arguments, size_t count,
    const void *scratch, size_t scratch_size, xhat_error *error);

/* Training needs two values a channel unless XHAT_ALLOW_SINGLE. */
XHAT_NODISCARD xhat_status xhat_check_count(const xhat_plan *plan,
                                            xhat_error *error);

#endif
