/* The options that forward, backward, explain and check share, and what they
 * make of x: the spec, the parameters, the running statistics. */
#ifndef XHAT_CLI_NORM_OPTIONS_H
#define XHAT_CLI_NORM_OPTIONS_H

#include "cli.h"
#include "xhat/formats.h"
#include "xhat/xhat.h"

/* Those of every command that normalizes: --gamma --beta --no-affine
 * --running-mean --running-var --mode --eps --layout --convention --norm */
extern const cli_option cli_norm_options[];

/* Of forward alone, which updates running statistics: --momentum
 * --batches-seen */
extern const cli_option cli_running_options[];

/* Of forward and backward, which choose a telling: --method --dtype */
extern const cli_option cli_telling_options[];

typedef enum cli_method {
    CLI_METHOD_FUSED,
    CLI_METHOD_CLOSED,
    CLI_METHOD_STAGED
} cli_method;

typedef struct cli_norm {
    xhat_spec spec; /* dtype, view, eps, flags, threads */
    xhat_layout layout;
    cli_method method;
    bool eval;    /* --mode eval */
    bool per_row; /* --norm layer: a statistic for each row, not channel */
    xhat_convention convention;
    xhat_running_rule rule;
    uint64_t batches_seen;
    /* (channels) each; gamma and beta default to ones and zeros */
    double *gamma, *beta;
    double *running_mean, *running_var; /* NULL when not given */
} cli_norm;

/* Reads every norm option of the invocation for the input `x`; the file that x
 * came from may also hold gamma, beta, eps, running_mean and running_var,
 * which options override (file may be NULL). */
int cli_norm_read(cli_norm *norm, const cli_invocation *invocation,
                  const xhat_array *x, const xhat_arrays *file);
void cli_norm_free(cli_norm *norm);

/* Converts the parameters and running statistics to the dtype of the spec, so
 * that every telling computes with the same numbers. */
void cli_norm_round(cli_norm *norm);

#endif
