/* xhat_axes_place for inner loops: gates ask it for every element. */
#ifndef XHAT_CIRCUIT_PLACE_H
#define XHAT_CIRCUIT_PLACE_H

#include <stdint.h>

#include "xhat/circuit.h"

static inline size_t xhat_place_channel(const xhat_axes *axes, size_t element)
{
    size_t column = axes->inner == 1 ? element : element / axes->inner;
    if ((column | axes->channels) <= UINT32_MAX) /* a division half as long */
        return (uint32_t)column % (uint32_t)axes->channels;
    return column % axes->channels;
}

static inline size_t xhat_place(const xhat_axes *axes, xhat_extent extent,
                                size_t element)
{
    switch (extent) {
    case XHAT_EXTENT_SINGLE:
        return 0;
    case XHAT_EXTENT_PER_STATISTIC: {
        if (!axes->per_row && axes->groups == axes->channels)
            return xhat_place_channel(axes, element);
        size_t row = element / axes->inner / axes->channels;
        return (axes->per_row ? row : 0) * axes->groups +
               xhat_place_channel(axes, element) /
                   (axes->channels / axes->groups);
    }
    case XHAT_EXTENT_PER_CHANNEL:
        return xhat_place_channel(axes, element);
    case XHAT_EXTENT_PER_ROW:
        return element / axes->inner / axes->channels;
    case XHAT_EXTENT_FULL:
        break;
    }
    return element;
}

#endif
