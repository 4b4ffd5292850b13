/* The inputs on which code is tried: which mistakes they can show, and inputs
 * that show them all. */
#ifndef XHAT_CIRCUIT_PROBE_H
#define XHAT_CIRCUIT_PROBE_H

#include "case.h"

enum { XHAT_PROBE_WARNINGS_MAX = 12, XHAT_PROBE_HIDDEN_MAX = 160 };

typedef struct xhat_probe_report {
    const char *warnings[XHAT_PROBE_WARNINGS_MAX]; /* sentences, constant */
    int warning_count;
    /* mistakes (indices) that give the same out, dx, dgamma, dbeta and claims
     * as right code does, though on other inputs they do not */
    int hidden[XHAT_PROBE_HIDDEN_MAX];
    int hidden_count;
    int known; /* so many were tried */
} xhat_probe_report;

/* Tries the catalogue on the inputs of a case; of a large one, on some of its
 * channels.  Errors: XHAT_OUT_OF_MEMORY. */
XHAT_NODISCARD xhat_status xhat_probe_judge(xhat_probe_report *report,
                                            const xhat_case *c,
                                            xhat_error *error);

/* Inputs on which any two mistakes of the catalogue that can differ do: no
 * number is special, means are not 0, one feature is so narrow that eps counts
 * in it, rows and features are not as many.  All numbers are short in binary,
 * so that float32 holds them exactly. */
enum { XHAT_PROBE_ROWS = 7, XHAT_PROBE_CHANNELS = 4 };

typedef struct xhat_probe_inputs {
    double *x, *dout;                                  /* of the axes */
    double *gamma, *beta, *running_mean, *running_var; /* (channels) */
} xhat_probe_inputs;

/* Fills arrays of the caller's. */
void xhat_probe_make(const xhat_probe_inputs *inputs, const xhat_axes *axes,
                     double eps);

#endif
