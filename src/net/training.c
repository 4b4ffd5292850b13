/* One step of training:
 *
 *     gather -> forward -> loss -> backward -> update
 *     commit the batch's statistics to the running ones
 *
 * The rows are shuffled anew for each epoch. */
#include <math.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "net/divergence.h"
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

/* ---- making and freeing -------------------------------------------------- */

static bool positive(double value)
{
    return value > 0 && isfinite(value);
}

static bool not_negative(double value)
{
    return value >= 0 && isfinite(value);
}

/* momentum and beta2 of 1 would forget nothing and learn nothing */
static bool below_one(double value)
{
    return value >= 0 && value < 1;
}

static xhat_status validate_options(const xhat_training_options *options,
                                    xhat_error *error)
{
    const struct {
        const char *name, *range;
        double value;
        bool good;
    } numbers[] = {
        {"lr", "above 0", options->lr, positive(options->lr)},
        {"lr_decay", "above 0", options->lr_decay, positive(options->lr_decay)},
        {"decay_epochs", "above 0", options->decay_epochs,
         positive(options->decay_epochs)},
        {"reg", "at least 0", options->reg, not_negative(options->reg)},
        {"weight_decay", "at least 0", options->weight_decay,
         not_negative(options->weight_decay)},
        {"clip_norm", "at least 0", options->clip_norm,
         not_negative(options->clip_norm)},
        {"warmup", "at least 0", options->warmup,
         not_negative(options->warmup)},
        {"momentum", "at least 0 and below 1", options->momentum,
         below_one(options->momentum)},
        {"beta2", "at least 0 and below 1", options->beta2,
         below_one(options->beta2)},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (!numbers[i].good)
            return xhat_fail(error, XHAT_INVALID_ARGUMENT, "%s = %g must be %s",
                             numbers[i].name, numbers[i].value,
                             numbers[i].range);
    if (options->batch_size < 2)
        return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                         "batch_size = %zu: a batch of one row has no "
                         "variance; two is the least",
                         options->batch_size);
    return XHAT_OK;
}

static xhat_status validate(const xhat_model *model, const xhat_split *split,
                            const xhat_training_options *options,
                            xhat_error *error)
{
    if (split->train.count < 2)
        return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                         "%zu training rows: two is the least",
                         split->train.count);
    xhat_status status = validate_options(options, error);
    if (status == XHAT_OK)
        status = xhat_rows_check(&split->train, model, true, error);
    if (status == XHAT_OK)
        status = xhat_rows_check(&split->validation, model, true, error);
    if (status == XHAT_OK)
        status = xhat_rows_check(&split->test, model, true, error);
    return status;
}

/* Everything that a step would otherwise have to allocate. */
static xhat_status allocate(xhat_training *training, xhat_error *error)
{
    const xhat_model *model = training->model;
    const xhat_allocator *allocator = model->allocator;
    size_t rows = training->split->train.count;
    size_t size = training->options.batch_size;
    size_t last = xhat_batch_rows(rows, size, training->batches - 1);
    size_t first = xhat_batch_rows(rows, size, 0);
    size_t most = last > first ? last : first;
    xhat_status status = xhat_net_prepare(model->net, first, error);
    if (status == XHAT_OK)
        status = xhat_net_prepare(model->net, last, error);
    if (status == XHAT_OK)
        status = xhat_optimizer_create(&training->optimizer, &training->options,
                                       model->net, allocator, error);
    if (status == XHAT_OK)
        status = xhat_batch_create(&training->buffer, model, most, error);
    if (status != XHAT_OK)
        return status;
    training->order = xhat_allocate(allocator, rows, sizeof(size_t));
    training->sample = xhat_allocate(allocator, most, sizeof(size_t));
    training->health = xhat_allocate_zeroed(allocator, model->net->block_count,
                                            sizeof *training->health);
    if (training->order == NULL || training->sample == NULL ||
        training->health == NULL)
        return xhat_fail(error, XHAT_OUT_OF_MEMORY,
                         "no memory for the order of %zu rows", rows);
    return XHAT_OK;
}

xhat_status xhat_training_create(xhat_training *training, xhat_model *model,
                                 const xhat_split *split,
                                 const xhat_training_options *options,
                                 xhat_error *error)
{
    xhat_status status = validate(model, split, options, error);
    if (status != XHAT_OK)
        return status;
    *training = (xhat_training){
        .model = model,
        .split = split,
        .options = *options,
        .batches = xhat_batch_count(split->train.count, options->batch_size),
    };
    status = allocate(training, error);
    if (status != XHAT_OK)
        xhat_training_free(training);
    return status;
}

void xhat_training_free(xhat_training *training)
{
    const xhat_allocator *allocator = training->model->allocator;
    training->model->net->dropout.keep = 1;
    xhat_optimizer_free(&training->optimizer);
    xhat_batch_free(&training->buffer, training->model);
    xhat_release(allocator, training->order);
    xhat_release(allocator, training->sample);
    xhat_release(allocator, training->health);
}

/* ---- a step -------------------------------------------------------------- */

void xhat_training_shuffle(xhat_training *training)
{
    xhat_random_permutation(
        training->options.seed,
        xhat_net_stream(XHAT_STREAM_SHUFFLE, training->epoch),
        training->split->train.count, training->order);
}

static void begin_epoch(xhat_training *training)
{
    xhat_training_shuffle(training);
    training->batch = 0;
    training->rows = 0;
    training->loss = (xhat_loss){0};
    for (size_t i = 0; i < training->model->net->block_count; i++)
        training->model->net->blocks[i].norm.refused = 0;
}

/* The next batch into the buffer; returns its rows. */
static size_t gather(xhat_training *training)
{
    const xhat_rows *train = &training->split->train;
    xhat_net *net = training->model->net;
    size_t size = training->options.batch_size;
    size_t rows = xhat_batch_rows(train->count, size, training->batch);
    const size_t *order = training->order + training->batch * size;
    xhat_batch_gather(&training->buffer, train, order, 0, rows,
                      training->model);
    for (size_t i = 0; i < rows; i++)
        training->sample[i] = xhat_row_at(train, order[i]);
    net->dropout = (xhat_dropout){
        .keep = net->spec.dropout,
        .seed = training->options.seed,
        .epoch = training->epoch,
        .samples = train->data->rows,
        .sample = training->sample,
    };
    return rows;
}

xhat_status xhat_training_step(xhat_training *training, xhat_error *error)
{
    xhat_net *net = training->model->net;
    if (training->batch == training->batches || training->step == 0)
        begin_epoch(training);
    size_t rows = gather(training);
    const real *x = training->buffer.x;
    xhat_status status = xhat_net_prepare(net, rows, error);
    if (status == XHAT_OK)
        status = xhat_net_forward(net, rows, true, x, error);
    if (status != XHAT_OK)
        return status;
    xhat_loss loss = xhat_loss_backward(net->spec.loss, rows, net->classes,
                                        net->logits, &training->buffer.truth);
    if (!isfinite(loss.sum))
        return xhat_diverged_in_step(training, rows, error);
    status = xhat_net_backward(net, rows, x, NULL, error);
    if (status == XHAT_OK)
        status = xhat_net_commit(net, error);
    if (status != XHAT_OK)
        return status;
    training->optimizer.lr =
        xhat_training_lr(&training->options, training->step, training->batches);
    xhat_optimizer_step(&training->optimizer, net);

    training->loss.sum += loss.sum;
    training->loss.correct += loss.correct;
    training->rows += rows;
    training->step++;
    if (++training->batch == training->batches)
        training->epoch++;
    return XHAT_OK;
}
