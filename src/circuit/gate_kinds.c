#include "gate_kinds.h"

#include <assert.h>
#include <math.h>
#include <tgmath.h>

#include "place.h"

xhat_gate_site xhat_gate_site_of(const xhat_circuit *circuit, int gate,
                                 const xhat_axes *axes, double eps,
                                 void *scratch)
{
    const xhat_circuit_gate *g = &circuit->gates[gate];
    xhat_gate_site site = {.axes = axes,
                           .kind = g->kind,
                           .eps = eps,
                           .operand_count = g->operand_count,
                           .output = circuit->values[g->output].extent,
                           .scratch = scratch};
    for (int p = 0; p < g->operand_count; p++)
        site.operand[p] = circuit->values[g->operands[p]].extent;
    return site;
}

size_t xhat_gate_operand_place(const xhat_gate_site *site, int which, size_t k)
{
    if (site->operand[which] == site->output)
        return k;
    assert(site->output == XHAT_EXTENT_FULL);
    return xhat_place(site->axes, site->operand[which], k);
}

#define number  double
#define NAME(f) f
#include "gate_forward.inc"
#undef number
#undef NAME

#define number  double complex
#define NAME(f) f##_complex
#include "gate_forward.inc"
#undef number
#undef NAME

/* The second half of gate_kinds.def. */
static double local_element(xhat_gate_kind kind, int which, double a, double b,
                            double out)
{
    switch (kind) {
#define KIND(kind, forward, to_a, to_b)                                        \
    case kind:                                                                 \
        return which == 0 ? (to_a) : (to_b);
#include "gate_kinds.def"
#undef KIND
    case XHAT_GATE_MEAN:
        break;
    }
    (void)a;
    (void)b;
    (void)out;
    return 0;
}

xhat_extent xhat_gate_local_extent(const xhat_gate_site *site, int which)
{
    switch (site->kind) {
    case XHAT_GATE_MEAN:
    case XHAT_GATE_SUBTRACT:
    case XHAT_GATE_ADD:
        return XHAT_EXTENT_SINGLE;
    case XHAT_GATE_MULTIPLY:
        return site->operand[1 - which];
    case XHAT_GATE_SQUARE:
    case XHAT_GATE_ROOT:
    case XHAT_GATE_RECIPROCAL:
        break;
    }
    return site->output;
}

void xhat_gate_local(const xhat_gate_site *site, int which,
                     const double *const in[2], const double *out,
                     double *local)
{
    xhat_extent extent = xhat_gate_local_extent(site, which);
    if (site->kind == XHAT_GATE_MEAN) {
        size_t share = xhat_axes_sharing(site->axes);
        local[0] = share == 0 ? 0 : 1 / (double)share;
        return;
    }
    if (extent == XHAT_EXTENT_SINGLE) { /* no number decides a constant */
        local[0] = local_element(site->kind, which, 0, 0, 0);
        return;
    }
    size_t count = xhat_axes_count(site->axes, extent);
    if (site->kind == XHAT_GATE_MULTIPLY) { /* the other factor, as it lies */
        for (size_t k = 0; k < count; k++)
            local[k] = local_element(site->kind, which, which ? in[0][k] : 0,
                                     which ? 0 : in[1][k], 0);
        return;
    }
    for (size_t k = 0; k < count; k++)
        local[k] = local_element(site->kind, which, in[0][k], 0, out[k]);
}

/* One more term for a sum that keeps in *lost what rounding took from it
 * (Neumaier 1974). */
static void add_term(double *sum, double *lost, double term)
{
    double next = *sum + term;
    if (fabs(*sum) >= fabs(term))
        *lost += (*sum - next) + term;
    else
        *lost += (term - next) + *sum;
    *sum = next;
}

void xhat_gate_downstream(const xhat_gate_site *site, int which,
                          const double *local, const double *upstream,
                          bool absolute, double *downstream)
{
    const xhat_axes *axes = site->axes;
    xhat_extent to = site->operand[which], from = site->output;
    xhat_extent factor = xhat_gate_local_extent(site, which);
    bool across = to != from; /* summed or handed out, along full arrays */
    bool summed = across && from == XHAT_EXTENT_FULL;
    size_t cells = xhat_axes_count(axes, across ? XHAT_EXTENT_FULL : from);
    size_t targets = xhat_axes_count(axes, to);
    double *lost = site->scratch;
    for (size_t k = 0; summed && k < targets; k++)
        downstream[k] = lost[k] = 0;

    bool full = across || from == XHAT_EXTENT_FULL;
    for (size_t k = 0; k < cells; k++) {
        size_t at_to = full ? xhat_place(axes, to, k) : k;
        size_t at_from = full ? xhat_place(axes, from, k) : k;
        size_t at_factor = full ? xhat_place(axes, factor, k)
                                : (factor == XHAT_EXTENT_SINGLE ? 0 : k);
        double term = local[at_factor] * upstream[at_from];
        if (absolute)
            term = fabs(term);
        if (summed)
            add_term(&downstream[at_to], &lost[at_to], term);
        else
            downstream[at_to] = term;
    }
    for (size_t k = 0; summed && k < targets; k++)
        if (isfinite(lost[k])) /* not after an infinite term */
            downstream[k] += lost[k];
}

int xhat_gate_local_source(const xhat_circuit_gate *gate, int which)
{
    switch (gate->kind) {
    case XHAT_GATE_MULTIPLY:
        return gate->operands[1 - which];
    case XHAT_GATE_SQUARE:
    case XHAT_GATE_RECIPROCAL:
        return gate->operands[0];
    case XHAT_GATE_ROOT:
        return gate->output;
    case XHAT_GATE_MEAN:
    case XHAT_GATE_SUBTRACT:
    case XHAT_GATE_ADD:
        break;
    }
    return -1;
}
