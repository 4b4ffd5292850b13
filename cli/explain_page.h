/* `xhat explain -o FILE.html`: the page, and a quiz made of it. */
#ifndef XHAT_CLI_EXPLAIN_PAGE_H
#define XHAT_CLI_EXPLAIN_PAGE_H

#include "base/text.h"
#include "explain_batch.h"

/* Renders the page of a batch.  element: of x, that --cell chose; gate: of
 * --gate, 0: none. */
int cli_page_render(const cli_invocation *invocation, const cli_batch *batch,
                    size_t element, int gate, xhat_text *text);

#endif
