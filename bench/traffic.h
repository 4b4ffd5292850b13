/* What the machine's memory gives: plain loops that move as many bytes as
 * batch norm has to move at the least, and do nothing else.
 *
 *     copy     to[i] = a[i]            forward and inference
 *     triad    to[i] = a[i] + b[i]     backward: two reads, one write
 *
 * each with regular and with non-temporal stores.  The limit of a shape is the
 * fastest of them at its working set. */
#ifndef XHAT_BENCH_TRAFFIC_H
#define XHAT_BENCH_TRAFFIC_H

#include <stddef.h>

typedef enum bench_loop {
    BENCH_COPY = 0,        /* vectors as wide as the registers */
    BENCH_COPY_LIBC = 1,   /* memcpy, which chooses its stores itself */
    BENCH_COPY_STREAM = 2, /* non-temporal stores */
    BENCH_TRIAD = 3,
    BENCH_TRIAD_STREAM = 4,
    BENCH_LOOPS = 5
} bench_loop;

/* The loops of one instruction set, see traffic.inc. */
typedef struct bench_loop_table {
    void (*copy)(float *to, const float *a, size_t count);
    void (*copy_stream)(float *to, const float *a, size_t count);
    void (*triad)(float *to, const float *a, const float *b, size_t count);
    void (*triad_stream)(float *to, const float *a, const float *b,
                         size_t count);
} bench_loop_table;

/* The widest loops that this CPU can run, whatever XHAT_ISA says: the limit is
 * the machine's.  Constant; asking takes microseconds. */
const bench_loop_table *bench_loops_widest(void);

/* Runs one loop over `bytes` (a multiple of 4) with `threads` threads, each on
 * a part of its own.  Arrays are aligned to 64 bytes; b is read by the triads
 * alone.  The elements count as float32, whatever they are. */
void bench_move(const bench_loop_table *loops, bench_loop loop, int threads,
                void *to, const void *a, const void *b, size_t bytes);

/* Evicts what the caches of `threads` cores hold: together they read all of
 * buffer[bytes], each at least 8 MiB.  Afterwards the threads are awake. */
void bench_evict(int threads, const unsigned char *buffer, size_t bytes);

extern const bench_loop_table bench_loops_generic, bench_loops_avx2,
    bench_loops_avx512;

#endif
