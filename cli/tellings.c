#include "tellings.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "xhat/circuit.h"

/* ---- arrays ------------------------------------------------------------------------ */

static size_t size_of(xhat_dtype dtype)
{
    return dtype == XHAT_F32 ? sizeof(float) : sizeof(double);
}

static int out_of_memory(void)
{
    return cli_fail(CLI_BUG, "out of memory");
}

/* A new result of the dtype: the shape of x, or (channels) with x = NULL.  Its
 * data is cleared; NULL when memory is out. */
static void *add(cli_results *results, const cli_norm *norm, const char *name,
                 const xhat_array *x)
{
    xhat_array *array = &results->items[results->count];
    *array = (xhat_array){.element = norm->spec.dtype == XHAT_F32
                                         ? XHAT_ELEMENT_F32
                                         : XHAT_ELEMENT_F64,
                          .rank = 1,
                          .shape = {norm->spec.channels}};
    if (x != NULL) {
        array->rank = x->rank;
        memcpy(array->shape, x->shape, sizeof array->shape);
    }
    size_t count = xhat_array_count(array);
    array->name = strdup(name);
    array->data = calloc(count > 0 ? count : 1, size_of(norm->spec.dtype));
    results->count++;
    return array->name == NULL ? NULL : array->data;
}

void cli_results_free(cli_results *results)
{
    for (size_t i = 0; i < results->count; i++) {
        free(results->items[i].name);
        free(results->items[i].data);
    }
    results->count = 0;
}

static void put(xhat_dtype dtype, void *to, size_t i, double value)
{
    if (dtype == XHAT_F32)
        ((float *)to)[i] = (float)value;
    else
        ((double *)to)[i] = value;
}

static void put_all(xhat_dtype dtype, void *to, const double *from,
                    size_t count)
{
    for (size_t i = 0; i < count; i++)
        put(dtype, to, i, from[i]);
}

/* An array of the file in the dtype that is computed in. */
static void *in_dtype(const cli_norm *norm, const xhat_array *array)
{
    size_t count = xhat_array_count(array);
    void *data = malloc((count > 0 ? count : 1) * size_of(norm->spec.dtype));
    if (data == NULL)
        return NULL;
    if (norm->spec.dtype == XHAT_F32)
        xhat_array_to_f32(array, data);
    else
        xhat_array_to_f64(array, data);
    return data;
}

/* doubles (channels) in the dtype; NULL stays NULL */
static void *channels_in_dtype(const cli_norm *norm, const double *values)
{
    size_t count = norm->spec.channels;
    void *data = malloc(count * size_of(norm->spec.dtype));
    if (data != NULL)
        put_all(norm->spec.dtype, data, values, count);
    return data;
}

/* ---- running statistics ---------------------------------------------------------------- */

/* running_mean and running_var after this batch, whose statistics are used up */
static int commit(const cli_norm *norm, xhat_statistics *statistics,
                  cli_results *results)
{
    size_t refused = 0;
    xhat_error error = {0};
    if (norm->running_mean == NULL || norm->eval)
        return CLI_DONE;
    xhat_running running = {.dtype = norm->spec.dtype,
                            .channels = norm->spec.channels,
                            .mean = add(results, norm, "running_mean", NULL),
                            .var = add(results, norm, "running_var", NULL),
                            .batches = norm->batches_seen};
    if (running.mean == NULL || running.var == NULL)
        return out_of_memory();
    put_all(norm->spec.dtype, running.mean, norm->running_mean,
            norm->spec.channels);
    put_all(norm->spec.dtype, running.var, norm->running_var,
            norm->spec.channels);
    if (xhat_running_commit(&running, &norm->rule, statistics, &refused,
                            &error) != XHAT_OK)
        return cli_fail_error(&error);
    if (refused > 0)
        cli_warn("%zu of %zu channels hold NaN or Inf: they keep their "
                 "running statistics",
                 refused, norm->spec.channels);
    return CLI_DONE;
}

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

/* ---- fused and closed: the library's plans ----------------------------------------------- */

/* What a plan works on, in the dtype. */
typedef struct work {
    xhat_plan *plan;
    void *x, *gamma, *beta, *running_mean, *running_var, *scratch;
    void *mean, *mean_low, *invstd, *out;
    xhat_statistics statistics;
} work;

static void work_free(work *w)
{
    xhat_plan_destroy(w->plan);
    void *blocks[] = {w->x,        w->gamma,           w->beta,
                      w->scratch,  w->running_mean,    w->running_var,
                      w->mean,     w->mean_low,        w->invstd,
                      w->out,      w->statistics.mean, w->statistics.m2};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        free(blocks[i]);
}

static int work_open(work *w, const cli_norm *norm, const xhat_array *x)
{
    size_t channels = norm->spec.channels, count = xhat_array_count(x);
    size_t size = size_of(norm->spec.dtype);
    xhat_error error = {0};
    *w = (work){0};
    if (xhat_plan_create(&w->plan, &norm->spec, NULL, &error) != XHAT_OK)
        return cli_fail_error(&error);
    w->x = in_dtype(norm, x);
    w->gamma = channels_in_dtype(norm, norm->gamma);
    w->beta = channels_in_dtype(norm, norm->beta);
    w->scratch = malloc(xhat_plan_scratch_size(w->plan));
    w->mean = calloc(channels, size);
    w->mean_low = calloc(channels, size);
    w->invstd = calloc(channels, size);
    w->out = malloc((count > 0 ? count : 1) * size);
    w->statistics = (xhat_statistics){.channels = channels,
                                      .mean = calloc(channels, sizeof(double)),
                                      .m2 = calloc(channels, sizeof(double))};
    bool complete = w->x && w->gamma && w->beta && w->scratch && w->mean &&
                    w->mean_low && w->invstd && w->out &&
                    w->statistics.mean && w->statistics.m2;
    if (norm->running_mean != NULL) {
        w->running_mean = channels_in_dtype(norm, norm->running_mean);
        w->running_var = channels_in_dtype(norm, norm->running_var);
        complete = complete && w->running_mean && w->running_var;
    }
    return complete ? CLI_DONE : out_of_memory();
}

static int work_forward(work *w, const cli_norm *norm)
{
    xhat_error error = {0};
    xhat_status status;
    if (norm->eval) {
        xhat_inference_args args = {.x = w->x,
                                    .gamma = w->gamma,
                                    .beta = w->beta,
                                    .running_mean = w->running_mean,
                                    .running_var = w->running_var,
                                    .out = w->out,
                                    .scratch = w->scratch};
        status = xhat_inference(w->plan, &args, &error);
    } else {
        xhat_forward_args args = {.x = w->x,
                                  .gamma = w->gamma,
                                  .beta = w->beta,
                                  .out = w->out,
                                  .mean = w->mean,
                                  .mean_low = w->mean_low,
                                  .invstd = w->invstd,
                                  .statistics = &w->statistics,
                                  .scratch = w->scratch};
        status = xhat_forward(w->plan, &args, &error);
    }
    return status == XHAT_OK ? CLI_DONE : cli_fail_error(&error);
}

/* mean var inverted_stddev of a finished forward; eval: the running ones */
static int put_statistics(const work *w, const cli_norm *norm,
                          cli_results *results)
{
    xhat_dtype dtype = norm->spec.dtype;
    double count = w->statistics.count > 0 ? w->statistics.count : 1;
    void *mean = add(results, norm, "mean", NULL);
    void *var = add(results, norm, "var", NULL);
    void *invstd = add(results, norm, "inverted_stddev", NULL);
    if (mean == NULL || var == NULL || invstd == NULL)
        return out_of_memory();
    for (size_t c = 0; c < norm->spec.channels; c++) {
        double v = norm->eval ? norm->running_var[c]
                              : w->statistics.m2[c] / count;
        double inside = v + norm->spec.eps;
        put(dtype, mean, c,
            norm->eval ? norm->running_mean[c] : w->statistics.mean[c]);
        put(dtype, var, c, v);
        put(dtype, invstd, c, inside == 0 ? 0 : 1 / sqrt(inside));
    }
    if (!norm->eval && w->statistics.count > 0) /* as backward will use it */
        memcpy(invstd, w->invstd,
               norm->spec.channels * size_of(norm->spec.dtype));
    return CLI_DONE;
}

static int plan_forward(const cli_norm *norm, const xhat_array *x,
                        cli_results *results)
{
    work w;
    int result = work_open(&w, norm, x);
    if (result == CLI_DONE)
        result = work_forward(&w, norm);
    if (result == CLI_DONE) {
        void *out = add(results, norm, "out", x);
        if (out == NULL)
            result = out_of_memory();
        else
            memcpy(out, w.out,
                   xhat_array_count(x) * size_of(norm->spec.dtype));
    }
    if (result == CLI_DONE)
        result = put_statistics(&w, norm, results);
    if (result == CLI_DONE)
        result = commit(norm, &w.statistics, results);
    work_free(&w);
    return result;
}

static int work_backward(work *w, const cli_norm *norm, const void *dout,
                         void *dx, void *dgamma, void *dbeta)
{
    xhat_error error = {0};
    xhat_status status;
    if (norm->eval) {
        xhat_frozen_backward_args args = {.x = w->x,
                                          .dout = dout,
                                          .gamma = w->gamma,
                                          .running_mean = w->running_mean,
                                          .running_var = w->running_var,
                                          .dx = dx,
                                          .dgamma = dgamma,
                                          .dbeta = dbeta,
                                          .scratch = w->scratch};
        status = xhat_frozen_backward(w->plan, &args, &error);
    } else {
        xhat_backward_args args = {.x = w->x,
                                   .dout = dout,
                                   .gamma = w->gamma,
                                   .mean = w->mean,
                                   .mean_low = w->mean_low,
                                   .invstd = w->invstd,
                                   .dx = dx,
                                   .dgamma = dgamma,
                                   .dbeta = dbeta,
                                   .scratch = w->scratch};
        status = xhat_backward(w->plan, &args, &error);
    }
    return status == XHAT_OK ? CLI_DONE : cli_fail_error(&error);
}

static int plan_backward(const cli_norm *norm, const xhat_array *x,
                         const xhat_array *dout, cli_results *results)
{
    work w;
    void *gradient = in_dtype(norm, dout);
    int result = work_open(&w, norm, x);
    if (result == CLI_DONE && gradient == NULL)
        result = out_of_memory();
    if (result == CLI_DONE)
        result = work_forward(&w, norm);
    if (result == CLI_DONE) {
        void *dx = add(results, norm, "dx", x);
        void *dgamma = add(results, norm, "dgamma", NULL);
        void *dbeta = add(results, norm, "dbeta", NULL);
        if (dx == NULL || dgamma == NULL || dbeta == NULL)
            result = out_of_memory();
        else
            result = work_backward(&w, norm, gradient, dx, dgamma, dbeta);
    }
    free(gradient);
    work_free(&w);
    return result;
}

/* ---- staged: the circuit ------------------------------------------------------------------ */

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

static xhat_status set_channels(xhat_run *run, const cli_norm *norm, int value,
                                const double *values, bool hold,
                                xhat_error *error)
{
    xhat_array array = {.element = XHAT_ELEMENT_F64,
                        .rank = 1,
                        .shape = {norm->spec.channels},
                        .data = (void *)values};
    double *data = rounded(norm, &array);
    xhat_status status;
    if (data == NULL)
        return XHAT_OUT_OF_MEMORY;
    status = hold ? xhat_run_hold(run, value, data, error)
                  : xhat_run_set(run, XHAT_SIDE_VALUE, value, data, error);
    free(data);
    return status;
}

/* A run with its inputs set and gates 1-9 done; dout may be NULL. */
static xhat_status staged_run(xhat_run **run, const cli_norm *norm,
                              const double *x, const double *dout,
                              xhat_error *error)
{
    xhat_axes axes = xhat_axes_batch(norm->spec.outer, norm->spec.channels,
                                     norm->spec.inner);
    xhat_status status = xhat_run_create(run, xhat_circuit_batchnorm(), &axes,
                                         norm->spec.eps, NULL, error);
    if (status == XHAT_OK)
        status = xhat_run_set(*run, XHAT_SIDE_VALUE, XHAT_VALUE_X, x, error);
    if (status == XHAT_OK)
        status = set_channels(*run, norm, XHAT_VALUE_GAMMA, norm->gamma, false,
                              error);
    if (status == XHAT_OK)
        status = set_channels(*run, norm, XHAT_VALUE_BETA, norm->beta, false,
                              error);
    if (status == XHAT_OK && norm->eval)
        status = set_channels(*run, norm, XHAT_VALUE_MEAN, norm->running_mean,
                              true, error);
    if (status == XHAT_OK && norm->eval)
        status = set_channels(*run, norm, XHAT_VALUE_VAR, norm->running_var,
                              true, error);
    if (status == XHAT_OK && dout != NULL)
        status = xhat_run_set(*run, XHAT_SIDE_GRADIENT, XHAT_VALUE_OUT, dout,
                              error);
    if (status == XHAT_OK)
        status = xhat_run_forward(*run, error);
    if (status == XHAT_OK && dout != NULL)
        status = xhat_run_backward(*run, error);
    return status;
}

/* Every array of one side of the run that was computed, not given. */
static int put_run(const xhat_run *run, xhat_side side, const cli_norm *norm,
                   const xhat_array *x, cli_results *results)
{
    const xhat_circuit *circuit = xhat_run_circuit(run);
    for (int value = 0; value < circuit->value_count; value++) {
        xhat_field field = xhat_run_field(run, side, value);
        bool given = side == XHAT_SIDE_VALUE
                         ? circuit->values[value].maker < 0
                         : value == circuit->output;
        if (field.data == NULL || given)
            continue;
        bool full = field.extent == XHAT_EXTENT_FULL;
        void *to = add(results, norm, xhat_circuit_key(circuit, side, value),
                       full ? x : NULL);
        if (to == NULL)
            return out_of_memory();
        put_all(norm->spec.dtype, to, field.data,
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
        result = out_of_memory();
    for (size_t c = 0; result == CLI_DONE && c < channels; c++) {
        statistics.mean[c] = mean[c];
        statistics.m2[c] = var[c] * count;
    }
    if (result == CLI_DONE)
        result = commit(norm, &statistics, results);
    free(statistics.mean);
    free(statistics.m2);
    return result;
}

static int staged(const cli_norm *norm, const xhat_array *x,
                  const xhat_array *dout, cli_results *results)
{
    xhat_run *run = NULL;
    xhat_error error = {XHAT_OUT_OF_MEMORY, "out of memory"};
    double *values = rounded(norm, x);
    double *gradient = dout == NULL ? NULL : rounded(norm, dout);
    int result = CLI_DONE;
    if (!norm->eval && norm->spec.outer * norm->spec.inner == 1)
        result = cli_fail(CLI_INPUT, "training needs two values a channel or "
                                     "more; x has one, so every output would "
                                     "be beta");
    else if (values == NULL || (dout != NULL && gradient == NULL) ||
             staged_run(&run, norm, values, gradient, &error) != XHAT_OK)
        result = cli_fail_error(&error);
    if (result == CLI_DONE)
        result = put_run(run, XHAT_SIDE_VALUE, norm, x, results);
    if (result == CLI_DONE && dout != NULL)
        result = put_run(run, XHAT_SIDE_GRADIENT, norm, x, results);
    if (result == CLI_DONE && dout == NULL)
        result = commit_run(run, norm, results);
    xhat_run_destroy(run);
    free(values);
    free(gradient);
    return result;
}

/* ---- the choice ---------------------------------------------------------------------------- */

int cli_tell_forward(const cli_norm *norm, const xhat_array *x,
                     cli_results *results)
{
    *results = (cli_results){0};
    if (norm->eval)
        warn_of_negative_variance(norm);
    return norm->method == CLI_METHOD_STAGED ? staged(norm, x, NULL, results)
                                             : plan_forward(norm, x, results);
}

int cli_tell_backward(const cli_norm *norm, const xhat_array *x,
                      const xhat_array *dout, cli_results *results)
{
    *results = (cli_results){0};
    if (norm->eval)
        warn_of_negative_variance(norm);
    return norm->method == CLI_METHOD_STAGED
               ? staged(norm, x, dout, results)
               : plan_backward(norm, x, dout, results);
}
