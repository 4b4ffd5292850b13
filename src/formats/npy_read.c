#include "byte_order.h"
#include "npy.h"
#include "readers.h"

enum { MAGIC = 6 };

xhat_likeness xhat_npy_likeness(const xhat_source *source)
{
    return source->size >= MAGIC &&
                   memcmp(source->bytes, "\x93NUMPY", MAGIC) == 0
               ? XHAT_ALIKE
               : XHAT_UNLIKE;
}

/* An npy file taken apart. */
typedef struct npy_parts {
    const char *header;
    size_t header_length;
    const unsigned char *data;
    size_t data_length; /* bytes */
} npy_parts;

static xhat_status split(const xhat_source *source, npy_parts *parts)
{
    const unsigned char *bytes = source->bytes;
    if (source->size < MAGIC + 2)
        return xhat_source_bad(source, "npy: cut off in its first bytes");
    if (bytes[MAGIC] < 1 || bytes[MAGIC] > 3)
        return xhat_source_bad(source, "npy version %d.%d is not known",
                               bytes[MAGIC], bytes[MAGIC + 1]);
    size_t before = MAGIC + 2 + (bytes[MAGIC] == 1 ? 2 : 4);
    if (source->size < before)
        return xhat_source_bad(source, "npy: cut off in its first bytes");
    size_t length = bytes[MAGIC] == 1 ? load_le16(bytes + MAGIC + 2)
                                      : load_le32(bytes + MAGIC + 2);
    if (length > source->size - before)
        return xhat_source_bad(
            source, "npy: promises a header of %zu bytes, but %zu follow",
            length, source->size - before);
    parts->header = (const char *)bytes + before;
    parts->header_length = length;
    parts->data = bytes + before + length;
    parts->data_length = source->size - before - length;
    return XHAT_OK;
}

/* From Fortran to C order: walks the elements as they are to lie, keeping the
 * place `at` in the file where each one comes from. */
static void transpose(unsigned char *to, const unsigned char *from,
                      const xhat_npy_header *header, size_t count, size_t size)
{
    size_t stride[XHAT_RANK_MAX], index[XHAT_RANK_MAX] = {0}, at = 0;
    for (int axis = 0; axis < header->rank; axis++)
        stride[axis] =
            axis == 0 ? size : stride[axis - 1] * header->shape[axis - 1];
    for (size_t i = 0; i < count; i++) {
        memcpy(to + i * size, from + at, size);
        for (int axis = header->rank - 1; axis >= 0; axis--) {
            at += stride[axis];
            if (++index[axis] < header->shape[axis])
                break;
            at -= stride[axis] * header->shape[axis];
            index[axis] = 0;
        }
    }
}

/* The elements into array->data, in C order and this machine's byte order. */
static void copy_elements(const xhat_array *array,
                          const xhat_npy_header *header,
                          const unsigned char *data, size_t bytes)
{
    size_t size = xhat_element_size(header->element);
    unsigned char *to = array->data;
    if (header->fortran && header->rank > 1)
        transpose(to, data, header, bytes / size, size);
    else
        memcpy(to, data, bytes);
    if (header->swapped)
        swap_elements(to, bytes / size, size);
    for (size_t i = 0; header->element == XHAT_ELEMENT_BOOL && i < bytes; i++)
        to[i] = to[i] != 0;
}

xhat_status xhat_npy_read_as(xhat_arrays *arrays, const xhat_source *source,
                             const char *name)
{
    npy_parts parts = {0};
    size_t bytes;
    xhat_npy_header header;
    char shape[XHAT_SHAPE_SIZE];
    if (xhat_npy_likeness(source) == XHAT_UNLIKE)
        return xhat_source_bad(source, "not an npy array");
    xhat_status status = split(source, &parts);
    if (status == XHAT_OK)
        status = xhat_npy_header_parse(&header, source, parts.header,
                                       parts.header_length);
    if (status != XHAT_OK)
        return status;

    xhat_shape_text(shape, header.rank, header.shape);
    const char *type = xhat_element_name(header.element);
    if (!xhat_shape_bytes(header.rank, header.shape,
                          xhat_element_size(header.element), &bytes))
        return xhat_source_bad(
            source, "its header promises %s %s: more than can be addressed",
            shape, type);
    if (bytes != parts.data_length)
        return xhat_source_bad(
            source,
            "its header promises %s %s (%zu bytes), but %zu bytes follow it",
            shape, type, bytes, parts.data_length);
    const xhat_array *array = xhat_arrays_add(
        arrays, source, name, header.element, header.rank, header.shape);
    if (array == NULL)
        return XHAT_OUT_OF_MEMORY;
    copy_elements(array, &header, parts.data, bytes);
    return XHAT_OK;
}

xhat_status xhat_npy_read(xhat_arrays *arrays, const xhat_source *source)
{
    return xhat_npy_read_as(arrays, source, "");
}
