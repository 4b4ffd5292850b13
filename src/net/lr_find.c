/* Which learning rate to begin with: a short training whose rate rises by the
 * same factor each step, until the loss blows up.
 * Source: Smith 2017, "Cyclical learning rates", section 3.3. */
#include <math.h>

#include "base/error.h"
#include "net/net_parts.h"

/* Averages with bias correction, as Adam's first moment. */
typedef struct average {
    double sum, weight;
} average;

static double smooth(average *a, double value)
{
    const double keep = 0.9;
    a->sum = keep * a->sum + (1 - keep) * value;
    a->weight = keep * a->weight + (1 - keep);
    return a->sum / a->weight;
}

/* The loss of the next step at this rate; XHAT_NOT_FINITE ends the search. */
static xhat_status try_rate(xhat_training *training, double lr, double *loss,
                            xhat_error *error)
{
    bool fresh = training->batch == training->batches || training->step == 0;
    double before = fresh ? 0 : training->loss.sum;
    size_t rows = fresh ? 0 : training->rows;
    training->options.lr = lr;
    xhat_status status = xhat_training_step(training, error);
    if (status == XHAT_OK)
        *loss = (training->loss.sum - before) / (double)(training->rows - rows);
    return status;
}

xhat_status xhat_lr_find(xhat_model *model, const xhat_split *split,
                         const xhat_training_options *options,
                         xhat_lr_point *points, size_t *count,
                         double *suggestion, xhat_error *error)
{
    const double least = 1e-7, most = 10;
    size_t steps = *count, best = 0;
    xhat_training training;
    xhat_training_options rising = *options;
    average losses = {0};
    rising.schedule = XHAT_LR_CONSTANT;
    rising.warmup = 0;
    rising.lr = least;
    xhat_status status =
        xhat_training_create(&training, model, split, &rising, error);
    if (status != XHAT_OK)
        return status;
    *count = 0;
    while (*count < steps) {
        double share = (double)*count / (double)(steps > 1 ? steps - 1 : 1);
        double lr = least * pow(most / least, share), loss = 0;
        status = try_rate(&training, lr, &loss, error);
        if (status != XHAT_OK)
            break;
        points[*count] = (xhat_lr_point){lr, loss, smooth(&losses, loss)};
        if (points[*count].smoothed < points[best].smoothed)
            best = *count;
        if (points[(*count)++].smoothed > 4 * points[best].smoothed)
            break;
    }
    xhat_training_free(&training);
    *suggestion = *count > 0 ? points[best].lr / 10 : NAN;
    return status == XHAT_NOT_FINITE && *count > 0 ? XHAT_OK : status;
}
