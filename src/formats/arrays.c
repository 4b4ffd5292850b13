/* The list of arrays a file gives, and the ways in. */
#include "readers.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"

/* Doubles the room for items.  Items keep their place in the list, not in
 * memory. */
static bool make_room(xhat_arrays *arrays)
{
    size_t count = arrays->count;
    bool full = (count & (count - 1)) == 0; /* capacities are powers of two */
    if (!full)
        return true;
    xhat_array *items = xhat_allocate(
        arrays->allocator, count == 0 ? 1 : 2 * count, sizeof *items);
    if (items == NULL)
        return false;
    if (count > 0)
        memcpy(items, arrays->items, count * sizeof *items);
    xhat_release(arrays->allocator, arrays->items);
    arrays->items = items;
    return true;
}

xhat_array *xhat_arrays_add(xhat_arrays *arrays, const xhat_source *source,
                            const char *name, xhat_element element, int rank,
                            const size_t *shape)
{
    size_t bytes;
    xhat_array array = {.element = element, .rank = rank};
    if (rank > 0)
        memcpy(array.shape, shape, (size_t)rank * sizeof *shape);
    if (xhat_shape_bytes(rank, shape, xhat_element_size(element), &bytes) &&
        make_room(arrays)) {
        array.name = xhat_copy_string(arrays->allocator, name);
        array.data = xhat_allocate(arrays->allocator, bytes, 1);
    }
    if (array.name == NULL || array.data == NULL) {
        xhat_release(arrays->allocator, array.name);
        xhat_release(arrays->allocator, array.data);
        xhat_source_no_memory(source);
        return NULL;
    }
    arrays->items[arrays->count] = array;
    return &arrays->items[arrays->count++];
}

void xhat_arrays_free(xhat_arrays *arrays)
{
    const xhat_allocator *allocator = arrays->allocator;
    for (size_t i = 0; i < arrays->count; i++) {
        xhat_release(allocator, arrays->items[i].name);
        xhat_release(allocator, arrays->items[i].data);
    }
    for (size_t i = 0; i < arrays->metadata_count; i++) {
        xhat_release(allocator, arrays->metadata[i].key);
        xhat_release(allocator, arrays->metadata[i].value);
    }
    xhat_release(allocator, arrays->items);
    xhat_release(allocator, arrays->metadata);
    *arrays = (xhat_arrays){.allocator = allocator};
}

const xhat_array *xhat_arrays_find(const xhat_arrays *arrays, const char *name)
{
    for (size_t i = 0; i < arrays->count; i++)
        if (strcmp(arrays->items[i].name, name) == 0)
            return &arrays->items[i];
    return NULL;
}

const char *xhat_arrays_metadata(const xhat_arrays *arrays, const char *key)
{
    for (size_t i = 0; i < arrays->metadata_count; i++)
        if (strcmp(arrays->metadata[i].key, key) == 0)
            return arrays->metadata[i].value;
    return NULL;
}

static xhat_status read_source(xhat_arrays *arrays, const xhat_source *source)
{
    *arrays = (xhat_arrays){.allocator = source->allocator};
    xhat_status status = xhat_any_read(arrays, source);
    if (status != XHAT_OK)
        xhat_arrays_free(arrays);
    return status;
}

xhat_status xhat_arrays_read_memory(xhat_arrays *arrays, const void *bytes,
                                    size_t size, const char *name,
                                    const xhat_allocator *allocator,
                                    xhat_error *error)
{
    return read_source(arrays, &(xhat_source){.name = name,
                                              .bytes = bytes,
                                              .size = size,
                                              .allocator = allocator,
                                              .error = error});
}

xhat_status xhat_arrays_read(xhat_arrays *arrays, const char *path,
                             const xhat_allocator *allocator, xhat_error *error)
{
    xhat_source source;
    *arrays = (xhat_arrays){.allocator = allocator};
    xhat_status status = xhat_source_read(&source, path, allocator, error);
    if (status != XHAT_OK)
        return status;
    status = read_source(arrays, &source);
    xhat_source_free(&source);
    return status;
}
