#include "net/layers.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "net/product.h"

xhat_status xhat_affine_create(xhat_affine *affine, size_t in, size_t out,
                               bool with_bias, const xhat_allocator *allocator,
                               xhat_error *error)
{
    size_t count;
    *affine = (xhat_affine){.in = in, .out = out};
    if (__builtin_mul_overflow(in, out, &count))
        return xhat_fail(error, XHAT_OUT_OF_MEMORY,
                         "a layer of %zu x %zu weights is too large", out, in);
    affine->weight = xhat_allocate_zeroed(allocator, count, sizeof(real));
    affine->dweight = xhat_allocate_zeroed(allocator, count, sizeof(real));
    if (with_bias) {
        affine->bias = xhat_allocate_zeroed(allocator, out, sizeof(real));
        affine->dbias = xhat_allocate_zeroed(allocator, out, sizeof(real));
    }
    if (affine->weight == NULL || affine->dweight == NULL ||
        (with_bias && (affine->bias == NULL || affine->dbias == NULL)))
        return xhat_fail(error, XHAT_OUT_OF_MEMORY,
                         "no memory for a layer of %zu x %zu weights", out, in);
    return XHAT_OK;
}

void xhat_affine_free(xhat_affine *affine, const xhat_allocator *allocator)
{
    xhat_release(allocator, affine->weight);
    xhat_release(allocator, affine->dweight);
    xhat_release(allocator, affine->bias);
    xhat_release(allocator, affine->dbias);
}

void xhat_affine_initialize(xhat_affine *affine, double deviation,
                            uint64_t seed, uint64_t stream)
{
    size_t count = affine->in * affine->out;
    for (size_t i = 0; i < count; i++)
        affine->weight[i] =
            (real)(deviation * xhat_random_normal(seed, stream, i));
    if (affine->bias != NULL)
        memset(affine->bias, 0, affine->out * sizeof(real));
}

void xhat_affine_forward(const xhat_affine *affine, size_t rows, const real *x,
                         real *out)
{
    bool has_bias = affine->bias != NULL;
    for (size_t r = 0; has_bias && r < rows; r++)
        memcpy(out + r * affine->out, affine->bias, affine->out * sizeof(real));
    xhat_product(rows, affine->out, affine->in, (xhat_factor){x, false},
                 (xhat_factor){affine->weight, true}, has_bias, out);
}

/* dW = dout' x,  db = sum of the rows of dout,  dx = dout W */
void xhat_affine_backward(xhat_affine *affine, size_t rows, const real *x,
                          const real *dout, real *dx)
{
    xhat_product(affine->out, affine->in, rows, (xhat_factor){dout, true},
                 (xhat_factor){x, false}, false, affine->dweight);
    if (affine->dbias != NULL) {
        memset(affine->dbias, 0, affine->out * sizeof(real));
        for (size_t r = 0; r < rows; r++)
            for (size_t j = 0; j < affine->out; j++)
                affine->dbias[j] += dout[r * affine->out + j];
    }
    if (dx != NULL)
        xhat_product(rows, affine->in, affine->out, (xhat_factor){dout, false},
                     (xhat_factor){affine->weight, false}, false, dx);
}
