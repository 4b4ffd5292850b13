/* A folded layer against the layer with its norm, through xhat_inference. */
#include "check.h"
#include "numbers.h"
#include "xhat/xhat.h"

enum { ROWS = 5, IN = 7, OUT = 4 };

typedef struct layer {
    double x[ROWS * IN], weight[OUT * IN], bias[OUT];
    double gamma[OUT], beta[OUT], mean[OUT], var[OUT];
} layer;

static void fill(layer *l)
{
    uint64_t state = 5;
    numbers_fill(l->x, ROWS * IN, 1, 3, &state);
    numbers_fill(l->weight, OUT * IN, 0, 1, &state);
    numbers_fill(l->bias, OUT, -1, 1, &state);
    numbers_fill(l->gamma, OUT, 1, 1, &state);
    numbers_fill(l->beta, OUT, 0.5, 1, &state);
    numbers_fill(l->mean, OUT, 2, 1, &state);
    for (int c = 0; c < OUT; c++)
        l->var[c] = 0.1 + 3 * numbers_uniform(&state);
}

static void affine(const double *x, const double *weight, const double *bias,
                   double *out)
{
    for (int r = 0; r < ROWS; r++)
        for (int c = 0; c < OUT; c++) {
            out[r * OUT + c] = bias != NULL ? bias[c] : 0;
            for (int j = 0; j < IN; j++)
                out[r * OUT + c] += weight[c * IN + j] * x[r * IN + j];
        }
}

/* The layer and its norm, by the library's own inference. */
static void with_norm(const layer *l, const double *bias, const double *gamma,
                      const double *beta, double eps, double *out)
{
    double z[ROWS * OUT];
    affine(l->x, l->weight, bias, z);
    assert_ok(xhat_batchnorm_inference_f64(ROWS, OUT, 1, z, gamma, beta, eps,
                                           l->mean, l->var, out, error));
}

static void folded_layers_compute_the_same(void **state)
{
    (void)state;
    layer l;
    fill(&l);
    for (int given = 0; given < 8; given++) {
        const double *bias = given & 1 ? l.bias : NULL;
        const double *gamma = given & 2 ? l.gamma : NULL;
        const double *beta = given & 4 ? l.beta : NULL;
        double weight[OUT * IN], folded[OUT];
        double expected[ROWS * OUT], out[ROWS * OUT];
        assert_ok(xhat_fold(&(xhat_fold_args){.dtype = XHAT_F64,
                                              .channels = OUT,
                                              .in = IN,
                                              .eps = 1e-3,
                                              .gamma = gamma,
                                              .beta = beta,
                                              .running_mean = l.mean,
                                              .running_var = l.var,
                                              .weight = l.weight,
                                              .bias = bias,
                                              .folded_weight = weight,
                                              .folded_bias = folded},
                            error));
        with_norm(&l, bias, gamma, beta, 1e-3, expected);
        affine(l.x, weight, folded, out);
        for (int i = 0; i < ROWS * OUT; i++)
            assert_close(out[i], expected[i], 1e-13, 1e-13);
    }
}

/* In float32, in place: each number is the float64 one rounded once. */
static void float32_is_rounded_once(void **state)
{
    (void)state;
    layer l;
    float weight[OUT * IN], bias[OUT], gamma[OUT], beta[OUT], mean[OUT],
        var[OUT];
    fill(&l);
    for (int i = 0; i < OUT * IN; i++)
        weight[i] = (float)l.weight[i];
    for (int c = 0; c < OUT; c++) {
        bias[c] = (float)l.bias[c];
        gamma[c] = (float)l.gamma[c];
        beta[c] = (float)l.beta[c];
        mean[c] = (float)l.mean[c];
        var[c] = (float)l.var[c];
    }
    float kept[OUT * IN], kept_bias[OUT];
    memcpy(kept, weight, sizeof kept);
    memcpy(kept_bias, bias, sizeof kept_bias);
    assert_ok(
        xhat_fold(&(xhat_fold_args){XHAT_F32, OUT, IN, 1e-5, gamma, beta, mean,
                                    var, weight, bias, weight, bias},
                  error));
    for (int c = 0; c < OUT; c++) {
        double a = gamma[c] / sqrt((double)var[c] + 1e-5);
        assert_true(bias[c] ==
                    (float)(a * ((double)kept_bias[c] - mean[c]) + beta[c]));
        for (int j = c * IN; j < (c + 1) * IN; j++)
            assert_true(weight[j] == (float)(a * kept[j]));
    }
}

static void edges_are_those_of_inference(void **state)
{
    (void)state;
    layer l;
    double weight[OUT * IN], bias[OUT];
    fill(&l);
    l.var[0] = 0;      /* with eps = 0: out = beta */
    l.var[1] = -1e-30; /* NaN */
    assert_ok(xhat_fold(&(xhat_fold_args){XHAT_F64, OUT, IN, 0, l.gamma, l.beta,
                                          l.mean, l.var, l.weight, l.bias,
                                          weight, bias},
                        error));
    assert_true(bias[0] == l.beta[0] && weight[0] == 0);
    assert_true(isnan(bias[1]) && isnan(weight[IN]));
    assert_false(isnan(bias[2]));
}

static void bad_arguments_touch_nothing(void **state)
{
    (void)state;
    layer l;
    double weight[OUT * IN] = {7}, bias[OUT] = {7};
    fill(&l);
    xhat_fold_args args = {XHAT_F64, OUT,   IN,       -1,     l.gamma, l.beta,
                           l.mean,   l.var, l.weight, l.bias, weight,  bias};
    assert_fails(xhat_fold(&args, error), XHAT_INVALID_ARGUMENT, "eps = -1");
    args.eps = NAN;
    assert_fails(xhat_fold(&args, error), XHAT_INVALID_ARGUMENT, "eps");
    args.eps = 0;
    args.running_var = NULL;
    assert_fails(xhat_fold(&args, error), XHAT_INVALID_ARGUMENT,
                 "running_var is NULL");
    args.running_var = l.var;
    args.dtype = (xhat_dtype)9;
    assert_fails(xhat_fold(&args, error), XHAT_INVALID_ARGUMENT, "dtype = 9");
    assert_true(weight[0] == 7 && bias[0] == 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folded_layers_compute_the_same),
        cmocka_unit_test(float32_is_rounded_once),
        cmocka_unit_test(edges_are_those_of_inference),
        cmocka_unit_test(bad_arguments_touch_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
