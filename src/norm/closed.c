#include "closed.h"

#include "channel_block.h"

/* element i of channel c */
static double at(const xhat_plan *plan, const void *array, size_t c, size_t i)
{
    return xhat_get(plan->spec.dtype, array, xhat_channel_element(plan, c, i));
}

static void set(const xhat_plan *plan, void *array, size_t c, size_t i,
                double value)
{
    xhat_put(plan->spec.dtype, array, xhat_channel_element(plan, c, i), value);
}

static void set_parameter(const xhat_plan *plan, void *array, size_t c,
                          double value)
{
    if (array != NULL)
        xhat_put(plan->spec.dtype, array, c, value);
}

/* mean = sum x / m, then var = sum (x - mean)^2 / m */
void xhat_closed_forward(const xhat_plan *plan, const xhat_forward_args *args)
{
    double m = (double)plan->count;
    for (size_t c = 0; c < plan->spec.channels; c++) {
        double gamma = xhat_gamma_at(plan, args->gamma, c);
        double beta = xhat_beta_at(plan, args->beta, c);
        double sum = 0, rest = 0, squares = 0;
        for (size_t i = 0; i < plan->count; i++)
            sum += at(plan, args->x, c, i);
        double mean = sum / m;
        for (size_t i = 0; i < plan->count; i++)
            rest += at(plan, args->x, c, i) - mean;
        double low = rest / m; /* what rounding left out of the mean */
        for (size_t i = 0; i < plan->count; i++) {
            double d = (at(plan, args->x, c, i) - mean) - low;
            squares += d * d;
        }
        double invstd = xhat_inverse_deviation(squares / m, plan->spec.eps);
        for (size_t i = 0; i < plan->count; i++) {
            double x_norm = ((at(plan, args->x, c, i) - mean) - low) * invstd;
            set(plan, args->out, c, i, gamma * x_norm + beta);
        }
        set_parameter(plan, args->mean, c, mean);
        set_parameter(plan, args->mean_low, c,
                      (mean - xhat_get(plan->spec.dtype, args->mean, c)) + low);
        set_parameter(plan, args->invstd, c, invstd);
        if (args->statistics != NULL) {
            args->statistics->mean[c] = mean;
            args->statistics->m2[c] = squares;
        }
    }
}

/* dx = (gamma invstd / m) (m dout - dbeta - x_norm dgamma) */
void xhat_closed_backward(const xhat_plan *plan, const xhat_backward_args *args)
{
    double m = (double)plan->count;
    for (size_t c = 0; c < plan->spec.channels; c++) {
        double gamma = xhat_gamma_at(plan, args->gamma, c);
        double mean = xhat_get(plan->spec.dtype, args->mean, c);
        double low = xhat_get(plan->spec.dtype, args->mean_low, c);
        double invstd = xhat_get(plan->spec.dtype, args->invstd, c);
        double dgamma = 0, dbeta = 0;
        for (size_t i = 0; i < plan->count; i++) {
            double dout = at(plan, args->dout, c, i);
            double x_norm = ((at(plan, args->x, c, i) - mean) - low) * invstd;
            dbeta += dout;
            dgamma += dout * x_norm;
        }
        for (size_t i = 0; i < plan->count; i++) {
            double dout = at(plan, args->dout, c, i);
            double x_norm = ((at(plan, args->x, c, i) - mean) - low) * invstd;
            set(plan, args->dx, c, i,
                gamma * invstd / m * (m * dout - dbeta - x_norm * dgamma));
        }
        set_parameter(plan, args->dgamma, c, dgamma);
        set_parameter(plan, args->dbeta, c, dbeta);
    }
}

/* out = gamma (x - running_mean) / sqrt(running_var + eps) + beta */
void xhat_closed_inference(const xhat_plan *plan,
                           const xhat_inference_args *args)
{
    for (size_t c = 0; c < plan->spec.channels; c++) {
        double gamma = xhat_gamma_at(plan, args->gamma, c);
        double beta = xhat_beta_at(plan, args->beta, c);
        double mean = xhat_get(plan->spec.dtype, args->running_mean, c);
        double invstd = xhat_inverse_deviation(
            xhat_get(plan->spec.dtype, args->running_var, c), plan->spec.eps);
        for (size_t i = 0; i < plan->count; i++)
            set(plan, args->out, c, i,
                gamma * ((at(plan, args->x, c, i) - mean) * invstd) + beta);
    }
}

/* dx = gamma invstd dout */
void xhat_closed_frozen_backward(const xhat_plan *plan,
                                 const xhat_frozen_backward_args *args)
{
    for (size_t c = 0; c < plan->spec.channels; c++) {
        double gamma = xhat_gamma_at(plan, args->gamma, c);
        double mean = xhat_get(plan->spec.dtype, args->running_mean, c);
        double invstd = xhat_inverse_deviation(
            xhat_get(plan->spec.dtype, args->running_var, c), plan->spec.eps);
        double dgamma = 0, dbeta = 0;
        for (size_t i = 0; i < plan->count; i++) {
            double dout = at(plan, args->dout, c, i);
            dbeta += dout;
            dgamma += dout * ((at(plan, args->x, c, i) - mean) * invstd);
            set(plan, args->dx, c, i, gamma * (invstd * dout));
        }
        set_parameter(plan, args->dgamma, c, dgamma);
        set_parameter(plan, args->dbeta, c, dbeta);
    }
}
