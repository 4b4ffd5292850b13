/* The circuit at work on what a command read. */
#ifndef XHAT_CLI_CIRCUIT_RUN_H
#define XHAT_CLI_CIRCUIT_RUN_H

#include "norm_options.h"
#include "xhat/circuit.h"

/* A run of the circuit on x, over the axes that --norm says, with the
 * parameters and the eps of `norm`, in eval its running statistics held;
 * forward done, and backward when dout is not NULL.  x, dout: as many float64
 * as x has elements.  The caller destroys *run, also after a failure. */
XHAT_NODISCARD xhat_status cli_circuit_run(xhat_run **run, const cli_norm *norm,
                                           const double *x, const double *dout,
                                           xhat_error *error);

#endif
