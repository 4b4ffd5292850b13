/* What `xhat bench` was asked to measure. */
#ifndef XHAT_CLI_BENCH_OPTIONS_H
#define XHAT_CLI_BENCH_OPTIONS_H

#include "cli.h"
#include "bench/measure.h"
#include "bench/shapes.h"

typedef struct cli_bench {
    bench_shape_list shapes;
    unsigned layouts; /* bits 1 << XHAT_NC ...; 0: those of each rank */
    unsigned fusions; /* bits 1 << BENCH_PLAIN ... */
    xhat_dtype dtype;
    int threads;
    bench_settings settings;
    const char *compare; /* path of an older --json, or NULL */
} cli_bench;

extern const cli_option cli_bench_options[];

/* The caller calls cli_bench_free, also after a failure. */
int cli_bench_read(cli_bench *bench, const cli_invocation *invocation);
void cli_bench_free(cli_bench *bench);

#endif
