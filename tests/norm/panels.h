/* The kernels' maps and sums. */
#ifndef XHAT_TESTS_NORM_PANELS_H
#define XHAT_TESTS_NORM_PANELS_H

/* A test: each kernel of each tier against plain loops, on panels of every
 * length up to a few groups, with misaligned arrays and guard values around
 * every output; and what a tier computes has the bits of the first one. */
void every_panel_of_every_tier(void **state);

#endif
