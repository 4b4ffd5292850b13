#include "tellings.h"

#include <math.h>
#include <string.h>

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

/* Only the kernels scale a channel whose variance leaves the type. */
static void warn_of_overflow(const cli_norm *norm, const cli_results *results)
{
    size_t overflowed = 0;
    const char *what = norm->per_row ? "rows" : "channels";
    size_t count = norm->per_row ? norm->spec.outer : norm->spec.channels;
    for (size_t i = 0; i < results->count; i++)
        if (strcmp(results->items[i].name, "var") == 0)
            for (size_t c = 0; c < count; c++)
                overflowed += isinf(xhat_array_f64_at(&results->items[i], c));
    if (overflowed > 0 && norm->method != CLI_METHOD_FUSED)
        cli_warn("var overflows in %zu of %zu %s, so out is beta there: "
                 "--method fused scales such %s",
                 overflowed, count, what, what);
}

int cli_tell_forward(const cli_norm *norm, const xhat_array *x,
                     cli_results *results)
{
    *results = (cli_results){0};
    if (norm->eval)
        warn_of_negative_variance(norm);
    int result = norm->method == CLI_METHOD_STAGED
                     ? cli_staged(norm, x, NULL, results)
                 : norm->per_row ? cli_layer_forward(norm, x, results)
                                 : cli_plan_forward(norm, x, results);
    if (result == CLI_DONE)
        warn_of_overflow(norm, results);
    return result;
}

int cli_tell_backward(const cli_norm *norm, const xhat_array *x,
                      const xhat_array *dout, cli_results *results)
{
    *results = (cli_results){0};
    if (norm->eval)
        warn_of_negative_variance(norm);
    return norm->method == CLI_METHOD_STAGED
               ? cli_staged(norm, x, dout, results)
           : norm->per_row ? cli_layer_backward(norm, x, dout, results)
                           : cli_plan_backward(norm, x, dout, results);
}
