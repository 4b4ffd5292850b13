/* Arrays that are x and y, one part behind the other, as a data set. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "net/dataset_parts.h"

static size_t rows_of(const xhat_array *x)
{
    return x->rank == 0 ? 1 : x->shape[0];
}

static size_t features_of(const xhat_array *x)
{
    size_t features = 1;
    for (int axis = 1; axis < x->rank; axis++)
        features *= x->shape[axis];
    return features;
}

static xhat_element stored_as(const xhat_array *x)
{
    if (x->element == XHAT_ELEMENT_U8)
        return XHAT_ELEMENT_U8;
    return xhat_array_fits_f32(x) ? XHAT_ELEMENT_F32 : XHAT_ELEMENT_F64;
}

static xhat_status check_part(const xhat_part *p, const xhat_part *first,
                              const char *source, xhat_error *error)
{
    size_t rows = rows_of(p->x), features = features_of(p->x);
    if (p->y != NULL && xhat_array_count(p->y) != rows)
        return xhat_fail(error, XHAT_SHAPE_MISMATCH,
                         "%s: %zu rows of %s but %zu labels in %s", source,
                         rows, p->x->name, xhat_array_count(p->y), p->y->name);
    if (features != features_of(first->x))
        return xhat_fail(error, XHAT_SHAPE_MISMATCH,
                         "%s: %s has %zu features but %s has %zu", source,
                         p->x->name, features, first->x->name,
                         features_of(first->x));
    if (features == 0)
        return xhat_fail(error, XHAT_SHAPE_MISMATCH,
                         "%s: %s has rows without features", source,
                         p->x->name);
    return XHAT_OK;
}

/* Copies a part's rows behind the `done` ones; all values must be finite. */
static xhat_status copy_rows(xhat_dataset *data, const xhat_part *p,
                             size_t done, const char *source, xhat_error *error)
{
    size_t features = data->features, count = xhat_array_count(p->x);
    char *to = (char *)data->values +
               done * features * xhat_element_size(data->element);
    if (data->element == XHAT_ELEMENT_U8)
        memcpy(to, p->x->data, count);
    else if (data->element == XHAT_ELEMENT_F32)
        xhat_array_to_f32(p->x, (float *)to);
    else
        xhat_array_to_f64(p->x, (double *)to);
    if (data->element == XHAT_ELEMENT_U8)
        return XHAT_OK;
    for (size_t i = 0; i < count; i++) {
        double value = xhat_array_f64_at(p->x, i);
        if (!isfinite(value))
            return xhat_fail(error, XHAT_BAD_FORMAT,
                             "%s: row %zu, feature %zu of %s (both from 0) is "
                             "%g: a feature must be a finite number",
                             source, i / features, i % features, p->x->name,
                             value);
    }
    return XHAT_OK;
}

static xhat_status copy_labels(xhat_dataset *data, const xhat_part *parts,
                               size_t count, const char *source,
                               xhat_error *error)
{
    double *numbers =
        xhat_allocate(data->allocator, data->rows, sizeof *numbers);
    if (numbers == NULL)
        return xhat_fail(error, XHAT_OUT_OF_MEMORY, "no memory for labels");
    size_t done = 0;
    for (size_t i = 0; i < count; i++) {
        xhat_array_to_f64(parts[i].y, numbers + done);
        done += rows_of(parts[i].x);
    }
    xhat_status status = xhat_dataset_label_numbers(
        data, numbers, &(xhat_label_place){source, parts[0].y->name, NULL},
        error);
    xhat_release(data->allocator, numbers);
    return status;
}

xhat_status xhat_parts_join(xhat_dataset *data, const xhat_part *parts,
                            size_t count, bool has_test, const char *source,
                            xhat_error *error)
{
    size_t rows = 0, done = 0;
    bool labeled = true;
    xhat_element element = XHAT_ELEMENT_U8;
    for (size_t i = 0; i < count; i++) {
        xhat_status status = check_part(&parts[i], &parts[0], source, error);
        if (status != XHAT_OK)
            return status;
        rows += rows_of(parts[i].x);
        labeled = labeled && parts[i].y != NULL;
        if (stored_as(parts[i].x) > element)
            element = stored_as(parts[i].x);
    }
    if (rows == 0)
        return xhat_fail(error, XHAT_BAD_FORMAT, "%s has no rows", source);
    xhat_status status = xhat_dataset_allocate(
        data, rows, features_of(parts[0].x), element, error);
    for (size_t i = 0; i < count && status == XHAT_OK; i++) {
        status = copy_rows(data, &parts[i], done, source, error);
        done += rows_of(parts[i].x);
    }
    if (status == XHAT_OK && labeled)
        status = copy_labels(data, parts, count, source, error);
    if (has_test)
        data->test_from = rows - rows_of(parts[count - 1].x);
    return status;
}
