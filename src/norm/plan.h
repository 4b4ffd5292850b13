/* A plan: a validated spec with its kernels.  Immutable once made. */
#ifndef XHAT_NORM_PLAN_H
#define XHAT_NORM_PLAN_H

#include "geometry.h"
#include "xhat/xhat.h"

struct xhat_plan {
    xhat_spec spec; /* as it is worked on: a single channel is one run */
    const char *isa;
    const xhat_kernels *kernels;
    size_t count; /* values a channel: outer * inner */
    xhat_order order;
    xhat_fusion fusion;
    /* two passes over x; over x and dout; one pass over x */
    xhat_geometry forward, backward, inference;
    size_t mask_channels;            /* xhat_mask_channels */
    size_t scratch_size;             /* bytes, for the largest of the three */
    const xhat_allocator *allocator; /* NULL: malloc's, or a plan on the stack */
};

/* Validates and fills a plan, wherever it lies; most_channels limits the
 * blocks, and with them the scratch memory (0: no limit). */
XHAT_NODISCARD xhat_status xhat_plan_fill(xhat_plan *plan,
                                          const xhat_spec *spec,
                                          size_t most_channels,
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

#endif
