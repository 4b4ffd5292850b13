/* What the rest of src/circuit may ask of a run besides circuit.h. */
#ifndef XHAT_CIRCUIT_RUN_H
#define XHAT_CIRCUIT_RUN_H

#include "xhat/circuit.h"

/* Where the run takes its memory from; NULL: the C library. */
const xhat_allocator *xhat_run_allocator(const xhat_run *run);

#endif
