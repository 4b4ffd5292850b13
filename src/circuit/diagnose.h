/* Which of somebody's own arrays are wrong, which gate made them so, and what
 * the mistake is.
 *
 * Each gate is run again from *their* arrays, so that one mistake is one red
 * gate and what comes after it merely follows.  An array that is right clears
 * the gates between it and the arrays it was made of; what is left of the
 * gates that a wrong array depends on are its suspects.  The catalogue
 * (mistakes.h) is searched for what explains them all. */
#ifndef XHAT_CIRCUIT_DIAGNOSE_H
#define XHAT_CIRCUIT_DIAGNOSE_H

#include "case.h"
#include "compare.h"
#include "invariants.h"
#include "search.h"

typedef enum xhat_finding_state {
    XHAT_FINDING_OK,
    XHAT_FINDING_WRONG,   /* wrong even from their own upstream */
    XHAT_FINDING_FOLLOWS, /* right from their own upstream, which is wrong; or
                             a consequence of the cause that was found */
    XHAT_FINDING_UNUSED   /* this run has no such number to compare with */
} xhat_finding_state;

typedef struct xhat_finding {
    int claim; /* index */
    xhat_finding_state state;
    double tolerance; /* the widest of this claim's and of those that it was
                         computed from: what these lost, it cannot have */
    bool decides;     /* what is expected is not 0 everywhere */
    /* where it is farthest off, and there: theirs, and what it should be (if
     * wrong, from their own upstream) */
    size_t at;
    double max_abs_error, yours, expected;
    double relative_error; /* max |a - b| / max(1e-8, |a| + |b|), as CS231n */
    unsigned suspects;     /* bit K: gate number K; bit 0: the sum of dx */
    int gate;              /* the only suspect, or the gate that it follows
                              from; -1: not known */
} xhat_finding;

typedef struct xhat_diagnosis {
    xhat_finding findings[XHAT_CLAIMS_MAX]; /* in the order of computation */
    int finding_count;
    int first_wrong;      /* a finding; -1: none is wrong */
    int first_wrong_gate; /* 0 to 9; -1: none, or not known */
    bool decided;         /* some finding decides */
    /* what fits is in search.causes; nothing is searched if none is wrong */
    xhat_search search;
    char ratio[XHAT_RATIO_SIZE]; /* "yours is exactly ..." of the first wrong
                                    array, or "" */
    bool has_parts;              /* the next is there: dx is wrong, and no cause
                                    explains it */
    xhat_parts parts;
    bool sampled; /* causes were looked for in some of the channels */
    /* if the gate is not known: bit 2 * value + side, arrays that would tell */
    unsigned long wanted;
} xhat_diagnosis;

/* Errors: XHAT_OUT_OF_MEMORY; XHAT_INVALID_ARGUMENT as xhat_run_create. */
XHAT_NODISCARD xhat_status xhat_diagnose(xhat_diagnosis *diagnosis,
                                         const xhat_case *c, xhat_error *error);

#endif
