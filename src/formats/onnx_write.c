#include "onnx.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "output_file.h"

static const unsigned char types[] = {
    [XHAT_ELEMENT_BOOL] = 9, [XHAT_ELEMENT_U8] = 2,   [XHAT_ELEMENT_I8] = 3,
    [XHAT_ELEMENT_U16] = 4,  [XHAT_ELEMENT_I16] = 5,  [XHAT_ELEMENT_U32] = 12,
    [XHAT_ELEMENT_I32] = 6,  [XHAT_ELEMENT_U64] = 13, [XHAT_ELEMENT_I64] = 7,
    [XHAT_ELEMENT_F16] = 10, [XHAT_ELEMENT_F32] = 1,  [XHAT_ELEMENT_F64] = 11,
};

int xhat_onnx_type(xhat_element element)
{
    return types[element];
}

bool xhat_onnx_element(int64_t type, xhat_element *element)
{
    for (size_t i = 0; i < sizeof types; i++)
        if (types[i] == type) {
            *element = (xhat_element)i;
            return true;
        }
    return false;
}

/* ---- protobuf ------------------------------------------------------------ */

enum { VARINT = 0, BYTES = 2, FOUR_BYTES = 5 }; /* wire types */

static void put_varint(xhat_text *to, uint64_t value)
{
    char bytes[10];
    size_t count = 0;
    for (; value >= 0x80; value >>= 7)
        bytes[count++] = (char)(value | 0x80);
    bytes[count++] = (char)value;
    xhat_text_put_bytes(to, bytes, count);
}

static void put_number(xhat_text *to, int field, int64_t value)
{
    put_varint(to, (uint64_t)field << 3 | VARINT);
    put_varint(to, (uint64_t)value);
}

static void put_bytes(xhat_text *to, int field, const void *bytes, size_t size)
{
    put_varint(to, (uint64_t)field << 3 | BYTES);
    put_varint(to, size);
    xhat_text_put_bytes(to, bytes, size);
}

static void put_string(xhat_text *to, int field, const char *string)
{
    put_bytes(to, field, string, strlen(string));
}

/* A message inside another; empties it. */
static void put_message(xhat_text *to, int field, xhat_text *message)
{
    to->failed |= message->failed;
    put_bytes(to, field, message->length > 0 ? message->data : "",
              message->length);
    xhat_text_free(message);
    *message = xhat_text_on(NULL);
}

/* ---- the parts of a graph ------------------------------------------------ */

static void put_attribute(xhat_text *node, const xhat_onnx_attribute *attribute)
{
    xhat_text message = xhat_text_on(NULL);
    float number = (float)attribute->number;
    put_string(&message, 1, attribute->name);
    if (attribute->kind == XHAT_ONNX_FLOAT) {
        put_varint(&message, 2 << 3 | FOUR_BYTES);
        xhat_text_put_bytes(&message, (const char *)&number, sizeof number);
    } else {
        put_number(&message, attribute->kind == XHAT_ONNX_INT ? 3 : 8,
                   (int64_t)attribute->number);
    }
    put_number(&message, 20, attribute->kind);
    put_message(node, 5, &message);
}

static void put_node(xhat_text *graph, const xhat_onnx_node *node)
{
    xhat_text message = xhat_text_on(NULL);
    for (int i = 0; i < XHAT_ONNX_INPUTS && node->inputs[i] != NULL; i++)
        put_string(&message, 1, node->inputs[i]);
    put_string(&message, 2, node->output);
    put_string(&message, 3, node->output);
    put_string(&message, 4, node->operation);
    for (int i = 0; i < 2 && node->attributes[i].kind != XHAT_ONNX_NONE; i++)
        put_attribute(&message, &node->attributes[i]);
    put_message(graph, 1, &message);
}

static void put_initializer(xhat_text *graph, const xhat_array *array)
{
    xhat_text message = xhat_text_on(NULL);
    for (int axis = 0; axis < array->rank; axis++)
        put_number(&message, 1, (int64_t)array->shape[axis]);
    put_number(&message, 2, types[array->element]);
    put_string(&message, 8, array->name);
    put_bytes(&message, 9, array->data,
              xhat_array_count(array) * xhat_element_size(array->element));
    put_message(graph, 5, &message);
}

/* An input (field 11) or output (12) of shape (batch, width). */
static void put_value(xhat_text *graph, int field, const xhat_onnx_value *value)
{
    xhat_text dimension = xhat_text_on(NULL), shape = xhat_text_on(NULL);
    xhat_text tensor = xhat_text_on(NULL), type = xhat_text_on(NULL);
    xhat_text message = xhat_text_on(NULL);
    put_string(&dimension, 2, "batch");
    put_message(&shape, 1, &dimension);
    put_number(&dimension, 1, (int64_t)value->width);
    put_message(&shape, 1, &dimension);
    put_number(&tensor, 1, types[value->element]);
    put_message(&tensor, 2, &shape);
    put_message(&type, 1, &tensor);
    put_string(&message, 1, value->name);
    put_message(&message, 2, &type);
    put_message(graph, field, &message);
}

static void put_graph(xhat_text *model, const xhat_onnx_graph *graph)
{
    xhat_text message = xhat_text_on(NULL);
    for (size_t i = 0; i < graph->node_count; i++)
        put_node(&message, &graph->nodes[i]);
    put_string(&message, 2, graph->name);
    for (size_t i = 0; i < graph->initializer_count; i++)
        put_initializer(&message, &graph->initializers[i]);
    put_value(&message, 11, &graph->input);
    for (size_t i = 0; i < graph->output_count; i++)
        put_value(&message, 12, &graph->outputs[i]);
    put_message(model, 7, &message);
}

static void put_metadata(xhat_text *model, const char *key, const char *value)
{
    xhat_text message = xhat_text_on(NULL);
    put_string(&message, 1, key);
    put_string(&message, 2, value);
    put_message(model, 14, &message);
}

/* ---- the file ------------------------------------------------------------ */

static xhat_status check_size(const xhat_onnx_graph *graph, const char *path,
                              xhat_error *error)
{
    double bytes = 0; /* sums far beyond the limit need no digits */
    for (size_t i = 0; i < graph->initializer_count; i++)
        bytes += (double)xhat_array_count(&graph->initializers[i]) *
                 (double)xhat_element_size(graph->initializers[i].element);
    if (bytes < 0x1.fp30)
        return XHAT_OK;
    return xhat_fail(error, XHAT_UNSUPPORTED,
                     "%s: %.0f bytes of weights are more than an ONNX file "
                     "holds, which is 2 GiB; write safetensors",
                     path, bytes);
}

xhat_status xhat_onnx_write(const char *path, bool force,
                            const xhat_onnx_graph *graph, xhat_error *error)
{
    xhat_text model = xhat_text_on(NULL), opset = xhat_text_on(NULL);
    xhat_status status = check_size(graph, path, error);
    if (status != XHAT_OK)
        return status;
    put_number(&model, 1, XHAT_ONNX_IR);
    put_string(&model, 2, "xhat");
    put_string(&model, 3, xhat_version());
    for (size_t i = 0; i < graph->metadata_count; i++)
        put_metadata(&model, graph->keys[i], graph->values[i]);
    put_graph(&model, graph);
    put_string(&opset, 1, ""); /* the standard operations */
    put_number(&opset, 2, XHAT_ONNX_OPSET);
    put_message(&model, 8, &opset); /* last: a file cut off lacks it */
    status =
        model.failed
            ? xhat_fail(error, XHAT_OUT_OF_MEMORY, "%s: out of memory", path)
            : xhat_file_write(path, force, model.data, model.length, error);
    xhat_text_free(&model);
    return status;
}
