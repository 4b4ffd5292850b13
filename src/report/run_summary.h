/* How a run ended, in a few numbers, from its folder. */
#ifndef XHAT_REPORT_RUN_SUMMARY_H
#define XHAT_REPORT_RUN_SUMMARY_H

#include "xhat/net.h"

/* NaN: there is no such number. */
typedef struct xhat_run_summary {
    char status[16]; /* "finished", "diverged", ...; "" when nothing is there */
    char message[XHAT_MESSAGE_SIZE]; /* why it ended early, or "" */
    size_t epochs;
    double best_validation, best_train; /* the highest accuracies */
    double least_validation_loss;
    double train_loss, validation_loss; /* of the last epoch */
    double test_accuracy;               /* of the last epoch */
    double seconds;
} xhat_run_summary;

/* A folder that is not there, or holds no run yet, has the status "".
 * Errors: XHAT_BAD_FORMAT for broken files, XHAT_CANNOT_READ,
 * XHAT_OUT_OF_MEMORY. */
XHAT_NODISCARD xhat_status xhat_run_summarize(xhat_run_summary *summary,
                                              const char *folder,
                                              xhat_error *error);

#endif
