#include "circuit_run.h"

xhat_status cli_circuit_run(xhat_run **run, const cli_norm *norm,
                            const double *x, const double *dout,
                            xhat_error *error)
{
    const xhat_spec *spec = &norm->spec;
    xhat_axes axes =
        norm->per_row
            ? xhat_axes_layer(spec->outer, spec->channels, spec->inner)
            : xhat_axes_batch(spec->outer, spec->channels, spec->inner);
    const struct {
        xhat_side side;
        int value;
        const double *data;
    } given[] = {{XHAT_SIDE_VALUE, XHAT_VALUE_X, x},
                 {XHAT_SIDE_VALUE, XHAT_VALUE_GAMMA, norm->gamma},
                 {XHAT_SIDE_VALUE, XHAT_VALUE_BETA, norm->beta},
                 {XHAT_SIDE_GRADIENT, XHAT_VALUE_OUT, dout}};
    xhat_status status = xhat_run_create(run, xhat_circuit_batchnorm(), &axes,
                                         norm->spec.eps, NULL, error);
    for (int i = 0; i < 4 && status == XHAT_OK; i++)
        if (given[i].data != NULL)
            status = xhat_run_set(*run, given[i].side, given[i].value,
                                  given[i].data, error);
    if (norm->eval && status == XHAT_OK)
        status =
            xhat_run_hold(*run, XHAT_VALUE_MEAN, norm->running_mean, error);
    if (norm->eval && status == XHAT_OK)
        status = xhat_run_hold(*run, XHAT_VALUE_VAR, norm->running_var, error);
    if (status == XHAT_OK)
        status = xhat_run_forward(*run, error);
    if (status == XHAT_OK && dout != NULL)
        status = xhat_run_backward(*run, error);
    return status;
}
