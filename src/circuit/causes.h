/* Mistakes that show as one factor everywhere. */
#ifndef XHAT_CIRCUIT_CAUSES_H
#define XHAT_CIRCUIT_CAUSES_H

#include "diagnose.h"

/* Two arrays to compare, number by number. */
typedef struct xhat_comparison {
    const double *yours, *expected;
    const double *part; /* the summand of `expected` that is in question; NULL:
                           all of it */
    const double *size; /* of the terms */
    size_t count;
    double tolerance; /* relative to size */
} xhat_comparison;

/* How far yours is from `expected` with its part taken `factor` times,
 * relative to size, at its largest: 0 is a perfect fit. */
double xhat_comparison_distance(const xhat_comparison *c, double factor);

/* The causes whose factor fits, into causes[]; returns how many.
 * kind: of the gate at fault, or -1; gate: its number, or -1; n: the elements
 * that share a statistic. */
int xhat_causes_by_factor(xhat_cause causes[XHAT_CAUSES_MAX],
                          const xhat_comparison *comparison, int kind, int gate,
                          size_t n);

#endif
