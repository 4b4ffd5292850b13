#include "derivative.h"

#include "mirror.h"

/* The loss after the number has moved by `step`; nothing else moves. */
static double complex loss_after(xhat_mirror *m, int leaf, xhat_extent part,
                                 size_t index, double complex step)
{
    m->step[index] = step;
    xhat_mirror_losses(m, leaf, part, 1);
    return m->loss[index];
}

xhat_status xhat_run_derivative(const xhat_run *run, int leaf, size_t at,
                                const double *steps, size_t count,
                                double *exact, double *central,
                                xhat_error *error)
{
    const xhat_axes *axes = xhat_run_axes(run);
    xhat_field field = xhat_run_field(run, XHAT_SIDE_VALUE, leaf);
    bool full = field.extent == XHAT_EXTENT_FULL;
    xhat_extent part = full ? XHAT_EXTENT_PER_STATISTIC : field.extent;
    size_t index = full ? xhat_axes_place(axes, part, at) : at;
    xhat_mirror m;
    xhat_status status = xhat_mirror_open(&m, run, error);
    if (status == XHAT_OK) {
        for (size_t t = 0; t < xhat_axes_count(axes, part); t++) {
            m.moved[t] = full ? xhat_axes_first(axes, t) : t;
            m.step[t] = 0;
        }
        m.moved[index] = at;
        *exact =
            cimag(loss_after(&m, leaf, part, index, XHAT_COMPLEX_STEP * I)) /
            XHAT_COMPLEX_STEP;
        for (size_t i = 0; i < count; i++) {
            double h =
                steps[i] > 0 ? steps[i] : xhat_central_step(field.data[at]);
            double forth = creal(loss_after(&m, leaf, part, index, h));
            double back = creal(loss_after(&m, leaf, part, index, -h));
            central[i] = (forth - back) / (2 * h);
        }
    }
    xhat_mirror_close(&m);
    return status;
}
