/* Optimizers: w is a parameter, g its gradient with reg * w added to it (for
 * weights), t counts the updates from 1.
 *
 *     sgd        w := w - lr g
 *     momentum   v := 0.9 v - lr g          w := w + v
 *     adam       m := 0.9 m + 0.1 g         v := 0.999 v + 0.001 g^2
 *                w := w - lr (m / c1) / (sqrt(v / c2) + eps)
 *                c1 = 1 - 0.9^t    c2 = 1 - 0.999^t
 *
 * Sources: Polyak 1964; Kingma & Ba 2015, algorithm 1. */
#include "net/net_parts.h"

#include <math.h>

#include "base/error.h"
#include "base/memory.h"

static const double momentum_of_old = 0.9;
static const double adam_beta1 = 0.9, adam_beta2 = 0.999, adam_eps = 1e-8;

const char *xhat_optimizer_name(xhat_optimizer_kind kind)
{
    switch (kind) {
    case XHAT_SGD:
        return "sgd";
    case XHAT_MOMENTUM:
        return "momentum";
    case XHAT_ADAM:
        return "adam";
    }
    return "unknown";
}

double xhat_optimizer_default_lr(xhat_optimizer_kind kind)
{
    switch (kind) {
    case XHAT_SGD:
        return 0.1;
    case XHAT_MOMENTUM:
        return 0.02;
    case XHAT_ADAM:
        break;
    }
    return 1e-3;
}

static bool has_first(xhat_optimizer_kind kind)
{
    return kind == XHAT_MOMENTUM || kind == XHAT_ADAM;
}

static bool has_second(xhat_optimizer_kind kind)
{
    return kind == XHAT_ADAM;
}

/* Zeroed arrays as large as the net's trainable tensors; NULL when memory is
 * out. */
static real **create_slots(const xhat_net *net, const xhat_allocator *allocator)
{
    real **slots =
        xhat_allocate_zeroed(allocator, net->tensor_count, sizeof *slots);
    for (size_t i = 0; slots != NULL && i < net->tensor_count; i++) {
        if (net->tensors[i].gradient == NULL)
            continue;
        slots[i] = xhat_allocate_zeroed(allocator, net->tensors[i].count,
                                        sizeof(real));
        if (slots[i] == NULL) {
            while (i-- > 0)
                xhat_release(allocator, slots[i]);
            xhat_release(allocator, slots);
            return NULL;
        }
    }
    return slots;
}

static void free_slots(real **slots, size_t count,
                       const xhat_allocator *allocator)
{
    for (size_t i = 0; slots != NULL && i < count; i++)
        xhat_release(allocator, slots[i]);
    xhat_release(allocator, slots);
}

xhat_status xhat_optimizer_create(xhat_optimizer *optimizer,
                                  xhat_optimizer_kind kind, double lr,
                                  double reg, const xhat_net *net,
                                  const xhat_allocator *allocator,
                                  xhat_error *error)
{
    *optimizer = (xhat_optimizer){
        .kind = kind,
        .lr = lr,
        .reg = reg,
        .tensor_count = net->tensor_count,
        .allocator = allocator,
    };
    if (has_first(kind))
        optimizer->first = create_slots(net, allocator);
    if (has_second(kind))
        optimizer->second = create_slots(net, allocator);
    if ((has_first(kind) && optimizer->first == NULL) ||
        (has_second(kind) && optimizer->second == NULL)) {
        xhat_optimizer_free(optimizer);
        return xhat_fail(error, XHAT_OUT_OF_MEMORY,
                         "no memory for the optimizer of %zu parameters",
                         xhat_net_parameter_count(net));
    }
    return XHAT_OK;
}

void xhat_optimizer_free(xhat_optimizer *optimizer)
{
    free_slots(optimizer->first, optimizer->tensor_count, optimizer->allocator);
    free_slots(optimizer->second, optimizer->tensor_count,
               optimizer->allocator);
    *optimizer = (xhat_optimizer){0};
}

static void sgd(size_t count, real *w, const real *gradient, real reg, real lr)
{
    for (size_t i = 0; i < count; i++)
        w[i] -= lr * (gradient[i] + reg * w[i]);
}

static void momentum(size_t count, real *w, const real *gradient, real reg,
                     real lr, real *v)
{
    const real keep = (real)momentum_of_old;
    for (size_t i = 0; i < count; i++) {
        v[i] = keep * v[i] - lr * (gradient[i] + reg * w[i]);
        w[i] += v[i];
    }
}

static void adam(size_t count, real *restrict w, const real *restrict gradient,
                 real reg, double lr, uint64_t step, real *restrict m,
                 real *restrict v)
{
    const real keep1 = (real)adam_beta1, new1 = (real)(1 - adam_beta1);
    const real keep2 = (real)adam_beta2, new2 = (real)(1 - adam_beta2);
    /* lr (m / c1) / (sqrt(v / c2) + eps) with one division an element */
    double c1 = 1 - pow(adam_beta1, (double)step);
    double c2 = 1 - pow(adam_beta2, (double)step);
    const real rate = (real)(lr * sqrt(c2) / c1);
    const real eps = (real)(adam_eps * sqrt(c2));
    for (size_t i = 0; i < count; i++) {
        real g = gradient[i] + reg * w[i];
        m[i] = keep1 * m[i] + new1 * g;
        v[i] = keep2 * v[i] + new2 * g * g;
        w[i] -= rate * m[i] / ((real)sqrt(v[i]) + eps);
    }
}

void xhat_optimizer_step(xhat_optimizer *optimizer, xhat_net *net)
{
    optimizer->step++;
    for (size_t i = 0; i < net->tensor_count; i++) {
        xhat_tensor *tensor = &net->tensors[i];
        if (tensor->gradient == NULL)
            continue;
        size_t count = tensor->count;
        real reg = tensor->decays ? (real)optimizer->reg : 0;
        real lr = (real)optimizer->lr;
        switch (optimizer->kind) {
        case XHAT_SGD:
            sgd(count, tensor->value, tensor->gradient, reg, lr);
            break;
        case XHAT_MOMENTUM:
            momentum(count, tensor->value, tensor->gradient, reg, lr,
                     optimizer->first[i]);
            break;
        case XHAT_ADAM:
            adam(count, tensor->value, tensor->gradient, reg, optimizer->lr,
                 optimizer->step, optimizer->first[i], optimizer->second[i]);
            break;
        }
    }
}
