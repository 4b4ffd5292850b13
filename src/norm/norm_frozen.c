/* Backward of inference, fused: gates 9-7 with the running statistics as
 * constants. */
#include "base/error.h"
#include "careful.h"
#include "closed.h"
#include "gradients.h"

/* What backward in training has, too. */
static xhat_backward_args common_of(const xhat_frozen_backward_args *args)
{
    return (xhat_backward_args){.x = args->x,
                                .dout = args->dout,
                                .gamma = args->gamma,
                                .beta = args->beta,
                                .mask = args->mask,
                                .dx = args->dx,
                                .dresidual = args->dresidual,
                                .dgamma = args->dgamma,
                                .dbeta = args->dbeta,
                                .scratch = args->scratch,
                                .scratch_size = args->scratch_size};
}

static void begin(const xhat_plan *plan, const void *args_, xhat_block *block)
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

static void end_odd_channel(const xhat_plan *plan,
                            const xhat_frozen_backward_args *args,
                            xhat_block *block, size_t i)
{
    const xhat_dtype dtype = plan->spec.dtype;
    const xhat_backward_args common = common_of(args);
    const xhat_arrays arrays = xhat_gradient_arrays(&common);
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

static void end(const xhat_plan *plan, const void *args_, xhat_block *block)
{
    const xhat_frozen_backward_args *args = args_;
    const xhat_lanes *lanes = &block->lanes;
    if (plan->kernels->end_grad_sums(&block->ends, &block->sums, lanes)) {
        xhat_widen_odd(plan, block);
        for (size_t i = 0; i < block->channels; i++)
            if (block->ends.odd[i])
                end_odd_channel(plan, args, block, i);
    }
    xhat_block_save(plan, block, args->dgamma, lanes->dgamma);
    xhat_block_save(plan, block, args->dbeta, lanes->dbeta);
}

xhat_status xhat_frozen_backward(const xhat_plan *plan,
                                 const xhat_frozen_backward_args *args,
                                 xhat_error *error)
{
    if (plan == NULL || args == NULL)
        return xhat_fail(error, XHAT_INVALID_ARGUMENT, "%s is NULL",
                         plan == NULL ? "plan" : "args");
    const xhat_backward_args common = common_of(args);
    const size_t some = xhat_channel_bytes(plan);
    const xhat_argument statistics[] = {
        {"running_mean", args->running_mean, some, XHAT_INPUT, 0, NULL},
        {"running_var", args->running_var, some, XHAT_INPUT, 0, NULL},
        {NULL, NULL, 0, XHAT_OPTIONAL_INPUT, 0, NULL}};
    xhat_status status = xhat_check_gradients(plan, &common, statistics, error);
    if (status != XHAT_OK)
        return status;
    if (plan->count == 0)
        xhat_gradients_of_nothing(plan, &common);
    else if (plan->spec.method == XHAT_CLOSED)
        xhat_closed_frozen_backward(plan, args);
    else
        xhat_run_gradients(plan, &common, begin, end,
                           plan->kernels->frozen_affine, args);
    return XHAT_OK;
}
