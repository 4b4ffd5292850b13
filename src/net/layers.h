/* The layers of a net.  Activations are row-major (rows, width); `rows` is the
 * size of the batch at hand.  Every layer owns its parameters and their
 * gradients; backward overwrites gradients, it does not add to them. */
#ifndef XHAT_NET_LAYERS_H
#define XHAT_NET_LAYERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/real.h"
#include "xhat/net.h"

/* ---- affine: out = x W' + b ---------------------------------------------- */

typedef struct xhat_affine {
    size_t in, out;
    real *weight, *dweight; /* (out, in) */
    real *bias, *dbias;     /* (out), or NULL: see xhat_net_spec.keep_bias */
} xhat_affine;

XHAT_NODISCARD xhat_status xhat_affine_create(xhat_affine *affine, size_t in,
                                              size_t out, bool with_bias,
                                              const xhat_allocator *allocator,
                                              xhat_error *error);
void xhat_affine_free(xhat_affine *affine, const xhat_allocator *allocator);

/* Weights from the normal distribution of this deviation, biases 0. */
void xhat_affine_initialize(xhat_affine *affine, double deviation,
                            uint64_t seed, uint64_t stream);

/* x (rows, in) -> out (rows, out) */
void xhat_affine_forward(const xhat_affine *affine, size_t rows, const real *x,
                         real *out);

/* dout (rows, out) -> dweight, dbias and, unless NULL, dx (rows, in) */
void xhat_affine_backward(xhat_affine *affine, size_t rows, const real *x,
                          const real *dout, real *dx);

/* ---- batch norm and layer norm, with the ReLU behind them ---------------- */

/* A plan is made for one number of rows.  A net meets a few: the full batch
 * and the last one, in training and in each evaluation. */
enum { XHAT_NORM_PLANS = 8 };

typedef struct xhat_norm_layer {
    xhat_net_norm kind;
    size_t width;
    double eps;
    xhat_running_rule rule;
    int threads;
    real *gamma, *dgamma;           /* (width) */
    real *beta, *dbeta;             /* (width) */
    real *mean, *mean_low, *invstd; /* of the last training forward, for
                                       backward: (width), layer norm (rows) */
    xhat_statistics batch;          /* batch norm: not committed yet */
    xhat_running running;           /* batch norm */
    size_t refused; /* commits of a channel that were not finite, so far */
    struct {
        size_t rows;
        xhat_plan *plan;
    } plans[XHAT_NORM_PLANS];
    int plan_count;
    void *scratch; /* bytes: as much as the largest plan wants */
    size_t scratch_size;
} xhat_norm_layer;

/* A layer as spec says, for up to spec->max_rows rows. */
XHAT_NODISCARD xhat_status xhat_norm_create(xhat_norm_layer *norm, size_t width,
                                            const xhat_net_spec *spec,
                                            const xhat_allocator *allocator,
                                            xhat_error *error);
void xhat_norm_free(xhat_norm_layer *norm, const xhat_allocator *allocator);

/* Makes the plan for batches of `rows`; what follows then allocates nothing. */
XHAT_NODISCARD xhat_status xhat_norm_prepare(xhat_norm_layer *norm, size_t rows,
                                             const xhat_allocator *allocator,
                                             xhat_error *error);

/* x -> out, both (rows, width); out does not overlap x.  Batch norm takes the
 * statistics of the batch in training, otherwise the running ones. */
XHAT_NODISCARD xhat_status xhat_norm_forward(xhat_norm_layer *norm, size_t rows,
                                             bool training, const real *x,
                                             real *out, xhat_error *error);

/* gradient (rows, width): dout when called, dx on return.  out: what forward
 * gave, or zeros where dropout took it away. */
XHAT_NODISCARD xhat_status xhat_norm_backward(xhat_norm_layer *norm,
                                              size_t rows, const real *x,
                                              const real *out, real *gradient,
                                              xhat_error *error);

/* Batch norm: counts the batch of the last training forward in the running
 * statistics, but for channels whose statistics are not finite. */
XHAT_NODISCARD xhat_status xhat_norm_commit(xhat_norm_layer *norm,
                                            xhat_error *error);

/* ---- ReLU: in place ------------------------------------------------------ */

void xhat_relu_forward(size_t count, real *x);

/* gradient := gradient where out > 0, else 0 */
void xhat_relu_backward(size_t count, const real *out, real *gradient);

/* ---- dropout, inverted: in place ----------------------------------------- */

/* What is dropped is a function of the seed, the epoch, the sample and the
 * unit: it depends neither on threads nor on how samples fall into batches. */
typedef struct xhat_dropout {
    double keep; /* the share of units kept; they are divided by it */
    uint64_t seed;
    size_t epoch;
    size_t samples;       /* in the data set */
    const size_t *sample; /* (rows of the batch): which ones */
} xhat_dropout;

/* layer: its number in the net.  a: (rows, width). */
void xhat_dropout_forward(const xhat_dropout *dropout, size_t layer,
                          size_t rows, size_t width, real *a);

/* After ReLU and dropout, where out > 0 says that a unit was neither negative
 * nor dropped: gradient := gradient / keep there, else 0. */
void xhat_dropout_backward(double keep, size_t count, const real *out,
                           real *gradient);

/* ---- losses -------------------------------------------------------------- */

/* What the rows of a batch should have given. */
typedef struct xhat_truth {
    const int32_t *labels; /* (rows), or NULL with XHAT_LOSS_SQUARED: */
    const real *targets;   /* (rows), standardized */
} xhat_truth;

typedef struct xhat_loss {
    double sum;     /* over the rows */
    size_t correct; /* rows whose label has the largest output */
} xhat_loss;

/* out (rows, outputs) becomes, in place, the gradient of the mean loss. */
xhat_loss xhat_loss_backward(xhat_loss_kind kind, size_t rows, size_t outputs,
                             real *out, const xhat_truth *truth);

/* The loss alone; out stays. */
xhat_loss xhat_loss_of(xhat_loss_kind kind, size_t rows, size_t outputs,
                       const real *out, const xhat_truth *truth);

/* Of one row: the index of its largest output, the first of equal ones. */
size_t xhat_largest(size_t outputs, const real *out);

/* One row: probabilities[outputs] */
void xhat_softmax(size_t outputs, const real *out, double *probabilities);

#endif
