/* A block of channels: its numbers, and the kernels on its parts. */
#ifndef XHAT_NORM_CHANNEL_BLOCK_H
#define XHAT_NORM_CHANNEL_BLOCK_H

#include "carver.h"
#include "spread.h"

/* Neighboring channels with their numbers, which lie in scratch memory: one
 * for each channel, with room for whole groups of lanes. */
typedef struct xhat_block {
    size_t first, channels;
    xhat_lanes lanes;   /* the plan's dtype */
    xhat_sums sums;     /* of all parts */
    xhat_channels ends; /* count, eps, mean, m2 and odd, for the kernels */
    const void *gamma;  /* (C), of all channels; NULL: 1 */
    /* odd channels whose elements were already written, with care; elements
     * of such a channel are not touched again */
    unsigned char *written;
    bool any_written;
} xhat_block;

/* Bytes of a block with its numbers, and block number `index` made in `memory`
 * (aligned to XHAT_ALIGNMENT). */
size_t xhat_block_bytes(const xhat_plan *plan, size_t block_channels);
xhat_block *xhat_block_at(const xhat_plan *plan, const xhat_geometry *geometry,
                          size_t index, void *memory);

/* What a thread has to itself. */
typedef struct xhat_workspace {
    void *stage; /* for elements on their way past the caches */
    xhat_spread spread;
} xhat_workspace;

/* Its bytes, and one in `memory` (aligned to XHAT_ALIGNMENT). */
size_t xhat_workspace_bytes(const xhat_plan *plan,
                            const xhat_geometry *geometry);
xhat_workspace xhat_workspace_at(const xhat_plan *plan,
                                 const xhat_geometry *geometry, void *memory);

/* to := the sums of one part of the block. */
void xhat_block_sums(const xhat_plan *plan, const xhat_geometry *geometry,
                     const xhat_block *block, size_t part,
                     const xhat_arrays *arrays, xhat_sum_kernel *kernel,
                     const xhat_sums *to, const xhat_workspace *workspace);

/* Writes arrays->out (and dresidual and mask) of one part of the block, but
 * for channels already written. */
void xhat_block_write(const xhat_plan *plan, const xhat_geometry *geometry,
                      const xhat_block *block, size_t part,
                      const xhat_arrays *arrays, xhat_map_kernel *kernel,
                      const xhat_workspace *workspace);

/* Numbers for which there is room where `channels` are kept: they are read and
 * written in whole groups. */
size_t xhat_block_room(size_t channels);

/* The sums of so many channels, the next thing in memory. */
xhat_sums xhat_take_sums(xhat_carver *from, size_t channels);

/* The sums of the block in `memory`, which holds xhat_sums_bytes. */
size_t xhat_sums_bytes(size_t block_channels);
xhat_sums xhat_sums_at(size_t block_channels, void *memory);

/* Marks channel c as written. */
void xhat_block_set_written(xhat_block *block, size_t c);

/* lanes := values of a parameter array for the block's channels, or `instead`
 * where it is NULL. */
void xhat_block_load(const xhat_plan *plan, const xhat_block *block, void *lane,
                     const void *array, double instead);

/* array[first ..] := lane, unless array is NULL. */
void xhat_block_save(const xhat_plan *plan, const xhat_block *block,
                     void *array, const void *lane);

/* array from the block's first channel on; NULL stays NULL. */
const void *xhat_block_part(const xhat_plan *plan, const xhat_block *block,
                            const void *array);

/* lanes.pivot := the median of the first, the middle and the last value of
 * each channel of a full array. */
void xhat_block_pivot(const xhat_plan *plan, const xhat_block *block,
                      const void *array);

#endif
