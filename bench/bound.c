/* The limit of a mode. */
#include "bound.h"

bench_bound bench_bound_of(bench_fusion fusion, bench_mode mode)
{
    bool backward = mode == BENCH_BACKWARD;
    if (fusion == BENCH_ADD_RELU)
        return backward ? BENCH_TWO_COPIES : BENCH_ONE_TRIAD;
    return backward ? BENCH_ONE_TRIAD : BENCH_ONE_COPY;
}

bool bench_bound_has(bench_bound bound, bench_loop loop)
{
    return (bound == BENCH_ONE_TRIAD) == (loop >= BENCH_TRIAD);
}

void bench_bound_move(bench_bound bound, const bench_loop_table *loops,
                      bench_loop loop, int threads, bench_workload *w)
{
    bool add = w->residual != NULL;
    if (bound == BENCH_ONE_TRIAD)
        bench_move(loops, loop, threads, add ? w->out : w->dx, w->x,
                   add ? w->residual : w->dout, w->bytes);
    else
        bench_move(loops, loop, threads,
                   bound == BENCH_ONE_COPY ? w->out : w->dx, w->x, NULL,
                   w->bytes);
    if (bound == BENCH_TWO_COPIES)
        bench_move(loops, loop, threads, w->dresidual, w->dout, NULL, w->bytes);
}
