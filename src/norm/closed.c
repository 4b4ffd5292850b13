#include "closed.h"

#include "one_element.h"

static void set_parameter(const xhat_plan *plan, void *array, size_t c,
                          double value)
{
    if (array != NULL)
        xhat_put(plan->spec.dtype, array, c, value);
}

/* mean = sum x / m, then var = sum (x - mean)^2 / m */
void xhat_closed_forward(const xhat_plan *plan, const xhat_forward_args *args)
{
    const xhat_arrays arrays = {.x = args->x,
                                .residual = args->residual,
                                .out = args->out,
                                .mask = args->mask};
    double m = (double)plan->count;
    for (size_t c = 0; c < plan->spec.channels; c++) {
        double gamma = xhat_gamma_at(plan, args->gamma, c);
        double beta = xhat_beta_at(plan, args->beta, c);
        double sum = 0, rest = 0, squares = 0;
        for (size_t i = 0; i < plan->count; i++)
            sum += xhat_at(plan, args->x, c, i);
        double mean = sum / m;
        for (size_t i = 0; i < plan->count; i++)
            rest += xhat_at(plan, args->x, c, i) - mean;
        double low = rest / m; /* what rounding left out of the mean */
        for (size_t i = 0; i < plan->count; i++) {
            double d = (xhat_at(plan, args->x, c, i) - mean) - low;
            squares += d * d;
        }
        double invstd = xhat_inverse_deviation(squares / m, plan->spec.eps);
        for (size_t i = 0; i < plan->count; i++) {
            double x_norm =
                ((xhat_at(plan, args->x, c, i) - mean) - low) * invstd;
            xhat_set_out(plan, &arrays, c, i, gamma * x_norm + beta);
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
    const xhat_arrays arrays = {.dout = args->dout,
                                .dresidual = args->dresidual,
                                .mask = (void *)args->mask};
    double m = (double)plan->count;
    for (size_t c = 0; c < plan->spec.channels; c++) {
        double gamma = xhat_gamma_at(plan, args->gamma, c);
        double mean = xhat_get(plan->spec.dtype, args->mean, c);
        double low = xhat_get(plan->spec.dtype, args->mean_low, c);
        double invstd = xhat_get(plan->spec.dtype, args->invstd, c);
        double beta = xhat_beta_at(plan, args->beta, c);
        double dgamma = 0, dbeta = 0;
        for (size_t i = 0; i < plan->count; i++) {
            double x_norm =
                ((xhat_at(plan, args->x, c, i) - mean) - low) * invstd;
            double dout =
                xhat_gated_dout(plan, &arrays, c, i, gamma * x_norm + beta);
            dbeta += dout;
            dgamma += dout * x_norm;
        }
        for (size_t i = 0; i < plan->count; i++) {
            double x_norm =
                ((xhat_at(plan, args->x, c, i) - mean) - low) * invstd;
            double dout =
                xhat_gated_dout(plan, &arrays, c, i, gamma * x_norm + beta);
            xhat_set(plan, args->dx, c, i,
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
    const xhat_arrays arrays = {.x = args->x,
                                .residual = args->residual,
                                .out = args->out,
                                .mask = args->mask};
    for (size_t c = 0; c < plan->spec.channels; c++) {
        double gamma = xhat_gamma_at(plan, args->gamma, c);
        double beta = xhat_beta_at(plan, args->beta, c);
        double mean = xhat_get(plan->spec.dtype, args->running_mean, c);
        double invstd = xhat_inverse_deviation(
            xhat_get(plan->spec.dtype, args->running_var, c), plan->spec.eps);
        for (size_t i = 0; i < plan->count; i++)
            xhat_set_out(
                plan, &arrays, c, i,
                gamma * ((xhat_at(plan, args->x, c, i) - mean) * invstd) +
                    beta);
    }
}

/* dx = gamma invstd dout */
void xhat_closed_frozen_backward(const xhat_plan *plan,
                                 const xhat_frozen_backward_args *args)
{
    const xhat_arrays arrays = {.dout = args->dout,
                                .dresidual = args->dresidual,
                                .mask = (void *)args->mask};
    for (size_t c = 0; c < plan->spec.channels; c++) {
        double gamma = xhat_gamma_at(plan, args->gamma, c);
        double mean = xhat_get(plan->spec.dtype, args->running_mean, c);
        double invstd = xhat_inverse_deviation(
            xhat_get(plan->spec.dtype, args->running_var, c), plan->spec.eps);
        double beta = xhat_beta_at(plan, args->beta, c);
        double dgamma = 0, dbeta = 0;
        for (size_t i = 0; i < plan->count; i++) {
            double x_norm = (xhat_at(plan, args->x, c, i) - mean) * invstd;
            double dout =
                xhat_gated_dout(plan, &arrays, c, i, gamma * x_norm + beta);
            dbeta += dout;
            dgamma += dout * x_norm;
            xhat_set(plan, args->dx, c, i, gamma * (invstd * dout));
        }
        set_parameter(plan, args->dgamma, c, dgamma);
        set_parameter(plan, args->dbeta, c, dbeta);
    }
}
