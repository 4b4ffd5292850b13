/* The fused kernels and the closed form: what the library's plans compute. */
#include "tellings.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* An array of the file in the dtype that is computed in. */
static void *in_dtype(const cli_norm *norm, const xhat_array *array)
{
    size_t count = xhat_array_count(array);
    void *data =
        malloc((count > 0 ? count : 1) * cli_dtype_size(norm->spec.dtype));
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
    void *data = malloc(count * cli_dtype_size(norm->spec.dtype));
    if (data != NULL)
        cli_put(norm->spec.dtype, data, values, count);
    return data;
}

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
    void *blocks[] = {w->x,       w->gamma,           w->beta,
                      w->scratch, w->running_mean,    w->running_var,
                      w->mean,    w->mean_low,        w->invstd,
                      w->out,     w->statistics.mean, w->statistics.m2};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        free(blocks[i]);
}

static int work_open(work *w, const cli_norm *norm, const xhat_array *x)
{
    size_t channels = norm->spec.channels, count = xhat_array_count(x);
    size_t size = cli_dtype_size(norm->spec.dtype);
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
                    w->mean_low && w->invstd && w->out && w->statistics.mean &&
                    w->statistics.m2;
    if (norm->running_mean != NULL) {
        w->running_mean = channels_in_dtype(norm, norm->running_mean);
        w->running_var = channels_in_dtype(norm, norm->running_var);
        complete = complete && w->running_mean && w->running_var;
    }
    return complete ? CLI_DONE : cli_out_of_memory();
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
                                    .scratch = w->scratch,
                                    .scratch_size =
                                        xhat_plan_scratch_size(w->plan)};
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
                                  .scratch = w->scratch,
                                  .scratch_size =
                                      xhat_plan_scratch_size(w->plan)};
        status = xhat_forward(w->plan, &args, &error);
    }
    return status == XHAT_OK ? CLI_DONE : cli_fail_error(&error);
}

/* mean var inverted_stddev of a finished forward; eval: the running ones */
static int put_statistics(const work *w, const cli_norm *norm,
                          cli_results *results)
{
    xhat_dtype dtype = norm->spec.dtype;
    size_t size = cli_dtype_size(dtype);
    double count = w->statistics.count > 0 ? w->statistics.count : 1;
    void *mean = cli_results_add(results, norm, "mean", NULL);
    void *var = cli_results_add(results, norm, "var", NULL);
    void *invstd = cli_results_add(results, norm, "inverted_stddev", NULL);
    if (mean == NULL || var == NULL || invstd == NULL)
        return cli_out_of_memory();
    for (size_t c = 0; c < norm->spec.channels; c++) {
        double v =
            norm->eval ? norm->running_var[c] : w->statistics.m2[c] / count;
        double inside = v + norm->spec.eps;
        double r = inside == 0 ? 0 : 1 / sqrt(inside);
        const double *m = norm->eval ? norm->running_mean : w->statistics.mean;
        cli_put(dtype, (char *)mean + c * size, &m[c], 1);
        cli_put(dtype, (char *)var + c * size, &v, 1);
        cli_put(dtype, (char *)invstd + c * size, &r, 1);
    }
    if (!norm->eval && w->statistics.count > 0) /* as backward will use it */
        memcpy(invstd, w->invstd, norm->spec.channels * size);
    return CLI_DONE;
}

int cli_plan_forward(const cli_norm *norm, const xhat_array *x,
                     cli_results *results)
{
    work w;
    int result = work_open(&w, norm, x);
    if (result == CLI_DONE)
        result = work_forward(&w, norm);
    if (result == CLI_DONE) {
        void *out = cli_results_add(results, norm, "out", x);
        if (out == NULL)
            result = cli_out_of_memory();
        else
            memcpy(out, w.out,
                   xhat_array_count(x) * cli_dtype_size(norm->spec.dtype));
    }
    if (result == CLI_DONE)
        result = put_statistics(&w, norm, results);
    if (result == CLI_DONE)
        result = cli_commit(norm, &w.statistics, results);
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
                                          .scratch = w->scratch,
                                          .scratch_size =
                                              xhat_plan_scratch_size(w->plan)};
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
                                   .scratch = w->scratch,
                                   .scratch_size =
                                       xhat_plan_scratch_size(w->plan)};
        status = xhat_backward(w->plan, &args, &error);
    }
    return status == XHAT_OK ? CLI_DONE : cli_fail_error(&error);
}

int cli_plan_backward(const cli_norm *norm, const xhat_array *x,
                      const xhat_array *dout, cli_results *results)
{
    work w;
    void *gradient = in_dtype(norm, dout);
    int result = work_open(&w, norm, x);
    if (result == CLI_DONE && gradient == NULL)
        result = cli_out_of_memory();
    if (result == CLI_DONE)
        result = work_forward(&w, norm);
    if (result == CLI_DONE) {
        void *dx = cli_results_add(results, norm, "dx", x);
        void *dgamma = cli_results_add(results, norm, "dgamma", NULL);
        void *dbeta = cli_results_add(results, norm, "dbeta", NULL);
        if (dx == NULL || dgamma == NULL || dbeta == NULL)
            result = cli_out_of_memory();
        else
            result = work_backward(&w, norm, gradient, dx, dgamma, dbeta);
    }
    free(gradient);
    work_free(&w);
    return result;
}
