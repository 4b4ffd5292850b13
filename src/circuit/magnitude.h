/* The size of the terms that each number of a run was added up from.
 *
 * Where terms cancel, rounding is in proportion to the terms and not to what
 * is left of them: a gradient that is exactly 0 on paper comes out as 1e-17.
 * Whoever compares two ways of computing the same number compares them with
 * this size.  It is the number itself with every sum of the forward and of the
 * chain rule taken in absolute values, to first order. */
#ifndef XHAT_CIRCUIT_MAGNITUDE_H
#define XHAT_CIRCUIT_MAGNITUDE_H

#include "xhat/circuit.h"

typedef struct xhat_magnitudes {
    /* [side][value]: of what was computed; NULL where nothing was */
    double *computed[2][XHAT_CIRCUIT_VALUES_MAX];
    /* [side][value]: of what was given; NULL where nothing was */
    double *given[2][XHAT_CIRCUIT_VALUES_MAX];
    const xhat_allocator *allocator;
} xhat_magnitudes;

/* Of a finished run.  The caller frees it, also after a failure. */
XHAT_NODISCARD xhat_status xhat_magnitudes_of(xhat_magnitudes *magnitudes,
                                              const xhat_run *run,
                                              xhat_error *error);
void xhat_magnitudes_free(xhat_magnitudes *magnitudes);

#endif
