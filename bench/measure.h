/* Times a shape: tellings, modes and the memory limit by turns.
 *
 * Rounds: in each, everything that is timed has its turn once, so that whatever
 * slows the machine down for a while slows down all of them.  Passes: each
 * takes its arrays anew, because where they lie changes the time too; how far
 * the passes are apart is the noise that --compare allows for. */
#ifndef XHAT_BENCH_MEASURE_H
#define XHAT_BENCH_MEASURE_H

#include "workload.h"

/* Hot: a call after another one on the same arrays.  Cold: caches evicted
 * before each call. */
typedef enum bench_cache { BENCH_HOT = 0, BENCH_COLD = 1 } bench_cache;

typedef struct bench_settings {
    unsigned methods, modes; /* bits 1 << BENCH_... */
    unsigned caches;         /* bits 1 << BENCH_HOT, 1 << BENCH_COLD */
    double seconds;          /* about as long for a shape and cache; > 0 */
    int passes;              /* at least 1, at most BENCH_PASSES_MAX */
} bench_settings;

enum {
    BENCH_PASSES_MAX = 8,
    BENCH_RESULTS_MAX = 2 * BENCH_METHODS * BENCH_MODES
};

typedef struct bench_result {
    bench_problem problem;
    xhat_spec spec;
    bench_method method;
    bench_mode mode;
    bench_cache cache;
    const char *isa;      /* of the plan; "none" for plain C */
    double seconds;       /* a call: the median */
    double spread;        /* between the quartiles, relative to the median */
    double limit_seconds; /* the fastest traffic loop's median */
    double fraction;      /* limit_seconds / seconds */
    double noise;         /* the passes' fractions: (most - least) / fraction */
    size_t rounds;        /* timed, over all passes */
} bench_result;

/* Measures one problem into results[BENCH_RESULTS_MAX], *count of them, ordered
 * by cache, method, mode.  Everything is validated before it is timed.
 * Errors: those of bench_workload_open and bench_workload_check. */
XHAT_NODISCARD xhat_status bench_measure(const bench_problem *problem,
                                         const bench_settings *settings,
                                         bench_result *results, int *count,
                                         xhat_error *error);

#endif
