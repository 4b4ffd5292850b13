/* Counter-based random numbers (Philox4x32-10 of Random123).
 *
 * A draw is a pure function of (seed, stream, index): there is no state to
 * save, share or lock, and the same draw comes out for any order, thread or
 * process.  A stream is what the numbers are for: give each purpose its own.
 * Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3".
 *
 * Everything here is thread-safe. */
#ifndef XHAT_BASE_RANDOM_H
#define XHAT_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Four words of the stream at `index`. */
void xhat_random_words(uint64_t seed, uint64_t stream, uint64_t index,
                       uint32_t words[4]);

/* uniform in [0, 1), a multiple of 2^-53 */
double xhat_random_uniform(uint64_t seed, uint64_t stream, uint64_t index);

/* standard normal (Box-Muller) */
double xhat_random_normal(uint64_t seed, uint64_t stream, uint64_t index);

/* A uniformly drawn permutation of 0 .. count-1 (Fisher-Yates). */
void xhat_random_permutation(uint64_t seed, uint64_t stream, size_t count,
                             size_t *permutation);

#endif
