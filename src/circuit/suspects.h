/* Which steps of the computation a number depends on. */
#ifndef XHAT_CIRCUIT_SUSPECTS_H
#define XHAT_CIRCUIT_SUSPECTS_H

#include <stdint.h>

#include "xhat/circuit.h"

/* A set of steps: gate g's forward, gate g's backward towards operand p, and
 * the sum that is the gradient of the input. */
typedef uint64_t xhat_steps;

typedef struct xhat_reach {
    const xhat_run *run;
    bool supplied[2][XHAT_CIRCUIT_VALUES_MAX]; /* [side][value]: a wall */
    /* of the last question: bit 2 * value + side */
    unsigned long walls;   /* supplied arrays that were reached */
    unsigned long between; /* arrays on the way that are not supplied */
} xhat_reach;

/* The steps that lead to one side of a value from the arrays supplied. */
xhat_steps xhat_steps_to(xhat_reach *reach, xhat_side side, int value);

/* The same for what gate `gate` hands down to operand `which`. */
xhat_steps xhat_steps_to_part(xhat_reach *reach, int gate, int which);

/* The gates of the steps: bit K is gate number K; bit 0 is the input's sum. */
unsigned xhat_steps_gates(xhat_steps steps);

#endif
