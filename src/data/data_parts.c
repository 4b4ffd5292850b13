/* Arrays that are x and y, one part behind the other, as a data set. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "data/dataset_parts.h"

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

/* A value that is no finite number: missing, or an error. */
static xhat_status not_finite(const xhat_dataset *data, const xhat_part *p,
                              size_t i, double value, const char *source,
                              bool unlabeled, xhat_error *error)
{
    size_t features = data->features;
    bool missing = isnan(value);
    if (missing && data->missing != XHAT_MISSING_REFUSE)
        return XHAT_OK;
    return xhat_fail(error, XHAT_BAD_FORMAT,
                     "%s: row %zu, feature %zu%s%s (both from 0) is %s: a "
                     "feature must be a finite number%s%s%s",
                     source, i / features, i % features,
                     p->x->name[0] != '\0' ? " of " : "", p->x->name,
                     missing     ? "nan"
                     : value > 0 ? "inf"
                                 : "-inf",
                     missing ? " (" : "",
                     missing ? xhat_missing_remedy(unlabeled) : "",
                     missing ? ")" : "");
}

/* Copies a part's rows behind the `done` ones. */
static xhat_status copy_rows(xhat_dataset *data, const xhat_part *p,
                             size_t done, const char *source, bool unlabeled,
                             xhat_error *error)
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
        if (isfinite(value))
            continue;
        xhat_status status =
            not_finite(data, p, i, value, source, unlabeled, error);
        if (status != XHAT_OK)
            return status;
    }
    return XHAT_OK;
}

static bool row_has_nan(const xhat_dataset *data, size_t row)
{
    size_t from = row * data->features;
    for (size_t j = from; j < from + data->features; j++)
        if (data->element == XHAT_ELEMENT_F32
                ? isnan(((const float *)data->values)[j])
                : isnan(((const double *)data->values)[j]))
            return true;
    return false;
}

/* Takes the rows with a NaN out of the values and of labels[] (NULL: none). */
static xhat_status drop_missing(xhat_dataset *data, double *labels,
                                const char *source, xhat_error *error)
{
    size_t rows = data->rows, test_from = data->test_from;
    size_t row_size = data->features * xhat_element_size(data->element);
    bool *drop = xhat_allocate(data->allocator, rows, sizeof *drop);
    if (drop == NULL)
        return xhat_fail(error, XHAT_OUT_OF_MEMORY, "no memory for %zu rows",
                         rows);
    for (size_t i = 0; i < rows; i++) {
        drop[i] = (data->element != XHAT_ELEMENT_U8 && row_has_nan(data, i)) ||
                  (labels != NULL && isnan(labels[i]));
        data->test_from -= drop[i] && i < test_from;
    }
    data->rows = xhat_drop_items(drop, rows, data->values, row_size);
    data->dropped = rows - data->rows;
    if (labels != NULL)
        xhat_drop_items(drop, rows, labels, sizeof *labels);
    xhat_release(data->allocator, drop);
    if (data->rows == 0)
        return xhat_fail(error, XHAT_BAD_FORMAT,
                         "%s: every one of its %zu rows lacks a value and is "
                         "dropped",
                         source, rows);
    return XHAT_OK;
}

/* The labels of all parts, one behind the other; the caller releases them. */
static xhat_status join_labels(const xhat_dataset *data, const xhat_part *parts,
                               size_t count, double **labels, xhat_error *error)
{
    size_t done = 0;
    *labels = xhat_allocate(data->allocator, data->rows, sizeof **labels);
    if (*labels == NULL)
        return xhat_fail(error, XHAT_OUT_OF_MEMORY, "no memory for labels");
    for (size_t i = 0; i < count; i++) {
        xhat_array_to_f64(parts[i].y, *labels + done);
        done += rows_of(parts[i].x);
    }
    return XHAT_OK;
}

/* Classes, or for regression numbers to predict; y is a label that was named,
 * so numbers that are not whole are the latter. */
static xhat_status take_labels(xhat_dataset *data, const double *labels,
                               const xhat_part *part, const char *source,
                               const xhat_data_options *options,
                               xhat_error *error)
{
    xhat_label_place place = {source, part->y->name, NULL};
    bool targets = options->target == XHAT_TARGET_NUMBERS ||
                   (options->target == XHAT_TARGET_GUESS &&
                    !xhat_labels_are_whole(labels, data->rows));
    return targets ? xhat_dataset_take_targets(data, labels, &place, error)
                   : xhat_dataset_label_numbers(data, labels, &place, error);
}

/* What the parts are together; the values come from them. */
static xhat_status plan_join(xhat_dataset *data, const xhat_part *parts,
                             size_t count, const char *source, bool *labeled,
                             xhat_error *error)
{
    size_t rows = 0;
    xhat_element element = XHAT_ELEMENT_U8;
    *labeled = true;
    for (size_t i = 0; i < count; i++) {
        xhat_status status = check_part(&parts[i], &parts[0], source, error);
        if (status != XHAT_OK)
            return status;
        rows += rows_of(parts[i].x);
        *labeled = *labeled && parts[i].y != NULL;
        if (stored_as(parts[i].x) > element)
            element = stored_as(parts[i].x);
    }
    if (rows == 0)
        return xhat_fail(error, XHAT_BAD_FORMAT, "%s has no rows", source);
    return xhat_dataset_allocate(data, rows, features_of(parts[0].x), element,
                                 error);
}

xhat_status xhat_parts_join(xhat_dataset *data, const xhat_part *parts,
                            size_t count, bool has_test, const char *source,
                            const xhat_data_options *options, xhat_error *error)
{
    double *labels = NULL;
    bool labeled;
    xhat_status status = plan_join(data, parts, count, source, &labeled, error);
    data->missing = options->missing;
    for (size_t i = 0, done = 0; i < count && status == XHAT_OK; i++) {
        status =
            copy_rows(data, &parts[i], done, source, options->unlabeled, error);
        done += rows_of(parts[i].x);
    }
    if (status == XHAT_OK && has_test)
        data->test_from -= rows_of(parts[count - 1].x);
    if (status == XHAT_OK && labeled)
        status = join_labels(data, parts, count, &labels, error);
    if (status == XHAT_OK && options->missing == XHAT_MISSING_DROP)
        status = drop_missing(data, labels, source, error);
    if (status == XHAT_OK && labeled)
        status = take_labels(data, labels, &parts[0], source, options, error);
    xhat_release(data->allocator, labels);
    return status;
}
