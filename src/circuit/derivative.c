#include "derivative.h"

#include "base/error.h"
#include "base/memory.h"
#include "mirror.h"
#include "run.h"

/* The loss after the number has moved by `step`; nothing else moves. */
static double complex loss_after(xhat_mirror *m, int leaf, xhat_extent part,
                                 size_t index, double complex step)
{
    m->step[index] = step;
    xhat_mirror_losses(m, leaf, part, 1);
    return m->loss[index];
}

/* The numbers of one channel, of a value that is full or per channel. */
static void copy_channel(const xhat_run *run, xhat_field from, size_t channel,
                         double *to)
{
    const xhat_axes *axes = xhat_run_axes(run);
    if (from.extent != XHAT_EXTENT_FULL) {
        to[0] = from.data[channel];
        return;
    }
    for (size_t o = 0; o < axes->outer; o++)
        for (size_t i = 0; i < axes->inner; i++)
            to[o * axes->inner + i] =
                from.data[(o * axes->channels + channel) * axes->inner + i];
}

/* The run of one channel alone: where channels do not see each other it has
 * the same derivatives, and is as much smaller as there are channels. */
static xhat_status slice_create(xhat_run **slice, const xhat_run *run,
                                size_t channel, xhat_error *error)
{
    const xhat_circuit *circuit = xhat_run_circuit(run);
    const xhat_axes *whole = xhat_run_axes(run);
    xhat_axes axes = xhat_axes_batch(whole->outer, 1, whole->inner);
    double *numbers =
        xhat_allocate(xhat_run_allocator(run), whole->outer * whole->inner + 1,
                      sizeof *numbers);
    if (numbers == NULL)
        return xhat_fail(error, XHAT_OUT_OF_MEMORY,
                         "no memory for one channel of a circuit");
    xhat_status status =
        xhat_run_create(slice, circuit, &axes, xhat_run_eps(run),
                        xhat_run_allocator(run), error);
    for (int side = 0; side < 2; side++)
        for (int v = 0; v < circuit->value_count && status == XHAT_OK; v++) {
            xhat_field given = xhat_run_given(run, (xhat_side)side, v);
            if (given.data == NULL)
                continue;
            copy_channel(run, given, channel, numbers);
            status =
                xhat_run_state(run, v) == XHAT_STATE_HELD
                    ? xhat_run_hold(*slice, v, numbers, error)
                    : xhat_run_set(*slice, (xhat_side)side, v, numbers, error);
        }
    xhat_release(xhat_run_allocator(run), numbers);
    return status;
}

static xhat_status derive(const xhat_run *run, int leaf, size_t at,
                          const double *steps, size_t count, double *exact,
                          double *central, xhat_error *error)
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

xhat_status xhat_run_derivative(const xhat_run *run, int leaf, size_t at,
                                const double *steps, size_t count,
                                double *exact, double *central,
                                xhat_error *error)
{
    const xhat_axes *axes = xhat_run_axes(run);
    if (axes->per_row || axes->groups != axes->channels || axes->channels == 1)
        return derive(run, leaf, at, steps, count, exact, central, error);
    bool full = xhat_run_circuit(run)->values[leaf].extent == XHAT_EXTENT_FULL;
    size_t channel =
        full ? xhat_axes_place(axes, XHAT_EXTENT_PER_CHANNEL, at) : at;
    size_t row = at / (axes->channels * axes->inner);
    size_t place = full ? row * axes->inner + at % axes->inner : 0;
    xhat_run *slice = NULL;
    xhat_status status = slice_create(&slice, run, channel, error);
    if (status == XHAT_OK)
        status =
            derive(slice, leaf, place, steps, count, exact, central, error);
    xhat_run_destroy(slice);
    return status;
}
