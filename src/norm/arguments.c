#include "arguments.h"

#include <stdint.h>

#include "base/error.h"

size_t xhat_full_bytes(const xhat_plan *plan)
{
    return plan->count * plan->spec.channels *
           xhat_dtype_size(plan->spec.dtype);
}

size_t xhat_channel_bytes(const xhat_plan *plan)
{
    return plan->spec.channels * xhat_dtype_size(plan->spec.dtype);
}

static const char *flag_name(unsigned flag)
{
    return flag == XHAT_SCALE   ? "XHAT_SCALE"
           : flag == XHAT_SHIFT ? "XHAT_SHIFT"
                                : "XHAT_ADD_RELU";
}

static xhat_status check_presence(const xhat_plan *plan, const xhat_argument *a,
                                  xhat_error *error)
{
    if (a->use == XHAT_WHEN_FLAGGED) {
        bool wanted = (plan->spec.flags & a->flag) != 0;
        if (wanted && a->pointer == NULL)
            return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                             "%s is NULL but the spec has %s", a->name,
                             flag_name(a->flag));
        if (!wanted && a->pointer != NULL)
            return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                             "%s is given but the spec lacks %s", a->name,
                             flag_name(a->flag));
    } else if (a->pointer == NULL &&
               (a->use == XHAT_INPUT || a->use == XHAT_OUTPUT)) {
        return xhat_fail(error, XHAT_INVALID_ARGUMENT, "%s is NULL", a->name);
    }
    return XHAT_OK;
}

static bool is_output(const xhat_argument *a)
{
    return a->use == XHAT_OUTPUT || a->use == XHAT_OPTIONAL_OUTPUT;
}

static bool overlap(const xhat_argument *a, const xhat_argument *b)
{
    uintptr_t x = (uintptr_t)a->pointer, y = (uintptr_t)b->pointer;
    return (x < y ? y - x < a->bytes : x - y < b->bytes) && x != 0 && y != 0 &&
           a->bytes > 0 && b->bytes > 0;
}

static xhat_status check_overlap(const xhat_argument *a, const xhat_argument *b,
                                 xhat_error *error)
{
    if (!overlap(a, b) || (!is_output(a) && !is_output(b)))
        return XHAT_OK;
    const xhat_argument *output = is_output(a) ? a : b;
    const xhat_argument *other = is_output(a) ? b : a;
    bool in_place = output->in_place != NULL && !is_output(other) &&
                    output->in_place == other->pointer;
    if (in_place && output->pointer == other->pointer)
        return XHAT_OK;
    return xhat_fail(error, XHAT_INVALID_ARGUMENT, "%s overlaps %s%s",
                     output->name, other->name,
                     in_place ? " without being the same array" : "");
}

xhat_status xhat_check_arguments(const xhat_plan *plan,
                                 const xhat_argument *arguments, size_t count,
                                 const void *scratch, size_t scratch_size,
                                 xhat_error *error)
{
    const xhat_argument memory = {"scratch",   scratch, scratch_size,
                                  XHAT_OUTPUT, 0,       NULL};
    const size_t element = xhat_dtype_size(plan->spec.dtype); /* 4 or 8 */
    xhat_status status = XHAT_OK;
    for (size_t i = 0; i < count && status == XHAT_OK; i++) {
        status = check_presence(plan, &arguments[i], error);
        if (status == XHAT_OK && (arguments[i].bytes & (element - 1)) == 0 &&
            ((uintptr_t)arguments[i].pointer & (element - 1)) != 0)
            status = xhat_fail(error, XHAT_INVALID_ARGUMENT,
                               "%s is not aligned to its elements (%zu bytes)",
                               arguments[i].name, element);
        for (size_t k = 0; k < i && status == XHAT_OK; k++)
            status = check_overlap(&arguments[i], &arguments[k], error);
        if (status == XHAT_OK)
            status = check_overlap(&memory, &arguments[i], error);
    }
    if (status == XHAT_OK)
        status = check_presence(plan, &memory, error);
    if (status == XHAT_OK && scratch_size < xhat_plan_scratch_size(plan))
        status = xhat_fail(error, XHAT_INVALID_ARGUMENT,
                           "scratch has %zu bytes but this plan needs %zu",
                           scratch_size, xhat_plan_scratch_size(plan));
    return status;
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
