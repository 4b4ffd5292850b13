/* What a net is, in words; and where its numbers stop being finite. */
#include "net/net_parts.h"

#include <math.h>
#include <stdio.h>

size_t xhat_net_parameter_count(const xhat_net *net)
{
    size_t count = 0;
    for (size_t i = 0; i < net->tensor_count; i++)
        if (net->tensors[i].gradient != NULL)
            count += net->tensors[i].count;
    return count;
}

static const char *kind_of(xhat_net_norm norm)
{
    return norm == XHAT_NET_NORM_NONE ? "no" : xhat_net_norm_name(norm);
}

void xhat_net_describe(const xhat_net *net, char *text, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i <= net->block_count && used < size; i++) {
        size_t width =
            i < net->block_count ? net->blocks[i].affine.in : net->head.in;
        used += (size_t)snprintf(text + used, size - used, "%zu-", width);
    }
    if (used < size)
        used += (size_t)snprintf(text + used, size - used, "%zu, %s norm",
                                 net->classes, kind_of(net->spec.norm));
    if (used < size && net->spec.dropout < 1)
        snprintf(text + used, size - used, ", dropout keeps %g",
                 net->spec.dropout);
}

static bool all_finite(const real *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!isfinite(values[i]))
            return false;
    return true;
}

/* The tensors of the layer at `place`: its first that is not finite. */
static const char *tensor_not_finite(const xhat_net *net, size_t place)
{
    for (size_t i = 0; i < net->tensor_count; i++) {
        const xhat_tensor *tensor = &net->tensors[i];
        if (tensor->place == place && tensor->gradient != NULL &&
            !all_finite(tensor->value, tensor->count))
            return tensor->name;
    }
    return NULL;
}

/* A layer at `place`: its parameters, then its output (count numbers). */
static bool layer_not_finite(const xhat_net *net, size_t place,
                             const char *kind, const real *output, size_t count,
                             char *name, size_t size)
{
    const char *tensor = tensor_not_finite(net, place);
    if (tensor != NULL)
        snprintf(name, size, "%s", tensor);
    else if (!all_finite(output, count))
        snprintf(name, size, "the output of layer %zu (%s)", place, kind);
    else
        return false;
    return true;
}

bool xhat_net_find_not_finite(const xhat_net *net, size_t rows, const real *x,
                              char *name, size_t size)
{
    size_t place = 0;
    if (!all_finite(x, rows * net->features)) {
        snprintf(name, size, "the input");
        return true;
    }
    for (size_t i = 0; i < net->block_count; i++) {
        const xhat_block *block = &net->blocks[i];
        size_t count = rows * block->affine.out;
        /* without a norm z holds what ReLU made of it: a lost minus infinity
         * shows in the layer after it at the latest */
        if (layer_not_finite(net, place++, "affine", block->z, count, name,
                             size))
            return true;
        if (block->has_norm &&
            layer_not_finite(net, place++, "norm", block->a, count, name, size))
            return true;
        place += net->spec.dropout < 1 ? 2 : 1; /* ReLU, dropout */
    }
    return layer_not_finite(net, place, "affine", net->logits,
                            rows * net->classes, name, size);
}
