/* What is timed: one shape in one layout, with its arrays, and the tellings of
 * batch norm at work on it.
 *
 *     bench_workload w;
 *     bench_workload_open(&w, &problem, methods, modes, &error);
 *     bench_workload_check(&w, BENCH_FUSED, BENCH_BACKWARD, &error);
 *     bench_workload_run(&w, BENCH_FUSED, BENCH_BACKWARD, &error);   timed
 *     bench_workload_close(&w);
 */
#ifndef XHAT_BENCH_WORKLOAD_H
#define XHAT_BENCH_WORKLOAD_H

#include "xhat/circuit.h"
#include "xhat/xhat.h"

typedef enum bench_mode {
    BENCH_FORWARD = 0,
    BENCH_BACKWARD = 1,
    BENCH_INFERENCE = 2,
    BENCH_MODES = 3
} bench_mode;

typedef enum bench_method {
    BENCH_FUSED = 0,
    BENCH_CLOSED = 1,
    BENCH_STAGED = 2,
    BENCH_METHODS = 3
} bench_method;

/* What follows batch norm in the same pass. */
typedef enum bench_fusion {
    BENCH_PLAIN = 0,   /* nothing */
    BENCH_RELU = 1,    /* ReLU of its output */
    BENCH_ADD_RELU = 2 /* ReLU of its output plus another array */
} bench_fusion;

enum { BENCH_FUSIONS = 3 };

extern const char *const bench_mode_names[BENCH_MODES + 1];     /* NULL ends */
extern const char *const bench_method_names[BENCH_METHODS + 1]; /* NULL ends */
extern const char *const bench_fusion_names[BENCH_FUSIONS + 1]; /* NULL ends */

enum { BENCH_RANK_MAX = 5 };

/* shape is N x C x spatial whatever the layout: as networks write it. */
typedef struct bench_shape {
    int rank;
    size_t size[BENCH_RANK_MAX];
} bench_shape;

typedef struct bench_problem {
    bench_shape shape;
    xhat_layout layout;
    xhat_dtype dtype;
    int threads; /* at least 1 */
    bench_fusion fusion;
} bench_problem;

/* The spec of a problem.  Errors: as xhat_spec_set_shape. */
XHAT_NODISCARD xhat_status bench_problem_spec(const bench_problem *problem,
                                              xhat_spec *spec,
                                              xhat_error *error);

/* Bytes that must move at the least: x in and out once, in backward dout too;
 * with XHAT_ADD_RELU the array that is added, or its gradient. */
double bench_least_bytes(const xhat_spec *spec, bench_mode mode);

typedef struct bench_workload {
    xhat_spec spec;
    size_t elements, bytes;    /* of x */
    void *x, *dout, *out, *dx; /* (elements); dout, dx: NULL without backward */
    void *residual, *dresidual; /* (elements); NULL without XHAT_ADD_RELU */
    void *mask;                 /* NULL without it */
    void *gamma, *beta, *running_mean, *running_var; /* (channels) */
    void *mean, *mean_low, *invstd, *dgamma, *dbeta; /* (channels) */
    xhat_plan *plan[2];                              /* fused, closed */
    size_t scratch_size;
    void *scratch;    /* enough for both */
    xhat_run *run[2]; /* staged: training, inference; NULL: not asked for */
} bench_workload;

/* Takes and fills the arrays, so that every page is there; makes what
 * the methods and modes need whose bits (1 << BENCH_...) are set; runs one
 * forward so that backward has its statistics.  The caller closes *w, also
 * after a failure.
 * Errors: XHAT_SHAPE_MISMATCH when the arrays do not fit the memory that is
 * free now; XHAT_UNSUPPORTED for a fusion in the circuit, which has no such
 * gate; what plans and runs refuse. */
XHAT_NODISCARD xhat_status bench_workload_open(bench_workload *w,
                                               const bench_problem *problem,
                                               unsigned methods, unsigned modes,
                                               xhat_error *error);
void bench_workload_close(bench_workload *w);

/* One call of what is timed. */
XHAT_NODISCARD xhat_status bench_workload_run(bench_workload *w,
                                              bench_method method,
                                              bench_mode mode,
                                              xhat_error *error);

/* A run of the circuit on float64 arrays, copied; dout may be NULL, and so are
 * mean and var unless they are to be held, as in inference.  The caller
 * destroys *run, also after a failure. */
typedef struct bench_circuit_inputs {
    const double *x, *dout;                  /* (elements) */
    const double *gamma, *beta, *mean, *var; /* (channels) */
} bench_circuit_inputs;
XHAT_NODISCARD xhat_status
bench_circuit_create(xhat_run **run, const xhat_spec *spec,
                     const bench_circuit_inputs *inputs, xhat_error *error);

/* Makes NaN of what the mode writes, so that a check sees who writes nothing. */
void bench_workload_spoil(bench_workload *w, bench_mode mode);

/* Runs it once and compares what came out, on some of the channels, with the
 * circuit's result (with the closed form's where a channel is too long for it,
 * and for the circuit itself), to 32 units of roundoff of the type, and in
 * float64 as many more as the closed form itself may be off.
 * Errors: XHAT_NOT_FINITE names the array, the element and both values. */
XHAT_NODISCARD xhat_status bench_workload_check(bench_workload *w,
                                                bench_method method,
                                                bench_mode mode,
                                                xhat_error *error);

/* The same of what lies in out, or in dx, dgamma and dbeta, whoever put it
 * there, to so many units. */
XHAT_NODISCARD xhat_status bench_workload_compare(const bench_workload *w,
                                                  bench_mode mode, double units,
                                                  xhat_error *error);

#endif
