/* The options of train, parsed. */
#ifndef XHAT_CLI_TRAIN_OPTIONS_H
#define XHAT_CLI_TRAIN_OPTIONS_H

#include "net_input.h"

enum { CLI_HIDDEN_MOST = 512 };

/* Of every training, alone or in a sweep; and of one alone: --output --preset
 * --baseline --lr-find --resume. */
extern const cli_option cli_train_options[], cli_train_run_options[];

typedef struct cli_train_setup {
    const cli_invocation *invocation;
    const char *source;       /* DATA */
    const char *label, *drop; /* options of tables, or NULL */
    xhat_missing missing;
    char folder[CLI_PATH_SIZE]; /* RUN */
    size_t hidden[CLI_HIDDEN_MOST];
    xhat_target target; /* what the loss asks for; guessed without --loss */
    xhat_net_spec net;  /* points to hidden */
    xhat_training_options training;
    double validation;
    size_t train_rows; /* at most so many; 0: all */
    uint64_t seed;
    int threads;
    bool keeps_old; /* RUN.old holds the run before, until this one is done */
    bool baseline, precise_bn, lr_find, resume, json, quiet, force;
} cli_train_setup;

/* Every option of the invocation, with its default; the folder is chosen but
 * not made.  *setup may not move: it points into itself. */
int cli_train_setup_read(cli_train_setup *setup,
                         const cli_invocation *invocation);

#endif
