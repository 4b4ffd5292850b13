/* The frame of the command: exit codes, the option table, errors.
 *
 * Each command is one file with one `const cli_command` that main.c lists.
 * Parsing, --help and the suggestions for a misspelt option all come from that
 * table.  A function that returns int returns an exit code, and has already
 * said on stderr what went wrong when that is not CLI_DONE. */
#ifndef XHAT_CLI_H
#define XHAT_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include "xhat/status.h"

enum {
    CLI_DONE = 0,
    CLI_NO = 1,        /* the answer is no: a check failed */
    CLI_USAGE = 2,     /* unknown command or option, a bad value of one */
    CLI_INPUT = 3,     /* input unreadable or of the wrong shape */
    CLI_NUMERICAL = 4, /* the computation left the finite numbers */
    CLI_OUTPUT = 5,    /* output cannot be written */
    CLI_BUG = 6,       /* a bug in xhat; also: out of memory */
    CLI_PEER = 7       /* a peer process failed */
};

typedef struct cli_option {
    const char *name;     /* long name without dashes; NULL ends a table */
    char letter;          /* 'o' for -o; 0: none */
    const char *argument; /* NULL for a flag; "FILE" and other capitals stand
                             for a value, "batch|none" lists the values */
    const char *help;     /* one line; says the default */
} cli_option;

enum { CLI_TABLES_MAX = 6, CLI_VALUES_MAX = 64, CLI_OPERANDS_MAX = 64 };

typedef struct cli_invocation cli_invocation;

typedef struct cli_command {
    const char *name;
    const char *summary;       /* one line, for the list of commands */
    const char *operands;      /* "X DOUT", for the usage line */
    const char *operand_words; /* "bash|zsh": words an operand may be, for
                                  completion; NULL: files alone */
    const char *examples; /* lines, each ending in \n; help shows them first */
    const char *details;  /* more text for help, or NULL */
    const char *presets;  /* and what its presets are, or NULL */
    int least_operands, most_operands;
    const cli_option *tables[CLI_TABLES_MAX]; /* its options; the common ones
                                                 (cli_common) come by itself */
    int (*run)(const cli_invocation *invocation);
} cli_command;

/* --json --threads --seed --quiet --force --help: every command has them. */
extern const cli_option cli_common[];

struct cli_invocation {
    const cli_command *command;
    int operand_count;
    const char *operands[CLI_OPERANDS_MAX];
    int value_count;
    struct {
        const cli_option *option;
        const char *text; /* NULL for a flag */
    } values[CLI_VALUES_MAX];
};

/* Was the option given?  Its text, or NULL.  (The last one given counts.) */
bool cli_given(const cli_invocation *invocation, const char *name);
const char *cli_text(const cli_invocation *invocation, const char *name);

/* The option's value, strictly parsed, in least..most; *value keeps its
 * default when the option was not given.  CLI_DONE or CLI_USAGE. */
int cli_number(const cli_invocation *invocation, const char *name, double least,
               double most, double *value);
int cli_integer(const cli_invocation *invocation, const char *name,
                int64_t least, int64_t most, int64_t *value);

/* The index of the option's text in words[] (NULL-terminated). */
int cli_choice(const cli_invocation *invocation, const char *name,
               const char *const *words, int *choice);

/* --threads, else XHAT_THREADS, else the cores this process may use. */
int cli_threads(const cli_invocation *invocation, int *threads);

/* Says "xhat: <message>" on stderr and returns exit_code. */
int cli_fail(int exit_code, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same for a library error; the exit code follows from its status. */
int cli_fail_error(const xhat_error *error);

/* Notes and warnings: on stderr; a note is left out with --quiet. */
void cli_note(const cli_invocation *invocation, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void cli_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* True when `stream_descriptor` (1 or 2) is a terminal that may show colour:
 * not with NO_COLOR or TERM=dumb. */
bool cli_has_color(int stream_descriptor);
bool cli_is_terminal(int stream_descriptor);

/* May a progress line be drawn over itself on stderr?  Not with --quiet. */
bool cli_shows_progress(const cli_invocation *invocation);

/* Seconds since some moment. */
double cli_seconds(void);

/* Columns of the terminal on stdout, 80 when it is none. */
int cli_width(void);

/* The nearest of words[] to a misspelt one, or NULL when none is near. */
const char *cli_nearest(const char *word, const char *const *words, int count);

/* ---- Ctrl-C: once asks to stop, twice stops at once ---------------------- */

void cli_catch_interrupts(void);
bool cli_interrupted(void);

/* ---- the commands -------------------------------------------------------- */

extern const cli_command cli_command_forward, cli_command_backward,
    cli_command_explain, cli_command_check, cli_command_train, cli_command_eval,
    cli_command_predict, cli_command_export, cli_command_inspect,
    cli_command_plot, cli_command_sweep, cli_command_bench, cli_command_info,
    cli_command_help, cli_command_completion;

#endif
