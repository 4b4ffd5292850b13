/* What `xhat bench` measured, for people and for programs. */
#ifndef XHAT_CLI_BENCH_REPORT_H
#define XHAT_CLI_BENCH_REPORT_H

#include "base/text.h"
#include "bench_options.h"

struct cli_bench_old; /* bench_compare.h */

typedef struct cli_bench_results {
    bench_result *items;
    size_t count, capacity;
} cli_bench_results;

/* false when memory is out */
bool cli_bench_results_add(cli_bench_results *results,
                           const bench_result *items, size_t count);

/* The name of this CPU, "unknown" where it has none; lies in `name`. */
const char *cli_bench_cpu(char name[80]);

/* The head and one row of the table, 80 columns. */
void cli_bench_head(xhat_text *text, const cli_bench *bench);
void cli_bench_row(xhat_text *text, const bench_result *result);

/* A line that names the fusion of the last `count` results, when the one before
 * them had another. */
void cli_bench_fusion(xhat_text *text, const cli_bench_results *results,
                      size_t count);

/* Geometric means of each class, method and state of the caches. */
void cli_bench_means(xhat_text *text, const cli_bench_results *results);

/* The same as one document; old is NULL without --compare. */
void cli_bench_json(xhat_text *text, const cli_bench *bench,
                    const cli_bench_results *results,
                    const struct cli_bench_old *old);

#endif
