/* A model applied to rows it does not learn from, with running statistics. */
#include <math.h>

#include "base/error.h"
#include "base/memory.h"
#include "net/net_parts.h"

/* Rows go through the net in chunks of max_rows. */
static xhat_status create_chunk(xhat_batch *chunk, const xhat_model *model,
                                const xhat_rows *rows, xhat_error *error)
{
    size_t most = model->net->max_rows;
    return xhat_batch_create(chunk, model,
                             rows->count < most ? rows->count : most, error);
}

/* rows first .. first+count-1 -> net->logits */
static xhat_status run_chunk(xhat_batch *chunk, xhat_model *model,
                             const xhat_rows *rows, size_t first, size_t count,
                             xhat_error *error)
{
    xhat_status status = xhat_net_prepare(model->net, count, error);
    if (status != XHAT_OK)
        return status;
    xhat_batch_gather(chunk, rows, NULL, first, count, model);
    return xhat_net_forward(model->net, count, false, chunk->x, error);
}

static void count_confusion(const xhat_net *net, const int32_t *labels,
                            size_t rows, size_t *confusion)
{
    size_t classes = net->classes;
    for (size_t r = 0; r < rows; r++) {
        size_t best = xhat_largest(classes, net->logits + r * classes);
        confusion[(size_t)labels[r] * classes + best]++;
    }
}

xhat_status xhat_evaluate(xhat_model *model, const xhat_rows *rows,
                          xhat_evaluation *evaluation, size_t *confusion,
                          xhat_error *error)
{
    xhat_batch chunk;
    xhat_net *net = model->net;
    xhat_loss total = {0};
    xhat_status status = xhat_rows_check(rows, model, true, error);
    if (status == XHAT_OK && confusion != NULL &&
        net->spec.loss == XHAT_LOSS_SQUARED)
        status = xhat_fail(error, XHAT_INVALID_ARGUMENT,
                           "numbers have no confusion");
    if (status == XHAT_OK)
        status = create_chunk(&chunk, model, rows, error);
    if (status != XHAT_OK)
        return status;
    size_t cells = net->classes * net->classes;
    for (size_t i = 0; confusion != NULL && i < cells; i++)
        confusion[i] = 0;
    for (size_t first = 0; first < rows->count; first += net->max_rows) {
        size_t left = rows->count - first;
        size_t count = left < net->max_rows ? left : net->max_rows;
        status = run_chunk(&chunk, model, rows, first, count, error);
        if (status != XHAT_OK)
            break;
        xhat_loss loss = xhat_loss_of(net->spec.loss, count, net->classes,
                                      net->logits, &chunk.truth);
        total.sum += loss.sum;
        total.correct += loss.correct;
        if (confusion != NULL)
            count_confusion(net, chunk.labels, count, confusion);
    }
    xhat_batch_free(&chunk, model);
    double n = (double)rows->count, loss = n > 0 ? total.sum / n : NAN;
    bool is_number = net->spec.loss == XHAT_LOSS_SQUARED;
    if (status == XHAT_OK)
        *evaluation = (xhat_evaluation){
            .rows = rows->count,
            .correct = total.correct,
            .loss = loss,
            .accuracy = n > 0 && !is_number ? (double)total.correct / n : NAN,
            .rmse = is_number ? model->target_scale * sqrt(loss) : NAN,
        };
    return status;
}

/* What the net gave a row, as its user wants it. */
static void finish_row(const xhat_model *model, const real *out,
                       double *probabilities)
{
    if (model->net->spec.loss == XHAT_LOSS_SQUARED)
        probabilities[0] =
            model->target_mean + model->target_scale * (double)out[0];
    else
        xhat_softmax(model->classes, out, probabilities);
}

xhat_status xhat_predict(xhat_model *model, const xhat_rows *rows, size_t first,
                         size_t count, double *probabilities, xhat_error *error)
{
    xhat_batch chunk;
    size_t classes = model->classes;
    if (first > rows->count || count > rows->count - first)
        return xhat_fail(error, XHAT_SHAPE_MISMATCH,
                         "first + count = %zu + %zu is beyond the %zu rows",
                         first, count, rows->count);
    xhat_status status = xhat_rows_check(rows, model, false, error);
    if (status == XHAT_OK)
        status = create_chunk(&chunk, model, rows, error);
    if (status != XHAT_OK)
        return status;
    for (size_t done = 0; done < count && status == XHAT_OK;) {
        size_t now = count - done;
        if (now > model->net->max_rows)
            now = model->net->max_rows;
        status = run_chunk(&chunk, model, rows, first + done, now, error);
        for (size_t r = 0; r < now && status == XHAT_OK; r++)
            finish_row(model, model->net->logits + r * classes,
                       probabilities + (done + r) * classes);
        done += now;
    }
    xhat_batch_free(&chunk, model);
    return status;
}

/* Wilson 1927: the proportions p whose own interval p +- z sqrt(p(1-p)/n)
 * holds the observed one; it stays inside 0..1. */
void xhat_wilson_interval(size_t correct, size_t rows, double *low,
                          double *high)
{
    const double z = 1.959963984540054; /* 97.5% of the normal distribution */
    double n = (double)rows, p = (double)correct / n, zz = z * z / n;
    double center = (p + zz / 2) / (1 + zz);
    double half = z * sqrt(p * (1 - p) / n + zz / (4 * n)) / (1 + zz);
    *low = rows > 0 ? fmax(center - half, 0) : 0;
    *high = rows > 0 ? fmin(center + half, 1) : 1;
}
