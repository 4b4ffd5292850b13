/* One call: normalize a batch of four rows with two features, and take the
 * gradient back through it.
 *
 *     cc 01-first-use.c $(pkg-config --cflags --libs xhat) && ./a.out */
#include <stdio.h>

#include <xhat/xhat.h>

int main(void)
{
    enum { N = 4, C = 2 };
    const float x[N * C] = {-4, 1, 2, 1, 4, 5, 10, 5};
    const float dout[N * C] = {1, 2, -1, 0, 3, 1, 1, 3};
    const float gamma[C] = {10, 4}, beta[C] = {1, -1};
    float out[N * C], dx[N * C], dgamma[C], dbeta[C];
    float mean[C], mean_low[C], invstd[C]; /* from forward to backward */
    xhat_error error;

    if (xhat_batchnorm_forward_f32(N, C, 1, x, gamma, beta, 1e-5, out, mean,
                                   mean_low, invstd, &error) != XHAT_OK ||
        xhat_batchnorm_backward_f32(N, C, 1, x, dout, gamma, 1e-5, mean,
                                    mean_low, invstd, dx, dgamma, dbeta,
                                    &error) != XHAT_OK) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    for (int i = 0; i < N; i++)
        printf("out %8.4f %8.4f    dx %8.4f %8.4f\n", (double)out[C * i],
               (double)out[C * i + 1], (double)dx[C * i],
               (double)dx[C * i + 1]);
    printf("dgamma %.4f %.4f    dbeta %.4f %.4f\n", (double)dgamma[0],
           (double)dgamma[1], (double)dbeta[0], (double)dbeta[1]);
    return 0;
}
