/* Which convention somebody's running statistics follow: found by trying them.
 *
 *     new = (1 - w) * old + w * batch
 *
 * w: the weight of the new batch; the batch's variance biased (1/N) or
 * unbiased (1/(N-1)).  Old values: given, or those that a convention starts
 * from. */
#ifndef XHAT_CIRCUIT_RUNNING_CONVENTIONS_H
#define XHAT_CIRCUIT_RUNNING_CONVENTIONS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct xhat_running_question {
    size_t channels, n;       /* n: the elements of a channel */
    const double *mean, *var; /* of the batch, var biased (channels) */
    double eps;
    const double *old[2]; /* mean and var before; both NULL: not given */
    const double *new[2]; /* after; one may be NULL */
    double tolerance;
} xhat_running_question;

typedef enum xhat_running_variance {
    XHAT_RUNNING_BIASED,
    XHAT_RUNNING_UNBIASED,
    XHAT_RUNNING_STDDEV,   /* the deviation is kept: a mistake */
    XHAT_RUNNING_WITH_EPS, /* var + eps is kept: a mistake */
    XHAT_RUNNING_UNKNOWN   /* none fits */
} xhat_running_variance;

enum { XHAT_RUNNING_NAMES_MAX = 8 };

typedef struct xhat_running_answer {
    /* conventions that make these numbers: "torch", ... */
    const char *names[XHAT_RUNNING_NAMES_MAX];
    int name_count;
    bool from_start; /* from their initial values, as old ones are not given */
    /* Without a name, from old values: what fits all channels, or NaN. */
    double weight[2]; /* of the new batch, for the mean and for the variance */
    xhat_running_variance variance;
    const char *turned; /* the convention whose momentum in the other sense
                           fits, or NULL */
    /* the largest error against the nearest convention, for the mean and for
     * the variance, and the channel it is in */
    double error[2];
    size_t at[2];
    double expected[2];
} xhat_running_answer;

/* Thread-safe. */
xhat_running_answer
xhat_running_convention_of(const xhat_running_question *question);

/* "biased (1/N)", ... */
const char *xhat_running_variance_name(xhat_running_variance variance);

#endif
