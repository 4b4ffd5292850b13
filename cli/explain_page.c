#include "explain_page.h"

#include "circuit_page.h"

/* A quiz hashes every answer for some milliseconds. */
static int make_quiz(const cli_invocation *invocation, const cli_batch *batch,
                     xhat_quiz *quiz)
{
    xhat_error error = {0};
    int64_t seed = 0;
    int result = cli_integer(invocation, "seed", 0, INT64_MAX, &seed);
    if (result != CLI_DONE)
        return result;
    if (xhat_quiz_of(quiz, batch->run, (uint64_t)seed, XHAT_HTML_ROWS,
                     XHAT_HTML_COLUMNS, &error) != XHAT_OK)
        return cli_fail_error(&error);
    return quiz->asked > 0
               ? CLI_DONE
               : cli_fail(CLI_INPUT, "nothing finite is left to ask about");
}

int cli_page_render(const cli_invocation *invocation, const cli_batch *batch,
                    size_t element, int gate, xhat_text *text)
{
    xhat_html_view view = xhat_html_view_of(&batch->picture);
    xhat_quiz quiz = {0};
    xhat_error error = {0};
    int result = CLI_DONE;
    view.at = element;
    view.step = gate;
    if (cli_given(invocation, "quiz")) {
        result = make_quiz(invocation, batch, &quiz);
        view.quiz = &quiz;
    } else if (!xhat_page_has_module()) {
        cli_note(invocation, "the page is static: this build has no WebAssembly"
                             " (clang, lld and wasi-libc were missing)");
    } else if (xhat_array_count(&batch->x) > XHAT_PAGE_ELEMENTS_MAX) {
        cli_note(invocation,
                 "the page is static: x has %zu elements, and a page can"
                 " compute again with %d at most",
                 xhat_array_count(&batch->x), XHAT_PAGE_ELEMENTS_MAX);
    }
    if (result == CLI_DONE &&
        xhat_page_put(text, &batch->picture, &view, &error) != XHAT_OK)
        result = cli_fail_error(&error);
    xhat_quiz_free(&quiz);
    return result;
}
