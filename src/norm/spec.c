/* The spec: defaults, layouts, the outer x channels x inner view. */
#include <string.h>

#include "base/error.h"
#include "xhat/xhat.h"

xhat_spec xhat_spec_default(xhat_dtype dtype)
{
    return (xhat_spec){.dtype = dtype,
                       .inner = 1,
                       .eps = 1e-5,
                       .flags = XHAT_SCALE | XHAT_SHIFT};
}

static const struct {
    const char *name;
    int rank;
    bool channels_last;
} layouts[] = {
    [XHAT_NC] = {"nc", 2, false},      [XHAT_NCL] = {"ncl", 3, false},
    [XHAT_NCHW] = {"nchw", 4, false},  [XHAT_NCDHW] = {"ncdhw", 5, false},
    [XHAT_NLC] = {"nlc", 3, true},     [XHAT_NHWC] = {"nhwc", 4, true},
    [XHAT_NDHWC] = {"ndhwc", 5, true},
};

enum { LAYOUTS = sizeof layouts / sizeof *layouts };

const char *xhat_layout_name(xhat_layout layout)
{
    return (unsigned)layout < LAYOUTS ? layouts[layout].name : "?";
}

int xhat_layout_rank(xhat_layout layout)
{
    return (unsigned)layout < LAYOUTS ? layouts[layout].rank : 0;
}

bool xhat_layout_from_name(const char *name, xhat_layout *layout)
{
    for (unsigned i = 0; i < LAYOUTS; i++)
        if (strcmp(layouts[i].name, name) == 0) {
            *layout = (xhat_layout)i;
            return true;
        }
    return false;
}

xhat_status xhat_spec_set_shape(xhat_spec *spec, xhat_layout layout, int rank,
                                const size_t *shape, xhat_error *error)
{
    size_t outer, inner = 1, total;
    bool overflow = false;
    if ((unsigned)layout >= LAYOUTS)
        return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                         "layout %d is not a layout", (int)layout);
    if (rank != layouts[layout].rank)
        return xhat_fail(error, XHAT_SHAPE_MISMATCH,
                         "x has rank %d but layout %s has rank %d", rank,
                         layouts[layout].name, layouts[layout].rank);
    int channel_axis = layouts[layout].channels_last ? rank - 1 : 1;
    outer = shape[0];
    for (int i = 1; i < rank; i++) {
        size_t *into = i < channel_axis ? &outer : &inner;
        if (i != channel_axis)
            overflow |= __builtin_mul_overflow(*into, shape[i], into);
    }
    overflow |= __builtin_mul_overflow(outer, inner, &total);
    overflow |= __builtin_mul_overflow(total, shape[channel_axis], &total);
    if (overflow)
        return xhat_fail(error, XHAT_SHAPE_MISMATCH,
                         "x has more elements than memory can hold");
    spec->outer = outer;
    spec->channels = shape[channel_axis];
    spec->inner = inner;
    return XHAT_OK;
}
