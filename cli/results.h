/* Arrays that a command computed, to be written under the names of cli.md. */
#ifndef XHAT_CLI_RESULTS_H
#define XHAT_CLI_RESULTS_H

#include "norm_options.h"

enum { CLI_RESULTS_MAX = 40 };

typedef struct cli_results {
    xhat_array items[CLI_RESULTS_MAX];
    size_t count;
} cli_results;

/* A new result in the dtype of the norm, with the shape of x, or (channels)
 * when x is NULL.  Returns its data, cleared and owned by *results; NULL when
 * memory is out. */
void *cli_results_add(cli_results *results, const cli_norm *norm,
                      const char *name, const xhat_array *x);
/* The same with a number for each statistic: each channel or, in layer norm,
 * each row. */
void *cli_results_add_statistic(cli_results *results, const cli_norm *norm,
                                const char *name);
void cli_results_free(cli_results *results);

static inline size_t cli_dtype_size(xhat_dtype dtype)
{
    return dtype == XHAT_F32 ? sizeof(float) : sizeof(double);
}

/* Writes from[count] into an array of the dtype. */
void cli_put(xhat_dtype dtype, void *to, const double *from, size_t count);

/* running_mean and running_var after this batch become results, when they were
 * given; the batch's statistics are used up. */
int cli_commit(const cli_norm *norm, xhat_statistics *statistics,
               cli_results *results);

/* Says that memory is out and returns the exit code for it. */
int cli_out_of_memory(void);

#endif
