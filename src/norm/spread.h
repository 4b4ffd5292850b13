/* Short runs as columns.
 *
 * A run of a few elements fills its last vector badly, and a channel's runs lie
 * a whole image apart.  So each element of such a run is a column of its own:
 * the kernels of XHAT_COLUMNS work on whole images, with the numbers of a
 * channel written once for each of its columns, and the sums of the columns are
 * added up.  A block is narrow enough to be one panel then. */
#ifndef XHAT_NORM_SPREAD_H
#define XHAT_NORM_SPREAD_H

#include "carver.h"
#include "places.h"

/* Numbers of a block's columns: inner of them for each channel. */
typedef struct xhat_spread {
    xhat_lanes lanes;
    xhat_sums sums;
} xhat_spread;

/* The numbers, the next thing in memory; none where no runs are taken as
 * columns. */
xhat_spread xhat_take_spread(const xhat_plan *plan,
                             const xhat_geometry *geometry, xhat_carver *from);

/* Sets what sums, and what elements need, of the first `channels` lanes. */
void xhat_spread_for_sums(const xhat_plan *plan, const xhat_lanes *lanes,
                          size_t channels, bool backward,
                          const xhat_spread *to);
void xhat_spread_for_elements(const xhat_plan *plan, const xhat_lanes *lanes,
                              size_t channels, bool backward,
                              const xhat_spread *to);

#endif
