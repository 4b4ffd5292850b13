/* Which numbers of a run a number is made of. */
#ifndef XHAT_CIRCUIT_DEPENDENCE_H
#define XHAT_CIRCUIT_DEPENDENCE_H

#include "xhat/circuit.h"

typedef enum xhat_mark {
    XHAT_MARK_NONE = 0, /* it would be the same if this were another number */
    XHAT_MARK_FAR = 1,  /* it depends on it, through others */
    XHAT_MARK_NEAR = 2, /* it is computed from it */
    XHAT_MARK_SELF = 3
} xhat_mark;

typedef struct xhat_dependence {
    /* [side][value]: an xhat_mark for each number; NULL where a run has none */
    unsigned char *marks[2][XHAT_CIRCUIT_VALUES_MAX];
    const xhat_allocator *allocator;
} xhat_dependence;

/* Of number `at` of one side of a value of a finished run.
 * Errors: XHAT_OUT_OF_MEMORY.  The caller frees it, also after a failure. */
XHAT_NODISCARD xhat_status xhat_dependence_of(xhat_dependence *dependence,
                                              const xhat_run *run,
                                              xhat_side side, int value,
                                              size_t at, xhat_error *error);
void xhat_dependence_free(xhat_dependence *dependence);

#endif
