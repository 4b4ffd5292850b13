/* What this CPU can do, as far as the operating system lets a program use it.
 *
 * A feature bit in CPUID says that the instructions exist; only XCR0 says that
 * the operating system saves the wide registers when it switches tasks.  Both
 * are asked. */
#ifndef XHAT_BASE_CPU_H
#define XHAT_BASE_CPU_H

#include <stdbool.h>
#include <stddef.h>

enum {
    XHAT_CPU_AVX2 = 1 << 0,   /* AVX2, ymm registers saved               */
    XHAT_CPU_AVX512 = 1 << 1, /* F, DQ, BW and VL, zmm and masks saved   */
    XHAT_CPU_NEON = 1 << 2    /* Advanced SIMD: always there on AArch64  */
};

/* The features as an or of XHAT_CPU_*.  Thread-safe. */
unsigned xhat_cpu_features(void);

/* Bytes of the second-level cache of one core; a modest guess where the system
 * does not tell.  Thread-safe. */
size_t xhat_cpu_cache(void);

/* Is it one of Intel's?  What a CPU fetches by itself, and what is worth asking
 * for, differs from maker to maker.  Thread-safe. */
bool xhat_cpu_is_intel(void);

/* From so many bytes on, arrays are better written past the caches by so many
 * threads: as measured, where the last level is a core complex's own and where
 * it is shared by a whole machine.  Thread-safe. */
size_t xhat_cpu_stream_bytes(size_t threads);

/* The processor's own name into name[size], "" where there is none. */
void xhat_cpu_name(char *name, int size);

#endif
