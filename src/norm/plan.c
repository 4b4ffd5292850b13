/* Plans: where a spec is validated and its kernels are chosen. */
#include "plan.h"

#include <math.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/threads.h"
#include "channel_block.h"

/* below this many elements a second thread costs more than it gives */
enum { ELEMENTS_A_THREAD = 16384 };

static int choose_threads(const xhat_spec *spec, size_t elements)
{
    size_t blocks = xhat_block_count(spec);
    size_t most = elements / ELEMENTS_A_THREAD;
    size_t threads = spec->threads > 0 ? (size_t)spec->threads
                                       : (size_t)xhat_threads_available();
    if (!xhat_threads_built_in())
        return 1;
    if (threads > most)
        threads = most;
    if (threads > blocks)
        threads = blocks;
    if (threads > XHAT_THREADS_MAX)
        threads = XHAT_THREADS_MAX;
    return threads < 1 ? 1 : (int)threads;
}

static xhat_status check_spec(const xhat_spec *spec, size_t *elements,
                              xhat_error *error)
{
    char eps[XHAT_NUMBER_SIZE];
    if (spec->dtype != XHAT_F32 && spec->dtype != XHAT_F64)
        return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                         "dtype %d is neither XHAT_F32 nor XHAT_F64",
                         (int)spec->dtype);
    if (spec->method != XHAT_FUSED && spec->method != XHAT_CLOSED)
        return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                         "method %d is neither XHAT_FUSED nor XHAT_CLOSED",
                         (int)spec->method);
    if (!(spec->eps >= 0) || isinf(spec->eps))
        return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                         "eps is %s but must be a number of at least 0",
                         xhat_number_from_f64(spec->eps, eps));
    if (spec->threads < 0)
        return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                         "threads is %d but must be at least 0 (0: all)",
                         spec->threads);
    if (spec->flags & ~(unsigned)(XHAT_SCALE | XHAT_SHIFT | XHAT_ALLOW_SINGLE))
        return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                         "flags 0x%x holds a flag that does not exist",
                         spec->flags);
    if (spec->channels == 0)
        return xhat_fail(error, XHAT_SHAPE_MISMATCH, "x has no channels");
    if (__builtin_mul_overflow(spec->outer, spec->inner, elements) ||
        __builtin_mul_overflow(*elements, spec->channels, elements) ||
        *elements > PTRDIFF_MAX / sizeof(double))
        return xhat_fail(error, XHAT_SHAPE_MISMATCH,
                         "%zu x %zu x %zu elements are more than memory holds",
                         spec->outer, spec->channels, spec->inner);
    return XHAT_OK;
}

xhat_status xhat_plan_fill(xhat_plan *plan, const xhat_spec *spec,
                           xhat_error *error)
{
    const xhat_isa *isa;
    size_t elements = 0;
    xhat_status status = check_spec(spec, &elements, error);
    if (status == XHAT_OK)
        status = xhat_isa_choose(&isa, error);
    if (status != XHAT_OK)
        return status;
    *plan = (xhat_plan){.spec = *spec,
                        .isa = isa->name,
                        .kernels = isa->kernels[spec->dtype],
                        .count = spec->outer * spec->inner,
                        .threads = choose_threads(spec, elements)};
    return XHAT_OK;
}

xhat_status xhat_plan_create(xhat_plan **plan, const xhat_spec *spec,
                             const xhat_allocator *allocator, xhat_error *error)
{
    xhat_plan filled;
    if (plan == NULL || spec == NULL)
        return xhat_fail(error, XHAT_INVALID_ARGUMENT, "%s is NULL",
                         plan == NULL ? "plan" : "spec");
    *plan = NULL;
    xhat_status status = xhat_plan_fill(&filled, spec, error);
    if (status != XHAT_OK)
        return status;
    *plan = xhat_allocate(allocator, 1, sizeof **plan);
    if (*plan == NULL)
        return xhat_fail(error, XHAT_OUT_OF_MEMORY, "no memory for a plan");
    **plan = filled;
    (*plan)->allocator = allocator;
    return XHAT_OK;
}

void xhat_plan_destroy(xhat_plan *plan)
{
    if (plan != NULL)
        xhat_release(plan->allocator, plan);
}

size_t xhat_plan_scratch_size(const xhat_plan *plan)
{
    return (size_t)plan->threads * sizeof(xhat_block) + XHAT_ALIGNMENT;
}

const char *xhat_plan_isa(const xhat_plan *plan)
{
    return plan->isa;
}

double xhat_inverse_deviation(double var, double eps)
{
    double inside = var + eps;
    return inside == 0 ? 0 : 1 / sqrt(inside);
}

/* ---- checks of the arguments of an execution ----------------------------- */

xhat_status xhat_check_pointers(const xhat_named_pointer *needed, size_t count,
                                xhat_error *error)
{
    for (size_t i = 0; i < count; i++)
        if (needed[i].pointer == NULL)
            return xhat_fail(error, XHAT_INVALID_ARGUMENT, "%s is NULL",
                             needed[i].name);
    return XHAT_OK;
}

xhat_status xhat_check_parameter(const xhat_plan *plan, unsigned flag,
                                 const void *parameter, const char *name,
                                 xhat_error *error)
{
    bool wanted = (plan->spec.flags & flag) != 0;
    if (wanted && parameter == NULL)
        return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                         "%s is NULL but the spec has %s", name,
                         flag == XHAT_SCALE ? "XHAT_SCALE" : "XHAT_SHIFT");
    if (!wanted && parameter != NULL)
        return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                         "%s is given but the spec lacks %s", name,
                         flag == XHAT_SCALE ? "XHAT_SCALE" : "XHAT_SHIFT");
    return XHAT_OK;
}

xhat_status xhat_check_overlap(const xhat_plan *plan, const void *output,
                               const char *output_name, const void *input,
                               const char *input_name, bool in_place,
                               xhat_error *error)
{
    uintptr_t a = (uintptr_t)output, b = (uintptr_t)input;
    uintptr_t distance = a > b ? a - b : b - a;
    size_t bytes =
        plan->count * plan->spec.channels * xhat_dtype_size(plan->spec.dtype);
    if (distance >= bytes || (in_place && a == b))
        return XHAT_OK;
    return xhat_fail(error, XHAT_INVALID_ARGUMENT, "%s overlaps %s%s",
                     output_name, input_name,
                     in_place ? " without being the same array" : "");
}

xhat_status xhat_check_count(const xhat_plan *plan, xhat_error *error)
{
    if (plan->count != 1 || (plan->spec.flags & XHAT_ALLOW_SINGLE))
        return XHAT_OK;
    return xhat_fail(error, XHAT_SHAPE_MISMATCH,
                     "training needs two values a channel or more; x has one "
                     "(outer %zu, channels %zu, inner %zu), so every output "
                     "would be beta",
                     plan->spec.outer, plan->spec.channels, plan->spec.inner);
}
