/* The arrays of one shape, and the tellings at work on them. */
#include "workload.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"

/* what a run of the circuit takes for each element: some thirty arrays of
 * float64 */
enum { CIRCUIT_BYTES = 256 };

const char *const bench_mode_names[] = {"forward", "backward", "inference",
                                        NULL};
const char *const bench_fusion_names[] = {"plain", "relu", "add-relu", NULL};
const char *const bench_method_names[] = {"fused", "closed", "staged", NULL};

static bool has(unsigned bits, int which)
{
    return (bits & (1u << which)) != 0;
}

static size_t dtype_size(xhat_dtype dtype)
{
    return dtype == XHAT_F32 ? sizeof(float) : sizeof(double);
}

static void put(xhat_dtype dtype, void *array, size_t i, double value)
{
    if (dtype == XHAT_F32)
        ((float *)array)[i] = (float)value;
    else
        ((double *)array)[i] = value;
}

static double get(xhat_dtype dtype, const void *array, size_t i)
{
    return dtype == XHAT_F32 ? (double)((const float *)array)[i]
                             : ((const double *)array)[i];
}

/* ---- the problem --------------------------------------------------------- */

xhat_status bench_problem_spec(const bench_problem *problem, xhat_spec *spec,
                               xhat_error *error)
{
    const bench_shape *shape = &problem->shape;
    size_t stored[BENCH_RANK_MAX];
    bool channels_last = problem->layout >= XHAT_NLC;
    for (int i = 0; i < shape->rank; i++)
        stored[i] = shape->size[i];
    if (channels_last) {
        for (int i = 1; i + 1 < shape->rank; i++)
            stored[i] = shape->size[i + 1];
        stored[shape->rank - 1] = shape->size[1];
    }
    *spec = xhat_spec_default(problem->dtype);
    spec->threads = problem->threads;
    if (problem->fusion != BENCH_PLAIN)
        spec->flags |=
            problem->fusion == BENCH_RELU ? XHAT_RELU : XHAT_ADD_RELU;
    return xhat_spec_set_shape(spec, problem->layout, shape->rank, stored,
                               error);
}

double bench_least_bytes(const xhat_spec *spec, bench_mode mode)
{
    int arrays = mode == BENCH_BACKWARD ? 3 : 2;
    if (spec->flags & XHAT_ADD_RELU)
        arrays++;
    return (double)spec->outer * (double)spec->channels * (double)spec->inner *
           (double)dtype_size(spec->dtype) * arrays;
}

/* ---- memory -------------------------------------------------------------- */

/* bytes that can be had without swapping; infinite where nobody says */
static double free_memory(void)
{
    char line[128];
    double kilobytes = -1;
    FILE *file = fopen("/proc/meminfo", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "MemAvailable: %lf", &kilobytes) == 1)
            break;
    if (file != NULL)
        fclose(file);
    return kilobytes < 0 ? INFINITY : 1024 * kilobytes;
}

static xhat_status check_memory(const xhat_spec *spec, unsigned methods,
                                unsigned modes, xhat_error *error)
{
    int arrays = has(modes, BENCH_BACKWARD) ? 4 : 2;
    if (spec->flags & XHAT_ADD_RELU)
        arrays += 2;
    double each = (double)dtype_size(spec->dtype) * arrays;
    double elements =
        (double)spec->outer * (double)spec->channels * (double)spec->inner;
    if (has(methods, BENCH_STAGED))
        each += CIRCUIT_BYTES;
    double need = elements * each, there = free_memory();
    if (need <= 0.9 * there)
        return XHAT_OK;
    return xhat_fail(error, XHAT_SHAPE_MISMATCH,
                     "%zux%zux%zu elements (outer x channels x inner) need "
                     "%.1f GiB but %.1f GiB of memory are free",
                     spec->outer, spec->channels, spec->inner, need / 0x1p30,
                     there / 0x1p30);
}

/* a cheap sequence of numbers in -2 .. 2 */
static double next_number(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (double)(*state >> 8) / (double)(1 << 22) - 2;
}

/* How an array is filled: offset + random numbers of this scale, all at least
 * `gap` away from the offset. */
typedef struct filling {
    void **array;
    double offset, scale, gap;
    bool full, wanted;
} filling;

static bool fill(const bench_workload *w, const filling *f, uint32_t seed)
{
    size_t count = f->full ? w->elements : w->spec.channels;
    *f->array = xhat_allocate(NULL, count, dtype_size(w->spec.dtype));
    if (*f->array == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        double number = next_number(&seed);
        put(w->spec.dtype, *f->array, i,
            f->offset + f->scale / 2 * number +
                (number < 0 ? -f->gap : f->gap));
    }
    return true;
}

/* gamma * x_norm + beta stays away from 0, with and without the residual: else
 * what a ReLU lets through would hang on the last bit. */
static xhat_status take_arrays(bench_workload *w, unsigned modes,
                               xhat_error *error)
{
    bool backward = has(modes, BENCH_BACKWARD);
    bool add = (w->spec.flags & XHAT_ADD_RELU) != 0;
    const filling fillings[] = {{&w->x, 3, 0.5, 1, true, true},
                                {&w->out, 0, 0, 0, true, true},
                                {&w->dout, 0, 2, 0, true, backward},
                                {&w->dx, 0, 0, 0, true, backward},
                                {&w->residual, 0, 1, 3, true, add},
                                {&w->dresidual, 0, 0, 0, true, add},
                                {&w->gamma, 1, 0.25, 0, false, true},
                                {&w->beta, 0, 0.25, 0, false, true},
                                {&w->running_mean, 3, 0.25, 0, false, true},
                                {&w->running_var, 2, 1, 0, false, true},
                                {&w->mean, 0, 0, 0, false, true},
                                {&w->mean_low, 0, 0, 0, false, true},
                                {&w->invstd, 0, 0, 0, false, true},
                                {&w->dgamma, 0, 0, 0, false, true},
                                {&w->dbeta, 0, 0, 0, false, true}};
    for (size_t k = 0; k < sizeof fillings / sizeof *fillings; k++)
        if (fillings[k].wanted && !fill(w, &fillings[k], (uint32_t)k + 1))
            return xhat_fail(error, XHAT_OUT_OF_MEMORY,
                             "no memory for arrays of %zu elements",
                             w->elements);
    return XHAT_OK;
}

/* ---- plans and runs ------------------------------------------------------ */

xhat_status bench_circuit_create(xhat_run **run, const xhat_spec *spec,
                                 const bench_circuit_inputs *inputs,
                                 xhat_error *error)
{
    const struct {
        xhat_side side;
        int value;
        const double *data;
    } given[] = {{XHAT_SIDE_VALUE, XHAT_VALUE_X, inputs->x},
                 {XHAT_SIDE_VALUE, XHAT_VALUE_GAMMA, inputs->gamma},
                 {XHAT_SIDE_VALUE, XHAT_VALUE_BETA, inputs->beta},
                 {XHAT_SIDE_GRADIENT, XHAT_VALUE_OUT, inputs->dout}},
      held[] = {{XHAT_SIDE_VALUE, XHAT_VALUE_MEAN, inputs->mean},
                {XHAT_SIDE_VALUE, XHAT_VALUE_VAR, inputs->var}};
    xhat_axes axes = xhat_axes_batch(spec->outer, spec->channels, spec->inner);
    xhat_status status = xhat_run_create(run, xhat_circuit_batchnorm(), &axes,
                                         spec->eps, NULL, error);
    for (int i = 0; i < 4 && status == XHAT_OK; i++)
        if (given[i].data != NULL)
            status = xhat_run_set(*run, given[i].side, given[i].value,
                                  given[i].data, error);
    for (int i = 0; i < 2 && status == XHAT_OK; i++)
        if (held[i].data != NULL)
            status = xhat_run_hold(*run, held[i].value, held[i].data, error);
    return status;
}

static xhat_status make_plans(bench_workload *w, xhat_error *error)
{
    size_t scratch = 0;
    for (int method = BENCH_FUSED; method <= BENCH_CLOSED; method++) {
        xhat_spec spec = w->spec;
        spec.method = method == BENCH_CLOSED ? XHAT_CLOSED : XHAT_FUSED;
        xhat_status status =
            xhat_plan_create(&w->plan[method], &spec, NULL, error);
        if (status != XHAT_OK)
            return status;
        size_t size = xhat_plan_scratch_size(w->plan[method]);
        scratch = size > scratch ? size : scratch;
    }
    w->scratch_size = scratch;
    w->scratch = xhat_allocate_zeroed(NULL, scratch, 1);
    if (w->spec.flags & XHAT_ADD_RELU)
        w->mask = xhat_allocate_zeroed(
            NULL, xhat_plan_mask_size(w->plan[BENCH_FUSED]), 1);
    bool complete = w->scratch != NULL &&
                    (w->mask != NULL || !(w->spec.flags & XHAT_ADD_RELU));
    return complete
               ? XHAT_OK
               : xhat_fail(error, XHAT_OUT_OF_MEMORY, "no memory for scratch");
}

/* a copy in float64; NULL: memory is out, or `array` is NULL */
static double *widened(xhat_dtype dtype, const void *array, size_t count)
{
    if (array == NULL)
        return NULL;
    double *numbers = xhat_allocate(NULL, count, sizeof *numbers);
    for (size_t i = 0; numbers != NULL && i < count; i++)
        numbers[i] = get(dtype, array, i);
    return numbers;
}

/* the circuit for training (0) or inference (1), with its inputs */
static xhat_status make_run(bench_workload *w, int inference, xhat_error *error)
{
    const void *from[] = {w->x,    w->dout,         w->gamma,
                          w->beta, w->running_mean, w->running_var};
    double *copy[6];
    bool complete = true;
    xhat_status status = XHAT_OK;
    for (int i = 0; i < 6; i++) {
        copy[i] = widened(w->spec.dtype, from[i],
                          i < 2 ? w->elements : w->spec.channels);
        complete = complete && (copy[i] != NULL || from[i] == NULL);
    }
    bench_circuit_inputs inputs = {.x = copy[0],
                                   .dout = copy[1],
                                   .gamma = copy[2],
                                   .beta = copy[3],
                                   .mean = inference ? copy[4] : NULL,
                                   .var = inference ? copy[5] : NULL};
    status = complete ? bench_circuit_create(&w->run[inference], &w->spec,
                                             &inputs, error)
                      : xhat_fail(error, XHAT_OUT_OF_MEMORY,
                                  "no memory for the inputs of the circuit");
    for (int i = 0; i < 6; i++)
        xhat_release(NULL, copy[i]);
    return status;
}

xhat_status bench_workload_open(bench_workload *w, const bench_problem *problem,
                                unsigned methods, unsigned modes,
                                xhat_error *error)
{
    *w = (bench_workload){0};
    xhat_status status = bench_problem_spec(problem, &w->spec, error);
    if (status == XHAT_OK && has(methods, BENCH_STAGED) &&
        problem->fusion != BENCH_PLAIN)
        status = xhat_fail(error, XHAT_UNSUPPORTED,
                           "the circuit (staged) has no gate for %s",
                           bench_fusion_names[problem->fusion]);
    if (status == XHAT_OK)
        status = check_memory(&w->spec, methods, modes, error);
    if (status != XHAT_OK)
        return status;
    w->elements = w->spec.outer * w->spec.channels * w->spec.inner;
    w->bytes = w->elements * dtype_size(w->spec.dtype);
    if ((status = take_arrays(w, modes, error)) != XHAT_OK ||
        (status = make_plans(w, error)) != XHAT_OK)
        return status;
    bool training = has(modes, BENCH_FORWARD) || has(modes, BENCH_BACKWARD);
    for (int inference = 0; inference < 2; inference++)
        if (has(methods, BENCH_STAGED) &&
            (inference ? has(modes, BENCH_INFERENCE) : training) &&
            (status = make_run(w, inference, error)) != XHAT_OK)
            return status;
    for (int method = BENCH_FUSED; method < BENCH_METHODS && training; method++)
        if (has(methods, method) || method == BENCH_FUSED)
            if ((status = bench_workload_run(w, (bench_method)method,
                                             BENCH_FORWARD, error)) != XHAT_OK)
                return status;
    return XHAT_OK;
}

void bench_workload_close(bench_workload *w)
{
    void *arrays[] = {
        w->residual,     w->dresidual,   w->mask,     w->x,      w->dout,
        w->out,          w->dx,          w->gamma,    w->beta,   w->mean,
        w->running_mean, w->running_var, w->mean_low, w->invstd, w->dgamma,
        w->dbeta,        w->scratch};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        xhat_release(NULL, arrays[i]);
    for (int i = 0; i < 2; i++) {
        xhat_plan_destroy(w->plan[i]);
        xhat_run_destroy(w->run[i]);
    }
    *w = (bench_workload){0};
}

/* ---- one call ------------------------------------------------------------ */

static xhat_status run_plan(bench_workload *w, const xhat_plan *plan,
                            bench_mode mode, xhat_error *error)
{
    if (mode == BENCH_INFERENCE)
        return xhat_inference(
            plan,
            &(xhat_inference_args){.x = w->x,
                                   .gamma = w->gamma,
                                   .beta = w->beta,
                                   .residual = w->residual,
                                   .running_mean = w->running_mean,
                                   .running_var = w->running_var,
                                   .out = w->out,
                                   .scratch = w->scratch,
                                   .scratch_size = w->scratch_size},
            error);
    if (mode == BENCH_FORWARD)
        return xhat_forward(
            plan,
            &(xhat_forward_args){.x = w->x,
                                 .gamma = w->gamma,
                                 .beta = w->beta,
                                 .residual = w->residual,
                                 .mask = w->mask,
                                 .out = w->out,
                                 .mean = w->mean,
                                 .mean_low = w->mean_low,
                                 .invstd = w->invstd,
                                 .scratch = w->scratch,
                                 .scratch_size = w->scratch_size},
            error);
    return xhat_backward(plan,
                         &(xhat_backward_args){.x = w->x,
                                               .dout = w->dout,
                                               .gamma = w->gamma,
                                               .beta = w->beta,
                                               .mask = w->mask,
                                               .dresidual = w->dresidual,
                                               .mean = w->mean,
                                               .mean_low = w->mean_low,
                                               .invstd = w->invstd,
                                               .dx = w->dx,
                                               .dgamma = w->dgamma,
                                               .dbeta = w->dbeta,
                                               .scratch = w->scratch,
                                               .scratch_size = w->scratch_size},
                         error);
}

xhat_status bench_workload_run(bench_workload *w, bench_method method,
                               bench_mode mode, xhat_error *error)
{
    if (method != BENCH_STAGED)
        return run_plan(w, w->plan[method], mode, error);
    xhat_run *run = w->run[mode == BENCH_INFERENCE];
    return mode == BENCH_BACKWARD ? xhat_run_backward(run, error)
                                  : xhat_run_forward(run, error);
}
