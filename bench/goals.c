/* Size classes and goals. */
#include "goals.h"

enum {
    LARGE_FORWARD,
    SMALL_FORWARD,
    NCHW_BACKWARD,
    NHWC_FORWARD,
    NHWC_BACKWARD,
    NC_FORWARD,
    NC_BACKWARD,
    NC_TINY,
    INFERENCE_LARGE,
    INFERENCE_MIDDLE,
    NCHW_TINY,
    NHWC_TINY,
    INFERENCE_TINY,
    CLASSES
};

static const bench_class classes[CLASSES] = {
    {"nchw-large-forward", "NCHW, 28x28 and larger", "forward", 0.85},
    {"nchw-small-forward", "NCHW, smaller planes", "forward", 0.65},
    {"nchw-backward", "NCHW", "backward", 0.75},
    {"nhwc-forward", "NHWC", "forward", 0.60},
    {"nhwc-backward", "NHWC", "backward", 0.57},
    {"nc-forward", "NC", "forward", 0.60},
    {"nc-backward", "NC", "backward", 0.60},
    {"nc-tiny", "NC under 1 MB", "both", 0.75},
    {"inference-large", "any, 8 MB and more", "inference", 0.97},
    {"inference-middle", "any, 1 to 8 MB", "inference", 0.90},
    {"nchw-tiny", "NCHW under 1 MB", "both", 0},
    {"nhwc-tiny", "NHWC under 1 MB", "both", 0},
    {"inference-tiny", "any, under 1 MB", "inference", 0},
};

const bench_class *bench_class_of(const xhat_spec *spec, bool channels_last,
                                  bench_mode mode)
{
    const double megabyte = 1e6, plane = 28 * 28;
    double bytes = (double)spec->outer * (double)spec->channels *
                   (double)spec->inner * (spec->dtype == XHAT_F32 ? 4 : 8);
    bool tiny = bytes < megabyte, forward = mode == BENCH_FORWARD;
    int class;
    if (mode == BENCH_INFERENCE)
        class = tiny                    ? INFERENCE_TINY
                : bytes >= 8 * megabyte ? INFERENCE_LARGE
                                        : INFERENCE_MIDDLE;
    else if (spec->inner > 1)
        class = tiny                           ? NCHW_TINY
                : !forward                     ? NCHW_BACKWARD
                : (double)spec->inner >= plane ? LARGE_FORWARD
                                               : SMALL_FORWARD;
    else if (channels_last)
        class = tiny ? NHWC_TINY : forward ? NHWC_FORWARD : NHWC_BACKWARD;
    else
        class = tiny ? NC_TINY : forward ? NC_FORWARD : NC_BACKWARD;
    return &classes[class];
}

const bench_class *bench_class_at(int index)
{
    return index >= 0 && index < CLASSES ? &classes[index] : NULL;
}

int bench_class_count(void)
{
    return CLASSES;
}
