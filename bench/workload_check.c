/* Validates a telling before it is timed.
 *
 * Channels do not depend on each other, so some of them (the first, the last,
 * and some evenly spaced between) taken out of the arrays make a smaller
 * problem with the same results.  That one is solved in float64 by another
 * telling, and what the timed call wrote for these channels is compared. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "workload.h"

enum {
    CHANNELS_MOST = 64,
    CIRCUIT_MOST = 1 << 16, /* elements that the circuit is asked for */
    ELEMENTS_MOST = 1 << 20 /* and the closed form */
};

typedef struct reference {
    xhat_spec spec; /* outer x the chosen channels x inner, float64 */
    size_t elements;
    double *x, *dout, *out, *dx, *residual;            /* (elements) */
    double *each[6];                                   /* (channels) */
    double *mean, *mean_low, *invstd, *dgamma, *dbeta; /* (channels) */
    void *scratch;
    xhat_plan *plan;
    xhat_run *run;
} reference;

enum { GAMMA, BETA, RUNNING_MEAN, RUNNING_VAR }; /* in reference.each */

static double get(xhat_dtype dtype, const void *array, size_t i)
{
    return dtype == XHAT_F32 ? (double)((const float *)array)[i]
                             : ((const double *)array)[i];
}

/* the channel of w that is channel c of the reference */
static size_t channel_of(const bench_workload *w, const reference *r, size_t c)
{
    size_t chosen = r->spec.channels, last = w->spec.channels - 1;
    return chosen == 1 ? 0 : c * last / (chosen - 1);
}

/* where element i of the reference lies in the arrays of w */
static size_t place(const bench_workload *w, const reference *r, size_t i)
{
    size_t inner = r->spec.inner, c = i / inner % r->spec.channels;
    size_t o = i / inner / r->spec.channels;
    return (o * w->spec.channels + channel_of(w, r, c)) * inner + i % inner;
}

static void reference_close(reference *r)
{
    double *arrays[] = {r->x,     r->dout,     r->out,    r->dx,
                        r->mean,  r->mean_low, r->invstd, r->dgamma,
                        r->dbeta, r->residual};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        xhat_release(NULL, arrays[i]);
    for (int i = 0; i < 6; i++)
        xhat_release(NULL, r->each[i]);
    xhat_release(NULL, r->scratch);
    xhat_plan_destroy(r->plan);
    xhat_run_destroy(r->run);
}

static xhat_status reference_open(reference *r, const bench_workload *w,
                                  xhat_error *error)
{
    size_t count = w->spec.outer * w->spec.inner;
    size_t channels = count > 0 ? ELEMENTS_MOST / count : CHANNELS_MOST;
    channels = channels < 1               ? 1
               : channels > CHANNELS_MOST ? CHANNELS_MOST
                                          : channels;
    *r = (reference){.spec = w->spec};
    r->spec.dtype = XHAT_F64;
    r->spec.method = XHAT_CLOSED;
    r->spec.flags &= ~(unsigned)(XHAT_RELU | XHAT_ADD_RELU);
    if (channels < r->spec.channels)
        r->spec.channels = channels;
    channels = r->spec.channels;
    r->elements = count * channels;
    const struct {
        double **array;
        const void *from; /* NULL: stays 0 */
        bool full;
    } arrays[] = {{&r->x, w->x, true},
                  {&r->dout, w->dout, true},
                  {&r->out, NULL, true},
                  {&r->dx, NULL, true},
                  {&r->residual, w->residual, true},
                  {&r->each[GAMMA], w->gamma, false},
                  {&r->each[BETA], w->beta, false},
                  {&r->each[RUNNING_MEAN], w->running_mean, false},
                  {&r->each[RUNNING_VAR], w->running_var, false},
                  {&r->mean, NULL, false},
                  {&r->mean_low, NULL, false},
                  {&r->invstd, NULL, false},
                  {&r->dgamma, NULL, false},
                  {&r->dbeta, NULL, false}};
    for (size_t k = 0; k < sizeof arrays / sizeof *arrays; k++) {
        size_t size = arrays[k].full ? r->elements : channels;
        double *to = xhat_allocate_zeroed(NULL, size, sizeof *to);
        if (to == NULL)
            return xhat_fail(error, XHAT_OUT_OF_MEMORY,
                             "no memory to check the result");
        *arrays[k].array = to;
        for (size_t i = 0; i < size && arrays[k].from != NULL; i++)
            to[i] = get(w->spec.dtype, arrays[k].from,
                        arrays[k].full ? place(w, r, i) : channel_of(w, r, i));
    }
    return XHAT_OK;
}

/* ---- the reference's own results ----------------------------------------- */

/* after forward */
static xhat_status closed_backward(reference *r, xhat_error *error)
{
    double **each = r->each;
    return xhat_backward(
        r->plan,
        &(xhat_backward_args){.x = r->x,
                              .dout = r->dout,
                              .gamma = each[GAMMA],
                              .mean = r->mean,
                              .mean_low = r->mean_low,
                              .invstd = r->invstd,
                              .dx = r->dx,
                              .dgamma = r->dgamma,
                              .dbeta = r->dbeta,
                              .scratch = r->scratch,
                              .scratch_size = xhat_plan_scratch_size(r->plan)},
        error);
}

static xhat_status solve_closed(reference *r, bench_mode mode,
                                xhat_error *error)
{
    double **each = r->each;
    xhat_status status = xhat_plan_create(&r->plan, &r->spec, NULL, error);
    if (status != XHAT_OK)
        return status;
    r->scratch = xhat_allocate(NULL, xhat_plan_scratch_size(r->plan), 1);
    if (r->scratch == NULL)
        return xhat_fail(error, XHAT_OUT_OF_MEMORY, "no memory for scratch");
    if (mode == BENCH_INFERENCE)
        return xhat_inference(
            r->plan,
            &(xhat_inference_args){.x = r->x,
                                   .gamma = each[GAMMA],
                                   .beta = each[BETA],
                                   .running_mean = each[RUNNING_MEAN],
                                   .running_var = each[RUNNING_VAR],
                                   .out = r->out,
                                   .scratch = r->scratch,
                                   .scratch_size =
                                       xhat_plan_scratch_size(r->plan)},
            error);
    status = xhat_forward(
        r->plan,
        &(xhat_forward_args){.x = r->x,
                             .gamma = each[GAMMA],
                             .beta = each[BETA],
                             .out = r->out,
                             .mean = r->mean,
                             .mean_low = r->mean_low,
                             .invstd = r->invstd,
                             .scratch = r->scratch,
                             .scratch_size = xhat_plan_scratch_size(r->plan)},
        error);
    if (mode == BENCH_FORWARD || status != XHAT_OK)
        return status;
    return closed_backward(r, error);
}

static void copy_field(double *to, const xhat_run *run, xhat_side side,
                       int value, size_t count)
{
    const double *from = xhat_run_field(run, side, value).data;
    for (size_t i = 0; i < count; i++)
        to[i] = from[i];
}

static xhat_status solve_staged(reference *r, bench_mode mode,
                                xhat_error *error)
{
    bool inference = mode == BENCH_INFERENCE;
    bench_circuit_inputs inputs = {
        .x = r->x,
        .dout = r->dout,
        .gamma = r->each[GAMMA],
        .beta = r->each[BETA],
        .mean = inference ? r->each[RUNNING_MEAN] : NULL,
        .var = inference ? r->each[RUNNING_VAR] : NULL};
    xhat_status status =
        bench_circuit_create(&r->run, &r->spec, &inputs, error);
    if (status == XHAT_OK)
        status = xhat_run_forward(r->run, error);
    if (status != XHAT_OK)
        return status;
    copy_field(r->out, r->run, XHAT_SIDE_VALUE, XHAT_VALUE_OUT, r->elements);
    if (mode != BENCH_BACKWARD)
        return XHAT_OK;
    status = xhat_run_backward(r->run, error);
    if (status != XHAT_OK)
        return status;
    copy_field(r->dx, r->run, XHAT_SIDE_GRADIENT, XHAT_VALUE_X, r->elements);
    copy_field(r->dgamma, r->run, XHAT_SIDE_GRADIENT, XHAT_VALUE_GAMMA,
               r->spec.channels);
    copy_field(r->dbeta, r->run, XHAT_SIDE_GRADIENT, XHAT_VALUE_BETA,
               r->spec.channels);
    return XHAT_OK;
}

static xhat_status solve_plain(reference *r, bench_mode mode, bool staged,
                               xhat_error *error)
{
    return staged ? solve_staged(r, mode, error) : solve_closed(r, mode, error);
}

/* With the ReLU that the spec of w asks for, in plain loops: what it lets
 * through of out, or of dout before the pass back. */
static xhat_status solve(reference *r, const bench_workload *w, bench_mode mode,
                         bool staged, xhat_error *error)
{
    bool fused = (w->spec.flags & (XHAT_RELU | XHAT_ADD_RELU)) != 0;
    bool backward = mode == BENCH_BACKWARD;
    if (!fused)
        return solve_plain(r, mode, staged, error);
    xhat_status status =
        solve_plain(r, backward ? BENCH_FORWARD : mode, false, error);
    for (size_t i = 0; i < r->elements && status == XHAT_OK; i++) {
        r->out[i] = fmax(r->out[i] + r->residual[i], 0);
        if (r->out[i] == 0)
            r->dout[i] = 0;
    }
    return backward && status == XHAT_OK ? closed_backward(r, error) : status;
}

/* ---- comparing ----------------------------------------------------------- */

typedef struct pair {
    const char *name;
    const double *expected;
    const void *found; /* of w, in `dtype` */
    xhat_dtype dtype;
    bool full;
} pair;

/* the largest |gamma| invstd |dout|: what dx is made of, where it cancels */
static double dx_terms(const bench_workload *w)
{
    double largest = 0, dout = 0;
    for (size_t c = 0; c < w->spec.channels; c++)
        largest = fmax(largest, fabs(get(w->spec.dtype, w->gamma, c) *
                                     get(w->spec.dtype, w->invstd, c)));
    for (size_t i = 0; i < w->elements && i < ELEMENTS_MOST; i++)
        dout = fmax(dout, fabs(get(w->spec.dtype, w->dout, i)));
    return largest * dout;
}

/* Every element within `units` of roundoff of the largest one, or of the
 * largest terms; sums, which may cancel, of an eighth of as many terms of
 * size 1. */
static xhat_status compare(const bench_workload *w, const reference *r,
                           const pair *p, double units, xhat_error *error)
{
    const bool narrow = w->spec.dtype == XHAT_F32;
    double u = narrow ? 0x1p-24 : 0x1p-53, largest = 0;
    size_t count = p->full ? r->elements : r->spec.channels;
    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, fabs(p->expected[i]));
    if (p->expected == r->dx)
        largest = fmax(largest, dx_terms(w));
    if (!narrow) /* the reference has the same digits, and adds plainly */
        units += sqrt((double)w->spec.outer * (double)w->spec.inner);
    double most = units * u * largest;
    if (!p->full)
        most =
            fmax(most, units / 8 * u * (double)(w->spec.outer * w->spec.inner));
    for (size_t i = 0; i < count; i++) {
        size_t at = p->full ? place(w, r, i) : channel_of(w, r, i);
        double found = get(p->dtype, p->found, at);
        if (!(fabs(found - p->expected[i]) <= most))
            return xhat_fail(error, XHAT_NOT_FINITE,
                             "%s[%zu] of outer %zu, channels %zu, inner %zu is "
                             "%.9g but should be %.9g, or off by %.3g at the "
                             "most: not timed",
                             p->name, at, w->spec.outer, w->spec.channels,
                             w->spec.inner, found, p->expected[i], most);
    }
    return XHAT_OK;
}

static xhat_status compare_all(const bench_workload *w, const reference *r,
                               bench_method method, bench_mode mode,
                               double units, xhat_error *error)
{
    bool backward = mode == BENCH_BACKWARD;
    const xhat_run *run =
        method == BENCH_STAGED ? w->run[mode == BENCH_INFERENCE] : NULL;
    pair pairs[] = {{"out", r->out, w->out, w->spec.dtype, true},
                    {"dx", r->dx, w->dx, w->spec.dtype, true},
                    {"dgamma", r->dgamma, w->dgamma, w->spec.dtype, false},
                    {"dbeta", r->dbeta, w->dbeta, w->spec.dtype, false},
                    {"dresidual", r->dout, w->dresidual, w->spec.dtype, true}};
    int last = !backward ? 1 : w->dresidual == NULL ? 4 : 5;
    static const int values[] = {XHAT_VALUE_OUT, XHAT_VALUE_X, XHAT_VALUE_GAMMA,
                                 XHAT_VALUE_BETA};
    for (int i = backward ? 1 : 0; i < last; i++) {
        if (run != NULL) {
            xhat_side side = i == 0 ? XHAT_SIDE_VALUE : XHAT_SIDE_GRADIENT;
            pairs[i].found = xhat_run_field(run, side, values[i]).data;
            pairs[i].dtype = XHAT_F64;
        }
        xhat_status status = compare(w, r, &pairs[i], units, error);
        if (status != XHAT_OK)
            return status;
    }
    return XHAT_OK;
}

/* what lies in the arrays of w or, for the circuit, in its run */
static xhat_status check_results(const bench_workload *w, bench_method method,
                                 bench_mode mode, double units,
                                 xhat_error *error)
{
    reference r;
    xhat_status status = reference_open(&r, w, error);
    if (status == XHAT_OK)
        status =
            solve(&r, w, mode,
                  method != BENCH_STAGED && r.elements <= CIRCUIT_MOST, error);
    if (status == XHAT_OK)
        status = compare_all(w, &r, method, mode, units, error);
    reference_close(&r);
    return status;
}

xhat_status bench_workload_compare(const bench_workload *w, bench_mode mode,
                                   double units, xhat_error *error)
{
    return check_results(w, BENCH_FUSED, mode, units, error);
}

void bench_workload_spoil(bench_workload *w, bench_mode mode)
{
    const size_t some =
        w->spec.channels * (w->spec.dtype == XHAT_F32 ? 4u : 8u);
    if (mode == BENCH_BACKWARD) {
        memset(w->dx, 0xff, w->bytes);
        memset(w->dgamma, 0xff, some);
        memset(w->dbeta, 0xff, some);
        if (w->dresidual != NULL)
            memset(w->dresidual, 0xff, w->bytes);
    } else {
        memset(w->out, 0xff, w->bytes);
    }
}

xhat_status bench_workload_check(bench_workload *w, bench_method method,
                                 bench_mode mode, xhat_error *error)
{
    bench_workload_spoil(w, mode);
    xhat_status status = bench_workload_run(w, method, mode, error);
    return status == XHAT_OK ? check_results(w, method, mode, 32, error)
                             : status;
}
