/* Vectors of the register's width: GNU vector extensions, and the few
 * intrinsics that they cannot say.
 *
 * The file that includes this defines VECTOR_BYTES (16, 32 or 64) before.
 * Never a vector wider than the register: gcc would keep it in memory.  What
 * elements need exists for float and double under the names NAME_f32 and
 * NAME_f64, what a channel's numbers need for double alone; what a lane
 * computes does not depend on VECTOR_BYTES. */
#ifndef XHAT_KERNELS_VEC_H
#define XHAT_KERNELS_VEC_H

#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

#if defined(__FAST_MATH__) || __FINITE_MATH_ONLY__
#error "xhat promises the same bits everywhere: build it without -ffast-math"
#endif

#define VEC_OF(type) type __attribute__((vector_size(VECTOR_BYTES)))

typedef VEC_OF(float) vec_f32;
typedef VEC_OF(double) vec_f64;
typedef VEC_OF(int32_t) vec_mask_f32; /* a lane is all ones or all zeros */
typedef VEC_OF(int64_t) vec_mask_f64;
typedef float vec_half_f32 __attribute__((vector_size(VECTOR_BYTES / 2)));

enum { VEC_COUNT_f32 = VECTOR_BYTES / 4, VEC_COUNT_f64 = VECTOR_BYTES / 8 };

/* ---- loads and stores: no alignment is asked for ------------------------- */

/* memcpy of a constant size is one instruction */
static inline vec_f32 vec_load_f32(const float *from)
{
    vec_f32 v;
    memcpy(&v, from, sizeof v);
    return v;
}

static inline vec_f64 vec_load_f64(const double *from)
{
    vec_f64 v;
    memcpy(&v, from, sizeof v);
    return v;
}

static inline void vec_store_f32(float *to, vec_f32 v)
{
    memcpy(to, &v, sizeof v);
}

static inline void vec_store_f64(double *to, vec_f64 v)
{
    memcpy(to, &v, sizeof v);
}

/* value in every lane; x - 0 is x, also for -0 */
static inline vec_f32 vec_all_f32(float value)
{
    return value - (vec_f32){0};
}

static inline vec_f64 vec_all_f64(double value)
{
    return value - (vec_f64){0};
}

/* The first `count` lanes (0 .. all of them, or more) from memory, the others
 * from `rest`; and the first `count` lanes to memory.  Nothing past them is
 * touched. */
static inline vec_f32 vec_load_part_f32(const float *from, size_t count,
                                        vec_f32 rest);
static inline vec_f64 vec_load_part_f64(const double *from, size_t count,
                                        vec_f64 rest);
static inline void vec_store_part_f32(float *to, size_t count, vec_f32 v);
static inline void vec_store_part_f64(double *to, size_t count, vec_f64 v);

/* The first `count` lanes (0 .. all of them, or more) of one vector, the others
 * of another. */
static inline vec_f32 vec_join_f32(size_t count, vec_f32 first, vec_f32 rest);
static inline vec_f64 vec_join_f64(size_t count, vec_f64 first, vec_f64 rest);

#if VECTOR_BYTES == 64

static inline unsigned vec_first(size_t count)
{
    return count >= 16 ? 0xffff : (1u << count) - 1;
}

static inline vec_f32 vec_load_part_f32(const float *from, size_t count,
                                        vec_f32 rest)
{
    return (vec_f32)_mm512_mask_loadu_ps((__m512)rest,
                                         (__mmask16)vec_first(count), from);
}

static inline vec_f64 vec_load_part_f64(const double *from, size_t count,
                                        vec_f64 rest)
{
    return (vec_f64)_mm512_mask_loadu_pd((__m512d)rest,
                                         (__mmask8)vec_first(count), from);
}

static inline void vec_store_part_f32(float *to, size_t count, vec_f32 v)
{
    _mm512_mask_storeu_ps(to, (__mmask16)vec_first(count), (__m512)v);
}

static inline void vec_store_part_f64(double *to, size_t count, vec_f64 v)
{
    _mm512_mask_storeu_pd(to, (__mmask8)vec_first(count), (__m512d)v);
}

static inline vec_f32 vec_join_f32(size_t count, vec_f32 first, vec_f32 rest)
{
    return (vec_f32)_mm512_mask_mov_ps(
        (__m512)rest, (__mmask16)vec_first(count), (__m512)first);
}

static inline vec_f64 vec_join_f64(size_t count, vec_f64 first, vec_f64 rest)
{
    return (vec_f64)_mm512_mask_mov_pd(
        (__m512d)rest, (__mmask8)vec_first(count), (__m512d)first);
}

#elif VECTOR_BYTES == 32

/* all ones in the first `count` of 8 words */
static inline __m256i vec_first(size_t count)
{
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(count > 8 ? 8 : (int)count),
                              lane);
}

static inline vec_f32 vec_load_part_f32(const float *from, size_t count,
                                        vec_f32 rest)
{
    __m256i first = vec_first(count);
    return (vec_f32)_mm256_blendv_ps(
        (__m256)rest, _mm256_maskload_ps(from, first), (__m256)first);
}

static inline vec_f64 vec_load_part_f64(const double *from, size_t count,
                                        vec_f64 rest)
{
    __m256i first = vec_first(2 * (count > 4 ? 4 : count));
    return (vec_f64)_mm256_blendv_pd(
        (__m256d)rest, _mm256_maskload_pd(from, first), (__m256d)first);
}

static inline void vec_store_part_f32(float *to, size_t count, vec_f32 v)
{
    _mm256_maskstore_ps(to, vec_first(count), (__m256)v);
}

static inline void vec_store_part_f64(double *to, size_t count, vec_f64 v)
{
    _mm256_maskstore_pd(to, vec_first(2 * (count > 4 ? 4 : count)), (__m256d)v);
}

static inline vec_f32 vec_join_f32(size_t count, vec_f32 first, vec_f32 rest)
{
    return (vec_f32)_mm256_blendv_ps((__m256)rest, (__m256)first,
                                     (__m256)vec_first(count));
}

static inline vec_f64 vec_join_f64(size_t count, vec_f64 first, vec_f64 rest)
{
    return (vec_f64)_mm256_blendv_pd(
        (__m256d)rest, (__m256d)first,
        (__m256d)vec_first(2 * (count > 4 ? 4 : count)));
}

#else

static inline vec_f32 vec_load_part_f32(const float *from, size_t count,
                                        vec_f32 rest)
{
    float lanes[VEC_COUNT_f32];
    vec_store_f32(lanes, rest);
    for (size_t i = 0; i < VEC_COUNT_f32; i++)
        if (i < count)
            lanes[i] = from[i];
    return vec_load_f32(lanes);
}

static inline vec_f64 vec_load_part_f64(const double *from, size_t count,
                                        vec_f64 rest)
{
    double lanes[VEC_COUNT_f64];
    vec_store_f64(lanes, rest);
    for (size_t i = 0; i < VEC_COUNT_f64; i++)
        if (i < count)
            lanes[i] = from[i];
    return vec_load_f64(lanes);
}

static inline void vec_store_part_f32(float *to, size_t count, vec_f32 v)
{
    for (size_t i = 0; i < VEC_COUNT_f32; i++)
        if (i < count)
            to[i] = v[i];
}

static inline void vec_store_part_f64(double *to, size_t count, vec_f64 v)
{
    for (size_t i = 0; i < VEC_COUNT_f64; i++)
        if (i < count)
            to[i] = v[i];
}

static inline vec_f32 vec_join_f32(size_t count, vec_f32 first, vec_f32 rest)
{
    for (size_t i = 0; i < VEC_COUNT_f32; i++)
        rest[i] = i < count ? first[i] : rest[i];
    return rest;
}

static inline vec_f64 vec_join_f64(size_t count, vec_f64 first, vec_f64 rest)
{
    for (size_t i = 0; i < VEC_COUNT_f64; i++)
        rest[i] = i < count ? first[i] : rest[i];
    return rest;
}

#endif

/* ---- widening ------------------------------------------------------------ */

/* gcc 12 converts 64 bytes by halves */
static inline vec_f64 vec_doubles(vec_half_f32 v)
{
#if VECTOR_BYTES == 64
    return (vec_f64)_mm512_cvtps_pd((__m256)v);
#else
    return __builtin_convertvector(v, vec_f64);
#endif
}

static inline vec_half_f32 vec_floats(vec_f64 v)
{
#if VECTOR_BYTES == 64
    return (vec_half_f32)_mm512_cvtpd_ps((__m512d)v);
#else
    return __builtin_convertvector(v, vec_half_f32);
#endif
}

/* the lower (0) or upper (1) half of the lanes as doubles */
static inline vec_f64 vec_widen_f32(vec_f32 v, int half)
{
    vec_half_f32 halves[2];
    memcpy(halves, &v, sizeof v);
    return vec_doubles(halves[half]);
}

/* VEC_COUNT_f64 elements as doubles, and doubles rounded to elements */
static inline vec_f64 vec_load_wide_f32(const float *from)
{
    vec_half_f32 v;
    memcpy(&v, from, sizeof v);
    return vec_doubles(v);
}

static inline void vec_store_wide_f32(float *to, vec_f64 v)
{
    vec_half_f32 narrow = vec_floats(v);
    memcpy(to, &narrow, sizeof narrow);
}

static inline vec_f64 vec_load_wide_f64(const double *from)
{
    return vec_load_f64(from);
}

static inline void vec_store_wide_f64(double *to, vec_f64 v)
{
    vec_store_f64(to, v);
}

/* as elements round them */
static inline vec_f64 vec_rounded_f32(vec_f64 v)
{
    return vec_doubles(vec_floats(v));
}

static inline vec_f64 vec_rounded_f64(vec_f64 v)
{
    return v;
}

/* what there is nothing to widen of */
static inline vec_f64 vec_widen_f64(vec_f64 v, int half)
{
    (void)half;
    return v;
}

/* ---- across lanes -------------------------------------------------------- */

/* Lane i: (first + i) / length, rounded down, of a few thousand. */
static inline vec_mask_f32 vec_quotients_f32(size_t first, size_t length)
{
    vec_f32 value;
    for (int i = 0; i < VEC_COUNT_f32; i++)
        value[i] = (float)i;
    value = (value + ((float)first + 0.5f)) * (1 / (float)length) - 0.5f;
    /* from 2^23 on a float is an integer, in its last bits */
    return (vec_mask_f32)(value + 0x1.8p23f) & ((1 << 22) - 1);
}

static inline vec_mask_f64 vec_quotients_f64(size_t first, size_t length)
{
    vec_f64 value;
    for (int i = 0; i < VEC_COUNT_f64; i++)
        value[i] = i;
    value = (value + ((double)first + 0.5)) * (1 / (double)length) - 0.5;
    return (vec_mask_f64)(value + 0x1.8p52) & ((INT64_C(1) << 51) - 1);
}

/* Lane i: lane which[i] of v. */
static inline vec_f32 vec_pick_f32(vec_f32 v, vec_mask_f32 which)
{
#if VECTOR_BYTES == 64
    return (vec_f32)_mm512_permutexvar_ps((__m512i)which, (__m512)v);
#elif VECTOR_BYTES == 32
    return (vec_f32)_mm256_permutevar8x32_ps((__m256)v, (__m256i)which);
#else
    vec_f32 picked;
    for (int i = 0; i < VEC_COUNT_f32; i++)
        picked[i] = v[which[i]];
    return picked;
#endif
}

static inline vec_f64 vec_pick_f64(vec_f64 v, vec_mask_f64 which)
{
#if VECTOR_BYTES == 64
    return (vec_f64)_mm512_permutexvar_pd((__m512i)which, (__m512d)v);
#elif VECTOR_BYTES == 32
    /* as words, two of each double */
    which = (which * 2) | ((which * 2 + 1) << 32);
    return (vec_f64)_mm256_permutevar8x32_ps((__m256)v, (__m256i)which);
#else
    vec_f64 picked;
    for (int i = 0; i < VEC_COUNT_f64; i++)
        picked[i] = v[which[i]];
    return picked;
#endif
}

#define VEC_FIRST(half, i)                                                     \
    ((i) & (half) ? VEC_COUNT_f64 + (i) - (half) : (i))
#define VEC_SECOND(half, i)                                                    \
    ((i) & (half) ? VEC_COUNT_f64 + (i) : (i) + (half))
#if VECTOR_BYTES == 64
#define VEC_LANES(OF, half)                                                    \
    OF(half, 0), OF(half, 1), OF(half, 2), OF(half, 3), OF(half, 4),           \
        OF(half, 5), OF(half, 6), OF(half, 7)
#elif VECTOR_BYTES == 32
#define VEC_LANES(OF, half) OF(half, 0), OF(half, 1), OF(half, 2), OF(half, 3)
#else
#define VEC_LANES(OF, half) OF(half, 0), OF(half, 1)
#endif
#if defined(__clang__)
#define VEC_CHOOSE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define VEC_CHOOSE(a, b, ...)                                                  \
    __builtin_shuffle(a, b, (vec_mask_f64){__VA_ARGS__})
#endif
#define VEC_HALVES(half)                                                       \
    *first = VEC_CHOOSE(a, b, VEC_LANES(VEC_FIRST, half));                     \
    *second = VEC_CHOOSE(a, b, VEC_LANES(VEC_SECOND, half))

/* The lanes of a and b in blocks of 2 * half, `half` a power of two below their
 * number: the first halves of the blocks of a and b by turns, and the second
 * halves. */
static inline void vec_halves(vec_f64 a, vec_f64 b, size_t half, vec_f64 *first,
                              vec_f64 *second)
{
#if VECTOR_BYTES == 64
    if (half == 4) {
        VEC_HALVES(4);
        return;
    }
#endif
#if VECTOR_BYTES >= 32
    if (half == 2) {
        VEC_HALVES(2);
        return;
    }
#endif
    (void)half;
    VEC_HALVES(1);
}

#undef VEC_FIRST
#undef VEC_SECOND
#undef VEC_LANES
#undef VEC_CHOOSE
#undef VEC_HALVES

/* ---- exact sums and products --------------------------------------------- */

/* a + b = *high + *low exactly, *high being the rounded sum (Knuth) */
static inline void two_sum(vec_f64 a, vec_f64 b, vec_f64 *high, vec_f64 *low)
{
    vec_f64 sum = a + b, part = sum - a;
    *low = (a - (sum - part)) + (b - part);
    *high = sum;
}

/* a * b = *high + *low exactly (Dekker), for factors below 2^996 */
static inline void two_product(vec_f64 a, vec_f64 b, vec_f64 *high,
                               vec_f64 *low)
{
    const vec_f64 splitter = vec_all_f64(0x1p27 + 1);
    vec_f64 t = splitter * a, u = splitter * b, product = a * b;
    vec_f64 a1 = t - (t - a), a2 = a - a1, b1 = u - (u - b), b2 = b - b1;
    *low = ((a1 * b1 - product) + a1 * b2 + a2 * b1) + a2 * b2;
    *high = product;
}

/* what the rounded quotient a / b leaves: a - quotient * b */
static inline vec_f64 division_rest(vec_f64 a, vec_f64 quotient, vec_f64 b)
{
    vec_f64 high, low;
    two_product(quotient, b, &high, &low);
    return (a - high) - low;
}

static inline vec_f64 vec_sqrt(vec_f64 v)
{
#if VECTOR_BYTES == 64
    return (vec_f64)_mm512_sqrt_pd((__m512d)v);
#elif VECTOR_BYTES == 32
    return (vec_f64)_mm256_sqrt_pd((__m256d)v);
#elif defined(__SSE2__)
    return (vec_f64)_mm_sqrt_pd((__m128d)v);
#else
    for (int i = 0; i < VEC_COUNT_f64; i++)
        v[i] = __builtin_sqrt(v[i]);
    return v;
#endif
}

static inline vec_f64 vec_absolute(vec_f64 v)
{
    return (vec_f64)((vec_mask_f64)v & INT64_MAX);
}

/* ---- choosing ------------------------------------------------------------ */

/* a < b and a <= b, lane by lane; false for NaN */
static inline vec_mask_f32 vec_below_f32(vec_f32 a, vec_f32 b)
{
    return a < b;
}

static inline vec_mask_f64 vec_below_f64(vec_f64 a, vec_f64 b)
{
#if VECTOR_BYTES == 16 && defined(__SSE2__)
    /* gcc 12 breaks down over a < b of two doubles without SSE4 */
    return (vec_mask_f64)_mm_cmplt_pd((__m128d)a, (__m128d)b);
#else
    return a < b;
#endif
}

static inline vec_mask_f64 vec_at_most_f64(vec_f64 a, vec_f64 b)
{
#if VECTOR_BYTES == 16 && defined(__SSE2__)
    return (vec_mask_f64)_mm_cmple_pd((__m128d)a, (__m128d)b);
#else
    return a <= b;
#endif
}

/* mask ? yes : 0, lane by lane */
static inline vec_f32 vec_keep_f32(vec_mask_f32 mask, vec_f32 yes)
{
    return (vec_f32)(mask & (vec_mask_f32)yes);
}

static inline vec_f64 vec_keep_f64(vec_mask_f64 mask, vec_f64 yes)
{
    return (vec_f64)(mask & (vec_mask_f64)yes);
}

/* Masks as bits: lane i of vector v of a group is bit v * lanes + i, counted
 * from the lowest bit of the first byte. */
static inline unsigned vec_bits_f32(vec_mask_f32 mask)
{
#if VECTOR_BYTES == 64
    return _mm512_movepi32_mask((__m512i)mask);
#elif VECTOR_BYTES == 32
    return (unsigned)_mm256_movemask_ps((__m256)mask);
#elif defined(__SSE2__)
    return (unsigned)_mm_movemask_ps((__m128)mask);
#else
    unsigned bits = 0;
    for (unsigned i = 0; i < VEC_COUNT_f32; i++)
        bits |= (mask[i] ? 1u : 0u) << i;
    return bits;
#endif
}

static inline unsigned vec_bits_f64(vec_mask_f64 mask)
{
#if VECTOR_BYTES == 64
    return _mm512_movepi64_mask((__m512i)mask);
#elif VECTOR_BYTES == 32
    return (unsigned)_mm256_movemask_pd((__m256d)mask);
#elif defined(__SSE2__)
    return (unsigned)_mm_movemask_pd((__m128d)mask);
#else
    unsigned bits = 0;
    for (unsigned i = 0; i < VEC_COUNT_f64; i++)
        bits |= (mask[i] ? 1u : 0u) << i;
    return bits;
#endif
}

static inline vec_mask_f32 vec_mask_of_f32(unsigned bits)
{
    vec_mask_f32 lanes;
    for (int i = 0; i < VEC_COUNT_f32; i++)
        lanes[i] = (int32_t)(1u << i);
    return (((int32_t)bits - (vec_mask_f32){0}) & lanes) != 0;
}

static inline vec_mask_f64 vec_mask_of_f64(unsigned bits)
{
    vec_mask_f64 lanes;
    for (int i = 0; i < VEC_COUNT_f64; i++)
        lanes[i] = (int64_t)1 << i;
    return (((int64_t)bits - (vec_mask_f64){0}) & lanes) != 0;
}

/* ---- the memory's side --------------------------------------------------- */

static inline void vec_prefetch(const void *at)
{
    __builtin_prefetch(at, 0, 2);
}

/* A store past the caches, where the CPU has one; `to` is aligned to the
 * vector.  Order such stores with vec_fence before others may read them. */
static inline void vec_stream_f32(float *to, vec_f32 v)
{
#if VECTOR_BYTES == 64
    _mm512_stream_ps(to, (__m512)v);
#elif VECTOR_BYTES == 32
    _mm256_stream_ps(to, (__m256)v);
#elif defined(__SSE2__)
    _mm_stream_ps(to, (__m128)v);
#else
    vec_store_f32(to, v);
#endif
}

static inline void vec_stream_f64(double *to, vec_f64 v)
{
#if VECTOR_BYTES == 64
    _mm512_stream_pd(to, (__m512d)v);
#elif VECTOR_BYTES == 32
    _mm256_stream_pd(to, (__m256d)v);
#elif defined(__SSE2__)
    _mm_stream_pd(to, (__m128d)v);
#else
    vec_store_f64(to, v);
#endif
}

/* Stores before it are seen by others before stores after it. */
static inline void vec_fence(void)
{
#if defined(__SSE2__)
    _mm_sfence();
#endif
}

#endif
