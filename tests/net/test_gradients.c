/* The gradient of every parameter of whole nets, and of the input, against
 * central differences; in float64.  The batch is large enough that its
 * statistics are those of a batch and not of a few rows. */
#include "net_fixture.h"

#include "base/random.h"

enum { ROWS = 80, FEATURES = 5 };

typedef struct problem {
    xhat_net *net;
    size_t outputs;
    real x[ROWS * FEATURES];
    int32_t labels[ROWS];
    real targets[ROWS];
    xhat_truth truth;
    size_t samples[ROWS];
} problem;

static double loss_of(problem *p)
{
    assert_ok(xhat_net_forward(p->net, ROWS, true, p->x, error));
    return xhat_loss_of(p->net->spec.loss, ROWS, p->outputs, p->net->logits,
                        &p->truth)
               .sum /
           ROWS;
}

/* The five-point rule: its error is of the fourth order in the step.  No ReLU
 * of these nets comes within two steps of its kink. */
static double central_difference(problem *p, real *at)
{
    const double step = 2e-5;
    real kept = *at;
    double f[4];
    const double places[4] = {-2, -1, 1, 2};
    for (int i = 0; i < 4; i++) {
        *at = kept + places[i] * step;
        f[i] = loss_of(p);
    }
    *at = kept;
    return (f[0] - f[3] + 8 * (f[2] - f[1])) / (12 * step);
}

/* Relative to the largest gradient of the array, and to what the rounding of
 * the loss, of about 1e-16, becomes when it is divided by the step. */
static double check_all(problem *p, const char *name, real *values,
                        const real *gradient, size_t count)
{
    double largest = 0;
    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, fabs(gradient[i]));
    for (size_t i = 0; i < count; i++) {
        double expected = central_difference(p, &values[i]);
        if (!check_close(gradient[i], expected, 1e-7, 1e-7 * largest + 1e-10))
            fail_msg("%s[%zu]: %.12g but the difference is %.12g", name, i,
                     gradient[i], expected);
    }
    return largest;
}

static void open_problem(problem *p, const xhat_net_spec *spec)
{
    xhat_net_spec filled = *spec;
    *p = (problem){.outputs = spec->loss == XHAT_LOSS_SQUARED ? 1 : 3};
    filled.features = FEATURES;
    filled.classes = p->outputs;
    filled.max_rows = ROWS;
    filled.seed = 3;
    assert_ok(xhat_net_create(&p->net, &filled, NULL, error));
    assert_ok(xhat_net_prepare(p->net, ROWS, error));
    for (size_t i = 0; i < ROWS * FEATURES; i++)
        p->x[i] = 3 + xhat_random_normal(7, 0, i);
    for (size_t i = 0; i < ROWS; i++) {
        p->labels[i] = (int32_t)(i % 3);
        p->targets[i] = xhat_random_normal(9, 0, i);
        p->samples[i] = i;
    }
    p->truth = (xhat_truth){.labels = p->labels, .targets = p->targets};
    p->net->dropout = (xhat_dropout){
        .keep = filled.dropout, .samples = ROWS, .sample = p->samples};
    /* biases and the norm's parameters away from 0 and 1 */
    for (size_t t = 0; t < p->net->tensor_count; t++)
        for (size_t i = 0; i < p->net->tensors[t].count; i++)
            if (p->net->tensors[t].gradient != NULL)
                ((real *)p->net->tensors[t].value)[i] +=
                    0.1 * xhat_random_normal(8, t, i);
}

static void check_net(const xhat_net_spec *spec)
{
    problem p;
    real dx[ROWS * FEATURES];
    open_problem(&p, spec);
    loss_of(&p);
    xhat_loss_backward(spec->loss, ROWS, p.outputs, p.net->logits, &p.truth);
    assert_ok(xhat_net_backward(p.net, ROWS, p.x, dx, error));
    for (size_t t = 0; t < p.net->tensor_count; t++) {
        const xhat_tensor *tensor = &p.net->tensors[t];
        if (tensor->gradient == NULL)
            continue;
        double largest = check_all(&p, tensor->name, tensor->value,
                                   tensor->gradient, tensor->count);
        bool is_taken_away = spec->keep_bias && tensor->rank == 1 &&
                             t + 1 < p.net->tensor_count &&
                             p.net->tensors[t - 1].rank == 2;
        if (is_taken_away) /* the mean takes a bias away */
            assert_true(largest < 1e-13);
        else
            assert_true(largest > 1e-3);
    }
    assert_true(check_all(&p, "the input", p.x, dx, ROWS * FEATURES) > 1e-4);
    xhat_net_destroy(p.net);
}

static xhat_net_spec spec_of(xhat_net_norm norm, const size_t *hidden,
                             size_t count)
{
    xhat_net_spec spec = xhat_net_spec_default();
    spec.hidden = hidden;
    spec.hidden_count = count;
    spec.norm = norm;
    return spec;
}

static void each_norm_with_each_loss(void **state)
{
    (void)state;
    for (int norm = XHAT_NET_NORM_NONE; norm <= XHAT_NET_NORM_LAYER; norm++)
        for (int loss = XHAT_LOSS_SOFTMAX; loss <= XHAT_LOSS_SQUARED; loss++) {
            xhat_net_spec spec =
                spec_of((xhat_net_norm)norm, (size_t[]){7, 6}, 2);
            spec.loss = (xhat_loss_kind)loss;
            check_net(&spec);
        }
}

static void with_dropout(void **state)
{
    (void)state;
    for (int norm = XHAT_NET_NORM_NONE; norm <= XHAT_NET_NORM_LAYER; norm++) {
        xhat_net_spec spec = spec_of((xhat_net_norm)norm, (size_t[]){9, 6}, 2);
        spec.dropout = 0.7;
        check_net(&spec);
    }
}

static void with_a_bias_that_the_norm_takes_away(void **state)
{
    (void)state;
    xhat_net_spec spec = spec_of(XHAT_NET_NORM_BATCH, (size_t[]){7, 6}, 2);
    spec.keep_bias = true;
    check_net(&spec);
}

static void shallow_and_deep(void **state)
{
    (void)state;
    xhat_net_spec spec = spec_of(XHAT_NET_NORM_BATCH, NULL, 0);
    check_net(&spec);
    spec = spec_of(XHAT_NET_NORM_BATCH, (size_t[]){6, 6, 6, 6, 6}, 5);
    check_net(&spec);
    spec = spec_of(XHAT_NET_NORM_LAYER, (size_t[]){4}, 1);
    spec.eps = 1e-2;
    check_net(&spec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_norm_with_each_loss),
        cmocka_unit_test(with_dropout),
        cmocka_unit_test(with_a_bias_that_the_norm_takes_away),
        cmocka_unit_test(shallow_and_deep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
