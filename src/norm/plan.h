/* A plan: a validated spec with its kernels.  Immutable once made. */
#ifndef XHAT_NORM_PLAN_H
#define XHAT_NORM_PLAN_H

#include "kernels/kernels.h"
#include "xhat/xhat.h"

struct xhat_plan {
    xhat_spec spec;
    const char *isa;
    const xhat_kernels *kernels;
    size_t count;                    /* values a channel: outer * inner */
    int threads;                     /* that an execution uses */
    const xhat_allocator *allocator; /* NULL for a plan on the stack */
};

/* Validates and fills a plan, wherever it lies. */
XHAT_NODISCARD xhat_status xhat_plan_fill(xhat_plan *plan,
                                          const xhat_spec *spec,
                                          xhat_error *error);

/* One element of an array of the given dtype, as a double, and back. */
static inline double xhat_get(xhat_dtype dtype, const void *array, size_t i)
{
    return dtype == XHAT_F32 ? (double)((const float *)array)[i]
                             : ((const double *)array)[i];
}

static inline void xhat_put(xhat_dtype dtype, void *array, size_t i,
                            double value)
{
    if (dtype == XHAT_F32)
        ((float *)array)[i] = (float)value;
    else
        ((double *)array)[i] = value;
}

static inline size_t xhat_dtype_size(xhat_dtype dtype)
{
    return dtype == XHAT_F32 ? sizeof(float) : sizeof(double);
}

/* gamma[c] and beta[c], 1 and 0 where the spec has none */
static inline double xhat_gamma_at(const xhat_plan *plan, const void *gamma,
                                   size_t c)
{
    return gamma == NULL ? 1 : xhat_get(plan->spec.dtype, gamma, c);
}

static inline double xhat_beta_at(const xhat_plan *plan, const void *beta,
                                  size_t c)
{
    return beta == NULL ? 0 : xhat_get(plan->spec.dtype, beta, c);
}

/* 1 / sqrt(var + eps): gates 5 and 6.  0 for a variance of 0 with eps = 0,
 * where every deviation is 0 and x_norm is 0 by definition. */
double xhat_inverse_deviation(double var, double eps);

/* Checks shared by the executions: is a pointer missing, do parameters fit the
 * flags, may outputs overlap inputs?  `bytes` of a full array. */
typedef struct xhat_named_pointer {
    const void *pointer;
    const char *name;
} xhat_named_pointer;

XHAT_NODISCARD xhat_status xhat_check_pointers(const xhat_named_pointer *needed,
                                               size_t count, xhat_error *error);
XHAT_NODISCARD xhat_status xhat_check_parameter(const xhat_plan *plan,
                                                unsigned flag,
                                                const void *parameter,
                                                const char *name,
                                                xhat_error *error);
/* `in_place` allows output == input, but never a partial overlap. */
XHAT_NODISCARD xhat_status xhat_check_overlap(const xhat_plan *plan,
                                              const void *output,
                                              const char *output_name,
                                              const void *input,
                                              const char *input_name,
                                              bool in_place, xhat_error *error);
/* training needs two values a channel unless XHAT_ALLOW_SINGLE */
XHAT_NODISCARD xhat_status xhat_check_count(const xhat_plan *plan,
                                            xhat_error *error);

#endif
