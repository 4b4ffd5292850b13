/* --resume RUN: what the run's own run.json says of it. */
#ifndef XHAT_CLI_TRAIN_RESUME_H
#define XHAT_CLI_TRAIN_RESUME_H

#include "cli.h"

typedef struct cli_resumed {
    void *document; /* owns the words that the invocation points to */
    char hash[32];  /* of the data it was trained on */
    bool keeps_old; /* RUN.old holds the run before it */
} cli_resumed;

/* The command line that began the run, and then, on top, what of it was given
 * now.  cli_resumed_free releases *resumed, after an error too. */
int cli_resume_read(const cli_invocation *given, cli_invocation *merged,
                    cli_resumed *resumed);
void cli_resumed_free(cli_resumed *resumed);

#endif
