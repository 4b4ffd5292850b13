#include "alternatives.h"

#include <math.h>
#include <stdio.h>

/* Where a formula is evaluated: at one element, of somebody's run. */
typedef struct cell {
    const xhat_run *run;
    size_t element;
    double eps;
} cell;

static double at(const cell *c, xhat_side side, int value)
{
    xhat_field field = xhat_run_field(c->run, side, value);
    size_t k = xhat_axes_place(xhat_run_axes(c->run), field.extent, c->element);
    return field.data[k];
}

#define V(name) at(c, XHAT_SIDE_VALUE, XHAT_VALUE_##name)
#define G(name) at(c, XHAT_SIDE_GRADIENT, XHAT_VALUE_##name)

static double eps_outside(const cell *c)
{
    return sqrt(V(VAR)) + c->eps;
}
static double eps_forgotten(const cell *c)
{
    return sqrt(V(VAR));
}
static double root_by_square(const cell *c)
{
    return G(STDDEV) / (V(STDDEV) * V(STDDEV));
}
static double root_by_half_square(const cell *c)
{
    return G(STDDEV) / (2 * V(STDDEV) * V(STDDEV));
}
static double root_without_eps(const cell *c)
{
    return G(STDDEV) / (2 * sqrt(V(VAR)));
}
static double reciprocal_once(const cell *c)
{
    return -G(INVERTED_STDDEV) / V(STDDEV);
}
static double reciprocal_of_var(const cell *c)
{
    return -G(INVERTED_STDDEV) / V(VAR);
}
static double x_times_inverse(const cell *c)
{
    return V(X) * V(INVERTED_STDDEV);
}
static double upstream_times_x(const cell *c)
{
    return G(X_NORM) * V(X);
}
static double x_norm_alone(const cell *c)
{
    return V(X_NORM);
}
static double dscaled_x_alone(const cell *c)
{
    return G(SCALED_X);
}
static double dscaled_x_times_x(const cell *c)
{
    return G(SCALED_X) * V(X);
}
static double dscaled_x_times_dev(const cell *c)
{
    return G(SCALED_X) * V(DEV_FROM_MEAN);
}
static double dscaled_x_times_out(const cell *c)
{
    return G(SCALED_X) * V(OUT);
}
static double scaled_x_alone(const cell *c)
{
    return V(SCALED_X);
}

#undef V
#undef G

#define VALUE(name)    XHAT_SIDE_VALUE, XHAT_VALUE_##name
#define GRADIENT(name) XHAT_SIDE_GRADIENT, XHAT_VALUE_##name

/* Gates as people count.  `formula` is a number of the array, or with `summed`
 * the term of one element. */
static const struct alternative {
    const char *id;
    int gate;
    xhat_side side;
    int value;
    bool summed;
    double (*formula)(const cell *c);
    const char *text, *fix;
} alternatives[] = {
    {"eps-outside-root", 5, VALUE(STDDEV), false, eps_outside,
     "eps is added outside the root: yours is exactly sqrt(var) + eps",
     "sqrt(var + eps)"},
    {"eps-forgotten", 5, VALUE(STDDEV), false, eps_forgotten,
     "eps is forgotten: yours is exactly sqrt(var)", "sqrt(var + eps)"},
    {"root-1/s^2", 5, GRADIENT(VAR), false, root_by_square,
     "1/stddev^2 stands where 1/(2 stddev) belongs",
     "the derivative of sqrt(v) is 1/(2 sqrt(v))"},
    {"root-1/2s^2", 5, GRADIENT(VAR), false, root_by_half_square,
     "1/(2 stddev^2) stands where 1/(2 stddev) belongs",
     "the derivative of sqrt(v) is 1/(2 sqrt(v))"},
    {"root-back-no-eps", 5, GRADIENT(VAR), false, root_without_eps,
     "eps is forgotten: yours is exactly dstddev / (2 sqrt(var))",
     "divide by 2 sqrt(var + eps), which is 2 stddev"},
    {"inverse-1/s", 6, GRADIENT(STDDEV), false, reciprocal_once,
     "-1/stddev stands where -1/stddev^2 belongs",
     "the derivative of 1/s is -1/s^2"},
    {"inverse-back-no-eps", 6, GRADIENT(STDDEV), false, reciprocal_of_var,
     "-1/var stands where -1/stddev^2 = -1/(var + eps) belongs",
     "divide by stddev^2"},
    {"x-not-centered", 7, VALUE(X_NORM), false, x_times_inverse,
     "x stands where dev_from_mean belongs: the mean is not taken off",
     "multiply dev_from_mean by inverted_stddev"},
    {"x-not-centered-backward", 7, GRADIENT(INVERTED_STDDEV), true,
     upstream_times_x, "x stands where dev_from_mean belongs",
     "sum dx_norm * dev_from_mean"},
    {"gamma-forgotten", 8, VALUE(SCALED_X), false, x_norm_alone,
     "gamma is forgotten: yours is exactly x_norm", "multiply by gamma"},
    {"gamma-forgotten-backward", 8, GRADIENT(X_NORM), false, dscaled_x_alone,
     "gamma is forgotten: yours is exactly dscaled_x", "multiply by gamma"},
    {"dgamma-of-x", 8, GRADIENT(GAMMA), true, dscaled_x_times_x,
     "x stands where x_norm belongs", "sum dscaled_x * x_norm"},
    {"dgamma-of-dev", 8, GRADIENT(GAMMA), true, dscaled_x_times_dev,
     "dev_from_mean stands where x_norm belongs", "sum dscaled_x * x_norm"},
    {"dgamma-of-out", 8, GRADIENT(GAMMA), true, dscaled_x_times_out,
     "out stands where x_norm belongs", "sum dscaled_x * x_norm"},
    {"dgamma-is-dbeta", 8, GRADIENT(GAMMA), true, dscaled_x_alone,
     "x_norm is forgotten: yours is exactly sum dscaled_x",
     "sum dscaled_x * x_norm"},
    {"beta-forgotten", 9, VALUE(OUT), false, scaled_x_alone,
     "beta is forgotten: yours is exactly scaled_x", "add beta"},
};

/* The whole array that the formula makes, into to[], and the size of the terms
 * of each number. */
static void evaluate(const struct alternative *a, const xhat_run *run,
                     const xhat_comparison *c, double *to, double *size)
{
    const xhat_axes *axes = xhat_run_axes(run);
    xhat_extent extent = xhat_run_circuit(run)->values[a->value].extent;
    cell here = {.run = run, .eps = xhat_run_eps(run)};
    for (size_t k = 0; k < c->count; k++) {
        to[k] = 0;
        size[k] = c->size[k];
    }
    for (size_t e = 0; e < xhat_axes_count(axes, XHAT_EXTENT_FULL); e++) {
        size_t k = xhat_axes_place(axes, extent, e);
        here.element = e;
        double number = a->formula(&here);
        to[k] = a->summed ? to[k] + number : number;
        size[k] =
            a->summed ? size[k] + fabs(number) : fmax(c->size[k], fabs(number));
    }
}

int xhat_causes_by_formula(xhat_cause causes[XHAT_CAUSES_MAX], int count,
                           const xhat_run *run, int gate, xhat_side side,
                           int value, const xhat_comparison *comparison,
                           double *room)
{
    double *size = room + comparison->count;
    xhat_comparison c = *comparison;
    c.expected = room;
    c.size = size;
    c.part = NULL;
    bool batchnorm = xhat_run_circuit(run) == xhat_circuit_batchnorm();
    for (size_t i = 0;
         batchnorm && i < sizeof alternatives / sizeof *alternatives; i++) {
        const struct alternative *a = &alternatives[i];
        if (a->gate != gate || a->side != side || a->value != value ||
            count == XHAT_CAUSES_MAX)
            continue;
        evaluate(a, run, comparison, room, size);
        double distance = xhat_comparison_distance(&c, 1);
        if (!(distance <= c.tolerance))
            continue;
        xhat_cause *cause = &causes[count++];
        *cause = (xhat_cause){.id = a->id, .gate = gate, .distance = distance};
        snprintf(cause->text, sizeof cause->text, "%s", a->text);
        snprintf(cause->fix, sizeof cause->fix, "%s", a->fix);
    }
    return count;
}
