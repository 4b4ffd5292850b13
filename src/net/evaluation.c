/* A model applied to rows it does not learn from, with running statistics. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "net/net_parts.h"

/* Rows go through the net in chunks of one size, the last one filled up with
 * zeros: then what a row gives depends on nothing but the row, as a product of
 * matrices may be rounded otherwise for another number of rows. */
enum { CHUNK_ROWS = 256 };

static size_t chunk_rows(const xhat_model *model)
{
    size_t most = model->net->max_rows;
    return most < CHUNK_ROWS ? most : CHUNK_ROWS;
}

static xhat_status create_chunk(xhat_batch *chunk, xhat_model *model,
                                xhat_error *error)
{
    xhat_status status = xhat_net_prepare(model->net, chunk_rows(model), error);
    return status == XHAT_OK
               ? xhat_batch_create(chunk, model, chunk_rows(model), error)
               : status;
}

/* rows first .. first+count-1 -> net->logits; at most chunk_rows */
static xhat_status run_chunk(xhat_batch *chunk, xhat_model *model,
                             const xhat_rows *rows, size_t first, size_t count,
                             xhat_error *error)
{
    size_t features = model->features, size = chunk_rows(model);
    xhat_batch_gather(chunk, rows, NULL, first, count, model);
    memset(chunk->x + count * features, 0,
           (size - count) * features * sizeof *chunk->x);
    return xhat_net_forward(model->net, size, false, chunk->x, error);
}

/* ---- sums that do not depend on the order -------------------------------- */

/* A sum and its rounding errors so far (Neumaier 1974). */
typedef struct exact_sum {
    double high, low;
} exact_sum;

static void add(exact_sum *sum, double term)
{
    double high = sum->high + term;
    sum->low += fabs(sum->high) >= fabs(term) ? (sum->high - high) + term
                                              : (term - high) + sum->high;
    sum->high = high;
}

/* An infinite term leaves NaN in the errors. */
static double total(const exact_sum *sum)
{
    return isfinite(sum->high) ? sum->high + sum->low : sum->high;
}

typedef struct totals {
    exact_sum loss;
    size_t correct;
    size_t *confusion; /* (classes, classes) or NULL */
} totals;

static void count_row(totals *t, const xhat_net *net, const xhat_batch *chunk,
                      size_t row)
{
    const real *out = net->logits + row * net->classes;
    const xhat_truth *all = &chunk->truth;
    xhat_truth truth = {
        all->labels != NULL ? all->labels + row : NULL,
        all->targets != NULL ? all->targets + row : NULL,
    };
    xhat_loss loss = xhat_loss_of(net->spec.loss, 1, net->classes, out, &truth);
    add(&t->loss, loss.sum);
    t->correct += loss.correct;
    if (t->confusion != NULL)
        t->confusion[(size_t)truth.labels[0] * net->classes +
                     xhat_largest(net->classes, out)]++;
}

/* ---- evaluation ---------------------------------------------------------- */

/* The mean squared deviation of the rows' targets from their mean. */
static double variance_of_targets(const xhat_rows *rows)
{
    const double *targets = rows->data->targets;
    exact_sum sum = {0}, squares = {0};
    for (size_t i = 0; i < rows->count; i++)
        add(&sum, targets[xhat_row_at(rows, i)]);
    double mean = total(&sum) / (double)rows->count;
    for (size_t i = 0; i < rows->count; i++) {
        double deviation = targets[xhat_row_at(rows, i)] - mean;
        add(&squares, deviation * deviation);
    }
    return total(&squares) / (double)rows->count;
}

static xhat_evaluation conclude(const xhat_model *model, const xhat_rows *rows,
                                const totals *t)
{
    bool is_number = model->net->spec.loss == XHAT_LOSS_SQUARED;
    double n = (double)rows->count, loss = n > 0 ? total(&t->loss) / n : NAN;
    xhat_evaluation evaluation = {
        .rows = rows->count,
        .correct = t->correct,
        .loss = loss,
        .accuracy = n > 0 && !is_number ? (double)t->correct / n : NAN,
        .rmse = NAN,
        .r2 = NAN,
    };
    if (!is_number || rows->count == 0)
        return evaluation;
    double variance = variance_of_targets(rows);
    evaluation.rmse = model->target_scale * sqrt(loss);
    if (variance > 0)
        evaluation.r2 = 1 - evaluation.rmse * evaluation.rmse / variance;
    return evaluation;
}

xhat_status xhat_evaluate(xhat_model *model, const xhat_rows *rows,
                          xhat_evaluation *evaluation, size_t *confusion,
                          xhat_error *error)
{
    xhat_batch chunk;
    xhat_net *net = model->net;
    totals t = {.confusion = confusion};
    size_t size = chunk_rows(model);
    xhat_status status = xhat_rows_check(rows, model, true, error);
    if (status == XHAT_OK && confusion != NULL &&
        net->spec.loss == XHAT_LOSS_SQUARED)
        status = xhat_fail(error, XHAT_INVALID_ARGUMENT,
                           "numbers have no confusion");
    if (status == XHAT_OK)
        status = create_chunk(&chunk, model, error);
    if (status != XHAT_OK)
        return status;
    if (confusion != NULL)
        memset(confusion, 0, net->classes * net->classes * sizeof *confusion);
    for (size_t first = 0; first < rows->count; first += size) {
        size_t left = rows->count - first, count = left < size ? left : size;
        status = run_chunk(&chunk, model, rows, first, count, error);
        if (status != XHAT_OK)
            break;
        for (size_t r = 0; r < count; r++)
            count_row(&t, net, &chunk, r);
    }
    xhat_batch_free(&chunk, model);
    if (status == XHAT_OK)
        *evaluation = conclude(model, rows, &t);
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
        status = create_chunk(&chunk, model, error);
    if (status != XHAT_OK)
        return status;
    for (size_t done = 0; done < count && status == XHAT_OK;) {
        size_t now = count - done;
        if (now > chunk_rows(model))
            now = chunk_rows(model);
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
