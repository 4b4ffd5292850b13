/* The kernel table: all of batch normalization is four operations.
 *
 *     moments      sum (x - pivot),  sum (x - pivot)^2
 *     affine       out = a * (x - mean) + b
 *     grad_sums    sum (dout - pivot),  sum (dout - pivot) * (x - mean)
 *     grad_affine  dx = a * (((dout - dmean) - rest) - (x - mean) * k)
 *     frozen_affine  dx = a * dout
 *
 * and a step between the two of a pass, which turns the sums of each channel
 * into the coefficients a, b, k ...: end_moments and end_grad_sums.  The mean
 * of x is two numbers, mean + mean_low; the kernels subtract the first, and the
 * second is in the coefficients: b = beta - a * mean_low, and in `rest`, with
 * what dmean lacks.
 *
 * A kernel works on a panel: `rows` rows of `length` neighboring elements.  It
 * does so in one of two orders, which the layout decides:
 *
 *     XHAT_COLUMNS   inner = 1: element j of a row belongs to channel j.  Short
 *                    runs, too: a row is an image, and each element of a run
 *                    has a lane of its own (spread, fold)
 *     XHAT_RUNS      inner > 1: a row is what an image has of some neighboring
 *                    channels, a run of each
 *
 * A table exists for each (dtype, ISA); xhat_isa_choose picks one.  What an
 * element or a sum becomes does not depend on the ISA: the same bits
 * everywhere.  Sums run over XHAT_GROUP_BYTES of virtual lanes in the dtype,
 * and after every XHAT_STEPS steps the lanes are added to float64 totals. */
#ifndef XHAT_KERNELS_KERNELS_H
#define XHAT_KERNELS_KERNELS_H

#include <stdint.h>

#include "xhat/xhat.h"

enum {
    XHAT_GROUP_BYTES = 128,    /* 32 lanes of float32 or 16 of float64 */
    XHAT_STEPS = 16,           /* rows of lanes in one plain sum */
    XHAT_PANEL_COLUMNS = 1024, /* most elements of a row in XHAT_COLUMNS */
    XHAT_PANEL_RUNS = 16,      /* runs of a row that wait for each other */
    XHAT_WIDE = 512,           /* most elements of narrow rows taken as one */
    XHAT_LINE = 64             /* bytes of a cache line */
};

typedef enum xhat_order { XHAT_COLUMNS = 0, XHAT_RUNS = 1 } xhat_order;

/* What is done to out = affine(x) in the same pass. */
typedef enum xhat_fusion {
    XHAT_FUSE_NOTHING = 0,
    XHAT_FUSE_RELU = 1,     /* out = max(out, 0) */
    XHAT_FUSE_ADD_RELU = 2, /* out = max(out + residual, 0) */
    XHAT_FUSIONS = 3
} xhat_fusion;

/* Arrays hold elements of the table's dtype; strides count elements. */
typedef struct xhat_panel {
    size_t rows, length;
    size_t runs;          /* XHAT_RUNS: as many of `length` follow each other in
                             a row, each of another channel */
    size_t stride;        /* from row to row of x, dout and residual */
    size_t out_stride;    /* of out and dresidual */
    const void *x, *dout; /* grad_*: both */
    const void *residual; /* affine with XHAT_FUSE_ADD_RELU */
    void *out;            /* affine: out; the gradients': dx */
    void *dresidual;      /* dx's, with XHAT_FUSE_ADD_RELU */
    /* XHAT_FUSE_ADD_RELU: a bit for each element, set where the sum was
     * above 0; a row, or each of its runs, takes xhat_mask_bytes(length).
     * affine: NULL or written, the others: read */
    void *mask;
    size_t mask_stride; /* bytes */
    /* what will be read next lies so many elements after each element of x
     * and dout; 0: nothing to fetch ahead */
    size_t ahead;
    /* So many rows by turns, 1 .. XHAT_STEPS: group by group in XHAT_COLUMNS,
     * in XHAT_RUNS, past the caches, piece by piece.  Fewer keep to the order
     * of memory; more use what is loaded for a group again.  Sums of XHAT_RUNS
     * take any number, run by run: with all rows one channel after the other */
    size_t strip;
    /* XHAT_COLUMNS: so many rows, a power of two, are taken as one of at most
     * XHAT_WIDE elements, each of which is a column.  They are shorter than a
     * group and follow each other; there is no mask but for sums.  0 and 1:
     * rows are taken as they are */
    size_t as_one;
    /* out and dresidual go past the caches; `fence` makes them seen.  With a
     * mask or dresidual they are in whole lines then */
    bool stream;
} xhat_panel;

/* A number for each channel, in the table's dtype: (length) in XHAT_COLUMNS,
 * (runs) in XHAT_RUNS.  Room for a whole group of lanes is read. */
typedef struct xhat_lanes {
    void *pivot;                   /* moments, grad_sums */
    void *a, *mean, *b;            /* affine, grad_sums, dx's */
    void *dmean, *rest, *k;        /* grad_affine */
    void *mean_low, *invstd;       /* scale, end_* */
    void *dgamma, *dbeta;          /* end_grad_sums */
} xhat_lanes;

/* Two sums a channel, each as a high and a low part: what rounding took from
 * the high part is kept in the low one.  The kernels have none of it to keep for
 * float32, as totals have 29 bits more than its elements; the sums of parts
 * have, once they are added up.  Room for a whole group of lanes. */
typedef struct xhat_sums {
    double *sum, *sum_low;         /* of x - pivot, or of dout - pivot */
    double *product, *product_low; /* of (x - pivot)^2, or
                                      (dout - pivot) (x - mean) */
} xhat_sums;

/* What end_moments and end_grad_sums need besides the sums. */
typedef struct xhat_channels {
    size_t channels; /* of the arrays below */
    double count;    /* values a channel */
    double eps;
    double *mean, *m2;  /* end_moments: mean, sum of squared deviations */
    unsigned char *odd; /* receives 1 for each channel that is to be
                                 computed with care: see end_moments;
                                 room for a group of lanes */
} xhat_channels;

typedef void xhat_sum_kernel(const xhat_panel *panel, const xhat_lanes *lanes,
                             const xhat_sums *sums);
typedef void xhat_map_kernel(const xhat_panel *panel, const xhat_lanes *lanes);

typedef struct xhat_kernels {
    /* lanes->pivot := the median of three elements of each channel */
    void (*pivot)(size_t channels, const void *first, const void *middle,
                  const void *last, size_t stride, void *pivot);

    /* lane a holds gamma, b beta: a := gamma * invstd and
     * b := beta - a * mean_low */
    void (*scale)(size_t channels, const xhat_lanes *lanes);

    /* to := to + part, what rounding takes from the high parts being kept in
     * the low ones */
    void (*merge)(size_t channels, const xhat_sums *to, const xhat_sums *part);

    /* Runs as columns: each number of an array `length` times, with room for a
     * group of lanes behind either array; and the sums of `length` columns as
     * those of a channel. */
    void (*spread)(size_t channels, size_t length, size_t arrays,
                   const void *const *from, void *const *to);
    void (*fold)(size_t channels, size_t length, const xhat_sums *columns,
                 const xhat_sums *sums);

    /* of one row or more */
    xhat_sum_kernel *moments[2];
    xhat_sum_kernel *grad_sums[2][XHAT_FUSIONS];

    xhat_map_kernel *affine[2][XHAT_FUSIONS];
    xhat_map_kernel *grad_affine[2][XHAT_FUSIONS];
    xhat_map_kernel *frozen_affine[2][XHAT_FUSIONS];

    /* From sums around lanes->pivot to mean, m2 and the lanes mean, mean_low,
     * invstd and, from gamma and beta in them, a and b.  A channel is odd when
     * its sums overflowed or underflowed, when cancellation took too many of
     * their bits, or when its coefficients are near the ends of the type
     * (ordinary.h).
     * True if any is. */
    bool (*end_moments)(const xhat_channels *channels, const xhat_sums *sums,
                        const xhat_lanes *lanes);

    /* From sums and the lanes pivot, mean, mean_low, invstd and a to k, dmean,
     * rest, dgamma and dbeta.  Odd channels as above. */
    bool (*end_grad_sums)(const xhat_channels *channels, const xhat_sums *sums,
                          const xhat_lanes *lanes);

    /* From running statistics, and gamma in a, to mean, mean_low, which is 0,
     * invstd and a; b is beta. */
    bool (*end_running)(const xhat_channels *channels, const void *running_mean,
                        const void *running_var, const xhat_lanes *lanes);

    /* Copies `bytes` past the caches as far as whole lines go; what comes
     * after `fence` sees them. */
    void (*stream)(void *to, const void *from, size_t bytes);
    void (*fence)(void);
} xhat_kernels;

static inline size_t xhat_dtype_size(xhat_dtype dtype)
{
    return dtype == XHAT_F32 ? sizeof(float) : sizeof(double);
}

/* Bytes of mask for a row of `length` elements: whole groups. */
static inline size_t xhat_mask_bytes(xhat_dtype dtype, size_t length)
{
    size_t group = XHAT_GROUP_BYTES / xhat_dtype_size(dtype);
    return (length + group - 1) / group * (group / 8);
}

/* Do the rows of out and dresidual begin and end with a line? */
static inline bool xhat_in_whole_lines(const xhat_panel *panel, size_t size)
{
    const size_t stride = panel->rows == 1 ? 0 : panel->out_stride;
    const uintptr_t out = (uintptr_t)panel->out;
    const uintptr_t dresidual = (uintptr_t)panel->dresidual;
    return (out | dresidual | stride * size | panel->length * size) %
               XHAT_LINE ==
           0;
}

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

#endif
