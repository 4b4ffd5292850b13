#include "one_element.h"

static double rounded(const xhat_plan *plan, double value)
{
    return plan->spec.dtype == XHAT_F32 ? (double)(float)value : value;
}

/* The byte that holds the bit of an element; *bit is its place there. */
static unsigned char *mask_byte(const xhat_plan *plan, void *mask, size_t c,
                                size_t i, unsigned *bit)
{
    const size_t inner = plan->spec.inner;
    xhat_mask_place at = xhat_mask_place_of(plan, i / inner, c, i % inner);
    *bit = at.bit;
    return (unsigned char *)mask + at.byte;
}

void xhat_set_out(const xhat_plan *plan, const xhat_arrays *arrays, size_t c,
                  size_t i, double value)
{
    double y = rounded(plan, value);
    if (plan->fusion == XHAT_FUSE_ADD_RELU) {
        y = rounded(plan, y + xhat_at(plan, arrays->residual, c, i));
        if (arrays->mask != NULL) {
            unsigned bit;
            unsigned char *byte = mask_byte(plan, arrays->mask, c, i, &bit);
            *byte = (unsigned char)((*byte & ~(1u << bit)) |
                                    ((y > 0 ? 1u : 0u) << bit));
        }
    }
    if (plan->fusion != XHAT_FUSE_NOTHING && y < 0)
        y = 0;
    xhat_set(plan, arrays->out, c, i, y);
}

double xhat_gated_dout(const xhat_plan *plan, const xhat_arrays *arrays,
                       size_t c, size_t i, double value)
{
    double dout = xhat_at(plan, arrays->dout, c, i);
    unsigned bit;
    if (plan->fusion == XHAT_FUSE_RELU && !(rounded(plan, value) > 0))
        dout = 0;
    if (plan->fusion == XHAT_FUSE_ADD_RELU) {
        const unsigned char *byte = mask_byte(plan, arrays->mask, c, i, &bit);
        if (!(*byte >> bit & 1))
            dout = 0;
        xhat_set(plan, arrays->dresidual, c, i, dout);
    }
    return dout;
}
