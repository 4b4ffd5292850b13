/* One training, from a new model or a saved state to a finished folder. */
#ifndef XHAT_CLI_TRAIN_RUN_H
#define XHAT_CLI_TRAIN_RUN_H

#include "train_report.h"

/* A run of this setup with this norm, in the setup's folder or a subfolder
 * ("/baseline"). */
void cli_run_prepare(cli_run *run, const cli_train_setup *setup,
                     xhat_net_norm norm, const char *subfolder,
                     size_t train_rows);

/* Trains it; run->status says how that ended.  An exit code for what is
 * nobody's run: files that cannot be written, memory. */
int cli_run_train(cli_run *run, const xhat_dataset *data,
                  const xhat_split *split);

/* --lr-find instead: the losses of rising rates, and a suggestion. */
int cli_run_find_rate(cli_run *run, const xhat_split *split);

#endif
