/* The learning rate of each step. */
#include <math.h>

#include "net/net_parts.h"

const char *xhat_schedule_name(xhat_schedule schedule)
{
    static const char *const names[] = {"constant", "exponential", "step",
                                        "cosine"};
    return names[schedule];
}

static double factor(const xhat_training_options *options, double epochs)
{
    const double pi = 3.14159265358979323846;
    double decay = options->lr_decay;
    switch (options->schedule) {
    case XHAT_LR_CONSTANT:
        break;
    case XHAT_LR_EXPONENTIAL:
        return pow(decay, floor(epochs));
    case XHAT_LR_STEP:
        return pow(decay, floor(epochs / options->decay_epochs));
    case XHAT_LR_COSINE:
        return (1 + cos(pi * epochs / (double)options->epochs)) / 2;
    }
    return 1;
}

/* Step s (from 0) of the warm-up takes (s + 1) / its length. */
double xhat_training_lr(const xhat_training_options *options, size_t step,
                        size_t steps)
{
    double rate = options->lr * factor(options, (double)step / (double)steps);
    double warmup = options->warmup * (double)steps;
    double risen = (double)(step + 1);
    return risen < warmup ? rate * risen / warmup : rate;
}
