/* Fully-connected nets with batch normalization: training, evaluation,
 * model files, run folders.
 *
 *     {affine - norm - ReLU - dropout} x L - affine - loss
 *
 *     xhat_dataset_read(&data, "iris.csv", &(xhat_data_options){0}, NULL, &e);
 *     xhat_split_make(&split, &data, 0.1, seed, &e);
 *     xhat_model_create(&model, &spec, &split.train, NULL, &e);
 *     xhat_train(&model, &split, &options, report, context, &e);
 *     xhat_evaluate(&model, &split.test, &result, NULL, &e);
 *
 * Memory: an object is released with its own _free; NULL and zeroed objects
 * are allowed there.  A training step allocates nothing of its own; what
 * oneDNN's products take meanwhile is oneDNN's.
 * Threads: two threads may not use one object at once, except that any number
 * may read one dataset or split.
 * Reproducibility: the same data, options, seed and number of threads give the
 * same bits on one machine.  (The matrix products are OpenBLAS's and, where the
 * build has it, oneDNN's, so that another number of threads, another build or
 * another CPU may round differently.) */
#ifndef XHAT_NET_H
#define XHAT_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "xhat/data.h"
#include "xhat/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- net and model ------------------------------------------------------- */

typedef enum xhat_net_norm {
    XHAT_NET_NORM_NONE = 0,
    XHAT_NET_NORM_BATCH = 1, /* over the rows of the batch, for each unit */
    XHAT_NET_NORM_LAYER = 2  /* over the units, for each row */
} xhat_net_norm;

/* "none", "batch", "layer" */
XHAT_API const char *xhat_net_norm_name(xhat_net_norm norm);

/* What the net is trained to make small, a mean over the rows.  s: the
 * outputs of a row, y: its class. */
typedef enum xhat_loss_kind {
    XHAT_LOSS_SOFTMAX = 0, /* -log of softmax(s)[y] */
    XHAT_LOSS_HINGE = 1,   /* sum over k != y of max(0, s[k] - s[y] + 1) */
    XHAT_LOSS_SQUARED = 2  /* (s[0] - target)^2, target standardized with the
                              mean and deviation of the training rows */
} xhat_loss_kind;

/* "softmax", "hinge", "squared" */
XHAT_API const char *xhat_loss_name(xhat_loss_kind loss);

/* The standard deviation of the normal distribution weights are drawn from. */
typedef enum xhat_initialization {
    XHAT_INIT_HE = 0,     /* sqrt(2 / inputs) */
    XHAT_INIT_XAVIER = 1, /* sqrt(2 / (inputs + outputs)) */
    XHAT_INIT_FIXED = 2   /* weight_scale */
} xhat_initialization;

typedef struct xhat_net_spec {
    size_t features, classes;
    const size_t *hidden; /* (hidden_count): the widths of the layers */
    size_t hidden_count;
    xhat_net_norm norm;
    double eps;           /* of the norm */
    double norm_momentum; /* weight of the new batch in the running statistics;
                             0: cumulative, 1/k at the k-th batch */
    bool keep_bias; /* also before a batch norm, whose mean takes it away again:
                       its gradient is 0 */
    bool center;    /* of features that are bytes, subtract the mean over the
                    training rows; others are centered in any case */
    double dropout; /* the share of units kept in training; 1: all */
    xhat_loss_kind loss;
    xhat_initialization initialization;
    double weight_scale; /* of XHAT_INIT_FIXED */
    uint64_t seed;
    size_t max_rows; /* the largest batch, in training and evaluation */
    int threads;     /* of the norm's plans; 0: as many as there are cores.
                        1 is best: docs/decisions/0006 */
} xhat_net_spec;

/* batch norm, eps 1e-5, momentum 0.1, no dropout, softmax, He, 256 rows, 1
 * thread; sizes are left 0 */
XHAT_API xhat_net_spec xhat_net_spec_default(void);

typedef struct xhat_net xhat_net;

/* A net and what turns raw rows into its inputs and its outputs into names:
 *
 *     input[j] = (x[j] - mean[j]) * scale[j]
 *
 * Bytes are divided by 255; other features are standardized with the mean and
 * deviation of the training rows, a constant feature (scale 0) to 0. */
typedef struct xhat_model {
    xhat_net *net;
    size_t features, classes;
    double *mean, *scale; /* (features) */
    double target_mean;   /* with XHAT_LOSS_SQUARED, the prediction is */
    double target_scale;  /* target_mean + target_scale * output */
    char **class_names;   /* (classes); NULL with XHAT_LOSS_SQUARED */
    char *label_name;     /* of the table it was trained on, or "" */
    xhat_columns columns; /* of that table */
    xhat_missing missing; /* of the training data */
    const xhat_allocator *allocator;
} xhat_model;

/* A new model for these training rows; spec->features and classes are taken
 * from them.  Errors: XHAT_INVALID_ARGUMENT for a width of 0 or too large a
 * one, eps, weight_scale; XHAT_OUT_OF_MEMORY. */
XHAT_API XHAT_NODISCARD xhat_status xhat_model_create(
    xhat_model *model, const xhat_net_spec *spec, const xhat_rows *train,
    const xhat_allocator *allocator, xhat_error *error);
XHAT_API void xhat_model_free(xhat_model *model);

/* model.safetensors.  Tensors are named as the state_dict of a PyTorch
 * nn.Sequential names them, so that load_state_dict takes the file as it is;
 * all else is JSON in its metadata.  Reading takes max_rows and threads from
 * the caller; errors name the tensor and both shapes. */
XHAT_API XHAT_NODISCARD xhat_status xhat_model_write(const xhat_model *model,
                                                     const char *path,
                                                     bool force,
                                                     xhat_error *error);
XHAT_API XHAT_NODISCARD xhat_status xhat_model_read(
    xhat_model *model, const char *path, size_t max_rows, int threads,
    const xhat_allocator *allocator, xhat_error *error);

/* What to do to a model that is to be used elsewhere. */
typedef struct xhat_conversion {
    bool fold_norm;      /* batch norm becomes part of the affine layers */
    bool absorb_scaling; /* and the scaling of the inputs of the first one: the
                            new model takes raw rows, mean 0 and scale 1 */
} xhat_conversion;

/* A new model that computes the same, to float32's rounding, in inference.
 * Folded numbers are computed in float64.
 * Errors: XHAT_UNSUPPORTED for absorb_scaling where the model fills in missing
 * values; XHAT_OUT_OF_MEMORY. */
XHAT_API XHAT_NODISCARD xhat_status
xhat_model_convert(xhat_model *to, const xhat_model *from,
                   const xhat_conversion *conversion, xhat_error *error);

/* The model as ONNX, opset 15, for inference.  Input "x" (batch, features),
 * float32: as the net takes it or, with `standardize`, raw rows, NaN for what
 * is missing if the model fills it in.  Outputs (batch, classes): "scores" and
 * "probabilities", or "prediction" (batch, 1) in the units of the label.  The
 * text "xhat" of its metadata is that of model.safetensors.
 * Errors: XHAT_UNSUPPORTED beyond 2 GiB, and as xhat_file_write. */
XHAT_API XHAT_NODISCARD xhat_status
xhat_model_write_onnx(const xhat_model *model, bool standardize,
                      const char *path, bool force, xhat_error *error);

/* "784-256-128-10, batch norm": text[size] receives what the net is. */
XHAT_API void xhat_net_describe(const xhat_net *net, char *text, size_t size);
XHAT_API size_t xhat_net_parameter_count(const xhat_net *net);

/* The threads of the matrix products, for the whole process: OpenBLAS keeps
 * one number.  Call it before each training, or once for all of them, while no
 * thread computes; a training on which it changes may round differently. */
XHAT_API void xhat_net_set_blas_threads(int threads);

/* How many of `threads` help this net with batches of `rows`: all, or 1 where
 * its products are so small that threads wait more than they compute. */
XHAT_API int xhat_net_useful_threads(const xhat_net *net, size_t rows,
                                     int threads);

/* text[size] receives the libraries behind the products: "OpenBLAS 0.3.21 ...
 * Haswell", and oneDNN with its version where it takes some. */
XHAT_API void xhat_net_describe_blas(char *text, size_t size);

/* ---- training ------------------------------------------------------------ */

/* Formulas and sources: src/net/optimizer.c. */
typedef enum xhat_optimizer_kind {
    XHAT_SGD = 0,
    XHAT_MOMENTUM = 1,
    XHAT_NESTEROV = 2,
    XHAT_RMSPROP = 3,
    XHAT_ADAM = 4,
    XHAT_ADAMW = 5 /* Adam whose weight decay stays out of the moments */
} xhat_optimizer_kind;
enum { XHAT_OPTIMIZERS = 6 };

XHAT_API const char *xhat_optimizer_name(xhat_optimizer_kind kind);

/* How the learning rate goes on after the warm-up.  e: epochs so far, with
 * fractions where the rate changes at every step. */
typedef enum xhat_schedule {
    XHAT_LR_CONSTANT = 0,
    XHAT_LR_EXPONENTIAL = 1, /* lr * lr_decay^floor(e) */
    XHAT_LR_STEP = 2,        /* lr * lr_decay^floor(e / decay_epochs) */
    XHAT_LR_COSINE = 3       /* lr * (1 + cos(pi e / epochs)) / 2 */
} xhat_schedule;

/* "constant", "exponential", "step", "cosine" */
XHAT_API const char *xhat_schedule_name(xhat_schedule schedule);

typedef struct xhat_training_options {
    size_t epochs, batch_size; /* batch_size >= 2 */
    xhat_optimizer_kind optimizer;
    double lr;       /* the highest */
    double momentum; /* what momentum and nesterov keep of the velocity, adam
                            and adamw of the first moment (beta1) */
    double beta2;    /* what rmsprop, adam and adamw keep of the second */
    double weight_decay; /* of adamw, which leaves biases and norms alone */
    double reg;          /* the loss gains reg/2 * sum of the squared weights */
    double clip_norm;    /* the gradients of all parameters together are scaled
                            down to this length; 0: never */
    xhat_schedule schedule;
    double lr_decay;     /* of the exponential and the step schedule */
    double decay_epochs; /* of the step schedule */
    double warmup;       /* epochs through which the rate rises from 0 */
    uint64_t seed;       /* of shuffling and dropout */
    size_t patience;   /* stop after so many epochs without a better one on the
                            validation rows; 0: never */
    const char *state; /* the file that keeps the state of the training, such
                            as RUN/state.safetensors; NULL: none */
    double save_seconds; /* at most so long, and one step, between two writes */
    bool resume;         /* go on from that file where there is one */
} xhat_training_options;

/* The usual values for an optimizer: 10 epochs of batches of 100, the rate
 * constant.
 *
 *                lr      momentum   beta2   weight_decay
 *     sgd        0.1
 *     momentum   0.02    0.9
 *     nesterov   0.02    0.9
 *     rmsprop    0.001              0.99
 *     adam       0.001   0.9        0.999
 *     adamw      0.001   0.9        0.999   0.01          */
XHAT_API xhat_training_options
xhat_training_options_default(xhat_optimizer_kind optimizer);

/* The learning rate of step `step` (from 0) of a training with `steps` steps
 * an epoch. */
XHAT_API double xhat_training_lr(const xhat_training_options *options,
                                 size_t step, size_t steps);

/* How a hidden layer is doing, on the first rows of the training set (as many
 * as the net takes at once).  NaN: it has no such thing. */
typedef struct xhat_layer_health {
    size_t place;    /* of its norm, or of its affine layer without one: the
                        number in its tensors' names */
    double dead;     /* the share of its units that ReLU keeps at 0 for each of
                        the rows */
    double mean_gap; /* of the running mean from that of these rows, in their
                        deviations: root mean square over the units */
    double var_gap;  /* of the running variance from that of these rows, as
                        |log2 of their ratio|: mean over the units */
    double gain_min, gain_max; /* of gamma */
    size_t refused; /* channels whose batch statistics were not finite and so
                       not committed, counted over the epoch */
} xhat_layer_health;

/* One epoch's results.  Losses are means over rows, without reg; those of
 * training are means over the epoch's batches as they were trained on, the
 * others are evaluated after the epoch.  NaN stands for "no such rows", and for
 * the accuracies of numbers. */
typedef struct xhat_epoch {
    size_t epoch, step; /* from 1; steps since the beginning */
    double train_loss, train_accuracy;
    double validation_loss, validation_accuracy;
    double test_loss, test_accuracy;
    double lr, seconds; /* rate of the last step; since the beginning */
    bool best;          /* so far, on the validation rows */
    size_t layer_count;
    xhat_layer_health *layers; /* (layer_count); whose: see where it is used */
} xhat_epoch;

/* What training reports after each step, and once more after each epoch. */
typedef struct xhat_progress {
    const xhat_epoch *finished;           /* NULL but after an epoch */
    size_t epoch, epochs, batch, batches; /* from 1 */
    double loss, accuracy;                /* mean over this epoch so far */
    double rows_per_second, seconds_left; /* of the whole training */
} xhat_progress;

/* XHAT_OK goes on.  Anything else stops the training, with the model as the
 * finished step left it, and is what xhat_train returns: XHAT_INTERRUPTED once
 * the state is saved; a failure, which *error describes, at once, for a state
 * saved then would leave behind what the caller could not keep. */
typedef xhat_status (*xhat_report)(void *context, const xhat_progress *progress,
                                   xhat_error *error);

/* Trains the model on split->train.  A last batch of one row joins the one
 * before it.  report may be NULL.  A part without rows may be all zero, but
 * for train.
 * Best is the epoch with the highest validation accuracy (of equal ones, and
 * for numbers, the one with the lowest validation loss).
 * With options->state, a training that was stopped at any moment, by a kill
 * too, goes on from the file where it was when that was last written, and ends
 * with the same bits as one that was never stopped.
 * Errors: XHAT_NOT_FINITE naming the step and the first tensor that is not
 * finite: before an update that would spread it, or after an epoch whose last
 * update left the net so; XHAT_SHAPE_MISMATCH when a part of the split does
 * not fit the model, as in xhat_evaluate, or the state is that of another
 * training; XHAT_UNSUPPORTED for the state of another version or of other
 * libraries behind the products; XHAT_INVALID_ARGUMENT, as for a state beyond
 * options->epochs; XHAT_INTERRUPTED; XHAT_OUT_OF_MEMORY. */
XHAT_API XHAT_NODISCARD xhat_status
xhat_train(xhat_model *model, const xhat_split *split,
           const xhat_training_options *options, xhat_report report,
           void *context, xhat_error *error);

/* Would xhat_train begin, or go on from the file of its state?  For callers
 * that write files of their own before they train: all errors that it has
 * before its first step, and no file is changed.  The model is left where the
 * training would go on.  *other_threads receives whether the file's products
 * had another number of threads, so that a training that goes on may round
 * otherwise from there. */
XHAT_API XHAT_NODISCARD xhat_status
xhat_train_check(xhat_model *model, const xhat_split *split,
                 const xhat_training_options *options, bool *other_threads,
                 xhat_error *error);

/* A step of a search for the learning rate. */
typedef struct xhat_lr_point {
    double lr, loss, smoothed; /* smoothed: an average over some ten steps */
} xhat_lr_point;

/* Trains the model, which is worth nothing afterwards, for at most *count
 * steps, with rates from 1e-7 to 10 that rise by the same factor each step;
 * stops where the loss blows up.  points[*count] receives the steps, *count
 * their number, *suggestion a tenth of the rate at which the smoothed loss was
 * lowest.  options: batch size, optimizer, reg, seed; rates are not looked at.
 * Errors: as xhat_train, but for divergence after the first step. */
XHAT_API XHAT_NODISCARD xhat_status
xhat_lr_find(xhat_model *model, const xhat_split *split,
             const xhat_training_options *options, xhat_lr_point *points,
             size_t *count, double *suggestion, xhat_error *error);

/* PreciseBN: replaces the running statistics of every batch norm by those of
 * these rows, gone through once in batches as large as the net takes, without
 * dropout and with the parameters as they are.  A channel that is not finite
 * keeps its old ones.
 * Errors: XHAT_INVALID_ARGUMENT for a net without batch norm;
 * XHAT_SHAPE_MISMATCH; XHAT_OUT_OF_MEMORY. */
XHAT_API XHAT_NODISCARD xhat_status xhat_precise_norm(xhat_model *model,
                                                      const xhat_rows *rows,
                                                      xhat_error *error);

/* ---- evaluation ---------------------------------------------------------- */

typedef struct xhat_evaluation {
    size_t rows, correct;
    double loss, accuracy; /* NaN without rows; accuracy: for numbers */
    double rmse; /* of numbers, in their own units: root of the mean squared
                    error; NaN for classes */
    double r2;   /* of numbers: 1 - squared error / squared deviation from their
                    mean; NaN for classes, and where they are all the same */
} xhat_evaluation;

/* With running statistics.  confusion, unless NULL, is (classes, classes):
 * how many rows of each true class (row) were given each class (column).
 * What comes out does not depend on how the rows are ordered, nor on max_rows
 * from 256 on: the net always runs on as many rows, and sums are compensated.
 * Labels count in the classes of the model: see xhat_dataset_relabel.
 * Errors: XHAT_SHAPE_MISMATCH when the data have no labels, more classes than
 * the model or another number of features, or when rows (without index) go
 * beyond the data; XHAT_INVALID_ARGUMENT for the confusion of numbers;
 * XHAT_OUT_OF_MEMORY. */
XHAT_API XHAT_NODISCARD xhat_status xhat_evaluate(xhat_model *model,
                                                  const xhat_rows *rows,
                                                  xhat_evaluation *evaluation,
                                                  size_t *confusion,
                                                  xhat_error *error);

/* probabilities (count, classes) of rows first .. first+count-1 of `rows`;
 * labels are not looked at.  Of a net trained with the hinge loss they are the
 * softmax of its scores, which only orders the classes; with the squared loss
 * they are the predicted numbers, in their own units.  Errors:
 * XHAT_SHAPE_MISMATCH when first + count goes beyond rows->count, for another
 * number of features, and when rows (without index) go beyond the data;
 * XHAT_OUT_OF_MEMORY. */
XHAT_API XHAT_NODISCARD xhat_status xhat_predict(xhat_model *model,
                                                 const xhat_rows *rows,
                                                 size_t first, size_t count,
                                                 double *probabilities,
                                                 xhat_error *error);

/* The 95% Wilson score interval of a proportion correct/rows. */
XHAT_API void xhat_wilson_interval(size_t correct, size_t rows, double *low,
                                   double *high);

/* ---- runs ---------------------------------------------------------------- */

/* The epochs of a run; the history owns their layers. */
typedef struct xhat_history {
    xhat_epoch *epochs;
    size_t count, capacity;
    const xhat_allocator *allocator;
} xhat_history;

/* Adds a copy.  Errors: XHAT_OUT_OF_MEMORY. */
XHAT_API XHAT_NODISCARD xhat_status xhat_history_add(xhat_history *history,
                                                     const xhat_epoch *epoch,
                                                     xhat_error *error);
XHAT_API void xhat_history_free(xhat_history *history);

/* Forgets the epochs after the first `count`. */
XHAT_API void xhat_history_cut(xhat_history *history, size_t count);

/* metrics.jsonl of a run folder: a line of JSON an epoch (docs/run-folder.md).
 * Writing replaces the file as a whole. */
XHAT_API XHAT_NODISCARD xhat_status xhat_history_write(
    const xhat_history *history, const char *folder, xhat_error *error);
XHAT_API XHAT_NODISCARD xhat_status
xhat_history_read(xhat_history *history, const char *folder,
                  const xhat_allocator *allocator, xhat_error *error);

/* Makes the folder of a run, with its parents.  With force = false a folder
 * that exists and is not empty is XHAT_ALREADY_EXISTS.  With force a run in it
 * is set aside: the folder becomes folder.old, until xhat_run_folder_settle.
 * Where a folder.old is left from a run that failed, it stays what it is: the
 * unfinished run in folder is removed instead; a finished one beside a
 * folder.old is XHAT_ALREADY_EXISTS.  *has_old (opt) receives whether
 * folder.old holds the run before.  Files that are no run's are never
 * removed. */
XHAT_API XHAT_NODISCARD xhat_status xhat_run_folder_make(const char *folder,
                                                         bool force,
                                                         bool *has_old,
                                                         xhat_error *error);

/* Keeps the folder to this process until it ends or xhat_run_folder_unlock:
 * two trainings in one folder would mix their files.  Also removes temporary
 * files that a killed process left there.  *lock receives what unlock takes.
 * Errors: XHAT_CANNOT_READ for no folder; XHAT_CANNOT_WRITE while another
 * process has it. */
XHAT_API XHAT_NODISCARD xhat_status xhat_run_folder_lock(const char *folder,
                                                         int *lock,
                                                         xhat_error *error);
XHAT_API void xhat_run_folder_unlock(int lock);

/* The new run is complete: removes the run in folder.old and brings what else
 * was in it back to folder. */
XHAT_API XHAT_NODISCARD xhat_status xhat_run_folder_settle(const char *folder,
                                                           xhat_error *error);

#ifdef __cplusplus
}
#endif
#endif
