/* What dx must be like, whatever the batch, and what a wrong one still is.
 *
 *     sum dx = 0               the branch through the mean takes it off
 *     sum dx * x_norm = what eps leaves of it, about 0
 *                              the branch through the variance takes it off
 *
 * Each of the two sees its own branch alone.  And in every feature
 *
 *     dx = direct * dout + variance * x_norm + mean
 *
 * so that a mistake which is in no catalogue still shows in which of the three
 * factors it is. */
#ifndef XHAT_CIRCUIT_INVARIANTS_H
#define XHAT_CIRCUIT_INVARIANTS_H

#include "xhat/circuit.h"

typedef struct xhat_parts {
    bool sum_holds, projection_holds; /* in every feature */
    bool is_combination; /* dx is of the form above in every feature */
    /* how many times what it should be each part is; NaN: not the same in
     * every feature, or nothing to compare */
    double direct, mean, variance;
    bool is_scaled;    /* a factor times what it should be, in each feature
                       another */
    unsigned suspects; /* gates that are left: bit K; 0: that does not tell */
} xhat_parts;

/* dx[]: somebody's, of a run in training over the axes of batch
 * normalization, done backward.  False, and nothing is known, when N < 4, x is
 * constant, or a number of dx or of the right one is not finite. */
bool xhat_parts_of(xhat_parts *parts, const xhat_run *right, const double *dx,
                   double tolerance);

#endif
