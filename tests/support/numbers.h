/* Reproducible test data that needs no library. */
#ifndef XHAT_TESTS_NUMBERS_H
#define XHAT_TESTS_NUMBERS_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

/* splitmix64: the next 64 bits */
static inline uint64_t numbers_bits(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* uniform in [0, 1) */
static inline double numbers_uniform(uint64_t *state)
{
    return (double)(numbers_bits(state) >> 11) * 0x1p-53;
}

/* about normal: the sum of 12 uniforms, mean 0, deviation 1 */
static inline double numbers_normal(uint64_t *state)
{
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += numbers_uniform(state);
    return sum;
}

static inline void numbers_fill(double *to, size_t count, double mean,
                                double deviation, uint64_t *state)
{
    for (size_t i = 0; i < count; i++)
        to[i] = mean + deviation * numbers_normal(state);
}

#endif
