/* Two arrays that should be the same: how far apart they are. */
#ifndef XHAT_CIRCUIT_COMPARE_H
#define XHAT_CIRCUIT_COMPARE_H

#include "xhat/circuit.h"

typedef struct xhat_comparison {
    const double *yours, *expected;
    const double *part; /* the summand of `expected` that is in question; NULL:
                           all of it */
    const double *size; /* of the terms; NULL: that of the numbers themselves */
    size_t count;
    double tolerance; /* relative to size */
} xhat_comparison;

/* How far yours is from `expected` with its part taken `factor` times,
 * relative to size, at its largest: 0 is a perfect fit. */
double xhat_comparison_distance(const xhat_comparison *c, double factor);

/* How far yours is from `expected` in the worst feature, relative to the
 * largest number or term in that feature: 0 the same, about 1 nothing alike,
 * infinite for a NaN where there should be none.  Numbers of `extent` over
 * `axes`; no part.
 * *decides (may be NULL) := in some feature the numbers are well above the
 * tolerance times the terms: rounding alone does not make them so near. */
double xhat_comparison_span(const xhat_comparison *c, const xhat_axes *axes,
                            xhat_extent extent, bool *decides);

/* When yours is one factor times `expected` everywhere, says so:
 * "yours is exactly N = 4 times too large everywhere".  False: it is not.
 * n: the elements that share a statistic. */
enum { XHAT_RATIO_SIZE = 100 };
bool xhat_comparison_ratio(const xhat_comparison *c, size_t n,
                           char text[XHAT_RATIO_SIZE]);

#endif
