/* The training loop.
 *
 *     for each epoch:
 *         for each batch: a step (training.c); save the state now and then
 *         evaluate, check that all is finite
 *         report: the caller writes metrics and model; then save the state
 *
 * The state is written after all else that an epoch leaves, so that whoever
 * goes on from it finds at least the metrics of the epochs it has behind it. */
#include <math.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "net/divergence.h"
#include "net/health.h"
#include "net/training_state.h"

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* What a loop keeps of time; seconds of the monotonic clock. */
typedef struct loop_clock {
    double began;     /* as if the whole training were this process's */
    double saved;     /* when the state was last written */
    double save_cost; /* seconds that took */
} loop_clock;

/* ---- saving -------------------------------------------------------------- */

/* A state that is not finite would resume into divergence: that is told now
 * instead. */
static xhat_status save(xhat_training *training, loop_clock *clock,
                        xhat_error *error)
{
    double began = seconds_now();
    training->seconds = began - clock->began;
    xhat_status status = xhat_check_parameters(training, error);
    if (status == XHAT_OK)
        status = xhat_training_save(training, training->options.state, error);
    clock->saved = seconds_now();
    clock->save_cost = clock->saved - began;
    return status;
}

/* After an epoch a state is welcome, but it shall not take more than a
 * twentieth of the time. */
static bool is_save_due(const xhat_training *training, const loop_clock *clock)
{
    enum { SHARE = 20 };
    double since = seconds_now() - clock->saved;
    if (training->options.state == NULL)
        return false;
    return since >= training->options.save_seconds ||
           (training->batch == training->batches &&
            since >= SHARE * clock->save_cost);
}

/* ---- epochs -------------------------------------------------------------- */

/* Is this epoch better than the best so far? */
static bool is_best(const xhat_best *best, const xhat_epoch *epoch)
{
    if (isnan(epoch->validation_loss))
        return false;
    if (best->epoch == 0)
        return true;
    bool has_accuracy = !isnan(epoch->validation_accuracy);
    if (has_accuracy && epoch->validation_accuracy != best->accuracy)
        return epoch->validation_accuracy > best->accuracy;
    return epoch->validation_loss < best->loss;
}

static xhat_status finish_epoch(xhat_training *training,
                                const loop_clock *clock, xhat_epoch *epoch,
                                xhat_error *error)
{
    xhat_evaluation validation, test;
    xhat_model *model = training->model;
    const xhat_split *split = training->split;
    double rows = (double)training->rows;
    bool is_number = model->net->spec.loss == XHAT_LOSS_SQUARED;
    xhat_status status =
        xhat_evaluate(model, &split->validation, &validation, NULL, error);
    if (status == XHAT_OK)
        status = xhat_evaluate(model, &split->test, &test, NULL, error);
    if (status == XHAT_OK)
        status = xhat_net_health(model, &split->train, training->health, error);
    if (status != XHAT_OK)
        return status;
    *epoch = (xhat_epoch){
        .epoch = training->epoch,
        .step = training->step,
        .train_loss = training->loss.sum / rows,
        .train_accuracy =
            is_number ? NAN : (double)training->loss.correct / rows,
        .validation_loss = validation.loss,
        .validation_accuracy = validation.accuracy,
        .test_loss = test.loss,
        .test_accuracy = test.accuracy,
        .lr = training->optimizer.lr,
        .seconds = seconds_now() - clock->began,
        .layer_count = model->net->block_count,
        .layers = training->health,
    };
    status = xhat_check_epoch(training, epoch, error);
    epoch->best = status == XHAT_OK && is_best(&training->best, epoch);
    if (epoch->best)
        training->best =
            (xhat_best){training->epoch, epoch->validation_accuracy,
                        epoch->validation_loss};
    return status;
}

static bool is_over(const xhat_training *training)
{
    size_t patience = training->options.patience;
    return training->epoch >= training->options.epochs ||
           (patience > 0 && training->best.epoch > 0 &&
            training->batch == training->batches &&
            training->epoch - training->best.epoch >= patience);
}

/* ---- the loop ------------------------------------------------------------ */

static xhat_progress progress_of(const xhat_training *training,
                                 const loop_clock *clock)
{
    const xhat_training_options *options = &training->options;
    double seconds = seconds_now() - clock->began;
    double rows = (double)training->rows;
    bool ended = training->batch == training->batches;
    bool is_number = training->model->net->spec.loss == XHAT_LOSS_SQUARED;
    size_t steps = options->epochs * training->batches;
    double an_epoch = (double)training->split->train.count;
    double seen = an_epoch * (double)(training->epoch - ended) + rows;
    return (xhat_progress){
        .epoch = training->epoch + !ended,
        .epochs = options->epochs,
        .batch = training->batch,
        .batches = training->batches,
        .loss = training->loss.sum / rows,
        .accuracy = is_number ? NAN : (double)training->loss.correct / rows,
        .rows_per_second = seconds > 0 ? seen / seconds : 0,
        .seconds_left =
            seconds * (double)(steps - training->step) / (double)training->step,
    };
}

/* Tells the caller; *go_on becomes false where it wants no more. */
static xhat_status tell(xhat_report report, void *context,
                        const xhat_progress *progress, bool *go_on,
                        xhat_error *error)
{
    xhat_status status =
        report == NULL ? XHAT_OK : report(context, progress, error);
    if (status != XHAT_INTERRUPTED)
        return status;
    *go_on = false;
    return XHAT_OK;
}

/* One step and, when it is the last of its epoch, what an epoch ends with;
 * *go_on: whether the caller wants more. */
static xhat_status advance(xhat_training *training, loop_clock *clock,
                           xhat_report report, void *context, bool *go_on,
                           xhat_error *error)
{
    xhat_epoch epoch;
    *go_on = true;
    xhat_status status = xhat_training_step(training, error);
    if (status != XHAT_OK)
        return status;
    xhat_progress progress = progress_of(training, clock);
    status = tell(report, context, &progress, go_on, error);
    if (status == XHAT_OK && training->batch == training->batches) {
        status = finish_epoch(training, clock, &epoch, error);
        progress.finished = &epoch;
        if (status == XHAT_OK)
            status = tell(report, context, &progress, go_on, error);
    }
    if (status != XHAT_OK)
        return status;
    if (is_save_due(training, clock) ||
        (training->options.state != NULL && (!*go_on || is_over(training))))
        status = save(training, clock, error);
    return status;
}

static xhat_status run(xhat_training *training, xhat_report report,
                       void *context, xhat_error *error)
{
    double now = seconds_now();
    loop_clock clock = {.began = now - training->seconds, .saved = now};
    while (!is_over(training)) {
        bool go_on;
        xhat_status status =
            advance(training, &clock, report, context, &go_on, error);
        if (status != XHAT_OK)
            return status;
        if (!go_on && !is_over(training))
            return xhat_fail(error, XHAT_INTERRUPTED,
                             "stopped after step %zu of %zu", training->step,
                             training->options.epochs * training->batches);
    }
    return XHAT_OK;
}

/* A training at its beginning, or where the file of its state stands. */
static xhat_status begin(xhat_training *training, xhat_model *model,
                         const xhat_split *split,
                         const xhat_training_options *options,
                         bool *other_threads, xhat_error *error)
{
    *other_threads = false;
    xhat_status status =
        xhat_training_create(training, model, split, options, error);
    if (status != XHAT_OK || !options->resume || options->state == NULL ||
        access(options->state, F_OK) != 0)
        return status;
    status = xhat_training_load(training, options->state, other_threads, error);
    if (status != XHAT_OK)
        xhat_training_free(training);
    return status;
}

xhat_status xhat_train(xhat_model *model, const xhat_split *split,
                       const xhat_training_options *options, xhat_report report,
                       void *context, xhat_error *error)
{
    xhat_training training;
    bool other_threads;
    xhat_status status =
        begin(&training, model, split, options, &other_threads, error);
    if (status != XHAT_OK)
        return status;
    status = run(&training, report, context, error);
    xhat_training_free(&training);
    return status;
}

xhat_status xhat_train_check(xhat_model *model, const xhat_split *split,
                             const xhat_training_options *options,
                             bool *other_threads, xhat_error *error)
{
    xhat_training training;
    xhat_status status =
        begin(&training, model, split, options, other_threads, error);
    if (status == XHAT_OK)
        xhat_training_free(&training);
    return status;
}
