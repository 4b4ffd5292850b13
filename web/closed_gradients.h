/* The closed form beside a run of the circuit. */
#ifndef XHAT_WEB_CLOSED_GRADIENTS_H
#define XHAT_WEB_CLOSED_GRADIENTS_H

#include "circuit/picture.h"

/* Computes dx, dgamma and dbeta with the closed form and puts them, and their
 * errors, into the picture of a finished run of xhat_circuit_batchnorm.  The
 * arrays are in *memory, which the caller releases with free(), also after a
 * failure.  Errors: XHAT_OUT_OF_MEMORY. */
XHAT_NODISCARD xhat_status xhat_closed_gradients(xhat_picture *picture,
                                                 double **memory,
                                                 xhat_error *error);

#endif
