/* Times and what is made of them. */
#define _POSIX_C_SOURCE 200809L
#include "samples.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

double bench_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

bool bench_not_warm(int calls, double start)
{
    return calls < 3 || bench_seconds() < start + 0.005;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_quantile(double *samples, size_t count, double q)
{
    if (count == 0)
        return NAN;
    qsort(samples, count, sizeof *samples, by_size);
    double at = q * (double)(count - 1);
    size_t below = (size_t)at;
    if (below + 1 >= count)
        return samples[count - 1];
    double part = at - (double)below;
    return samples[below] + part * (samples[below + 1] - samples[below]);
}

double bench_median(double *samples, size_t count)
{
    return bench_quantile(samples, count, 0.5);
}

double bench_geometric_mean(const double *values, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        if (!(values[i] > 0))
            return NAN;
        sum += log(values[i]);
    }
    return count == 0 ? NAN : exp(sum / (double)count);
}
