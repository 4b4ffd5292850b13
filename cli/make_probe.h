/* xhat check --make-probe: inputs that show every mistake of the catalogue. */
#ifndef XHAT_CLI_MAKE_PROBE_H
#define XHAT_CLI_MAKE_PROBE_H

#include "cli.h"

/* Writes x, dout, gamma, beta, eps, running_mean and running_var to `path`,
 * for --layout and with --eps. */
int cli_make_probe(const cli_invocation *invocation, const char *path);

#endif
