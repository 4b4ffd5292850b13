/* A run once more, in complex numbers: what a numerical derivative moves.
 *
 *     xhat_mirror m;
 *     status = xhat_mirror_open(&m, run, &error);
 *     m.moved[t], m.step[t] := ... for every part t
 *     xhat_mirror_losses(&m, leaf, part, 1);
 *     ... m.loss[t] ...
 *     xhat_mirror_close(&m);                       also after a failure
 *
 * Statistics do not see each other, nor do channels: one pass moves a number
 * of each of them. */
#ifndef XHAT_CIRCUIT_MIRROR_H
#define XHAT_CIRCUIT_MIRROR_H

#include <complex.h>

#include "xhat/circuit.h"

#define XHAT_COMPLEX_STEP 1e-100

typedef struct xhat_mirror {
    const xhat_run *run;
    double complex *values[XHAT_CIRCUIT_VALUES_MAX];
    double complex *scratch;
    /* of the elements of one statistic (or channel): the one that is moved,
     * by how much, and the loss that its statistic (channel) then has */
    size_t *moved, *seen;
    double complex *step, *loss;
    double *difference;
} xhat_mirror;

/* Errors: XHAT_OUT_OF_MEMORY. */
XHAT_NODISCARD xhat_status xhat_mirror_open(xhat_mirror *mirror,
                                            const xhat_run *run,
                                            xhat_error *error);
void xhat_mirror_close(xhat_mirror *mirror);

/* The numbers of the run, as they are. */
void xhat_mirror_load(xhat_mirror *mirror, int value);

void xhat_mirror_forward(xhat_mirror *mirror, int gate);

/* loss[part] := sum of dout * out over each part, after the part's moved
 * number of `leaf` has taken `factor` times its step. */
void xhat_mirror_losses(xhat_mirror *mirror, int leaf, xhat_extent part,
                        double factor);

/* The step of a central difference that balances truncation and rounding for
 * numbers near 1. */
double xhat_central_step(double at);

#endif
