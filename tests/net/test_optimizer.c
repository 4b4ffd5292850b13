/* Optimizers against numbers worked out by hand, on a net of one weight and
 * one bias. */
#include "net_fixture.h"

typedef struct tiny {
    xhat_net *net;
    real *weight, *bias;
    xhat_optimizer optimizer;
} tiny;

static void tiny_open(tiny *t, xhat_optimizer_kind kind, double lr, double reg)
{
    xhat_net_spec spec = xhat_net_spec_default();
    spec.features = spec.classes = 1;
    assert_ok(xhat_net_create(&t->net, &spec, NULL, error));
    t->weight = t->net->head.weight;
    t->bias = t->net->head.bias;
    *t->weight = 0.5;
    xhat_training_options options = xhat_training_options_default(kind);
    options.lr = lr;
    options.reg = reg;
    assert_ok(
        xhat_optimizer_create(&t->optimizer, &options, t->net, NULL, error));
}

static void tiny_step(tiny *t, double dweight, double dbias)
{
    *t->net->head.dweight = (real)dweight;
    *t->net->head.dbias = (real)dbias;
    xhat_optimizer_step(&t->optimizer, t->net);
}

static void tiny_close(tiny *t)
{
    xhat_optimizer_free(&t->optimizer);
    xhat_net_destroy(t->net);
}

/* w - lr (g + reg w); the bias does not decay */
static void sgd(void **state)
{
    (void)state;
    tiny t;
    tiny_open(&t, XHAT_SGD, 0.1, 0.1);
    tiny_step(&t, 0.2, 0.2);
    assert_close(*t.weight, 0.475, 1e-6, 0);
    assert_close(*t.bias, -0.02, 1e-6, 0);
    tiny_step(&t, 0, 0);
    assert_close(*t.weight, 0.47025, 1e-6, 0);
    assert_close(*t.bias, -0.02, 1e-6, 0);
    tiny_close(&t);
}

/* v: -0.025, then 0.9 * -0.025 - 0.1 * 0.2475 = -0.04725 */
static void momentum(void **state)
{
    (void)state;
    tiny t;
    tiny_open(&t, XHAT_MOMENTUM, 0.1, 0.1);
    tiny_step(&t, 0.2, 0.2);
    assert_close(*t.weight, 0.475, 1e-6, 0);
    tiny_step(&t, 0.2, 0.2);
    assert_close(*t.weight, 0.42775, 1e-6, 0);
    assert_close(*t.bias, -0.058, 1e-6, 0);
    tiny_close(&t);
}

/* step 1: m = .02, v = 4e-5; m/.1 = .2, v/.001 = .04: the step is lr.
 * step 2: m = .008, v = 4.996e-5; m/.19 = .0421052632, v/.001999 = .0249924962
 *         whose root is .158090152: the step is 0.1 * 0.266337...            */
static void adam(void **state)
{
    (void)state;
    tiny t;
    tiny_open(&t, XHAT_ADAM, 0.1, 0);
    tiny_step(&t, 0.2, 1e-3);
    assert_close(*t.weight, 0.4, 1e-6, 0);
    assert_close(*t.bias, -0.1, 2e-5, 0); /* whatever the gradient's size */
    tiny_step(&t, -0.1, 0);
    assert_close(*t.weight, 0.4 - 0.1 * 0.0421052632 / 0.158090152, 2e-6, 0);
    tiny_close(&t);
}

/* w + p v - lr g: 0.5 - 0.9 * 0.02 - 0.02 = 0.462; then v = -0.038 and
 * w = 0.462 - 0.9 * 0.038 - 0.02 = 0.4078 */
static void nesterov(void **state)
{
    (void)state;
    tiny t;
    tiny_open(&t, XHAT_NESTEROV, 0.1, 0);
    tiny_step(&t, 0.2, 0);
    assert_close(*t.weight, 0.462, 1e-6, 0);
    tiny_step(&t, 0.2, 0);
    assert_close(*t.weight, 0.4078, 1e-6, 0);
    tiny_close(&t);
}

/* s = 0.01 * 0.04 = 4e-4, root 0.02: w = 0.5 - 0.1 * 0.2 / 0.02 = -0.5;
 * then s = 0.99 * 4e-4 + 0.01 * 0.01 = 4.96e-4, root 0.0222710574513 */
static void rmsprop(void **state)
{
    (void)state;
    tiny t;
    tiny_open(&t, XHAT_RMSPROP, 0.1, 0);
    tiny_step(&t, 0.2, 0);
    assert_close(*t.weight, -0.5, 1e-5, 0);
    tiny_step(&t, -0.1, 0);
    assert_close(*t.weight, -0.5 + 0.1 * 0.1 / 0.0222710574513, 1e-5, 0);
    tiny_close(&t);
}

/* the decay is of w alone, 1 - 0.1 * 0.01, and not of the bias */
static void adamw(void **state)
{
    (void)state;
    tiny t;
    tiny_open(&t, XHAT_ADAMW, 0.1, 0);
    *t.bias = 2;
    tiny_step(&t, 0.2, 0.1);
    assert_close(*t.weight, 0.5 * 0.999 - 0.1, 1e-6, 0);
    assert_close(*t.bias, 1.9, 1e-6, 0);
    tiny_close(&t);
}

/* (3, 4) has length 5: clipped to 1 it is (0.6, 0.8); to 10 it stays */
static void clipping(void **state)
{
    (void)state;
    tiny t;
    tiny_open(&t, XHAT_SGD, 0.1, 0);
    t.optimizer.clip_norm = 10;
    tiny_step(&t, 3, 4);
    assert_close(*t.weight, 0.2, 1e-6, 0);
    assert_close(xhat_net_gradient_norm(t.net), 5, 1e-12, 0);
    t.optimizer.clip_norm = 1;
    tiny_step(&t, 3, 4);
    assert_close(*t.weight, 0.14, 1e-6, 0);
    assert_close(*t.bias, -0.4 - 0.08, 1e-6, 0);
    tiny_close(&t);
}

static void length_of_many_gradients(void **state)
{
    (void)state;
    xhat_net *net;
    xhat_net_spec spec = xhat_net_spec_default();
    spec.features = 37; /* 37 * 5 weights and 5 biases: whole lanes and rests */
    spec.classes = 5;
    assert_ok(xhat_net_create(&net, &spec, NULL, error));
    double squares = 0;
    for (int i = 0; i < 37 * 5; i++) {
        net->head.dweight[i] = (real)i;
        squares += (double)i * i;
    }
    for (int i = 0; i < 5; i++) {
        net->head.dbias[i] = (real)(1000 + i);
        squares += (1000. + i) * (1000 + i);
    }
    assert_close(xhat_net_gradient_norm(net), sqrt(squares), 1e-14, 0);
    xhat_net_destroy(net);
}

static double rate(xhat_training_options options, size_t step)
{
    return xhat_training_lr(&options, step, 10); /* 10 steps an epoch */
}

static void schedules(void **state)
{
    (void)state;
    xhat_training_options options = xhat_training_options_default(XHAT_SGD);
    options.epochs = 4;
    options.lr = 2;
    assert_true(rate(options, 0) == 2 && rate(options, 39) == 2);
    options.schedule = XHAT_LR_EXPONENTIAL;
    options.lr_decay = 0.5;
    assert_close(rate(options, 9), 2, 1e-15, 0);
    assert_close(rate(options, 10), 1, 1e-15, 0);
    assert_close(rate(options, 39), 0.25, 1e-15, 0);
    options.schedule = XHAT_LR_STEP;
    options.decay_epochs = 1.5;
    assert_close(rate(options, 14), 2, 1e-15, 0);
    assert_close(rate(options, 15), 1, 1e-15, 0);
    assert_close(rate(options, 30), 0.5, 1e-15, 0);
    options.schedule = XHAT_LR_COSINE;
    assert_close(rate(options, 0), 2, 1e-15, 0);
    assert_close(rate(options, 20), 1, 1e-15, 0);
    assert_close(rate(options, 10), 1 + sqrt(0.5), 1e-15, 0);
    options.schedule = XHAT_LR_CONSTANT;
    options.warmup = 0.5;
    assert_close(rate(options, 0), 0.4, 1e-15, 0);
    assert_close(rate(options, 3), 1.6, 1e-15, 0);
    assert_close(rate(options, 4), 2, 1e-15, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sgd),       cmocka_unit_test(momentum),
        cmocka_unit_test(adam),      cmocka_unit_test(nesterov),
        cmocka_unit_test(rmsprop),   cmocka_unit_test(adamw),
        cmocka_unit_test(clipping),  cmocka_unit_test(length_of_many_gradients),
        cmocka_unit_test(schedules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
