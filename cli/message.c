/* What the command says beside its data: errors, warnings, notes; and what it
 * has to know of the terminal for that. */
#include "cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

int cli_fail(int exit_code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("xhat: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    return exit_code;
}

int cli_fail_error(const xhat_error *error)
{
    static const struct {
        xhat_status status;
        int exit_code;
    } codes[] = {
        {XHAT_INVALID_ARGUMENT, CLI_USAGE}, {XHAT_SHAPE_MISMATCH, CLI_INPUT},
        {XHAT_OUT_OF_MEMORY, CLI_BUG},      {XHAT_UNSUPPORTED, CLI_INPUT},
        {XHAT_NOT_FINITE, CLI_NUMERICAL},   {XHAT_CANNOT_READ, CLI_INPUT},
        {XHAT_BAD_FORMAT, CLI_INPUT},       {XHAT_CANNOT_WRITE, CLI_OUTPUT},
        {XHAT_ALREADY_EXISTS, CLI_OUTPUT},  {XHAT_INTERRUPTED, CLI_DONE},
    };
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i].status == error->status)
            return cli_fail(codes[i].exit_code, "%s%s", error->message,
                            error->status == XHAT_ALREADY_EXISTS
                                ? ": give --force to overwrite it"
                                : "");
    return cli_fail(CLI_BUG, "%s", error->message);
}

void cli_note(const cli_invocation *invocation, const char *format, ...)
{
    va_list arguments;
    if (cli_given(invocation, "quiet"))
        return;
    va_start(arguments, format);
    fputs("xhat: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

void cli_warn(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("xhat: warning: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

bool cli_is_terminal(int stream_descriptor)
{
    return isatty(stream_descriptor) == 1;
}

bool cli_has_color(int stream_descriptor)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    return cli_is_terminal(stream_descriptor) &&
           (no_color == NULL || *no_color == '\0') &&
           (term == NULL || strcmp(term, "dumb") != 0);
}

bool cli_shows_progress(const cli_invocation *invocation)
{
    const char *term = getenv("TERM");
    return !cli_given(invocation, "quiet") && cli_is_terminal(2) &&
           (term == NULL || strcmp(term, "dumb") != 0);
}

double cli_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int cli_width(void)
{
    struct winsize size;
    if (cli_is_terminal(1) && ioctl(1, TIOCGWINSZ, &size) == 0 &&
        size.ws_col >= 40)
        return size.ws_col;
    return 80;
}
