/* The staged telling: the circuit, with every gate's array. */
#include "tellings.h"

#include <stdlib.h>

#include "circuit_run.h"

/* An array as the circuit sees it: rounded to the dtype, as float64. */
static double *rounded(const cli_norm *norm, const xhat_array *array)
{
    size_t count = xhat_array_count(array);
    double *data = malloc((count > 0 ? count : 1) * sizeof *data);
    if (data == NULL)
        return NULL;
    xhat_array_to_f64(array, data);
    if (norm->spec.dtype == XHAT_F32)
        for (size_t i = 0; i < count; i++)
            data[i] = (double)(float)data[i];
    return data;
}

/* Every array of one side of the run that was computed, not given. */
static int put_run(const xhat_run *run, xhat_side side, const cli_norm *norm,
                   const xhat_array *x, cli_results *results)
{
    const xhat_circuit *circuit = xhat_run_circuit(run);
    for (int value = 0; value < circuit->value_count; value++) {
        xhat_field field = xhat_run_field(run, side, value);
        bool given = side == XHAT_SIDE_VALUE ? circuit->values[value].maker < 0
                                             : value == circuit->output;
        if (field.data == NULL || given)
            continue;
        const char *key = xhat_circuit_key(circuit, side, value);
        bool full = field.extent == XHAT_EXTENT_FULL;
        void *to = field.extent == XHAT_EXTENT_PER_STATISTIC
                       ? cli_results_add_statistic(results, norm, key)
                       : cli_results_add(results, norm, key, full ? x : NULL);
        if (to == NULL)
            return cli_out_of_memory();
        cli_put(norm->spec.dtype, to, field.data,
                xhat_axes_count(xhat_run_axes(run), field.extent));
    }
    return CLI_DONE;
}

/* the circuit's mean and var as the statistics of a batch, committed */
static int commit_run(const xhat_run *run, const cli_norm *norm,
                      cli_results *results)
{
    size_t channels = norm->spec.channels;
    double count = (double)(norm->spec.outer * norm->spec.inner);
    const double *mean =
        xhat_run_field(run, XHAT_SIDE_VALUE, XHAT_VALUE_MEAN).data;
    const double *var =
        xhat_run_field(run, XHAT_SIDE_VALUE, XHAT_VALUE_VAR).data;
    xhat_statistics statistics = {.channels = channels,
                                  .count = count,
                                  .mean = calloc(channels, sizeof *mean),
                                  .m2 = calloc(channels, sizeof *var)};
    int result = CLI_DONE;
    if (statistics.mean == NULL || statistics.m2 == NULL)
        result = cli_out_of_memory();
    for (size_t c = 0; result == CLI_DONE && c < channels; c++) {
        statistics.mean[c] = mean[c];
        statistics.m2[c] = var[c] * count;
    }
    if (result == CLI_DONE)
        result = cli_commit(norm, &statistics, results);
    free(statistics.mean);
    free(statistics.m2);
    return result;
}

int cli_staged(const cli_norm *norm, const xhat_array *x,
               const xhat_array *dout, cli_results *results)
{
    xhat_run *run = NULL;
    xhat_error error = {XHAT_OUT_OF_MEMORY, "out of memory"};
    double *values = rounded(norm, x);
    double *gradient = dout == NULL ? NULL : rounded(norm, dout);
    int result = CLI_DONE;
    if (norm->per_row && norm->spec.channels * norm->spec.inner == 1)
        result = cli_fail(CLI_INPUT, "layer norm needs two values a row or "
                                     "more; x has one, so every output would "
                                     "be beta");
    else if (!norm->per_row && !norm->eval &&
             norm->spec.outer * norm->spec.inner == 1)
        result = cli_fail(CLI_INPUT, "training needs two values a channel or "
                                     "more; x has one, so every output would "
                                     "be beta");
    else if (values == NULL || (dout != NULL && gradient == NULL) ||
             cli_circuit_run(&run, norm, values, gradient, &error) != XHAT_OK)
        result = cli_fail_error(&error);
    if (result == CLI_DONE)
        result = put_run(run, XHAT_SIDE_VALUE, norm, x, results);
    if (result == CLI_DONE && dout != NULL)
        result = put_run(run, XHAT_SIDE_GRADIENT, norm, x, results);
    if (result == CLI_DONE && dout == NULL && !norm->per_row)
        result = commit_run(run, norm, results);
    xhat_run_destroy(run);
    free(values);
    free(gradient);
    return result;
}
