/* What train says while it runs and when it is done. */
#ifndef XHAT_CLI_TRAIN_REPORT_H
#define XHAT_CLI_TRAIN_REPORT_H

#include "train_options.h"

typedef enum cli_run_status {
    CLI_RUN_RUNNING,
    CLI_RUN_FINISHED,
    CLI_RUN_INTERRUPTED,
    CLI_RUN_DIVERGED
} cli_run_status;

const char *cli_run_status_name(cli_run_status status);

/* What --precise-bn changed. */
typedef struct cli_precise {
    bool done;
    xhat_evaluation validation[2], test[2]; /* before and after */
} cli_precise;

/* One training: the normalized net's, or the baseline's. */
typedef struct cli_run {
    const cli_train_setup *setup;
    const char *name; /* "batch norm", "no norm" */
    char folder[CLI_PATH_SIZE + 16];
    xhat_net_spec spec;
    xhat_model *model; /* in training */
    cli_precise precise;
    xhat_history history;
    size_t step; /* finished */
    cli_run_status status;
    char message[XHAT_MESSAGE_SIZE]; /* why it ended early, or "" */
    double shown;                    /* when the progress line was last drawn */
    /* shows the progress of a step instead of the run's own line; NULL: none */
    void (*watch)(void *context, const xhat_progress *progress);
    void *watch_context;
    size_t *confusion;          /* (classes, classes), or NULL */
    const char *confusion_part; /* "test set" */
    xhat_status failed;         /* of going on from the state */
} cli_run;

/* For xhat_train; context is the cli_run.  Keeps the history, writes
 * model.safetensors, best.safetensors and metrics.jsonl after an epoch, shows
 * progress, stops on Ctrl-C. */
xhat_status cli_run_report(void *context, const xhat_progress *progress,
                           xhat_error *error);

/* The model in the run's folder, as `file`. */
xhat_status cli_run_write_model(const cli_run *run, const char *file,
                                xhat_error *error);

/* Ends a progress line that may still be on the terminal. */
void cli_run_clear_line(const cli_run *run);

/* --json: the line of an event ("begin", "end"). */
void cli_run_event(const cli_run *run, const char *event,
                   const xhat_dataset *data, const xhat_model *model);

/* The runs side by side, in 80 columns, on stdout. */
void cli_run_table(const cli_run *runs, int count);

/* run.json in the run's folder. */
int cli_run_write_json(const cli_run *run, const xhat_dataset *data,
                       const xhat_split *split, const xhat_model *model);

#endif
