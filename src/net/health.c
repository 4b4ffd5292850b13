/* How the hidden layers are doing: one forward pass of the first training
 * rows, with the statistics of these rows and without dropout.  It learns
 * nothing and commits nothing. */
#include <math.h>

#include "net/health.h"

#include "base/error.h"

/* the share of units whose every activation is 0 */
static double dead_share(const xhat_block *block, size_t rows)
{
    size_t width = block->affine.out, dead = 0;
    for (size_t j = 0; j < width; j++) {
        size_t r = 0;
        while (r < rows && block->a[r * width + j] == 0)
            r++;
        dead += r == rows;
    }
    return (double)dead / (double)width;
}

static void look_at_gain(const xhat_norm_layer *norm, xhat_layer_health *health)
{
    health->gain_min = health->gain_max = norm->gamma[0];
    for (size_t j = 1; j < norm->width; j++) {
        health->gain_min = fmin(health->gain_min, norm->gamma[j]);
        health->gain_max = fmax(health->gain_max, norm->gamma[j]);
    }
}

/* Running statistics against those of the rows just run.  eps keeps constant
 * units from counting as infinitely far away. */
static void look_at_statistics(const xhat_norm_layer *norm,
                               xhat_layer_health *health)
{
    const real *running_mean = norm->running.mean;
    const real *running_var = norm->running.var;
    const xhat_statistics *batch = &norm->batch;
    double squares = 0, logs = 0, n = (double)norm->width;
    for (size_t j = 0; j < norm->width; j++) {
        double var = batch->m2[j] / (batch->count - 1) + norm->eps;
        double gap = (double)running_mean[j] - batch->mean[j];
        squares += gap * gap / var;
        logs += fabs(log2(((double)running_var[j] + norm->eps) / var));
    }
    health->mean_gap = sqrt(squares / n);
    health->var_gap = logs / n;
}

static xhat_layer_health health_of(const xhat_block *block, size_t place,
                                   size_t rows)
{
    xhat_layer_health health = {
        .place = place + block->has_norm,
        .dead = dead_share(block, rows),
        .mean_gap = NAN,
        .var_gap = NAN,
        .gain_min = NAN,
        .gain_max = NAN,
        .refused = block->norm.refused,
    };
    if (block->has_norm)
        look_at_gain(&block->norm, &health);
    if (block->norm.kind == XHAT_NET_NORM_BATCH)
        look_at_statistics(&block->norm, &health);
    return health;
}

xhat_status xhat_net_health(xhat_model *model, const xhat_rows *train,
                            xhat_layer_health *health, xhat_error *error)
{
    xhat_batch batch;
    xhat_net *net = model->net;
    size_t rows = train->count < net->max_rows ? train->count : net->max_rows;
    xhat_status status = xhat_net_prepare(net, rows, error);
    if (status == XHAT_OK)
        status = xhat_batch_create(&batch, model, rows, error);
    if (status != XHAT_OK)
        return status;
    double keep = net->dropout.keep;
    net->dropout.keep = 1;
    xhat_batch_gather(&batch, train, NULL, 0, rows, model);
    status = xhat_net_forward(net, rows, true, batch.x, error);
    net->dropout.keep = keep;
    xhat_batch_free(&batch, model);
    if (status != XHAT_OK)
        return status;
    size_t place = 0;
    for (size_t i = 0; i < net->block_count; i++) {
        const xhat_block *block = &net->blocks[i];
        health[i] = health_of(block, place, rows);
        place += 2 + block->has_norm + (net->spec.dropout < 1);
        if (block->norm.kind == XHAT_NET_NORM_BATCH)
            xhat_statistics_discard(&net->blocks[i].norm.batch);
    }
    return XHAT_OK;
}
