/* Vectors of the register's width, by GNU vector extensions.
 *
 * The file that includes this defines VECTOR_BYTES (16, 32 or 64) before.
 * Never a vector wider than the register: gcc would keep it in memory. */
#ifndef XHAT_KERNELS_VEC_H
#define XHAT_KERNELS_VEC_H

#include <string.h>

#if defined(__FAST_MATH__) || __FINITE_MATH_ONLY__
#error "xhat promises the same bits everywhere: build it without -ffast-math"
#endif

typedef double vec_f64 __attribute__((vector_size(VECTOR_BYTES)));
typedef float vec_f32 __attribute__((vector_size(VECTOR_BYTES)));
typedef float vec_half_f32 __attribute__((vector_size(VECTOR_BYTES / 2)));

enum { VEC_F64_COUNT = VECTOR_BYTES / 8, VEC_F32_COUNT = VECTOR_BYTES / 4 };

/* Loads and stores ask for no alignment; memcpy of a constant size is one
 * instruction. */
static inline vec_f64 vec_load_f64(const double *from)
{
    vec_f64 v;
    memcpy(&v, from, sizeof v);
    return v;
}

static inline vec_f32 vec_load_f32(const float *from)
{
    vec_f32 v;
    memcpy(&v, from, sizeof v);
    return v;
}

static inline void vec_store_f64(double *to, vec_f64 v)
{
    memcpy(to, &v, sizeof v);
}

static inline void vec_store_f32(float *to, vec_f32 v)
{
    memcpy(to, &v, sizeof v);
}

/* VEC_F64_COUNT elements as doubles, from either type */
static inline vec_f64 vec_widen_f64(const double *from)
{
    return vec_load_f64(from);
}

static inline vec_f64 vec_widen_f32(const float *from)
{
    vec_half_f32 v;
    memcpy(&v, from, sizeof v);
    return __builtin_convertvector(v, vec_f64);
}

/* sum + low := sum + low + term: a two-sum (Knuth), whose rest goes to low */
static inline void vec_add_to(double *sum, double *low, vec_f64 term)
{
    vec_f64 old = vec_load_f64(sum), high = old + term;
    vec_f64 part = high - old;
    vec_store_f64(sum, high);
    vec_store_f64(low,
                  vec_load_f64(low) + ((old - (high - part)) + (term - part)));
}

/* the same for one lane */
static inline void scalar_add_to(double *sum, double *low, double term)
{
    double old = *sum, high = old + term;
    double part = high - old;
    *sum = high;
    *low = *low + ((old - (high - part)) + (term - part));
}

#endif
