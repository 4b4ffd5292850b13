/* What inspect found, and how it says it. */
#ifndef XHAT_CLI_INSPECT_FILE_H
#define XHAT_CLI_INSPECT_FILE_H

#include "cli.h"
#include "xhat/formats.h"

typedef struct cli_inspected {
    const char *operand; /* as the user named it */
    char path[4096];     /* the file that was read, or "" for a matrix */
    bool is_run, is_table;
    xhat_arrays arrays; /* unless is_table */
    xhat_table table;   /* if is_table */
} cli_inspected;

/* The finite ones of some numbers, and how many others there are. */
typedef struct cli_range {
    size_t count, nan, infinite; /* all; of them NaN; of them infinite */
    double least, mean, most;    /* NaN when none is finite */
    double deviation;            /* of the finite ones from their mean */
} cli_range;

cli_range cli_range_of_array(const xhat_array *array);
cli_range cli_range_of_column(const xhat_table *table,
                              const xhat_column *column);

/* How many different texts a column of text holds; 0 when memory is out. */
size_t cli_count_different(const xhat_table *table, size_t column);

/* Is the tensor of that name learned (0.weight), or a statistic of the data
 * (1.running_mean, input_mean)? */
bool cli_is_statistic(const char *name);

typedef struct cli_totals {
    size_t parameters, statistics, not_finite;
} cli_totals;

cli_totals cli_count_values(const xhat_arrays *arrays);

/* Is it a file of weights, and not of any arrays? */
bool cli_holds_weights(const xhat_arrays *arrays);

/* Lines on stdout: what a file of weights says of its net; how a run went, from
 * its run.json. */
void cli_print_model(const xhat_arrays *arrays);
void cli_print_run(const char *folder);

/* On stdout: a table of 80 columns, or one document. */
int cli_inspect_text(const cli_inspected *it);
int cli_inspect_json(const cli_inspected *it);

#endif
