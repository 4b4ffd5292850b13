/* The traffic loops with vectors of 32 bytes. */
#define VECTOR_BYTES 32
#define TABLE        bench_loops_avx2
#include "traffic.inc"
