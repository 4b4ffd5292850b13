/* xhat check --list-mistakes: the catalogue, as text or JSON. */
#ifndef XHAT_CLI_LIST_MISTAKES_H
#define XHAT_CLI_LIST_MISTAKES_H

#include "cli.h"

int cli_list_mistakes(const cli_invocation *invocation);

#endif
