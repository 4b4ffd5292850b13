/* The catalogue of known mistakes, and the circuit with one of them in it.
 *
 *     for (int i = 0; i < xhat_mistake_count(); i++)
 *         offer(xhat_mistake_at(i)->title);
 *     xhat_mistake_run(&run, right, &chosen, 1, &error);
 *     dx = xhat_run_field(run, XHAT_SIDE_GRADIENT, XHAT_VALUE_X).data;
 *
 * The table is mistakes.def.  Constant data; thread-safe.  No files, no
 * printing: the page compiles it as well. */
#ifndef XHAT_CIRCUIT_MISTAKES_H
#define XHAT_CIRCUIT_MISTAKES_H

#include "edit.h"

typedef enum xhat_telling {
    XHAT_TELLING_FORWARD,
    XHAT_TELLING_BACKWARD,   /* gate by gate */
    XHAT_TELLING_CLOSED_FORM /* of dx */
} xhat_telling;

typedef enum xhat_mistake_when {
    XHAT_WHEN_ALWAYS,
    XHAT_WHEN_TRAINING, /* not in eval */
    XHAT_WHEN_EVAL,
    XHAT_WHEN_SQUARE, /* a matrix with N = D, in training */
    XHAT_WHEN_SPATIAL /* inner > 1, in training */
} xhat_mistake_when;

typedef enum xhat_mistake_change {
    XHAT_CHANGE_SAME,
    XHAT_CHANGE_LAYER_AXES,    /* statistics over the features of a row */
    XHAT_CHANGE_INSTANCE_AXES, /* over a row's own inner elements */
    XHAT_CHANGE_FLOWING,       /* gradients through held statistics */
    XHAT_CHANGE_BATCH          /* held statistics are computed after all */
} xhat_mistake_change;

typedef struct xhat_mistake {
    const char *id; /* "var-missing-1/N": lower case, no spaces */
    int gate;       /* the number of the gate at fault, 1 to 9; 0: the sum dx */
    xhat_telling telling;
    xhat_mistake_when when;
    xhat_mistake_change change;
    const char *title; /* for a menu: "the variance is a sum" */
    const char *text;  /* the cause: a sentence without its period */
    const char *fix;   /* NumPy */
} xhat_mistake;

int xhat_mistake_count(void);
const xhat_mistake *xhat_mistake_at(int index);
int xhat_mistake_find(const char *id); /* -1: there is none */

/* Can it be made with this shape and mode, those of `run`? */
bool xhat_mistake_suits(int index, const xhat_axes *axes, bool eval);
bool xhat_mistake_applies(int index, const xhat_run *run);

/* Does it give every array the shape that it should have?  (The page offers
 * only these; the others need an N where D belongs.) */
bool xhat_mistake_keeps_shapes(int index);

/* Mistakes that need whole rows: they do not act on each channel by itself. */
bool xhat_mistake_crosses_channels(int index);

/* Does it change nothing but the gradient of gamma or that of beta?  *value:
 * of which. */
bool xhat_mistake_is_about_one(int index, int *value);

/* A new run with the inputs of `right` (and with dout, if it has one; what is
 * held in `right` is held) whose circuit has these mistakes, not yet run
 * forward.  At most two, of which one may change the axes; `right` must
 * outlive it.
 * running: running mean and variance, (channels) each, that outlive the run;
 * NULL: 0 and 1.  The caller destroys *run.
 * Errors: XHAT_INVALID_ARGUMENT when one does not apply; XHAT_OUT_OF_MEMORY. */
XHAT_NODISCARD xhat_status xhat_mistake_plant(xhat_run **run,
                                              const xhat_run *right,
                                              const int *mistakes, int count,
                                              const double *const running[2],
                                              xhat_error *error);

/* The same, done forward and, with a dout, backward. */
XHAT_NODISCARD xhat_status xhat_mistake_run(xhat_run **run,
                                            const xhat_run *right,
                                            const int *mistakes, int count,
                                            const double *const running[2],
                                            xhat_error *error);

#endif
