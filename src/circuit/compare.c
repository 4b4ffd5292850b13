#include "compare.h"

#include <math.h>
#include <stdio.h>

static bool agree(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static double size_at(const xhat_comparison *c, size_t k)
{
    return c->size != NULL ? c->size[k] : fabs(c->expected[k]);
}

double xhat_comparison_distance(const xhat_comparison *c, double factor)
{
    double worst = 0;
    for (size_t k = 0; k < c->count; k++) {
        double target = c->part == NULL
                            ? factor * c->expected[k]
                            : c->expected[k] + (factor - 1) * c->part[k];
        if (agree(c->yours[k], target))
            continue;
        double relative = fabs(c->yours[k] - target) / size_at(c, k);
        if (!(relative <= worst)) /* a NaN is as far as can be */
            worst = isnan(relative) ? INFINITY : relative;
    }
    return worst;
}

double xhat_comparison_span(const xhat_comparison *c, const xhat_axes *axes,
                            xhat_extent extent, bool *decides)
{
    bool full = extent == XHAT_EXTENT_FULL;
    size_t features = full ? axes->channels : c->count;
    size_t rows = full ? axes->outer : 1, inner = full ? axes->inner : 1;
    double worst = 0;
    bool clear = false;
    for (size_t f = 0; f < features; f++) {
        double off = 0, most = 0, size = 0;
        for (size_t r = 0; r < rows; r++)
            for (size_t i = 0; i < inner; i++) {
                size_t k = (r * features + f) * inner + i;
                double a = c->yours[k], b = c->expected[k];
                if (!agree(a, b) && (!isfinite(a) || !isfinite(b)))
                    return INFINITY;
                off = agree(a, b) ? off : fmax(off, fabs(a - b));
                most = fmax(most, fmax(fabs(a), fabs(b)));
                if (c->size != NULL && c->size[k] > size)
                    size = c->size[k];
            }
        if (off > 0)
            worst = fmax(worst, off / fmax(most, size));
        clear = clear || most > 100 * c->tolerance * size;
    }
    if (decides != NULL)
        *decides = clear;
    return worst;
}

/* ---- factors ------------------------------------------------------------- */

bool xhat_comparison_ratio(const xhat_comparison *c, size_t n,
                           char text[XHAT_RATIO_SIZE])
{
    double count = (double)n;
    const struct {
        double factor;
        const char *name, *size;
    } named[] = {{0, NULL, "0"},
                 {-1, NULL, "-1 times what it should be"},
                 {0.5, NULL, "half of what it should be"},
                 {2, NULL, "2 times too large"},
                 {count, "N", "times too large"},
                 {1 / count, "N", "times too small"},
                 {count / (count - 1), "N/(N-1)", "times too large"},
                 {(count - 1) / count, "N/(N-1)", "times too small"}};
    xhat_comparison whole = *c;
    whole.part = NULL;
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        double factor = named[i].factor;
        if (!isfinite(factor) || factor == 1 ||
            xhat_comparison_distance(&whole, factor) >
                c->tolerance * fmax(1, fabs(factor)))
            continue;
        if (named[i].name == NULL)
            snprintf(text, XHAT_RATIO_SIZE, "yours is exactly %s everywhere",
                     named[i].size);
        else
            snprintf(text, XHAT_RATIO_SIZE,
                     "yours is exactly %s = %.5g %s everywhere", named[i].name,
                     factor < 1 ? 1 / factor : factor, named[i].size);
        return true;
    }
    size_t best = 0;
    for (size_t k = 0; k < c->count; k++)
        if (fabs(c->expected[k]) > fabs(c->expected[best]))
            best = k;
    double factor = c->count < 2 || c->expected[best] == 0
                        ? NAN
                        : c->yours[best] / c->expected[best];
    if (!isfinite(factor) || xhat_comparison_distance(&whole, factor) >
                                 c->tolerance * fmax(1, fabs(factor)))
        return false;
    snprintf(text, XHAT_RATIO_SIZE,
             "yours is %.5g times what it should be everywhere", factor);
    return true;
}
