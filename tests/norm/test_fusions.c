/* The ReLU and the residual taken into the pass: what comes out is what the
 * steps one after the other give. */
#include "check.h"
#include "numbers.h"
#include "xhat/xhat.h"

/* One layer in float32 with everything it reads and writes. */
typedef struct layer {
    xhat_spec spec;
    size_t elements;
    float *x, *dout, *residual, *gamma, *beta, *running_mean, *running_var;
    float *out, *mean, *mean_low, *invstd, *dx, *dresidual, *dgamma, *dbeta;
    unsigned char *mask;
} layer;

static float *some(size_t count, double mean, double deviation, uint64_t *seed)
{
    float *array = malloc((count + 1) * sizeof *array);
    for (size_t i = 0; i < count; i++)
        array[i] = (float)(mean + deviation * numbers_normal(seed));
    return array;
}

static layer layer_new(size_t outer, size_t channels, size_t inner,
                       unsigned fusion, xhat_method method, double deviation)
{
    uint64_t seed = 11;
    layer l = {.spec = xhat_spec_default(XHAT_F32)};
    size_t n = l.elements = outer * channels * inner;
    l.spec.outer = outer;
    l.spec.channels = channels;
    l.spec.inner = inner;
    l.spec.flags |= fusion;
    l.spec.method = method;
    l.x = some(n, 0.5, 1, &seed);
    for (size_t i = 0; i < n; i++) /* the odd one out is channel 1 */
        if (i / inner % channels == 1)
            l.x[i] *= (float)deviation;
    l.dout = some(n, 0.2, 1, &seed);
    l.residual = some(n, 0, 1, &seed);
    l.gamma = some(channels, 1, 0.3, &seed);
    l.beta = some(channels, 0.1, 0.5, &seed);
    l.running_mean = some(channels, 0.5, 0.1, &seed);
    l.running_var = some(channels, 1.2, 0.02, &seed);
    float **outputs[] = {&l.out, &l.dx, &l.dresidual};
    float **numbers[] = {&l.mean, &l.mean_low, &l.invstd, &l.dgamma, &l.dbeta};
    for (int i = 0; i < 3; i++)
        *outputs[i] = calloc(n + 1, sizeof(float));
    for (int i = 0; i < 5; i++)
        *numbers[i] = calloc(channels, sizeof(float));
    return l;
}

static void layer_free(layer *l)
{
    float *arrays[] = {l->x,      l->dout,         l->residual, l->gamma,
                       l->beta,   l->running_mean, l->out,      l->running_var,
                       l->mean,   l->mean_low,     l->invstd,   l->dx,
                       l->dgamma, l->dresidual,    l->dbeta};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        free(arrays[i]);
    free(l->mask);
}

/* Forward and backward, in training or with the running statistics. */
static void run(layer *l, bool frozen, const float *dout)
{
    const bool add = (l->spec.flags & XHAT_ADD_RELU) != 0;
    xhat_plan *plan;
    assert_ok(xhat_plan_create(&plan, &l->spec, NULL, error));
    size_t size = xhat_plan_scratch_size(plan);
    void *scratch = malloc(size);
    free(l->mask);
    l->mask = calloc(1, xhat_plan_mask_size(plan) + 1);
    xhat_forward_args forward = {.x = l->x,
                                 .gamma = l->gamma,
                                 .beta = l->beta,
                                 .residual = add ? l->residual : NULL,
                                 .out = l->out,
                                 .mask = add ? l->mask : NULL,
                                 .mean = l->mean,
                                 .mean_low = l->mean_low,
                                 .invstd = l->invstd,
                                 .scratch = scratch,
                                 .scratch_size = size};
    xhat_inference_args inference = {.x = l->x,
                                     .gamma = l->gamma,
                                     .beta = l->beta,
                                     .residual = add ? l->residual : NULL,
                                     .running_mean = l->running_mean,
                                     .running_var = l->running_var,
                                     .out = l->out,
                                     .mask = add ? l->mask : NULL,
                                     .scratch = scratch,
                                     .scratch_size = size};
    xhat_backward_args backward = {.x = l->x,
                                   .dout = dout,
                                   .gamma = l->gamma,
                                   .beta = l->beta,
                                   .mask = add ? l->mask : NULL,
                                   .mean = l->mean,
                                   .mean_low = l->mean_low,
                                   .invstd = l->invstd,
                                   .dx = l->dx,
                                   .dresidual = add ? l->dresidual : NULL,
                                   .dgamma = l->dgamma,
                                   .dbeta = l->dbeta,
                                   .scratch = scratch,
                                   .scratch_size = size};
    xhat_frozen_backward_args constant = {.x = l->x,
                                          .dout = dout,
                                          .gamma = l->gamma,
                                          .beta = l->beta,
                                          .mask = add ? l->mask : NULL,
                                          .running_mean = l->running_mean,
                                          .running_var = l->running_var,
                                          .dx = l->dx,
                                          .dresidual =
                                              add ? l->dresidual : NULL,
                                          .dgamma = l->dgamma,
                                          .dbeta = l->dbeta,
                                          .scratch = scratch,
                                          .scratch_size = size};
    if (frozen) {
        assert_ok(xhat_inference(plan, &inference, error));
        assert_ok(xhat_frozen_backward(plan, &constant, error));
    } else {
        assert_ok(xhat_forward(plan, &forward, error));
        assert_ok(xhat_backward(plan, &backward, error));
    }
    free(scratch);
    xhat_plan_destroy(plan);
}

static double size_of_all(const float *array, size_t count)
{
    double largest = 0;
    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, fabs((double)array[i]));
    return largest;
}

/* Both arrays agree to some units of float32 relative to their largest. */
static void assert_near(const char *name, const float *a, const float *b,
                        size_t count)
{
    double bound = 2e-6 * size_of_all(b, count) + 1e-30;
    for (size_t i = 0; i < count; i++)
        if (!(fabs((double)a[i] - (double)b[i]) <= bound))
            fail_msg("%s[%zu]: %g, one after the other %g", name, i,
                     (double)a[i], (double)b[i]);
}

/* The same, each channel relative to its own largest. */
static void assert_near_by_channel(const layer *l, const float *a,
                                   const float *b)
{
    const size_t inner = l->spec.inner, channels = l->spec.channels;
    float *one = malloc(2 * l->elements * sizeof *one);
    for (size_t c = 0; c < channels; c++) {
        size_t count = 0, half = l->elements;
        for (size_t o = 0; o < l->spec.outer; o++)
            for (size_t i = 0; i < inner; i++, count++) {
                one[count] = a[(o * channels + c) * inner + i];
                one[half + count] = b[(o * channels + c) * inner + i];
            }
        assert_near("dx of a channel", one, one + half, count);
    }
    free(one);
}

/* The fused layer against the plain one and loops for the rest. */
static void compare(size_t outer, size_t channels, size_t inner,
                    unsigned fusion, xhat_method method, bool frozen,
                    double deviation)
{
    layer fused = layer_new(outer, channels, inner, fusion, method, deviation);
    layer plain = layer_new(outer, channels, inner, 0, method, deviation);
    const bool add = fusion == XHAT_ADD_RELU;
    const size_t n = plain.elements;
    float *gated = malloc((n + 1) * sizeof *gated);
    run(&plain, frozen, plain.dout);
    for (size_t i = 0; i < n; i++) {
        float sum = add ? plain.out[i] + plain.residual[i] : plain.out[i];
        gated[i] = sum > 0 ? plain.dout[i] : 0;
        plain.out[i] = sum < 0 ? 0 : sum;
    }
    run(&fused, frozen, fused.dout);
    assert_memory_equal(fused.out, plain.out, n * sizeof *gated);
    if (add)
        assert_memory_equal(fused.dresidual, gated, n * sizeof *gated);
    memcpy(plain.dout, gated, n * sizeof *gated);
    run(&plain, frozen, gated);
    assert_near_by_channel(&plain, fused.dx, plain.dx);
    assert_near("dgamma", fused.dgamma, plain.dgamma, channels);
    assert_near("dbeta", fused.dbeta, plain.dbeta, channels);
    /* in place: dx over dout */
    memcpy(plain.dx, fused.dx, n * sizeof *gated);
    free(fused.dx);
    fused.dx = fused.dout;
    run(&fused, frozen, fused.dout);
    fused.dx = NULL;
    assert_memory_equal(fused.dout, plain.dx, n * sizeof *gated);
    free(gated);
    layer_free(&fused);
    layer_free(&plain);
}

static void one_after_the_other(void **state)
{
    (void)state;
    const size_t shapes[][3] = {{9, 5, 1},   {70, 67, 1},  {600, 33, 1},
                                {3, 4, 50},  {2, 40, 49},  {40, 3, 700},
                                {9, 41, 49}, {40, 200, 3}, {700, 70, 4}};
    const unsigned fusions[] = {XHAT_RELU, XHAT_ADD_RELU};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (int f = 0; f < 2; f++)
            for (int method = XHAT_FUSED; method <= XHAT_CLOSED; method++)
                for (int frozen = 0; frozen <= 1; frozen++)
                    compare(shapes[s][0], shapes[s][1], shapes[s][2],
                            fusions[f], (xhat_method)method, frozen, 1);
}

/* A channel at the end of the type is computed with care, and with it, where
 * a mask is kept, its neighbors: they must not suffer. */
static void an_extreme_channel(void **state)
{
    (void)state;
    const unsigned fusions[] = {XHAT_RELU, XHAT_ADD_RELU};
    /* the last one is written past the caches, whatever they are */
    const struct {
        size_t channels, inner;
    } shapes[] = {{40, 1}, {40, 20}, {800, 100}};
    for (int f = 0; f < 2; f++)
        for (int s = 0; s < 3; s++) {
            const size_t channels = shapes[s].channels, inner = shapes[s].inner;
            layer l =
                layer_new(30, channels, inner, fusions[f], XHAT_FUSED, 1e37);
            layer closed =
                layer_new(30, channels, inner, fusions[f], XHAT_CLOSED, 1e37);
            run(&l, false, l.dout);
            run(&closed, false, closed.dout);
            assert_near("out", l.out, closed.out, l.elements);
            assert_near_by_channel(&l, l.dx, closed.dx);
            assert_near("dgamma", l.dgamma, closed.dgamma, channels);
            if (fusions[f] == XHAT_ADD_RELU)
                assert_memory_equal(l.dresidual, closed.dresidual,
                                    l.elements * sizeof(float));
            layer_free(&l);
            layer_free(&closed);
        }
}

static void refusals(void **state)
{
    (void)state;
    xhat_spec spec = xhat_spec_default(XHAT_F32);
    xhat_plan *plan;
    spec.outer = 4;
    spec.channels = 2;
    spec.flags |= XHAT_RELU | XHAT_ADD_RELU;
    assert_fails(xhat_plan_create(&plan, &spec, NULL, error),
                 XHAT_INVALID_ARGUMENT, "both XHAT_RELU and XHAT_ADD_RELU");
    spec.flags &= ~(unsigned)XHAT_RELU;
    assert_ok(xhat_plan_create(&plan, &spec, NULL, error));
    assert_int_equal(xhat_plan_mask_size(plan), 4 * 4);
    float x[8] = {1, 2, 3, 4}, some[8] = {1, 1}, out[8] = {0}, kept[8] = {0};
    float mean[2], low[2], invstd[2];
    size_t size = xhat_plan_scratch_size(plan);
    void *scratch = malloc(size);
    xhat_forward_args args = {.x = x,
                              .gamma = some,
                              .beta = some,
                              .out = out,
                              .mean = mean,
                              .mean_low = low,
                              .invstd = invstd,
                              .scratch = scratch,
                              .scratch_size = size};
    assert_fails(xhat_forward(plan, &args, error), XHAT_INVALID_ARGUMENT,
                 "residual is NULL but the spec has XHAT_ADD_RELU");
    xhat_backward_args backward = {.x = x,
                                   .dout = x,
                                   .gamma = some,
                                   .mean = mean,
                                   .mean_low = low,
                                   .invstd = invstd,
                                   .dx = out,
                                   .dresidual = kept,
                                   .scratch = scratch,
                                   .scratch_size = size};
    assert_fails(xhat_backward(plan, &backward, error), XHAT_INVALID_ARGUMENT,
                 "mask is NULL");
    for (int i = 0; i < 8; i++)
        assert_true(out[i] == 0);
    free(scratch);
    xhat_plan_destroy(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_after_the_other),
        cmocka_unit_test(an_extreme_channel),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
