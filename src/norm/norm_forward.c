/* Training forward, fused: gates 1-9 in two passes over a block of channels. */
#include <math.h>

#include "arguments.h"
#include "base/error.h"
#include "careful.h"
#include "closed.h"
#include "passes.h"

/* Sums are taken of x - pivot, where the pivot is one of the channel's values:
 * then the mean of integers is exact, and a constant channel has sums of
 * exactly 0.  The median of three keeps an outlier from being it. */
static void begin(const xhat_plan *plan, const void *args_, xhat_block *block)
{
    const xhat_forward_args *args = args_;
    xhat_block_pivot(plan, block, args->x);
}

static xhat_arrays arrays_of(const xhat_forward_args *args)
{
    return (xhat_arrays){.x = args->x,
                         .residual = args->residual,
                         .out = args->out,
                         .mask = args->mask};
}

/* Number i of the block, whose sums cannot be trusted: they are taken again. */
static void end_odd_channel(const xhat_plan *plan,
                            const xhat_forward_args *args, xhat_block *block,
                            size_t i)
{
    const xhat_dtype dtype = plan->spec.dtype;
    const xhat_lanes *lanes = &block->lanes;
    size_t c = block->first + i;
    xhat_scaled s = xhat_careful_moments(plan, c, args->x);
    double mean = ldexp(s.mean, s.exponent);
    double mean_low = ldexp(s.mean_low, s.exponent);
    double high = dtype == XHAT_F32 ? (double)(float)mean : mean;
    xhat_put(dtype, lanes->mean, i, high);
    xhat_put(dtype, lanes->mean_low, i,
             isfinite(high) ? (mean - high) + mean_low : 0);
    xhat_put(dtype, lanes->invstd, i, ldexp(s.invstd, -s.exponent));
    xhat_put(dtype, lanes->a, i,
             xhat_gamma_at(plan, args->gamma, c) *
                 xhat_get(dtype, lanes->invstd, i));
    xhat_put(dtype, lanes->b, i,
             xhat_beta_at(plan, args->beta, c) -
                 xhat_get(dtype, lanes->a, i) *
                     xhat_get(dtype, lanes->mean_low, i));
    block->ends.mean[i] = mean;
    block->ends.m2[i] = ldexp(s.m2, 2 * s.exponent);
}

/* Where the coefficients leave the type, the elements are computed here. */
static void write_extreme_channel(const xhat_plan *plan,
                                  const xhat_forward_args *args,
                                  xhat_block *block, size_t i)
{
    const xhat_arrays arrays = arrays_of(args);
    size_t c = block->first + i;
    xhat_extreme_forward(plan, c, &arrays, xhat_gamma_at(plan, args->gamma, c),
                         xhat_beta_at(plan, args->beta, c));
    xhat_block_set_written(block, c);
}

/* Gates 1-6, and what the caller keeps. */
static void end(const xhat_plan *plan, const void *args_, xhat_block *block)
{
    const xhat_forward_args *args = args_;
    xhat_block_load(plan, block, block->lanes.a, args->gamma, 1);
    block->gamma = args->gamma;
    xhat_block_load(plan, block, block->lanes.b, args->beta, 0);
    if (plan->kernels->end_moments(&block->ends, &block->sums, &block->lanes)) {
        for (size_t i = 0; i < block->channels; i++)
            if (block->ends.odd[i])
                end_odd_channel(plan, args, block, i);
        xhat_widen_odd(plan, block);
        for (size_t i = 0; i < block->channels; i++)
            if (block->ends.odd[i] && xhat_is_extreme(plan, block, i))
                write_extreme_channel(plan, args, block, i);
    }
    xhat_block_save(plan, block, args->mean, block->lanes.mean);
    xhat_block_save(plan, block, args->mean_low, block->lanes.mean_low);
    xhat_block_save(plan, block, args->invstd, block->lanes.invstd);
    for (size_t i = 0; i < block->channels && args->statistics != NULL; i++) {
        args->statistics->mean[block->first + i] = block->ends.mean[i];
        args->statistics->m2[block->first + i] = block->ends.m2[i];
    }
}

static xhat_status check(const xhat_plan *plan, const xhat_forward_args *args,
                         xhat_error *error)
{
    const size_t full = xhat_full_bytes(plan), some = xhat_channel_bytes(plan);
    const size_t doubles = plan->spec.channels * sizeof(double);
    const xhat_statistics *kept = args->statistics;
    if (kept != NULL && kept->channels != plan->spec.channels)
        return xhat_fail(error, XHAT_SHAPE_MISMATCH,
                         "statistics have %zu channels but x has %zu",
                         kept->channels, plan->spec.channels);
    const xhat_argument arguments[] = {
        {"x", args->x, full, XHAT_INPUT, 0, NULL},
        {"gamma", args->gamma, some, XHAT_WHEN_FLAGGED, XHAT_SCALE, NULL},
        {"beta", args->beta, some, XHAT_WHEN_FLAGGED, XHAT_SHIFT, NULL},
        {"residual", args->residual, full, XHAT_WHEN_FLAGGED, XHAT_ADD_RELU,
         NULL},
        {"out", args->out, full, XHAT_OUTPUT, 0, args->residual},
        {"mask", args->mask, xhat_plan_mask_size(plan), xhat_mask_output(plan),
         XHAT_ADD_RELU, NULL},
        {"mean", args->mean, some, XHAT_OUTPUT, 0, NULL},
        {"mean_low", args->mean_low, some, XHAT_OUTPUT, 0, NULL},
        {"invstd", args->invstd, some, XHAT_OUTPUT, 0, NULL},
        {"statistics->mean", kept == NULL ? NULL : kept->mean, doubles,
         kept == NULL ? XHAT_OPTIONAL_OUTPUT : XHAT_OUTPUT, 0, NULL},
        {"statistics->m2", kept == NULL ? NULL : kept->m2, doubles,
         kept == NULL ? XHAT_OPTIONAL_OUTPUT : XHAT_OUTPUT, 0, NULL}};
    xhat_status status = xhat_check_arguments(
        plan, arguments, sizeof arguments / sizeof *arguments, args->scratch,
        args->scratch_size, error);
    return status == XHAT_OK ? xhat_check_count(plan, error) : status;
}

xhat_status xhat_forward(const xhat_plan *plan, const xhat_forward_args *args,
                         xhat_error *error)
{
    if (plan == NULL || args == NULL)
        return xhat_fail(error, XHAT_INVALID_ARGUMENT, "%s is NULL",
                         plan == NULL ? "plan" : "args");
    xhat_status status = check(plan, args, error);
    if (status != XHAT_OK)
        return status;
    if (args->statistics != NULL)
        xhat_statistics_discard(args->statistics);
    if (plan->count == 0)
        return XHAT_OK;
    if (args->statistics != NULL)
        args->statistics->count = (double)plan->count;
    if (plan->spec.method == XHAT_CLOSED) {
        xhat_closed_forward(plan, args);
    } else {
        const xhat_passes passes = {
            .begin = begin,
            .sum = plan->kernels->moments[plan->forward.sums.order],
            .end = end,
            .write = plan->kernels
                         ->affine[plan->forward.writes.order][plan->fusion],
            .arrays = arrays_of(args)};
        xhat_run_passes(plan, &plan->forward, args->scratch, &passes, args);
    }
    return XHAT_OK;
}
