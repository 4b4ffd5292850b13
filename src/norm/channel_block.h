/* How the drivers walk an array: in blocks of channels, each block in tiles.
 *
 * Channels are independent of each other, so a block is what a thread takes;
 * what a channel computes never depends on the block it is in.
 *
 *     inner = 1   a block is up to 256 neighboring channels: rows are read in
 *                 stretches, 16 channels along the lanes
 *     inner > 1   a block is one channel: its runs, 16 elements along the lanes
 */
#ifndef XHAT_NORM_CHANNEL_BLOCK_H
#define XHAT_NORM_CHANNEL_BLOCK_H

#include "plan.h"

enum { XHAT_BLOCK_CHANNELS = 256 };

/* The per-channel numbers of a block: a thread's scratch memory.  A driver
 * names what it keeps in which array. */
typedef struct xhat_block {
    size_t first, end; /* channels */
    double pivot[XHAT_BLOCK_CHANNELS];
    double sum[XHAT_BLOCK_CHANNELS], sum_low[XHAT_BLOCK_CHANNELS];
    double product[XHAT_BLOCK_CHANNELS], product_low[XHAT_BLOCK_CHANNELS];
    double mean[XHAT_BLOCK_CHANNELS], mean_low[XHAT_BLOCK_CHANNELS];
    union { /* kernel parameters in the plan's dtype */
        float f32[XHAT_BLOCK_CHANNELS];
        double f64[XHAT_BLOCK_CHANNELS];
    } lanes[6];
    /* channels that take the slow path (extreme.h) */
    bool extreme[XHAT_BLOCK_CHANNELS];
} xhat_block;

size_t xhat_block_count(const xhat_spec *spec);

/* Sets first and end of block number `index`. */
void xhat_block_at(const xhat_plan *plan, size_t index, xhat_block *block);

/* Runs `work` on every block, on the plan's threads, each with its part of
 * the scratch memory. */
void xhat_for_each_block(const xhat_plan *plan, void *scratch,
                         void (*work)(const xhat_plan *plan, const void *args,
                                      xhat_block *block),
                         const void *args);

/* The first element of channel c. */
static inline size_t xhat_channel_start(const xhat_plan *plan, size_t c)
{
    return c * plan->spec.inner;
}

/* Element i (0 .. count-1) of channel c. */
static inline size_t xhat_channel_element(const xhat_plan *plan, size_t c,
                                          size_t i)
{
    size_t inner = plan->spec.inner;
    return (i / inner * plan->spec.channels + c) * inner + i % inner;
}

/* Sums over the channels first .. end of a block, as high and low parts in
 * block->sum and block->product, which are cleared first.
 *
 *     moments     sum (x - pivot),     sum (x - pivot)^2
 *     grad_sums   sum (dout - pivot),  sum (dout - pivot) (x - mean)
 */
void xhat_block_moments(const xhat_plan *plan, xhat_block *block, size_t first,
                        size_t end, const void *x);
void xhat_block_grad_sums(const xhat_plan *plan, xhat_block *block,
                          const void *x, const void *dout);

/* out := the affine kernel with the parameters block->lanes[0..3] (a, mean,
 * mean_low, b) on every channel of the block that is not extreme. */
void xhat_block_affine(const xhat_plan *plan, const xhat_block *block,
                       const void *x, void *out);

/* The same for grad_affine: lanes[0..5] are a, dmean, dmean_low, mean,
 * mean_low, k. */
void xhat_block_grad_affine(const xhat_plan *plan, const xhat_block *block,
                            const void *x, const void *dout, void *dx);

/* Sets parameter `which` of channel c. */
static inline void xhat_block_set(const xhat_plan *plan, xhat_block *block,
                                  int which, size_t c, double value)
{
    xhat_put(plan->spec.dtype, &block->lanes[which], c - block->first, value);
}

#endif
