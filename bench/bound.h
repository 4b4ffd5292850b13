/* The limit of a mode: which plain loop moves what it has to move.
 *
 *     forward, inference             x -> out                  a copy
 *     backward                       x, dout -> dx             a triad
 *     ... with a residual added      x, residual -> out        a triad
 *     backward with a residual       x, dout -> dx, dresidual  two copies
 */
#ifndef XHAT_BENCH_BOUND_H
#define XHAT_BENCH_BOUND_H

#include "traffic.h"
#include "workload.h"

typedef enum bench_bound {
    BENCH_ONE_COPY = 0,
    BENCH_ONE_TRIAD = 1,
    BENCH_TWO_COPIES = 2,
    BENCH_BOUNDS = 3
} bench_bound;

bench_bound bench_bound_of(bench_fusion fusion, bench_mode mode);

/* Is it this kind of loop? */
bool bench_bound_has(bench_bound bound, bench_loop loop);

/* Moves it once, over the arrays of w, which was opened for a mode with that
 * bound; what was in out, dx and dresidual is lost. */
void bench_bound_move(bench_bound bound, const bench_loop_table *loops,
                      bench_loop loop, int threads, bench_workload *w);

#endif
