/* What a run folder says of its run, for pages about it. */
#ifndef XHAT_REPORT_RUN_RECORD_H
#define XHAT_REPORT_RUN_RECORD_H

#include <jansson.h>

#include "xhat/net.h"

typedef struct xhat_run_record {
    const char *name;
    json_t *run; /* run.json; NULL where there is none */
    xhat_history history;
} xhat_run_record;

/* Reads run.json and metrics.jsonl of the folder; `name` is kept, not copied.
 * Errors: as xhat_history_read, and XHAT_BAD_FORMAT for a run.json that is no
 * JSON object. */
XHAT_NODISCARD xhat_status xhat_run_record_read(xhat_run_record *record,
                                                const char *folder,
                                                const char *name,
                                                xhat_error *error);
void xhat_run_record_free(xhat_run_record *record);

/* The member of run.json at keys such as "result.status"; NULL: none. */
const json_t *xhat_run_record_at(const xhat_run_record *record,
                                 const char *path);

/* "options.loss" of run.json; softmax where it says nothing. */
xhat_loss_kind xhat_run_record_loss(const xhat_run_record *record);

#endif
