#include <math.h>

#include "diagnose.h"

/* All numbers of a field are `number`. */
static bool all_are(const xhat_run *run, xhat_side side, int value,
                    double number)
{
    xhat_field field = xhat_run_field(run, side, value);
    size_t count = xhat_axes_count(xhat_run_axes(run), field.extent);
    for (size_t k = 0; k < count; k++)
        if (field.data[k] != number)
            return false;
    return count > 0;
}

/* The numbers of each statistic are all the same: each is that of the first
 * element of its statistic. */
static bool is_constant(const xhat_run *run, xhat_side side, int value)
{
    const xhat_axes *axes = xhat_run_axes(run);
    xhat_field field = xhat_run_field(run, side, value);
    size_t full = xhat_axes_count(axes, XHAT_EXTENT_FULL);
    for (size_t e = 0; e < full; e++) {
        size_t s = xhat_axes_place(axes, XHAT_EXTENT_PER_STATISTIC, e);
        if (field.data[e] != field.data[xhat_axes_first(axes, s)])
            return false;
    }
    return full > 0;
}

int xhat_probe_warnings(const xhat_run *run,
                        const char *warnings[XHAT_PROBE_WARNINGS_MAX])
{
    const xhat_axes *axes = xhat_run_axes(run);
    size_t n = xhat_axes_sharing(axes);
    const struct {
        bool applies;
        const char *sentence;
    } rules[] = {
        {n < 2, "N is below 2: x_norm is 0 whatever x is"},
        {n == 2, "N = 2: x_norm is 1 and -1 whatever x is, and dx is 0 but for "
                 "eps"},
        {axes->channels == 1,
         "there is one feature: a sum over the wrong axis may not show"},
        {axes->outer == axes->channels && axes->inner == 1 &&
             axes->channels > 1,
         "N = D: an array that is transposed has the right shape"},
        {all_are(run, XHAT_SIDE_VALUE, XHAT_VALUE_GAMMA, 1),
         "gamma is 1 everywhere: a missing gamma does not show"},
        {all_are(run, XHAT_SIDE_VALUE, XHAT_VALUE_BETA, 0),
         "beta is 0 everywhere: a missing beta does not show"},
        {xhat_run_eps(run) == 0,
         "eps is 0: a missing or misplaced eps does not show"},
        {n > 1 && is_constant(run, XHAT_SIDE_VALUE, XHAT_VALUE_X),
         "x is constant in every feature: x_norm is 0 everywhere"},
        {all_are(run, XHAT_SIDE_GRADIENT, XHAT_VALUE_OUT, 0),
         "dout is 0 everywhere: every gradient is 0"},
        {n > 1 && !all_are(run, XHAT_SIDE_GRADIENT, XHAT_VALUE_OUT, 0) &&
             is_constant(run, XHAT_SIDE_GRADIENT, XHAT_VALUE_OUT),
         "dout is constant in every feature: dx and dgamma are 0 on paper"},
    };
    int count = 0;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].applies)
            warnings[count++] = rules[i].sentence;
    return count;
}
