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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sgd),
        cmocka_unit_test(momentum),
        cmocka_unit_test(adam),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
