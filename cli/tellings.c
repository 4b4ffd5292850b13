#include "tellings.h"

static void warn_of_negative_variance(const cli_norm *norm)
{
    size_t negative = 0, first = 0;
    for (size_t c = norm->spec.channels; c-- > 0;)
        if (norm->running_var[c] < 0) {
            negative++;
            first = c;
        }
    if (negative > 0)
        cli_warn("running_var is negative in %zu of %zu channels (first: "
                 "channel %zu, %g): out is NaN there",
                 negative, norm->spec.channels, first,
                 norm->running_var[first]);
}

int cli_tell_forward(const cli_norm *norm, const xhat_array *x,
                     cli_results *results)
{
    *results = (cli_results){0};
    if (norm->eval)
        warn_of_negative_variance(norm);
    return norm->method == CLI_METHOD_STAGED
               ? cli_staged(norm, x, NULL, results)
               : cli_plan_forward(norm, x, results);
}

int cli_tell_backward(const cli_norm *norm, const xhat_array *x,
                      const xhat_array *dout, cli_results *results)
{
    *results = (cli_results){0};
    if (norm->eval)
        warn_of_negative_variance(norm);
    return norm->method == CLI_METHOD_STAGED
               ? cli_staged(norm, x, dout, results)
               : cli_plan_backward(norm, x, dout, results);
}
