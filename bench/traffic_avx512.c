/* The traffic loops with vectors of 64 bytes. */
#define VECTOR_BYTES 64
#define TABLE        bench_loops_avx512
#include "traffic.inc"
