#include "probe.h"

#include <math.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"
#include "mistakes.h"
#include "run.h"
#include "search.h"

/* ---- making one ---------------------------------------------------------- */

/* Without a pattern, the same everywhere: -31 to 31, never 0. */
static int odd_number(unsigned array, size_t k)
{
    uint32_t h = (array + 1) * 2654435761u + (uint32_t)k * 40503u + 9781u;
    h ^= h >> 15;
    h *= 2246822519u;
    h ^= h >> 13;
    h *= 3266489917u;
    h ^= h >> 16;
    int number = (int)(h % 31) + 1;
    return h & 0x10000 ? number : -number;
}

void xhat_probe_make(const xhat_probe_inputs *inputs, const xhat_axes *axes,
                     double eps)
{
    /* a power of two near the root of eps: deviations of this size */
    double narrow = eps > 0 ? ldexp(1, ilogb(sqrt(eps)) - 3) : 1.0 / 16;
    for (size_t c = 0; c < axes->channels; c++) {
        bool odd = c % 2 == 1;
        inputs->gamma[c] = (odd ? -1 : 1) * (1.625 + odd_number(0, c) / 64.0);
        inputs->beta[c] = 0.5 + odd_number(1, c) / 32.0;
        inputs->running_mean[c] = 0.25 + odd_number(2, c) / 64.0;
        inputs->running_var[c] = 1.5 + odd_number(3, c) / 32.0;
    }
    for (size_t k = 0; k < xhat_axes_count(axes, XHAT_EXTENT_FULL); k++) {
        size_t c = xhat_axes_place(axes, XHAT_EXTENT_PER_CHANNEL, k);
        double scale = c == 0 ? narrow : (double)(1 + c % 3) / 16;
        inputs->x[k] = scale * (20.0 + odd_number(4, k));
        inputs->dout[k] = (3.0 + odd_number(5, k)) / 16;
        if (inputs->dout[k] == 0)
            inputs->dout[k] = 2.125;
    }
}

/* ---- what shows at once -------------------------------------------------- */

static bool all_are(const double *data, size_t count, double number)
{
    for (size_t k = 0; k < count; k++)
        if (data[k] != number)
            return false;
    return count > 0;
}

/* The numbers of each channel are all the same: that of its first element. */
static bool is_constant(const xhat_axes *axes, const double *data)
{
    size_t full = xhat_axes_count(axes, XHAT_EXTENT_FULL);
    for (size_t e = 0; e < full; e++) {
        size_t c = xhat_axes_place(axes, XHAT_EXTENT_PER_CHANNEL, e);
        if (data[e] != data[c * axes->inner])
            return false;
    }
    return full > 0;
}

static void find_warnings(xhat_probe_report *report, const xhat_case *c)
{
    const xhat_axes *axes = &c->axes;
    size_t n = xhat_axes_sharing(axes);
    size_t full = xhat_axes_count(axes, XHAT_EXTENT_FULL);
    bool no_dout = all_are(c->dout, full, 0);
    bool training = c->held[0] == NULL;
    const struct {
        bool applies;
        const char *sentence;
    } rules[] = {
        {training && n < 2, "N is below 2: x_norm is 0 whatever x is"},
        {training && n == 2,
         "N = 2: x_norm is 1 and -1 whatever x is, and dx is 0 but for eps"},
        {axes->channels == 1,
         "there is one feature: a sum over the wrong axis may not show"},
        {axes->outer == axes->channels && axes->inner == 1 &&
             axes->channels > 1,
         "N = D: an array that is transposed has the right shape"},
        {all_are(c->gamma, axes->channels, 1),
         "gamma is 1 everywhere: a missing gamma does not show"},
        {all_are(c->beta, axes->channels, 0),
         "beta is 0 everywhere: a missing beta does not show"},
        {c->eps == 0, "eps is 0: a missing or misplaced eps does not show"},
        {training && n > 1 && is_constant(axes, c->x),
         "x is constant in every feature: x_norm is 0 everywhere"},
        {no_dout, "dout is 0 everywhere: every gradient is 0"},
        {training && n > 1 && !no_dout && is_constant(axes, c->dout),
         "dout is constant in every feature: dx and dgamma are 0 on paper"},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].applies)
            report->warnings[report->warning_count++] = rules[i].sentence;
}

/* ---- what the catalogue says --------------------------------------------- */

enum { SAMPLE_ELEMENTS = 1 << 11 };

static double worst_tolerance(const xhat_case *c)
{
    double tolerance = c->claim_count == 0 ? 1e-10 : 0;
    for (int i = 0; i < c->claim_count; i++)
        tolerance = fmax(tolerance, c->claims[i].tolerance);
    return tolerance;
}

/* shows[i] := mistake i changes out, dx, dgamma, dbeta or an array that is
 * claimed, in this case; a mistake that cannot be made does not. */
static xhat_status find_shown(const xhat_case *c, const xhat_claim *claims,
                              int claim_count, double tolerance, bool *shows,
                              xhat_error *error)
{
    xhat_run *right = NULL;
    xhat_magnitudes size = {.allocator = c->allocator};
    xhat_status status = xhat_case_run(&right, c, error);
    bool looked[2][XHAT_CIRCUIT_VALUES_MAX] = {{[XHAT_VALUE_OUT] = true},
                                               {[XHAT_VALUE_X] = true,
                                                [XHAT_VALUE_GAMMA] = true,
                                                [XHAT_VALUE_BETA] = true}};
    for (int i = 0; i < claim_count; i++)
        looked[claims[i].side][claims[i].value] = true;
    if (status == XHAT_OK)
        status = xhat_magnitudes_of(&size, right, error);
    for (int i = 0; i < xhat_mistake_count() && status == XHAT_OK; i++) {
        xhat_run *wrong;
        shows[i] = false;
        if (!xhat_mistake_applies(i, right))
            continue;
        status = xhat_mistake_plant(&wrong, right, &i, 1, c->running, error);
        if (status == XHAT_OK && c->features > 0)
            xhat_run_set_features(wrong, c->features);
        if (status == XHAT_OK)
            status = xhat_run_forward(wrong, error);
        if (status == XHAT_OK)
            status = xhat_run_backward(wrong, error);
        for (int v = 0; v < XHAT_CIRCUIT_VALUES_MAX && status == XHAT_OK; v++)
            for (int side = 0; side < 2; side++)
                if (looked[side][v] && !shows[i])
                    shows[i] = xhat_run_span(
                                   wrong, (xhat_side)side, v,
                                   xhat_run_computed(right, (xhat_side)side, v),
                                   &size, tolerance, NULL) > tolerance;
        xhat_run_destroy(wrong);
    }
    xhat_magnitudes_free(&size);
    xhat_run_destroy(right);
    return status;
}

/* What shows on good inputs, in the same mode and with the same eps. */
static xhat_status find_showable(const xhat_case *c, double tolerance,
                                 bool *shows, xhat_error *error)
{
    enum { FULL = XHAT_PROBE_ROWS * XHAT_PROBE_CHANNELS };
    double numbers[4 * FULL + 4 * XHAT_PROBE_CHANNELS];
    size_t inner = c->axes.inner > 1 ? 2 : 1;
    xhat_axes axes =
        xhat_axes_batch(XHAT_PROBE_ROWS, XHAT_PROBE_CHANNELS, inner);
    double *next = numbers + 4 * FULL;
    xhat_probe_inputs made = {numbers,
                              numbers + 2 * FULL,
                              next,
                              next + XHAT_PROBE_CHANNELS,
                              next + 2 * XHAT_PROBE_CHANNELS,
                              next + 3 * XHAT_PROBE_CHANNELS};
    xhat_probe_make(&made, &axes, c->eps);
    bool eval = c->held[0] != NULL;
    xhat_case good = {.axes = axes,
                      .eps = c->eps,
                      .x = made.x,
                      .gamma = made.gamma,
                      .beta = made.beta,
                      .dout = made.dout,
                      .held = {eval ? made.running_mean : NULL,
                               eval ? made.running_var : NULL},
                      .running = {made.running_mean, made.running_var},
                      .allocator = c->allocator};
    return find_shown(&good, c->claims, c->claim_count, tolerance, shows,
                      error);
}

/* Channels in which most shows: gamma away from 1, beta away from 0, and a
 * narrow one. */
static void telling_channels(const xhat_case *c, size_t found[3])
{
    const xhat_axes *axes = &c->axes;
    double narrowest = INFINITY;
    found[0] = found[1] = found[2] = 0;
    for (size_t j = 0; j < axes->channels; j++) {
        if (fabs(c->gamma[j] - 1) > fabs(c->gamma[found[0]] - 1))
            found[0] = j;
        if (fabs(c->beta[j]) > fabs(c->beta[found[1]]))
            found[1] = j;
        double low = INFINITY, high = -INFINITY;
        for (size_t r = 0; r < axes->outer; r++)
            for (size_t i = 0; i < axes->inner; i++) {
                double x = c->x[(r * axes->channels + j) * axes->inner + i];
                low = fmin(low, x);
                high = fmax(high, x);
            }
        if (high - low > 0 && high - low < narrowest) {
            narrowest = high - low;
            found[2] = j;
        }
    }
}

static xhat_status take_sample(xhat_slice *slice, const xhat_case *c,
                               xhat_error *error)
{
    const xhat_axes *axes = &c->axes;
    size_t channel = axes->outer * axes->inner;
    size_t most = channel == 0 ? axes->channels : SAMPLE_ELEMENTS / channel;
    most = most < 3 ? 3 : most;
    most = most > axes->channels ? axes->channels : most;
    size_t *channels = xhat_allocate(c->allocator, most, sizeof *channels);
    if (channels == NULL)
        return xhat_fail(error, XHAT_OUT_OF_MEMORY,
                         "no memory for a sample of channels");
    size_t telling[3];
    telling_channels(c, telling);
    for (size_t j = 0; j < most; j++)
        channels[j] = most == axes->channels ? j
                      : j < 3                ? telling[j]
                                             : j * axes->channels / most;
    xhat_status status = xhat_slice_take(slice, c, channels, most, error);
    xhat_release(c->allocator, channels);
    return status;
}

xhat_status xhat_probe_judge(xhat_probe_report *report, const xhat_case *c,
                             xhat_error *error)
{
    *report = (xhat_probe_report){0};
    find_warnings(report, c);
    bool shown[XHAT_PROBE_HIDDEN_MAX], showable[XHAT_PROBE_HIDDEN_MAX];
    if (xhat_axes_count(&c->axes, XHAT_EXTENT_FULL) == 0)
        return XHAT_OK;
    double tolerance = worst_tolerance(c);
    xhat_case rows = *c; /* of many, the first are a batch of their own */
    size_t most = SAMPLE_ELEMENTS / c->axes.inner;
    rows.claim_count = 0;
    if (rows.axes.outer > most && most >= 8)
        rows.axes.outer = most;
    xhat_slice slice;
    xhat_status status = take_sample(&slice, &rows, error);
    bool all = slice.c.axes.channels == c->axes.channels &&
               rows.axes.outer == c->axes.outer;
    if (status == XHAT_OK)
        status = find_shown(&slice.c, c->claims, c->claim_count, tolerance,
                            shown, error);
    if (status == XHAT_OK)
        status = find_showable(c, tolerance, showable, error);
    for (int i = 0; i < xhat_mistake_count() && status == XHAT_OK; i++) {
        bool tried = showable[i] && (all || !xhat_mistake_crosses_channels(i));
        report->known += tried;
        if (tried && !shown[i])
            report->hidden[report->hidden_count++] = i;
    }
    xhat_slice_free(&slice);
    return status;
}
