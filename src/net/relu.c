#include "net/layers.h"

/* Written so that a NaN stays a NaN: a net that diverges is to be seen. */
void xhat_relu_forward(size_t count, real *x)
{
    for (size_t i = 0; i < count; i++)
        x[i] = x[i] < 0 ? 0 : x[i];
}

void xhat_relu_backward(size_t count, const real *out, real *gradient)
{
    for (size_t i = 0; i < count; i++)
        gradient[i] = out[i] > 0 ? gradient[i] : 0;
}
