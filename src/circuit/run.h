/* What the rest of src/circuit may ask of a run besides circuit.h. */
#ifndef XHAT_CIRCUIT_RUN_H
#define XHAT_CIRCUIT_RUN_H

#include "edit.h"

enum { XHAT_EDITS_MAX = 12 };

/* Changes the circuit of a run that has its inputs: every later forward and
 * backward makes the arrays that somebody with this mistake would have.  The
 * fields of a run whose extents an edit changes have these extents.
 * edits: at most XHAT_EDITS_MAX in all; they, and the running statistics
 * (channels; NULL for 0 and 1), must outlive the run.
 * Errors: XHAT_OUT_OF_MEMORY. */
XHAT_NODISCARD xhat_status xhat_run_edit(xhat_run *run, const xhat_edit *edits,
                                         int count, const double *running_mean,
                                         const double *running_var,
                                         xhat_error *error);

/* For edits: this run has some of so many channels; else it has all. */
void xhat_run_set_features(xhat_run *run, size_t channels);

/* Where the run takes its memory from; NULL: the C library. */
const xhat_allocator *xhat_run_allocator(const xhat_run *run);

#endif
