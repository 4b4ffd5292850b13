/* IDX, the format of the MNIST files:
 *
 *     0  0  type  rank   sizes[rank], 4 bytes each   elements in C order
 *
 * Everything is big-endian.  Source: yann.lecun.com/exdb/mnist. */
#include "byte_order.h"
#include "readers.h"

static bool element_of(unsigned char type, xhat_element *element)
{
    switch (type) {
    case 0x08:
        *element = XHAT_ELEMENT_U8;
        return true;
    case 0x09:
        *element = XHAT_ELEMENT_I8;
        return true;
    case 0x0b:
        *element = XHAT_ELEMENT_I16;
        return true;
    case 0x0c:
        *element = XHAT_ELEMENT_I32;
        return true;
    case 0x0d:
        *element = XHAT_ELEMENT_F32;
        return true;
    case 0x0e:
        *element = XHAT_ELEMENT_F64;
        return true;
    }
    return false;
}

typedef struct idx_header {
    xhat_element element;
    int rank;
    size_t shape[XHAT_RANK_MAX];
    size_t header_bytes, data_bytes;
} idx_header;

/* False when bytes[size] do not begin with a whole header. */
static bool parse_header(const unsigned char *bytes, size_t size,
                         idx_header *header)
{
    if (size < 4 || bytes[0] != 0 || bytes[1] != 0 ||
        !element_of(bytes[2], &header->element) || bytes[3] < 1 ||
        bytes[3] > XHAT_RANK_MAX)
        return false;
    header->rank = bytes[3];
    header->header_bytes = 4 + 4 * (size_t)header->rank;
    if (size < header->header_bytes)
        return false;
    for (int i = 0; i < header->rank; i++)
        header->shape[i] = load_be32(bytes + 4 + 4 * i);
    return xhat_shape_bytes(header->rank, header->shape,
                            xhat_element_size(header->element),
                            &header->data_bytes) &&
           header->data_bytes <= SIZE_MAX - header->header_bytes;
}

size_t xhat_idx_promised(const unsigned char *bytes, size_t size)
{
    idx_header header;
    return parse_header(bytes, size, &header)
               ? header.header_bytes + header.data_bytes
               : 0;
}

xhat_likeness xhat_idx_likeness(const xhat_source *source)
{
    xhat_element element;
    const unsigned char *bytes = source->bytes;
    if (source->size < 4 || bytes[0] != 0 || bytes[1] != 0 ||
        !element_of(bytes[2], &element) || bytes[3] == 0)
        return XHAT_UNLIKE;
    return xhat_idx_promised(bytes, source->size) == source->size
               ? XHAT_ALIKE
               : XHAT_SIMILAR;
}

xhat_status xhat_idx_read(xhat_arrays *arrays, const xhat_source *source)
{
    idx_header header;
    char shape[XHAT_SHAPE_SIZE];
    if (source->bytes[3] > XHAT_RANK_MAX)
        return xhat_source_bad(source, "IDX of rank %d; at most %d is read",
                               source->bytes[3], XHAT_RANK_MAX);
    if (!parse_header(source->bytes, source->size, &header))
        return xhat_source_bad(source, "its IDX header is cut off, or promises "
                                       "more than this machine can address");
    size_t held = source->size - header.header_bytes;
    if (held != header.data_bytes)
        return xhat_source_bad(
            source,
            "its IDX header promises %s %s (%zu bytes), but it holds %zu bytes",
            xhat_shape_text(shape, header.rank, header.shape),
            xhat_element_name(header.element), header.data_bytes, held);

    xhat_array *array = xhat_arrays_add(arrays, source, "", header.element,
                                        header.rank, header.shape);
    if (array == NULL)
        return XHAT_OUT_OF_MEMORY;
    memcpy(array->data, source->bytes + header.header_bytes, held);
    size_t size = xhat_element_size(header.element);
    swap_elements(array->data, held / size, size);
    return XHAT_OK;
}
