/* Training backward, fused: the closed form of gates 9-0 in two passes over a
 * block of channels. */
#include <string.h>

#include "arguments.h"
#include "base/error.h"
#include "careful.h"
#include "closed.h"
#include "passes.h"

static xhat_arrays arrays_of(const xhat_backward_args *args)
{
    return (xhat_arrays){.x = args->x,
                         .dout = args->dout,
                         .out = args->dx,
                         .dresidual = args->dresidual,
                         .mask = (void *)args->mask};
}

/* The pivot of the sums of dout: behind a ReLU, where many are 0, it is 0. */
static void set_pivot(const xhat_plan *plan, const xhat_block *block,
                      const void *dout)
{
    if (plan->fusion == XHAT_FUSE_NOTHING)
        xhat_block_pivot(plan, block, dout);
    else
        xhat_block_load(plan, block, block->lanes.pivot, NULL, 0);
}

static void begin(const xhat_plan *plan, const void *args_, xhat_block *block)
{
    const xhat_backward_args *args = args_;
    const xhat_lanes *lanes = &block->lanes;
    set_pivot(plan, block, args->dout);
    xhat_block_load(plan, block, lanes->mean, args->mean, 0);
    xhat_block_load(plan, block, lanes->mean_low, args->mean_low, 0);
    xhat_block_load(plan, block, lanes->invstd, args->invstd, 0);
    xhat_block_load(plan, block, lanes->b, args->beta, 0);
    xhat_block_load(plan, block, block->lanes.a, args->gamma, 1);
    block->gamma = args->gamma;
    plan->kernels->scale(block->channels, lanes);
}

/* dmean, rest, k, dgamma and dbeta of number i, from sums around 0. */
static void set_coefficients(const xhat_plan *plan, const xhat_block *block,
                             size_t i, double sum, double product)
{
    const xhat_dtype dtype = plan->spec.dtype;
    const xhat_lanes *lanes = &block->lanes;
    double count = (double)plan->count, mean = sum / count;
    double invstd = xhat_get(dtype, lanes->invstd, i);
    xhat_put(dtype, lanes->dmean, i, mean);
    xhat_put(dtype, lanes->k, i, invstd * (invstd * product / count));
    xhat_put(dtype, lanes->rest, i,
             (mean - xhat_get(dtype, lanes->dmean, i)) -
                 xhat_get(dtype, lanes->k, i) *
                     xhat_get(dtype, lanes->mean_low, i));
    xhat_put(dtype, lanes->dgamma, i, invstd * product);
    xhat_put(dtype, lanes->dbeta, i, sum);
}

static void end_odd_channel(const xhat_plan *plan,
                            const xhat_backward_args *args, xhat_block *block,
                            size_t i)
{
    const xhat_dtype dtype = plan->spec.dtype;
    const xhat_lanes *lanes = &block->lanes;
    const xhat_arrays arrays = arrays_of(args);
    size_t c = block->first + i;
    double gamma = xhat_gamma_at(plan, args->gamma, c), sum, product;
    if (xhat_is_extreme(plan, block, i)) {
        xhat_extreme_backward(plan, c, &arrays, gamma,
                              xhat_beta_at(plan, args->beta, c), &product,
                              &sum);
        xhat_put(dtype, lanes->dgamma, i, product);
        xhat_put(dtype, lanes->dbeta, i, sum);
        xhat_block_set_written(block, c);
        return;
    }
    xhat_careful_grad_sums(plan, block, i, &arrays, &sum, &product);
    set_coefficients(plan, block, i, sum, product);
}

static void end(const xhat_plan *plan, const void *args_, xhat_block *block)
{
    const xhat_backward_args *args = args_;
    if (plan->kernels->end_grad_sums(&block->ends, &block->sums,
                                     &block->lanes)) {
        xhat_widen_odd(plan, block);
        for (size_t i = 0; i < block->channels; i++)
            if (block->ends.odd[i])
                end_odd_channel(plan, args, block, i);
    }
    xhat_block_save(plan, block, args->dgamma, block->lanes.dgamma);
    xhat_block_save(plan, block, args->dbeta, block->lanes.dbeta);
}

/* beta, mask and dresidual are asked for where the fusion needs them. */
static xhat_use needed_if(bool condition, xhat_use use, xhat_use otherwise)
{
    return condition ? use : otherwise;
}

static xhat_status check(const xhat_plan *plan, const xhat_backward_args *args,
                         xhat_error *error)
{
    const size_t full = xhat_full_bytes(plan), some = xhat_channel_bytes(plan);
    const bool add = plan->fusion == XHAT_FUSE_ADD_RELU;
    const bool relu = plan->fusion == XHAT_FUSE_RELU;
    const xhat_argument arguments[] = {
        {"x", args->x, full, XHAT_INPUT, 0, NULL},
        {"dout", args->dout, full, XHAT_INPUT, 0, NULL},
        {"gamma", args->gamma, some, XHAT_WHEN_FLAGGED, XHAT_SCALE, NULL},
        {"beta", args->beta, some,
         needed_if(relu && (plan->spec.flags & XHAT_SHIFT), XHAT_INPUT,
                   XHAT_OPTIONAL_INPUT),
         0, NULL},
        {"mask", args->mask, xhat_plan_mask_size(plan), XHAT_WHEN_FLAGGED,
         XHAT_ADD_RELU, NULL},
        {"mean", args->mean, some, XHAT_INPUT, 0, NULL},
        {"mean_low", args->mean_low, some, XHAT_INPUT, 0, NULL},
        {"invstd", args->invstd, some, XHAT_INPUT, 0, NULL},
        {"dx", args->dx, full, XHAT_OUTPUT, 0, args->dout},
        {"dresidual", args->dresidual, full,
         needed_if(add, XHAT_OUTPUT, XHAT_WHEN_FLAGGED), XHAT_ADD_RELU,
         args->dout},
        {"dgamma", args->dgamma, some, XHAT_OPTIONAL_OUTPUT, 0, NULL},
        {"dbeta", args->dbeta, some, XHAT_OPTIONAL_OUTPUT, 0, NULL}};
    xhat_status status = xhat_check_arguments(
        plan, arguments, sizeof arguments / sizeof *arguments, args->scratch,
        args->scratch_size, error);
    return status == XHAT_OK ? xhat_check_count(plan, error) : status;
}

/* Without values every sum is 0. */
static void backward_of_nothing(const xhat_plan *plan, void *dgamma,
                                void *dbeta)
{
    if (dgamma != NULL)
        memset(dgamma, 0, xhat_channel_bytes(plan));
    if (dbeta != NULL)
        memset(dbeta, 0, xhat_channel_bytes(plan));
}

xhat_status xhat_backward(const xhat_plan *plan, const xhat_backward_args *args,
                          xhat_error *error)
{
    if (plan == NULL || args == NULL)
        return xhat_fail(error, XHAT_INVALID_ARGUMENT, "%s is NULL",
                         plan == NULL ? "plan" : "args");
    xhat_status status = check(plan, args, error);
    if (status != XHAT_OK)
        return status;
    if (plan->count == 0) {
        backward_of_nothing(plan, args->dgamma, args->dbeta);
    } else if (plan->spec.method == XHAT_CLOSED) {
        xhat_closed_backward(plan, args);
    } else {
        const xhat_passes passes = {
            .begin = begin,
            .sum = plan->kernels->grad_sums[plan->backward.order][plan->fusion],
            .end = end,
            .write =
                plan->kernels->grad_affine[plan->backward.order][plan->fusion],
            .arrays = arrays_of(args)};
        xhat_run_passes(plan, &plan->backward, args->scratch, &passes, args);
    }
    return XHAT_OK;
}

/* ---- frozen: the statistics are constants -------------------------------- */

static xhat_arrays frozen_arrays_of(const xhat_frozen_backward_args *args)
{
    return (xhat_arrays){.x = args->x,
                         .dout = args->dout,
                         .out = args->dx,
                         .dresidual = args->dresidual,
                         .mask = (void *)args->mask};
}

static void begin_frozen(const xhat_plan *plan, const void *args_,
                         xhat_block *block)
{
    const xhat_frozen_backward_args *args = args_;
    xhat_block_load(plan, block, block->lanes.a, args->gamma, 1);
    block->gamma = args->gamma;
    xhat_block_load(plan, block, block->lanes.b, args->beta, 0);
    xhat_block_load(plan, block, block->lanes.pivot, NULL, 0);
    plan->kernels->end_running(
        &block->ends, xhat_block_part(plan, block, args->running_mean),
        xhat_block_part(plan, block, args->running_var), &block->lanes);
}

static void end_odd_frozen(const xhat_plan *plan,
                           const xhat_frozen_backward_args *args,
                           xhat_block *block, size_t i)
{
    const xhat_dtype dtype = plan->spec.dtype;
    const xhat_arrays arrays = frozen_arrays_of(args);
    size_t c = block->first + i;
    double gamma = xhat_gamma_at(plan, args->gamma, c), sum, product;
    double mean = xhat_get(dtype, args->running_mean, c);
    double invstd = xhat_inverse_deviation(
        xhat_get(dtype, args->running_var, c), plan->spec.eps);
    if (xhat_is_extreme(plan, block, i)) {
        xhat_extreme_frozen_backward(plan, c, &arrays, mean, invstd, gamma,
                                     xhat_beta_at(plan, args->beta, c),
                                     &product, &sum);
        xhat_block_set_written(block, c);
    } else {
        xhat_careful_grad_sums(plan, block, i, &arrays, &sum, &product);
        product *= invstd;
    }
    xhat_put(dtype, block->lanes.dgamma, i, product);
    xhat_put(dtype, block->lanes.dbeta, i, sum);
}

static void end_frozen(const xhat_plan *plan, const void *args_,
                       xhat_block *block)
{
    const xhat_frozen_backward_args *args = args_;
    const xhat_lanes *lanes = &block->lanes;
    if (plan->kernels->end_grad_sums(&block->ends, &block->sums, lanes)) {
        xhat_widen_odd(plan, block);
        for (size_t i = 0; i < block->channels; i++)
            if (block->ends.odd[i])
                end_odd_frozen(plan, args, block, i);
    }
    xhat_block_save(plan, block, args->dgamma, lanes->dgamma);
    xhat_block_save(plan, block, args->dbeta, lanes->dbeta);
    /* dx = a dout: nothing flows through the statistics */
    xhat_block_load(plan, block, lanes->dmean, NULL, 0);
    xhat_block_load(plan, block, lanes->rest, NULL, 0);
    xhat_block_load(plan, block, lanes->k, NULL, 0);
}

static xhat_status check_frozen(const xhat_plan *plan,
                                const xhat_frozen_backward_args *args,
                                xhat_error *error)
{
    const size_t full = xhat_full_bytes(plan), some = xhat_channel_bytes(plan);
    const bool add = plan->fusion == XHAT_FUSE_ADD_RELU;
    const bool relu = plan->fusion == XHAT_FUSE_RELU;
    const xhat_argument arguments[] = {
        {"x", args->x, full, XHAT_INPUT, 0, NULL},
        {"dout", args->dout, full, XHAT_INPUT, 0, NULL},
        {"gamma", args->gamma, some, XHAT_WHEN_FLAGGED, XHAT_SCALE, NULL},
        {"beta", args->beta, some,
         needed_if(relu && (plan->spec.flags & XHAT_SHIFT), XHAT_INPUT,
                   XHAT_OPTIONAL_INPUT),
         0, NULL},
        {"mask", args->mask, xhat_plan_mask_size(plan), XHAT_WHEN_FLAGGED,
         XHAT_ADD_RELU, NULL},
        {"running_mean", args->running_mean, some, XHAT_INPUT, 0, NULL},
        {"running_var", args->running_var, some, XHAT_INPUT, 0, NULL},
        {"dx", args->dx, full, XHAT_OUTPUT, 0, args->dout},
        {"dresidual", args->dresidual, full,
         needed_if(add, XHAT_OUTPUT, XHAT_WHEN_FLAGGED), XHAT_ADD_RELU,
         args->dout},
        {"dgamma", args->dgamma, some, XHAT_OPTIONAL_OUTPUT, 0, NULL},
        {"dbeta", args->dbeta, some, XHAT_OPTIONAL_OUTPUT, 0, NULL}};
    return xhat_check_arguments(plan, arguments,
                                sizeof arguments / sizeof *arguments,
                                args->scratch, args->scratch_size, error);
}

xhat_status xhat_frozen_backward(const xhat_plan *plan,
                                 const xhat_frozen_backward_args *args,
                                 xhat_error *error)
{
    if (plan == NULL || args == NULL)
        return xhat_fail(error, XHAT_INVALID_ARGUMENT, "%s is NULL",
                         plan == NULL ? "plan" : "args");
    xhat_status status = check_frozen(plan, args, error);
    if (status != XHAT_OK)
        return status;
    if (plan->count == 0) {
        backward_of_nothing(plan, args->dgamma, args->dbeta);
    } else if (plan->spec.method == XHAT_CLOSED) {
        xhat_closed_frozen_backward(plan, args);
    } else {
        const xhat_passes passes = {
            .begin = begin_frozen,
            .sum = plan->kernels->grad_sums[plan->backward.order][plan->fusion],
            .end = end_frozen,
            .write =
                plan->kernels->grad_affine[plan->backward.order][plan->fusion],
            .arrays = frozen_arrays_of(args)};
        xhat_run_passes(plan, &plan->backward, args->scratch, &passes, args);
    }
    return XHAT_OK;
}
