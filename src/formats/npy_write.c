#include "npy.h"

#include <stdio.h>
#include <string.h>

#include "byte_order.h"
#include "output_file.h"
#include "readers.h"

static const char *const types[] = {
    [XHAT_ELEMENT_BOOL] = "|b1", [XHAT_ELEMENT_U8] = "|u1",
    [XHAT_ELEMENT_I8] = "|i1",   [XHAT_ELEMENT_U16] = "<u2",
    [XHAT_ELEMENT_I16] = "<i2",  [XHAT_ELEMENT_U32] = "<u4",
    [XHAT_ELEMENT_I32] = "<i4",  [XHAT_ELEMENT_U64] = "<u8",
    [XHAT_ELEMENT_I64] = "<i8",  [XHAT_ELEMENT_F16] = "<f2",
    [XHAT_ELEMENT_F32] = "<f4",  [XHAT_ELEMENT_F64] = "<f8",
};

size_t xhat_npy_header_format(char to[XHAT_NPY_HEADER_SIZE],
                              const xhat_array *array)
{
    enum { BEFORE = 10, ALIGNMENT = 64 };
    char *dict = to + BEFORE;
    size_t room = XHAT_NPY_HEADER_SIZE - BEFORE;
    size_t length = (size_t)snprintf(
        dict, room, "{'descr': '%s', 'fortran_order': False, 'shape': (",
        types[array->element]);
    for (int i = 0; i < array->rank; i++)
        length += (size_t)snprintf(dict + length, room - length, "%s%zu",
                                   i > 0 ? ", " : "", array->shape[i]);
    length += (size_t)snprintf(dict + length, room - length, "%s), }",
                               array->rank == 1 ? "," : "");

    size_t total =
        (BEFORE + length + 1 + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    memset(dict + length, ' ', total - BEFORE - length);
    to[total - 1] = '\n';
    memcpy(to, "\x93NUMPY\x01\x00", 8);
    store_le16((unsigned char *)to + 8, (uint16_t)(total - BEFORE));
    return total;
}

xhat_status xhat_npy_write(const char *path, bool force,
                           const xhat_array *array, xhat_error *error)
{
    xhat_output_file file;
    char header[XHAT_NPY_HEADER_SIZE];
    xhat_status status = xhat_output_open(&file, path, force, error);
    if (status != XHAT_OK)
        return status;
    xhat_output_put(&file, header, xhat_npy_header_format(header, array));
    xhat_output_put(&file, array->data,
                    xhat_array_count(array) *
                        xhat_element_size(array->element));
    return xhat_output_commit(&file, error);
}
