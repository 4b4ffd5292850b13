/* Spec, plan, execute: a layer over images that trains, keeps running
 * statistics, and is then used for inference.  Nothing is allocated inside the
 * loop: the caller owns every array. */
#include <stdio.h>
#include <stdlib.h>

#include <xhat/xhat.h>

enum { N = 8, C = 3, H = 5, W = 4, ELEMENTS = N * C * H * W };

static int fail(const xhat_error *error)
{
    fprintf(stderr, "%s\n", error->message);
    return 1;
}

/* a batch whose channel c has about mean 10 c and deviation c + 1 */
static void next_batch(float *x)
{
    for (int i = 0; i < ELEMENTS; i++) {
        int c = i / (H * W) % C;
        float unit = (float)rand() / (float)RAND_MAX * 3.4641f - 1.7321f;
        x[i] = 10.0f * (float)c + (float)(c + 1) * unit;
    }
}

int main(void)
{
    static float x[ELEMENTS], out[ELEMENTS];
    float gamma[C] = {1, 1, 1}, beta[C] = {0, 0, 0};
    float mean[C], mean_low[C], invstd[C];
    float running_mean[C] = {0, 0, 0}, running_var[C] = {1, 1, 1};
    double batch_mean[C], batch_m2[C];
    xhat_error error;
    xhat_plan *plan;

    xhat_spec spec = xhat_spec_default(XHAT_F32);
    const size_t shape[] = {N, C, H, W};
    if (xhat_spec_set_shape(&spec, XHAT_NCHW, 4, shape, &error) != XHAT_OK ||
        xhat_plan_create(&plan, &spec, NULL, &error) != XHAT_OK)
        return fail(&error);
    void *scratch = malloc(xhat_plan_scratch_size(plan));

    xhat_running_rule rule = xhat_running_rule_preset(XHAT_TORCH);
    xhat_running running = {XHAT_F32, C, running_mean, running_var, 0};
    xhat_statistics batch = {C, 0, batch_mean, batch_m2};
    xhat_forward_args forward = {.x = x,
                                 .gamma = gamma,
                                 .beta = beta,
                                 .out = out,
                                 .mean = mean,
                                 .mean_low = mean_low,
                                 .invstd = invstd,
                                 .statistics = &batch,
                                 .scratch = scratch,
                                 .scratch_size = xhat_plan_scratch_size(plan)};
    for (int step = 0; step < 100; step++) {
        next_batch(x);
        if (xhat_forward(plan, &forward, &error) != XHAT_OK ||
            xhat_running_commit(&running, &rule, &batch, NULL, &error) !=
                XHAT_OK)
            return fail(&error);
    }
    xhat_inference_args inference = {.x = x,
                                     .gamma = gamma,
                                     .beta = beta,
                                     .running_mean = running_mean,
                                     .running_var = running_var,
                                     .out = out,
                                     .scratch = scratch,
                                     .scratch_size =
                                         xhat_plan_scratch_size(plan)};
    if (xhat_inference(plan, &inference, &error) != XHAT_OK)
        return fail(&error);
    for (int c = 0; c < C; c++)
        printf("channel %d: running mean %5.1f, variance %4.1f\n", c,
               (double)running_mean[c], (double)running_var[c]);
    free(scratch);
    xhat_plan_destroy(plan);
    return 0;
}
