// The same header from C++.
#include <cstdio>
#include <vector>

#include <xhat/xhat.h>

int main()
{
    const std::vector<double> x = {1, 10, 2, 20, 4, 40};
    std::vector<double> out(6), mean(2), mean_low(2), invstd(2);
    xhat_error error;
    if (xhat_batchnorm_forward_f64(3, 2, 1, x.data(), nullptr, nullptr, 0,
                                   out.data(), mean.data(), mean_low.data(),
                                   invstd.data(), &error) != XHAT_OK) {
        std::fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    for (int row = 0; row < 3; row++)
        std::printf("%9.6f %9.6f\n", out[2 * row], out[2 * row + 1]);
    return 0;
}
