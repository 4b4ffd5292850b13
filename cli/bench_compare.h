/* xhat bench --compare: is this run slower than an older one?
 *
 * What is compared is the part of the limit that each case reaches: both its
 * times were taken by turns in one run, so that a machine that is slower today
 * is not mistaken for slower code.  A case is slower when it lost more than the
 * noise of both runs together: how far its passes were apart, or a sample's
 * quartiles, or the 90th percentile of these over this run, whichever is
 * most. */
#ifndef XHAT_CLI_BENCH_COMPARE_H
#define XHAT_CLI_BENCH_COMPARE_H

#include "bench_report.h"

typedef struct cli_bench_old {
    const char *path;
    char *cpu;           /* of that run; owned */
    bench_result *items; /* problem, method, mode, cache, times and noise */
    size_t count;
} cli_bench_old;

/* Reads an older --json.  CLI_DONE or CLI_INPUT; the caller frees *old, also
 * after a failure. */
int cli_bench_old_read(cli_bench_old *old, const char *path);
void cli_bench_old_free(cli_bench_old *old);

typedef struct cli_bench_verdict {
    const bench_result *before; /* NULL: the older run has no such case */
    double slowdown;            /* 1.1: a tenth slower, beside the limit */
    double allowed;             /* by the noise of both runs: 0.05 */
    bool slower;
} cli_bench_verdict;

/* Does the older run have cases of this problem? */
bool cli_bench_old_has(const cli_bench_old *old, const bench_problem *problem);

/* The verdict on results->items[i]. */
cli_bench_verdict cli_bench_judge(const cli_bench_old *old,
                                  const cli_bench_results *results, size_t i);

/* A line for each case that is slower, and what was compared. */
void cli_bench_put_verdicts(xhat_text *text, const cli_bench_old *old,
                            const cli_bench_results *results);

#endif
