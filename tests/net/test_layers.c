#include "net_fixture.h"

#include "base/random.h"
#include "xhat/circuit.h"

/* log(1 + e^-1 + e^-2) and e^-2, e^-1, 1 over its argument, to 16 digits */
static const double log_sum = 0.4076059644443804;
static const double softmax_123[3] = {0.09003057317038046, 0.2447284710547977,
                                      0.6652409557748219};

static void loss_of_known_logits(void **state)
{
    (void)state;
    real logits[6] = {1, 2, 3, 1, 2, 3};
    const int32_t labels[2] = {2, 0};
    const xhat_truth truth = {.labels = labels};
    xhat_loss loss = xhat_loss_of(XHAT_LOSS_SOFTMAX, 2, 3, logits, &truth);
    assert_close(loss.sum, 2 * log_sum + 2, 1e-14, 0);
    assert_int_equal(loss.correct, 1);
    loss = xhat_loss_backward(XHAT_LOSS_SOFTMAX, 2, 3, logits, &truth);
    assert_close(loss.sum, 2 * log_sum + 2, 1e-14, 0);
    for (int r = 0; r < 2; r++)
        for (int k = 0; k < 3; k++)
            assert_close(logits[3 * r + k],
                         (softmax_123[k] - (labels[r] == k)) / 2, 0, 1e-7);
}

static void loss_of_huge_logits_is_finite(void **state)
{
    (void)state;
    real logits[4] = {1000, 0, -3e38f, 3e38f};
    const int32_t labels[2] = {1, 1};
    const xhat_truth truth = {.labels = labels};
    xhat_loss loss =
        xhat_loss_backward(XHAT_LOSS_SOFTMAX, 2, 2, logits, &truth);
    assert_close(loss.sum, 1000, 1e-15, 0);
    assert_close(logits[0], 0.5, 1e-7, 0);
    assert_close(logits[1], -0.5, 1e-7, 0);
    assert_close(logits[3], 0, 0, 1e-12);
}

/* margins 2, 3 of the row with label 0; none above 0 of the other */
static void hinge_by_hand(void **state)
{
    (void)state;
    real out[6] = {1, 2, 3, 5, 1, 4};
    const xhat_truth truth = {.labels = (const int32_t[]){0, 0}};
    xhat_loss loss = xhat_loss_of(XHAT_LOSS_HINGE, 2, 3, out, &truth);
    assert_close(loss.sum, 5, 1e-15, 0);
    assert_int_equal(loss.correct, 1);
    xhat_loss_backward(XHAT_LOSS_HINGE, 2, 3, out, &truth);
    const real gradient[6] = {-1, 0.5, 0.5, 0, 0, 0};
    assert_memory_equal(out, gradient, sizeof out);
    out[4] = NAN;
    assert_true(isnan(xhat_loss_of(XHAT_LOSS_HINGE, 2, 3, out, &truth).sum));
}

static void squared_by_hand(void **state)
{
    (void)state;
    real out[2] = {1, -2};
    const xhat_truth truth = {.targets = (const real[]){0.5, 1}};
    assert_close(xhat_loss_backward(XHAT_LOSS_SQUARED, 2, 1, out, &truth).sum,
                 9.25, 1e-15, 0);
    assert_true(out[0] == 0.5f && out[1] == -3);
}

/* ---- dropout ------------------------------------------------------------- */

enum { SAMPLES = 400, WIDTH = 37 };

static void drop(const xhat_dropout *dropout, size_t layer, size_t rows,
                 real *a)
{
    for (size_t i = 0; i < rows * WIDTH; i++)
        a[i] = 1;
    xhat_dropout_forward(dropout, layer, rows, WIDTH, a);
}

/* The same sample loses the same units in any batch, others in another epoch,
 * layer or seed. */
static void dropout_goes_by_the_sample(void **state)
{
    (void)state;
    const size_t all[4] = {7, 3, 100, 8}, two[2] = {100, 3};
    real a[4 * WIDTH], b[4 * WIDTH];
    xhat_dropout dropout = {
        .keep = 0.5, .seed = 5, .epoch = 2, .samples = SAMPLES, .sample = all};
    drop(&dropout, 1, 4, a);
    dropout.sample = two;
    drop(&dropout, 1, 2, b);
    assert_memory_equal(b, a + 2 * WIDTH, WIDTH * sizeof(real));
    assert_memory_equal(b + WIDTH, a + WIDTH, WIDTH * sizeof(real));
    drop(&dropout, 0, 2, a);
    assert_memory_not_equal(a, b, WIDTH * sizeof(real));
    dropout.epoch++;
    drop(&dropout, 1, 2, a);
    assert_memory_not_equal(a, b, WIDTH * sizeof(real));
    dropout.epoch--;
    dropout.seed++;
    drop(&dropout, 1, 2, a);
    assert_memory_not_equal(a, b, WIDTH * sizeof(real));
}

/* A share of keep survives, scaled so that the mean stays: binomial, with a
 * deviation of sqrt(p (1 - p) / n). */
static void dropout_keeps_its_share(void **state)
{
    (void)state;
    static real a[SAMPLES * WIDTH];
    size_t sample[SAMPLES], kept = 0, n = SAMPLES * WIDTH;
    const double keep = 0.8;
    for (size_t i = 0; i < SAMPLES; i++)
        sample[i] = i;
    xhat_dropout dropout = {.keep = keep, .samples = SAMPLES, .sample = sample};
    drop(&dropout, 0, SAMPLES, a);
    for (size_t i = 0; i < n; i++) {
        assert_true(a[i] == 0 || a[i] == (real)(1 / keep));
        kept += a[i] != 0;
    }
    assert_close((double)kept / (double)n, keep, 0,
                 4 * sqrt(keep * (1 - keep) / (double)n));
    real gradient[4] = {1, 2, 3, 4};
    const real out[4] = {0, 1.25, 2.5, 0};
    xhat_dropout_backward(keep, 4, out, gradient);
    const real expected[4] = {0, 2.5, 3.75, 0};
    assert_memory_equal(gradient, expected, sizeof gradient);
}

/* ---- layer norm ---------------------------------------------------------- */

/* Forward and backward against the nine gates over the other axis. */
static void layer_norm_is_the_circuit(void **state)
{
    (void)state;
    enum { ROWS = 6, UNITS = 11, N = ROWS * UNITS };
    xhat_norm_layer norm;
    xhat_run *run;
    real x[N], out[N], gradient[N];
    double wide[3][N], rectified[N];
    xhat_net_spec spec = xhat_net_spec_default();
    xhat_axes axes = xhat_axes_layer(ROWS, UNITS, 1);
    spec.norm = XHAT_NET_NORM_LAYER;
    spec.max_rows = ROWS;
    assert_ok(xhat_norm_create(&norm, UNITS, &spec, NULL, error));
    assert_ok(xhat_norm_prepare(&norm, ROWS, NULL, error));
    for (size_t i = 0; i < N; i++) {
        wide[0][i] = x[i] = (real)(5 + xhat_random_normal(1, 0, i));
        wide[1][i] = gradient[i] = (real)xhat_random_normal(1, 1, i);
    }
    assert_ok(xhat_run_create(&run, xhat_circuit_batchnorm(), &axes, spec.eps,
                              NULL, error));
    assert_ok(xhat_run_set(run, XHAT_SIDE_VALUE, XHAT_VALUE_X, wide[0], error));
    for (int part = 0; part < 2; part++) {
        real *to = part == 0 ? norm.gamma : norm.beta;
        for (size_t j = 0; j < UNITS; j++)
            wide[2][j] = to[j] = (real)xhat_random_normal(2, part, j);
        assert_ok(xhat_run_set(run, XHAT_SIDE_VALUE,
                               part == 0 ? XHAT_VALUE_GAMMA : XHAT_VALUE_BETA,
                               wide[2], error));
    }
    assert_ok(xhat_run_forward(run, error));
    const double *sum =
        xhat_run_field(run, XHAT_SIDE_VALUE, XHAT_VALUE_OUT).data;
    for (size_t i = 0; i < N; i++) { /* the ReLU behind the circuit */
        rectified[i] = fmax(sum[i], 0);
        wide[1][i] *= sum[i] > 0;
    }
    assert_ok(
        xhat_run_set(run, XHAT_SIDE_GRADIENT, XHAT_VALUE_OUT, wide[1], error));
    assert_ok(xhat_run_forward(run, error));
    assert_ok(xhat_run_backward(run, error));
    assert_ok(xhat_norm_forward(&norm, ROWS, true, x, out, error));
    assert_ok(xhat_norm_backward(&norm, ROWS, x, out, gradient, error));
    for (size_t i = 0; i < N; i++)
        assert_close(out[i], rectified[i], 2e-6, 2e-6);
    const struct {
        const real *mine;
        xhat_side side;
        int value;
        size_t count;
    } pairs[] = {{gradient, XHAT_SIDE_GRADIENT, XHAT_VALUE_X, N},
                 {norm.dgamma, XHAT_SIDE_GRADIENT, XHAT_VALUE_GAMMA, UNITS},
                 {norm.dbeta, XHAT_SIDE_GRADIENT, XHAT_VALUE_BETA, UNITS}};
    for (int k = 0; k < 3; k++)
        for (size_t i = 0; i < pairs[k].count; i++)
            assert_close(
                pairs[k].mine[i],
                xhat_run_field(run, pairs[k].side, pairs[k].value).data[i],
                2e-6, 2e-6);
    real evaluated[N];
    assert_ok(xhat_norm_forward(&norm, ROWS, false, x, evaluated, error));
    assert_memory_equal(evaluated, out, sizeof out);
    assert_ok(xhat_norm_commit(&norm, error)); /* nothing to commit */
    xhat_run_destroy(run);
    xhat_norm_free(&norm, NULL);
}

static void probabilities_sum_to_one(void **state)
{
    (void)state;
    double p[3];
    xhat_softmax(3, (real[]){501, 502, 503}, p);
    for (int k = 0; k < 3; k++)
        assert_close(p[k], softmax_123[k], 1e-14, 0);
}

static void relu_keeps_what_is_not_a_number(void **state)
{
    (void)state;
    real x[4] = {-1, 0, 2, NAN}, gradient[4] = {5, 6, 7, 8};
    xhat_relu_forward(4, x);
    assert_true(x[0] == 0 && x[1] == 0 && x[2] == 2 && isnan(x[3]));
    xhat_relu_backward(3, x, gradient);
    assert_true(gradient[0] == 0 && gradient[1] == 0 && gradient[2] == 7);
}

static void affine_by_hand(void **state)
{
    (void)state;
    xhat_affine affine;
    real out[4], dx[6];
    const real x[6] = {1, 2, 3, 4, 5, 6}, dout[4] = {1, 0, 2, -1};
    assert_ok(xhat_affine_create(&affine, 3, 2, true, NULL, error));
    const real weight[6] = {1, 0, -1, 2, 1, 0};
    memcpy(affine.weight, weight, sizeof weight);
    affine.bias[0] = 10;
    affine.bias[1] = 20;
    xhat_affine_forward(&affine, 2, x, out);
    const real expected[4] = {8, 24, 8, 33};
    assert_memory_equal(out, expected, sizeof out);
    xhat_affine_backward(&affine, 2, x, dout, dx);
    const real dweight[6] = {9, 12, 15, -4, -5, -6}, dbias[2] = {3, -1};
    const real dx_expected[6] = {1, 0, -1, 0, -1, -2};
    assert_memory_equal(affine.dweight, dweight, sizeof dweight);
    assert_memory_equal(affine.dbias, dbias, sizeof dbias);
    assert_memory_equal(dx, dx_expected, sizeof dx);
    xhat_affine_free(&affine, NULL);
}

static double deviation_of(const xhat_affine *affine)
{
    double sum = 0, squares = 0, n = (double)(affine->in * affine->out);
    for (size_t i = 0; i < affine->in * affine->out; i++) {
        sum += affine->weight[i];
        squares += (double)affine->weight[i] * affine->weight[i];
    }
    assert_close(sum / n, 0, 0, 4 * sqrt(squares / n / n));
    return sqrt(squares / n);
}

static void initial_weights(void **state)
{
    (void)state;
    const struct {
        xhat_initialization rule;
        double expected;
    } cases[] = {{XHAT_INIT_HE, 0.1},                     /* sqrt(2/200) */
                 {XHAT_INIT_XAVIER, 0.08164965809277261}, /* sqrt(2/300) */
                 {XHAT_INIT_FIXED, 0.03}};
    for (int i = 0; i < 3; i++) {
        xhat_net *net;
        xhat_net_spec spec = xhat_net_spec_default();
        spec.features = 200;
        spec.classes = 2;
        spec.hidden = (size_t[]){100};
        spec.hidden_count = 1;
        spec.initialization = cases[i].rule;
        spec.weight_scale = 0.03;
        assert_ok(xhat_net_create(&net, &spec, NULL, error));
        assert_close(deviation_of(&net->blocks[0].affine), cases[i].expected,
                     0.02, 0);
        assert_null(net->blocks[0].affine.bias);
        assert_non_null(net->head.bias);
        xhat_net_destroy(net);
    }
}

static void tensors_are_named_as_in_pytorch(void **state)
{
    (void)state;
    static const char *const with[] = {"0.weight",      "1.weight",
                                       "1.bias",        "1.running_mean",
                                       "1.running_var", "1.num_batches_tracked",
                                       "3.weight",      "3.bias"};
    static const char *const without[] = {"0.weight", "0.bias", "2.weight",
                                          "2.bias"};
    for (int norm = 0; norm < 2; norm++) {
        xhat_net *net;
        xhat_net_spec spec = xhat_net_spec_default();
        spec.features = 3;
        spec.classes = 2;
        spec.hidden = (size_t[]){4};
        spec.hidden_count = 1;
        spec.norm = (xhat_net_norm)norm;
        assert_ok(xhat_net_create(&net, &spec, NULL, error));
        assert_int_equal(net->tensor_count, norm ? 8 : 4);
        for (size_t i = 0; i < net->tensor_count; i++)
            assert_string_equal(net->tensors[i].name,
                                (norm ? with : without)[i]);
        assert_int_equal(net->tensors[0].shape[0], 4);
        assert_int_equal(net->tensors[0].shape[1], 3);
        assert_int_equal(xhat_net_parameter_count(net),
                         norm ? 12 + 8 + 10 : 16 + 10);
        xhat_net_destroy(net);
    }
}

static void bad_specs_are_refused(void **state)
{
    (void)state;
    xhat_net *net;
    xhat_net_spec spec = xhat_net_spec_default();
    spec.features = 3;
    spec.classes = 2;
    spec.hidden = (size_t[]){4, 0};
    spec.hidden_count = 2;
    assert_fails(xhat_net_create(&net, &spec, NULL, error),
                 XHAT_INVALID_ARGUMENT, "hidden layer 2 has width 0");
    spec.hidden_count = 1;
    spec.eps = -1;
    assert_fails(xhat_net_create(&net, &spec, NULL, error),
                 XHAT_INVALID_ARGUMENT, "eps = -1");
    spec.eps = 1e-5;
    spec.dropout = 0;
    assert_fails(xhat_net_create(&net, &spec, NULL, error),
                 XHAT_INVALID_ARGUMENT, "dropout = 0");
    spec.dropout = 1;
    spec.norm_momentum = NAN;
    assert_fails(xhat_net_create(&net, &spec, NULL, error),
                 XHAT_INVALID_ARGUMENT, "norm_momentum = nan");
    spec.norm_momentum = 0.1;
    spec.loss = XHAT_LOSS_SQUARED;
    assert_fails(xhat_net_create(&net, &spec, NULL, error),
                 XHAT_INVALID_ARGUMENT, "one output, not 2");
    spec.loss = XHAT_LOSS_SOFTMAX;
    spec.eps = 0;
    spec.hidden = (size_t[]){(size_t)1 << 40};
    assert_fails(xhat_net_create(&net, &spec, NULL, error),
                 XHAT_INVALID_ARGUMENT, "too large");
}

/* After one batch: running = 0.9 * first + 0.1 * batch, variance unbiased. */
static void running_statistics_follow_the_batch(void **state)
{
    (void)state;
    xhat_net *net;
    const real x[3] = {1, 2, 6}; /* mean 3, m2 = 14, unbiased variance 7 */
    xhat_net_spec spec = xhat_net_spec_default();
    spec.features = 1;
    spec.classes = 2;
    spec.hidden = (size_t[]){2};
    spec.hidden_count = 1;
    assert_ok(xhat_net_create(&net, &spec, NULL, error));
    net->blocks[0].affine.weight[0] = 1;
    net->blocks[0].affine.weight[1] = -2;
    assert_ok(xhat_net_prepare(net, 3, error));
    assert_ok(xhat_net_forward(net, 3, true, x, error));
    const xhat_running *running = &net->blocks[0].norm.running;
    const real *mean = running->mean, *var = running->var;
    assert_true(mean[0] == 0 && var[0] == 1); /* nothing before the commit */
    assert_ok(xhat_net_commit(net, error));
    assert_close(mean[0], 0.3, 1e-6, 0);
    assert_close(mean[1], -0.6, 1e-6, 0);
    assert_close(var[0], 0.9 + 0.7, 1e-6, 0);
    assert_close(var[1], 0.9 + 2.8, 1e-6, 0);
    assert_int_equal(running->batches, 1);
    xhat_net_destroy(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loss_of_known_logits),
        cmocka_unit_test(loss_of_huge_logits_is_finite),
        cmocka_unit_test(hinge_by_hand),
        cmocka_unit_test(squared_by_hand),
        cmocka_unit_test(dropout_goes_by_the_sample),
        cmocka_unit_test(dropout_keeps_its_share),
        cmocka_unit_test(layer_norm_is_the_circuit),
        cmocka_unit_test(probabilities_sum_to_one),
        cmocka_unit_test(relu_keeps_what_is_not_a_number),
        cmocka_unit_test(affine_by_hand),
        cmocka_unit_test(initial_weights),
        cmocka_unit_test(tensors_are_named_as_in_pytorch),
        cmocka_unit_test(bad_specs_are_refused),
        cmocka_unit_test(running_statistics_follow_the_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
