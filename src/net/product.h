/* Matrix products: the one place that calls the libraries that compute them. */
#ifndef XHAT_NET_PRODUCT_H
#define XHAT_NET_PRODUCT_H

#include <stdbool.h>
#include <stddef.h>

#include "net/real.h"

/* A row-major matrix (rows, columns) without gaps; or, transposed, one that is
 * stored as (columns, rows). */
typedef struct xhat_factor {
    const real *values;
    bool transposed;
} xhat_factor;

/* out := a b, or out := out + a b, of (rows, columns); `inner` is summed over.
 * The same sizes and threads give the same bits.  out overlaps neither. */
void xhat_product(size_t rows, size_t columns, size_t inner, xhat_factor a,
                  xhat_factor b, bool add, real *out);

/* On how many threads: see xhat_net_set_blas_threads. */
int xhat_product_threads(void);

#endif
