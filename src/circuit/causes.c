#include "causes.h"

#include <math.h>
#include <stdio.h>

double xhat_comparison_distance(const xhat_comparison *c, double factor)
{
    double worst = 0;
    for (size_t k = 0; k < c->count; k++) {
        double target = c->part == NULL
                            ? factor * c->expected[k]
                            : c->expected[k] + (factor - 1) * c->part[k];
        double off = fabs(c->yours[k] - target);
        if (c->yours[k] == target || (isnan(c->yours[k]) && isnan(target)))
            continue;
        double relative = off / c->size[k];
        if (!(relative <= worst)) /* a NaN is as far as can be */
            worst = isnan(relative) ? INFINITY : relative;
    }
    return worst;
}

/* kind -1: of any gate.  factor: a function of N. */
typedef struct rule {
    const char *id;
    int kind;
    double (*factor)(double n);
    const char *what; /* "its 1/N is missing" */
    const char *name; /* of the factor, when it is not a plain number: "N" */
    const char *size; /* "times too large" */
    const char *fix;
} rule;

static double times_n(double n)
{
    return n;
}
static double over_n(double n)
{
    return 1 / n;
}
static double unbiased(double n)
{
    return n / (n - 1);
}
static double biased(double n)
{
    return (n - 1) / n;
}
static double negative(double n)
{
    (void)n;
    return -1;
}
static double twice(double n)
{
    (void)n;
    return 2;
}
static double half(double n)
{
    (void)n;
    return 0.5;
}
static double nothing(double n)
{
    (void)n;
    return 0;
}

static const rule rules[] = {
    {"missing-1/N", XHAT_GATE_MEAN, times_n, "its 1/N is missing", "N",
     "times too large", "divide by N"},
    {"extra-1/N", XHAT_GATE_MEAN, over_n, "it is divided by N twice", "N",
     "times too small", "divide by N once"},
    {"n-minus-1", XHAT_GATE_MEAN, unbiased, "N - 1 stands where N belongs",
     "N/(N-1)", "times too large",
     "divide by N: the variance that normalizes is the biased one"},
    {"missing-2", XHAT_GATE_SQUARE, half, "its factor 2 is missing", NULL,
     "half of what it should be", "the derivative of d^2 is 2 d"},
    {"missing-1/2", XHAT_GATE_ROOT, twice, "its 1/2 is missing", NULL,
     "2 times too large", "the derivative of sqrt(v) is 1/(2 sqrt(v))"},
    {"sign", -1, negative, "its sign is turned", NULL,
     "-1 times what it should be", "turn the sign"},
    {"zero", -1, nothing, "it is missing", NULL, "0", "compute it"},
    {"factor-N", -1, times_n, "a 1/N is missing", "N", "times too large",
     "divide by N once"},
    {"factor-1/N", -1, over_n, "a 1/N is too many", "N", "times too small",
     "leave out one division by N"},
    {"factor-N/(N-1)", -1, unbiased, "N - 1 stands where N belongs", "N/(N-1)",
     "times too large", "divide by N"},
    {"factor-(N-1)/N", -1, biased, "N stands where N - 1 belongs", "N/(N-1)",
     "times too small", "look for a count that is one off"},
    {"factor-2", -1, twice, "it is counted twice", NULL, "2 times too large",
     "count it once"},
    {"factor-1/2", -1, half, "half of it is missing", NULL,
     "half of what it should be", "look for a 2 that is missing"},
};

static void write_cause(xhat_cause *cause, const rule *r, double factor,
                        bool branch)
{
    char size[80];
    if (r->name == NULL)
        snprintf(size, sizeof size, "%s", r->size);
    else
        snprintf(size, sizeof size, "%s = %.5g %s", r->name,
                 factor < 1 ? 1 / factor : factor, r->size);
    snprintf(cause->text, sizeof cause->text, "%s: %s is exactly %s everywhere",
             r->what, branch ? "what you add for it" : "yours", size);
    snprintf(cause->fix, sizeof cause->fix, "%s", r->fix);
}

int xhat_causes_by_factor(xhat_cause causes[XHAT_CAUSES_MAX],
                          const xhat_comparison *comparison, int kind, int gate,
                          size_t n)
{
    double factors[XHAT_CAUSES_MAX];
    int count = 0;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        const rule *r = &rules[i];
        double factor = r->factor((double)n);
        bool wanted = (r->kind < 0 || r->kind == kind) && isfinite(factor) &&
                      factor != 1 && count < XHAT_CAUSES_MAX;
        for (int k = 0; k < count; k++) /* a nearer rule has said it */
            wanted = wanted && factors[k] != factor;
        if (!wanted)
            continue;
        double distance = xhat_comparison_distance(comparison, factor);
        if (!(distance <= comparison->tolerance * fmax(1, fabs(factor))))
            continue;
        causes[count] =
            (xhat_cause){.id = r->id, .gate = gate, .distance = distance};
        write_cause(&causes[count], r, factor, comparison->part != NULL);
        factors[count++] = factor;
    }
    return count;
}
