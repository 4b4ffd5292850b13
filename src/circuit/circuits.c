#include <string.h>

#include "place.h"

/* Keys, formulas and numbers are those of docs/derivation.md. */
static const xhat_circuit_value values[] = {
    [XHAT_VALUE_X] = {"x", "dx", XHAT_EXTENT_FULL, -1, "x"},
    [XHAT_VALUE_GAMMA] = {"gamma", "dgamma", XHAT_EXTENT_PER_CHANNEL, -1, "γ"},
    [XHAT_VALUE_BETA] = {"beta", "dbeta", XHAT_EXTENT_PER_CHANNEL, -1, "β"},
    [XHAT_VALUE_MEAN] = {"mean", "dmean", XHAT_EXTENT_PER_STATISTIC, 0, "μ"},
    [XHAT_VALUE_DEV_FROM_MEAN] = {"dev_from_mean", "ddev_from_mean",
                                  XHAT_EXTENT_FULL, 1, "d"},
    [XHAT_VALUE_DEV_FROM_MEAN_SQ] = {"dev_from_mean_sq", "ddev_from_mean_sq",
                                     XHAT_EXTENT_FULL, 2, "q"},
    [XHAT_VALUE_VAR] = {"var", "dvar", XHAT_EXTENT_PER_STATISTIC, 3, "v"},
    [XHAT_VALUE_STDDEV] = {"stddev", "dstddev", XHAT_EXTENT_PER_STATISTIC, 4,
                           "s"},
    [XHAT_VALUE_INVERTED_STDDEV] = {"inverted_stddev", "dinverted_stddev",
                                    XHAT_EXTENT_PER_STATISTIC, 5, "r"},
    [XHAT_VALUE_X_NORM] = {"x_norm", "dx_norm", XHAT_EXTENT_FULL, 6, "x̂"},
    [XHAT_VALUE_SCALED_X] = {"scaled_x", "dscaled_x", XHAT_EXTENT_FULL, 7, "z"},
    [XHAT_VALUE_OUT] = {"out", "dout", XHAT_EXTENT_FULL, 8, "y"},
};

static const xhat_circuit_gate gates[] = {
    {XHAT_GATE_MEAN,
     1,
     {XHAT_VALUE_X},
     XHAT_VALUE_MEAN,
     "mean = 1/N sum x",
     {"1/N"},
     "Where the numbers lie: their center, one for each statistic."},
    {XHAT_GATE_SUBTRACT,
     2,
     {XHAT_VALUE_X, XHAT_VALUE_MEAN},
     XHAT_VALUE_DEV_FROM_MEAN,
     "dev_from_mean = x - mean",
     {"1", "-1"},
     "Moves the center to 0."},
    {XHAT_GATE_SQUARE,
     1,
     {XHAT_VALUE_DEV_FROM_MEAN},
     XHAT_VALUE_DEV_FROM_MEAN_SQ,
     "dev_from_mean_sq = dev_from_mean^2",
     {"2 dev_from_mean"},
     "How far from the center, whichever the side."},
    {XHAT_GATE_MEAN,
     1,
     {XHAT_VALUE_DEV_FROM_MEAN_SQ},
     XHAT_VALUE_VAR,
     "var = 1/N sum dev_from_mean_sq",
     {"1/N"},
     "How wide the numbers lie, squared."},
    {XHAT_GATE_ROOT,
     1,
     {XHAT_VALUE_VAR},
     XHAT_VALUE_STDDEV,
     "stddev = sqrt(var + eps)",
     {"1/(2 stddev)"},
     "The width in the unit of x; eps keeps it off 0."},
    {XHAT_GATE_RECIPROCAL,
     1,
     {XHAT_VALUE_STDDEV},
     XHAT_VALUE_INVERTED_STDDEV,
     "inverted_stddev = 1/stddev",
     {"-1/stddev^2"},
     "So that gate 7 multiplies instead of dividing."},
    {XHAT_GATE_MULTIPLY,
     2,
     {XHAT_VALUE_DEV_FROM_MEAN, XHAT_VALUE_INVERTED_STDDEV},
     XHAT_VALUE_X_NORM,
     "x_norm = dev_from_mean * inverted_stddev",
     {"inverted_stddev", "dev_from_mean"},
     "Normalized: mean 0 and width 1."},
    {XHAT_GATE_MULTIPLY,
     2,
     {XHAT_VALUE_GAMMA, XHAT_VALUE_X_NORM},
     XHAT_VALUE_SCALED_X,
     "scaled_x = gamma * x_norm",
     {"x_norm", "gamma"},
     "A width of the net's own choosing."},
    {XHAT_GATE_ADD,
     2,
     {XHAT_VALUE_SCALED_X, XHAT_VALUE_BETA},
     XHAT_VALUE_OUT,
     "out = scaled_x + beta",
     {"1", "1"},
     "And a center of its own choosing."},
};

static const xhat_circuit batchnorm = {
    .value_count = sizeof values / sizeof *values,
    .gate_count = sizeof gates / sizeof *gates,
    .values = values,
    .gates = gates,
    .input = XHAT_VALUE_X,
    .output = XHAT_VALUE_OUT,
};

const xhat_circuit *xhat_circuit_batchnorm(void)
{
    return &batchnorm;
}

int xhat_circuit_find(const xhat_circuit *circuit, const char *key,
                      xhat_side *side)
{
    for (int v = 0; v < circuit->value_count; v++) {
        bool value = strcmp(key, circuit->values[v].name) == 0;
        if (!value && strcmp(key, circuit->values[v].gradient) != 0)
            continue;
        *side = value ? XHAT_SIDE_VALUE : XHAT_SIDE_GRADIENT;
        return v;
    }
    return -1;
}

const char *xhat_circuit_key(const xhat_circuit *circuit, xhat_side side,
                             int value)
{
    return side == XHAT_SIDE_VALUE ? circuit->values[value].name
                                   : circuit->values[value].gradient;
}

/* ---- axes ---------------------------------------------------------------- */

xhat_axes xhat_axes_batch(size_t outer, size_t channels, size_t inner)
{
    return (xhat_axes){outer, channels, inner, false, channels};
}

xhat_axes xhat_axes_layer(size_t outer, size_t channels, size_t inner)
{
    return (xhat_axes){outer, channels, inner, true, 1};
}

size_t xhat_axes_count(const xhat_axes *axes, xhat_extent extent)
{
    switch (extent) {
    case XHAT_EXTENT_SINGLE:
        return 1;
    case XHAT_EXTENT_PER_STATISTIC:
        return (axes->per_row ? axes->outer : 1) * axes->groups;
    case XHAT_EXTENT_PER_CHANNEL:
        return axes->channels;
    case XHAT_EXTENT_PER_ROW:
        return axes->outer;
    case XHAT_EXTENT_FULL:
        break;
    }
    return axes->outer * axes->channels * axes->inner;
}

size_t xhat_axes_sharing(const xhat_axes *axes)
{
    return (axes->per_row ? 1 : axes->outer) * (axes->channels / axes->groups) *
           axes->inner;
}

size_t xhat_axes_place(const xhat_axes *axes, xhat_extent extent,
                       size_t element)
{
    return xhat_place(axes, extent, element);
}

size_t xhat_axes_first(const xhat_axes *axes, size_t statistic)
{
    size_t row = statistic / axes->groups;
    size_t channel = statistic % axes->groups * (axes->channels / axes->groups);
    return (row * axes->channels + channel) * axes->inner;
}
