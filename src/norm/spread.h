/* Short runs as columns.
 *
 * A run of a few elements fills its last vector badly, and a channel's runs lie
 * a whole image apart.  So each element of such a run is a column of its own:
 * the kernels of XHAT_COLUMNS work on whole images, with the numbers of a
 * channel written once for each of its columns, and the sums of the columns are
 * added up.  A block is narrow enough to be one panel then. */
#ifndef XHAT_NORM_SPREAD_H
#define XHAT_NORM_SPREAD_H

#include "places.h"

/* Numbers of a block's columns: inner of them for each channel. */
typedef struct xhat_spread {
    xhat_lanes lanes;
    xhat_sums sums;
} xhat_spread;

/* Bytes of such numbers, 0 where no runs are taken as columns; and the numbers
 * themselves in `memory`, aligned to XHAT_ALIGNMENT. */
size_t xhat_spread_bytes(const xhat_plan *plan, const xhat_geometry *geometry);
xhat_spread xhat_spread_at(const xhat_plan *plan, const xhat_geometry *geometry,
                           void *memory);

/* Sets what sums, and what elements need, of the first `channels` lanes. */
void xhat_spread_for_sums(const xhat_plan *plan, const xhat_lanes *lanes,
                          size_t channels, bool backward,
                          const xhat_spread *to);
void xhat_spread_for_elements(const xhat_plan *plan, const xhat_lanes *lanes,
                              size_t channels, bool backward,
                              const xhat_spread *to);

#endif
