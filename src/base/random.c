#include "random.h"

#include <math.h>

#include <Random123/philox.h>

void xhat_random_words(uint64_t seed, uint64_t stream, uint64_t index,
                       uint32_t words[4])
{
    philox4x32_key_t key = {{(uint32_t)seed, (uint32_t)(seed >> 32)}};
    philox4x32_ctr_t counter = {{(uint32_t)index, (uint32_t)(index >> 32),
                                 (uint32_t)stream, (uint32_t)(stream >> 32)}};
    philox4x32_ctr_t drawn = philox4x32(counter, key);
    for (int i = 0; i < 4; i++)
        words[i] = drawn.v[i];
}

/* 53 bits of two words as a number in [0, 1) */
static double unit(uint32_t high, uint32_t low)
{
    uint64_t bits = ((uint64_t)high << 32 | low) >> 11;
    return (double)bits * 0x1p-53;
}

double xhat_random_uniform(uint64_t seed, uint64_t stream, uint64_t index)
{
    uint32_t words[4];
    xhat_random_words(seed, stream, index, words);
    return unit(words[0], words[1]);
}

double xhat_random_normal(uint64_t seed, uint64_t stream, uint64_t index)
{
    const double two_pi = 6.283185307179586;
    uint32_t words[4];
    xhat_random_words(seed, stream, index, words);
    double u = 1 - unit(words[0], words[1]); /* (0, 1]: log is finite */
    return sqrt(-2 * log(u)) * cos(two_pi * unit(words[2], words[3]));
}

void xhat_random_permutation(uint64_t seed, uint64_t stream, size_t count,
                             size_t *permutation)
{
    for (size_t i = 0; i < count; i++) {
        size_t j =
            (size_t)(xhat_random_uniform(seed, stream, i) * (double)(i + 1));
        if (j != i)
            permutation[i] = permutation[j];
        permutation[j] = i;
    }
}
