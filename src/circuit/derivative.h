/* One derivative of the loss sum(dout * out), found numerically: what stands
 * beside the gradient that the gates handed back. */
#ifndef XHAT_CIRCUIT_DERIVATIVE_H
#define XHAT_CIRCUIT_DERIVATIVE_H

#include "xhat/circuit.h"

/* By number `at` of `leaf`, a live value given from outside: the complex step
 * into *exact, and the central difference for each of steps[count] into
 * central[].  A step of 0 stands for the usual one.
 * Errors: XHAT_OUT_OF_MEMORY. */
XHAT_NODISCARD xhat_status xhat_run_derivative(const xhat_run *run, int leaf,
                                               size_t at, const double *steps,
                                               size_t count, double *exact,
                                               double *central,
                                               xhat_error *error);

#endif
