/* Somebody's arrays, as `xhat check` reads them from one file. */
#ifndef XHAT_CLI_CHECK_ARRAYS_H
#define XHAT_CLI_CHECK_ARRAYS_H

#include "circuit/diagnose.h"
#include "circuit/probe.h"
#include "circuit/running_conventions.h"
#include "norm_options.h"

enum { CLI_CHECK_ARRAYS_MAX = XHAT_CLAIMS_MAX + 4 };

typedef struct cli_check {
    const char *path;
    cli_norm norm;
    xhat_arrays file;
    const xhat_array *x;
    double *data[CLI_CHECK_ARRAYS_MAX]; /* of everything below; owned */
    int data_count;
    xhat_case c;
    xhat_claim claims[XHAT_CLAIMS_MAX];
    const xhat_array *claimed[XHAT_CLAIMS_MAX]; /* where each is from */
    double widening; /* of every tolerance, for long sums */
    xhat_diagnosis diagnosis;
    xhat_probe_report probe;
    /* new_running_mean and new_running_var, if the file has them */
    const double *new_running[2];
    double running_tolerance;
    const char *convention; /* that they should follow; NULL: any */
    xhat_running_answer running;
    bool running_from_claims; /* they follow from the user's own mean and var */
} cli_check;

/* Reads, runs and diagnoses.  The caller frees *check, also after a failure. */
int cli_check_read(cli_check *check, const cli_invocation *invocation);
void cli_check_free(cli_check *check);

/* The part of cli_check_read about running statistics: new_running_mean and
 * new_running_var, if the file has them. */
int cli_check_running(cli_check *check, const cli_invocation *invocation);

/* What rounding allows an array of this type. */
double cli_check_tolerance(const cli_check *check, const xhat_array *array);

/* The array as float64, owned by *check. */
int cli_check_convert(cli_check *check, const xhat_array *array,
                      const double **data);

/* Reports: text for people on stdout, or JSON.  Returns the exit code. */
int cli_check_report(const cli_check *check, const cli_invocation *invocation);
int cli_check_report_json(const cli_check *check,
                          const cli_invocation *invocation);

/* "float32": the type whose tolerance the finding's is. */
const char *cli_check_precision(const cli_check *check,
                                const xhat_finding *finding);

/* Does new_running_mean (0) or new_running_var (1) follow a convention?  With
 * --convention: that one. */
bool cli_check_running_ok(const cli_check *check, int side);

/* "ok", "wrong" or "cannot-tell" */
const char *cli_check_verdict(const cli_check *check);

/* The key of a finding's array. */
const char *cli_check_key(const cli_check *check, const xhat_finding *finding);

/* The indices of the number that a finding points at, in the user's own axes;
 * returns their count. */
int cli_check_place(const cli_check *check, const xhat_finding *finding,
                    size_t index[XHAT_RANK_MAX]);

#endif
