/* The data of a training, read and split. */
#ifndef XHAT_CLI_TRAIN_DATA_H
#define XHAT_CLI_TRAIN_DATA_H

#include "train_options.h"

/* Reads DATA as the setup asks, says what it is, and fits the setup to it. */
int cli_train_data_read(const cli_invocation *invocation,
                        cli_train_setup *setup, xhat_dataset *data,
                        xhat_split *split);

/* What the setup takes from data that have been read before: numbers to be
 * predicted want the squared loss. */
void cli_train_data_fit(cli_train_setup *setup, const xhat_dataset *data);

#endif
