#include "closed_gradients.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "circuit/magnitude.h"
#include "circuit/nonfinite.h"
#include "norm/closed.h"

enum { LEAVES = 3 };

static const int leaves[LEAVES] = {XHAT_VALUE_X, XHAT_VALUE_GAMMA,
                                   XHAT_VALUE_BETA};

static const double *value_of(const xhat_run *run, int value)
{
    return xhat_run_field(run, XHAT_SIDE_VALUE, value).data;
}

/* gradients[] := dx, dgamma, dbeta; out, mean, low, invstd: room to work in */
static void compute(const xhat_run *run, double *const gradients[LEAVES],
                    double *out, double *mean, double *low, double *invstd)
{
    const xhat_axes *axes = xhat_run_axes(run);
    const double *dout =
        xhat_run_field(run, XHAT_SIDE_GRADIENT, XHAT_VALUE_OUT).data;
    xhat_plan plan = {.spec = {.dtype = XHAT_F64,
                               .outer = axes->outer,
                               .channels = axes->channels,
                               .inner = axes->inner,
                               .eps = xhat_run_eps(run)},
                      .count = axes->outer * axes->inner};
    if (xhat_run_state(run, XHAT_VALUE_MEAN) == XHAT_STATE_HELD) {
        xhat_frozen_backward_args frozen = {
            .x = value_of(run, XHAT_VALUE_X),
            .dout = dout,
            .gamma = value_of(run, XHAT_VALUE_GAMMA),
            .running_mean = value_of(run, XHAT_VALUE_MEAN),
            .running_var = value_of(run, XHAT_VALUE_VAR),
            .dx = gradients[0],
            .dgamma = gradients[1],
            .dbeta = gradients[2]};
        xhat_closed_frozen_backward(&plan, &frozen);
        return;
    }
    xhat_forward_args forward = {.x = value_of(run, XHAT_VALUE_X),
                                 .gamma = value_of(run, XHAT_VALUE_GAMMA),
                                 .beta = value_of(run, XHAT_VALUE_BETA),
                                 .out = out,
                                 .mean = mean,
                                 .mean_low = low,
                                 .invstd = invstd};
    xhat_closed_forward(&plan, &forward);
    xhat_backward_args backward = {.x = forward.x,
                                   .dout = dout,
                                   .gamma = forward.gamma,
                                   .mean = mean,
                                   .mean_low = low,
                                   .invstd = invstd,
                                   .dx = gradients[0],
                                   .dgamma = gradients[1],
                                   .dbeta = gradients[2]};
    xhat_closed_backward(&plan, &backward);
}

/* Layer norm: rows in the part of the channels, and gates 8 and 9, whose gamma
 * and beta go along the channels, around the closed form. */
static void compute_per_row(const xhat_run *run,
                            double *const gradients[LEAVES], double *x_norm,
                            double *mean, double *low, double *invstd)
{
    const xhat_axes *axes = xhat_run_axes(run);
    const double *dout =
        xhat_run_field(run, XHAT_SIDE_GRADIENT, XHAT_VALUE_OUT).data;
    const double *gamma = value_of(run, XHAT_VALUE_GAMMA);
    size_t sharing = xhat_axes_sharing(axes);
    double *dx = gradients[0], *dgamma = gradients[1], *dbeta = gradients[2];
    xhat_plan plan = {.spec = {.dtype = XHAT_F64,
                               .outer = 1,
                               .channels = axes->outer,
                               .inner = sharing,
                               .eps = xhat_run_eps(run)},
                      .count = sharing};
    xhat_forward_args forward = {.x = value_of(run, XHAT_VALUE_X),
                                 .out = x_norm,
                                 .mean = mean,
                                 .mean_low = low,
                                 .invstd = invstd};
    xhat_closed_forward(&plan, &forward);
    for (size_t i = 0; i < axes->outer * sharing; i++) {
        size_t c = xhat_axes_place(axes, XHAT_EXTENT_PER_CHANNEL, i);
        dgamma[c] += dout[i] * x_norm[i];
        dbeta[c] += dout[i];
        dx[i] = dout[i] * gamma[c]; /* dx_norm */
    }
    xhat_backward_args backward = {.x = forward.x,
                                   .dout = dx,
                                   .mean = mean,
                                   .mean_low = low,
                                   .invstd = invstd,
                                   .dx = dx};
    xhat_closed_backward(&plan, &backward);
}

/* The largest error of one gradient, relative to the size of the terms; -1:
 * nothing to compare.  Channels with NaN or Inf in them are left out. */
static double worst_of(const xhat_run *run, const double *closed, int value,
                       const double *size, const bool *touched)
{
    const xhat_axes *axes = xhat_run_axes(run);
    xhat_field field = xhat_run_field(run, XHAT_SIDE_GRADIENT, value);
    size_t count = xhat_axes_count(axes, field.extent);
    double worst = -1;
    for (size_t k = 0; field.data != NULL && k < count; k++) {
        size_t channel = field.extent == XHAT_EXTENT_FULL
                             ? xhat_axes_place(axes, XHAT_EXTENT_PER_CHANNEL, k)
                             : k;
        double off = fabs(closed[k] - field.data[k]);
        double relative = off == 0 ? 0 : off / size[k];
        if (!touched[channel] && isfinite(relative) && relative > worst)
            worst = relative;
    }
    return worst;
}

static xhat_status compare(xhat_picture *picture, bool *touched,
                           xhat_error *error)
{
    xhat_magnitudes sizes = {0};
    xhat_status status = xhat_magnitudes_of(&sizes, picture->run, error);
    if (status == XHAT_OK)
        xhat_nonfinite_touched(picture->run, XHAT_EXTENT_PER_CHANNEL, touched);
    for (int i = 0; i < LEAVES && status == XHAT_OK; i++) {
        int v = leaves[i];
        double worst = worst_of(picture->run, picture->closed[v], v,
                                sizes.computed[XHAT_SIDE_GRADIENT][v], touched);
        picture->closed_error[v] = worst;
        if (worst >= 0 && !(picture->closed_form >= worst))
            picture->closed_form = worst;
    }
    xhat_magnitudes_free(&sizes);
    return status;
}

xhat_status xhat_closed_gradients(xhat_picture *picture, double **memory,
                                  xhat_error *error)
{
    const xhat_axes *axes = xhat_run_axes(picture->run);
    size_t full = xhat_axes_count(axes, XHAT_EXTENT_FULL);
    size_t channels = axes->channels;
    size_t statistics = xhat_axes_count(axes, XHAT_EXTENT_PER_STATISTIC);
    *memory = calloc(2 * full + 2 * channels + 3 * statistics, sizeof **memory);
    bool *touched = calloc(channels, sizeof *touched);
    picture->closed_form = NAN;
    if (*memory == NULL || touched == NULL) {
        free(touched);
        return xhat_fail(error, XHAT_OUT_OF_MEMORY,
                         "no memory for the closed form");
    }
    double *dx = *memory, *out = dx + full, *dgamma = out + full;
    double *dbeta = dgamma + channels, *mean = dbeta + channels;
    (axes->per_row ? compute_per_row : compute)(
        picture->run, (double *const[]){dx, dgamma, dbeta}, out, mean,
        mean + statistics, mean + 2 * statistics);
    picture->closed[XHAT_VALUE_X] = dx;
    picture->closed[XHAT_VALUE_GAMMA] = dgamma;
    picture->closed[XHAT_VALUE_BETA] = dbeta;
    xhat_status status = compare(picture, touched, error);
    free(touched);
    return status;
}
