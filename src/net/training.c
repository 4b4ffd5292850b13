/* The training loop.
 *
 *     for each epoch:
 *         shuffle the rows
 *         for each batch:
 *             gather -> forward -> loss -> backward -> update
 *             commit the batch's statistics to the running ones
 *         evaluate, check that all is finite, report
 *         lower the learning rate */
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "net/net_parts.h"

size_t xhat_batch_count(size_t rows, size_t size)
{
    size_t full = rows / size, rest = rows % size;
    return rest == 0 || (rest == 1 && full > 0) ? full : full + 1;
}

size_t xhat_batch_rows(size_t rows, size_t size, size_t batch)
{
    return batch + 1 < xhat_batch_count(rows, size) ? size
                                                    : rows - batch * size;
}

static xhat_status validate(const xhat_model *model, const xhat_split *split,
                            const xhat_training_options *options,
                            xhat_error *error)
{
    if (split->train.count < 2)
        return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                         "%zu training rows: two is the least",
                         split->train.count);
    if (options->batch_size < 2)
        return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                         "batch_size = %zu: a batch of one row has no "
                         "variance; two is the least",
                         options->batch_size);
    if (!(options->lr > 0 && isfinite(options->lr)) ||
        !(options->lr_decay > 0 && isfinite(options->lr_decay)) ||
        !(options->reg >= 0 && isfinite(options->reg)))
        return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                         "lr = %g and lr_decay = %g must be above 0, reg = %g "
                         "not below",
                         options->lr, options->lr_decay, options->reg);
    xhat_status status = xhat_rows_check(&split->train, model, true, error);
    if (status == XHAT_OK)
        status = xhat_rows_check(&split->validation, model, true, error);
    if (status == XHAT_OK)
        status = xhat_rows_check(&split->test, model, true, error);
    return status;
}

xhat_status xhat_training_create(xhat_training *training, xhat_model *model,
                                 const xhat_split *split,
                                 const xhat_training_options *options,
                                 xhat_error *error)
{
    const xhat_allocator *allocator = model->allocator;
    size_t rows = split->train.count;
    xhat_status status = validate(model, split, options, error);
    if (status != XHAT_OK)
        return status;
    *training = (xhat_training){
        .model = model,
        .split = split,
        .options = *options,
        .batches = xhat_batch_count(rows, options->batch_size),
    };
    size_t last =
        xhat_batch_rows(rows, options->batch_size, training->batches - 1);
    size_t first = xhat_batch_rows(rows, options->batch_size, 0);
    size_t most = last > first ? last : first;
    status = xhat_net_prepare(model->net, first, error);
    if (status == XHAT_OK)
        status = xhat_net_prepare(model->net, last, error);
    if (status == XHAT_OK)
        status = xhat_optimizer_create(&training->optimizer, options->optimizer,
                                       options->lr, options->reg, model->net,
                                       allocator, error);
    if (status != XHAT_OK)
        return status;
    training->order = xhat_allocate(allocator, rows, sizeof(size_t));
    training->x =
        xhat_allocate(allocator, most, model->features * sizeof(real));
    training->labels = xhat_allocate(allocator, most, sizeof(int32_t));
    if (training->order == NULL || training->x == NULL ||
        training->labels == NULL) {
        xhat_training_free(training);
        return xhat_fail(error, XHAT_OUT_OF_MEMORY,
                         "no memory for batches of %zu rows", most);
    }
    return XHAT_OK;
}

void xhat_training_free(xhat_training *training)
{
    const xhat_allocator *allocator = training->model->allocator;
    xhat_optimizer_free(&training->optimizer);
    xhat_release(allocator, training->order);
    xhat_release(allocator, training->x);
    xhat_release(allocator, training->labels);
}

static void begin_epoch(xhat_training *training)
{
    const xhat_training_options *options = &training->options;
    xhat_random_permutation(
        options->seed, xhat_net_stream(XHAT_STREAM_SHUFFLE, training->epoch),
        training->split->train.count, training->order);
    training->optimizer.lr =
        options->lr * pow(options->lr_decay, (double)training->epoch);
    training->batch = 0;
    training->rows = 0;
    training->loss = (xhat_loss){0};
}

static xhat_status diverged(const xhat_training *training, size_t rows,
                            xhat_error *error)
{
    char tensor[64] = "the loss";
    xhat_net_find_not_finite(training->model->net, rows, training->x, tensor,
                             sizeof tensor);
    return xhat_fail(error, XHAT_NOT_FINITE,
                     "the loss is not finite at step %zu (epoch %zu, batch "
                     "%zu); first not finite: %s; try a smaller --lr",
                     training->step + 1, training->epoch + 1,
                     training->batch + 1, tensor);
}

xhat_status xhat_training_step(xhat_training *training, xhat_error *error)
{
    xhat_net *net = training->model->net;
    const xhat_rows *train = &training->split->train;
    size_t size = training->options.batch_size;
    if (training->batch == training->batches || training->step == 0)
        begin_epoch(training);
    size_t rows = xhat_batch_rows(train->count, size, training->batch);
    xhat_rows_gather(train, training->order + training->batch * size, 0, rows,
                     training->model, training->x, training->labels);

    xhat_status status = xhat_net_prepare(net, rows, error);
    if (status == XHAT_OK)
        status = xhat_net_forward(net, rows, true, training->x, error);
    if (status != XHAT_OK)
        return status;
    xhat_loss loss = xhat_softmax_cross_entropy(rows, net->classes, net->logits,
                                                training->labels);
    if (!isfinite(loss.sum))
        return diverged(training, rows, error);
    status = xhat_net_backward(net, rows, training->x, NULL, error);
    if (status == XHAT_OK)
        status = xhat_net_commit(net, error);
    if (status != XHAT_OK)
        return status;
    xhat_optimizer_step(&training->optimizer, net);

    training->loss.sum += loss.sum;
    training->loss.correct += loss.correct;
    training->rows += rows;
    training->step++;
    if (++training->batch == training->batches)
        training->epoch++;
    return XHAT_OK;
}

/* ---- the loop ------------------------------------------------------------ */

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* The first part of the net's state that is not finite, or NULL. */
static const char *tensor_not_finite(const xhat_net *net)
{
    for (size_t t = 0; t < net->tensor_count; t++) {
        const xhat_tensor *tensor = &net->tensors[t];
        const real *value = tensor->value;
        for (size_t i = 0; tensor->element == REAL_ELEMENT && i < tensor->count;
             i++)
            if (!isfinite(value[i]))
                return tensor->name;
    }
    return NULL;
}

/* The last batch once more, as evaluation sees it: where in the net, if
 * anywhere, finite weights make what is not. */
static xhat_status probe(const xhat_training *training, char *name, size_t size,
                         xhat_error *error)
{
    xhat_net *net = training->model->net;
    size_t rows =
        xhat_batch_rows(training->split->train.count,
                        training->options.batch_size, training->batches - 1);
    xhat_status status = xhat_net_prepare(net, rows, error);
    if (status == XHAT_OK)
        status = xhat_net_forward(net, rows, false, training->x, error);
    if (status == XHAT_OK)
        xhat_net_find_not_finite(net, rows, training->x, name, size);
    return status;
}

static xhat_status diverged_after(const xhat_training *training,
                                  const char *name, xhat_error *error)
{
    return xhat_fail(error, XHAT_NOT_FINITE,
                     "the net is not finite after step %zu (epoch %zu); first "
                     "not finite: %s; try a smaller --lr",
                     training->step, training->epoch, name);
}

/* The loss of a step is that of the weights before it.  What the last step of
 * an epoch made of them shows in the tensors, in the losses evaluated since or,
 * with nothing to evaluate, in the last batch. */
static xhat_status check_finite(const xhat_training *training,
                                const xhat_epoch *epoch, xhat_error *error)
{
    const xhat_split *split = training->split;
    bool validated = split->validation.count > 0,
         tested = split->test.count > 0;
    const char *tensor = tensor_not_finite(training->model->net);
    if (tensor != NULL)
        return diverged_after(training, tensor, error);
    char name[64] = "";
    if (validated && !isfinite(epoch->validation_loss))
        snprintf(name, sizeof name, "the validation loss");
    else if (tested && !isfinite(epoch->test_loss))
        snprintf(name, sizeof name, "the test loss");
    else if (validated || tested)
        return XHAT_OK;
    xhat_status status = probe(training, name, sizeof name, error);
    if (status != XHAT_OK || name[0] == '\0')
        return status;
    return diverged_after(training, name, error);
}

static xhat_status finish_epoch(xhat_training *training, double began,
                                xhat_epoch *epoch, xhat_error *error)
{
    xhat_evaluation validation, test;
    const xhat_split *split = training->split;
    double rows = (double)training->rows;
    xhat_status status = xhat_evaluate(training->model, &split->validation,
                                       &validation, NULL, error);
    if (status == XHAT_OK)
        status =
            xhat_evaluate(training->model, &split->test, &test, NULL, error);
    if (status != XHAT_OK)
        return status;
    *epoch = (xhat_epoch){
        .epoch = training->epoch,
        .step = training->step,
        .train_loss = training->loss.sum / rows,
        .train_accuracy = (double)training->loss.correct / rows,
        .validation_loss = validation.loss,
        .validation_accuracy = validation.accuracy,
        .test_loss = test.loss,
        .test_accuracy = test.accuracy,
        .lr = training->optimizer.lr,
        .seconds = seconds_now() - began,
    };
    return check_finite(training, epoch, error);
}

static xhat_progress progress_of(const xhat_training *training, double began)
{
    const xhat_training_options *options = &training->options;
    double seconds = seconds_now() - began, rows = (double)training->rows;
    bool ended = training->batch == training->batches;
    size_t steps = options->epochs * training->batches;
    double an_epoch = (double)training->split->train.count;
    double seen = an_epoch * (double)(training->epoch - ended) + rows;
    return (xhat_progress){
        .epoch = training->epoch + !ended,
        .epochs = options->epochs,
        .batch = training->batch,
        .batches = training->batches,
        .loss = training->loss.sum / rows,
        .accuracy = (double)training->loss.correct / rows,
        .rows_per_second = seconds > 0 ? seen / seconds : 0,
        .seconds_left =
            seconds * (double)(steps - training->step) / (double)training->step,
    };
}

static xhat_status run(xhat_training *training, xhat_report report,
                       void *context, xhat_error *error)
{
    double began = seconds_now();
    while (training->epoch < training->options.epochs) {
        xhat_status status = xhat_training_step(training, error);
        if (status != XHAT_OK)
            return status;
        xhat_epoch epoch;
        xhat_progress progress = progress_of(training, began);
        bool go_on = report == NULL || report(context, &progress);
        if (training->batch == training->batches) {
            status = finish_epoch(training, began, &epoch, error);
            if (status != XHAT_OK)
                return status;
            progress.finished = &epoch;
            go_on = (report == NULL || report(context, &progress)) && go_on;
        }
        if (!go_on && training->epoch < training->options.epochs)
            return xhat_fail(error, XHAT_INTERRUPTED,
                             "stopped after step %zu of %zu", training->step,
                             training->options.epochs * training->batches);
    }
    return XHAT_OK;
}

xhat_status xhat_train(xhat_model *model, const xhat_split *split,
                       const xhat_training_options *options, xhat_report report,
                       void *context, xhat_error *error)
{
    xhat_training training;
    xhat_status status =
        xhat_training_create(&training, model, split, options, error);
    if (status != XHAT_OK)
        return status;
    status = run(&training, report, context, error);
    xhat_training_free(&training);
    return status;
}
