/* One gate at its place in a circuit: forward, local gradient, downstream.
 *
 * Numbers only; which arrays go in and come out is the run's business.  Two of
 * the operand and output extents are either the same, or one of them is full:
 * a smaller operand is broadcast, a smaller output was summed.  Thread-safe. */
#ifndef XHAT_CIRCUIT_GATE_KINDS_H
#define XHAT_CIRCUIT_GATE_KINDS_H

#include <complex.h>

#include "xhat/circuit.h"

typedef struct xhat_gate_site {
    const xhat_axes *axes;
    xhat_gate_kind kind;
    double eps;
    int operand_count;
    xhat_extent operand[2], output;
    void *scratch; /* room for statistics or channels numbers, whichever are
                      more, of the type at work */
} xhat_gate_site;

xhat_gate_site xhat_gate_site_of(const xhat_circuit *circuit, int gate,
                                 const xhat_axes *axes, double eps,
                                 void *scratch);

/* The index in operand `which` that number `k` of the output is made from. */
size_t xhat_gate_operand_place(const xhat_gate_site *site, int which, size_t k);

void xhat_gate_forward(const xhat_gate_site *site, const double *const in[2],
                       double *out);
void xhat_gate_forward_complex(const xhat_gate_site *site,
                               const double complex *const in[2],
                               double complex *out);

/* The extent of the local gradient towards operand `which`: single where it
 * is one constant, that of the other factor for a product. */
xhat_extent xhat_gate_local_extent(const xhat_gate_site *site, int which);

/* local[] := d out / d operand `which` at these operands and output. */
void xhat_gate_local(const xhat_gate_site *site, int which,
                     const double *const in[2], const double *out,
                     double *local);

/* downstream := local * upstream, the chain rule: summed over what the operand
 * was broadcast along, handed to every element that was summed.  With
 * `absolute`, of absolute values. */
void xhat_gate_downstream(const xhat_gate_site *site, int which,
                          const double *local, const double *upstream,
                          bool absolute, double *downstream);

/* The value that the local gradient of a gate towards operand `which` is made
 * of; -1: none, it is a constant. */
int xhat_gate_local_source(const xhat_circuit_gate *gate, int which);

#endif
