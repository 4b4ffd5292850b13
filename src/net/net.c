/* A net: built from its spec, run forward and backward.
 *
 *     x -> [affine -> norm -> ReLU -> dropout] -> ... -> affine -> logits
 *
 * Tensors are named by the place their layer has in the nn.Sequential of the
 * same net, ReLU and dropout included: 0.weight, 1.weight (the norm's gamma),
 * 3.weight. */
#include "net/net_parts.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

xhat_net_spec xhat_net_spec_default(void)
{
    return (xhat_net_spec){
        .norm = XHAT_NET_NORM_BATCH,
        .eps = 1e-5,
        .norm_momentum = 0.1,
        .dropout = 1,
        .initialization = XHAT_INIT_HE,
        .max_rows = 256,
        .threads = 1,
    };
}

static xhat_status validate_numbers(const xhat_net_spec *spec,
                                    xhat_error *error)
{
    if (spec->norm != XHAT_NET_NORM_NONE &&
        !(spec->eps >= 0 && isfinite(spec->eps)))
        return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                         "eps = %g is not a number >= 0", spec->eps);
    if (!(spec->norm_momentum >= 0 && spec->norm_momentum <= 1))
        return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                         "norm_momentum = %g is not between 0 and 1",
                         spec->norm_momentum);
    if (!(spec->dropout > 0 && spec->dropout <= 1))
        return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                         "dropout = %g: the share of units kept lies above 0 "
                         "and not above 1",
                         spec->dropout);
    if (spec->loss == XHAT_LOSS_SQUARED && spec->classes != 1)
        return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                         "the squared loss wants one output, not %zu",
                         spec->classes);
    if (spec->initialization == XHAT_INIT_FIXED &&
        !(spec->weight_scale >= 0 && isfinite(spec->weight_scale)))
        return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                         "weight_scale = %g is not a number >= 0",
                         spec->weight_scale);
    return XHAT_OK;
}

static xhat_status validate(const xhat_net_spec *spec, xhat_error *error)
{
    size_t widest =
        spec->features > spec->classes ? spec->features : spec->classes;
    for (size_t i = 0; i < spec->hidden_count; i++) {
        if (spec->hidden[i] == 0)
            return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                             "hidden layer %zu has width 0", i + 1);
        if (spec->hidden[i] > widest)
            widest = spec->hidden[i];
    }
    if (spec->features == 0 || spec->classes == 0 || spec->max_rows == 0)
        return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                         "a net of %zu features, %zu classes and batches of "
                         "%zu rows is none",
                         spec->features, spec->classes, spec->max_rows);
    if (widest > INT_MAX || spec->max_rows > INT_MAX)
        return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                         "a width of %zu or batches of %zu rows are too large",
                         widest, spec->max_rows);
    return validate_numbers(spec, error);
}

static double deviation_of_weights(const xhat_net_spec *spec,
                                   const xhat_affine *affine)
{
    switch (spec->initialization) {
    case XHAT_INIT_HE:
        return sqrt(2 / (double)affine->in);
    case XHAT_INIT_XAVIER:
        return sqrt(2 / ((double)affine->in + (double)affine->out));
    case XHAT_INIT_FIXED:
        break;
    }
    return spec->weight_scale;
}

static xhat_status create_block(xhat_net *net, xhat_block *block, size_t in,
                                size_t out, const xhat_net_spec *spec,
                                xhat_error *error)
{
    bool with_bias = spec->norm != XHAT_NET_NORM_BATCH || spec->keep_bias;
    block->has_norm = spec->norm != XHAT_NET_NORM_NONE;
    xhat_status status = xhat_affine_create(&block->affine, in, out, with_bias,
                                            net->allocator, error);
    if (status == XHAT_OK && block->has_norm)
        status =
            xhat_norm_create(&block->norm, out, spec, net->allocator, error);
    if (status != XHAT_OK)
        return status;
    size_t bytes_a_row = out * sizeof(real);
    block->z = xhat_allocate(net->allocator, net->max_rows, bytes_a_row);
    block->a = block->has_norm
                   ? xhat_allocate(net->allocator, net->max_rows, bytes_a_row)
                   : block->z;
    if (block->z == NULL || block->a == NULL)
        return xhat_fail(error, XHAT_OUT_OF_MEMORY,
                         "no memory for %zu x %zu activations", net->max_rows,
                         out);
    return XHAT_OK;
}

/* The blocks, the head, and the buffers between them. */
static xhat_status create_layers(xhat_net *net, const xhat_net_spec *spec,
                                 xhat_error *error)
{
    size_t in = spec->features, widest = 1;
    net->blocks = xhat_allocate_zeroed(net->allocator, spec->hidden_count,
                                       sizeof *net->blocks);
    if (net->blocks == NULL)
        return xhat_fail(error, XHAT_OUT_OF_MEMORY, "no memory for a net");
    net->block_count = spec->hidden_count;
    for (size_t i = 0; i < net->block_count; i++) {
        size_t out = spec->hidden[i];
        xhat_status status =
            create_block(net, &net->blocks[i], in, out, spec, error);
        if (status != XHAT_OK)
            return status;
        in = out;
        if (out > widest)
            widest = out;
    }
    xhat_status status = xhat_affine_create(&net->head, in, spec->classes, true,
                                            net->allocator, error);
    if (status != XHAT_OK)
        return status;
    net->logits = xhat_allocate(net->allocator, net->max_rows,
                                spec->classes * sizeof(real));
    for (int i = 0; i < 2; i++)
        net->gradient[i] =
            xhat_allocate(net->allocator, net->max_rows, widest * sizeof(real));
    if (net->logits == NULL || net->gradient[0] == NULL ||
        net->gradient[1] == NULL)
        return xhat_fail(error, XHAT_OUT_OF_MEMORY,
                         "no memory for batches of %zu rows", net->max_rows);
    return XHAT_OK;
}

static void initialize(xhat_net *net, const xhat_net_spec *spec)
{
    for (size_t i = 0; i <= net->block_count; i++) {
        xhat_affine *affine =
            i < net->block_count ? &net->blocks[i].affine : &net->head;
        xhat_affine_initialize(affine, deviation_of_weights(spec, affine),
                               spec->seed,
                               xhat_net_stream(XHAT_STREAM_WEIGHTS, i));
    }
}

/* ---- the list of tensors ------------------------------------------------- */

static xhat_tensor *add_tensor(xhat_net *net, size_t place, const char *what,
                               void *value, real *gradient, size_t count)
{
    xhat_tensor *tensor = &net->tensors[net->tensor_count++];
    *tensor = (xhat_tensor){
        .place = place,
        .element = REAL_ELEMENT,
        .value = value,
        .gradient = gradient,
        .count = count,
        .rank = 1,
        .shape = {count},
    };
    snprintf(tensor->name, sizeof tensor->name, "%zu.%s", place, what);
    return tensor;
}

static void add_affine(xhat_net *net, size_t place, xhat_affine *affine)
{
    xhat_tensor *weight = add_tensor(net, place, "weight", affine->weight,
                                     affine->dweight, affine->in * affine->out);
    weight->rank = 2;
    weight->shape[0] = affine->out;
    weight->shape[1] = affine->in;
    weight->decays = true;
    if (affine->bias != NULL)
        add_tensor(net, place, "bias", affine->bias, affine->dbias,
                   affine->out);
}

static void add_norm(xhat_net *net, size_t place, xhat_norm_layer *norm)
{
    size_t width = norm->width;
    xhat_running *running = &norm->running;
    add_tensor(net, place, "weight", norm->gamma, norm->dgamma, width);
    add_tensor(net, place, "bias", norm->beta, norm->dbeta, width);
    if (norm->kind != XHAT_NET_NORM_BATCH)
        return;
    add_tensor(net, place, "running_mean", running->mean, NULL, width);
    add_tensor(net, place, "running_var", running->var, NULL, width);
    xhat_tensor *batches = add_tensor(net, place, "num_batches_tracked",
                                      &running->batches, NULL, 1);
    batches->element = XHAT_ELEMENT_I64;
    batches->rank = 0;
}

static xhat_status list_tensors(xhat_net *net, xhat_error *error)
{
    enum { MOST_A_BLOCK = 7 };
    size_t most = net->block_count * MOST_A_BLOCK + 2, place = 0;
    net->tensors =
        xhat_allocate_zeroed(net->allocator, most, sizeof *net->tensors);
    if (net->tensors == NULL)
        return xhat_fail(error, XHAT_OUT_OF_MEMORY,
                         "no memory for a list of %zu tensors", most);
    for (size_t i = 0; i < net->block_count; i++) {
        xhat_block *block = &net->blocks[i];
        add_affine(net, place++, &block->affine);
        if (block->has_norm)
            add_norm(net, place++, &block->norm);
        place += net->spec.dropout < 1 ? 2 : 1; /* ReLU, dropout */
    }
    add_affine(net, place, &net->head);
    return XHAT_OK;
}

/* ---- life ---------------------------------------------------------------- */

xhat_status xhat_net_create(xhat_net **made, const xhat_net_spec *spec,
                            const xhat_allocator *allocator, xhat_error *error)
{
    xhat_status status = validate(spec, error);
    if (status != XHAT_OK)
        return status;
    xhat_net *net = xhat_allocate_zeroed(allocator, 1, sizeof *net);
    if (net == NULL)
        return xhat_fail(error, XHAT_OUT_OF_MEMORY, "no memory for a net");
    net->features = spec->features;
    net->classes = spec->classes;
    net->max_rows = spec->max_rows;
    net->spec = *spec;
    net->spec.hidden = NULL; /* the caller's */
    net->allocator = allocator;
    net->dropout.keep = 1; /* until a training says which samples there are */
    status = create_layers(net, spec, error);
    if (status == XHAT_OK)
        status = list_tensors(net, error);
    if (status != XHAT_OK) {
        xhat_net_destroy(net);
        return status;
    }
    initialize(net, spec);
    *made = net;
    return XHAT_OK;
}

void xhat_net_destroy(xhat_net *net)
{
    if (net == NULL)
        return;
    const xhat_allocator *allocator = net->allocator;
    for (size_t i = 0; i < net->block_count; i++) {
        xhat_block *block = &net->blocks[i];
        xhat_affine_free(&block->affine, allocator);
        xhat_norm_free(&block->norm, allocator);
        if (block->a != block->z)
            xhat_release(allocator, block->a);
        xhat_release(allocator, block->z);
    }
    xhat_release(allocator, net->blocks);
    xhat_affine_free(&net->head, allocator);
    xhat_release(allocator, net->logits);
    xhat_release(allocator, net->gradient[0]);
    xhat_release(allocator, net->gradient[1]);
    xhat_release(allocator, net->tensors);
    xhat_release(allocator, net);
}

xhat_status xhat_net_prepare(xhat_net *net, size_t rows, xhat_error *error)
{
    if (rows > net->max_rows)
        return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                         "a batch of %zu rows, but the net has room for %zu",
                         rows, net->max_rows);
    for (size_t i = 0; i < net->block_count; i++) {
        if (!net->blocks[i].has_norm)
            continue;
        xhat_status status = xhat_norm_prepare(&net->blocks[i].norm, rows,
                                               net->allocator, error);
        if (status != XHAT_OK)
            return status;
    }
    return XHAT_OK;
}

/* ---- forward and backward ------------------------------------------------ */

static xhat_status block_forward(xhat_net *net, size_t i, size_t rows,
                                 bool training, const real *x,
                                 xhat_error *error)
{
    xhat_block *block = &net->blocks[i];
    size_t width = block->affine.out;
    xhat_affine_forward(&block->affine, rows, x, block->z);
    if (block->has_norm) {
        xhat_status status = xhat_norm_forward(&block->norm, rows, training,
                                               block->z, block->a, error);
        if (status != XHAT_OK)
            return status;
    } else {
        xhat_relu_forward(rows * width, block->a);
    }
    if (training && net->dropout.keep < 1)
        xhat_dropout_forward(&net->dropout, i, rows, width, block->a);
    return XHAT_OK;
}

xhat_status xhat_net_forward(xhat_net *net, size_t rows, bool training,
                             const real *x, xhat_error *error)
{
    for (size_t i = 0; i < net->block_count; i++) {
        xhat_status status = block_forward(net, i, rows, training, x, error);
        if (status != XHAT_OK)
            return status;
        x = net->blocks[i].a;
    }
    xhat_affine_forward(&net->head, rows, x, net->logits);
    return XHAT_OK;
}

/* gradient: that of the block's output when called, of z on return. */
static xhat_status block_backward(xhat_net *net, size_t i, size_t rows,
                                  real *gradient, xhat_error *error)
{
    xhat_block *block = &net->blocks[i];
    size_t count = rows * block->affine.out;
    if (net->dropout.keep < 1)
        xhat_dropout_backward(net->dropout.keep, count, block->a, gradient);
    if (block->has_norm)
        return xhat_norm_backward(&block->norm, rows, block->z, block->a,
                                  gradient, error);
    xhat_relu_backward(count, block->a, gradient);
    return XHAT_OK;
}

xhat_status xhat_net_backward(xhat_net *net, size_t rows, const real *x,
                              real *dx, xhat_error *error)
{
    size_t i = net->block_count;
    real *gradient = net->gradient[0], *next = net->gradient[1];
    xhat_affine_backward(&net->head, rows, i > 0 ? net->blocks[i - 1].a : x,
                         net->logits, i > 0 ? gradient : dx);
    while (i-- > 0) {
        xhat_status status = block_backward(net, i, rows, gradient, error);
        if (status != XHAT_OK)
            return status;
        xhat_affine_backward(&net->blocks[i].affine, rows,
                             i > 0 ? net->blocks[i - 1].a : x, gradient,
                             i > 0 ? next : dx);
        real *swap = gradient;
        gradient = next;
        next = swap;
    }
    return XHAT_OK;
}

xhat_status xhat_net_commit(xhat_net *net, xhat_error *error)
{
    for (size_t i = 0; i < net->block_count; i++) {
        if (!net->blocks[i].has_norm)
            continue;
        xhat_status status = xhat_norm_commit(&net->blocks[i].norm, error);
        if (status != XHAT_OK)
            return status;
    }
    return XHAT_OK;
}
