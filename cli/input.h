/* Reading what the user named: files, standard input, inline matrices; and the
 * one vocabulary of array keys with its accepted other spellings. */
#ifndef XHAT_CLI_INPUT_H
#define XHAT_CLI_INPUT_H

#include "cli.h"
#include "xhat/formats.h"

/* Reads `source`: a path, "-" for stdin, or an inline matrix ("1,10; 2,20",
 * when no file has that name).  The caller frees *arrays. */
int cli_read(const cli_invocation *invocation, xhat_arrays *arrays,
             const char *source);

/* Numbers instead of a file's name: begins like a number, has nothing but
 * numbers and separators, and no file is called so. */
bool cli_is_inline(const char *source);

/* Warns when an array holds NaN or Inf: how many, and where the first is. */
void cli_warn_not_finite(const char *name, const xhat_array *array);

/* The key of the vocabulary that a spelling stands for ("mu" -> "mean",
 * "mean" -> "mean"), or NULL when it is none. */
const char *cli_key(const char *spelling);

/* The array called `key` in any accepted spelling (the mapping is said on
 * stderr); NULL when there is none.  An array alone in its file, without a name
 * or with one outside the vocabulary, answers to every key. */
const xhat_array *cli_find(const cli_invocation *invocation,
                           const xhat_arrays *arrays, const char *key);

/* "4x2": the shape of an array as messages print it. */
enum { CLI_SHAPE_SIZE = 200 };
char *cli_shape(const xhat_array *array, char text[CLI_SHAPE_SIZE]);

#endif
