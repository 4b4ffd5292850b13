/* Running statistics over many rows at once, with the parameters as they are:
 * the running mean follows parameters that moved on meanwhile.
 * Source: Wu & Johnson 2021, "Rethinking 'Batch' in BatchNorm", section 3. */
#include "base/error.h"
#include "base/memory.h"
#include "net/net_parts.h"

/* What each batch norm has seen so far; (block_count). */
typedef struct gathered {
    xhat_statistics *layers;
    xhat_batch batch;
} gathered;

static void free_gathered(gathered *g, const xhat_model *model)
{
    for (size_t i = 0; g->layers != NULL && i < model->net->block_count; i++) {
        xhat_release(model->allocator, g->layers[i].mean);
        xhat_release(model->allocator, g->layers[i].m2);
    }
    xhat_release(model->allocator, g->layers);
    xhat_batch_free(&g->batch, model);
}

static xhat_status create_gathered(gathered *g, const xhat_model *model,
                                   xhat_error *error)
{
    const xhat_net *net = model->net;
    *g = (gathered){0};
    xhat_status status =
        xhat_batch_create(&g->batch, model, net->max_rows, error);
    if (status != XHAT_OK)
        return status;
    g->layers = xhat_allocate_zeroed(model->allocator, net->block_count,
                                     sizeof *g->layers);
    bool done = g->layers != NULL;
    for (size_t i = 0; done && i < net->block_count; i++) {
        size_t width = net->blocks[i].norm.width;
        xhat_statistics *layer = &g->layers[i];
        layer->channels = width;
        layer->mean =
            xhat_allocate_zeroed(model->allocator, width, sizeof(double));
        layer->m2 =
            xhat_allocate_zeroed(model->allocator, width, sizeof(double));
        done = layer->mean != NULL && layer->m2 != NULL;
    }
    if (done)
        return XHAT_OK;
    free_gathered(g, model);
    return xhat_fail(error, XHAT_OUT_OF_MEMORY,
                     "no memory for the statistics of %zu layers",
                     net->block_count);
}

/* One batch through the net, normalized by its own statistics, which join
 * those gathered before. */
static xhat_status add_batch(gathered *g, xhat_model *model,
                             const xhat_rows *rows, size_t first, size_t count,
                             xhat_error *error)
{
    xhat_net *net = model->net;
    xhat_status status = xhat_net_prepare(net, count, error);
    if (status != XHAT_OK)
        return status;
    xhat_batch_gather(&g->batch, rows, NULL, first, count, model);
    status = xhat_net_forward(net, count, true, g->batch.x, error);
    for (size_t i = 0; status == XHAT_OK && i < net->block_count; i++) {
        xhat_statistics *batch = &net->blocks[i].norm.batch;
        status = xhat_statistics_merge(&g->layers[i], batch, error);
        xhat_statistics_discard(batch);
    }
    return status;
}

static xhat_status commit_all(gathered *g, xhat_net *net, xhat_error *error)
{
    xhat_running_rule rule = xhat_running_rule_preset(XHAT_TORCH);
    rule.cumulative = true; /* what is committed first replaces all */
    for (size_t i = 0; i < net->block_count; i++) {
        xhat_running *running = &net->blocks[i].norm.running;
        uint64_t batches = running->batches;
        running->batches = 0;
        xhat_status status =
            xhat_running_commit(running, &rule, &g->layers[i], NULL, error);
        running->batches = batches; /* what a training goes on counting */
        if (status != XHAT_OK)
            return status;
    }
    return XHAT_OK;
}

xhat_status xhat_precise_norm(xhat_model *model, const xhat_rows *rows,
                              xhat_error *error)
{
    gathered g;
    xhat_net *net = model->net;
    if (net->spec.norm != XHAT_NET_NORM_BATCH)
        return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                         "a net with %s norm has no running statistics",
                         net->spec.norm == XHAT_NET_NORM_NONE ? "no" : "layer");
    xhat_status status = xhat_rows_check(rows, model, false, error);
    if (status == XHAT_OK)
        status = create_gathered(&g, model, error);
    if (status != XHAT_OK)
        return status;
    /* batches as in training: none of one row */
    size_t size = net->max_rows > 2 ? net->max_rows - 1 : net->max_rows;
    size_t batches = xhat_batch_count(rows->count, size);
    for (size_t b = 0; status == XHAT_OK && b < batches; b++)
        status = add_batch(&g, model, rows, b * size,
                           xhat_batch_rows(rows->count, size, b), error);
    if (status == XHAT_OK)
        status = commit_all(&g, net, error);
    free_gathered(&g, model);
    return status;
}
