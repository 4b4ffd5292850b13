/* A page about runs: curves, the health of their layers, what differed, how it
 * ended.  One HTML file: no script, no font, no other file. */
#ifndef XHAT_REPORT_H
#define XHAT_REPORT_H

#include "base/text.h"
#include "xhat/net.h"

/* Reads the run folders and appends the page.  names[count]: what to call the
 * runs.  Errors: those of xhat_history_read; XHAT_BAD_FORMAT for a broken
 * run.json; XHAT_INVALID_ARGUMENT for more runs than can be told apart;
 * XHAT_OUT_OF_MEMORY. */
XHAT_NODISCARD xhat_status xhat_report_make(xhat_text *page, const char *title,
                                            const char *const *folders,
                                            const char *const *names,
                                            size_t count, xhat_error *error);

/* The same into folder/report.html, which is replaced. */
XHAT_NODISCARD xhat_status xhat_report_write(const char *folder,
                                             const char *title,
                                             const char *const *folders,
                                             const char *const *names,
                                             size_t count, xhat_error *error);

/* What the losses of a run are; softmax where its folder does not say. */
xhat_loss_kind xhat_report_loss(const char *folder);

/* The beginning of a page under a title, with the styles of text, tables and
 * charts; and its end. */
void xhat_page_begin(xhat_text *page, const char *title);
void xhat_page_end(xhat_text *page);

/* A cell of a table with a number, which `format` writes; a dash for NaN. */
void xhat_page_number(xhat_text *page, double value, const char *format);

#endif
