/* One batch-norm problem and its answers, in either dtype: what the tests of
 * norm compare.  Arrays are doubles; a problem rounds its inputs to the dtype
 * so that every telling starts from the same numbers. */
#ifndef XHAT_TESTS_PROBLEM_H
#define XHAT_TESTS_PROBLEM_H

#include <stdbool.h>

#include "xhat/xhat.h"

typedef struct problem {
    xhat_spec spec;
    size_t count, elements; /* a channel, in all */
    double *x, *gamma, *beta, *dout;
    double *running_mean, *running_var;
    /* answers */
    double *out, *mean, *mean_low, *invstd, *stat_mean, *stat_m2;
    double *dx, *dgamma, *dbeta;
} problem;

/* Normal x and dout, gamma about 1, beta about 0, running statistics near the
 * batch's; seeded. */
problem problem_new(xhat_spec spec, double mean, double deviation,
                    uint64_t seed);
void problem_free(problem *p);

/* Rounds the inputs to the dtype again, after a test changed them. */
void problem_round(problem *p);

/* Through the library: the method and dtype of the spec. */
void problem_train(problem *p);    /* forward, then backward */
void problem_evaluate(problem *p); /* inference, then frozen backward */

/* Through the circuit: the oracle. */
void problem_train_staged(problem *p);
void problem_evaluate_staged(problem *p);

/* The largest |a - b| over the largest |b|: the error of an array as a whole */
double largest_error(const double *a, const double *b, size_t count);

#endif
