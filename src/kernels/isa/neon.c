/* AArch64: Advanced SIMD, which every such CPU has. */
#define VECTOR_BYTES 16
#define TIER(type)   xhat_kernels_neon_##type
#include "kernels/isa/tier.inc"
