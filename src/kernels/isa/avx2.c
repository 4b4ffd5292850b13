/* x86-64 since 2013: ymm registers, masked loads and stores. */
#define VECTOR_BYTES 32
#define TIER(type)   xhat_kernels_avx2_##type
#include "kernels/isa/tier.inc"
