/* The library against MPFR with 400 bits: ordinary and ill-conditioned inputs,
 * and numbers at the ends of the type.
 *
 * With u the unit roundoff of the type, checked for each element:
 *
 *     mean    |error| <= k u deviation, of mean + mean_low
 *     m2      |error| <= k u m2
 *     out     |error| <= k u (|gamma| (|x_norm| + 1) + |beta|)
 *     dx      |error| <= k u |gamma| invstd (|dout - mean dout| + rms of it)
 *     dgamma  |error| <= k u sum |dout x_norm|
 *     dbeta   |error| <= k u sum |dout|
 *
 * With XHAT_TEST_ACCURACY=1 in the environment it prints the largest k of each
 * case: the table of docs/accuracy.md. */
#include <mpfr.h>

#include "check.h"
#include "numbers.h"
#include "problem.h"

enum { BITS = 400 };

static double unit_roundoff(xhat_dtype dtype)
{
    return dtype == XHAT_F32 ? 0x1p-24 : 0x1p-53;
}

/* what rounding a subnormal result may cost */
static double smallest(xhat_dtype dtype)
{
    return dtype == XHAT_F32 ? 0x1p-149 : 0x1p-1074;
}

/* One channel in MPFR: x, dout (count), gamma, beta, eps. */
typedef struct reference {
    mpfr_t mean, var, invstd, dout_mean, dgamma, dbeta, t, s;
} reference;

static void reference_init(reference *r)
{
    mpfr_inits2(BITS, r->mean, r->var, r->invstd, r->dout_mean, r->dgamma,
                r->dbeta, r->t, r->s, (mpfr_ptr)0);
}

static void reference_clear(reference *r)
{
    mpfr_clears(r->mean, r->var, r->invstd, r->dout_mean, r->dgamma, r->dbeta,
                r->t, r->s, (mpfr_ptr)0);
}

/* r->t := x_norm of x */
static void x_norm(reference *r, double x)
{
    mpfr_set_d(r->t, x, MPFR_RNDN);
    mpfr_sub(r->t, r->t, r->mean, MPFR_RNDN);
    mpfr_mul(r->t, r->t, r->invstd, MPFR_RNDN);
}

static size_t place(const problem *p, size_t c, size_t i)
{
    size_t inner = p->spec.inner;
    return (i / inner * p->spec.channels + c) * inner + i % inner;
}

static void reference_channel(reference *r, const problem *p, size_t c)
{
    mpfr_set_zero(r->mean, 1);
    mpfr_set_zero(r->var, 1);
    mpfr_set_zero(r->dbeta, 1);
    mpfr_set_zero(r->dgamma, 1);
    for (size_t i = 0; i < p->count; i++) {
        mpfr_add_d(r->mean, r->mean, p->x[place(p, c, i)], MPFR_RNDN);
        mpfr_add_d(r->dbeta, r->dbeta, p->dout[place(p, c, i)], MPFR_RNDN);
    }
    mpfr_div_ui(r->mean, r->mean, p->count, MPFR_RNDN);
    mpfr_div_ui(r->dout_mean, r->dbeta, p->count, MPFR_RNDN);
    for (size_t i = 0; i < p->count; i++) {
        mpfr_set_d(r->t, p->x[place(p, c, i)], MPFR_RNDN);
        mpfr_sub(r->t, r->t, r->mean, MPFR_RNDN);
        mpfr_sqr(r->t, r->t, MPFR_RNDN);
        mpfr_add(r->var, r->var, r->t, MPFR_RNDN);
    }
    mpfr_div_ui(r->var, r->var, p->count, MPFR_RNDN);
    mpfr_add_d(r->invstd, r->var, p->spec.eps, MPFR_RNDN);
    if (!mpfr_zero_p(r->invstd)) /* 0: a constant channel without eps */
        mpfr_rec_sqrt(r->invstd, r->invstd, MPFR_RNDN);
    for (size_t i = 0; i < p->count; i++) {
        x_norm(r, p->x[place(p, c, i)]);
        mpfr_mul_d(r->t, r->t, p->dout[place(p, c, i)], MPFR_RNDN);
        mpfr_add(r->dgamma, r->dgamma, r->t, MPFR_RNDN);
    }
}

/* |value - exact| / scale, where exact is in r->t and scale in r->s: 0 when
 * there is no error, infinite for a NaN, which fmax would leave out */
static double error_over_scale(reference *r, double value)
{
    mpfr_sub_d(r->t, r->t, value, MPFR_RNDN);
    if (mpfr_zero_p(r->t))
        return 0;
    mpfr_div(r->t, r->t, r->s, MPFR_RNDN);
    double error = fabs(mpfr_get_d(r->t, MPFR_RNDN));
    return isnan(error) ? INFINITY : error;
}

static double error_in(reference *r, double value, double scale)
{
    mpfr_set_d(r->s, scale, MPFR_RNDN);
    return error_over_scale(r, value);
}

typedef struct errors {
    double mean, m2, out, dx, dgamma, dbeta; /* in multiples of their bounds */
} errors;

static double out_error(reference *r, const problem *p, size_t c, size_t i)
{
    double gamma = p->gamma[c], beta = p->beta[c];
    x_norm(r, p->x[i]);
    double size =
        fabs(gamma) * (fabs(mpfr_get_d(r->t, MPFR_RNDN)) + 1) + fabs(beta);
    mpfr_mul_d(r->t, r->t, gamma, MPFR_RNDN);
    mpfr_add_d(r->t, r->t, beta, MPFR_RNDN);
    return error_in(r, p->out[i], size * unit_roundoff(p->spec.dtype));
}

static double dx_error(reference *r, const problem *p, size_t c, size_t i,
                       double rms)
{
    mpfr_t centered;
    mpfr_init2(centered, BITS);
    mpfr_set_d(centered, p->dout[i], MPFR_RNDN);
    mpfr_sub(centered, centered, r->dout_mean, MPFR_RNDN);
    double size = fabs(mpfr_get_d(centered, MPFR_RNDN)) + rms;
    x_norm(r, p->x[i]);
    mpfr_mul(r->t, r->t, r->dgamma, MPFR_RNDN);
    mpfr_div_ui(r->t, r->t, p->count, MPFR_RNDN);
    mpfr_sub(r->t, centered, r->t, MPFR_RNDN);
    mpfr_mul(r->t, r->t, r->invstd, MPFR_RNDN);
    mpfr_mul_d(r->t, r->t, p->gamma[c], MPFR_RNDN);
    mpfr_clear(centered);
    mpfr_set_d(r->s, fabs(p->gamma[c]), MPFR_RNDN);
    mpfr_mul(r->s, r->s, r->invstd, MPFR_RNDN);
    mpfr_mul_d(r->s, r->s, size * unit_roundoff(p->spec.dtype), MPFR_RNDN);
    mpfr_add_d(r->s, r->s, smallest(p->spec.dtype), MPFR_RNDN);
    return error_over_scale(r, p->dx[i]);
}

/* the root mean square of dout - mean dout, free of overflow */
static double rms_of_dout(const problem *p, size_t c, double mean)
{
    double largest = 0, squares = 0;
    for (size_t i = 0; i < p->count; i++)
        largest = fmax(largest, fabs(p->dout[place(p, c, i)] - mean));
    for (size_t i = 0; i < p->count && largest > 0; i++) {
        double part = (p->dout[place(p, c, i)] - mean) / largest;
        squares += part * part;
    }
    return largest * sqrt(squares / (double)p->count);
}

static errors measure(const problem *p)
{
    errors worst = {0};
    reference r;
    double u = unit_roundoff(p->spec.dtype);
    reference_init(&r);
    for (size_t c = 0; c < p->spec.channels; c++) {
        double terms = 0, products = 0;
        reference_channel(&r, p, c);
        double rms = rms_of_dout(p, c, mpfr_get_d(r.dout_mean, MPFR_RNDN));
        for (size_t i = 0; i < p->count; i++) {
            size_t at = place(p, c, i);
            worst.out = fmax(worst.out, out_error(&r, p, c, at));
            worst.dx = fmax(worst.dx, dx_error(&r, p, c, at, rms));
            x_norm(&r, p->x[at]);
            terms += fabs(p->dout[at]);
            products += fabs(p->dout[at] * mpfr_get_d(r.t, MPFR_RNDN));
        }
        mpfr_set(r.t, r.dgamma, MPFR_RNDN);
        worst.dgamma =
            fmax(worst.dgamma, error_in(&r, p->dgamma[c], products * u));
        mpfr_set(r.t, r.dbeta, MPFR_RNDN);
        worst.dbeta = fmax(worst.dbeta, error_in(&r, p->dbeta[c], terms * u));
        mpfr_mul_ui(r.t, r.var, p->count, MPFR_RNDN);
        double m2 = mpfr_get_d(r.t, MPFR_RNDN);
        if (m2 > 0 && m2 < INFINITY)
            worst.m2 = fmax(worst.m2, error_in(&r, p->stat_m2[c], m2 * u));
        mpfr_sub_d(r.t, r.mean, p->mean_low[c], MPFR_RNDN);
        mpfr_sqrt(r.s, r.var, MPFR_RNDN);
        mpfr_mul_d(r.s, r.s, u, MPFR_RNDN);
        mpfr_add_d(r.s, r.s, smallest(p->spec.dtype), MPFR_RNDN);
        worst.mean = fmax(worst.mean, error_over_scale(&r, p->mean[c]));
    }
    reference_clear(&r);
    return worst;
}

/* measures p and holds it to k */
static void hold(const char *name, const problem *p, errors k)
{
    errors e = measure(p);
    if (getenv("XHAT_TEST_ACCURACY") != NULL)
        printf("| %s | %zux%zux%zu | %s | %.2f | %.2f | %.2f | %.2f | %.2f | "
               "%.2f |\n",
               name, p->spec.outer, p->spec.channels, p->spec.inner,
               p->spec.dtype == XHAT_F32 ? "float32" : "float64", e.mean, e.m2,
               e.out, e.dx, e.dgamma, e.dbeta);
    if (!(e.mean <= k.mean && e.m2 <= k.m2 && e.out <= k.out && e.dx <= k.dx &&
          e.dgamma <= k.dgamma && e.dbeta <= k.dbeta))
        fail_msg("%s: mean %g m2 %g out %g dx %g dgamma %g dbeta %g (at most "
                 "%g %g %g %g %g %g)",
                 name, e.mean, e.m2, e.out, e.dx, e.dgamma, e.dbeta, k.mean,
                 k.m2, k.out, k.dx, k.dgamma, k.dbeta);
}

static xhat_spec spec_of(xhat_dtype dtype, size_t outer, size_t channels,
                         size_t inner)
{
    xhat_spec spec = xhat_spec_default(dtype);
    spec.outer = outer;
    spec.channels = channels;
    spec.inner = inner;
    return spec;
}

/* in u of the type: mean, m2, out, dx, dgamma, dbeta */
static const errors bounds[] = {
    [XHAT_F32] = {2, 8, 4, 4, 2, 2},
    [XHAT_F64] = {2, 10, 4, 4, 4, 4},
};

static void ordinary(void **state)
{
    (void)state;
    const size_t shapes[][3] = {
        {100, 8, 1}, {1000, 3, 1}, {8, 3, 49}, {2, 2, 3000}};
    for (int dtype = XHAT_F32; dtype <= XHAT_F64; dtype++)
        for (int k = 0; k < 4; k++) {
            problem p = problem_new(spec_of((xhat_dtype)dtype, shapes[k][0],
                                            shapes[k][1], shapes[k][2]),
                                    0.3, 1.7, 31 + (uint64_t)k);
            problem_train(&p);
            hold("mean 0.3, deviation 1.7", &p, bounds[dtype]);
            problem_free(&p);
        }
}

/* the mean up to 1e8 times the deviation; eps = 0, so that it hides nothing */
static void mean_far_from_zero(void **state)
{
    (void)state;
    const double ratios[] = {1e2, 1e4, 1e6, 1e8};
    for (int dtype = XHAT_F32; dtype <= XHAT_F64; dtype++)
        for (int k = 0; k < 4; k++)
            for (size_t inner = 1; inner <= 30; inner += 29) {
                char name[40];
                xhat_spec spec = spec_of((xhat_dtype)dtype, 200, 4, inner);
                spec.eps = 0;
                problem p = problem_new(spec, ratios[k], 1, 41);
                problem_train(&p);
                snprintf(name, sizeof name, "mean/deviation %.0e", ratios[k]);
                hold(name, &p, bounds[dtype]);
                problem_free(&p);
            }
}

/* values far away from the rest where the pivot is looked for: one, which
 * the median of three leaves out, or all three, which makes the channel odd */
static void outliers(void **state)
{
    (void)state;
    for (int dtype = XHAT_F32; dtype <= XHAT_F64; dtype++)
        for (int all = 0; all <= 1; all++)
            for (size_t inner = 1; inner <= 30; inner += 29) {
                problem p = problem_new(
                    spec_of((xhat_dtype)dtype, 3000, 2, inner), 0, 1e-3, 42);
                for (size_t c = 0; c < 2; c++)
                    for (size_t i = 0; i < p.count; i += p.count / 2 - all)
                        if (i == 0 || all)
                            p.x[place(&p, c, i)] = 1e6;
                problem_round(&p);
                problem_train(&p);
                hold(all ? "outliers first, middle and last"
                         : "an outlier first",
                     &p, bounds[dtype]);
                problem_free(&p);
            }
}

/* dout with a large mean: dx is made of what deviates from it */
static void large_dout_mean(void **state)
{
    (void)state;
    for (int dtype = XHAT_F32; dtype <= XHAT_F64; dtype++) {
        problem p =
            problem_new(spec_of((xhat_dtype)dtype, 300, 3, 1), 1, 1, 43);
        for (size_t i = 0; i < p.elements; i++)
            p.dout[i] += 1e5;
        problem_round(&p);
        problem_train(&p);
        hold("mean of dout 1e5", &p, bounds[dtype]);
        problem_free(&p);
    }
}

/* x is one of two neighboring numbers, so that the deviation is no more than
 * what the mean's rounding leaves; gamma and beta may be large, too */
static void neighboring_numbers(void **state)
{
    (void)state;
    const struct {
        xhat_dtype dtype;
        double x, step, gamma;
    } cases[] = {{XHAT_F32, 0x1p40, 0x1p17, 1},
                 {XHAT_F32, 0x1p52, 0x1p29, 2e38},
                 {XHAT_F64, 0x1p53, 2, 1},
                 {XHAT_F64, 0x1p53, 2, 1e308},
                 {XHAT_F64, 0x1p180, 0x1p128, 1e308}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        problem p =
            problem_new(spec_of(cases[k].dtype, 500, 2, 1), 0, 1, 44 + k);
        p.spec.eps = 0;
        for (size_t i = 0; i < p.elements; i++) {
            p.x[i] = cases[k].x + (double)(i / 2 % 2) * cases[k].step;
            p.dout[i] *= cases[k].gamma > 1 ? 1e-9 : 1;
        }
        for (size_t c = 0; cases[k].gamma > 1 && c < 2; c++) {
            p.gamma[c] = cases[k].gamma;
            p.beta[c] = -0.5 * cases[k].gamma;
        }
        problem_round(&p);
        problem_train(&p);
        hold("two neighboring numbers", &p, bounds[cases[k].dtype]);
        problem_free(&p);
    }
}

/* the ends of the type: the variance overflows or underflows, or x - mean
 * does */
static void extremes(void **state)
{
    (void)state;
    const struct {
        xhat_dtype dtype;
        double mean, deviation, eps, dout;
    } cases[] = {
        {XHAT_F32, 0, 1e38, 1e-5, 1},     {XHAT_F32, 1e38, 1e30, 1e-5, 1},
        {XHAT_F32, 0, 1e-38, 0, 1e-10},   {XHAT_F32, 0, 1e-42, 0, 1e-20},
        {XHAT_F32, 1e-30, 1e-35, 0, 1},   {XHAT_F32, 0, 1e25, 1e-5, 1e30},
        {XHAT_F64, 0, 1e300, 1e-5, 1},    {XHAT_F64, 0, 3e307, 0, 1},
        {XHAT_F64, 0, 5e307, 1e-5, 1},    {XHAT_F64, 1e300, 1e290, 0, 1},
        {XHAT_F64, 0, 1e-300, 0, 1e-50},  {XHAT_F64, 0, 1e-310, 0, 1e-100},
        {XHAT_F64, 0, 1e-320, 0, 1e-100}, {XHAT_F64, 0, 1e200, 1e-5, 1e290},
        {XHAT_F64, 0, 2, 1e-5, 1e304},    {XHAT_F32, 0, 2, 1e-5, 1e36},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++)
        for (size_t inner = 1; inner <= 20; inner += 19) {
            char name[60];
            xhat_spec spec = spec_of(cases[k].dtype, 15, 18, inner);
            spec.eps = cases[k].eps;
            problem p = problem_new(spec, cases[k].mean, cases[k].deviation / 3,
                                    51 + k);
            for (size_t i = 0; i < p.elements; i++)
                p.dout[i] *= cases[k].dout;
            for (size_t i = 0; i < p.count; i++) /* channel 0 is ordinary */
                p.x[place(&p, 0, i)] = (double)(i * i % 7);
            problem_round(&p);
            problem_train(&p);
            snprintf(name, sizeof name, "mean %.0e, deviation %.0e",
                     cases[k].mean, cases[k].deviation);
            errors bound = bounds[cases[k].dtype];
            bound.m2 = INFINITY; /* m2 may leave the type, out may not */
            hold(name, &p, bound);
            problem_free(&p);
        }
}

/* Inference and its backward: mean and variance are given, so every element is
 * right to a few u, at the ends of the type too. */
static errors measure_frozen(const problem *p)
{
    errors worst = {0};
    reference r;
    double u = unit_roundoff(p->spec.dtype);
    reference_init(&r);
    for (size_t c = 0; c < p->spec.channels; c++) {
        double products = 0, terms = 0;
        mpfr_set_d(r.mean, p->running_mean[c], MPFR_RNDN);
        mpfr_set_d(r.invstd, p->running_var[c], MPFR_RNDN);
        mpfr_add_d(r.invstd, r.invstd, p->spec.eps, MPFR_RNDN);
        mpfr_rec_sqrt(r.invstd, r.invstd, MPFR_RNDN);
        mpfr_set_zero(r.dgamma, 1);
        mpfr_set_zero(r.dbeta, 1);
        for (size_t i = 0; i < p->count; i++) {
            size_t at = place(p, c, i);
            worst.out = fmax(worst.out, out_error(&r, p, c, at));
            x_norm(&r, p->x[at]);
            mpfr_mul_d(r.t, r.t, p->dout[at], MPFR_RNDN);
            mpfr_add(r.dgamma, r.dgamma, r.t, MPFR_RNDN);
            products += fabs(mpfr_get_d(r.t, MPFR_RNDN));
            mpfr_add_d(r.dbeta, r.dbeta, p->dout[at], MPFR_RNDN);
            terms += fabs(p->dout[at]);
            mpfr_mul_d(r.t, r.invstd, p->dout[at], MPFR_RNDN);
            mpfr_mul_d(r.t, r.t, p->gamma[c], MPFR_RNDN);
            mpfr_abs(r.s, r.t, MPFR_RNDN);
            mpfr_mul_d(r.s, r.s, u, MPFR_RNDN);
            mpfr_add_d(r.s, r.s, smallest(p->spec.dtype), MPFR_RNDN);
            worst.dx = fmax(worst.dx, error_over_scale(&r, p->dx[at]));
        }
        mpfr_set(r.t, r.dgamma, MPFR_RNDN);
        worst.dgamma =
            fmax(worst.dgamma, error_in(&r, p->dgamma[c], products * u));
        mpfr_set(r.t, r.dbeta, MPFR_RNDN);
        worst.dbeta = fmax(worst.dbeta, error_in(&r, p->dbeta[c], terms * u));
    }
    reference_clear(&r);
    return worst;
}

static void frozen_extremes(void **state)
{
    (void)state;
    const struct {
        xhat_dtype dtype;
        double x, mean, var, eps, dout;
    } cases[] = {
        {XHAT_F32, 1, 0, 1, 1e-5, 1},
        {XHAT_F32, 2e38, 2e38, 1e38, 1e-5, 1},
        {XHAT_F32, 1e30, -3e38, 1e38, 0, 1e-5},
        {XHAT_F32, 1e-30, 1e-30, 1e-45, 0, 1e-10},
        {XHAT_F64, 1, 0, 1, 1e-5, 1},
        {XHAT_F64, 1e300, 1e305, 1e308, 1e-5, 1},
        {XHAT_F64, 1.5e308, -1.5e308, 1e308, 0, 1},
        {XHAT_F64, 1e-200, 1e-200, 1e-320, 0, 1e-100},
        {XHAT_F64, 1e10, 0, 1e-300, 0, 1e100},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++)
        for (size_t inner = 1; inner <= 20; inner += 19) {
            char name[80];
            xhat_spec spec = spec_of(cases[k].dtype, 15, 18, inner);
            spec.eps = cases[k].eps;
            problem p = problem_new(spec, 0, 1, 71 + k);
            for (size_t i = 0; i < p.elements; i++) {
                if (i / inner % 18 != 0) /* channel 0 is ordinary */
                    p.x[i] = fmin(fabs(p.x[i]), 1) * cases[k].x;
                p.dout[i] *= cases[k].dout;
            }
            for (size_t c = 1; c < 18; c++) {
                p.running_mean[c] = cases[k].mean;
                p.running_var[c] = cases[k].var;
            }
            problem_round(&p);
            problem_evaluate(&p);
            errors e = measure_frozen(&p);
            snprintf(name, sizeof name, "x %.0e, running mean %.0e, var %.0e",
                     cases[k].x, cases[k].mean, cases[k].var);
            if (!(e.out <= 4 && e.dx <= 3 && e.dgamma <= 8 && e.dbeta <= 4))
                fail_msg("%s (inner %zu): out %g dx %g dgamma %g dbeta %g",
                         name, inner, e.out, e.dx, e.dgamma, e.dbeta);
            problem_free(&p);
        }
}

/* Of thousands of channels with a few rows some have a pivot that is far from
 * their mean, and no sum that makes up for it. */
static void few_rows(void **state)
{
    (void)state;
    for (int dtype = XHAT_F32; dtype <= XHAT_F64; dtype++)
        for (size_t rows = 8; rows <= 32; rows *= 2) {
            problem p = problem_new(spec_of((xhat_dtype)dtype, rows, 2000, 1),
                                    0.3, 1.7, 62);
            const errors bound = {8, 24, 12, 24, 12, 12};
            problem_round(&p);
            problem_train(&p);
            hold("2000 channels of a few rows", &p, bound);
            problem_free(&p);
        }
}

static void a_million_rows(void **state)
{
    (void)state;
    for (int dtype = XHAT_F32; dtype <= XHAT_F64; dtype++) {
        problem p =
            problem_new(spec_of((xhat_dtype)dtype, 1000000, 1, 1), 1e4, 1, 61);
        problem_train(&p);
        hold("a million rows, mean/deviation 1e4", &p, bounds[dtype]);
        problem_free(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ordinary),
        cmocka_unit_test(mean_far_from_zero),
        cmocka_unit_test(outliers),
        cmocka_unit_test(large_dout_mean),
        cmocka_unit_test(neighboring_numbers),
        cmocka_unit_test(extremes),
        cmocka_unit_test(frozen_extremes),
        cmocka_unit_test(a_million_rows),
        cmocka_unit_test(few_rows),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    mpfr_free_cache();
    return failed;
}
