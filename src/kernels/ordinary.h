/* Where the kernels can be trusted: how far from the ends of the type a
 * channel's numbers must stay, so that no step overflows, and none loses
 * digits to underflow.  Other channels are odd: src/norm/careful.h. */
#ifndef XHAT_KERNELS_ORDINARY_H
#define XHAT_KERNELS_ORDINARY_H

#include "xhat/xhat.h"

typedef struct xhat_ordinary {
    double mean;          /* |mean| is at most this */
    double gamma;         /* |gamma| is at most this: then what is left of the
                             mean does not matter beside the largest number */
    double invstd, scale; /* invstd and |gamma| invstd are at most this, and at
                             least 1 / this or exactly 0 (a constant channel's
                             x_norm is 0) */
    double least_product; /* a sum of products that is smaller may have lost
                             terms, ... */
    double least_sum;     /* or all of them, if their factors sum to less */
    double cancellation;  /* sum (x - pivot)^2 is at most this many times
                             sum (x - mean)^2 */
} xhat_ordinary;

/* by xhat_dtype */
static const xhat_ordinary xhat_ordinary_of[2] = {
    {0x1p120, 0x1p100, 0x1p60, 0x1p100, 0x1p-90, 0x1p-60, 8},
    {0x1p990, 0x1p900, 0x1p400, 0x1p900, 0x1p-900, 0x1p-600, 32}};

#endif
