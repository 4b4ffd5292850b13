/* The arrays of an ONNX file (its initializers), and as metadata what else is
 * worth knowing: "onnx.opset", "onnx.nodes" (the operations in order),
 * "onnx.inputs" and "onnx.outputs" (their names), and the file's own. */
#include "onnx.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "byte_order.h"
#include "readers.h"

/* ---- protobuf ------------------------------------------------------------ */

enum { VARINT = 0, EIGHT_BYTES = 1, BYTES = 2, FOUR_BYTES = 5 };

typedef struct message {
    const unsigned char *at, *end;
} message;

typedef struct field {
    unsigned number, wire;
    uint64_t value; /* VARINT */
    message inside; /* the others: their bytes */
} field;

static bool read_varint(message *m, uint64_t *value)
{
    *value = 0;
    for (int shift = 0; shift < 64 && m->at < m->end; shift += 7) {
        unsigned char byte = *m->at++;
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return true;
    }
    return false;
}

/* The next field; false at the end and, with m->at left before it, where what
 * follows is no field. */
static bool read_field(message *m, field *f)
{
    message ahead = *m;
    uint64_t key, size = 0;
    if (!read_varint(&ahead, &key) || key >> 3 > 0x1fffffff || key >> 3 == 0)
        return false;
    *f = (field){.number = (unsigned)(key >> 3), .wire = key & 7};
    switch (f->wire) {
    case VARINT:
        if (!read_varint(&ahead, &f->value))
            return false;
        break;
    case EIGHT_BYTES:
        size = 8;
        break;
    case FOUR_BYTES:
        size = 4;
        break;
    case BYTES:
        if (!read_varint(&ahead, &size))
            return false;
        break;
    default:
        return false;
    }
    if (size > (size_t)(ahead.end - ahead.at))
        return false;
    f->inside = (message){ahead.at, ahead.at + size};
    m->at = ahead.at + size;
    return true;
}

static size_t length_of(message m)
{
    return (size_t)(m.end - m.at);
}

/* Are these bytes fields to their end?  Which of fields 1 to 31 there are. */
static bool is_message(message m, uint32_t *there)
{
    field f;
    *there = 0;
    while (read_field(&m, &f))
        if (f.number < 32)
            *there |= (uint32_t)1 << f.number;
    return m.at == m.end;
}

xhat_likeness xhat_onnx_likeness(const xhat_source *source)
{
    const unsigned char *bytes = source->bytes;
    const uint32_t graph = 1u << 7, opset = 1u << 8;
    uint32_t there;
    if (source->size < 4 || bytes[0] != 0x08 || bytes[1] == 0 ||
        bytes[1] > 0x20)
        return XHAT_UNLIKE;
    if (is_message((message){bytes, bytes + source->size}, &there) &&
        (there & graph) && (there & opset))
        return XHAT_ALIKE;
    /* the name of the producer, in ASCII */
    if (bytes[2] != 0x12 || bytes[3] == 0 || bytes[3] > source->size - 4)
        return XHAT_UNLIKE;
    for (size_t i = 0; i < bytes[3]; i++)
        if (bytes[4 + i] < 0x20 || bytes[4 + i] > 0x7e)
            return XHAT_UNLIKE;
    return XHAT_SIMILAR;
}

/* ---- tensors ------------------------------------------------------------- */

typedef struct tensor {
    char name[XHAT_EXCERPT_SIZE * 2];
    int64_t type;
    int rank;
    size_t shape[XHAT_RANK_MAX];
    message raw;    /* the elements as they lie in memory */
    message packed; /* or: a field of floats or doubles, packed */
    message whole;  /* or: of varints */
    bool external;
} tensor;

static xhat_status bad_tensor(const xhat_source *source, const tensor *t,
                              xhat_status status, const char *what)
{
    char shown[XHAT_EXCERPT_SIZE];
    return xhat_fail(source->error, status, "%s: array %s %s", source->name,
                     xhat_excerpt(shown, t->name, strlen(t->name)), what);
}

static bool add_axis(tensor *t, uint64_t size)
{
    if (t->rank == XHAT_RANK_MAX || size > SIZE_MAX / 2)
        return false;
    t->shape[t->rank++] = (size_t)size;
    return true;
}

static bool read_dims(tensor *t, const field *f)
{
    uint64_t size;
    message packed = f->inside;
    if (f->wire == VARINT)
        return add_axis(t, f->value);
    while (packed.at < packed.end)
        if (!read_varint(&packed, &size) || !add_axis(t, size))
            return false;
    return true;
}

static xhat_status parse_tensor(const xhat_source *source, message m, tensor *t)
{
    field f;
    *t = (tensor){.name = "?"};
    while (read_field(&m, &f)) {
        size_t length = length_of(f.inside);
        switch (f.number) {
        case 1:
            if (!read_dims(t, &f))
                return bad_tensor(source, t, XHAT_BAD_FORMAT,
                                  "has a shape that is none");
            break;
        case 2:
            t->type = (int64_t)f.value;
            break;
        case 4:  /* float_data */
        case 10: /* double_data */
            t->packed = f.inside;
            break;
        case 7: /* int64_data */
            t->whole = f.inside;
            break;
        case 8:
            snprintf(t->name, sizeof t->name, "%.*s", (int)(length & 0xffff),
                     (const char *)f.inside.at);
            break;
        case 9:
            t->raw = f.inside;
            break;
        case 13:
            t->external = true;
            break;
        default:
            break;
        }
    }
    return m.at == m.end ? XHAT_OK
                         : bad_tensor(source, t, XHAT_BAD_FORMAT,
                                      "is cut off or damaged");
}

static bool copy_whole(message m, int64_t *to, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!read_varint(&m, (uint64_t *)&to[i]))
            return false;
    return m.at == m.end;
}

static xhat_status read_tensor(xhat_arrays *arrays, const xhat_source *source,
                               message m)
{
    tensor t;
    xhat_element element;
    size_t bytes;
    xhat_status status = parse_tensor(source, m, &t);
    if (status != XHAT_OK)
        return status;
    if (t.external)
        return bad_tensor(source, &t, XHAT_UNSUPPORTED,
                          "lies in another file, which is not read");
    if (!xhat_onnx_element(t.type, &element))
        return bad_tensor(source, &t, XHAT_UNSUPPORTED,
                          "has a type that is not read");
    if (!xhat_shape_bytes(t.rank, t.shape, xhat_element_size(element), &bytes))
        return bad_tensor(source, &t, XHAT_BAD_FORMAT, "is too large");
    size_t count = bytes / xhat_element_size(element);
    bool is_whole = length_of(t.whole) > 0 && element == XHAT_ELEMENT_I64;
    message data = length_of(t.raw) > 0 ? t.raw : t.packed;
    if (is_whole ? count > length_of(t.whole) : length_of(data) != bytes)
        return bad_tensor(source, &t, XHAT_BAD_FORMAT,
                          "has not as many elements as its shape says");
    xhat_array *array =
        xhat_arrays_add(arrays, source, t.name, element, t.rank, t.shape);
    if (array == NULL)
        return XHAT_OUT_OF_MEMORY;
    if (is_whole && !copy_whole(t.whole, array->data, count))
        return bad_tensor(source, &t, XHAT_BAD_FORMAT,
                          "has not as many elements as its shape says");
    if (!is_whole && bytes > 0)
        memcpy(array->data, data.at, bytes);
    return XHAT_OK;
}

/* ---- what else is in it -------------------------------------------------- */

/* Room was counted before: see xhat_onnx_read. */
static bool add_metadata(xhat_arrays *arrays, const char *key, size_t key_size,
                         const char *value, size_t value_size)
{
    const xhat_allocator *allocator = arrays->allocator;
    xhat_metadata *pair = &arrays->metadata[arrays->metadata_count];
    pair->key = xhat_allocate_zeroed(allocator, key_size + 1, 1);
    pair->value = xhat_allocate_zeroed(allocator, value_size + 1, 1);
    if (pair->key == NULL || pair->value == NULL) {
        xhat_release(allocator, pair->key);
        xhat_release(allocator, pair->value);
        return false;
    }
    memcpy(pair->key, key, key_size);
    memcpy(pair->value, value, value_size);
    arrays->metadata_count++;
    return true;
}

static bool add_text(xhat_arrays *arrays, const char *key, xhat_text *text)
{
    bool done = !text->failed &&
                add_metadata(arrays, key, strlen(key),
                             text->length > 0 ? text->data : "", text->length);
    xhat_text_free(text);
    return done;
}

/* Field `number` of a message, text, behind what `to` holds already. */
static void list(xhat_text *to, message m, unsigned number)
{
    field f;
    while (read_field(&m, &f))
        if (f.number == number && f.wire == BYTES) {
            xhat_text_put(to, to->length > 0 ? " " : "");
            xhat_text_put_bytes(to, (const char *)f.inside.at,
                                length_of(f.inside));
        }
}

static xhat_status read_graph(xhat_arrays *arrays, const xhat_source *source,
                              message graph)
{
    const xhat_allocator *allocator = arrays->allocator;
    xhat_text nodes = xhat_text_on(allocator), inputs = xhat_text_on(allocator);
    xhat_text outputs = xhat_text_on(allocator);
    xhat_status status = XHAT_OK;
    field f;
    while (status == XHAT_OK && read_field(&graph, &f)) {
        if (f.number == 1)
            list(&nodes, f.inside, 4);
        else if (f.number == 11)
            list(&inputs, f.inside, 1);
        else if (f.number == 12)
            list(&outputs, f.inside, 1);
        else if (f.number == 5)
            status = read_tensor(arrays, source, f.inside);
    }
    if (status == XHAT_OK && graph.at != graph.end)
        status = xhat_source_bad(source, "the graph is cut off or damaged");
    bool memory = add_text(arrays, "onnx.nodes", &nodes);
    memory = add_text(arrays, "onnx.inputs", &inputs) && memory;
    memory = add_text(arrays, "onnx.outputs", &outputs) && memory;
    return status != XHAT_OK || memory ? status : xhat_source_no_memory(source);
}

static bool read_opset(xhat_arrays *arrays, message m)
{
    xhat_text text = xhat_text_on(arrays->allocator);
    field f;
    while (read_field(&m, &f))
        if (f.number == 2 && f.wire == VARINT)
            xhat_text_add(&text, "%llu", (unsigned long long)f.value);
    return add_text(arrays, "onnx.opset", &text);
}

static bool read_property(xhat_arrays *arrays, message m)
{
    message key = {0}, value = {0};
    field f;
    while (read_field(&m, &f))
        *(f.number == 1 ? &key : &value) = f.inside;
    return key.at == NULL || value.at == NULL ||
           add_metadata(arrays, (const char *)key.at, length_of(key),
                        (const char *)value.at, length_of(value));
}

xhat_status xhat_onnx_read(xhat_arrays *arrays, const xhat_source *source)
{
    message model = {source->bytes, source->bytes + source->size};
    message counted = model;
    xhat_status status = XHAT_OK;
    bool memory;
    size_t pairs = 0;
    field f;
    while (read_field(&counted, &f)) /* a graph has three texts */
        pairs += f.number == 7 ? 3 : 1;
    if (counted.at != counted.end)
        return xhat_source_bad(source,
                               "an ONNX file that is cut off or "
                               "damaged at byte %zu",
                               (size_t)(counted.at - source->bytes));
    arrays->metadata = xhat_allocate_zeroed(arrays->allocator, pairs,
                                            sizeof *arrays->metadata);
    memory = arrays->metadata != NULL;
    while (status == XHAT_OK && memory && read_field(&model, &f)) {
        if (f.wire == BYTES && f.number == 7)
            status = read_graph(arrays, source, f.inside);
        else if (f.wire == BYTES && f.number == 8)
            memory = read_opset(arrays, f.inside);
        else if (f.wire == BYTES && f.number == 14)
            memory = read_property(arrays, f.inside);
    }
    if (!memory)
        return xhat_source_no_memory(source);
    if (status == XHAT_OK && xhat_arrays_metadata(arrays, "onnx.opset") == NULL)
        status = xhat_source_bad(source, "an ONNX file without opset");
    return status;
}
