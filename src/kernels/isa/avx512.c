/* AVX-512 F, DQ, BW and VL: zmm registers and masks. */
#define VECTOR_BYTES 64
#define TIER(type)   xhat_kernels_avx512_##type
#include "kernels/isa/tier.inc"
