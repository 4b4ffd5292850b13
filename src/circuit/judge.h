/* Is each claim right?  Is it right at least from their own upstream? */
#ifndef XHAT_CIRCUIT_JUDGE_H
#define XHAT_CIRCUIT_JUDGE_H

#include "diagnose.h"
#include "suspects.h"

/* What judging learns beside the findings, for each finding. */
typedef struct xhat_judgement {
    bool consistent;     /* right from their own upstream */
    xhat_steps steps;    /* what it depends on, down to supplied arrays */
    unsigned long walls; /* these: bit 2 * value + side */
} xhat_judgement;

/* Fills diagnosis->findings, in the order of computation, but for suspects and
 * gates; and `decided`.
 * Errors: as xhat_diagnose. */
XHAT_NODISCARD xhat_status xhat_judge(
    xhat_diagnosis *diagnosis, xhat_judgement judgements[XHAT_CLAIMS_MAX],
    const xhat_case *c, xhat_error *error);

/* The arrays of a case that stand in the place of computed ones. */
xhat_reach xhat_reach_of(const xhat_case *c, const xhat_run *right);

#endif
