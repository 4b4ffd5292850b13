/* How the work on an array is cut.
 *
 *     part    a stretch of a channel's values.  Sums are taken over a part and
 *             the parts added in their order, so that they decide the bits: the
 *             shape alone decides the parts of sums.  Elements may be written in
 *             other parts, as even as the threads want them.
 *     block   neighboring channels that are worked on together.  Channels are
 *             independent, so a block may be what the caches and the number
 *             of threads ask for.
 *
 * One thread takes a block as a whole: sums, then elements, read from memory
 * once (`split` false).  Or, where there are too few blocks, where threads would
 * write to the same rows, or where a block does not stay in the cache between
 * the two, all threads take the sums of every part first, then the elements
 * (`split` true). */
#ifndef XHAT_NORM_GEOMETRY_H
#define XHAT_NORM_GEOMETRY_H

#include "kernels/kernels.h"

enum {
    XHAT_PART_ROWS = 256,       /* XHAT_COLUMNS: rows of a part */
    XHAT_PARTS_MOST = 256,      /* of more rows, the parts are larger */
    XHAT_PART_ELEMENTS = 16384, /* XHAT_RUNS: about so many elements */
    XHAT_SHORT_IMAGES = 8,      /* runs of several lines as columns: in as many
                                   images at least */
    XHAT_STAGE_ELEMENTS = 1024, /* what is gathered before it is streamed */
    XHAT_SHORT_ROW = 1024       /* bytes: rows of so few are, but for whole
                                   lines */
};

/* How a pass, that of the sums or that of the elements, goes through the
 * arrays. */
typedef struct xhat_walk {
    xhat_order order; /* of the kernels: short runs may be taken as columns */
    size_t part_rows, parts;
    size_t strip; /* rows by turns: xhat_panel */
    size_t ahead; /* what is read next lies so many elements behind what is read
                     now; 0: do not fetch it */
} xhat_walk;

typedef struct xhat_geometry {
    size_t rows; /* or images, or pieces of runs that are longer than a part */
    xhat_walk sums, writes;
    size_t block_channels, blocks;
    bool split;
    bool large;      /* more than the second-level cache holds */
    bool stream;     /* outputs go past the caches */
    bool last_first; /* split: a thread writes what it has read last first */
    int threads;
} xhat_geometry;

/* A part of every channel of a block: rows (XHAT_COLUMNS) or images
 * (XHAT_RUNS), and in them `length` elements of each run. */
typedef struct xhat_part {
    size_t first_row, rows;
    size_t offset, length;
} xhat_part;

/* The order in which the layout has the elements. */
xhat_order xhat_order_of(const xhat_spec *spec);
xhat_part xhat_part_at(const xhat_spec *spec, const xhat_walk *walk,
                       size_t index);

/* inner = 1: of so many rows the kernels take as many as one, if they are narrow
 * and enough to be worth the columns; else 1.  The shape alone decides. */
size_t xhat_rows_as_one(const xhat_spec *spec, size_t rows);

/* Neighboring channels whose mask bits lie together in each row or image, as
 * many as whole groups of lanes take: all of them, one (runs), or those of a
 * block (short runs as columns).  The shape alone decides. */
size_t xhat_mask_channels(const xhat_spec *spec);

/* Of the parts of all blocks, part by part and in each block by block, the first
 * one of a share.  Shares have about as many rows: the last part is short. */
size_t xhat_share_start(const xhat_geometry *geometry, const xhat_walk *walk,
                        size_t share, size_t shares);

/* `arrays` of the size of x are read (2 in backward, 1 otherwise); `sums`: in
 * two passes; else there are no parts of sums.  most_channels limits a block,
 * each of which is then worked on as a whole, so that scratch memory does not
 * grow with the arrays; 0: no limit. */
xhat_geometry xhat_geometry_of(const xhat_spec *spec, int arrays, bool sums,
                               size_t most_channels);

#endif
