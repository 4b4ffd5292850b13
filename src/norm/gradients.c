#include "gradients.h"

#include <string.h>

xhat_arrays xhat_gradient_arrays(const xhat_backward_args *args)
{
    return (xhat_arrays){.x = args->x,
                         .dout = args->dout,
                         .out = args->dx,
                         .dresidual = args->dresidual,
                         .mask = (void *)args->mask};
}

/* beta, mask and dresidual are asked for where the fusion needs them. */
static xhat_use needed_if(bool condition, xhat_use use, xhat_use otherwise)
{
    return condition ? use : otherwise;
}

xhat_status xhat_check_gradients(const xhat_plan *plan,
                                 const xhat_backward_args *args,
                                 const xhat_argument *statistics,
                                 xhat_error *error)
{
    const size_t full = xhat_full_bytes(plan), some = xhat_channel_bytes(plan);
    const bool add = plan->fusion == XHAT_FUSE_ADD_RELU;
    const bool shift = (plan->spec.flags & XHAT_SHIFT) != 0;
    const bool relu = plan->fusion == XHAT_FUSE_RELU;
    const xhat_argument arguments[] = {
        {"x", args->x, full, XHAT_INPUT, 0, NULL},
        {"dout", args->dout, full, XHAT_INPUT, 0, NULL},
        {"gamma", args->gamma, some, XHAT_WHEN_FLAGGED, XHAT_SCALE, NULL},
        {"beta", args->beta, some,
         needed_if(shift && !relu, XHAT_OPTIONAL_INPUT, XHAT_WHEN_FLAGGED),
         XHAT_SHIFT, NULL},
        {"mask", args->mask, xhat_plan_mask_size(plan), XHAT_WHEN_FLAGGED,
         XHAT_ADD_RELU, NULL},
        statistics[0],
        statistics[1],
        statistics[2],
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

void xhat_gradients_of_nothing(const xhat_plan *plan,
                               const xhat_backward_args *args)
{
    if (args->dgamma != NULL)
        memset(args->dgamma, 0, xhat_channel_bytes(plan));
    if (args->dbeta != NULL)
        memset(args->dbeta, 0, xhat_channel_bytes(plan));
}

void xhat_run_gradients(const xhat_plan *plan, const xhat_backward_args *args,
                        xhat_block_step *begin, xhat_block_step *end,
                        xhat_map_kernel *const write[2][XHAT_FUSIONS],
                        const void *own_args)
{
    const xhat_geometry *geometry = &plan->backward;
    const xhat_passes passes = {
        .begin = begin,
        .sum = plan->kernels->grad_sums[geometry->sums.order][plan->fusion],
        .end = end,
        .write = write[geometry->writes.order][plan->fusion],
        .arrays = xhat_gradient_arrays(args)};
    xhat_run_passes(plan, geometry, args->scratch, &passes, own_args);
}
