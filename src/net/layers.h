/* The layers of a net.  Activations are row-major (rows, width); `rows` is the
 * size of the batch at hand.  Every layer owns its parameters and their
 * gradients; backward overwrites gradients, it does not add to them. */
#ifndef XHAT_NET_LAYERS_H
#define XHAT_NET_LAYERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/real.h"

/* ---- affine: out = x W' + b ---------------------------------------------- */

typedef struct xhat_affine {
    size_t in, out;
    real *weight, *dweight; /* (out, in) */
    real *bias, *dbias;     /* (out); NULL where a norm follows: its mean
                               would take the bias away again */
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

/* ---- batch norm ---------------------------------------------------------- */

/* A plan is made for one number of rows.  A net meets a few: the full batch
 * and the last one, in training and in each evaluation. */
enum { XHAT_NORM_PLANS = 8 };

typedef struct xhat_norm_layer {
    size_t channels;
    double eps;
    int threads;
    real *gamma, *dgamma; /* (channels), like all below */
    real *beta, *dbeta;
    real *mean, *mean_low, *invstd; /* of the last forward, for backward */
    xhat_statistics batch;          /* of the last forward, not committed */
    xhat_running running;
    struct {
        size_t rows;
        xhat_plan *plan;
    } plans[XHAT_NORM_PLANS];
    int plan_count;
    void *scratch; /* bytes: as much as the largest plan wants */
    size_t scratch_size;
} xhat_norm_layer;

XHAT_NODISCARD xhat_status xhat_norm_create(xhat_norm_layer *norm,
                                            size_t channels, double eps,
                                            int threads,
                                            const xhat_allocator *allocator,
                                            xhat_error *error);
void xhat_norm_free(xhat_norm_layer *norm, const xhat_allocator *allocator);

/* Makes the plan for batches of `rows`; what follows then allocates nothing. */
XHAT_NODISCARD xhat_status xhat_norm_prepare(xhat_norm_layer *norm, size_t rows,
                                             const xhat_allocator *allocator,
                                             xhat_error *error);

/* x -> out, both (rows, channels); out does not overlap x.  In training with
 * the statistics of the batch, otherwise with the running ones. */
XHAT_NODISCARD xhat_status xhat_norm_forward(xhat_norm_layer *norm, size_t rows,
                                             bool training, const real *x,
                                             real *out, xhat_error *error);

/* gradient (rows, channels): dout when called, dx on return. */
XHAT_NODISCARD xhat_status xhat_norm_backward(xhat_norm_layer *norm,
                                              size_t rows, const real *x,
                                              real *gradient,
                                              xhat_error *error);

/* Counts the batch of the last training forward in the running statistics. */
XHAT_NODISCARD xhat_status xhat_norm_commit(xhat_norm_layer *norm,
                                            xhat_error *error);

/* ---- ReLU: in place ------------------------------------------------------ */

void xhat_relu_forward(size_t count, real *x);

/* gradient := gradient where out > 0, else 0 */
void xhat_relu_backward(size_t count, const real *out, real *gradient);

/* ---- softmax and cross-entropy ------------------------------------------- */

typedef struct xhat_loss {
    double sum;     /* of -log p[label] over the rows */
    size_t correct; /* rows whose label has the largest logit */
} xhat_loss;

/* logits (rows, classes) become, in place, the gradient of the mean loss:
 * (softmax - one hot) / rows. */
xhat_loss xhat_softmax_cross_entropy(size_t rows, size_t classes, real *logits,
                                     const int32_t *labels);

/* The loss alone; logits stay. */
xhat_loss xhat_cross_entropy(size_t rows, size_t classes, const real *logits,
                             const int32_t *labels);

/* Of one row: the index of its largest logit, the first of equal ones. */
size_t xhat_largest(size_t classes, const real *logits);

/* One row: probabilities[classes] */
void xhat_softmax(size_t classes, const real *logits, double *probabilities);

#endif
