/* One change of the circuit: another formula for one of its arrays.
 *
 * A known mistake is one edit or a few (mistakes.def).  A run with edits
 * computes everything else as ever, so that it has every array that somebody
 * who made the mistake would have got. */
#ifndef XHAT_CIRCUIT_EDIT_H
#define XHAT_CIRCUIT_EDIT_H

#include "xhat/circuit.h"

/* Where a formula is evaluated: at one element, among the arrays of a run. */
typedef struct xhat_cell {
    const double *arrays[2][XHAT_CIRCUIT_VALUES_MAX]; /* [side][value] */
    size_t place[5];   /* the index of this element for each extent */
    size_t transposed; /* its mirror image in a square matrix */
    double computed;   /* what the unchanged gate has here */
    double n;          /* the elements that share a statistic */
    double features;   /* channels of the whole case */
    double eps;
    double running_mean, running_var;
} xhat_cell;

typedef enum xhat_edit_kind {
    XHAT_EDIT_INPUT,          /* an input, before forward */
    XHAT_EDIT_VALUE,          /* what a gate puts out */
    XHAT_EDIT_AFTER_FORWARD,  /* a value, written over when forward is done */
    XHAT_EDIT_LOCAL,          /* a local gradient */
    XHAT_EDIT_HANDED,         /* what a gate hands down to an operand */
    XHAT_EDIT_TOTAL,          /* a gradient, with all its branches */
    XHAT_EDIT_AFTER_BACKWARD, /* a gradient, written over at the very end */
} xhat_edit_kind;

typedef struct xhat_edit {
    xhat_edit_kind kind;
    int gate;  /* number of the gate of a local gradient or a part; else 0 */
    int value; /* the array's, or the operand's */
    /* the extent of what it makes; for a total and for what is handed down to
     * gamma and beta it may be another than the circuit's: not summed, say */
    xhat_extent extent;
    bool summed; /* each number is the sum of the formula over its elements */
    double (*formula)(const xhat_cell *cell);
} xhat_edit;

/* Rewrites to[] by the formula.  `cell` has the arrays, n and eps.
 * running_mean, running_var: (channels), or NULL for 0 and 1. */
void xhat_edit_apply(const xhat_edit *edit, const xhat_axes *axes,
                     xhat_cell *cell, const double *running_mean,
                     const double *running_var, double *to);

#endif
