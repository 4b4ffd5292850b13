/* Help, made from the option tables.  Fits 80 columns. */
#include "options.h"

#include <string.h>

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
    char left[64];
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
    fprintf(to, "xhat %s: %s\n\n%s\nusage: xhat %s %s%s[options]\n",
            command->name, command->summary, command->examples, command->name,
            command->operands, *command->operands != '\0' ? " " : "");
    if (command->details != NULL)
        fprintf(to, "\n%s", command->details);
    for (int i = 0; i < CLI_TABLES_MAX && command->tables[i] != NULL; i++) {
        fprintf(to, "\n");
        for (const cli_option *o = command->tables[i]; o->name != NULL; o++)
            print_option(to, o);
    }
    fprintf(to, "\n");
    for (const cli_option *o = cli_common; o->name != NULL; o++)
        print_option(to, o);
}

void cli_help_all(FILE *to, const cli_command *const *commands)
{
    fprintf(to,
            "xhat: batch normalization one can read, check, train with and "
            "ship\n\n"
            "    xhat explain --demo                    a batch, gate by gate\n"
            "    xhat forward x.npy -o out.npz          normalize a batch\n"
            "    xhat check mine.npz                    is my gradient right?\n"
            "    xhat train spiral                      train a net\n\n"
            "commands\n");
    for (; *commands != NULL; commands++)
        fprintf(to, "  %-10s%s\n", (*commands)->name, (*commands)->summary);
    fprintf(to, "\n`xhat help COMMAND` or `xhat COMMAND --help`: its options, "
                "examples first.\n"
                "Environment: XHAT_ISA=generic forces a kernel tier; "
                "XHAT_THREADS=N is the\ndefault of --threads.\n"
                "Exit status: 0 done, 1 the answer is no, 2 usage, 3 input, "
                "4 numerical failure,\n5 output, 6 a bug in xhat, 7 a peer "
                "process failed.\n");
}
