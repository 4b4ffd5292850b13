/* Tables as text, and what was read of them. */
#ifndef XHAT_TESTS_DATA_FIXTURE_H
#define XHAT_TESTS_DATA_FIXTURE_H

#include "counting.h"
#include "folder.h"
#include "xhat/data.h"

/* label: NULL for the one that is found. */
static inline xhat_status read_text(xhat_dataset *data, const char *text,
                                    const char *label, xhat_error *error)
{
    char folder[64], path[256];
    folder_make(folder);
    file_put(folder, "table.csv", text, strlen(text), path);
    xhat_status status = xhat_dataset_read(
        data, path, &(xhat_data_options){.label = label}, NULL, error);
    folder_remove(folder);
    return status;
}

static inline double value_at(const xhat_dataset *data, size_t row,
                              size_t feature)
{
    assert_int_equal(data->element, XHAT_ELEMENT_F64);
    return ((double *)data->values)[row * data->features + feature];
}

static inline const char *label_of(const xhat_dataset *data, size_t row)
{
    return data->class_names[data->labels[row]];
}

#endif
