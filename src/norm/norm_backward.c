/* Training backward, fused: the closed form of gates 9-0 in two passes over a
 * block of channels. */
#include <math.h>

#include "base/error.h"
#include "channel_block.h"
#include "closed.h"
#include "extreme.h"

enum { LANE_A, LANE_DMEAN, LANE_DMEAN_LOW, LANE_MEAN, LANE_MEAN_LOW, LANE_K };

static void put_gradient(const xhat_plan *plan, void *array, size_t c,
                         double value)
{
    if (array != NULL)
        xhat_put(plan->spec.dtype, array, c, value);
}

/* From the sums of channel c to its parameter gradients and the coefficients
 * of dx = a ((dout - dmean) - (x - mean) k). */
static void finish_channel(const xhat_plan *plan,
                           const xhat_backward_args *args, xhat_block *block,
                           size_t c, double invstd, double gamma)
{
    size_t at = c - block->first;
    xhat_dtype dtype = plan->spec.dtype;
    double count = (double)plan->count;
    double sum = block->sum[at] + block->sum_low[at];
    double offset = sum / count, pivot = block->pivot[at];
    double dmean = pivot + offset; /* mean of dout */
    double dgamma = invstd * (block->product[at] + block->product_low[at]);
    double high = dtype == XHAT_F32 ? (double)(float)dmean : dmean;
    put_gradient(plan, args->dbeta, c, fma(count, pivot, sum)); /* gate 9 */
    put_gradient(plan, args->dgamma, c, dgamma);                /* gate 8 */
    xhat_block_set(plan, block, LANE_A, c, gamma * invstd);
    xhat_block_set(plan, block, LANE_DMEAN, c, high);
    xhat_block_set(plan, block, LANE_DMEAN_LOW, c,
                   isfinite(high) ? (pivot - high) + offset : 0);
    xhat_block_set(plan, block, LANE_MEAN, c, block->mean[at]);
    xhat_block_set(plan, block, LANE_MEAN_LOW, c, block->mean_low[at]);
    xhat_block_set(plan, block, LANE_K, c, invstd * (dgamma / count));
}

static void backward_block(const xhat_plan *plan, const void *args_,
                           xhat_block *block)
{
    const xhat_backward_args *args = args_;
    xhat_dtype dtype = plan->spec.dtype;
    for (size_t c = block->first; c < block->end; c++) {
        size_t at = c - block->first;
        block->mean[at] = xhat_get(dtype, args->mean, c);
        block->mean_low[at] = xhat_get(dtype, args->mean_low, c);
        block->pivot[at] =
            xhat_get(dtype, args->dout, xhat_channel_start(plan, c));
    }
    xhat_block_grad_sums(plan, block, args->x, args->dout);
    for (size_t c = block->first; c < block->end; c++) {
        size_t at = c - block->first;
        double gamma = xhat_gamma_at(plan, args->gamma, c);
        double invstd = xhat_get(dtype, args->invstd, c);
        if (xhat_is_extreme(dtype, block->mean[at], invstd, gamma)) {
            double dgamma, dbeta;
            block->extreme[at] = true;
            xhat_extreme_backward(plan, c, args->x, args->dout, gamma, args->dx,
                                  &dgamma, &dbeta);
            put_gradient(plan, args->dgamma, c, dgamma);
            put_gradient(plan, args->dbeta, c, dbeta);
        } else {
            finish_channel(plan, args, block, c, invstd, gamma);
        }
    }
    xhat_block_grad_affine(plan, block, args->x, args->dout, args->dx);
}

/* What training and frozen backward ask of the arrays that both have. */
static xhat_status check_arrays(const xhat_plan *plan, const void *x,
                                const void *dout, const void *gamma,
                                const void *dx, xhat_error *error)
{
    xhat_status status =
        xhat_check_parameter(plan, XHAT_SCALE, gamma, "gamma", error);
    if (status == XHAT_OK)
        status = xhat_check_overlap(plan, dx, "dx", x, "x", false, error);
    if (status == XHAT_OK)
        status = xhat_check_overlap(plan, dx, "dx", dout, "dout", true, error);
    return status;
}

static xhat_status check(const xhat_plan *plan, const xhat_backward_args *args,
                         xhat_error *error)
{
    const xhat_named_pointer needed[] = {{args->x, "x"},
                                         {args->dout, "dout"},
                                         {args->mean, "mean"},
                                         {args->mean_low, "mean_low"},
                                         {args->invstd, "invstd"},
                                         {args->dx, "dx"},
                                         {args->scratch, "scratch"}};
    xhat_status status =
        xhat_check_pointers(needed, sizeof needed / sizeof *needed, error);
    if (status != XHAT_OK)
        return status;
    status =
        check_arrays(plan, args->x, args->dout, args->gamma, args->dx, error);
    return status == XHAT_OK ? xhat_check_count(plan, error) : status;
}

/* Without values every sum is 0. */
static void backward_of_nothing(const xhat_plan *plan, void *dgamma,
                                void *dbeta)
{
    for (size_t c = 0; c < plan->spec.channels; c++) {
        put_gradient(plan, dgamma, c, 0);
        put_gradient(plan, dbeta, c, 0);
    }
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
        backward_of_nothing(plan, args->dgamma, args->dbeta);
    else if (plan->spec.method == XHAT_CLOSED)
        xhat_closed_backward(plan, args);
    else
        xhat_for_each_block(plan, args->scratch, backward_block, args);
    return XHAT_OK;
}

/* ---- frozen: the statistics are constants -------------------------------- */

static void frozen_block(const xhat_plan *plan, const void *args_,
                         xhat_block *block)
{
    const xhat_frozen_backward_args *args = args_;
    xhat_dtype dtype = plan->spec.dtype;
    for (size_t c = block->first; c < block->end; c++) {
        size_t at = c - block->first;
        block->mean[at] = xhat_get(dtype, args->running_mean, c);
        block->mean_low[at] = 0;
        block->pivot[at] = 0;
    }
    xhat_block_grad_sums(plan, block, args->x, args->dout);
    for (size_t c = block->first; c < block->end; c++) {
        size_t at = c - block->first;
        double gamma = xhat_gamma_at(plan, args->gamma, c);
        double invstd = xhat_inverse_deviation(
            xhat_get(dtype, args->running_var, c), plan->spec.eps);
        double dbeta = block->sum[at] + block->sum_low[at];
        double dgamma = invstd * (block->product[at] + block->product_low[at]);
        if (xhat_is_extreme(dtype, block->mean[at], invstd, gamma)) {
            block->extreme[at] = true;
            xhat_extreme_frozen_backward(plan, c, args->x, args->dout,
                                         block->mean[at], invstd, gamma,
                                         args->dx, &dgamma, &dbeta);
        }
        put_gradient(plan, args->dgamma, c, dgamma);
        put_gradient(plan, args->dbeta, c, dbeta);
        /* dx = a dout: the affine kernel on dout, without a mean */
        xhat_block_set(plan, block, 0, c, gamma * invstd);
        for (int which = 1; which < 4; which++)
            xhat_block_set(plan, block, which, c, 0);
    }
    xhat_block_affine(plan, block, args->dout, args->dx);
}

static xhat_status check_frozen(const xhat_plan *plan,
                                const xhat_frozen_backward_args *args,
                                xhat_error *error)
{
    const xhat_named_pointer needed[] = {{args->x, "x"},
                                         {args->dout, "dout"},
                                         {args->running_mean, "running_mean"},
                                         {args->running_var, "running_var"},
                                         {args->dx, "dx"},
                                         {args->scratch, "scratch"}};
    xhat_status status =
        xhat_check_pointers(needed, sizeof needed / sizeof *needed, error);
    if (status != XHAT_OK)
        return status;
    return check_arrays(plan, args->x, args->dout, args->gamma, args->dx,
                        error);
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
    if (plan->count == 0)
        backward_of_nothing(plan, args->dgamma, args->dbeta);
    else if (plan->spec.method == XHAT_CLOSED)
        xhat_closed_frozen_backward(plan, args);
    else
        xhat_for_each_block(plan, args->scratch, frozen_block, args);
    return XHAT_OK;
}
