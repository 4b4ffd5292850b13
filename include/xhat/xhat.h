/* Batch normalization: forward, backward, inference, running statistics.
 *
 * Every input is seen as x[outer][channels][inner], row-major; statistics are
 * per channel over count = outer * inner elements.  xhat_spec_set_shape maps
 * the usual layouts onto that view.
 *
 *     spec  ->  plan  ->  execute
 *
 *     xhat_spec spec = xhat_spec_default(XHAT_F32);
 *     xhat_spec_set_shape(&spec, XHAT_NCHW, 4, (size_t[]){8, 64, 28, 28}, &e);
 *     xhat_plan_create(&plan, &spec, NULL, &e);
 *     xhat_forward(plan, &(xhat_forward_args){.x = x, .out = out, ...}, &e);
 *     xhat_backward(plan, &(xhat_backward_args){...}, &e);
 *     xhat_plan_destroy(plan);
 *
 * For a first use there are one-call functions at the end of this file.
 *
 * Memory: the caller owns every array and the scratch memory.  Executing a
 * plan allocates nothing and keeps nothing.  A plan is immutable: any number
 * of threads may execute it at once, each with its own arrays and scratch.
 * Reproducibility: the result depends on the spec and the data alone, not on
 * threads or instruction set.
 * Threads: every function here is thread-safe as long as no two threads write
 * to one object.
 * Formulas, gate by gate: docs/derivation.md. */
#ifndef XHAT_XHAT_H
#define XHAT_XHAT_H

#include <stdbool.h>
#include <stdint.h>

#include "xhat/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- spec: what is to be computed ---------------------------------------- */

typedef enum xhat_dtype { XHAT_F32 = 0, XHAT_F64 = 1 } xhat_dtype;

typedef enum xhat_layout {
    XHAT_NC = 0, /* (N, C): a fully-connected layer */
    XHAT_NCL = 1,
    XHAT_NCHW = 2,
    XHAT_NCDHW = 3,
    XHAT_NLC = 4, /* channels last */
    XHAT_NHWC = 5,
    XHAT_NDHWC = 6
} xhat_layout;

/* Which telling computes it: the kernels, or the closed form in plain C. */
typedef enum xhat_method { XHAT_FUSED = 0, XHAT_CLOSED = 1 } xhat_method;

enum {
    XHAT_SCALE = 1,       /* gamma is given; without it gamma = 1 */
    XHAT_SHIFT = 2,       /* beta is given; without it beta = 0 */
    XHAT_ALLOW_SINGLE = 4, /* allow training on one value per channel, whose
                              every output is beta (NaN of NaN and Inf) */
    XHAT_RELU = 8,         /* out = max(out, 0), in the same pass */
    XHAT_ADD_RELU = 16     /* out = max(out + residual, 0), in the same pass */
};

typedef struct xhat_spec {
    xhat_dtype dtype; /* of x, out, dx, parameters and saved statistics */
    size_t outer, channels, inner; /* elements */
    double eps;                    /* >= 0, inside the square root */
    unsigned flags;                /* XHAT_SCALE | ... */
    xhat_method method;
    int threads; /* at most this many; 0: as many as this process may use */
} xhat_spec;

/* eps 1e-5, scale and shift, the fused method, no shape yet. */
XHAT_API xhat_spec xhat_spec_default(xhat_dtype dtype);

/* Sets outer, channels and inner from a layout and a shape of `rank` axes.
 * Errors: XHAT_SHAPE_MISMATCH when the rank is not the layout's or the number
 * of elements overflows.  Thread-safe. */
XHAT_API XHAT_NODISCARD xhat_status xhat_spec_set_shape(xhat_spec *spec,
                                                        xhat_layout layout,
                                                        int rank,
                                                        const size_t *shape,
                                                        xhat_error *error);

/* "nchw" and back, and how many axes it has. */
XHAT_API const char *xhat_layout_name(xhat_layout layout);
XHAT_API bool xhat_layout_from_name(const char *name, xhat_layout *layout);
XHAT_API int xhat_layout_rank(xhat_layout layout);

/* ---- plan: validated, with its kernels chosen ---------------------------- */

typedef struct xhat_plan xhat_plan;

/* Validates the spec and chooses the kernels.  The environment variable
 * XHAT_ISA (generic, avx2, avx512, neon) forces a kernel tier.
 * Errors: XHAT_INVALID_ARGUMENT for NULL, an eps that is negative or not
 * finite, a negative thread count, unknown flags, both ReLUs, an unknown dtype
 * or method; XHAT_SHAPE_MISMATCH for no channels, or for more elements than
 * memory can have; XHAT_UNSUPPORTED for a forced tier this build or CPU
 * lacks; XHAT_OUT_OF_MEMORY.  *plan is then NULL.  The caller destroys it.
 * Thread-safe while no thread changes the environment. */
XHAT_API XHAT_NODISCARD xhat_status
xhat_plan_create(xhat_plan **plan, const xhat_spec *spec,
                 const xhat_allocator *allocator, xhat_error *error);
XHAT_API void xhat_plan_destroy(xhat_plan *plan); /* NULL is allowed */

/* Bytes of scratch memory each execution needs.  No alignment is asked for. */
XHAT_API size_t xhat_plan_scratch_size(const xhat_plan *plan);

/* Bytes of the mask that XHAT_ADD_RELU keeps between forward and backward: a
 * bit for each element, rows rounded up; aligned as elements are.  Any plan of
 * the same shape and dtype can read it.  0 without that flag. */
XHAT_API size_t xhat_plan_mask_size(const xhat_plan *plan);

/* The kernel tier this plan uses, such as "generic". */
XHAT_API const char *xhat_plan_isa(const xhat_plan *plan);

/* ---- statistics and running statistics ----------------------------------- */

/* The statistics of some rows of each channel, to be merged with those of
 * other rows (threads, ranks, micro-batches) and committed to the running
 * statistics when, and only when, the caller says so. */
typedef struct xhat_statistics {
    size_t channels;
    double count; /* values per channel; 0: nothing gathered yet */
    double *mean; /* (channels) */
    double *m2;   /* (channels): sum of squared deviations from the mean */
} xhat_statistics;

/* into := the statistics of both parts together (Chan, Golub & LeVeque 1983).
 * The accuracy does not depend on which part has more values; merge parts in a
 * fixed order for the same bits. */
XHAT_API XHAT_NODISCARD xhat_status xhat_statistics_merge(
    xhat_statistics *into, const xhat_statistics *part, xhat_error *error);

/* Forgets what was gathered: count, mean and m2 become 0. */
XHAT_API void xhat_statistics_discard(xhat_statistics *statistics);

typedef enum xhat_convention {
    XHAT_TORCH = 0,
    XHAT_CS231N = 1,
    XHAT_ONNX = 2,
    XHAT_KERAS = 3,
    XHAT_PAPER = 4
} xhat_convention;

/* How running statistics are kept.  One preset a convention:
 *
 *              eps    momentum             running_var   initial mean, var
 *     torch    1e-5   0.1, of the new      unbiased      0, 1
 *     cs231n   1e-5   0.9, of the old      biased        0, 0
 *     onnx     1e-5   0.9, of the old      biased        (given) 0, 1
 *     keras    1e-3   0.99, of the old     biased        0, 1
 *     paper    1e-5   none: cumulative     unbiased      (none) 0, 1 */
typedef struct xhat_running_rule {
    double eps;           /* the convention's usual eps */
    double weight_of_new; /* p in running := (1-p) running + p batch */
    bool momentum_is_old; /* the convention writes 1-p, not p */
    bool cumulative;      /* p = 1/k at the k-th batch; weight_of_new unused */
    bool unbiased;        /* running_var takes m2/(count-1), not m2/count */
    double initial_mean, initial_var;
} xhat_running_rule;

XHAT_API xhat_running_rule xhat_running_rule_preset(xhat_convention name);
XHAT_API const char *xhat_convention_name(xhat_convention convention);
XHAT_API bool xhat_convention_from_name(const char *name,
                                        xhat_convention *convention);

/* Sets the momentum as this rule's convention writes it.
 * Errors: XHAT_INVALID_ARGUMENT outside 0..1 and for NaN. */
XHAT_API XHAT_NODISCARD xhat_status xhat_running_rule_set_momentum(
    xhat_running_rule *rule, double momentum, xhat_error *error);

typedef struct xhat_running {
    xhat_dtype dtype;
    size_t channels;
    void *mean, *var; /* (channels) of dtype */
    uint64_t batches; /* committed so far */
} xhat_running;

/* Commits one batch: running := (1-p) running + p batch, and then discards
 * the batch's statistics so that they cannot be counted twice.  A channel
 * whose new values would not be finite keeps its old ones; *refused, unless
 * NULL, receives how many did; the batch counts in a cumulative average all the
 * same.  count = 0 commits nothing.
 * Errors: XHAT_SHAPE_MISMATCH for different channel counts;
 * XHAT_INVALID_ARGUMENT for count = 1 under an unbiased rule. */
XHAT_API XHAT_NODISCARD xhat_status
xhat_running_commit(xhat_running *running, const xhat_running_rule *rule,
                    xhat_statistics *batch, size_t *refused, xhat_error *error);

/* Turns running_var between biased and unbiased for batches of `count`
 * values a channel, in place: what moves a layer between conventions. */
XHAT_API XHAT_NODISCARD xhat_status xhat_running_convert(
    xhat_running *running, const xhat_running_rule *from,
    const xhat_running_rule *to, double count, xhat_error *error);

/* ---- execute ------------------------------------------------------------- */

/* Arrays of the plan's dtype; C = channels.  "opt": may be NULL.  A plan knows
 * its shape, an array does not: what a pointer points to must have the shape of
 * the plan.
 * Errors of all four: XHAT_INVALID_ARGUMENT names the array that is missing,
 * given without its flag, not aligned to its elements, or written while it
 * overlaps another (but for the pairs named below: that very array, in place),
 * or scratch that is too small; XHAT_SHAPE_MISMATCH for one value a channel
 * without XHAT_ALLOW_SINGLE.  Nothing is written then. */

/* Training forward (gates 1-9):
 *
 *     mean = sum x / count           var = sum (x - mean)^2 / count
 *     invstd = 1 / sqrt(var + eps)   out = gamma * (x - mean) * invstd + beta
 *
 * mean and mean_low together hold the mean to about twice the type's digits:
 * they and invstd are all that backward needs besides x.  A constant channel
 * with eps = 0 has invstd = 0 and out = beta.  outer * inner = 0: out is empty,
 * mean, mean_low and invstd are left as they are, and `statistics` have a count
 * of 0.
 * Accuracy: docs/accuracy.md.  out may be residual itself, not x.
 *
 * XHAT_RELU and XHAT_ADD_RELU save a pass over memory.  Backward recomputes
 * from x where the ReLU let values through: that costs no memory traffic, as x
 * is read anyway.  With a residual that would mean reading it as well, so
 * forward keeps a bit an element in `mask`, which backward asks for. */
typedef struct xhat_forward_args {
    const void *x;               /* (outer, C, inner) */
    const void *gamma;           /* (C); must be NULL without XHAT_SCALE */
    const void *beta;            /* (C); must be NULL without XHAT_SHIFT */
    const void *residual;        /* (outer, C, inner): with XHAT_ADD_RELU */
    void *out;                   /* (outer, C, inner) */
    void *mask;                  /* opt: xhat_plan_mask_size bytes */
    void *mean;                  /* (C) */
    void *mean_low;              /* (C) */
    void *invstd;                /* (C) */
    xhat_statistics *statistics; /* opt: receives count, mean and m2 */
    void *scratch;
    size_t scratch_size; /* bytes: xhat_plan_scratch_size or more */
} xhat_forward_args;

XHAT_API XHAT_NODISCARD xhat_status xhat_forward(const xhat_plan *plan,
                                                 const xhat_forward_args *args,
                                                 xhat_error *error);

/* Training backward (gates 9-0):
 *
 *     dbeta = sum dout      dgamma = sum dout * x_norm
 *     dx = gamma * invstd / count
 *          * (count * dout - dbeta - x_norm * dgamma)
 *
 * where with a ReLU dout stands for dout where the ReLU let values through, 0
 * elsewhere: with XHAT_ADD_RELU that is also dresidual.
 * dx may be dout itself (in place), and so may dresidual, but not both. */
typedef struct xhat_backward_args {
    const void *x, *dout;                 /* (outer, C, inner) */
    const void *gamma;                    /* (C); NULL without XHAT_SCALE */
    const void *beta;                     /* (C); NULL without XHAT_SHIFT, opt
                                             without XHAT_RELU */
    const void *mask;                     /* with XHAT_ADD_RELU */
    const void *mean, *mean_low, *invstd; /* (C), as forward left them */
    void *dx;                             /* (outer, C, inner) */
    void *dresidual;                      /* the same: with XHAT_ADD_RELU */
    void *dgamma, *dbeta;                 /* (C), opt */
    void *scratch;
    size_t scratch_size;
} xhat_backward_args;

XHAT_API XHAT_NODISCARD xhat_status xhat_backward(
    const xhat_plan *plan, const xhat_backward_args *args, xhat_error *error);

/* Inference: out = gamma * (x - running_mean) / sqrt(running_var + eps) + beta.
 * out may be x itself (in place).  Where running_var + eps < 0 the channel is
 * NaN; where it is 0, out = beta, as in training.  Finite numbers give what they
 * should but where x - running_mean leaves the type. */
typedef struct xhat_inference_args {
    const void *x;
    const void *gamma, *beta;               /* as in xhat_forward_args */
    const void *residual;                   /* with XHAT_ADD_RELU */
    const void *running_mean, *running_var; /* (C) */
    void *out;
    void *mask; /* opt, with XHAT_ADD_RELU: for xhat_frozen_backward */
    void *scratch;
    size_t scratch_size;
} xhat_inference_args;

XHAT_API XHAT_NODISCARD xhat_status xhat_inference(
    const xhat_plan *plan, const xhat_inference_args *args, xhat_error *error);

/* Backward of inference, and of a frozen layer inside training:
 *
 *     dx = gamma * invstd * dout     dbeta, dgamma as in xhat_backward
 *
 * with x_norm from the running statistics.  dx or dresidual may be dout. */
typedef struct xhat_frozen_backward_args {
    const void *x, *dout;
    const void *gamma;
    const void *beta;                       /* as in xhat_backward_args */
    const void *mask;                       /* with XHAT_ADD_RELU */
    const void *running_mean, *running_var; /* (C) */
    void *dx;
    void *dresidual;      /* with XHAT_ADD_RELU */
    void *dgamma, *dbeta; /* (C), opt */
    void *scratch;
    size_t scratch_size;
} xhat_frozen_backward_args;

XHAT_API XHAT_NODISCARD xhat_status
xhat_frozen_backward(const xhat_plan *plan,
                     const xhat_frozen_backward_args *args, xhat_error *error);

/* ---- fold: inference without the norm ------------------------------------ */

/* Batch norm after a layer that is linear in its weights (affine, convolution)
 * is such a layer itself, in inference:
 *
 *     a = gamma / sqrt(running_var + eps)
 *     folded_weight = a * weight       folded_bias = a * (bias - mean) + beta
 *
 * weight: (channels, in), the weights of an output channel side by side.  All
 * arrays are of dtype; folded_weight may be weight, folded_bias bias.  Computed
 * in float64: in float32 each folded number is within half a unit of roundoff of
 * the exact one, in float64 within three, but for cancellation between
 * a * (bias - mean) and beta.  Where running_var + eps < 0 the channel is NaN;
 * where it is 0, beta.
 * Errors: XHAT_INVALID_ARGUMENT for a bad dtype or eps and for NULL. */
typedef struct xhat_fold_args {
    xhat_dtype dtype;
    size_t channels, in;
    double eps;
    const void *gamma, *beta;               /* (channels), opt: 1 and 0 */
    const void *running_mean, *running_var; /* (channels) */
    const void *weight;                     /* (channels, in) */
    const void *bias;                       /* (channels), opt: 0 */
    void *folded_weight;                    /* (channels, in) */
    void *folded_bias;                      /* (channels) */
} xhat_fold_args;

XHAT_API XHAT_NODISCARD xhat_status xhat_fold(const xhat_fold_args *args,
                                              xhat_error *error);

/* ---- one call, for a first use ------------------------------------------- */

/* x, out, dout, dx: (n, channels, inner), inner = 1 for a fully-connected
 * layer; the rest (channels).  One thread; no scratch; nothing allocated, but
 * about 50 KiB of stack used.
 * gamma or beta may be NULL (1 and 0); dgamma and dbeta may be NULL. */
XHAT_API XHAT_NODISCARD xhat_status xhat_batchnorm_forward_f32(
    size_t n, size_t channels, size_t inner, const float *x, const float *gamma,
    const float *beta, double eps, float *out, float *mean, float *mean_low,
    float *invstd, xhat_error *error);
XHAT_API XHAT_NODISCARD xhat_status xhat_batchnorm_backward_f32(
    size_t n, size_t channels, size_t inner, const float *x, const float *dout,
    const float *gamma, double eps, const float *mean, const float *mean_low,
    const float *invstd, float *dx, float *dgamma, float *dbeta,
    xhat_error *error);
XHAT_API XHAT_NODISCARD xhat_status xhat_batchnorm_inference_f32(
    size_t n, size_t channels, size_t inner, const float *x, const float *gamma,
    const float *beta, double eps, const float *running_mean,
    const float *running_var, float *out, xhat_error *error);
XHAT_API XHAT_NODISCARD xhat_status xhat_batchnorm_forward_f64(
    size_t n, size_t channels, size_t inner, const double *x,
    const double *gamma, const double *beta, double eps, double *out,
    double *mean, double *mean_low, double *invstd, xhat_error *error);
XHAT_API XHAT_NODISCARD xhat_status xhat_batchnorm_backward_f64(
    size_t n, size_t channels, size_t inner, const double *x,
    const double *dout, const double *gamma, double eps, const double *mean,
    const double *mean_low, const double *invstd, double *dx, double *dgamma,
    double *dbeta, xhat_error *error);
XHAT_API XHAT_NODISCARD xhat_status xhat_batchnorm_inference_f64(
    size_t n, size_t channels, size_t inner, const double *x,
    const double *gamma, const double *beta, double eps,
    const double *running_mean, const double *running_var, double *out,
    xhat_error *error);

#ifdef __cplusplus
}
#endif
#endif
