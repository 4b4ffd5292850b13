/* xhat help: made from the option tables; fits 80 columns. */
#include "options.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/json.h"
#include "output.h"
#include "xhat/xhat.h"

enum { HELP_COLUMN = 28, HELP_WIDTH = 80 };

/* `text` folded at blanks, every further line indented to HELP_COLUMN */
static void fold(FILE *to, const char *text)
{
    size_t room = HELP_WIDTH - HELP_COLUMN;
    while (strlen(text) > room) {
        size_t end = room;
        while (end > 0 && text[end] != ' ')
            end--;
        if (end == 0)
            end = room;
        fprintf(to, "%.*s\n%*s", (int)end, text, HELP_COLUMN, "");
        text += end + (text[end] == ' ');
    }
    fprintf(to, "%s\n", text);
}

static void print_option(FILE *to, const cli_option *option)
{
    char left[HELP_WIDTH];
    int length;
    if (option->letter != 0)
        length = snprintf(left, sizeof left, "  -%c, --%s", option->letter,
                          option->name);
    else
        length = snprintf(left, sizeof left, "      --%s", option->name);
    if (option->argument != NULL)
        length += snprintf(left + length, sizeof left - (size_t)length, " %s",
                           option->argument);
    if (length > HELP_COLUMN - 2)
        fprintf(to, "%s\n%*s", left, HELP_COLUMN, "");
    else
        fprintf(to, "%-*s", HELP_COLUMN, left);
    fold(to, option->help);
}

void cli_help_command(FILE *to, const cli_command *command)
{
    const cli_option *tables[CLI_ALL_TABLES];
    fprintf(to, "xhat %s: %s\n\n%s\nusage: xhat %s %s%s[options]\n",
            command->name, command->summary, command->examples, command->name,
            command->operands, *command->operands != '\0' ? " " : "");
    if (command->details != NULL)
        fprintf(to, "\n%s", command->details);
    if (command->presets != NULL)
        fprintf(to, "\n%s", command->presets);
    for (const cli_option *const *t = cli_tables(command, tables); *t; t++) {
        fprintf(to, "\n");
        for (const cli_option *o = *t; o->name != NULL; o++)
            print_option(to, o);
    }
}

void cli_help_all(FILE *to)
{
    fprintf(to,
            "xhat: batch normalization one can read, check, train with and "
            "ship\n\n"
            "    xhat explain --demo                    a batch, gate by gate\n"
            "    xhat forward x.npy -o out.npz          normalize a batch\n"
            "    xhat check mine.npz                    is my gradient right?\n"
            "    xhat train spiral                      train a net\n\n"
            "commands\n");
    for (const cli_command *const *c = cli_commands; *c != NULL; c++)
        fprintf(to, "  %-12s%s\n", (*c)->name, (*c)->summary);
    fprintf(to, "\n`xhat help COMMAND` or `xhat COMMAND --help`: its options, "
                "examples first.\n"
                "Environment: XHAT_ISA=generic forces a kernel tier; "
                "XHAT_THREADS=N is the\ndefault of --threads.\n"
                "Exit status: 0 done, 1 the answer is no, 2 usage, 3 input, "
                "4 numerical failure,\n5 output, 6 a bug in xhat, 7 a peer "
                "process failed.\n");
}

/* ---- the command --------------------------------------------------------- */

static void put_options(xhat_json *json, const cli_command *command)
{
    const cli_option *tables[CLI_ALL_TABLES];
    xhat_json_open(json, "options", '[');
    for (const cli_option *const *t = cli_tables(command, tables); *t; t++)
        for (const cli_option *o = *t; o->name != NULL; o++) {
            const char letter[] = {o->letter, '\0'};
            xhat_json_open(json, NULL, '{');
            xhat_json_string(json, "name", o->name);
            if (o->letter != 0)
                xhat_json_string(json, "letter", letter);
            if (o->argument != NULL)
                xhat_json_string(json, "argument", o->argument);
            xhat_json_string(json, "help", o->help);
            xhat_json_close(json);
        }
    xhat_json_close(json);
}

/* Every command, or one, with its options, for other programs. */
static int print_json(const cli_invocation *invocation,
                      const cli_command *wanted)
{
    xhat_text text = xhat_text_on(NULL);
    xhat_json json = xhat_json_on(&text, 2);
    xhat_json_open(&json, NULL, '{');
    xhat_json_string(&json, "version", xhat_version());
    xhat_json_open(&json, "commands", '[');
    for (const cli_command *const *c = cli_commands; *c != NULL; c++) {
        if (wanted != NULL && *c != wanted)
            continue;
        xhat_json_open(&json, NULL, '{');
        xhat_json_string(&json, "name", (*c)->name);
        xhat_json_string(&json, "summary", (*c)->summary);
        xhat_json_string(&json, "operands", (*c)->operands);
        put_options(&json, *c);
        xhat_json_close(&json);
    }
    xhat_json_close(&json);
    xhat_json_close(&json);
    return cli_write_made(invocation, NULL, &text);
}

static int write_page(const cli_invocation *invocation,
                      const cli_command *command, const char *folder)
{
    char path[4096];
    xhat_text page = xhat_text_on(NULL);
    cli_manual(&page, command);
    if (folder != NULL)
        snprintf(path, sizeof path, "%s/xhat%s%s.1", folder,
                 command == NULL ? "" : "-",
                 command == NULL ? "" : command->name);
    return cli_write_made(invocation, folder == NULL ? NULL : path, &page);
}

/* A page on stdout; with -o, it or all of them in a folder. */
static int write_manual(const cli_invocation *invocation,
                        const cli_command *command)
{
    const char *folder = cli_text(invocation, "output");
    if (folder != NULL && mkdir(folder, 0777) != 0 && errno != EEXIST)
        return cli_fail(CLI_OUTPUT, "%s: the folder cannot be made: %s", folder,
                        strerror(errno));
    int result = write_page(invocation, command, folder);
    if (folder == NULL || command != NULL)
        return result;
    for (const cli_command *const *c = cli_commands;
         *c != NULL && result == CLI_DONE; c++)
        result = write_page(invocation, *c, folder);
    return result;
}

static int run(const cli_invocation *invocation)
{
    const char *name =
        invocation->operand_count > 0 ? invocation->operands[0] : NULL;
    const cli_command *command = name == NULL ? NULL : cli_find_command(name);
    if (name != NULL && command == NULL)
        return cli_unknown_command(name);
    if (cli_given(invocation, "man"))
        return write_manual(invocation, command);
    if (cli_given(invocation, "output"))
        return cli_fail(CLI_USAGE, "-o goes with --man");
    if (cli_given(invocation, "json"))
        return print_json(invocation, command);
    if (command == NULL)
        cli_help_all(stdout);
    else
        cli_help_command(stdout, command);
    return CLI_DONE;
}

static const cli_option options[] = {
    {"man", 0, NULL, "as a man page (troff source)"},
    {"output", 'o', "FOLDER",
     "with --man: write xhat.1 and a page for each command there"},
    {NULL, 0, NULL, NULL}};

const cli_command cli_command_help = {
    .name = "help",
    .summary = "help on a command, as text, man page or JSON",
    .operands = "[COMMAND]",
    .examples = "    xhat help train\n"
                "    xhat help --man train | man -l -\n"
                "    xhat help --man -o man1\n",
    .details = "`make install` installs the man pages: `man xhat`, "
               "`man xhat-train`.\n",
    .most_operands = 1,
    .tables = {options},
    .run = run,
};
