/* Optimizers: w is a parameter, g its gradient with reg * w added to it (for
 * weights), t counts the updates from 1, p = momentum, q = beta2.
 *
 *     sgd        w := w - lr g
 *     momentum   v := p v - lr g          w := w + v
 *     nesterov   v := p v - lr g          w := w + p v - lr g
 *     rmsprop    s := q s + (1-q) g^2     w := w - lr g / (sqrt(s) + eps)
 *     adam       m := p m + (1-p) g       s := q s + (1-q) g^2
 *                w := w - lr (m / c1) / (sqrt(s / c2) + eps)
 *                c1 = 1 - p^t    c2 = 1 - q^t    eps = 1e-8
 *     adamw      w := (1 - lr weight_decay) w, for weights; then adam
 *
 * Sources: Polyak 1964; Sutskever et al. 2013, section 2 (nesterov, in terms
 * of the point where the gradient is taken); Tieleman & Hinton 2012; Kingma &
 * Ba 2015, algorithm 1; Loshchilov & Hutter 2019, algorithm 2. */
#include "net/net_parts.h"

#include <math.h>

#include "base/error.h"
#include "base/memory.h"

static const double small = 1e-8; /* eps of rmsprop and adam */

static const struct {
    const char *name;
    double lr, momentum, beta2, weight_decay;
    bool has_first, has_second; /* moments */
} table[XHAT_OPTIMIZERS] = {
    [XHAT_SGD] = {"sgd", 0.1, 0, 0, 0, false, false},
    [XHAT_MOMENTUM] = {"momentum", 0.02, 0.9, 0, 0, true, false},
    [XHAT_NESTEROV] = {"nesterov", 0.02, 0.9, 0, 0, true, false},
    [XHAT_RMSPROP] = {"rmsprop", 1e-3, 0, 0.99, 0, false, true},
    [XHAT_ADAM] = {"adam", 1e-3, 0.9, 0.999, 0, true, true},
    [XHAT_ADAMW] = {"adamw", 1e-3, 0.9, 0.999, 0.01, true, true},
};

const char *xhat_optimizer_name(xhat_optimizer_kind kind)
{
    return table[kind].name;
}

xhat_training_options
xhat_training_options_default(xhat_optimizer_kind optimizer)
{
    return (xhat_training_options){
        .epochs = 10,
        .batch_size = 100,
        .optimizer = optimizer,
        .lr = table[optimizer].lr,
        .momentum = table[optimizer].momentum,
        .beta2 = table[optimizer].beta2,
        .weight_decay = table[optimizer].weight_decay,
        .lr_decay = 1,
        .decay_epochs = 1,
        .save_seconds = 30,
    };
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
                                  const xhat_training_options *options,
                                  const xhat_net *net,
                                  const xhat_allocator *allocator,
                                  xhat_error *error)
{
    bool has_first = table[options->optimizer].has_first;
    bool has_second = table[options->optimizer].has_second;
    *optimizer = (xhat_optimizer){
        .kind = options->optimizer,
        .lr = options->lr,
        .momentum = options->momentum,
        .beta2 = options->beta2,
        .weight_decay = options->weight_decay,
        .reg = options->reg,
        .clip_norm = options->clip_norm,
        .tensor_count = net->tensor_count,
        .allocator = allocator,
    };
    if (has_first)
        optimizer->first = create_slots(net, allocator);
    if (has_second)
        optimizer->second = create_slots(net, allocator);
    if ((has_first && optimizer->first == NULL) ||
        (has_second && optimizer->second == NULL)) {
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

/* ---- updates of one tensor ----------------------------------------------- */

/* g = scale * gradient + reg * w, with scale < 1 where gradients are clipped */
typedef struct slopes {
    size_t count;
    const real *gradient;
    real scale, reg;
} slopes;

REAL_VECTORS static void sgd(slopes s, real *restrict w, real lr)
{
    for (size_t i = 0; i < s.count; i++)
        w[i] -= lr * (s.scale * s.gradient[i] + s.reg * w[i]);
}

REAL_VECTORS static void momentum(slopes s, real *restrict w, real lr,
                                  real keep, bool ahead, real *restrict v)
{
    for (size_t i = 0; i < s.count; i++) {
        real g = lr * (s.scale * s.gradient[i] + s.reg * w[i]);
        v[i] = keep * v[i] - g;
        w[i] += ahead ? keep * v[i] - g : v[i];
    }
}

REAL_VECTORS static void rmsprop(slopes s, real *restrict w, real lr,
                                 double beta2, real *restrict second)
{
    const real keep = (real)beta2, new = (real)(1 - beta2), eps = (real)small;
    for (size_t i = 0; i < s.count; i++) {
        real g = s.scale * s.gradient[i] + s.reg * w[i];
        second[i] = keep * second[i] + new *g *g;
        w[i] -= lr * g / (real_sqrt(second[i]) + eps);
    }
}

/* lr (m / c1) / (sqrt(s / c2) + eps) with one division an element; shrink is
 * what adamw leaves of w, 1 for adam */
REAL_VECTORS static void adam(const xhat_optimizer *o, slopes s,
                              real *restrict w, real shrink,
                              real *restrict first, real *restrict second)
{
    const real keep1 = (real)o->momentum, new1 = (real)(1 - o->momentum);
    const real keep2 = (real)o->beta2, new2 = (real)(1 - o->beta2);
    double c1 = 1 - pow(o->momentum, (double)o->step);
    double c2 = 1 - pow(o->beta2, (double)o->step);
    const real rate = (real)(o->lr * sqrt(c2) / c1);
    const real eps = (real)(small * sqrt(c2));
    for (size_t i = 0; i < s.count; i++) {
        real g = s.scale * s.gradient[i] + s.reg * w[i];
        first[i] = keep1 * first[i] + new1 * g;
        second[i] = keep2 * second[i] + new2 * g * g;
        w[i] = shrink * w[i] - rate * first[i] / (real_sqrt(second[i]) + eps);
    }
}

/* ---- the step ------------------------------------------------------------ */

double xhat_net_gradient_norm(const xhat_net *net)
{
    enum { LANES = 8 }; /* sums in a fixed order that vectors can take */
    double sum = 0;
    for (size_t t = 0; t < net->tensor_count; t++) {
        const real *gradient = net->tensors[t].gradient;
        size_t count = net->tensors[t].count, i = 0;
        double lanes[LANES] = {0};
        if (gradient == NULL)
            continue;
        for (; i + LANES <= count; i += LANES)
            for (size_t k = 0; k < LANES; k++)
                lanes[k] += (double)gradient[i + k] * (double)gradient[i + k];
        for (; i < count; i++)
            sum += (double)gradient[i] * (double)gradient[i];
        for (size_t k = 0; k < LANES; k++)
            sum += lanes[k];
    }
    return sqrt(sum);
}

static void update(const xhat_optimizer *o, const xhat_tensor *tensor,
                   slopes slope, size_t i)
{
    real *w = tensor->value, lr = (real)o->lr;
    double decay =
        o->kind == XHAT_ADAMW && tensor->decays ? o->lr * o->weight_decay : 0;
    switch (o->kind) {
    case XHAT_SGD:
        sgd(slope, w, lr);
        break;
    case XHAT_MOMENTUM:
    case XHAT_NESTEROV:
        momentum(slope, w, lr, (real)o->momentum, o->kind == XHAT_NESTEROV,
                 o->first[i]);
        break;
    case XHAT_RMSPROP:
        rmsprop(slope, w, lr, o->beta2, o->second[i]);
        break;
    case XHAT_ADAM:
    case XHAT_ADAMW:
        adam(o, slope, w, (real)(1 - decay), o->first[i], o->second[i]);
        break;
    }
}

void xhat_optimizer_step(xhat_optimizer *optimizer, xhat_net *net)
{
    double scale = 1;
    optimizer->step++;
    if (optimizer->clip_norm > 0) {
        double norm = xhat_net_gradient_norm(net);
        if (norm > optimizer->clip_norm)
            scale = optimizer->clip_norm / norm;
    }
    for (size_t i = 0; i < net->tensor_count; i++) {
        const xhat_tensor *tensor = &net->tensors[i];
        if (tensor->gradient == NULL)
            continue;
        slopes slope = {.count = tensor->count,
                        .gradient = tensor->gradient,
                        .scale = (real)scale,
                        .reg = tensor->decays ? (real)optimizer->reg : 0};
        update(optimizer, tensor, slope, i);
    }
}
