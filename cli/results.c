#include "results.h"

#include <stdlib.h>
#include <string.h>

int cli_out_of_memory(void)
{
    return cli_fail(CLI_BUG, "out of memory");
}

void *cli_results_add(cli_results *results, const cli_norm *norm,
                      const char *name, const xhat_array *x)
{
    xhat_array *array = &results->items[results->count];
    *array =
        (xhat_array){.element = norm->spec.dtype == XHAT_F32 ? XHAT_ELEMENT_F32
                                                             : XHAT_ELEMENT_F64,
                     .rank = 1,
                     .shape = {norm->spec.channels}};
    if (x != NULL) {
        array->rank = x->rank;
        memcpy(array->shape, x->shape, sizeof array->shape);
    }
    size_t count = xhat_array_count(array);
    array->name = strdup(name);
    array->data =
        calloc(count > 0 ? count : 1, cli_dtype_size(norm->spec.dtype));
    results->count++;
    return array->name == NULL ? NULL : array->data;
}

void *cli_results_add_statistic(cli_results *results, const cli_norm *norm,
                                const char *name)
{
    const xhat_array rows = {.rank = 1, .shape = {norm->spec.outer}};
    return cli_results_add(results, norm, name, norm->per_row ? &rows : NULL);
}

void cli_results_free(cli_results *results)
{
    for (size_t i = 0; i < results->count; i++) {
        free(results->items[i].name);
        free(results->items[i].data);
    }
    results->count = 0;
}

void cli_put(xhat_dtype dtype, void *to, const double *from, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (dtype == XHAT_F32)
            ((float *)to)[i] = (float)from[i];
        else
            ((double *)to)[i] = from[i];
}

int cli_commit(const cli_norm *norm, xhat_statistics *statistics,
               cli_results *results)
{
    size_t refused = 0;
    xhat_error error = {0};
    if (norm->running_mean == NULL || norm->eval)
        return CLI_DONE;
    xhat_running running = {
        .dtype = norm->spec.dtype,
        .channels = norm->spec.channels,
        .mean = cli_results_add(results, norm, "running_mean", NULL),
        .var = cli_results_add(results, norm, "running_var", NULL),
        .batches = norm->batches_seen};
    if (running.mean == NULL || running.var == NULL)
        return cli_out_of_memory();
    cli_put(norm->spec.dtype, running.mean, norm->running_mean,
            norm->spec.channels);
    cli_put(norm->spec.dtype, running.var, norm->running_var,
            norm->spec.channels);
    if (xhat_running_commit(&running, &norm->rule, statistics, &refused,
                            &error) != XHAT_OK)
        return cli_fail_error(&error);
    if (refused > 0)
        cli_warn("the statistics of %zu of %zu channels are not finite: they "
                 "keep their running statistics",
                 refused, norm->spec.channels);
    return CLI_DONE;
}
