#include "vector.h"

#include "numbers.h"

void *at(vector *v, size_t i)
{
    return v->dtype == XHAT_F32 ? (void *)(v->f32 + i) : (void *)(v->f64 + i);
}

double get(const vector *v, size_t i)
{
    return v->dtype == XHAT_F32 ? (double)v->f32[i] : v->f64[i];
}

double rounded(xhat_dtype dtype, double value)
{
    return dtype == XHAT_F32 ? (double)(float)value : value;
}

void fill(vector *v, xhat_dtype dtype, double mean, uint64_t *seed)
{
    v->dtype = dtype;
    for (size_t i = 0; i < SIZE; i++) {
        v->f64[i] = rounded(dtype, mean + numbers_normal(seed));
        v->f32[i] = (float)v->f64[i];
    }
}
