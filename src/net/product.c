/* Products are OpenBLAS's.  Where the build has oneDNN, large ones on one
 * thread go there, which is up to an eighth faster: docs/decisions/0010. */
#include "net/product.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <cblas.h>
#include <openblas_config.h>

#include "net/net_parts.h"

#ifdef XHAT_HAVE_ONEDNN
#include <omp.h>
#include <oneapi/dnnl/dnnl.h>
#endif

#ifdef XHAT_NET_REAL_DOUBLE
#define gemm cblas_dgemm
#else
#define gemm cblas_sgemm
#endif

/* Multiplications from which on several threads help, or oneDNN: some 100
 * microseconds of one thread.  OpenBLAS has spread much smaller products over
 * its threads, which then wait for each other longer than they compute. */
static const double large = 1 << 23;

static double multiplications(size_t rows, size_t columns, size_t inner)
{
    return (double)rows * (double)columns * (double)inner;
}

#ifdef XHAT_HAVE_ONEDNN
/* Can a product that failed so have written nothing? */
static bool is_untouched(dnnl_status_t status)
{
    return status == dnnl_invalid_arguments || status == dnnl_unimplemented ||
           status == dnnl_out_of_memory;
}

/* False: it was not computed, and OpenBLAS can do it.  What was begun and
 * cannot be, a sum whose first term may be lost, is NaN: training says so.
 * oneDNN asks OpenMP for its number of threads, which belongs to the calling
 * thread. */
static bool oneDNN_product(size_t rows, size_t columns, size_t inner,
                           xhat_factor a, xhat_factor b, bool add, real *out)
{
    dnnl_dim_t m = (dnnl_dim_t)rows, n = (dnnl_dim_t)columns;
    dnnl_dim_t k = (dnnl_dim_t)inner;
    int threads = omp_get_max_threads();
    if (openblas_get_num_threads() > 1 ||
        multiplications(rows, columns, inner) < large)
        return false;
    omp_set_num_threads(1);
    dnnl_status_t status =
        dnnl_sgemm(a.transposed ? 'T' : 'N', b.transposed ? 'T' : 'N', m, n, k,
                   1, a.values, a.transposed ? m : k, b.values,
                   b.transposed ? k : n, add, out, n);
    omp_set_num_threads(threads);
    if (status == dnnl_success)
        return true;
    if (!add || is_untouched(status))
        return false;
    for (size_t i = 0; i < rows * columns; i++)
        out[i] = (real)NAN;
    return true;
}
#endif

void xhat_product(size_t rows, size_t columns, size_t inner, xhat_factor a,
                  xhat_factor b, bool add, real *out)
{
    int m = (int)rows, n = (int)columns, k = (int)inner;
#ifdef XHAT_HAVE_ONEDNN
    if (oneDNN_product(rows, columns, inner, a, b, add, out))
        return;
#endif
    gemm(CblasRowMajor, a.transposed ? CblasTrans : CblasNoTrans,
         b.transposed ? CblasTrans : CblasNoTrans, m, n, k, 1, a.values,
         a.transposed ? m : k, b.values, b.transposed ? k : n, add, out, n);
}

/* ---- threads ------------------------------------------------------------- */

int xhat_net_useful_threads(const xhat_net *net, size_t rows, int threads)
{
    for (size_t i = 0; i < net->block_count; i++) {
        const xhat_affine *affine = &net->blocks[i].affine;
        if (multiplications(rows, affine->out, affine->in) >= large)
            return threads;
    }
    return multiplications(rows, net->head.out, net->head.in) >= large ? threads
                                                                       : 1;
}

void xhat_net_set_blas_threads(int threads)
{
    openblas_set_num_threads(threads);
}

int xhat_product_threads(void)
{
    return openblas_get_num_threads();
}

void xhat_net_describe_blas(char *text, size_t size)
{
    snprintf(text, size, "%s", openblas_get_config());
#ifdef XHAT_HAVE_ONEDNN
    size_t used = strlen(text);
    const dnnl_version_t *version = dnnl_version();
    snprintf(text + used, size - used,
             "; large products on one thread: "
             "oneDNN %d.%d.%d",
             version->major, version->minor, version->patch);
#endif
}
