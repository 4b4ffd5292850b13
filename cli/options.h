/* Parsing a command line, and the help made from the same tables. */
#ifndef XHAT_CLI_OPTIONS_H
#define XHAT_CLI_OPTIONS_H

#include <stdio.h>

#include "base/text.h"
#include "cli.h"

/* words[count]: what follows the command's name. */
int cli_parse(cli_invocation *invocation, const cli_command *command, int count,
              const char *const *words);

/* Every command, ending in NULL. */
extern const cli_command *const cli_commands[];

/* The command of that name; else NULL, which cli_unknown_command says with the
 * nearest name, returning CLI_USAGE. */
const cli_command *cli_find_command(const char *name);
int cli_unknown_command(const char *name);

/* The option tables of a command, the common one last, then NULL. */
enum { CLI_ALL_TABLES = CLI_TABLES_MAX + 2 };
const cli_option *const *cli_tables(const cli_command *command,
                                    const cli_option *tables[CLI_ALL_TABLES]);

/* The option of that name, of `length` bytes, or NULL. */
const cli_option *cli_find_option(const cli_command *command, const char *name,
                                  size_t length);

/* The next of the words in a list such as "P|none|all", from *at on, which
 * moves behind it; words with capitals stand for values and are passed over.
 * NULL at the end. */
const char *cli_next_word(const char **at, int *length);

/* Does an argument such as "FILE" or "RUN" name something on disk? */
bool cli_names_file(const char *argument);

/* Help from the tables, examples first: of one command, of all. */
void cli_help_command(FILE *to, const cli_command *command);
void cli_help_all(FILE *to);

/* The same as man pages: of one command, of all (NULL). */
void cli_manual(xhat_text *text, const cli_command *command);

#endif
