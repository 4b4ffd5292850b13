/* A gate told in other languages than C's own table: as a formula in MathML,
 * as lines of NumPy and of C, and why it hands back what it does.  All of it
 * follows from the gate's kind, the extents of its operands and who else uses
 * them, for any circuit. */
#ifndef XHAT_CIRCUIT_GATE_TELLING_H
#define XHAT_CIRCUIT_GATE_TELLING_H

#include "base/text.h"
#include "xhat/circuit.h"

/* The symbol of one side of a value: <mi>v</mi>, <mi>dv</mi>. */
void xhat_put_symbol(xhat_text *text, const xhat_circuit *circuit,
                     xhat_side side, int value);

/* "v = 1/N sum q" */
void xhat_put_forward_math(xhat_text *text, const xhat_circuit *circuit,
                           int gate);

/* The local gradient towards operand `which`. */
void xhat_put_local_math(xhat_text *text, const xhat_circuit *circuit, int gate,
                         int which);

/* "dr = sum dx_norm d", with += where another gate came before. */
void xhat_put_backward_math(xhat_text *text, const xhat_circuit *circuit,
                            int gate, int which);

typedef enum xhat_language { XHAT_NUMPY, XHAT_C } xhat_language;

/* Lines of code for arrays of shape (N, D), or (N, D, M) where `inner` is
 * above 1, with a statistic for each of the D channels. */
void xhat_put_forward_code(xhat_text *text, xhat_language language,
                           const xhat_circuit *circuit, int gate, size_t inner);
void xhat_put_backward_code(xhat_text *text, xhat_language language,
                            const xhat_circuit *circuit, int gate,
                            size_t inner);

/* A sentence or two, as plain text. */
void xhat_put_backward_why(xhat_text *text, const xhat_circuit *circuit,
                           int gate, size_t sharing);

/* ---- how a circuit is wired ---------------------------------------------- */

/* The gates that use a value, ascending; returns how many. */
int xhat_users_of(const xhat_circuit *circuit, int value,
                  int gates[XHAT_CIRCUIT_GATES_MAX]);

/* True where backward reaches `gate` after another user of the value: what it
 * hands down is added. */
bool xhat_is_added(const xhat_circuit *circuit, int gate, int value);

/* True where the gradient of the value is complete once `gate` is done. */
bool xhat_completes(const xhat_circuit *circuit, int gate, int value);

#endif
