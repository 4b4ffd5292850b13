#include "invariants.h"

#include <math.h>

/* One feature: sums over its elements. */
typedef struct feature {
    double n, dx, dout, dx_h, dout_h, hh; /* h: x_norm */
    double right_dx_h;                    /* what dx_h should be */
    double size;                          /* of the largest of dx, dout part */
    /* of what is left of dout and dx without 1 and h */
    double rest_dout, rest_both, residual;
} feature;

typedef struct arrays {
    const double *dx, *right_dx, *dout, *h;
    size_t rows, channels, inner;
} arrays;

/* Calls for each element k of channel c. */
#define FOR_ELEMENTS(a, c, k)                                                  \
    for (size_t r_ = 0; r_ < (a)->rows; r_++)                                  \
        for (size_t k = (r_ * (a)->channels + (c)) * (a)->inner, i_ = 0;       \
             i_ < (a)->inner; i_++, k++)

static feature sums_of(const arrays *a, size_t c)
{
    feature f = {.n = (double)(a->rows * a->inner)};
    FOR_ELEMENTS(a, c, k)
    {
        f.dx += a->dx[k];
        f.dout += a->dout[k];
        f.dx_h += a->dx[k] * a->h[k];
        f.right_dx_h += a->right_dx[k] * a->h[k];
        f.dout_h += a->dout[k] * a->h[k];
        f.hh += a->h[k] * a->h[k];
        f.size = fmax(f.size, fmax(fabs(a->dx[k]), fabs(a->right_dx[k])));
    }
    if (f.hh == 0)
        return f;
    for (int round = 0; round < 2; round++) {
        double direct = f.rest_dout == 0 ? 0 : f.rest_both / f.rest_dout;
        FOR_ELEMENTS(a, c, k)
        {
            double dout = a->dout[k] - f.dout / f.n - f.dout_h / f.hh * a->h[k];
            double dx = a->dx[k] - f.dx / f.n - f.dx_h / f.hh * a->h[k];
            if (round == 1) {
                f.residual = fmax(f.residual, fabs(dx - direct * dout));
                continue;
            }
            f.rest_dout += dout * dout;
            f.rest_both += dx * dout;
        }
    }
    return f;
}

/* A factor that should be the same in every feature. */
typedef struct common {
    double value;
    bool known, apart;
} common;

static void add(common *factor, double is, double should, double noise)
{
    if (fabs(should) <= noise)
        return;
    double value = is / should;
    if (factor->known &&
        !(fabs(value - factor->value) <=
          1e-3 * fabs(factor->value) + 10 * noise / fabs(should)))
        factor->apart = true;
    if (!factor->known)
        factor->value = value;
    factor->known = true;
}

static double said(const common *factor)
{
    return factor->known && !factor->apart ? factor->value : NAN;
}

static unsigned suspects_of(const xhat_parts *parts)
{
    enum { MEAN = 1 << 1 | 1 << 2, VARIANCE = 0xf8, SHARED = 0x380 };
    if (parts->sum_holds && !parts->projection_holds)
        return VARIANCE; /* gates 3 to 7 */
    if (parts->projection_holds && !parts->sum_holds)
        return MEAN | 1;
    bool scaled = parts->is_scaled ||
                  (parts->is_combination && fabs(parts->direct - 1) > 1e-3);
    return parts->sum_holds && scaled ? SHARED : 0; /* gates 7 to 9 */
}

bool xhat_parts_of(xhat_parts *parts, const xhat_run *right, const double *dx,
                   double tolerance)
{
    const xhat_axes *axes = xhat_run_axes(right);
    size_t n = xhat_axes_sharing(axes);
    *parts = (xhat_parts){
        .sum_holds = true, .projection_holds = true, .is_combination = true};
    if (n < 4 || xhat_run_state(right, XHAT_VALUE_MEAN) == XHAT_STATE_HELD)
        return false;
    arrays a = {
        .dx = dx,
        .right_dx = xhat_run_field(right, XHAT_SIDE_GRADIENT, 0).data,
        .dout = xhat_run_field(right, XHAT_SIDE_GRADIENT, XHAT_VALUE_OUT).data,
        .h = xhat_run_field(right, XHAT_SIDE_VALUE, XHAT_VALUE_X_NORM).data,
        .rows = axes->outer,
        .channels = axes->channels,
        .inner = axes->inner};
    const double *gamma =
        xhat_run_field(right, XHAT_SIDE_VALUE, XHAT_VALUE_GAMMA).data;
    const double *invstd =
        xhat_run_field(right, XHAT_SIDE_VALUE, XHAT_VALUE_INVERTED_STDDEV).data;
    common direct = {0}, mean = {0}, variance = {0};
    bool any = false;
    for (size_t c = 0; c < axes->channels; c++) {
        feature f = sums_of(&a, c);
        double noise = tolerance * f.size * f.n, scale = gamma[c] * invstd[c];
        if (!isfinite(f.dx) || !isfinite(f.right_dx_h))
            return false;
        if (f.hh == 0 || f.size == 0)
            continue;
        any = true;
        bool combination = f.residual <= 10 * tolerance * f.size;
        double factor = f.rest_dout == 0 ? NAN : f.rest_both / f.rest_dout;
        /* of a dx that is too large as a whole, eps leaves more, too */
        double times =
            combination && isfinite(factor / scale) ? factor / scale : 1;
        if (!(fabs(f.dx) <= noise))
            parts->sum_holds = false;
        if (!(fabs(f.dx_h - times * f.right_dx_h) <= noise))
            parts->projection_holds = false;
        if (!combination)
            parts->is_combination = false;
        add(&direct, factor, scale, tolerance * fabs(scale));
        add(&mean, (f.dx - factor * f.dout) / f.n, -scale * f.dout / f.n,
            noise / f.n);
        add(&variance, (f.dx_h - factor * f.dout_h) / f.hh,
            -scale * f.dout_h / f.n, noise / f.n);
    }
    parts->direct = said(&direct);
    parts->mean = said(&mean);
    parts->variance = said(&variance);
    parts->is_scaled = parts->sum_holds && parts->projection_holds &&
                       parts->is_combination && direct.apart;
    parts->suspects = suspects_of(parts);
    return any;
}
