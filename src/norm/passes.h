/* The passes of an execution over the blocks and parts of its arrays: where
 * threads are used. */
#ifndef XHAT_NORM_PASSES_H
#define XHAT_NORM_PASSES_H

#include "channel_block.h"

/* What an execution does with a block before or after its sums; args are the
 * execution's own. */
typedef void xhat_block_step(const xhat_plan *plan, const void *args,
                             xhat_block *block);

typedef struct xhat_passes {
    /* sets the lanes that the sums need; NULL, like sum, if there are none */
    xhat_block_step *begin;
    xhat_sum_kernel *sum;
    /* from block->sums to coefficients and to what is saved */
    xhat_block_step *end;
    xhat_map_kernel *write;
    xhat_arrays arrays;
} xhat_passes;

void xhat_run_passes(const xhat_plan *plan, const xhat_geometry *geometry,
                     void *scratch, const xhat_passes *passes,
                     const void *args);

/* Bytes of scratch memory, alignment included. */
size_t xhat_passes_scratch(const xhat_plan *plan,
                           const xhat_geometry *geometry);

#endif
