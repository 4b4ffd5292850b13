/* Inference, fused: gates 7-9 with the running statistics as constants. */
#include "base/error.h"
#include "channel_block.h"
#include "closed.h"
#include "extreme.h"

enum { LANE_A, LANE_MEAN, LANE_MEAN_LOW, LANE_B };

static void inference_block(const xhat_plan *plan, const void *args_,
                            xhat_block *block)
{
    const xhat_inference_args *args = args_;
    xhat_dtype dtype = plan->spec.dtype;
    for (size_t c = block->first; c < block->end; c++) {
        double gamma = xhat_gamma_at(plan, args->gamma, c);
        double beta = xhat_beta_at(plan, args->beta, c);
        double mean = xhat_get(dtype, args->running_mean, c);
        double invstd = xhat_inverse_deviation(
            xhat_get(dtype, args->running_var, c), plan->spec.eps);
        if (xhat_is_extreme(dtype, mean, invstd, gamma)) {
            block->extreme[c - block->first] = true;
            xhat_extreme_inference(plan, c, args->x, mean, invstd, gamma, beta,
                                   args->out);
        }
        xhat_block_set(plan, block, LANE_A, c, gamma * invstd);
        xhat_block_set(plan, block, LANE_MEAN, c, mean);
        xhat_block_set(plan, block, LANE_MEAN_LOW, c, 0);
        xhat_block_set(plan, block, LANE_B, c, beta);
    }
    xhat_block_affine(plan, block, args->x, args->out);
}

static xhat_status check(const xhat_plan *plan, const xhat_inference_args *args,
                         xhat_error *error)
{
    const xhat_named_pointer needed[] = {{args->x, "x"},
                                         {args->running_mean, "running_mean"},
                                         {args->running_var, "running_var"},
                                         {args->out, "out"},
                                         {args->scratch, "scratch"}};
    xhat_status status =
        xhat_check_pointers(needed, sizeof needed / sizeof *needed, error);
    if (status != XHAT_OK)
        return status;
    if ((status = xhat_check_parameter(plan, XHAT_SCALE, args->gamma, "gamma",
                                       error)) != XHAT_OK ||
        (status = xhat_check_parameter(plan, XHAT_SHIFT, args->beta, "beta",
                                       error)) != XHAT_OK)
        return status;
    return xhat_check_overlap(plan, args->out, "out", args->x, "x", true,
                              error);
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
    if (plan->spec.method == XHAT_CLOSED)
        xhat_closed_inference(plan, args);
    else
        xhat_for_each_block(plan, args->scratch, inference_block, args);
    return XHAT_OK;
}
