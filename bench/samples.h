/* Times and what is made of them: medians, spreads, geometric means. */
#ifndef XHAT_BENCH_SAMPLES_H
#define XHAT_BENCH_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>

/* Seconds since some fixed moment, on a clock that nobody sets.
 * Thread-safe. */
double bench_seconds(void);

/* Before the clock starts others had the caches: is the first-level one to be
 * filled by more than `calls` calls, or the third-level one by more time, since
 * `start`, so that they hold what they would in a loop? */
bool bench_not_warm(int calls, double start);

/* The value below which the part `q` (0..1) of samples[count] lies, linear
 * between neighbors; sorts samples in place.  NaN for count = 0. */
double bench_quantile(double *samples, size_t count, double q);

/* The middle one, or the mean of the two in the middle; sorts samples. */
double bench_median(double *samples, size_t count);

/* exp of the mean logarithm of values[count], all > 0; NaN for count = 0 and
 * when a value is not above 0. */
double bench_geometric_mean(const double *values, size_t count);

#endif
