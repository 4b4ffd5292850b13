/* Writing what a command made, by the ending of -o; "-" or none: stdout. */
#ifndef XHAT_CLI_OUTPUT_H
#define XHAT_CLI_OUTPUT_H

#include "base/text.h"
#include "cli.h"
#include "xhat/formats.h"

/* Can arrays be written to `path`, by its ending?  Asked before any work. */
int cli_check_ending(const char *path);

/* .npz: all arrays; .npy, .csv, .tsv: the first one alone (the others are
 * said to be left out); .json, -, or no path: an object of nested arrays.
 * With --json the object goes to stdout as well. */
int cli_write_arrays(const cli_invocation *invocation, const char *path,
                     const xhat_array *arrays, size_t count);

/* text[length] to a file, or to stdout when path is NULL or "-". */
int cli_write_text(const cli_invocation *invocation, const char *path,
                   const char *text, size_t length);

/* The same of a text that was made for it, which is freed; CLI_BUG when there
 * was no memory to make it. */
int cli_write_made(const cli_invocation *invocation, const char *path,
                   xhat_text *text);

/* Does `path` end in `ending` (".svg"), in any case? */
bool cli_ends_in(const char *path, const char *ending);

#endif
