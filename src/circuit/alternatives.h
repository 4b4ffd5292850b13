/* Mistakes that are another formula at one gate: computed from somebody's own
 * arrays and compared with what they have. */
#ifndef XHAT_CIRCUIT_ALTERNATIVES_H
#define XHAT_CIRCUIT_ALTERNATIVES_H

#include "causes.h"

/* The formulas for this side of `value` at gate number `gate` that fit, into
 * causes[count] and after; returns the new count.
 * run: the gates run again from their arrays.  comparison: with what these
 * gates make; it has the room's size.  room: 2 * comparison->count numbers. */
int xhat_causes_by_formula(xhat_cause causes[XHAT_CAUSES_MAX], int count,
                           const xhat_run *run, int gate, xhat_side side,
                           int value, const xhat_comparison *comparison,
                           double *room);

#endif
