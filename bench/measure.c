/* Times a shape: tellings, modes and the memory limit by turns. */
#include "measure.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "bound.h"
#include "samples.h"

enum {
    ROUNDS_LEAST = 5,
    ROUNDS_MOST = 64, /* a pass */
    SAMPLES_MAX = ROUNDS_MOST * BENCH_PASSES_MAX,
    CALLS_MOST = 1 << 16, /* a sample */
    SMALL = 1 << 20 /* bytes of x below which one thread may be the fastest */
};

/* a sample lasts at least this long when hot: the clock's own time vanishes */
static const double sample_seconds = 1e-4;

/* One thing that is timed: a traffic loop or a telling. */
typedef struct turn {
    bool traffic;
    bench_bound bound; /* of a loop */
    bench_loop loop;
    int threads; /* of the loop */
    bench_method method;
    bench_mode mode;
    size_t calls; /* a sample */
    size_t count;
    double samples[SAMPLES_MAX];
    double pass_median[BENCH_PASSES_MAX];
} turn;

/* five loops on two numbers of threads (a problem has at most two bounds, with
 * different loops), and every method in every mode */
enum { TURNS_MAX = 2 * BENCH_LOOPS + BENCH_METHODS * BENCH_MODES };

typedef struct bout {
    const bench_settings *settings;
    bench_problem problem;
    bench_workload workload;
    bench_cache cache;
    const bench_loop_table *loops;
    unsigned char *eviction; /* [eviction_bytes]; NULL when all is hot */
    size_t eviction_bytes;
    int turn_count;
    turn turns[TURNS_MAX];
} bout;

static bool has(unsigned bits, int which)
{
    return (bits & (1u << which)) != 0;
}

/* ---- what takes turns ---------------------------------------------------- */

static bool bound_wanted(const bout *b, bench_bound bound)
{
    for (int mode = 0; mode < BENCH_MODES; mode++)
        if (has(b->settings->modes, mode) &&
            bench_bound_of(b->problem.fusion, (bench_mode)mode) == bound)
            return true;
    return false;
}

/* the loops of one bound, on every thread and, for small arrays, on one */
static void add_loops(bout *b, bench_bound bound, size_t bytes)
{
    int least = bytes > SMALL ? b->problem.threads : 1;
    for (int loop = 0; loop < BENCH_LOOPS; loop++) {
        if (!bench_bound_has(bound, (bench_loop)loop))
            continue;
        turn new = {.traffic = true,
                    .bound = bound,
                    .loop = (bench_loop)loop,
                    .threads = b->problem.threads};
        b->turns[b->turn_count++] = new;
        if (least == new.threads)
            continue;
        new.threads = least;
        b->turns[b->turn_count++] = new;
    }
}

static void add_turns(bout *b, size_t bytes)
{
    b->turn_count = 0;
    for (int bound = 0; bound < BENCH_BOUNDS; bound++)
        if (bound_wanted(b, (bench_bound)bound))
            add_loops(b, (bench_bound)bound, bytes);
    for (int method = 0; method < BENCH_METHODS; method++)
        for (int mode = 0; mode < BENCH_MODES; mode++)
            if (has(b->settings->methods, method) &&
                has(b->settings->modes, mode))
                b->turns[b->turn_count++] = (turn){
                    .method = (bench_method)method, .mode = (bench_mode)mode};
}

/* ---- time ---------------------------------------------------------------- */

static xhat_status call(bout *b, const turn *t, xhat_error *error)
{
    bench_workload *w = &b->workload;
    if (!t->traffic)
        return bench_workload_run(w, t->method, t->mode, error);
    bench_bound_move(t->bound, b->loops, t->loop, t->threads, w);
    return XHAT_OK;
}

/* seconds a call, of `calls` together; before them some that are not timed, or
 * an eviction */
static xhat_status sample(bout *b, const turn *t, size_t calls, double *seconds,
                          xhat_error *error)
{
    xhat_status status = XHAT_OK;
    if (b->cache == BENCH_COLD)
        bench_evict(b->problem.threads, b->eviction, b->eviction_bytes);
    double start = bench_seconds();
    for (int i = 0;
         b->cache == BENCH_HOT && bench_not_warm(i, start) && status == XHAT_OK;
         i++)
        status = call(b, t, error);
    start = bench_seconds();
    for (size_t i = 0; i < calls && status == XHAT_OK; i++)
        status = call(b, t, error);
    *seconds = (bench_seconds() - start) / (double)calls;
    return status;
}

/* chooses the calls of each sample; *round receives the seconds of a round */
static xhat_status calibrate(bout *b, double *round, xhat_error *error)
{
    *round = 0;
    for (int i = 0; i < b->turn_count; i++) {
        turn *t = &b->turns[i];
        double seconds = 0, start = bench_seconds();
        xhat_status status = sample(b, t, 1, &seconds, error);
        if (status == XHAT_OK)
            status = sample(b, t, 1, &seconds, error);
        if (status != XHAT_OK)
            return status;
        t->calls = 1;
        if (b->cache == BENCH_HOT && seconds < sample_seconds)
            t->calls = (size_t)fmin(CALLS_MOST,
                                    ceil(sample_seconds / fmax(seconds, 1e-9)));
        *round +=
            (bench_seconds() - start) / 2 + seconds * (double)(t->calls - 1);
    }
    return XHAT_OK;
}

static xhat_status time_pass(bout *b, int pass, xhat_error *error)
{
    double round;
    xhat_status status = calibrate(b, &round, error);
    double share = b->settings->seconds / b->settings->passes;
    int rounds = (int)fmin(ROUNDS_MOST, fmax(ROUNDS_LEAST, share / round));
    for (int r = 0; r < rounds && status == XHAT_OK; r++)
        for (int i = 0; i < b->turn_count && status == XHAT_OK; i++) {
            turn *t = &b->turns[i];
            status = sample(b, t, t->calls, &t->samples[t->count], error);
            t->count++;
        }
    for (int i = 0; i < b->turn_count && status == XHAT_OK; i++) {
        turn *t = &b->turns[i];
        t->pass_median[pass] =
            bench_median(t->samples + t->count - rounds, (size_t)rounds);
    }
    return status;
}

static xhat_status check_all(bout *b, xhat_error *error)
{
    xhat_status status = XHAT_OK;
    for (int i = 0; i < b->turn_count && status == XHAT_OK; i++)
        if (!b->turns[i].traffic)
            status = bench_workload_check(&b->workload, b->turns[i].method,
                                          b->turns[i].mode, error);
    return status;
}

/* all passes for one state of the caches */
static xhat_status run_passes(bout *b, bool check, xhat_error *error)
{
    xhat_status status = XHAT_OK;
    for (int pass = 0; pass < b->settings->passes && status == XHAT_OK;
         pass++) {
        status =
            bench_workload_open(&b->workload, &b->problem, b->settings->methods,
                                b->settings->modes, error);
        if (status == XHAT_OK && pass == 0) {
            add_turns(b, b->workload.bytes);
            if (check)
                status = check_all(b, error);
        }
        if (status == XHAT_OK)
            status = time_pass(b, pass, error);
        bench_workload_close(&b->workload);
    }
    return status;
}

/* ---- results ------------------------------------------------------------- */

/* the median of the fastest loop that moves what the mode moves; pass < 0:
 * over all passes */
static double limit(bout *b, bench_mode mode, int pass)
{
    double best = INFINITY;
    bench_bound bound = bench_bound_of(b->problem.fusion, mode);
    for (int i = 0; i < b->turn_count; i++) {
        turn *t = &b->turns[i];
        if (!t->traffic || t->bound != bound)
            continue;
        best = fmin(best, pass < 0 ? bench_median(t->samples, t->count)
                                   : t->pass_median[pass]);
    }
    return best;
}

static double pass_noise(bout *b, const turn *t, double fraction)
{
    double least = INFINITY, most = 0;
    for (int pass = 0; pass < b->settings->passes; pass++) {
        double f = limit(b, t->mode, pass) / t->pass_median[pass];
        least = fmin(least, f);
        most = fmax(most, f);
    }
    return (most - least) / fraction;
}

static void report(bout *b, turn *t, const xhat_spec *spec, const char *isa,
                   bench_result *result)
{
    double low = bench_quantile(t->samples, t->count, 0.25);
    double high = bench_quantile(t->samples, t->count, 0.75);
    *result = (bench_result){.problem = b->problem,
                             .spec = *spec,
                             .method = t->method,
                             .mode = t->mode,
                             .cache = b->cache,
                             .isa = t->method == BENCH_FUSED ? isa : "none",
                             .seconds = bench_median(t->samples, t->count),
                             .limit_seconds = limit(b, t->mode, -1),
                             .rounds = t->count};
    result->spread = (high - low) / result->seconds;
    result->fraction = result->limit_seconds / result->seconds;
    result->noise = pass_noise(b, t, result->fraction);
}

/* ---- the whole ----------------------------------------------------------- */

static xhat_status take_eviction(bout *b, xhat_error *error)
{
    long third = sysconf(_SC_LEVEL3_CACHE_SIZE);
    size_t size = third > 0 ? 2 * (size_t)third : 0;
    const size_t least = (size_t)64 << 20, most = (size_t)256 << 20;
    b->eviction_bytes = size < least ? least : size > most ? most : size;
    b->eviction = xhat_allocate(NULL, b->eviction_bytes, 1);
    if (b->eviction == NULL)
        return xhat_fail(error, XHAT_OUT_OF_MEMORY,
                         "no memory to evict the "
                         "caches with");
    memset(b->eviction, 1, b->eviction_bytes);
    return XHAT_OK;
}

static xhat_status measure_caches(bout *b, const xhat_spec *spec,
                                  const char *isa, bench_result *results,
                                  int *count, xhat_error *error)
{
    xhat_status status = XHAT_OK;
    bool check = true;
    for (int cache = BENCH_HOT; cache <= BENCH_COLD; cache++) {
        if (!has(b->settings->caches, cache))
            continue;
        b->cache = (bench_cache)cache;
        if ((status = run_passes(b, check, error)) != XHAT_OK)
            return status;
        check = false;
        for (int i = 0; i < b->turn_count; i++)
            if (!b->turns[i].traffic)
                report(b, &b->turns[i], spec, isa, &results[(*count)++]);
    }
    return XHAT_OK;
}

xhat_status bench_measure(const bench_problem *problem,
                          const bench_settings *settings, bench_result *results,
                          int *count, xhat_error *error)
{
    xhat_spec spec;
    xhat_plan *plan = NULL;
    *count = 0;
    xhat_status status = bench_problem_spec(problem, &spec, error);
    if (status == XHAT_OK)
        status = xhat_plan_create(&plan, &spec, NULL, error);
    if (status != XHAT_OK)
        return status;
    bout *b = xhat_allocate_zeroed(NULL, 1, sizeof *b);
    if (b == NULL) {
        status = xhat_fail(error, XHAT_OUT_OF_MEMORY, "no memory for samples");
    } else {
        b->settings = settings;
        b->problem = *problem;
        b->loops = bench_loops_widest();
        if (has(settings->caches, BENCH_COLD))
            status = take_eviction(b, error);
        if (status == XHAT_OK)
            status = measure_caches(b, &spec, xhat_plan_isa(plan), results,
                                    count, error);
        xhat_release(NULL, b->eviction);
    }
    xhat_release(NULL, b);
    xhat_plan_destroy(plan);
    return status;
}
