/* Somebody's own arrays and what they were computed from: the question that a
 * diagnosis answers, whole or a few channels of it at a time.
 *
 * Channels do not see each other in batch normalization.  So a large case is
 * judged slice by slice, and causes are looked for in a slice that shows the
 * mistake. */
#ifndef XHAT_CIRCUIT_CASE_H
#define XHAT_CIRCUIT_CASE_H

#include "xhat/circuit.h"

/* An array that somebody computed. */
typedef struct xhat_claim {
    xhat_side side;
    int value;
    const double *data; /* as many numbers as `extent` says; NULL in a slice
                           that cannot have it */
    double tolerance;   /* what its own precision allows, relative to the size
                           of the terms */
    xhat_extent extent; /* what it has, if not what it should: FULL for a sum
                           that was not taken, PER_ROW for one over the wrong
                           axis, SINGLE for one over everything */
} xhat_claim;

enum { XHAT_CLAIMS_MAX = 2 * XHAT_CIRCUIT_VALUES_MAX };

/* Borrowed arrays.  The axes are those of batch normalization. */
typedef struct xhat_case {
    xhat_axes axes;
    double eps;
    const double *x, *gamma, *beta, *dout;
    const double *held[2];    /* mean and var in eval; NULL in training */
    const double *running[2]; /* running mean and var before the batch, for
                                 mistakes that use them; or NULL */
    const xhat_claim *claims;
    int claim_count;
    size_t features; /* of a slice: the channels of the whole; else 0 */
    const xhat_allocator *allocator;
} xhat_case;

/* The right run of a case, done forward and backward.  The caller destroys
 * *run.  Errors: as xhat_run_create. */
XHAT_NODISCARD xhat_status xhat_case_run(xhat_run **run, const xhat_case *c,
                                         xhat_error *error);

/* The circuit with `count` mistakes in it (0: none), with every claim in the
 * place of what its gates computed: each gate is run again from their own
 * upstream.  `right`: of xhat_case_run; it must outlive *replay. */
XHAT_NODISCARD xhat_status xhat_case_replay(xhat_run **replay,
                                            const xhat_case *c,
                                            const xhat_run *right,
                                            const int *mistakes, int count,
                                            xhat_error *error);

/* Can a claim stand in the place of what its gates computed? */
bool xhat_claim_replaces(const xhat_claim *claim, const xhat_run *right);

/* Some channels of a case as a case of their own. */
typedef struct xhat_slice {
    xhat_case c;
    xhat_claim claims[XHAT_CLAIMS_MAX];
    const xhat_case *whole;
    size_t *channels; /* which, in the whole */
    double *room;     /* the numbers of all its arrays */
} xhat_slice;

/* channels[0 .. count): which.  Claims without a place for each channel have
 * no data in a slice, unless it has all channels.
 * Errors: XHAT_OUT_OF_MEMORY.  The caller frees it, also after a failure. */
XHAT_NODISCARD xhat_status xhat_slice_take(xhat_slice *slice,
                                           const xhat_case *whole,
                                           const size_t *channels, size_t count,
                                           xhat_error *error);
void xhat_slice_free(xhat_slice *slice);

/* The index in the whole case of number k of an extent of the slice. */
size_t xhat_slice_place(const xhat_slice *slice, xhat_extent extent, size_t k);

#endif
