/* What train, eval and predict read: data sets and models. */
#ifndef XHAT_CLI_NET_INPUT_H
#define XHAT_CLI_NET_INPUT_H

#include "cli.h"
#include "xhat/net.h"

enum { CLI_PATH_SIZE = 4096 };

/* The built-in data sets, for completion. */
#define CLI_GENERATORS "spiral|xor|digits-like"

/* The help that says what DATA may be. */
extern const char cli_data_help[];

/* The last part of a path, without slashes behind it. */
void cli_base_name(const char *path, char *name, int size);

/* DATA as messages name it: "standard input" for "-". */
const char *cli_source_name(const char *source);

/* What a command that goes on with DATA needs behind it: " < DATA" when they
 * came from a pipe, else nothing. */
const char *cli_data_again(const char *source);

/* DATA could not be read: says why, and what may have been meant. */
int cli_fail_data(const char *source, const xhat_error *error);

/* --missing drop|mean; *missing keeps its default when it was not given. */
int cli_missing(const cli_invocation *invocation, xhat_missing *missing);

/* Says how many rows were left out and how many values are filled in. */
void cli_note_missing(const cli_invocation *invocation, const char *source,
                      const xhat_dataset *data);

/* Says what training data were found to be; asked: what the labels were
 * asked to be. */
void cli_note_data(const cli_invocation *invocation, const char *source,
                   xhat_target asked, const xhat_dataset *data,
                   const xhat_split *split);

/* Warns of columns that hold the answer: a net that sees them learns nothing
 * else.  drop: the columns already left out, or NULL. */
int cli_warn_of_leaks(const char *source, const char *drop,
                      const xhat_dataset *data);

/* The model of RUN: a run folder, or a model.safetensors itself. */
int cli_model_open(const cli_invocation *invocation, const char *run,
                   xhat_model *model);

/* DATA for that model: with labels renumbered as the model's classes, or
 * without labels. */
int cli_dataset_for_model(const cli_invocation *invocation, const char *source,
                          const xhat_model *model, bool unlabeled,
                          xhat_dataset *data);

/* The test rows, or all rows where there is no test set; *part says which in
 * words ("test set", "all rows"). */
xhat_rows cli_rows_to_judge(const xhat_dataset *data, const char **part);

#endif
