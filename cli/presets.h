/* Experiments under a name: options that --preset stands for. */
#ifndef XHAT_CLI_PRESETS_H
#define XHAT_CLI_PRESETS_H

#include "cli.h"

/* The words of --preset, for the option tables of train and sweep. */
#define CLI_TRAIN_PRESETS "six-layer"
#define CLI_SWEEP_PRESETS "weight-scale|batch-size|layer-norm|depth"

/* What each one is, for help. */
extern const char cli_train_presets_help[], cli_sweep_presets_help[];

/* *to: the invocation with the options of its --preset before its own, so that
 * its own count.  A --grid over an option replaces the preset's --grid over it,
 * and so does the option itself.  Without --preset a copy.  CLI_USAGE for an
 * unknown preset or one of the other command. */
int cli_preset_apply(cli_invocation *to, const cli_invocation *from);

#endif
