/* Batch normalization and layer normalization as layers: the library's plans,
 * with the parameters, the saved statistics and the running statistics that a
 * layer owns.
 *
 * Layer norm is the same circuit over the other axis: the rows take the part
 * of the channels.  gamma and beta go along the units, so the plan has none:
 * it gives x_norm, and gates 8 and 9 are applied here.
 *
 * The ReLU behind the norm is part of the layer: batch norm's plan takes it
 * into its own passes over memory. */
#include "net/layers.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

const char *xhat_net_norm_name(xhat_net_norm norm)
{
    static const char *const names[] = {"none", "batch", "layer"};
    return names[norm];
}

/* ---- life ---------------------------------------------------------------- */

/* Zeroed arrays of reals; false when memory is out. */
static bool allocate_reals(real **const *arrays, size_t count, size_t size,
                           const xhat_allocator *allocator)
{
    for (size_t i = 0; i < count; i++) {
        *arrays[i] = xhat_allocate_zeroed(allocator, size, sizeof(real));
        if (*arrays[i] == NULL)
            return false;
    }
    return true;
}

static bool allocate_arrays(xhat_norm_layer *norm, size_t rows,
                            const xhat_allocator *allocator)
{
    real **parameters[] = {&norm->gamma, &norm->dgamma, &norm->beta,
                           &norm->dbeta};
    real **saved[] = {&norm->mean, &norm->mean_low, &norm->invstd};
    bool is_batch = norm->kind == XHAT_NET_NORM_BATCH;
    size_t width = norm->width;
    if (!allocate_reals(parameters, 4, width, allocator) ||
        !allocate_reals(saved, 3, is_batch ? width : rows, allocator))
        return false;
    if (!is_batch)
        return true;
    norm->batch.mean = xhat_allocate_zeroed(allocator, width, sizeof(double));
    norm->batch.m2 = xhat_allocate_zeroed(allocator, width, sizeof(double));
    norm->running.mean = xhat_allocate_zeroed(allocator, width, sizeof(real));
    norm->running.var = xhat_allocate_zeroed(allocator, width, sizeof(real));
    return norm->batch.mean != NULL && norm->batch.m2 != NULL &&
           norm->running.mean != NULL && norm->running.var != NULL;
}

xhat_status xhat_norm_create(xhat_norm_layer *norm, size_t width,
                             const xhat_net_spec *spec,
                             const xhat_allocator *allocator, xhat_error *error)
{
    *norm = (xhat_norm_layer){
        .kind = spec->norm,
        .width = width,
        .eps = spec->eps,
        .rule = xhat_running_rule_preset(XHAT_TORCH),
        .threads = spec->threads,
        .batch = {.channels = width},
        .running = {.dtype = REAL_DTYPE, .channels = width},
    };
    norm->rule.cumulative = spec->norm_momentum == 0;
    norm->rule.weight_of_new = spec->norm_momentum;
    if (!allocate_arrays(norm, spec->max_rows, allocator))
        return xhat_fail(error, XHAT_OUT_OF_MEMORY,
                         "no memory for a norm of %zu units", width);
    real *running_mean = norm->running.mean, *running_var = norm->running.var;
    for (size_t j = 0; j < width; j++) {
        norm->gamma[j] = 1;
        if (norm->kind != XHAT_NET_NORM_BATCH)
            continue;
        running_mean[j] = (real)norm->rule.initial_mean;
        running_var[j] = (real)norm->rule.initial_var;
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

/* ---- plans --------------------------------------------------------------- */

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

static xhat_spec plan_spec(const xhat_norm_layer *norm, size_t rows)
{
    bool is_batch = norm->kind == XHAT_NET_NORM_BATCH;
    xhat_spec spec = xhat_spec_default(REAL_DTYPE);
    spec.outer = is_batch ? rows : 1;
    spec.channels = is_batch ? norm->width : rows;
    spec.inner = is_batch ? 1 : norm->width;
    if (is_batch)
        spec.flags |= XHAT_RELU;
    else
        spec.flags = XHAT_ALLOW_SINGLE; /* a layer of one unit gives beta */
    spec.eps = norm->eps;
    spec.threads = norm->threads;
    return spec;
}

xhat_status xhat_norm_prepare(xhat_norm_layer *norm, size_t rows,
                              const xhat_allocator *allocator,
                              xhat_error *error)
{
    if (plan_for(norm, rows) != NULL)
        return XHAT_OK;
    xhat_spec spec = plan_spec(norm, rows);
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

/* ---- forward and backward ------------------------------------------------ */

static xhat_status batch_inference(xhat_norm_layer *norm, const xhat_plan *plan,
                                   const real *x, real *out, xhat_error *error)
{
    return xhat_inference(plan,
                          &(xhat_inference_args){
                              .x = x,
                              .gamma = norm->gamma,
                              .beta = norm->beta,
                              .running_mean = norm->running.mean,
                              .running_var = norm->running.var,
                              .out = out,
                              .scratch = norm->scratch,
                              .scratch_size = norm->scratch_size,
                          },
                          error);
}

/* Gates 8 and 9 of layer norm, and the ReLU: x_norm becomes
 * max(gamma * x_norm + beta, 0). */
static void scale_and_shift(const xhat_norm_layer *norm, size_t rows, real *out)
{
    const real *restrict gamma = norm->gamma, *restrict beta = norm->beta;
    for (size_t r = 0; r < rows; r++) {
        real *restrict row = out + r * norm->width;
        for (size_t j = 0; j < norm->width; j++)
            row[j] = gamma[j] * row[j] + beta[j];
    }
    xhat_relu_forward(rows * norm->width, out);
}

xhat_status xhat_norm_forward(xhat_norm_layer *norm, size_t rows, bool training,
                              const real *x, real *out, xhat_error *error)
{
    const xhat_plan *plan = plan_for(norm, rows);
    bool is_batch = norm->kind == XHAT_NET_NORM_BATCH;
    assert(plan != NULL);
    if (is_batch && !training)
        return batch_inference(norm, plan, x, out, error);
    if (is_batch)
        xhat_statistics_discard(&norm->batch);
    xhat_status status =
        xhat_forward(plan,
                     &(xhat_forward_args){
                         .x = x,
                         .gamma = is_batch ? norm->gamma : NULL,
                         .beta = is_batch ? norm->beta : NULL,
                         .out = out,
                         .mean = norm->mean,
                         .mean_low = norm->mean_low,
                         .invstd = norm->invstd,
                         .statistics = is_batch ? &norm->batch : NULL,
                         .scratch = norm->scratch,
                         .scratch_size = norm->scratch_size,
                     },
                     error);
    if (status == XHAT_OK && !is_batch)
        scale_and_shift(norm, rows, out);
    return status;
}

/* The ReLU and gates 9 and 8 of layer norm: dgamma and dbeta from dout, which
 * becomes dx_norm. */
static void unscale(xhat_norm_layer *norm, size_t rows, const real *x,
                    const real *out, real *gradient)
{
    size_t width = norm->width;
    xhat_relu_backward(rows * width, out, gradient);
    const real *restrict gamma = norm->gamma;
    real *restrict dgamma = norm->dgamma, *restrict dbeta = norm->dbeta;
    memset(dgamma, 0, width * sizeof(real));
    memset(dbeta, 0, width * sizeof(real));
    for (size_t r = 0; r < rows; r++) {
        const real mean = norm->mean[r], low = norm->mean_low[r];
        const real invstd = norm->invstd[r];
        const real *restrict value = x + r * width;
        real *restrict row = gradient + r * width;
        for (size_t j = 0; j < width; j++) {
            dgamma[j] += row[j] * ((value[j] - mean - low) * invstd);
            dbeta[j] += row[j];
            row[j] *= gamma[j];
        }
    }
}

xhat_status xhat_norm_backward(xhat_norm_layer *norm, size_t rows,
                               const real *x, const real *out, real *gradient,
                               xhat_error *error)
{
    const xhat_plan *plan = plan_for(norm, rows);
    bool is_batch = norm->kind == XHAT_NET_NORM_BATCH;
    assert(plan != NULL);
    if (!is_batch)
        unscale(norm, rows, x, out, gradient);
    return xhat_backward(plan,
                         &(xhat_backward_args){
                             .x = x,
                             .dout = gradient,
                             .gamma = is_batch ? norm->gamma : NULL,
                             .beta = is_batch ? norm->beta : NULL,
                             .mean = norm->mean,
                             .mean_low = norm->mean_low,
                             .invstd = norm->invstd,
                             .dx = gradient,
                             .dgamma = is_batch ? norm->dgamma : NULL,
                             .dbeta = is_batch ? norm->dbeta : NULL,
                             .scratch = norm->scratch,
                             .scratch_size = norm->scratch_size,
                         },
                         error);
}

xhat_status xhat_norm_commit(xhat_norm_layer *norm, xhat_error *error)
{
    size_t refused = 0;
    if (norm->kind != XHAT_NET_NORM_BATCH)
        return XHAT_OK;
    xhat_status status = xhat_running_commit(&norm->running, &norm->rule,
                                             &norm->batch, &refused, error);
    norm->refused += refused;
    return status;
}
