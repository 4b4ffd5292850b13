/* Parsing a command line, and the help made from the same tables. */
#ifndef XHAT_CLI_OPTIONS_H
#define XHAT_CLI_OPTIONS_H

#include <stdio.h>

#include "cli.h"

/* words[count]: what follows the command's name. */
int cli_parse(cli_invocation *invocation, const cli_command *command, int count,
              const char *const *words);

/* The help of one command, examples first; of all, NULL-terminated. */
void cli_help_command(FILE *to, const cli_command *command);
void cli_help_all(FILE *to, const cli_command *const *commands);

#endif
