/* Batch norm of inference inside the affine layer before it:
 *
 *     gamma ((W x + b) - mean) invstd + beta  =  a W x + a (b - mean) + beta
 *
 * with a = gamma invstd, a channel a row of W.  Computed in float64, so that
 * each folded number is rounded once. */
#include <math.h>

#include "base/error.h"
#include "xhat/xhat.h"

static double value_at(const void *array, xhat_dtype dtype, size_t i,
                       double absent)
{
    if (array == NULL)
        return absent;
    return dtype == XHAT_F32 ? (double)((const float *)array)[i]
                             : ((const double *)array)[i];
}

static void put_value(void *array, xhat_dtype dtype, size_t i, double value)
{
    if (dtype == XHAT_F32)
        ((float *)array)[i] = (float)value;
    else
        ((double *)array)[i] = value;
}

static xhat_status validate(const xhat_fold_args *args, xhat_error *error)
{
    const struct {
        const char *name;
        const void *array;
    } needed[] = {{"running_mean", args->running_mean},
                  {"running_var", args->running_var},
                  {"weight", args->weight},
                  {"folded_weight", args->folded_weight},
                  {"folded_bias", args->folded_bias}};
    if (args->dtype != XHAT_F32 && args->dtype != XHAT_F64)
        return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                         "dtype = %d is no type of numbers", (int)args->dtype);
    if (!(args->eps >= 0 && isfinite(args->eps)))
        return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                         "eps = %g is not a number >= 0", args->eps);
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (needed[i].array == NULL)
            return xhat_fail(error, XHAT_INVALID_ARGUMENT, "%s is NULL",
                             needed[i].name);
    return XHAT_OK;
}

xhat_status xhat_fold(const xhat_fold_args *args, xhat_error *error)
{
    xhat_dtype dtype = args->dtype;
    xhat_status status = validate(args, error);
    if (status != XHAT_OK)
        return status;
    for (size_t c = 0; c < args->channels; c++) {
        double var = value_at(args->running_var, dtype, c, 0) + args->eps;
        double mean = value_at(args->running_mean, dtype, c, 0);
        double a = value_at(args->gamma, dtype, c, 1);
        a = var == 0 ? 0 : a / sqrt(var); /* 0: out = beta, as in inference */
        double bias = value_at(args->bias, dtype, c, 0) - mean;
        double beta = value_at(args->beta, dtype, c, 0);
        put_value(args->folded_bias, dtype, c, a == 0 ? beta : a * bias + beta);
        for (size_t j = c * args->in; j < (c + 1) * args->in; j++)
            put_value(args->folded_weight, dtype, j,
                      a * value_at(args->weight, dtype, j, 0));
    }
    return XHAT_OK;
}
