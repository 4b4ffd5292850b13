/* Training backward, fused: the closed form of gates 9-0 in two passes over a
 * block of channels. */
#include "base/error.h"
#include "careful.h"
#include "closed.h"
#include "gradients.h"

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
    const xhat_arrays arrays = xhat_gradient_arrays(args);
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

static xhat_status check(const xhat_plan *plan, const xhat_backward_args *args,
                         xhat_error *error)
{
    const size_t some = xhat_channel_bytes(plan);
    const xhat_argument statistics[] = {
        {"mean", args->mean, some, XHAT_INPUT, 0, NULL},
        {"mean_low", args->mean_low, some, XHAT_INPUT, 0, NULL},
        {"invstd", args->invstd, some, XHAT_INPUT, 0, NULL}};
    xhat_status status = xhat_check_gradients(plan, args, statistics, error);
    return status == XHAT_OK ? xhat_check_count(plan, error) : status;
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
    if (plan->count == 0)
        xhat_gradients_of_nothing(plan, args);
    else if (plan->spec.method == XHAT_CLOSED)
        xhat_closed_backward(plan, args);
    else
        xhat_run_gradients(plan, args, begin, end, plan->kernels->grad_affine,
                           args);
    return XHAT_OK;
}
