/* Any CPU: vectors of 16 bytes, which every 64-bit target has. */
#define VECTOR_BYTES 16
#define TIER(type)   xhat_kernels_generic_##type
#include "kernels/isa/tier.inc"
