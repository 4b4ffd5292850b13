/* The grid of a sweep: options of train, each with the values it takes. */
#ifndef XHAT_CLI_SWEEP_GRID_H
#define XHAT_CLI_SWEEP_GRID_H

#include <stddef.h>

#include "cli.h"

enum {
    CLI_GRID_AXES = 4,
    CLI_GRID_VALUES = 200, /* of an axis */
    CLI_GRID_TEXT = 48,    /* bytes of a value */
    CLI_GRID_POINTS = 4000
};

typedef struct cli_axis {
    const cli_option *option;
    size_t count;
    char text[CLI_GRID_VALUES][CLI_GRID_TEXT]; /* as typed after the option */
    double number[CLI_GRID_VALUES];            /* when numeric */
    bool numeric, log; /* log: asked for, or so far apart as to want it */
} cli_axis;

typedef struct cli_grid {
    size_t count;
    cli_axis axes[CLI_GRID_AXES];
} cli_grid;

/* Reads every --grid of the invocation, in their order:
 *
 *     weight-scale=1e-4..1:20log     20 values, evenly spaced logarithms
 *     lr=0.001..0.01:4               4 values, evenly spaced
 *     seed=1..5                      whole numbers
 *     batch-size=5,10,50             those
 *     hidden=100x2;256,128           those, where a value holds a comma
 *
 * CLI_USAGE for an option that is none of the command's or takes no value, a
 * value that stands there twice, more than there is room for. */
int cli_grid_read(cli_grid *grid, const cli_invocation *invocation);

size_t cli_grid_points(const cli_grid *grid);

/* Which value of each axis makes point i; the last axis goes fastest. */
void cli_grid_place(const cli_grid *grid, size_t i, size_t at[CLI_GRID_AXES]);

/* "weight-scale=0.001,norm=batch", with characters that no file name should
 * have replaced; text[size] receives it. */
void cli_grid_name(const cli_grid *grid, size_t i, char *text, size_t size);

/* The axis of that option, or NULL. */
const cli_axis *cli_grid_axis(const cli_grid *grid, const char *name);

#endif
