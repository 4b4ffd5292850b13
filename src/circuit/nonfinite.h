/* What of a run is NaN or Inf, and where that began. */
#ifndef XHAT_CIRCUIT_NONFINITE_H
#define XHAT_CIRCUIT_NONFINITE_H

#include "xhat/circuit.h"

/* An array in which numbers are NaN or Inf that were made of finite ones, or
 * were given so. */
typedef struct xhat_nonfinite {
    xhat_side side;
    int value;
    int gate;         /* number of the gate that made them; 0: given */
    size_t first;     /* the first such number */
    size_t count, of; /* so many of the array's numbers are NaN or Inf */
} xhat_nonfinite;

enum { XHAT_NONFINITE_MAX = 2 * XHAT_CIRCUIT_VALUES_MAX };

/* Where it began, of a finished run: every given array, then every gate in
 * forward order, and the first gradient if all of these are finite.  Returns
 * how many; 0: the whole run is finite. */
int xhat_nonfinite_origins(const xhat_run *run,
                           xhat_nonfinite origins[XHAT_NONFINITE_MAX]);

/* How many numbers of one side of a value are NaN or Inf. */
size_t xhat_nonfinite_count(const xhat_run *run, xhat_side side, int value);

/* touched[k] := NaN or Inf is among the values that go with statistic (or
 * channel) k: what `extent` counts.  Then what comes of them means nothing,
 * even where it is finite again: 1/Inf is 0. */
void xhat_nonfinite_touched(const xhat_run *run, xhat_extent extent,
                            bool *touched);

#endif
