/* Sentences that the text and the JSON of `xhat check` share. */
#ifndef XHAT_CLI_CHECK_WORDS_H
#define XHAT_CLI_CHECK_WORDS_H

#include "base/text.h"
#include "check_arrays.h"

/* "its 1/N is missing: yours is exactly N = 4 times too large everywhere"; of
 * two mistakes both, each with its gate. */
void cli_check_put_cause(xhat_text *text, const cli_check *check,
                         const xhat_cause *cause);

/* NumPy: of two, both */
void cli_check_put_fix(xhat_text *text, const xhat_cause *cause);

/* "var-missing-1/N", or "one+other" */
void cli_check_put_id(xhat_text *text, const xhat_cause *cause);

/* "gate 4: ", or "closed form: " */
void cli_check_put_gate_of(xhat_text *text, const xhat_cause *cause);

/* The gate of a cause: of two, of the one that comes first. */
int cli_check_gate_of(const xhat_cause *cause);

/* What is left to say of a wrong array: what the causes do not explain, the
 * runner-up, the invariants of dx.  Nothing if nothing is wrong. */
void cli_check_put_rest(xhat_text *text, const cli_check *check);

/* "new_running_mean", "new_running_var" */
const char *cli_check_running_key(int side);

/* "as torch: 0.1 of the new batch"; "follows no convention: ..." */
void cli_check_put_running(xhat_text *text, const cli_check *check, int side);

/* Writes the report to stdout; the exit code of the verdict. */
int cli_check_print(const cli_check *check, const cli_invocation *invocation,
                    xhat_text *text);

#endif
