/* Whole nets in double: every parameter's gradient, and the input's, against
 * central differences. */
#include "net_fixture.h"

#include "base/random.h"

enum { ROWS = 9, FEATURES = 5, CLASSES = 3 };

typedef struct problem {
    xhat_net *net;
    real x[ROWS * FEATURES];
    int32_t labels[ROWS];
} problem;

static double loss_of(problem *p)
{
    assert_ok(xhat_net_forward(p->net, ROWS, true, p->x, error));
    return xhat_loss_of(XHAT_LOSS_SOFTMAX, ROWS, CLASSES, p->net->logits,
                        &(xhat_truth){.labels = p->labels})
               .sum /
           ROWS;
}

static double central_difference(problem *p, real *at)
{
    const double step = 1e-5;
    real kept = *at;
    *at = kept + step;
    double above = loss_of(p);
    *at = kept - step;
    double below = loss_of(p);
    *at = kept;
    return (above - below) / (2 * step);
}

static void check_all(problem *p, const char *name, real *values,
                      const real *gradient, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        double expected = central_difference(p, &values[i]);
        if (!check_close(gradient[i], expected, 1e-7, 1e-9))
            fail_msg("%s[%zu]: %.12g but the difference is %.12g", name, i,
                     gradient[i], expected);
    }
}

static double check_net(xhat_net_norm norm, const size_t *hidden, size_t count)
{
    problem p;
    real dx[ROWS * FEATURES], largest = 0;
    xhat_net_spec spec = xhat_net_spec_default();
    spec.features = FEATURES;
    spec.classes = CLASSES;
    spec.hidden = hidden;
    spec.hidden_count = count;
    spec.norm = norm;
    spec.eps = 1e-3;
    spec.seed = 3;
    spec.max_rows = ROWS;
    assert_ok(xhat_net_create(&p.net, &spec, NULL, error));
    assert_ok(xhat_net_prepare(p.net, ROWS, error));
    for (size_t i = 0; i < ROWS * FEATURES; i++)
        p.x[i] = xhat_random_normal(7, 0, i);
    for (int i = 0; i < ROWS; i++)
        p.labels[i] = i % CLASSES;
    /* biases and the norm's parameters away from 0 and 1 */
    for (size_t t = 0; t < p.net->tensor_count; t++)
        for (size_t i = 0; i < p.net->tensors[t].count; i++)
            if (p.net->tensors[t].gradient != NULL)
                ((real *)p.net->tensors[t].value)[i] +=
                    0.1 * xhat_random_normal(8, t, i);

    loss_of(&p);
    xhat_loss_backward(XHAT_LOSS_SOFTMAX, ROWS, CLASSES, p.net->logits,
                       &(xhat_truth){.labels = p.labels});
    assert_ok(xhat_net_backward(p.net, ROWS, p.x, dx, error));
    for (size_t t = 0; t < p.net->tensor_count; t++) {
        xhat_tensor *tensor = &p.net->tensors[t];
        if (tensor->gradient == NULL)
            continue;
        check_all(&p, tensor->name, tensor->value, tensor->gradient,
                  tensor->count);
        for (size_t i = 0; i < tensor->count; i++)
            largest = fmax(largest, fabs(tensor->gradient[i]));
    }
    check_all(&p, "the input", p.x, dx, ROWS * FEATURES);
    xhat_net_destroy(p.net);
    return largest;
}

static void with_norm(void **state)
{
    (void)state;
    assert_true(check_net(XHAT_NET_NORM_BATCH, (size_t[]){7, 6}, 2) > 0.01);
    assert_true(check_net(XHAT_NET_NORM_BATCH, (size_t[]){4}, 1) > 0.01);
}

static void without_norm(void **state)
{
    (void)state;
    assert_true(check_net(XHAT_NET_NORM_NONE, (size_t[]){7, 6, 5}, 3) > 0.01);
}

static void without_hidden_layers(void **state)
{
    (void)state;
    assert_true(check_net(XHAT_NET_NORM_BATCH, NULL, 0) > 0.01);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_norm),
        cmocka_unit_test(without_norm),
        cmocka_unit_test(without_hidden_layers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
