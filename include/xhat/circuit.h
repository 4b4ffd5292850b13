/* Batch normalization as a circuit: nine gates, forward and backward beside
 * each other, every intermediate visible.  The oracle for all the rest.
 *
 * A circuit is a constant table: values, and gates that make one value of one
 * or two others.  A run is a circuit at work on somebody's numbers:
 *
 *     const xhat_circuit *circuit = xhat_circuit_batchnorm();
 *     xhat_axes axes = xhat_axes_batch(4, 2, 1);
 *     xhat_run_create(&run, circuit, &axes, eps, NULL, &error);
 *     xhat_run_set(run, XHAT_SIDE_VALUE, XHAT_VALUE_X, x, &error);
 *     ... gamma, beta, and dout: the gradient of XHAT_VALUE_OUT ...
 *     xhat_run_forward(run, &error);
 *     xhat_run_backward(run, &error);
 *     dx = xhat_run_field(run, XHAT_SIDE_GRADIENT, XHAT_VALUE_X).data;
 *
 * Everything is float64 and plain: this is the telling to understand, not the
 * one to be fast.  It shares no code with the kernels and the closed form.
 * Any number of threads may use runs of their own; a run is not shared. */
#ifndef XHAT_CIRCUIT_H
#define XHAT_CIRCUIT_H

#include <stdbool.h>

#include "xhat/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- axes: which elements share a statistic ------------------------------ */

/* x is seen as x[outer][channels][inner], row-major.  Element (o, c, i)
 * belongs to statistic
 *
 *     (per_row ? o : 0) * groups + c / (channels / groups)
 *
 *                per_row   groups
 *     batch      false     channels
 *     layer      true      1
 *     group      true      G, a divisor of channels
 *     instance   true      channels                                          */
typedef struct xhat_axes {
    size_t outer, channels, inner; /* elements */
    bool per_row;
    size_t groups;
} xhat_axes;

XHAT_API xhat_axes xhat_axes_batch(size_t outer, size_t channels, size_t inner);
XHAT_API xhat_axes xhat_axes_layer(size_t outer, size_t channels, size_t inner);

/* How many numbers a value holds. */
typedef enum xhat_extent {
    XHAT_EXTENT_SINGLE = 0,        /* one: a constant local gradient */
    XHAT_EXTENT_PER_STATISTIC = 1, /* one for each statistic: mean, var, ... */
    XHAT_EXTENT_PER_CHANNEL = 2,   /* (channels): gamma, beta */
    XHAT_EXTENT_FULL = 3,          /* (outer, channels, inner): x, out, ... */
    XHAT_EXTENT_PER_ROW = 4        /* (outer): a sum over the wrong axis */
} xhat_extent;

XHAT_API size_t xhat_axes_count(const xhat_axes *axes, xhat_extent extent);

/* The elements that share one statistic: the N of 1/N. */
XHAT_API size_t xhat_axes_sharing(const xhat_axes *axes);

/* The index, among the numbers of `extent`, that element `element` of a full
 * array (0 .. outer * channels * inner - 1) uses. */
XHAT_API size_t xhat_axes_place(const xhat_axes *axes, xhat_extent extent,
                                size_t element);

/* The first element of statistic `statistic`. */
XHAT_API size_t xhat_axes_first(const xhat_axes *axes, size_t statistic);

/* ---- the table ----------------------------------------------------------- */

typedef enum xhat_gate_kind {
    XHAT_GATE_MEAN = 0, /* 1/N sum a, over the elements of a statistic */
    XHAT_GATE_SUBTRACT = 1,
    XHAT_GATE_SQUARE = 2,
    XHAT_GATE_ROOT = 3,       /* sqrt(a + eps) */
    XHAT_GATE_RECIPROCAL = 4, /* 1 / a, and 0 for a = 0 */
    XHAT_GATE_MULTIPLY = 5,
    XHAT_GATE_ADD = 6
} xhat_gate_kind;

typedef struct xhat_circuit_value {
    const char *name;     /* the array key: "dev_from_mean" */
    const char *gradient; /* the key of its gradient: "ddev_from_mean" */
    xhat_extent extent;
    int maker; /* index of the gate that makes it; -1: given from outside */
    const char *symbol; /* in formulas, UTF-8: "q" */
} xhat_circuit_value;

typedef struct xhat_circuit_gate {
    xhat_gate_kind kind;
    int operand_count;    /* 1 or 2 */
    int operands[2];      /* values */
    int output;           /* value */
    const char *formula;  /* "mean = 1/N sum x" */
    const char *local[2]; /* its local gradients, for people: "1/N" */
    const char *why;      /* one sentence: what the gate is for */
} xhat_circuit_gate;

enum { XHAT_CIRCUIT_VALUES_MAX = 16, XHAT_CIRCUIT_GATES_MAX = 12 };

/* Gate number K, as people count, is gates[K - 1].  Gates stand in forward
 * order; backward runs through them in reverse. */
typedef struct xhat_circuit {
    int value_count, gate_count;
    const xhat_circuit_value *values;
    const xhat_circuit_gate *gates;
    int input, output; /* values: what is normalized, and what comes out */
} xhat_circuit;

/* The nine gates.  Over other axes the same table is layer, group or instance
 * normalization.  Constant; thread-safe. */
XHAT_API const xhat_circuit *xhat_circuit_batchnorm(void);

/* The values of xhat_circuit_batchnorm. */
enum {
    XHAT_VALUE_X = 0,
    XHAT_VALUE_GAMMA = 1,
    XHAT_VALUE_BETA = 2,
    XHAT_VALUE_MEAN = 3,
    XHAT_VALUE_DEV_FROM_MEAN = 4,
    XHAT_VALUE_DEV_FROM_MEAN_SQ = 5,
    XHAT_VALUE_VAR = 6,
    XHAT_VALUE_STDDEV = 7,
    XHAT_VALUE_INVERTED_STDDEV = 8,
    XHAT_VALUE_X_NORM = 9,
    XHAT_VALUE_SCALED_X = 10,
    XHAT_VALUE_OUT = 11
};

/* A value, or the gradient that comes back to it. */
typedef enum xhat_side {
    XHAT_SIDE_VALUE = 0,
    XHAT_SIDE_GRADIENT = 1
} xhat_side;

/* The value whose key or gradient's key is `key`, and which of the two in
 * *side; -1 when there is none. */
XHAT_API int xhat_circuit_find(const xhat_circuit *circuit, const char *key,
                               xhat_side *side);

/* The key of one side of a value. */
XHAT_API const char *xhat_circuit_key(const xhat_circuit *circuit,
                                      xhat_side side, int value);

/* ---- a run --------------------------------------------------------------- */

typedef struct xhat_run xhat_run;

/* Takes all the memory a run needs; forward and backward take none.  An empty
 * input (outer or inner 0) is allowed: its means are 0.
 * Errors: XHAT_INVALID_ARGUMENT for a negative or NaN eps, no channels, or
 * groups that do not divide the channels; XHAT_OUT_OF_MEMORY.  The caller
 * destroys *run. */
XHAT_API XHAT_NODISCARD xhat_status xhat_run_create(
    xhat_run **run, const xhat_circuit *circuit, const xhat_axes *axes,
    double eps, const xhat_allocator *allocator, xhat_error *error);
XHAT_API void xhat_run_destroy(xhat_run *run); /* NULL is allowed */

/* Gives the run an array of its own, copied: an input (x, gamma, beta; the
 * gradient of the output), or, for any other value or gradient, numbers that
 * replace the computed ones as soon as these are known, so that all that
 * follows is computed from `data`.  data: as many numbers as the value's
 * extent says.
 * Errors: XHAT_OUT_OF_MEMORY. */
XHAT_API XHAT_NODISCARD xhat_status xhat_run_set(xhat_run *run, xhat_side side,
                                                 int value, const double *data,
                                                 xhat_error *error);

/* Keeps a value at `data`: its gate does not run and no gradient flows into
 * it.  Holding mean and var at the running statistics is inference, and the
 * backward pass of a frozen layer.
 * Errors: as xhat_run_set. */
XHAT_API XHAT_NODISCARD xhat_status xhat_run_hold(xhat_run *run, int value,
                                                  const double *data,
                                                  xhat_error *error);

/* Gates 1 to 9.  Errors: XHAT_INVALID_ARGUMENT names an input not set. */
XHAT_API XHAT_NODISCARD xhat_status xhat_run_forward(xhat_run *run,
                                                     xhat_error *error);

/* Gates 9 to 0, after forward.  The derivative of a constant channel with
 * eps = 0 is taken as 0.  Errors: XHAT_INVALID_ARGUMENT. */
XHAT_API XHAT_NODISCARD xhat_status xhat_run_backward(xhat_run *run,
                                                      xhat_error *error);

XHAT_API const xhat_circuit *xhat_run_circuit(const xhat_run *run);
XHAT_API const xhat_axes *xhat_run_axes(const xhat_run *run);
XHAT_API double xhat_run_eps(const xhat_run *run);

/* An array of a run, owned by it; data = NULL: there is none. */
typedef struct xhat_field {
    const double *data;
    xhat_extent extent;
} xhat_field;

/* The numbers in use: the given ones where some were given, else computed. */
XHAT_API xhat_field xhat_run_field(const xhat_run *run, xhat_side side,
                                   int value);

/* What the gates computed, also where other numbers then replaced it. */
XHAT_API xhat_field xhat_run_computed(const xhat_run *run, xhat_side side,
                                      int value);

/* What was given; data = NULL where nothing was. */
XHAT_API xhat_field xhat_run_given(const xhat_run *run, xhat_side side,
                                   int value);

/* Gate `gate` (an index) and its operand number `which`: the local gradient,
 * and what it hands down to the operand, already summed over the axes that
 * the operand was broadcast along.  No data where no gradient flows. */
XHAT_API xhat_field xhat_run_local(const xhat_run *run, int gate, int which);
XHAT_API xhat_field xhat_run_downstream(const xhat_run *run, int gate,
                                        int which);

typedef enum xhat_value_state {
    XHAT_STATE_LIVE = 0,     /* computed, and gradients flow through it */
    XHAT_STATE_CONSTANT = 1, /* computed of held values alone: no gradient */
    XHAT_STATE_HELD = 2,     /* kept at given numbers */
    XHAT_STATE_IDLE = 3      /* nothing that runs needs it: not computed */
} xhat_value_state;

XHAT_API xhat_value_state xhat_run_state(const xhat_run *run, int value);

/* ---- verification -------------------------------------------------------- */

/* The largest errors, each relative to the size of the terms that the number
 * is the sum of: rounding is in proportion to these, also where they cancel.
 * Left out are numbers that NaN or Inf went into or came out of, and
 * statistics whose deviation is 0: they have no derivative.  -1: there was
 * nothing to compare. */
typedef struct xhat_verification {
    double gate[XHAT_CIRCUIT_GATES_MAX]; /* local gradients, complex step */
    double gate_central[XHAT_CIRCUIT_GATES_MAX];  /* and central difference */
    double leaf_complex[XHAT_CIRCUIT_VALUES_MAX]; /* [value] given from outside:
                                                     dx, dgamma, dbeta of
                                                     sum(dout * out) */
    double leaf_central[XHAT_CIRCUIT_VALUES_MAX]; /* the same, (f(a+h) -
                                                     f(a-h)) / 2h */
    double complex_step;       /* the largest of leaf_complex */
    double central_difference; /* the largest of leaf_central */
    size_t not_finite_at[XHAT_CIRCUIT_GATES_MAX]; /* outputs left out for it */
    size_t elements;                              /* of dx: all, */
    size_t checked;                               /* compared, */
    size_t not_finite;                            /* left out for NaN or Inf, */
    size_t kinks; /* left out for having no derivative; the rest is what
                          the budget did not reach */
} xhat_verification;

/* Verifies a finished run whose intermediate values were not replaced.  The
 * complex step is exact to rounding because every gate is analytic: with
 * h = 1e-100, f(a + ih) has f'(a) h as its imaginary part and no difference
 * cancels.  Central differences show beside it what a step size costs.
 * `budget` bounds the gate evaluations: above it, evenly spaced elements.
 * Errors: XHAT_OUT_OF_MEMORY.
 * Source: Squire & Trapp 1998; Martins, Sturdza & Alonso 2003. */
XHAT_API XHAT_NODISCARD xhat_status xhat_run_verify(const xhat_run *run,
                                                    size_t budget,
                                                    xhat_verification *result,
                                                    xhat_error *error);

#ifdef __cplusplus
}
#endif
#endif
