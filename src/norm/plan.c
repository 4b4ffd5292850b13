/* Plans: where a spec is validated and its kernels are chosen. */
#include "plan.h"

#include <math.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "passes.h"
#include "places.h"

static xhat_status check_spec(const xhat_spec *spec, xhat_error *error)
{
    const unsigned known =
        XHAT_SCALE | XHAT_SHIFT | XHAT_ALLOW_SINGLE | XHAT_RELU | XHAT_ADD_RELU;
    size_t elements = 0;
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
    if (spec->flags & ~known)
        return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                         "flags 0x%x holds a flag that does not exist",
                         spec->flags);
    if ((spec->flags & XHAT_RELU) && (spec->flags & XHAT_ADD_RELU))
        return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                         "flags hold both XHAT_RELU and XHAT_ADD_RELU");
    if (spec->channels == 0)
        return xhat_fail(error, XHAT_SHAPE_MISMATCH, "x has no channels");
    if (__builtin_mul_overflow(spec->outer, spec->inner, &elements) ||
        __builtin_mul_overflow(elements, spec->channels, &elements) ||
        elements > PTRDIFF_MAX / sizeof(double))
        return xhat_fail(error, XHAT_SHAPE_MISMATCH,
                         "%zu x %zu x %zu elements are more than memory holds",
                         spec->outer, spec->channels, spec->inner);
    return XHAT_OK;
}

static xhat_fusion fusion_of(const xhat_spec *spec)
{
    return spec->flags & XHAT_RELU       ? XHAT_FUSE_RELU
           : spec->flags & XHAT_ADD_RELU ? XHAT_FUSE_ADD_RELU
                                         : XHAT_FUSE_NOTHING;
}

static size_t scratch_size(const xhat_plan *plan)
{
    const xhat_geometry *each[] = {&plan->forward, &plan->backward,
                                   &plan->inference};
    size_t most = 0;
    for (int i = 0; i < 3; i++) {
        size_t bytes = xhat_passes_scratch(plan, each[i]);
        most = bytes > most ? bytes : most;
    }
    return most;
}

/* All of a single channel is one run, which fills the lanes. */
static xhat_spec as_worked_on(const xhat_spec *given)
{
    xhat_spec spec = *given;
    if (spec.channels == 1 && spec.outer > 1) {
        spec.inner *= spec.outer;
        spec.outer = 1;
    }
    return spec;
}

xhat_status xhat_plan_fill(xhat_plan *plan, const xhat_spec *given,
                           size_t most_channels, xhat_error *error)
{
    const xhat_isa *isa;
    xhat_status status = check_spec(given, error);
    if (status == XHAT_OK)
        status = xhat_isa_choose(&isa, error);
    if (status != XHAT_OK)
        return status;
    const xhat_spec spec = as_worked_on(given);
    *plan = (xhat_plan){
        .spec = spec,
        .isa = isa->name,
        .kernels = isa->kernels[spec.dtype],
        .count = spec.outer * spec.inner,
        .order = xhat_order_of(&spec),
        .fusion = fusion_of(&spec),
        .forward = xhat_geometry_of(&spec, 1, true, most_channels),
        .backward = xhat_geometry_of(&spec, 2, true, most_channels),
        .inference = xhat_geometry_of(&spec, 1, false, most_channels)};
    plan->mask_channels = xhat_mask_channels(&spec);
    plan->scratch_size = scratch_size(plan);
    return XHAT_OK;
}

xhat_status xhat_plan_create(xhat_plan **plan, const xhat_spec *spec,
                             const xhat_allocator *allocator, xhat_error *error)
{
    xhat_plan filled;
    if (plan != NULL)
        *plan = NULL;
    if (plan == NULL || spec == NULL)
        return xhat_fail(error, XHAT_INVALID_ARGUMENT, "%s is NULL",
                         plan == NULL ? "plan" : "spec");
    xhat_status status = xhat_plan_fill(&filled, spec, 0, error);
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
    return plan->scratch_size;
}

size_t xhat_plan_mask_size(const xhat_plan *plan)
{
    return plan->fusion == XHAT_FUSE_ADD_RELU
               ? plan->spec.outer * xhat_mask_stride(plan)
               : 0;
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
