/* PyTorch, through ATen: the operators that torch.nn.BatchNorm calls, without
 * Python. */
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/ops/native_batch_norm_cpu_dispatch.h>
#include <ATen/ops/native_batch_norm_backward_cpu_dispatch.h>
#include <malloc.h>
#include <torch/version.h>

#include <cstdio>
#include <vector>

#include "peer.h"

using at::Tensor;

namespace {

struct state {
    const peer_case *c;
    bench_workload *w;
    Tensor x, dout, gamma, beta, running_mean, running_var, residual;
    Tensor out, save_mean, save_invstd, dx, dgamma, dbeta, dresidual;
} now;

c10::ScalarType type_of(const peer_case *c)
{
    return c->problem.dtype == XHAT_F32 ? at::kFloat : at::kDouble;
}

/* the array of the workload as a tensor N x C x spatial, with the strides of
 * its layout */
Tensor full(const peer_case *c, void *data)
{
    const bench_shape &shape = c->problem.shape;
    std::vector<int64_t> sizes(shape.size, shape.size + shape.rank);
    std::vector<int64_t> strides(sizes.size());
    int64_t stride = 1;
    bool last = c->problem.layout >= XHAT_NLC;
    if (last) {
        strides[1] = 1;
        stride = sizes[1];
    }
    for (int i = shape.rank - 1; i >= 0; i--)
        if (!(last && i == 1)) {
            strides[i] = stride;
            stride *= sizes[i];
        }
    return at::from_blob(data, sizes, strides, type_of(c));
}

Tensor channels(const peer_case *c, void *data, size_t count)
{
    return at::from_blob(data, {(int64_t)count}, type_of(c));
}

void forward()
{
    bool training = now.c->mode != BENCH_INFERENCE;
    /* training without running statistics, as xhat is timed */
    std::tie(now.out, now.save_mean, now.save_invstd) =
        at::cpu::native_batch_norm(
            now.x, now.gamma, now.beta, training ? Tensor() : now.running_mean,
            training ? Tensor() : now.running_var, training, 0.1,
            now.w->spec.eps);
    if (now.c->problem.fusion == BENCH_ADD_RELU)
        now.out.add_(now.residual);
    if (now.c->problem.fusion != BENCH_PLAIN)
        now.out.relu_();
}

void backward()
{
    Tensor dout = now.dout;
    if (now.c->problem.fusion != BENCH_PLAIN)
        dout = at::threshold_backward(now.dout, now.out, 0);
    now.dresidual = dout;
    std::tie(now.dx, now.dgamma, now.dbeta) = at::cpu::native_batch_norm_backward(
        dout, now.x, now.gamma, Tensor(), Tensor(), now.save_mean,
        now.save_invstd, true, now.w->spec.eps, {true, true, true});
}

} // namespace

const char *peer_name(void)
{
    static char name[80];
    std::snprintf(name, sizeof name, "PyTorch %s", TORCH_VERSION);
    return name;
}

bool peer_open(const peer_case *c, bench_workload *w,
               char message[PEER_MESSAGE])
{
    /* results are new tensors in every call: keep freed memory, so that their
     * pages are there already */
    mallopt(M_MMAP_MAX, 0);
    mallopt(M_TRIM_THRESHOLD, -1);
    mallopt(M_TOP_PAD, 64 << 20);
    at::set_num_threads(c->problem.threads);
    if (c->blocked) {
        std::snprintf(message, PEER_MESSAGE, "PyTorch has no such layout");
        return false;
    }
    now = state();
    now.c = c;
    now.w = w;
    size_t count = w->spec.channels;
    now.x = full(c, w->x);
    if (w->residual != nullptr)
        now.residual = full(c, w->residual);
    if (w->dout != nullptr)
        now.dout = full(c, w->dout);
    now.gamma = channels(c, w->gamma, count);
    now.beta = channels(c, w->beta, count);
    now.running_mean = channels(c, w->running_mean, count);
    now.running_var = channels(c, w->running_var, count);
    if (c->mode == BENCH_BACKWARD)
        forward();
    return true;
}

void peer_run(void)
{
    if (now.c->mode == BENCH_BACKWARD)
        backward();
    else
        forward();
}

void peer_fetch(void)
{
    size_t count = now.w->spec.channels;
    if (now.c->mode != BENCH_BACKWARD) {
        full(now.c, now.w->out).copy_(now.out);
        if (now.c->mode == BENCH_FORWARD) {
            channels(now.c, now.w->mean, count).copy_(now.save_mean);
            channels(now.c, now.w->invstd, count).copy_(now.save_invstd);
        }
        return;
    }
    full(now.c, now.w->dx).copy_(now.dx);
    if (now.w->dresidual != nullptr)
        full(now.c, now.w->dresidual).copy_(now.dresidual);
    channels(now.c, now.w->dgamma, count).copy_(now.dgamma);
    channels(now.c, now.w->dbeta, count).copy_(now.dbeta);
}

void peer_close(void)
{
    now = state();
}
