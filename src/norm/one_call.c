/* One call for a first use: a plan and its scratch memory on the stack. */
#include "base/memory.h"
#include "channel_block.h"

/* blocks of so many channels, and scratch memory for one in either dtype */
enum { CHANNELS = 64, SCRATCH = 48 << 10 };

/* a plan with one thread, and what it needs */
typedef struct one_call {
    xhat_plan plan;
    unsigned char scratch[SCRATCH];
} one_call;

static xhat_status prepare(one_call *call, xhat_dtype dtype, size_t n,
                           size_t channels, size_t inner, double eps,
                           const void *gamma, const void *beta,
                           xhat_error *error)
{
    xhat_spec spec = {.dtype = dtype,
                      .outer = n,
                      .channels = channels,
                      .inner = inner,
                      .eps = eps,
                      .threads = 1,
                      .flags = (gamma != NULL ? XHAT_SCALE : 0u) |
                               (beta != NULL ? XHAT_SHIFT : 0u)};
    return xhat_plan_fill(&call->plan, &spec, CHANNELS, error);
}

static xhat_status forward(xhat_dtype dtype, size_t n, size_t channels,
                           size_t inner, double eps, xhat_forward_args args,
                           xhat_error *error)
{
    one_call call;
    xhat_status status = prepare(&call, dtype, n, channels, inner, eps,
                                 args.gamma, args.beta, error);
    args.scratch = call.scratch;
    args.scratch_size = sizeof call.scratch;
    return status == XHAT_OK ? xhat_forward(&call.plan, &args, error) : status;
}

static xhat_status backward(xhat_dtype dtype, size_t n, size_t channels,
                            size_t inner, double eps, xhat_backward_args args,
                            xhat_error *error)
{
    one_call call;
    xhat_status status =
        prepare(&call, dtype, n, channels, inner, eps, args.gamma, NULL, error);
    args.scratch = call.scratch;
    args.scratch_size = sizeof call.scratch;
    return status == XHAT_OK ? xhat_backward(&call.plan, &args, error) : status;
}

static xhat_status inference(xhat_dtype dtype, size_t n, size_t channels,
                             size_t inner, double eps, xhat_inference_args args,
                             xhat_error *error)
{
    one_call call;
    xhat_status status = prepare(&call, dtype, n, channels, inner, eps,
                                 args.gamma, args.beta, error);
    args.scratch = call.scratch;
    args.scratch_size = sizeof call.scratch;
    return status == XHAT_OK ? xhat_inference(&call.plan, &args, error)
                             : status;
}

xhat_status xhat_batchnorm_forward_f32(size_t n, size_t channels, size_t inner,
                                       const float *x, const float *gamma,
                                       const float *beta, double eps,
                                       float *out, float *mean, float *mean_low,
                                       float *invstd, xhat_error *error)
{
    return forward(XHAT_F32, n, channels, inner, eps,
                   (xhat_forward_args){.x = x,
                                       .gamma = gamma,
                                       .beta = beta,
                                       .out = out,
                                       .mean = mean,
                                       .mean_low = mean_low,
                                       .invstd = invstd},
                   error);
}

xhat_status xhat_batchnorm_forward_f64(size_t n, size_t channels, size_t inner,
                                       const double *x, const double *gamma,
                                       const double *beta, double eps,
                                       double *out, double *mean,
                                       double *mean_low, double *invstd,
                                       xhat_error *error)
{
    return forward(XHAT_F64, n, channels, inner, eps,
                   (xhat_forward_args){.x = x,
                                       .gamma = gamma,
                                       .beta = beta,
                                       .out = out,
                                       .mean = mean,
                                       .mean_low = mean_low,
                                       .invstd = invstd},
                   error);
}

xhat_status xhat_batchnorm_backward_f32(
    size_t n, size_t channels, size_t inner, const float *x, const float *dout,
    const float *gamma, double eps, const float *mean, const float *mean_low,
    const float *invstd, float *dx, float *dgamma, float *dbeta,
    xhat_error *error)
{
    return backward(XHAT_F32, n, channels, inner, eps,
                    (xhat_backward_args){.x = x,
                                         .dout = dout,
                                         .gamma = gamma,
                                         .mean = mean,
                                         .mean_low = mean_low,
                                         .invstd = invstd,
                                         .dx = dx,
                                         .dgamma = dgamma,
                                         .dbeta = dbeta},
                    error);
}

xhat_status xhat_batchnorm_backward_f64(
    size_t n, size_t channels, size_t inner, const double *x,
    const double *dout, const double *gamma, double eps, const double *mean,
    const double *mean_low, const double *invstd, double *dx, double *dgamma,
    double *dbeta, xhat_error *error)
{
    return backward(XHAT_F64, n, channels, inner, eps,
                    (xhat_backward_args){.x = x,
                                         .dout = dout,
                                         .gamma = gamma,
                                         .mean = mean,
                                         .mean_low = mean_low,
                                         .invstd = invstd,
                                         .dx = dx,
                                         .dgamma = dgamma,
                                         .dbeta = dbeta},
                    error);
}

xhat_status xhat_batchnorm_inference_f32(size_t n, size_t channels,
                                         size_t inner, const float *x,
                                         const float *gamma, const float *beta,
                                         double eps, const float *running_mean,
                                         const float *running_var, float *out,
                                         xhat_error *error)
{
    return inference(XHAT_F32, n, channels, inner, eps,
                     (xhat_inference_args){.x = x,
                                           .gamma = gamma,
                                           .beta = beta,
                                           .running_mean = running_mean,
                                           .running_var = running_var,
                                           .out = out},
                     error);
}

xhat_status xhat_batchnorm_inference_f64(size_t n, size_t channels,
                                         size_t inner, const double *x,
                                         const double *gamma,
                                         const double *beta, double eps,
                                         const double *running_mean,
                                         const double *running_var, double *out,
                                         xhat_error *error)
{
    return inference(XHAT_F64, n, channels, inner, eps,
                     (xhat_inference_args){.x = x,
                                           .gamma = gamma,
                                           .beta = beta,
                                           .running_mean = running_mean,
                                           .running_var = running_var,
                                           .out = out},
                     error);
}
