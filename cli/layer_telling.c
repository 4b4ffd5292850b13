/* Layer norm by the library's plans: the same kernels and the same closed
 * form, with the rows in the part of the channels.  gamma and beta go along
 * the channels, which the plan knows nothing of: it gives x_norm, and takes
 * dx_norm back. */
#include <stdlib.h>

#include "tellings.h"

typedef struct layer {
    const cli_norm *norm;
    xhat_spec spec; /* the plan's */
    xhat_plan *plan;
    size_t size;                    /* bytes of an element of the dtype */
    void *x, *x_norm;               /* as many as x has */
    void *mean, *mean_low, *invstd; /* (rows) */
    void *scratch;
    xhat_statistics statistics; /* (rows) */
} layer;

static void layer_free(layer *l)
{
    void *blocks[] = {
        l->x,       l->x_norm,          l->mean,         l->mean_low, l->invstd,
        l->scratch, l->statistics.mean, l->statistics.m2};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        free(blocks[i]);
    xhat_plan_destroy(l->plan);
}

static double value_at(const layer *l, const void *array, size_t i)
{
    return l->size == sizeof(float) ? (double)((const float *)array)[i]
                                    : ((const double *)array)[i];
}

/* The channel of element i of an array with the shape of x. */
static size_t channel_of(const layer *l, size_t i)
{
    return i / l->norm->spec.inner % l->norm->spec.channels;
}

static void *converted(const layer *l, const xhat_array *array)
{
    size_t count = xhat_array_count(array);
    void *data = malloc(count * l->size);
    if (data != NULL && l->norm->spec.dtype == XHAT_F32)
        xhat_array_to_f32(array, data);
    else if (data != NULL)
        xhat_array_to_f64(array, data);
    return data;
}

static int layer_open(layer *l, const cli_norm *norm, const xhat_array *x)
{
    size_t rows = norm->spec.outer, count = xhat_array_count(x);
    xhat_error error = {0};
    *l = (layer){.norm = norm,
                 .spec = norm->spec,
                 .size = cli_dtype_size(norm->spec.dtype)};
    l->spec.outer = 1;
    l->spec.channels = rows;
    l->spec.inner = norm->spec.channels * norm->spec.inner;
    l->spec.flags = 0;
    if (l->spec.inner == 1)
        return cli_fail(CLI_INPUT, "layer norm needs two values a row or more; "
                                   "x has one, so every output would be beta");
    if (xhat_plan_create(&l->plan, &l->spec, NULL, &error) != XHAT_OK)
        return cli_fail_error(&error);
    l->x = converted(l, x);
    l->x_norm = malloc(count * l->size);
    l->mean = calloc(rows, l->size);
    l->mean_low = calloc(rows, l->size);
    l->invstd = calloc(rows, l->size);
    l->scratch = malloc(xhat_plan_scratch_size(l->plan) + 1);
    l->statistics = (xhat_statistics){.channels = rows,
                                      .mean = calloc(rows, sizeof(double)),
                                      .m2 = calloc(rows, sizeof(double))};
    bool complete = l->x && l->x_norm && l->mean && l->mean_low && l->invstd &&
                    l->scratch && l->statistics.mean && l->statistics.m2;
    return complete ? CLI_DONE : cli_out_of_memory();
}

/* Gates 1 to 7. */
static int normalize(layer *l)
{
    xhat_error error = {0};
    xhat_forward_args args = {.x = l->x,
                              .out = l->x_norm,
                              .mean = l->mean,
                              .mean_low = l->mean_low,
                              .invstd = l->invstd,
                              .statistics = &l->statistics,
                              .scratch = l->scratch,
                              .scratch_size = xhat_plan_scratch_size(l->plan)};
    return xhat_forward(l->plan, &args, &error) == XHAT_OK
               ? CLI_DONE
               : cli_fail_error(&error);
}

/* Gates 8 and 9. */
static void put_out(const layer *l, void *out, size_t count)
{
    const cli_norm *norm = l->norm;
    for (size_t i = 0; i < count; i++) {
        size_t c = channel_of(l, i);
        double value =
            norm->gamma[c] * value_at(l, l->x_norm, i) + norm->beta[c];
        cli_put(norm->spec.dtype, (char *)out + i * l->size, &value, 1);
    }
}

/* mean var inverted_stddev, one for each row */
static int put_statistics(const layer *l, cli_results *results)
{
    const cli_norm *norm = l->norm;
    size_t rows = norm->spec.outer;
    void *mean = cli_results_add_statistic(results, norm, "mean");
    void *var = cli_results_add_statistic(results, norm, "var");
    void *invstd = cli_results_add_statistic(results, norm, "inverted_stddev");
    if (mean == NULL || var == NULL || invstd == NULL)
        return cli_out_of_memory();
    cli_put(norm->spec.dtype, mean, l->statistics.mean, rows);
    for (size_t r = 0; r < rows; r++) {
        double v = l->statistics.m2[r] / l->statistics.count;
        double s = value_at(l, l->invstd, r);
        cli_put(norm->spec.dtype, (char *)var + r * l->size, &v, 1);
        cli_put(norm->spec.dtype, (char *)invstd + r * l->size, &s, 1);
    }
    return CLI_DONE;
}

int cli_layer_forward(const cli_norm *norm, const xhat_array *x,
                      cli_results *results)
{
    layer l = {0};
    void *out = cli_results_add(results, norm, "out", x);
    if (out == NULL)
        return cli_out_of_memory();
    if (xhat_array_count(x) == 0) /* statistics of nothing: zeros */
        return cli_results_add_statistic(results, norm, "mean") != NULL &&
                       cli_results_add_statistic(results, norm, "var") !=
                           NULL &&
                       cli_results_add_statistic(results, norm,
                                                 "inverted_stddev") != NULL
                   ? CLI_DONE
                   : cli_out_of_memory();
    int result = layer_open(&l, norm, x);
    if (result == CLI_DONE)
        result = normalize(&l);
    if (result == CLI_DONE) {
        put_out(&l, out, xhat_array_count(x));
        result = put_statistics(&l, results);
    }
    layer_free(&l);
    return result;
}

/* Gates 9 and 8: dgamma and dbeta from dout, which becomes dx_norm. */
static int unscale(const layer *l, void *dout, size_t count, void *dgamma,
                   void *dbeta)
{
    const cli_norm *norm = l->norm;
    size_t channels = norm->spec.channels;
    double *sums = calloc(2 * channels, sizeof *sums);
    if (sums == NULL)
        return cli_out_of_memory();
    for (size_t i = 0; i < count; i++) {
        size_t c = channel_of(l, i);
        double d = value_at(l, dout, i), dx_norm = d * norm->gamma[c];
        sums[c] += d * value_at(l, l->x_norm, i);
        sums[channels + c] += d;
        cli_put(norm->spec.dtype, (char *)dout + i * l->size, &dx_norm, 1);
    }
    cli_put(norm->spec.dtype, dgamma, sums, channels);
    cli_put(norm->spec.dtype, dbeta, sums + channels, channels);
    free(sums);
    return CLI_DONE;
}

static int backward(const layer *l, const void *dx_norm, void *dx)
{
    xhat_error error = {0};
    xhat_backward_args args = {.x = l->x,
                               .dout = dx_norm,
                               .mean = l->mean,
                               .mean_low = l->mean_low,
                               .invstd = l->invstd,
                               .dx = dx,
                               .scratch = l->scratch,
                               .scratch_size = xhat_plan_scratch_size(l->plan)};
    return xhat_backward(l->plan, &args, &error) == XHAT_OK
               ? CLI_DONE
               : cli_fail_error(&error);
}

int cli_layer_backward(const cli_norm *norm, const xhat_array *x,
                       const xhat_array *dout, cli_results *results)
{
    layer l = {0};
    void *dx = cli_results_add(results, norm, "dx", x);
    void *dgamma = cli_results_add(results, norm, "dgamma", NULL);
    void *dbeta = cli_results_add(results, norm, "dbeta", NULL);
    if (dx == NULL || dgamma == NULL || dbeta == NULL)
        return cli_out_of_memory();
    if (xhat_array_count(x) == 0)
        return CLI_DONE;
    int result = layer_open(&l, norm, x);
    void *gradient = result == CLI_DONE ? converted(&l, dout) : NULL;
    if (result == CLI_DONE && gradient == NULL)
        result = cli_out_of_memory();
    if (result == CLI_DONE)
        result = normalize(&l);
    if (result == CLI_DONE)
        result = unscale(&l, gradient, xhat_array_count(x), dgamma, dbeta);
    if (result == CLI_DONE)
        result = backward(&l, gradient, dx);
    free(gradient);
    layer_free(&l);
    return result;
}
