/* Batch normalization as a layer: the library's plans, with the parameters,
 * the saved statistics and the running statistics that one layer owns. */
#include "net/layers.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

/* All arrays of the layer in one call each; false when memory is out. */
static bool allocate_arrays(xhat_norm_layer *norm,
                            const xhat_allocator *allocator)
{
    size_t channels = norm->channels;
    real **arrays[] = {&norm->gamma, &norm->dgamma, &norm->beta,
                       &norm->dbeta, &norm->mean,   &norm->mean_low,
                       &norm->invstd};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++) {
        *arrays[i] = xhat_allocate_zeroed(allocator, channels, sizeof(real));
        if (*arrays[i] == NULL)
            return false;
    }
    norm->batch.mean =
        xhat_allocate_zeroed(allocator, channels, sizeof(double));
    norm->batch.m2 = xhat_allocate_zeroed(allocator, channels, sizeof(double));
    norm->running.mean =
        xhat_allocate_zeroed(allocator, channels, sizeof(real));
    norm->running.var = xhat_allocate_zeroed(allocator, channels, sizeof(real));
    return norm->batch.mean != NULL && norm->batch.m2 != NULL &&
           norm->running.mean != NULL && norm->running.var != NULL;
}

xhat_status xhat_norm_create(xhat_norm_layer *norm, size_t channels, double eps,
                             int threads, const xhat_allocator *allocator,
                             xhat_error *error)
{
    *norm = (xhat_norm_layer){
        .channels = channels,
        .eps = eps,
        .threads = threads,
        .batch = {.channels = channels},
        .running = {.dtype = REAL_DTYPE, .channels = channels},
    };
    if (!allocate_arrays(norm, allocator))
        return xhat_fail(error, XHAT_OUT_OF_MEMORY,
                         "no memory for a norm of %zu channels", channels);
    xhat_running_rule rule = xhat_running_rule_preset(XHAT_TORCH);
    real *running_mean = norm->running.mean, *running_var = norm->running.var;
    for (size_t c = 0; c < channels; c++) {
        norm->gamma[c] = 1;
        running_mean[c] = (real)rule.initial_mean;
        running_var[c] = (real)rule.initial_var;
    }
    return XHAT_OK;
}

void xhat_norm_free(xhat_norm_layer *norm, const xhat_allocator *allocator)
{
    void *blocks[] = {norm->gamma,        norm->dgamma,      norm->beta,
                      norm->dbeta,        norm->mean,        norm->mean_low,
                      norm->invstd,       norm->batch.mean,  norm->batch.m2,
                      norm->running.mean, norm->running.var, norm->scratch};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
        xhat_release(allocator, blocks[i]);
    for (int i = 0; i < norm->plan_count; i++)
        xhat_plan_destroy(norm->plans[i].plan);
}

static const xhat_plan *plan_for(const xhat_norm_layer *norm, size_t rows)
{
    for (int i = 0; i < norm->plan_count; i++)
        if (norm->plans[i].rows == rows)
            return norm->plans[i].plan;
    return NULL;
}

/* Grows the scratch memory to what this plan wants. */
static xhat_status reserve_scratch(xhat_norm_layer *norm, size_t size,
                                   const xhat_allocator *allocator,
                                   xhat_error *error)
{
    if (size <= norm->scratch_size)
        return XHAT_OK;
    void *scratch = xhat_allocate(allocator, size, 1);
    if (scratch == NULL)
        return xhat_fail(error, XHAT_OUT_OF_MEMORY,
                         "no memory for %zu bytes of scratch", size);
    xhat_release(allocator, norm->scratch);
    norm->scratch = scratch;
    norm->scratch_size = size;
    return XHAT_OK;
}

xhat_status xhat_norm_prepare(xhat_norm_layer *norm, size_t rows,
                              const xhat_allocator *allocator,
                              xhat_error *error)
{
    if (plan_for(norm, rows) != NULL)
        return XHAT_OK;
    xhat_spec spec = xhat_spec_default(REAL_DTYPE);
    spec.outer = rows;
    spec.channels = norm->channels;
    spec.inner = 1;
    spec.eps = norm->eps;
    spec.threads = norm->threads;
    xhat_plan *plan;
    xhat_status status = xhat_plan_create(&plan, &spec, allocator, error);
    if (status != XHAT_OK)
        return status;
    status =
        reserve_scratch(norm, xhat_plan_scratch_size(plan), allocator, error);
    if (status != XHAT_OK) {
        xhat_plan_destroy(plan);
        return status;
    }
    if (norm->plan_count == XHAT_NORM_PLANS) { /* the oldest makes room */
        xhat_plan_destroy(norm->plans[0].plan);
        norm->plan_count--;
        memmove(norm->plans, norm->plans + 1,
                (size_t)norm->plan_count * sizeof norm->plans[0]);
    }
    norm->plans[norm->plan_count].rows = rows;
    norm->plans[norm->plan_count++].plan = plan;
    return XHAT_OK;
}

xhat_status xhat_norm_forward(xhat_norm_layer *norm, size_t rows, bool training,
                              const real *x, real *out, xhat_error *error)
{
    const xhat_plan *plan = plan_for(norm, rows);
    assert(plan != NULL);
    if (!training)
        return xhat_inference(plan,
                              &(xhat_inference_args){
                                  .x = x,
                                  .gamma = norm->gamma,
                                  .beta = norm->beta,
                                  .running_mean = norm->running.mean,
                                  .running_var = norm->running.var,
                                  .out = out,
                                  .scratch = norm->scratch,
                              },
                              error);
    xhat_statistics_discard(&norm->batch);
    return xhat_forward(plan,
                        &(xhat_forward_args){
                            .x = x,
                            .gamma = norm->gamma,
                            .beta = norm->beta,
                            .out = out,
                            .mean = norm->mean,
                            .mean_low = norm->mean_low,
                            .invstd = norm->invstd,
                            .statistics = &norm->batch,
                            .scratch = norm->scratch,
                        },
                        error);
}

xhat_status xhat_norm_backward(xhat_norm_layer *norm, size_t rows,
                               const real *x, real *gradient, xhat_error *error)
{
    const xhat_plan *plan = plan_for(norm, rows);
    assert(plan != NULL);
    return xhat_backward(plan,
                         &(xhat_backward_args){
                             .x = x,
                             .dout = gradient,
                             .gamma = norm->gamma,
                             .mean = norm->mean,
                             .mean_low = norm->mean_low,
                             .invstd = norm->invstd,
                             .dx = gradient,
                             .dgamma = norm->dgamma,
                             .dbeta = norm->dbeta,
                             .scratch = norm->scratch,
                         },
                         error);
}

xhat_status xhat_norm_commit(xhat_norm_layer *norm, xhat_error *error)
{
    xhat_running_rule rule = xhat_running_rule_preset(XHAT_TORCH);
    return xhat_running_commit(&norm->running, &rule, &norm->batch, NULL,
                               error);
}
