/* Where things lie: elements of the arrays of an execution, parts, masks. */
#ifndef XHAT_NORM_PLACES_H
#define XHAT_NORM_PLACES_H

#include "plan.h"

/* The arrays of an execution, as the kernels take them. */
typedef struct xhat_arrays {
    const void *x, *dout, *residual;
    void *out, *dresidual;
    void *mask;
} xhat_arrays;

/* array[at ..]; NULL stays NULL */
static inline const void *xhat_input_at(const xhat_plan *plan,
                                        const void *array, size_t at)
{
    size_t size = xhat_dtype_size(plan->spec.dtype);
    return array == NULL ? NULL : (const char *)array + at * size;
}

static inline void *xhat_output_at(const xhat_plan *plan, void *array,
                                   size_t at)
{
    size_t size = xhat_dtype_size(plan->spec.dtype);
    return array == NULL ? NULL : (char *)array + at * size;
}

/* Bytes of mask for a row or an image. */
size_t xhat_mask_stride(const xhat_plan *plan);

/* Where the mask has an element: number `offset` of channel c's run in a row or
 * an image. */
typedef struct xhat_mask_place {
    size_t byte;
    unsigned bit; /* of that byte */
} xhat_mask_place;

xhat_mask_place xhat_mask_place_of(const xhat_plan *plan, size_t row, size_t c,
                                   size_t offset);

/* Where channel c of a part begins, and its mask. */
size_t xhat_part_start(const xhat_plan *plan, const xhat_part *part, size_t c);
void *xhat_mask_start(const xhat_plan *plan, const xhat_part *part, size_t c,
                      void *mask);

/* The lanes from number i on, and the sums. */
xhat_lanes xhat_lanes_from(const xhat_plan *plan, const xhat_lanes *lanes,
                           size_t i);
xhat_sums xhat_sums_from(const xhat_sums *sums, size_t i);

/* Elements from the beginning of a row or an image to that of the next. */
static inline size_t xhat_row_stride(const xhat_plan *plan)
{
    return plan->spec.channels * plan->spec.inner;
}

#endif
