/* Numbers of either type, read and written as double. */
#ifndef XHAT_TESTS_NORM_VECTOR_H
#define XHAT_TESTS_NORM_VECTOR_H

#include "xhat/xhat.h"

enum { SIZE = 3945, GUARD = 0x5a };

typedef struct vector {
    xhat_dtype dtype;
    float f32[SIZE];
    double f64[SIZE];
} vector;

void *at(vector *v, size_t i);
double get(const vector *v, size_t i);

/* As the type rounds it. */
double rounded(xhat_dtype dtype, double value);

/* Normal numbers around a mean; the seed moves on. */
void fill(vector *v, xhat_dtype dtype, double mean, uint64_t *seed);

#endif
