/* Softmax and cross-entropy of a row z of logits:
 *
 *     p[k] = exp(z[k]) / sum exp(z)
 *     loss = -log p[label] = log(sum exp(z - max)) - (z[label] - max)
 *     d mean loss / d z = (p - one hot) / rows
 *
 * Subtracting the largest logit first keeps exp from overflowing; the loss is
 * finite for all finite logits. */
#include "net/layers.h"

#include <math.h>

size_t xhat_largest(size_t classes, const real *logits)
{
    size_t best = 0;
    for (size_t k = 1; k < classes; k++)
        if (logits[k] > logits[best])
            best = k;
    return best;
}

/* the sum of exp(row - row[best]) */
static double exponential_sum(size_t classes, const real *row, size_t best)
{
    double sum = 0;
    for (size_t k = 0; k < classes; k++)
        sum += exp((double)row[k] - (double)row[best]);
    return sum;
}

static void count_row(xhat_loss *loss, const real *row, size_t best, double sum,
                      int32_t label)
{
    loss->sum += log(sum) - ((double)row[label] - (double)row[best]);
    loss->correct += best == (size_t)label;
}

xhat_loss xhat_softmax_cross_entropy(size_t rows, size_t classes, real *logits,
                                     const int32_t *labels)
{
    xhat_loss loss = {0};
    for (size_t r = 0; r < rows; r++) {
        real *row = logits + r * classes;
        size_t best = xhat_largest(classes, row);
        double sum = exponential_sum(classes, row, best);
        count_row(&loss, row, best, sum, labels[r]);
        double top = row[best], weight = 1 / (sum * (double)rows);
        for (size_t k = 0; k < classes; k++)
            row[k] = (real)(exp((double)row[k] - top) * weight);
        row[labels[r]] -= (real)(1 / (double)rows);
    }
    return loss;
}

xhat_loss xhat_cross_entropy(size_t rows, size_t classes, const real *logits,
                             const int32_t *labels)
{
    xhat_loss loss = {0};
    for (size_t r = 0; r < rows; r++) {
        const real *row = logits + r * classes;
        size_t best = xhat_largest(classes, row);
        count_row(&loss, row, best, exponential_sum(classes, row, best),
                  labels[r]);
    }
    return loss;
}

void xhat_softmax(size_t classes, const real *logits, double *probabilities)
{
    size_t best = xhat_largest(classes, logits);
    double sum = exponential_sum(classes, logits, best);
    for (size_t k = 0; k < classes; k++)
        probabilities[k] = exp((double)logits[k] - (double)logits[best]) / sum;
}
