/* Which of somebody's own arrays are wrong, and which gate made them so.
 *
 * Each gate is run again from *their* arrays, so that one mistake is one red
 * gate and what comes after it merely follows.  An array that is right clears
 * the gates between it and the arrays it was made of; what is left of the
 * gates that a wrong array depends on are its suspects. */
#ifndef XHAT_CIRCUIT_DIAGNOSE_H
#define XHAT_CIRCUIT_DIAGNOSE_H

#include "xhat/circuit.h"

/* ---- what is asked ------------------------------------------------------- */

/* An array that somebody computed. */
typedef struct xhat_claim {
    xhat_side side;
    int value;
    const double *data; /* as many numbers as the value's extent says */
    double tolerance;   /* what its own precision allows, relative to the size
                           of the terms */
    bool unsummed; /* data is a full array instead: the terms of a gradient for
                      each channel, whose sums are right */
} xhat_claim;

enum { XHAT_CLAIMS_MAX = 2 * XHAT_CIRCUIT_VALUES_MAX };

/* ---- what is answered ---------------------------------------------------- */

typedef enum xhat_finding_state {
    XHAT_FINDING_OK,
    XHAT_FINDING_WRONG,   /* wrong even from their own upstream */
    XHAT_FINDING_FOLLOWS, /* right from their own upstream, which is wrong */
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

enum { XHAT_CAUSES_MAX = 6, XHAT_CAUSE_TEXT_SIZE = 200 };

typedef struct xhat_cause {
    const char *id;                  /* "missing-1/N" */
    int gate;                        /* -1: not known */
    char text[XHAT_CAUSE_TEXT_SIZE]; /* "its 1/N is missing: yours is ..." */
    char fix[XHAT_CAUSE_TEXT_SIZE];
    double distance; /* of theirs from what the mistake would give, relative
                        to the size of the terms */
} xhat_cause;

typedef struct xhat_diagnosis {
    xhat_finding findings[XHAT_CLAIMS_MAX]; /* in the order of computation */
    int finding_count;
    int first_wrong;                    /* a finding; -1: none is wrong */
    int first_wrong_gate;               /* 0 to 9; -1: none, or not known */
    bool decided;                       /* some finding decides */
    xhat_cause causes[XHAT_CAUSES_MAX]; /* nearest first */
    int cause_count;
    /* if the gate is not known: bit 2 * value + side, arrays that would tell */
    unsigned long wanted;
} xhat_diagnosis;

/* `run`: x, gamma, beta, dout (and held statistics), done forward and
 * backward, nothing replaced.
 * Errors: XHAT_OUT_OF_MEMORY. */
XHAT_NODISCARD xhat_status xhat_diagnose(xhat_diagnosis *diagnosis,
                                         const xhat_run *run,
                                         const xhat_claim *claims, int count,
                                         xhat_error *error);

/* ---- the probe ----------------------------------------------------------- */

enum { XHAT_PROBE_WARNINGS_MAX = 12 };

/* Mistakes that these inputs cannot show: sentences, constant strings.
 * Returns how many. */
int xhat_probe_warnings(const xhat_run *run,
                        const char *warnings[XHAT_PROBE_WARNINGS_MAX]);

#endif
