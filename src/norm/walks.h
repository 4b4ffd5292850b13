/* How the walks of a geometry go through its blocks and parts: how many rows
 * side by side, and what is fetched ahead of its time.  No bit depends on it. */
#ifndef XHAT_NORM_WALKS_H
#define XHAT_NORM_WALKS_H

#include "geometry.h"

enum { XHAT_PAGE = 4096 }; /* bytes */

/* Bytes of a row of all channels, or of an image. */
size_t xhat_row_bytes(const xhat_spec *spec);

/* The channels of a block of so many arrays that stays in so many bytes of a
 * cache; 0 if not even the narrowest does. */
size_t xhat_cached_channels(const xhat_spec *spec, int arrays, size_t cache);

/* Sets strip and ahead of both walks; what else there is in the geometry is
 * read. */
void xhat_set_walks(const xhat_spec *spec, int arrays, xhat_geometry *geometry);

#endif
