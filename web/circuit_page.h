/* The page of `xhat explain -o circuit.html`: one file that holds everything
 * and asks for nothing.
 *
 * It is whole without scripts.  In a build that has the circuit as WebAssembly
 * the module is in the page and renders the same parts again after an edit. */
#ifndef XHAT_WEB_PAGE_H
#define XHAT_WEB_PAGE_H

#include "circuit/html.h"

/* A batch of more elements than this makes a page without a module: its
 * numbers would weigh more than all the rest. */
enum { XHAT_PAGE_ELEMENTS_MAX = 4096 };

/* Does this build have the module? */
bool xhat_page_has_module(void);

/* Appends the page of a finished run.
 * Errors: XHAT_OUT_OF_MEMORY. */
XHAT_NODISCARD xhat_status xhat_page_put(xhat_text *text,
                                         const xhat_picture *picture,
                                         const xhat_html_view *view,
                                         xhat_error *error);

#endif
