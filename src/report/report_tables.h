/* The tables of a page about runs.  Each is appended; memory that is missing
 * shows in the page's text. */
#ifndef XHAT_REPORT_TABLES_H
#define XHAT_REPORT_TABLES_H

#include "report/curves.h"
#include "report/run_record.h"

/* A page on its way; every run has an epoch at least. */
typedef struct xhat_run_page {
    xhat_text *page;
    xhat_run_record runs[XHAT_CURVES_MOST];
    size_t count;
} xhat_run_page;

/* What nets these are, and how it ended. */
void xhat_report_put_summary(xhat_run_page *r);

/* Every key of an object of run.json, over all runs; what differs is marked.
 * Nothing where no run has it. */
void xhat_report_put_object(xhat_run_page *r, const char *object,
                            const char *caption);

/* run.json's "confusion": rows are true classes, columns what they were taken
 * for.  Nothing where there is none, or where it is too large to be read. */
void xhat_report_put_confusion(xhat_run_page *r, const xhat_run_record *run);

/* The numbers of every epoch, folded away. */
void xhat_report_put_epochs(xhat_run_page *r, const xhat_run_record *run);

#endif
