/* Inference, fused: gates 7-9 with the running statistics as constants. */
#include "arguments.h"
#include "base/error.h"
#include "careful.h"
#include "closed.h"
#include "passes.h"

static xhat_arrays arrays_of(const xhat_inference_args *args)
{
    return (xhat_arrays){.x = args->x,
                         .residual = args->residual,
                         .out = args->out,
                         .mask = args->mask};
}

static void end(const xhat_plan *plan, const void *args_, xhat_block *block)
{
    const xhat_inference_args *args = args_;
    const xhat_dtype dtype = plan->spec.dtype;
    const xhat_arrays arrays = arrays_of(args);
    xhat_block_load(plan, block, block->lanes.a, args->gamma, 1);
    block->gamma = args->gamma;
    xhat_block_load(plan, block, block->lanes.b, args->beta, 0);
    if (!plan->kernels->end_running(
            &block->ends, xhat_block_part(plan, block, args->running_mean),
            xhat_block_part(plan, block, args->running_var), &block->lanes))
        return;
    xhat_widen_odd(plan, block);
    for (size_t i = 0; i < block->channels; i++) {
        size_t c = block->first + i;
        double gamma = xhat_gamma_at(plan, args->gamma, c);
        double mean = xhat_get(dtype, args->running_mean, c);
        double invstd = xhat_inverse_deviation(
            xhat_get(dtype, args->running_var, c), plan->spec.eps);
        if (!block->ends.odd[i] || !xhat_is_extreme(plan, block, i))
            continue;
        xhat_extreme_inference(plan, c, &arrays, mean, invstd, gamma,
                               xhat_beta_at(plan, args->beta, c));
        xhat_block_set_written(block, c);
    }
}

static xhat_status check(const xhat_plan *plan, const xhat_inference_args *args,
                         xhat_error *error)
{
    const size_t full = xhat_full_bytes(plan), some = xhat_channel_bytes(plan);
    const xhat_argument arguments[] = {
        {"x", args->x, full, XHAT_INPUT, 0, NULL},
        {"gamma", args->gamma, some, XHAT_WHEN_FLAGGED, XHAT_SCALE, NULL},
        {"beta", args->beta, some, XHAT_WHEN_FLAGGED, XHAT_SHIFT, NULL},
        {"residual", args->residual, full, XHAT_WHEN_FLAGGED, XHAT_ADD_RELU,
         NULL},
        {"running_mean", args->running_mean, some, XHAT_INPUT, 0, NULL},
        {"running_var", args->running_var, some, XHAT_INPUT, 0, NULL},
        {"out", args->out, full, XHAT_OUTPUT, 0, args->x},
        {"mask", args->mask, xhat_plan_mask_size(plan), xhat_mask_output(plan),
         XHAT_ADD_RELU, NULL}};
    return xhat_check_arguments(plan, arguments,
                                sizeof arguments / sizeof *arguments,
                                args->scratch, args->scratch_size, error);
}

xhat_status xhat_inference(const xhat_plan *plan,
                           const xhat_inference_args *args, xhat_error *error)
{
    if (plan == NULL || args == NULL)
        return xhat_fail(error, XHAT_INVALID_ARGUMENT, "%s is NULL",
                         plan == NULL ? "plan" : "args");
    xhat_status status = check(plan, args, error);
    if (status != XHAT_OK || plan->count == 0)
        return status;
    if (plan->spec.method == XHAT_CLOSED) {
        xhat_closed_inference(plan, args);
    } else {
        const xhat_passes passes = {
            .end = end,
            .write = plan->kernels
                         ->affine[plan->inference.writes.order][plan->fusion],
            .arrays = arrays_of(args)};
        xhat_run_passes(plan, &plan->inference, args->scratch, &passes, args);
    }
    return XHAT_OK;
}
