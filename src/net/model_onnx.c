/* A model as an ONNX graph, for inference:
 *
 *     x -> [Sub, Mul] -> Gemm -> BatchNormalization -> Relu -> ... -> Gemm
 *       -> scores -> Softmax -> probabilities
 *
 * A value is named by the place of its layer in the nn.Sequential and by what
 * it is, "1.out"; the weights as PyTorch names them.  Layer norm, which opset
 * 15 lacks, is written out under the names of its gates.  Dropout does nothing
 * in inference.  For regression the scores become the prediction, in the units
 * of the label. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/onnx.h"
#include "net/model_parts.h"
#include "net/net_parts.h"

enum {
    NAME_SIZE = 40,
    NODES_A_BLOCK = 11, /* Gemm, nine of a layer norm, Relu */
    NODES_ELSE = 8,
    SCALARS = 4,
    VECTORS = 2
};

typedef struct graph_builder {
    const xhat_model *model;
    xhat_onnx_node *nodes;
    char (*names)[NAME_SIZE]; /* of the nodes' outputs */
    size_t node_count;
    xhat_array *arrays;
    size_t array_count;
    real scalar[SCALARS]; /* values of initializers that are no tensors */
    size_t scalar_count;
    real *vector[VECTORS]; /* (features) each, owned */
} graph_builder;

static xhat_status allocate(graph_builder *b, xhat_error *error)
{
    const xhat_model *model = b->model;
    const xhat_allocator *allocator = model->allocator;
    size_t nodes = model->net->block_count * NODES_A_BLOCK + NODES_ELSE;
    size_t arrays = model->net->tensor_count + SCALARS + VECTORS;
    b->nodes = xhat_allocate_zeroed(allocator, nodes, sizeof *b->nodes);
    b->names = xhat_allocate_zeroed(allocator, nodes, sizeof *b->names);
    b->arrays = xhat_allocate_zeroed(allocator, arrays, sizeof *b->arrays);
    bool memory = b->nodes != NULL && b->names != NULL && b->arrays != NULL;
    for (int i = 0; i < VECTORS; i++) {
        b->vector[i] = xhat_allocate(allocator, model->features, sizeof(real));
        memory = memory && b->vector[i] != NULL;
    }
    return memory ? XHAT_OK
                  : xhat_fail(error, XHAT_OUT_OF_MEMORY,
                              "no memory for a graph of %zu nodes", nodes);
}

static void release(graph_builder *b)
{
    const xhat_allocator *allocator = b->model->allocator;
    xhat_release(allocator, b->nodes);
    xhat_release(allocator, b->names);
    xhat_release(allocator, b->arrays);
    for (int i = 0; i < VECTORS; i++)
        xhat_release(allocator, b->vector[i]);
}

/* ---- nodes --------------------------------------------------------------- */

/* A node of two inputs at most; its output is called "place.what", or `what`
 * where place is negative. */
static xhat_onnx_node *add(graph_builder *b, const char *operation, int place,
                           const char *what, const char *first,
                           const char *second)
{
    char *name = b->names[b->node_count];
    xhat_onnx_node *node = &b->nodes[b->node_count++];
    if (place < 0)
        snprintf(name, NAME_SIZE, "%s", what);
    else
        snprintf(name, NAME_SIZE, "%d.%s", place, what);
    *node = (xhat_onnx_node){
        .operation = operation, .inputs = {first, second}, .output = name};
    return node;
}

/* The name of the tensor called "place.what" when it is there, else NULL. */
static const char *tensor(const graph_builder *b, int place, const char *what)
{
    const xhat_net *net = b->model->net;
    char name[NAME_SIZE];
    snprintf(name, sizeof name, "%d.%s", place, what);
    for (size_t i = 0; i < net->tensor_count; i++)
        if (strcmp(net->tensors[i].name, name) == 0)
            return net->tensors[i].name;
    return NULL;
}

static const char *add_affine(graph_builder *b, int place, const char *what,
                              const char *x)
{
    xhat_onnx_node *node =
        add(b, "Gemm", what == NULL ? place : -1, what == NULL ? "out" : what,
            x, tensor(b, place, "weight"));
    node->inputs[2] = tensor(b, place, "bias");
    node->attributes[0] = (xhat_onnx_attribute){"transB", XHAT_ONNX_INT, 1};
    return node->output;
}

static const char *add_batch_norm(graph_builder *b, int place, const char *x)
{
    xhat_onnx_node *node = add(b, "BatchNormalization", place, "out", x,
                               tensor(b, place, "weight"));
    node->inputs[2] = tensor(b, place, "bias");
    node->inputs[3] = tensor(b, place, "running_mean");
    node->inputs[4] = tensor(b, place, "running_var");
    node->attributes[0] = (xhat_onnx_attribute){"epsilon", XHAT_ONNX_FLOAT,
                                                b->model->net->spec.eps};
    return node->output;
}

/* ---- arrays that are no tensors of the net ------------------------------- */

static const char *add_array(graph_builder *b, const char *name, int rank,
                             size_t count, void *data)
{
    b->arrays[b->array_count++] =
        (xhat_array){.name = (char *)name, /* only read */
                     .element = REAL_ELEMENT,
                     .rank = rank,
                     .shape = {count},
                     .data = data};
    return name;
}

static const char *add_scalar(graph_builder *b, const char *name, double value)
{
    real *scalar = &b->scalar[b->scalar_count++];
    *scalar = (real)value;
    return add_array(b, name, 0, 0, scalar);
}

static const char *add_vector(graph_builder *b, const char *name, int which,
                              const double *values)
{
    for (size_t j = 0; j < b->model->features; j++)
        b->vector[which][j] = (real)values[j];
    return add_array(b, name, 1, b->model->features, b->vector[which]);
}

static void list_tensors(graph_builder *b)
{
    const xhat_net *net = b->model->net;
    for (size_t i = 0; i < net->tensor_count; i++) {
        xhat_tensor *t = &net->tensors[i];
        if (t->element == REAL_ELEMENT) /* not the count of batches */
            b->arrays[b->array_count++] =
                (xhat_array){.name = t->name,
                             .element = t->element,
                             .rank = t->rank,
                             .shape = {t->shape[0], t->shape[1]},
                             .data = t->value};
    }
}

/* ---- layers -------------------------------------------------------------- */

static const char *add_mean(graph_builder *b, int place, const char *what,
                            const char *x)
{
    xhat_onnx_node *node = add(b, "ReduceMean", place, what, x, NULL);
    node->attributes[0] = (xhat_onnx_attribute){"axes", XHAT_ONNX_INTS, 1};
    return node->output;
}

/* The gates, over the units of a row. */
static const char *add_layer_norm(graph_builder *b, int place, const char *x,
                                  const char *eps)
{
    const char *mean = add_mean(b, place, "mean", x);
    const char *deviation =
        add(b, "Sub", place, "dev_from_mean", x, mean)->output;
    const char *square =
        add(b, "Mul", place, "dev_from_mean_sq", deviation, deviation)->output;
    const char *var = add_mean(b, place, "var", square);
    const char *sum = add(b, "Add", place, "var_eps", var, eps)->output;
    const char *stddev = add(b, "Sqrt", place, "stddev", sum, NULL)->output;
    const char *x_norm =
        add(b, "Div", place, "x_norm", deviation, stddev)->output;
    const char *scaled =
        add(b, "Mul", place, "scaled_x", x_norm, tensor(b, place, "weight"))
            ->output;
    return add(b, "Add", place, "out", scaled, tensor(b, place, "bias"))
        ->output;
}

/* x as the net takes it: what is missing becomes the mean. */
static const char *add_standardization(graph_builder *b)
{
    const char *x = "x", *mean = add_vector(b, "input_mean", 0, b->model->mean);
    const char *scale = add_vector(b, "input_scale", 1, b->model->scale);
    if (b->model->missing == XHAT_MISSING_MEAN) {
        const char *gap = add(b, "IsNaN", -1, "x.missing", x, NULL)->output;
        xhat_onnx_node *filled = add(b, "Where", -1, "x.filled", gap, mean);
        filled->inputs[2] = x;
        x = filled->output;
    }
    x = add(b, "Sub", -1, "x.centered", x, mean)->output;
    return add(b, "Mul", -1, "x.standardized", x, scale)->output;
}

static const char *add_outputs(graph_builder *b, int place, const char *x)
{
    const xhat_model *model = b->model;
    const char *scores = add_affine(b, place, "scores", x);
    if (model->net->spec.loss != XHAT_LOSS_SQUARED) {
        xhat_onnx_node *node =
            add(b, "Softmax", -1, "probabilities", scores, NULL);
        node->attributes[0] = (xhat_onnx_attribute){"axis", XHAT_ONNX_INT, -1};
        return node->output;
    }
    const char *scale = add_scalar(b, "target_scale", model->target_scale);
    const char *mean = add_scalar(b, "target_mean", model->target_mean);
    scores = add(b, "Mul", -1, "scores.scaled", scores, scale)->output;
    return add(b, "Add", -1, "prediction", scores, mean)->output;
}

/* The name of what comes out. */
static const char *build(graph_builder *b, bool standardize)
{
    const xhat_net *net = b->model->net;
    const char *eps = NULL, *x = "x";
    int place = 0;
    list_tensors(b);
    if (standardize)
        x = add_standardization(b);
    if (net->spec.norm == XHAT_NET_NORM_LAYER && net->block_count > 0)
        eps = add_scalar(b, "eps", net->spec.eps);
    for (size_t i = 0; i < net->block_count; i++) {
        x = add_affine(b, place++, NULL, x);
        if (net->spec.norm == XHAT_NET_NORM_BATCH)
            x = add_batch_norm(b, place++, x);
        else if (net->spec.norm == XHAT_NET_NORM_LAYER)
            x = add_layer_norm(b, place++, x, eps);
        x = add(b, "Relu", place++, "out", x, NULL)->output;
        place += net->spec.dropout < 1;
    }
    return add_outputs(b, place, x);
}

xhat_status xhat_model_write_onnx(const xhat_model *model, bool standardize,
                                  const char *path, bool force,
                                  xhat_error *error)
{
    static const char *const keys[] = {"xhat", "input"};
    graph_builder b = {.model = model};
    xhat_text document = xhat_text_on(model->allocator);
    xhat_status status = allocate(&b, error);
    if (status == XHAT_OK) {
        const char *last = build(&b, standardize);
        bool number = model->net->spec.loss == XHAT_LOSS_SQUARED;
        xhat_onnx_value outputs[2] = {
            {last, REAL_ELEMENT, model->net->classes},
            {"scores", REAL_ELEMENT, model->net->classes}};
        xhat_model_put_document(&document, model);
        if (document.failed)
            status = xhat_fail(error, XHAT_OUT_OF_MEMORY,
                               "no memory to write %s", path);
        else
            status = xhat_onnx_write(
                path, force,
                &(xhat_onnx_graph){
                    .name = "xhat",
                    .nodes = b.nodes,
                    .node_count = b.node_count,
                    .initializers = b.arrays,
                    .initializer_count = b.array_count,
                    .input = {"x", REAL_ELEMENT, model->features},
                    .outputs = outputs,
                    .output_count = number ? 1 : 2,
                    .keys = keys,
                    .values =
                        (const char *const[]){
                            document.data,
                            standardize ? "x"
                                        : "(x - input_mean) * input_scale"},
                    .metadata_count = 2,
                },
                error);
    }
    release(&b);
    xhat_text_free(&document);
    return status;
}
