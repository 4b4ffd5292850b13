/* Man pages, made from the tables that --help is made from. */
#include "options.h"

#include <ctype.h>
#include <string.h>

#include "xhat/xhat.h"

/* ---- troff --------------------------------------------------------------- */

/* One character beyond ASCII at `at`, as \[uXXXX]; its bytes. */
static size_t put_rune(xhat_text *page, const char *at)
{
    const unsigned char *byte = (const unsigned char *)at;
    size_t size = byte[0] >= 0xf0 ? 4 : byte[0] >= 0xe0 ? 3 : 2;
    unsigned code = byte[0] & (0xffu >> (size + 1));
    for (size_t i = 1; i < size; i++) {
        if ((byte[i] & 0xc0) != 0x80) { /* cut off: what there is of it */
            size = i;
            break;
        }
        code = code << 6 | (byte[i] & 0x3fu);
    }
    xhat_text_add(page, "\\[u%04X]", code);
    return size;
}

/* `text[size]` so that troff prints it as it is, hyphens as the ones that can
 * be copied; a dot at the beginning of a line is no request. */
static void put(xhat_text *page, const char *text, size_t size)
{
    if (size > 0 && (*text == '.' || *text == '\''))
        xhat_text_put(page, "\\&");
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '\\')
            xhat_text_put(page, "\\e");
        else if (text[i] == '-')
            xhat_text_put(page, "\\-");
        else if ((unsigned char)text[i] >= 0x80)
            i += put_rune(page, text + i) - 1;
        else
            xhat_text_put_bytes(page, text + i, 1);
    }
}

static void put_line(xhat_text *page, const char *text)
{
    put(page, text, strlen(text));
    xhat_text_put(page, "\n");
}

/* Text as help prints it: indented lines stay as they are, others are filled,
 * an empty line ends a paragraph. */
static void put_lines(xhat_text *page, const char *text)
{
    bool literal = false;
    while (*text != '\0') {
        size_t size = strcspn(text, "\n");
        bool indented = *text == ' ';
        if (indented != literal && size > 0) {
            xhat_text_put(page, indented ? ".EX\n" : ".EE\n");
            literal = indented;
        }
        if (size == 0 && text[1] != '\0')
            xhat_text_put(page, literal ? "\n" : ".PP\n");
        if (size > 0) {
            put(page, text, size);
            xhat_text_put(page, "\n");
        }
        text += size + (text[size] == '\n');
    }
    if (literal)
        xhat_text_put(page, ".EE\n");
}

/* ---- the parts of a page ------------------------------------------------- */

/* `name` in capitals, as titles are */
static void put_title(xhat_text *page, const char *name)
{
    xhat_text_put(page, ".TH \"XHAT");
    for (const char *c = name; *c != '\0'; c++)
        xhat_text_add(page, "%s%c", c == name ? "\\-" : "",
                      toupper((unsigned char)*c));
    xhat_text_add(page, "\" 1 \"\" \"xhat %s\" \"xhat manual\"\n",
                  xhat_version());
}

static void put_option(xhat_text *page, const cli_option *option)
{
    xhat_text_put(page, ".TP\n");
    if (option->letter != 0)
        xhat_text_add(page, "\\fB\\-%c\\fR, ", option->letter);
    xhat_text_put(page, "\\fB\\-\\-");
    put(page, option->name, strlen(option->name));
    xhat_text_put(page, "\\fR");
    if (option->argument != NULL) {
        xhat_text_put(page, " \\fI");
        put(page, option->argument, strlen(option->argument));
        xhat_text_put(page, "\\fR");
    }
    xhat_text_put(page, "\n");
    put_line(page, option->help);
}

/* What is the same for every command. */
static void put_common(xhat_text *page)
{
    static const char *const codes[] = {
        "done",
        "the answer is no: a check failed",
        "usage: an unknown command or option, a bad value of one",
        "input unreadable or of the wrong shape",
        "numerical failure",
        "output cannot be written",
        "a bug in xhat",
        "a peer process failed"};
    xhat_text_put(page, ".SH ENVIRONMENT\n"
                        ".TP\n\\fBXHAT_ISA\\fR\n"
                        "forces a kernel tier; one that the CPU lacks is an "
                        "error.\n"
                        ".TP\n\\fBXHAT_THREADS\\fR\n"
                        "the default of \\fB\\-\\-threads\\fR.\n"
                        ".TP\n\\fBNO_COLOR\\fR\n"
                        "no color, even on a terminal.\n"
                        ".SH EXIT STATUS\n");
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        xhat_text_add(page, ".TP\n%zu\n%s\n", i, codes[i]);
}

static void put_see_also(xhat_text *page, const cli_command *self)
{
    xhat_text_put(page, ".SH SEE ALSO\n");
    if (self != NULL)
        xhat_text_put(page, ".BR xhat (1),\n");
    const cli_command *const *c = cli_commands;
    while (*c != NULL) {
        const cli_command *command = *c++;
        bool last = *c == NULL || (*c == self && c[1] == NULL);
        if (command != self)
            xhat_text_add(page, ".BR xhat\\-%s (1)%s\n", command->name,
                          last ? "" : ",");
    }
}

/* ---- pages --------------------------------------------------------------- */

static void put_all(xhat_text *page)
{
    put_title(page, "");
    xhat_text_put(page,
                  ".SH NAME\nxhat \\- batch normalization to read, check, "
                  "train with and ship\n"
                  ".SH SYNOPSIS\n.B xhat\n.I COMMAND\n[\\fIoptions\\fR]\n"
                  ".br\n.B xhat help\n[\\fICOMMAND\\fR]\n"
                  ".br\n.B xhat \\-\\-version\n"
                  ".SH COMMANDS\nEach has a page of its own, which begins with "
                  "examples.\n");
    for (const cli_command *const *c = cli_commands; *c != NULL; c++) {
        xhat_text_add(page, ".TP\n.BR xhat\\-%s (1)\n", (*c)->name);
        put_line(page, (*c)->summary);
    }
    xhat_text_put(page, ".SH OPTIONS OF EVERY COMMAND\n");
    for (const cli_option *o = cli_common; o->name != NULL; o++)
        put_option(page, o);
    xhat_text_put(
        page,
        ".SH FILES\nRead, by content and not by name: npy, npz, CSV, TSV, IDX, "
        "CIFAR\\-10 binary, safetensors, gzipped or not; \\fB\\-\\fR is "
        "standard input; a matrix such as \\(dq1,10; 2,20\\(dq stands for "
        "itself.\n.PP\nWritten: under a temporary name, synced, then renamed; "
        "a file that exists is overwritten with \\fB\\-\\-force\\fR alone.\n");
    put_common(page);
    put_see_also(page, NULL);
}

void cli_manual(xhat_text *page, const cli_command *command)
{
    const cli_option *tables[CLI_ALL_TABLES];
    if (command == NULL) {
        put_all(page);
        return;
    }
    put_title(page, command->name);
    xhat_text_add(page, ".SH NAME\nxhat\\-%s \\- ", command->name);
    put_line(page, command->summary);
    xhat_text_add(page, ".SH SYNOPSIS\n.B xhat %s\n", command->name);
    if (*command->operands != '\0') {
        xhat_text_put(page, "\\fI");
        put(page, command->operands, strlen(command->operands));
        xhat_text_put(page, "\\fR\n");
    }
    xhat_text_put(page, "[\\fIoptions\\fR]\n.SH EXAMPLES\n");
    put_lines(page, command->examples);
    if (command->details != NULL) {
        xhat_text_put(page, ".SH DESCRIPTION\n");
        put_lines(page, command->details);
    }
    if (command->presets != NULL) {
        xhat_text_put(page, ".SH PRESETS\n");
        put_lines(page, command->presets);
    }
    xhat_text_put(page, ".SH OPTIONS\n");
    for (const cli_option *const *t = cli_tables(command, tables); *t; t++)
        for (const cli_option *o = *t; o->name != NULL; o++)
            put_option(page, o);
    put_common(page);
    put_see_also(page, command);
}
