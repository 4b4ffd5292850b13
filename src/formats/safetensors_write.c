#include "safetensors.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "byte_order.h"
#include "output_file.h"
#include "xhat/formats.h"

static const char *const types[] = {
    [XHAT_ELEMENT_BOOL] = "BOOL", [XHAT_ELEMENT_U8] = "U8",
    [XHAT_ELEMENT_I8] = "I8",     [XHAT_ELEMENT_U16] = "U16",
    [XHAT_ELEMENT_I16] = "I16",   [XHAT_ELEMENT_U32] = "U32",
    [XHAT_ELEMENT_I32] = "I32",   [XHAT_ELEMENT_U64] = "U64",
    [XHAT_ELEMENT_I64] = "I64",   [XHAT_ELEMENT_F16] = "F16",
    [XHAT_ELEMENT_F32] = "F32",   [XHAT_ELEMENT_F64] = "F64",
};

static xhat_status check_names(const xhat_array *arrays, size_t count,
                               const char *path, xhat_error *error)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(arrays[i].name, XHAT_SAFETENSORS_METADATA) == 0)
            return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                             "%s: an array cannot be named %s", path,
                             arrays[i].name);
        for (size_t j = 0; j < i; j++)
            if (strcmp(arrays[i].name, arrays[j].name) == 0)
                return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                                 "%s: two arrays named %s", path,
                                 arrays[i].name);
    }
    return XHAT_OK;
}

static size_t bytes_of(const xhat_array *array)
{
    return xhat_array_count(array) * xhat_element_size(array->element);
}

/* The arrays lie largest elements first, and as given among equals: then each
 * is aligned to its own elements without the gaps that the format forbids.
 * Calls visit for each one, in that order. */
static void in_file_order(const xhat_array *arrays, size_t count,
                          void (*visit)(void *context, const xhat_array *array),
                          void *context)
{
    for (size_t size = 8; size > 0; size /= 2)
        for (size_t i = 0; i < count; i++)
            if (xhat_element_size(arrays[i].element) == size)
                visit(context, &arrays[i]);
}

typedef struct header_builder {
    xhat_json json;
    size_t offset; /* of the next array, in bytes of the data */
} header_builder;

static void describe(void *context, const xhat_array *array)
{
    header_builder *b = context;
    xhat_json *json = &b->json;
    size_t begin = b->offset;
    b->offset += bytes_of(array);
    xhat_json_open(json, array->name, '{');
    xhat_json_string(json, "dtype", types[array->element]);
    xhat_json_open(json, "shape", '[');
    for (int i = 0; i < array->rank; i++)
        xhat_json_integer(json, NULL, (int64_t)array->shape[i]);
    xhat_json_close(json);
    xhat_json_open(json, "data_offsets", '[');
    xhat_json_integer(json, NULL, (int64_t)begin);
    xhat_json_integer(json, NULL, (int64_t)b->offset);
    xhat_json_close(json);
    xhat_json_close(json);
}

/* The header, padded with blanks so that the data begin at a multiple of 8. */
static void build_header(xhat_text *text, const xhat_array *arrays,
                         size_t count, const char *const *keys,
                         const char *const *values, size_t metadata_count)
{
    header_builder b = {.json = xhat_json_on(text, 0)};
    xhat_json_open(&b.json, NULL, '{');
    if (metadata_count > 0) {
        xhat_json_open(&b.json, XHAT_SAFETENSORS_METADATA, '{');
        for (size_t i = 0; i < metadata_count; i++)
            xhat_json_string(&b.json, keys[i], values[i]);
        xhat_json_close(&b.json);
    }
    in_file_order(arrays, count, describe, &b);
    xhat_json_close(&b.json);
    if (!text->failed)
        text->data[text->length - 1] = ' '; /* the line end after the JSON */
    xhat_text_repeat(text, ' ', (int)(-text->length % 8));
}

static void put_data(void *file, const xhat_array *array)
{
    xhat_output_put(file, array->data, bytes_of(array));
}

xhat_status xhat_safetensors_write(const char *path, bool force,
                                   const xhat_array *arrays, size_t count,
                                   const char *const *keys,
                                   const char *const *values,
                                   size_t metadata_count, xhat_error *error)
{
    xhat_output_file file;
    unsigned char prefix[XHAT_SAFETENSORS_PREFIX];
    xhat_text header = xhat_text_on(NULL);
    xhat_status status = check_names(arrays, count, path, error);
    if (status != XHAT_OK)
        return status;
    build_header(&header, arrays, count, keys, values, metadata_count);
    if (header.failed)
        status =
            xhat_fail(error, XHAT_OUT_OF_MEMORY, "%s: out of memory", path);
    else
        status = xhat_output_open(&file, path, force, error);
    if (status == XHAT_OK) {
        store_le64(prefix, header.length);
        xhat_output_put(&file, prefix, sizeof prefix);
        xhat_output_put(&file, header.data, header.length);
        in_file_order(arrays, count, put_data, &file);
        status = xhat_output_commit(&file, error);
    }
    xhat_text_free(&header);
    return status;
}
