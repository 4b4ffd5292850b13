/* A gradient as the sum of what comes back on each way through the circuit. */
#ifndef XHAT_CIRCUIT_PATHS_H
#define XHAT_CIRCUIT_PATHS_H

#include "xhat/circuit.h"

enum { XHAT_PATHS_MAX = XHAT_CIRCUIT_GATES_MAX };

typedef struct xhat_path {
    const char *via; /* the statistic that it goes through; NULL: none */
    int gate;        /* the gate (an index) where it leaves the others */
    double part;     /* what comes back on it */
} xhat_path;

/* The parts of number `at` of the gradient of a full value, which add up to
 * it: a way divides where a value is forked that the number is made from
 * element by element.  For dx these are the direct way and those through mean
 * and var.  Returns how many. */
int xhat_paths_of(const xhat_run *run, int value, size_t at,
                  xhat_path paths[XHAT_PATHS_MAX]);

#endif
