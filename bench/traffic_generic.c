/* The traffic loops with vectors of 16 bytes. */
#define VECTOR_BYTES 16
#define TABLE        bench_loops_generic
#include "traffic.inc"
