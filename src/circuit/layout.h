/* Where a circuit's gates stand in a picture: columns from left to right by
 * what they depend on, rows by trunk and branch. */
#ifndef XHAT_CIRCUIT_LAYOUT_H
#define XHAT_CIRCUIT_LAYOUT_H

#include "xhat/circuit.h"

enum { XHAT_LAYOUT_ROWS_MAX = XHAT_CIRCUIT_GATES_MAX + 1 };

typedef struct xhat_placing {
    struct {
        int column, row;
    } gate[XHAT_CIRCUIT_GATES_MAX];
    int columns, rows;
    int trunk; /* the row of the shortest way from input to output: the last */
} xhat_placing;

void xhat_placing_of(xhat_placing *layout, const xhat_circuit *circuit);

#endif
