/* The type of a net's numbers: float, or double in the build that the
 * gradient checks use.  The sources are the same. */
#ifndef XHAT_NET_REAL_TYPE_H
#define XHAT_NET_REAL_TYPE_H

#include "xhat/formats.h"
#include "xhat/xhat.h"

#ifdef XHAT_NET_REAL_DOUBLE
typedef double real;
#define real_sqrt      sqrt
#define REAL_DTYPE     XHAT_F64
#define REAL_ELEMENT   XHAT_ELEMENT_F64
#define real_from_file xhat_array_to_f64
#else
typedef float real;
#define real_sqrt      sqrtf
#define REAL_DTYPE     XHAT_F32
#define REAL_ELEMENT   XHAT_ELEMENT_F32
#define real_from_file xhat_array_to_f32
#endif

/* Loops over whole arrays, compiled for the vectors of this CPU too.  The
 * formulas round the same in each: -ffp-contract=off. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) &&         \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define REAL_VECTORS                                                           \
    __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define REAL_VECTORS
#endif

#endif
