/* Somebody's arrays, as `xhat check` reads them from one file. */
#ifndef XHAT_CLI_CHECK_ARRAYS_H
#define XHAT_CLI_CHECK_ARRAYS_H

#include "circuit/diagnose.h"
#include "norm_options.h"

typedef struct cli_check {
    const char *path;
    cli_norm norm;
    xhat_arrays file;
    const xhat_array *x;
    double *data[XHAT_CLAIMS_MAX + 2]; /* of claims, x and dout; owned */
    int data_count;
    xhat_claim claims[XHAT_CLAIMS_MAX];
    int claim_count;
    double widening; /* of every tolerance, for long sums */
    xhat_run *run;   /* the inputs alone, forward and backward */
    xhat_diagnosis diagnosis;
} cli_check;

/* Reads, runs and diagnoses.  The caller frees *check, also after a failure. */
int cli_check_read(cli_check *check, const cli_invocation *invocation);
void cli_check_free(cli_check *check);

/* Reports: text for people on stdout, or JSON.  Returns the exit code. */
int cli_check_report(const cli_check *check, const cli_invocation *invocation);
int cli_check_report_json(const cli_check *check,
                          const cli_invocation *invocation);

/* "float32": the type whose tolerance the finding's is. */
const char *cli_check_precision(const cli_check *check,
                                const xhat_finding *finding);

/* "ok", "wrong" or "cannot-tell" */
const char *cli_check_verdict(const cli_check *check);

#endif
