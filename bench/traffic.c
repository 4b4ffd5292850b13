/* The loops that measure memory, spread over threads. */
#include "traffic.h"

#include <stdint.h>
#include <string.h>

#include "base/cpu.h"

/* the turns of the next loop on a thread each, of `threads` */
#ifdef _OPENMP
#define IN_PARALLEL                                                            \
    _Pragma("omp parallel for num_threads(threads) schedule(static, 1)")
#else
#define IN_PARALLEL
#endif

const bench_loop_table *bench_loops_widest(void)
{
#ifdef BENCH_WIDE_LOOPS
    unsigned features = xhat_cpu_features();
    if (features & XHAT_CPU_AVX512)
        return &bench_loops_avx512;
    if (features & XHAT_CPU_AVX2)
        return &bench_loops_avx2;
#endif
    return &bench_loops_generic;
}

static void move_part(const bench_loop_table *loops, bench_loop loop, float *to,
                      const float *a, const float *b, size_t count)
{
    switch (loop) {
    case BENCH_COPY:
        loops->copy(to, a, count);
        break;
    case BENCH_COPY_LIBC:
        memcpy(to, a, count * sizeof *to);
        break;
    case BENCH_COPY_STREAM:
        loops->copy_stream(to, a, count);
        break;
    case BENCH_TRIAD:
        loops->triad(to, a, b, count);
        break;
    default:
        loops->triad_stream(to, a, b, count);
    }
}

/* Parts begin at multiples of 64 floats, so that they are aligned and no two
 * threads write to one cache line. */
void bench_move(const bench_loop_table *loops, bench_loop loop, int threads,
                void *to, const void *a, const void *b, size_t bytes)
{
    size_t count = bytes / sizeof(float);
    size_t part = (count / (size_t)threads + 63) / 64 * 64;
    if (threads == 1) {
        move_part(loops, loop, to, a, b, count);
        return;
    }
    IN_PARALLEL
    for (int t = 0; t < threads; t++) {
        size_t start = (size_t)t * part < count ? (size_t)t * part : count;
        size_t end =
            t + 1 < threads && start + part < count ? start + part : count;
        size_t at = b == NULL ? 0 : start;
        move_part(loops, loop, (float *)to + start, (const float *)a + start,
                  (const float *)b + at, end - start);
    }
}

void bench_evict(int threads, const unsigned char *buffer, size_t bytes)
{
    const size_t least = (size_t)8 << 20; /* more than a core's own caches */
    size_t part = bytes / (size_t)threads / 64 * 64;
    if (part < least)
        part = least < bytes ? least : bytes;
    IN_PARALLEL
    for (int t = 0; t < threads; t++) {
        size_t start = t == 0 ? 0
                              : (bytes - part) * (size_t)t /
                                    (size_t)(threads - 1) / 64 * 64;
        for (size_t i = start; i < start + part; i += 64)
            (void)*(const volatile unsigned char *)(buffer + i);
    }
}
