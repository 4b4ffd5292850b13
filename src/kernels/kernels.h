/* The kernel table: all of batch normalization is four operations.
 *
 *     moments      sum (x - pivot),  sum (x - pivot)^2
 *     affine       out = a * ((x - mean) - mean_low) + b
 *     grad_sums    sum (dout - pivot),  sum (dout - pivot) * (x - mean)
 *     grad_affine  dx = a * ((dout - dmean) - (x - mean) * k)
 *
 * A kernel works on a tile: `steps` groups of `lanes` neighboring elements,
 * each group `stride` elements after the one before, lanes <= XHAT_LANES.
 * Every lane has its own parameters and its own sums.  The two loop orders
 * differ in nothing else:
 *
 *     channels along the lanes   inner = 1: a group is a row's next channels,
 *                                stride is the number of channels
 *     a channel as a run         inner > 1: a group is the run's next
 *                                elements, all lanes hold the same parameters,
 *                                stride is XHAT_LANES
 *
 * A table exists for each (dtype, ISA); xhat_kernels_choose picks one.  What a
 * lane computes does not depend on the ISA: the same bits everywhere. */
#ifndef XHAT_KERNELS_KERNELS_H
#define XHAT_KERNELS_KERNELS_H

#include "xhat/xhat.h"

enum {
    XHAT_LANES = 16, /* virtual lanes, whatever the register's width */
    XHAT_STEPS = 16  /* drivers make tiles of at most this many steps: sums are
                        compensated sums of short plain sums */
};

/* Arrays of one parameter a lane, in the table's dtype. */
typedef struct xhat_affine_lanes {
    const void *a, *mean, *mean_low, *b;
} xhat_affine_lanes;

typedef struct xhat_grad_lanes {
    const void *a, *dmean, *dmean_low, *mean, *mean_low, *k;
} xhat_grad_lanes;

/* Two sums a lane, each as a high and a low part: what rounding took from the
 * high part is kept in the low one, so that the error does not grow with the
 * number of tiles.  The sum is high + low. */
typedef struct xhat_sum_lanes {
    double *sum, *sum_low;         /* of x - pivot, or of dout - pivot */
    double *product, *product_low; /* of (x - pivot)^2, or (dout - pivot) d */
} xhat_sum_lanes;

typedef struct xhat_tile {
    size_t steps, stride, lanes; /* stride in elements */
} xhat_tile;

typedef struct xhat_kernels {
    /* adds the tile's sums, in double */
    void (*moments)(xhat_tile tile, const void *x, const double *pivot,
                    const xhat_sum_lanes *sums);

    void (*affine)(xhat_tile tile, const void *x,
                   const xhat_affine_lanes *lanes, void *out);

    /* adds the tile's sums, in double; mean and mean_low are subtracted one
     * after the other: d = (x - mean) - mean_low */
    void (*grad_sums)(xhat_tile tile, const void *x, const void *dout,
                      const double *pivot, const double *mean,
                      const double *mean_low, const xhat_sum_lanes *sums);

    void (*grad_affine)(xhat_tile tile, const void *x, const void *dout,
                        const xhat_grad_lanes *lanes, void *dx);
} xhat_kernels;

/* One row of the dispatch table. */
typedef struct xhat_isa {
    const char *name;
    unsigned needs;                 /* XHAT_CPU_* features, all of them */
    const xhat_kernels *kernels[2]; /* by xhat_dtype */
} xhat_isa;

/* The newest tier that this CPU can run, or the one that XHAT_ISA forces.
 * Errors: XHAT_UNSUPPORTED names the tier and the tiers there are. */
XHAT_NODISCARD xhat_status xhat_isa_choose(const xhat_isa **isa,
                                           xhat_error *error);

/* Every tier of this build, newest first; NULL past the last. */
const xhat_isa *xhat_isa_at(int index);

/* each ISA's tables, defined in isa/<name>.c */
extern const xhat_kernels xhat_kernels_generic_f32, xhat_kernels_generic_f64;

#endif
