/* Losses of a row of outputs s, and the gradient of their mean over the rows.
 *
 *     softmax    p[k] = exp(s[k]) / sum exp(s)        y: the label
 *                loss = -log p[y] = log(sum exp(s - max)) - (s[y] - max)
 *                d mean / d s = (p - one hot) / rows
 *     hinge      margin[k] = s[k] - s[y] + 1, for k != y
 *                loss = sum of the margins above 0
 *                d mean / d s[k] = (margin[k] > 0) / rows
 *                d mean / d s[y] = -(margins above 0) / rows
 *     squared    loss = (s - target)^2
 *                d mean / d s = 2 (s - target) / rows
 *
 * Subtracting the largest output first keeps exp from overflowing: the softmax
 * loss is finite for all finite outputs. */
#include <math.h>

#include "net/net_parts.h"

const char *xhat_loss_name(xhat_loss_kind loss)
{
    static const char *const names[] = {"softmax", "hinge", "squared"};
    return names[loss];
}

size_t xhat_largest(size_t outputs, const real *out)
{
    size_t best = 0;
    for (size_t k = 1; k < outputs; k++)
        if (out[k] > out[best])
            best = k;
    return best;
}

/* ---- one row: its loss, and its gradient unless that is NULL ------------- */

static double softmax_row(size_t outputs, const real *s, size_t best,
                          size_t label, double rows, real *gradient)
{
    double top = s[best], sum = 0, right = (double)s[label] - top;
    for (size_t k = 0; k < outputs; k++) {
        double e = exp((double)s[k] - top);
        sum += e;
        if (gradient != NULL)
            gradient[k] = (real)e;
    }
    if (gradient != NULL) {
        const real weight = (real)(1 / (sum * rows));
        for (size_t k = 0; k < outputs; k++)
            gradient[k] *= weight;
        gradient[label] -= (real)(1 / rows);
    }
    return log(sum) - right;
}

static double hinge_row(size_t outputs, const real *s, size_t label,
                        double rows, real *gradient)
{
    double right = s[label], sum = 0;
    size_t above = 0;
    for (size_t k = 0; k < outputs; k++) {
        double margin = (double)s[k] - right + 1;
        bool counts = k != label && !(margin <= 0); /* NaN stays one */
        sum += counts ? margin : 0;
        above += counts;
        if (gradient != NULL)
            gradient[k] = counts ? (real)(1 / rows) : 0;
    }
    if (gradient != NULL)
        gradient[label] = (real)(0 - (double)above / rows);
    return sum;
}

static double squared_row(const real *s, real target, double rows,
                          real *gradient)
{
    double difference = (double)s[0] - (double)target;
    if (gradient != NULL)
        gradient[0] = (real)(2 * difference / rows);
    return difference * difference;
}

/* ---- a batch ------------------------------------------------------------- */

/* gradient (rows, outputs) may be out itself, or NULL */
static xhat_loss over_rows(xhat_loss_kind kind, size_t rows, size_t outputs,
                           const real *out, const xhat_truth *truth,
                           real *gradient)
{
    xhat_loss loss = {0};
    double n = (double)rows;
    for (size_t r = 0; r < rows; r++) {
        const real *s = out + r * outputs;
        real *g = gradient == NULL ? NULL : gradient + r * outputs;
        if (kind == XHAT_LOSS_SQUARED) {
            loss.sum += squared_row(s, truth->targets[r], n, g);
            continue;
        }
        size_t label = (size_t)truth->labels[r];
        size_t best = xhat_largest(outputs, s);
        loss.correct += best == label;
        loss.sum += kind == XHAT_LOSS_SOFTMAX
                        ? softmax_row(outputs, s, best, label, n, g)
                        : hinge_row(outputs, s, label, n, g);
    }
    return loss;
}

xhat_loss xhat_loss_backward(xhat_loss_kind kind, size_t rows, size_t outputs,
                             real *out, const xhat_truth *truth)
{
    return over_rows(kind, rows, outputs, out, truth, out);
}

xhat_loss xhat_loss_of(xhat_loss_kind kind, size_t rows, size_t outputs,
                       const real *out, const xhat_truth *truth)
{
    return over_rows(kind, rows, outputs, out, truth, NULL);
}

void xhat_softmax(size_t outputs, const real *out, double *probabilities)
{
    size_t best = xhat_largest(outputs, out);
    double sum = 0;
    for (size_t k = 0; k < outputs; k++) {
        probabilities[k] = exp((double)out[k] - (double)out[best]);
        sum += probabilities[k];
    }
    for (size_t k = 0; k < outputs; k++)
        probabilities[k] /= sum;
}
