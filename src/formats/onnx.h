/* ONNX: a graph of operations on named arrays, as a protobuf message.
 *
 *     model = ir_version  producer  opset  graph  metadata
 *     graph = name  nodes (as they are executed)  initializers  inputs  outputs
 *     node  = operation  names of its inputs and outputs  attributes
 *
 * A message is a sequence of fields: a varint (number << 3 | wire type), then a
 * varint (wire type 0), 8 bytes (1), a varint and so many bytes (2: text, bytes
 * or a message), or 4 bytes (5).
 * Source: github.com/onnx/onnx, onnx.proto; protobuf.dev, encoding. */
#ifndef XHAT_FORMATS_ONNX_H
#define XHAT_FORMATS_ONNX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xhat/formats.h"

enum {
    XHAT_ONNX_IR = 8, /* the version of the format that opset 15 came with */
    XHAT_ONNX_OPSET = 15, /* the version of the operations */
    XHAT_ONNX_INPUTS = 5  /* of a node, at most */
};

typedef enum xhat_onnx_kind {
    XHAT_ONNX_NONE = 0,
    XHAT_ONNX_FLOAT = 1, /* the numbers are those of AttributeProto */
    XHAT_ONNX_INT = 2,
    XHAT_ONNX_INTS = 7 /* written as a list of one */
} xhat_onnx_kind;

typedef struct xhat_onnx_attribute {
    const char *name;
    xhat_onnx_kind kind;
    double number;
} xhat_onnx_attribute;

typedef struct xhat_onnx_node {
    const char *operation;                /* "Gemm" */
    const char *inputs[XHAT_ONNX_INPUTS]; /* up to the first NULL */
    const char *output;                   /* also the node's name */
    xhat_onnx_attribute attributes[2];    /* up to the first XHAT_ONNX_NONE */
} xhat_onnx_node;

/* An input or output of the graph: (batch, width), any number of rows. */
typedef struct xhat_onnx_value {
    const char *name;
    xhat_element element;
    size_t width;
} xhat_onnx_value;

typedef struct xhat_onnx_graph {
    const char *name;
    const xhat_onnx_node *nodes;
    size_t node_count;
    const xhat_array *initializers; /* arrays that the nodes name */
    size_t initializer_count;
    xhat_onnx_value input;
    const xhat_onnx_value *outputs;
    size_t output_count;
    const char *const *keys; /* (metadata_count): text beside the graph */
    const char *const *values;
    size_t metadata_count;
} xhat_onnx_graph;

/* Errors: XHAT_UNSUPPORTED beyond 2 GiB, which protobuf cannot hold;
 * XHAT_OUT_OF_MEMORY; and those of writing a file (output_file.h). */
XHAT_NODISCARD xhat_status xhat_onnx_write(const char *path, bool force,
                                           const xhat_onnx_graph *graph,
                                           xhat_error *error);

/* The number ONNX has for an element type (1 is float32), and back: false for
 * a number that stands for no type of xhat's. */
int xhat_onnx_type(xhat_element element);
bool xhat_onnx_element(int64_t type, xhat_element *element);

#endif
