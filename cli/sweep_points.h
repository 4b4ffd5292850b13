/* The trainings of a sweep, one after the other.  What returns int is an exit
 * code, with the error said. */
#ifndef XHAT_CLI_SWEEP_POINTS_H
#define XHAT_CLI_SWEEP_POINTS_H

#include "sweep.h"

/* Data, read once for all points that share it.  Begins as zero. */
typedef struct cli_sweep_data {
    bool open;
    char key[512]; /* the values of the options that it depends on */
    xhat_dataset data;
    xhat_split split;
} cli_sweep_data;

/* Every option of every point is good, and no two share a folder: asked before
 * anything is trained. */
int cli_sweep_check_points(const cli_sweep *sweep);

/* Reads the data of the first point: its hash tells the sweep's data apart. */
int cli_sweep_look_at_data(cli_sweep *sweep, cli_sweep_data *shared);
void cli_sweep_close_data(cli_sweep_data *shared);

/* All that is not done, in order, until Ctrl-C. */
int cli_sweep_train_points(cli_sweep *sweep, cli_sweep_data *shared);

#endif
