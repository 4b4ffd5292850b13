/* The same model in fewer steps: batch norm folded into the affine layer
 * before it, the scaling of the inputs into the first one.  What comes out is a
 * model like any other. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "data/columns.h"
#include "net/model_parts.h"
#include "net/net_parts.h"

static void copy_reals(real *to, const real *from, size_t count)
{
    if (to != NULL && from != NULL)
        memcpy(to, from, count * sizeof *to);
}

/* A bias that `from` lacks stays 0, as it was made. */
static void copy_affine(xhat_affine *to, const xhat_affine *from)
{
    copy_reals(to->weight, from->weight, to->in * to->out);
    copy_reals(to->bias, from->bias, to->out);
}

static void copy_norm(xhat_norm_layer *to, const xhat_norm_layer *from)
{
    copy_reals(to->gamma, from->gamma, to->width);
    copy_reals(to->beta, from->beta, to->width);
    copy_reals(to->running.mean, from->running.mean, to->width);
    copy_reals(to->running.var, from->running.var, to->width);
    to->running.batches = from->running.batches;
}

static xhat_status fold_block(xhat_affine *to, const xhat_block *from,
                              xhat_error *error)
{
    const xhat_norm_layer *norm = &from->norm;
    return xhat_fold(&(xhat_fold_args){.dtype = REAL_DTYPE,
                                       .channels = to->out,
                                       .in = to->in,
                                       .eps = norm->eps,
                                       .gamma = norm->gamma,
                                       .beta = norm->beta,
                                       .running_mean = norm->running.mean,
                                       .running_var = norm->running.var,
                                       .weight = from->affine.weight,
                                       .bias = from->affine.bias,
                                       .folded_weight = to->weight,
                                       .folded_bias = to->bias},
                     error);
}

static xhat_status copy_layers(xhat_net *to, const xhat_net *from,
                               xhat_error *error)
{
    for (size_t i = 0; i < from->block_count; i++) {
        const xhat_block *block = &from->blocks[i];
        xhat_block *made = &to->blocks[i];
        if (block->has_norm && !made->has_norm) {
            xhat_status status = fold_block(&made->affine, block, error);
            if (status != XHAT_OK)
                return status;
            continue;
        }
        copy_affine(&made->affine, &block->affine);
        if (made->has_norm)
            copy_norm(&made->norm, &block->norm);
    }
    copy_affine(&to->head, &from->head);
    return XHAT_OK;
}

/* W ((x - mean) scale) + b = (W scale) x + (b - sum W scale mean) */
static void absorb_scaling(xhat_affine *first, xhat_model *model)
{
    for (size_t c = 0; c < first->out; c++) {
        real *weight = first->weight + c * first->in;
        double bias = first->bias[c];
        for (size_t j = 0; j < first->in; j++) {
            double scaled = (double)weight[j] * model->scale[j];
            bias -= scaled * model->mean[j];
            weight[j] = (real)scaled;
        }
        first->bias[c] = (real)bias;
    }
    for (size_t j = 0; j < model->features; j++) {
        model->mean[j] = 0;
        model->scale[j] = 1;
    }
}

/* What a model is beside its net. */
static xhat_status copy_rest(xhat_model *to, const xhat_model *from,
                             xhat_error *error)
{
    size_t bytes = from->features * sizeof(double);
    memcpy(to->mean, from->mean, bytes);
    memcpy(to->scale, from->scale, bytes);
    to->target_mean = from->target_mean;
    to->target_scale = from->target_scale;
    to->missing = from->missing;
    xhat_status status = xhat_model_name(
        to, from->label_name, (const char *const *)from->class_names, error);
    if (status != XHAT_OK)
        return status;
    return xhat_columns_copy(&to->columns, &from->columns, from->features,
                             from->allocator, error);
}

static xhat_status create_net(xhat_model *to, const xhat_model *from,
                              const xhat_conversion *conversion,
                              xhat_error *error)
{
    const xhat_net *net = from->net;
    xhat_net_spec spec = net->spec;
    size_t *hidden =
        xhat_allocate(from->allocator, net->block_count, sizeof *hidden);
    if (hidden == NULL)
        return xhat_fail(error, XHAT_OUT_OF_MEMORY, "no memory for a net");
    for (size_t i = 0; i < net->block_count; i++)
        hidden[i] = net->blocks[i].affine.out;
    spec.hidden = hidden;
    spec.hidden_count = net->block_count;
    spec.initialization = XHAT_INIT_FIXED; /* to 0: all is copied */
    spec.weight_scale = 0;
    spec.keep_bias = spec.keep_bias || conversion->absorb_scaling;
    if (conversion->fold_norm && spec.norm == XHAT_NET_NORM_BATCH)
        spec.norm = XHAT_NET_NORM_NONE;
    if (conversion->fold_norm || conversion->absorb_scaling)
        spec.dropout = 1; /* what is left is for inference */
    xhat_status status =
        xhat_net_create(&to->net, &spec, from->allocator, error);
    xhat_release(from->allocator, hidden);
    return status;
}

xhat_status xhat_model_convert(xhat_model *to, const xhat_model *from,
                               const xhat_conversion *conversion,
                               xhat_error *error)
{
    xhat_status status = xhat_model_allocate(to, from->features, from->classes,
                                             from->allocator, error);
    if (conversion->absorb_scaling && from->missing == XHAT_MISSING_MEAN)
        status = xhat_fail(error, XHAT_UNSUPPORTED,
                           "the scaling of a model that fills in missing "
                           "values cannot become part of its weights");
    if (status == XHAT_OK)
        status = copy_rest(to, from, error);
    if (status == XHAT_OK)
        status = create_net(to, from, conversion, error);
    if (status == XHAT_OK)
        status = copy_layers(to->net, from->net, error);
    if (status != XHAT_OK) {
        xhat_model_free(to);
        return status;
    }
    xhat_net *net = to->net;
    if (conversion->absorb_scaling)
        absorb_scaling(
            net->block_count > 0 ? &net->blocks[0].affine : &net->head, to);
    return XHAT_OK;
}
