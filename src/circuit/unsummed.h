/* The terms of a sum where the sum belongs: dbeta in the shape of x. */
#ifndef XHAT_CIRCUIT_UNSUMMED_H
#define XHAT_CIRCUIT_UNSUMMED_H

#include "diagnose.h"

/* The finding of an unsummed claim: wrong, and where it is farthest off. */
void xhat_judge_unsummed(xhat_finding *finding, const xhat_claim *claim,
                         const xhat_run *clean);

/* The gate that should have added them up, and the cause. */
void xhat_blame_unsummed(xhat_diagnosis *diagnosis, xhat_finding *finding,
                         const xhat_claim *claim, const xhat_run *clean);

#endif
