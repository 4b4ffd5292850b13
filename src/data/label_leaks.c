/* Features of a table that hold the answer: a net that sees one learns nothing
 * else. */
#include <string.h>

#include "base/number.h"
#include "data/dataset_parts.h"

static double feature_at(const xhat_dataset *data, size_t row, size_t feature)
{
    return ((const double *)data->values)[row * data->features + feature];
}

static bool equals_label(const xhat_dataset *data, size_t feature)
{
    for (size_t i = 0; i < data->rows; i++) {
        double label;
        if (data->targets != NULL) {
            if (feature_at(data, i, feature) != data->targets[i])
                return false;
            continue;
        }
        const char *name = data->class_names[data->labels[i]];
        if (!xhat_number_parse(name, strlen(name), &label) ||
            feature_at(data, i, feature) != label)
            return false;
    }
    return true;
}

/* 0 and 1, and one of the two in just the rows of one class. */
static bool indicates_class(const xhat_dataset *data, size_t feature)
{
    int32_t first[2] = {-1, -1}; /* the class of the first 0, the first 1 */
    bool exact[2] = {true, true};
    for (size_t i = 0; i < data->rows; i++) {
        double value = feature_at(data, i, feature);
        if (value != 0 && value != 1)
            return false;
        if (first[value == 1] < 0)
            first[value == 1] = data->labels[i];
    }
    for (size_t i = 0; i < data->rows; i++)
        for (int digit = 0; digit < 2; digit++)
            if ((feature_at(data, i, feature) == digit) !=
                (data->labels[i] == first[digit]))
                exact[digit] = false;
    return first[0] >= 0 && first[1] >= 0 && (exact[0] || exact[1]);
}

size_t xhat_dataset_find_leak(const xhat_dataset *data, size_t from)
{
    bool classes = data->labels != NULL && data->classes >= 2;
    if (data->columns.number == NULL || (data->targets == NULL && !classes))
        return data->features;
    while (from < data->features && !equals_label(data, from) &&
           !(classes && indicates_class(data, from)))
        from++;
    return from;
}

/* ---- together ------------------------------------------------------------ */

enum { REACH = 64 }; /* columns looked at on each side of the label */

static bool is_binary(const xhat_dataset *data, size_t feature)
{
    for (size_t i = 0; i < data->rows; i++) {
        double value = feature_at(data, i, feature);
        if (value != 0 && value != 1)
            return false;
    }
    return true;
}

/* Has each row just one 1, in these features or in the label? */
static bool are_one_hot(const xhat_dataset *data, size_t first, size_t count,
                        int32_t class_of_1)
{
    for (size_t i = 0; i < data->rows; i++) {
        double ones = data->labels[i] == class_of_1;
        for (size_t f = first; f < first + count; f++)
            ones += feature_at(data, i, f);
        if (ones != 1)
            return false;
    }
    return true;
}

/* Features from..to-1 that are 0 or 1 and whose columns, with the label's,
 * stand side by side; the label's place is before feature *split. */
static void find_neighbors(const xhat_dataset *data, size_t *from,
                           size_t *split, size_t *to)
{
    const xhat_columns *columns = &data->columns;
    *split = 0;
    while (*split < data->features && columns->number[*split] < columns->label)
        ++*split;
    for (*from = *split; *from > 0 && *split - *from < REACH; --*from)
        if (columns->number[*from - 1] !=
                columns->label - (*split - *from) - 1 ||
            !is_binary(data, *from - 1))
            break;
    for (*to = *split; *to < data->features && *to - *split < REACH; ++*to)
        if (columns->number[*to] !=
                columns->label + columns->label_count + (*to - *split) ||
            !is_binary(data, *to))
            break;
}

bool xhat_dataset_find_joint_leak(const xhat_dataset *data, size_t *first,
                                  size_t *count)
{
    size_t from, split, to;
    if (data->columns.number == NULL || data->columns.label == 0 ||
        data->labels == NULL || data->classes != 2 ||
        strcmp(data->class_names[0], "0") != 0 ||
        strcmp(data->class_names[1], "1") != 0)
        return false;
    find_neighbors(data, &from, &split, &to);
    for (*first = from; *first <= split; ++*first)
        for (size_t end = split; end <= to; end++) {
            *count = end - *first;
            if (*count > 1 && are_one_hot(data, *first, *count, 1))
                return true;
        }
    return false;
}
