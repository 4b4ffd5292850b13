/* What a net is made of. */
#ifndef XHAT_NET_PARTS_H
#define XHAT_NET_PARTS_H

#include "data/dataset_parts.h"
#include "net/layers.h"
#include "xhat/net.h"

/* Purposes of random numbers: each has streams of its own. */
enum {
    XHAT_STREAM_SHUFFLE = 2, /* 1: the split of data/dataset.c */
    XHAT_STREAM_WEIGHTS,
    XHAT_STREAM_DROPOUT
};

static inline uint64_t xhat_net_stream(int purpose, size_t number)
{
    return (uint64_t)purpose << 32 | (uint64_t)number;
}

/* affine - norm - ReLU - dropout */
typedef struct xhat_block {
    xhat_affine affine;
    bool has_norm;
    xhat_norm_layer norm;
    real *z; /* (max_rows, out): what the affine layer gave */
    real *a; /* (max_rows, out): what the block gives; z itself where there is
                no norm, because ReLU works in place */
} xhat_block;

/* A named part of the net's state, as PyTorch's state_dict lists it. */
typedef struct xhat_tensor {
    char name[40]; /* "3.weight" */
    size_t place;  /* 3: of its layer */
    xhat_element element;
    void *value;    /* (count) */
    real *gradient; /* (count); NULL for running statistics */
    size_t count;
    int rank; /* 0, 1 or 2 */
    size_t shape[2];
    bool decays; /* a weight: reg applies to it */
} xhat_tensor;

struct xhat_net {
    size_t features, classes, max_rows;
    size_t block_count;
    xhat_block *blocks; /* (block_count) */
    xhat_affine head;   /* the last affine layer, into the loss */
    real *logits;       /* (max_rows, classes); backward: their gradient */
    real *gradient[2];  /* (max_rows, widest block): of the activations, in
                           turns */
    size_t tensor_count;
    xhat_tensor *tensors; /* (tensor_count), from the input to the output */
    xhat_net_spec spec;   /* what it was made from; hidden is NULL */
    xhat_dropout dropout; /* keep = 1: none, in training either */
    const xhat_allocator *allocator;
};

/* A net with its first weights.  The caller destroys *net. */
XHAT_NODISCARD xhat_status xhat_net_create(xhat_net **net,
                                           const xhat_net_spec *spec,
                                           const xhat_allocator *allocator,
                                           xhat_error *error);
void xhat_net_destroy(xhat_net *net);

/* Makes the norm's plans for batches of `rows`, at most max_rows. */
XHAT_NODISCARD xhat_status xhat_net_prepare(xhat_net *net, size_t rows,
                                            xhat_error *error);

/* x (rows, features) -> net->logits (rows, classes) */
XHAT_NODISCARD xhat_status xhat_net_forward(xhat_net *net, size_t rows,
                                            bool training, const real *x,
                                            xhat_error *error);

/* After a training forward of x, and with net->logits turned into the gradient
 * of the loss: every tensor's gradient.  dx (rows, features): opt. */
XHAT_NODISCARD xhat_status xhat_net_backward(xhat_net *net, size_t rows,
                                             const real *x, real *dx,
                                             xhat_error *error);

/* Counts the last training batch in every norm's running statistics. */
XHAT_NODISCARD xhat_status xhat_net_commit(xhat_net *net, xhat_error *error);

/* Writes into name[size] the first tensor on the way from x to the logits that
 * holds a number that is not finite: "the input", "3.weight", "the output of
 * 3 (affine)".  False when all are finite. */
bool xhat_net_find_not_finite(const xhat_net *net, size_t rows, const real *x,
                              char *name, size_t size);

/* ---- optimizer ----------------------------------------------------------- */

typedef struct xhat_optimizer {
    xhat_optimizer_kind kind;
    double lr, momentum, beta2, weight_decay, reg, clip_norm;
    uint64_t step; /* updates so far */
    size_t tensor_count;
    real **first;  /* (tensor_count): velocity or first moment, or NULL */
    real **second; /* (tensor_count): second moment, or NULL */
    const xhat_allocator *allocator;
} xhat_optimizer;

XHAT_NODISCARD xhat_status xhat_optimizer_create(
    xhat_optimizer *optimizer, const xhat_training_options *options,
    const xhat_net *net, const xhat_allocator *allocator, xhat_error *error);
void xhat_optimizer_free(xhat_optimizer *optimizer);

/* One update of every tensor of the net that has a gradient. */
void xhat_optimizer_step(xhat_optimizer *optimizer, xhat_net *net);

/* The length of all gradients together as one vector. */
double xhat_net_gradient_norm(const xhat_net *net);

/* ---- rows ---------------------------------------------------------------- */

/* Whether these rows fit the model, so that what follows may trust them; no
 * rows always do.  Errors: XHAT_SHAPE_MISMATCH for another number of features,
 * for rows beyond the data and, where labels are wanted, for data without them
 * or with more classes than the model has. */
XHAT_NODISCARD xhat_status xhat_rows_check(const xhat_rows *rows,
                                           const xhat_model *model,
                                           bool want_labels, xhat_error *error);

/* Rows on their way through a net. */
typedef struct xhat_batch {
    size_t capacity;  /* rows */
    real *x;          /* (capacity, features), scaled */
    int32_t *labels;  /* (capacity) */
    real *targets;    /* (capacity), standardized */
    xhat_truth truth; /* of those last gathered */
} xhat_batch;

/* Room for `rows` rows of what this model takes. */
XHAT_NODISCARD xhat_status xhat_batch_create(xhat_batch *batch,
                                             const xhat_model *model,
                                             size_t rows, xhat_error *error);
void xhat_batch_free(xhat_batch *batch, const xhat_model *model);

/* The rows order[0 .. count) of `rows` (or, with order NULL, from `first` on)
 * with what labels or targets they have. */
void xhat_batch_gather(xhat_batch *batch, const xhat_rows *rows,
                       const size_t *order, size_t first, size_t count,
                       const xhat_model *model);

/* ---- training, a step at a time ------------------------------------------ */

/* Which rows make a batch: cuts `rows` into batches of `size`; a last batch of
 * one row joins the one before it. */
size_t xhat_batch_count(size_t rows, size_t size);
size_t xhat_batch_rows(size_t rows, size_t size, size_t batch);

/* The best epoch so far, on the validation rows. */
typedef struct xhat_best {
    size_t epoch; /* 0: none yet */
    double accuracy, loss;
} xhat_best;

typedef struct xhat_training {
    xhat_model *model;
    const xhat_split *split;
    xhat_training_options options;
    xhat_optimizer optimizer;
    size_t *order;     /* (train.count): positions in split->train, shuffled */
    size_t *sample;    /* (largest batch): the rows of a batch in its data */
    xhat_batch buffer; /* room for the largest batch */
    size_t batches;    /* an epoch */
    size_t epoch, batch; /* finished so far; batches of the epoch at hand */
    size_t step;         /* finished so far */
    xhat_loss loss;      /* sums over the epoch so far */
    size_t rows;         /* of the epoch so far */
    xhat_best best;
    double seconds;            /* trained before this process took over */
    xhat_layer_health *health; /* (block_count): after the last epoch */
} xhat_training;

XHAT_NODISCARD xhat_status xhat_training_create(
    xhat_training *training, xhat_model *model, const xhat_split *split,
    const xhat_training_options *options, xhat_error *error);
void xhat_training_free(xhat_training *training);

/* Shuffles training->order for the epoch at hand. */
void xhat_training_shuffle(xhat_training *training);

/* One batch: forward, loss, backward, update.  The first batch of an epoch
 * shuffles the rows.  Allocates nothing. */
XHAT_NODISCARD xhat_status xhat_training_step(xhat_training *training,
                                              xhat_error *error);

#endif
