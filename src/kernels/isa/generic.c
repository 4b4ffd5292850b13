/* Any CPU: vectors of 16 bytes, which every 64-bit target has or gcc and clang
 * take apart. */
#include "kernels/kernels.h"

#define VECTOR_BYTES 16
#include "kernels/vec.h"

#define REAL    float
#define TYPE(x) x##_f32
#define TABLE   xhat_kernels_generic_f32
#include "kernels/kernels.inc"
#undef REAL
#undef TYPE
#undef TABLE

#define REAL    double
#define TYPE(x) x##_f64
#define TABLE   xhat_kernels_generic_f64
#include "kernels/kernels.inc"
