#include "safetensors.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "byte_order.h"
#include "readers.h"

#if XHAT_HAVE_JSON
#include <jansson.h>
#endif

xhat_likeness xhat_safetensors_likeness(const xhat_source *source)
{
    const unsigned char *bytes = source->bytes;
    if (source->size <= XHAT_SAFETENSORS_PREFIX ||
        bytes[XHAT_SAFETENSORS_PREFIX] != '{')
        return XHAT_UNLIKE;
    uint64_t length = load_le64(bytes);
    if (length < 2 || length > XHAT_SAFETENSORS_HEADER_MOST)
        return XHAT_UNLIKE;
    if (length > source->size - XHAT_SAFETENSORS_PREFIX)
        return XHAT_SIMILAR;
    char last = (char)bytes[XHAT_SAFETENSORS_PREFIX + length - 1];
    return last == '}' || last == ' ' ? XHAT_ALIKE : XHAT_SIMILAR;
}

#if !XHAT_HAVE_JSON

xhat_status xhat_safetensors_read(xhat_arrays *arrays,
                                  const xhat_source *source)
{
    (void)arrays;
    return xhat_fail(source->error, XHAT_UNSUPPORTED,
                     "%s: safetensors, and xhat was built without jansson",
                     source->name);
}

#else

/* One entry of the header, checked. */
typedef struct tensor {
    const char *name; /* the JSON object's */
    xhat_element element;
    bool bfloat16; /* to become XHAT_ELEMENT_F32 */
    int rank;
    size_t shape[XHAT_RANK_MAX];
    size_t begin, end; /* bytes of the data */
} tensor;

static const struct {
    const char *name;
    xhat_element element;
} types[] = {
    {"BOOL", XHAT_ELEMENT_BOOL}, {"U8", XHAT_ELEMENT_U8},
    {"I8", XHAT_ELEMENT_I8},     {"U16", XHAT_ELEMENT_U16},
    {"I16", XHAT_ELEMENT_I16},   {"U32", XHAT_ELEMENT_U32},
    {"I32", XHAT_ELEMENT_I32},   {"U64", XHAT_ELEMENT_U64},
    {"I64", XHAT_ELEMENT_I64},   {"F16", XHAT_ELEMENT_F16},
    {"F32", XHAT_ELEMENT_F32},   {"F64", XHAT_ELEMENT_F64},
};

static xhat_status parse_type(const xhat_source *source, const json_t *entry,
                              tensor *t)
{
    char shown[XHAT_EXCERPT_SIZE], name[XHAT_EXCERPT_SIZE];
    const char *type = json_string_value(json_object_get(entry, "dtype"));
    xhat_excerpt(name, t->name, strlen(t->name));
    if (type == NULL)
        return xhat_source_bad(source, "array %s has no dtype", name);
    t->bfloat16 = strcmp(type, "BF16") == 0;
    t->element = XHAT_ELEMENT_F32;
    if (t->bfloat16)
        return XHAT_OK;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, type) == 0) {
            t->element = types[i].element;
            return XHAT_OK;
        }
    return xhat_fail(source->error, XHAT_UNSUPPORTED,
                     "%s: array %s has dtype %s, which is not read",
                     source->name, name,
                     xhat_excerpt(shown, type, strlen(type)));
}

/* A JSON integer >= 0. */
static bool parse_size(const json_t *value, size_t *size)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return false;
    *size = (size_t)json_integer_value(value);
    return true;
}

static xhat_status parse_shape(const xhat_source *source, const json_t *entry,
                               tensor *t)
{
    char name[XHAT_EXCERPT_SIZE];
    const json_t *shape = json_object_get(entry, "shape");
    size_t rank = json_array_size(shape);
    xhat_excerpt(name, t->name, strlen(t->name));
    if (!json_is_array(shape))
        return xhat_source_bad(source, "array %s has no shape", name);
    if (rank > XHAT_RANK_MAX)
        return xhat_source_bad(source,
                               "array %s has %zu axes; at most %d are read",
                               name, rank, XHAT_RANK_MAX);
    t->rank = (int)rank;
    for (size_t i = 0; i < rank; i++)
        if (!parse_size(json_array_get(shape, i), &t->shape[i]))
            return xhat_source_bad(source,
                                   "array %s: axis %zu is not a whole number "
                                   "from 0",
                                   name, i);
    return XHAT_OK;
}

/* data_bytes: of all arrays */
static xhat_status parse_place(const xhat_source *source, const json_t *entry,
                               size_t data_bytes, tensor *t)
{
    char name[XHAT_EXCERPT_SIZE], shape[XHAT_SHAPE_SIZE];
    const json_t *offsets = json_object_get(entry, "data_offsets");
    size_t size = t->bfloat16 ? 2 : xhat_element_size(t->element), bytes;
    xhat_excerpt(name, t->name, strlen(t->name));
    if (json_array_size(offsets) != 2 ||
        !parse_size(json_array_get(offsets, 0), &t->begin) ||
        !parse_size(json_array_get(offsets, 1), &t->end) || t->begin > t->end)
        return xhat_source_bad(source, "array %s has no pair of data_offsets",
                               name);
    if (t->end > data_bytes)
        return xhat_source_bad(source,
                               "array %s ends at byte %zu of the data, which "
                               "has %zu",
                               name, t->end, data_bytes);
    if (!xhat_shape_bytes(t->rank, t->shape, size, &bytes) ||
        bytes != t->end - t->begin)
        return xhat_source_bad(
            source, "array %s is %s of %zu bytes each, but has %zu bytes", name,
            xhat_shape_text(shape, t->rank, t->shape), size, t->end - t->begin);
    return XHAT_OK;
}

static int compare_places(const void *left, const void *right)
{
    const tensor *a = left, *b = right;
    if (a->begin != b->begin)
        return a->begin < b->begin ? -1 : 1;
    return (a->end > b->end) - (a->end < b->end);
}

/* Every byte of the data belongs to exactly one array.  Sorts by place. */
static xhat_status check_places(const xhat_source *source, tensor *tensors,
                                size_t count, size_t data_bytes)
{
    size_t covered = 0;
    qsort(tensors, count, sizeof *tensors, compare_places);
    for (size_t i = 0; i < count; i++) {
        char name[XHAT_EXCERPT_SIZE];
        xhat_excerpt(name, tensors[i].name, strlen(tensors[i].name));
        if (tensors[i].begin != covered)
            return xhat_source_bad(
                source, "array %s begins at byte %zu of the data, %s byte %zu",
                name, tensors[i].begin,
                tensors[i].begin < covered ? "and overlaps the one that ends at"
                                           : "and none covers it from",
                covered);
        covered = tensors[i].end;
    }
    if (covered != data_bytes)
        return xhat_source_bad(source,
                               "its header describes %zu bytes of data, but "
                               "it holds %zu",
                               covered, data_bytes);
    return XHAT_OK;
}

static xhat_status copy_tensor(xhat_arrays *arrays, const xhat_source *source,
                               const tensor *t, const unsigned char *data)
{
    const xhat_array *array =
        xhat_arrays_add(arrays, source, t->name, t->element, t->rank, t->shape);
    if (array == NULL)
        return XHAT_OUT_OF_MEMORY;
    size_t count = xhat_array_count(array);
    uint32_t *words = array->data;
    unsigned char *bytes = array->data;
    data += t->begin;
    if (!t->bfloat16)
        memcpy(bytes, data, t->end - t->begin);
    for (size_t i = 0; t->bfloat16 && i < count; i++)
        words[i] = (uint32_t)load_le16(data + 2 * i) << 16;
    for (size_t i = 0; t->element == XHAT_ELEMENT_BOOL && i < count; i++)
        bytes[i] = bytes[i] != 0;
    return XHAT_OK;
}

static xhat_status copy_metadata(xhat_arrays *arrays, const xhat_source *source,
                                 json_t *object)
{
    const char *key;
    json_t *value;
    arrays->metadata = xhat_allocate(
        arrays->allocator, json_object_size(object), sizeof(xhat_metadata));
    if (arrays->metadata == NULL)
        return xhat_source_no_memory(source);
    json_object_foreach(object, key, value)
    {
        xhat_metadata *pair = &arrays->metadata[arrays->metadata_count];
        if (!json_is_string(value))
            return xhat_source_bad(source, "its metadata are not all text");
        *pair = (xhat_metadata){
            xhat_copy_string(arrays->allocator, key),
            xhat_copy_string(arrays->allocator, json_string_value(value))};
        arrays->metadata_count++; /* xhat_arrays_free takes half a pair too */
        if (pair->key == NULL || pair->value == NULL)
            return xhat_source_no_memory(source);
    }
    return json_is_object(object)
               ? XHAT_OK
               : xhat_source_bad(source, "its metadata are not an object");
}

/* Checks every entry of the header before memory is taken for any array. */
static xhat_status read_tensors(xhat_arrays *arrays, const xhat_source *source,
                                json_t *header, tensor *tensors,
                                const unsigned char *data, size_t data_bytes)
{
    const char *name;
    json_t *entry;
    size_t count = 0;
    json_object_foreach(header, name, entry)
    {
        xhat_status status;
        if (strcmp(name, XHAT_SAFETENSORS_METADATA) == 0) {
            status = copy_metadata(arrays, source, entry);
        } else {
            tensor *t = &tensors[count++];
            *t = (tensor){.name = name};
            status = parse_type(source, entry, t);
            if (status == XHAT_OK)
                status = parse_shape(source, entry, t);
            if (status == XHAT_OK)
                status = parse_place(source, entry, data_bytes, t);
        }
        if (status != XHAT_OK)
            return status;
    }
    xhat_status status = check_places(source, tensors, count, data_bytes);
    for (size_t i = 0; i < count && status == XHAT_OK; i++)
        status = copy_tensor(arrays, source, &tensors[i], data);
    return status;
}

static xhat_status read_header(xhat_arrays *arrays, const xhat_source *source,
                               json_t *header, size_t header_bytes)
{
    size_t before = XHAT_SAFETENSORS_PREFIX + header_bytes;
    if (!json_is_object(header))
        return xhat_source_bad(source, "its header is not a JSON object");
    tensor *tensors = xhat_allocate(source->allocator, json_object_size(header),
                                    sizeof *tensors);
    if (tensors == NULL)
        return xhat_source_no_memory(source);
    xhat_status status =
        read_tensors(arrays, source, header, tensors, source->bytes + before,
                     source->size - before);
    xhat_release(source->allocator, tensors);
    return status;
}

xhat_status xhat_safetensors_read(xhat_arrays *arrays,
                                  const xhat_source *source)
{
    json_error_t problem;
    uint64_t length = load_le64(source->bytes);
    if (length > source->size - XHAT_SAFETENSORS_PREFIX)
        return xhat_source_bad(
            source,
            "safetensors: promises a header of %zu bytes, but %zu follow",
            (size_t)length, source->size - XHAT_SAFETENSORS_PREFIX);
    json_t *header =
        json_loadb((const char *)source->bytes + XHAT_SAFETENSORS_PREFIX,
                   length, JSON_REJECT_DUPLICATES, &problem);
    if (header == NULL) {
        if (json_error_code(&problem) == json_error_out_of_memory)
            return xhat_source_no_memory(source);
        return xhat_source_bad(source, "safetensors: byte %d of its header: %s",
                               problem.position, problem.text);
    }
    xhat_status status = read_header(arrays, source, header, length);
    json_decref(header);
    return status;
}

#endif
