/* Parses a command line by the option tables of its command. */
#include "options.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/threads.h"

const cli_option cli_common[] = {
    {"json", 0, NULL, "one machine-readable document on stdout"},
    {"threads", 0, "N", "use N threads (default: the cores allowed)"},
    {"seed", 0, "N", "the seed of every random number (default 0)"},
    {"force", 0, NULL, "overwrite files that exist"},
    {"quiet", 'q', NULL, "no notes and no progress"},
    {"help", 'h', NULL, "this help"},
    {NULL, 0, NULL, NULL}};

/* ---- the nearest word ---------------------------------------------------- */

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

/* edit distance; a swap of neighbors counts one; words of up to 39 letters */
static int distance(const char *a, const char *b)
{
    enum { LONGEST = 40 };
    int rows[3][LONGEST], *before = rows[0], *last = rows[1], *now = rows[2];
    int a_length = (int)strlen(a), b_length = (int)strlen(b);
    if (a_length >= LONGEST || b_length >= LONGEST)
        return LONGEST;
    for (int j = 0; j <= b_length; j++)
        last[j] = j;
    for (int i = 1; i <= a_length; i++) {
        now[0] = i;
        for (int j = 1; j <= b_length; j++) {
            int change = last[j - 1] + (a[i - 1] != b[j - 1]);
            now[j] = smaller(change, smaller(last[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = smaller(now[j], before[j - 2] + 1);
        }
        int *row = before;
        before = last;
        last = now;
        now = row;
    }
    return last[b_length];
}

const char *cli_nearest(const char *word, const char *const *words, int count)
{
    const char *nearest = NULL;
    int best = (int)strlen(word) / 3 + 2; /* further is a guess */
    for (int i = 0; i < count; i++) {
        int d = distance(word, words[i]);
        size_t length = strlen(word);
        if (length >= 3 && strncmp(word, words[i], length) == 0)
            d = 1; /* the beginning of a word */
        if (d < best) {
            best = d;
            nearest = words[i];
        }
    }
    return nearest;
}

/* ---- parsing ------------------------------------------------------------- */

const cli_option *const *cli_tables(const cli_command *command,
                                    const cli_option *tables[CLI_ALL_TABLES])
{
    int n = 0;
    for (int i = 0; i < CLI_TABLES_MAX && command->tables[i] != NULL; i++)
        tables[n++] = command->tables[i];
    tables[n++] = cli_common;
    tables[n] = NULL;
    return tables;
}

const char *cli_next_word(const char **at, int *length)
{
    static const char value_signs[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ,";
    while (**at != '\0') {
        const char *word = *at;
        size_t size = strcspn(word, "|");
        *at = word + size + (word[size] == '|');
        *length = (int)size;
        if (strcspn(word, value_signs) >= size)
            return word;
    }
    return NULL;
}

bool cli_names_file(const char *argument)
{
    static const char *const names[] = {"FILE",  "FOLDER", "RUN",
                                        "ARRAY", "DATA",   ".json"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strstr(argument, names[i]) != NULL)
            return true;
    return false;
}

static const cli_option *find(const cli_command *command, const char *name,
                              size_t length, char letter)
{
    const cli_option *tables[CLI_ALL_TABLES];
    for (const cli_option *const *t = cli_tables(command, tables); *t; t++)
        for (const cli_option *o = *t; o->name != NULL; o++)
            if (letter != 0 ? o->letter == letter
                            : strlen(o->name) == length &&
                                  strncmp(o->name, name, length) == 0)
                return o;
    return NULL;
}

const cli_option *cli_find_option(const cli_command *command, const char *name,
                                  size_t length)
{
    return find(command, name, length, 0);
}

static int unknown_option(const cli_command *command, const char *given)
{
    const char *names[CLI_VALUES_MAX * 2];
    const cli_option *tables[CLI_ALL_TABLES];
    char word[64];
    int count = 0;
    for (const cli_option *const *t = cli_tables(command, tables); *t; t++)
        for (const cli_option *o = *t; o->name && count < CLI_VALUES_MAX * 2;
             o++)
            names[count++] = o->name;
    strncpy(word, given + strspn(given, "-"), sizeof word - 1);
    word[sizeof word - 1] = '\0';
    word[strcspn(word, "=")] = '\0';
    const char *near = cli_nearest(word, names, count);
    if (near != NULL)
        return cli_fail(CLI_USAGE, "%s: unknown option %s; did you mean --%s?",
                        command->name, given, near);
    return cli_fail(CLI_USAGE,
                    "%s: unknown option %s; `xhat help %s` lists them",
                    command->name, given, command->name);
}

/* "-4, 2; 1, 5" and "-" are operands, "-o" and "--eps" are options */
static bool is_option(const char *word)
{
    return word[0] == '-' && word[1] != '\0' &&
           strchr("0123456789.", word[1]) == NULL;
}

static int add_operand(cli_invocation *invocation, const char *word)
{
    if (invocation->operand_count >= invocation->command->most_operands ||
        invocation->operand_count >= CLI_OPERANDS_MAX)
        return cli_fail(CLI_USAGE,
                        "%s: \"%s\" is one argument too many; "
                        "usage: xhat %s %s",
                        invocation->command->name, word,
                        invocation->command->name,
                        invocation->command->operands);
    if (word[0] == '\0')
        return cli_fail(CLI_USAGE,
                        "%s: an argument is empty; usage: xhat %s %s",
                        invocation->command->name, invocation->command->name,
                        invocation->command->operands);
    invocation->operands[invocation->operand_count++] = word;
    return CLI_DONE;
}

/* One option at words[*at] of the command line; moves *at past its value. */
static int add_option(cli_invocation *invocation, int count,
                      const char *const *words, int *at)
{
    const cli_command *command = invocation->command;
    const char *word = words[*at], *value = NULL;
    const cli_option *option;
    if (word[1] == '-') {
        size_t length = strcspn(word + 2, "=");
        option = find(command, word + 2, length, 0);
        if (word[2 + length] == '=')
            value = word + 2 + length + 1;
    } else {
        option = find(command, NULL, 0, word[1]);
        if (word[2] != '\0')
            value = word + 2;
    }
    if (option == NULL)
        return unknown_option(command, word);
    if (option->argument == NULL && value != NULL)
        return cli_fail(CLI_USAGE, "--%s takes no value", option->name);
    if (option->argument != NULL && value == NULL) {
        if (*at + 1 >= count)
            return cli_fail(CLI_USAGE, "--%s needs a value: --%s %s",
                            option->name, option->name, option->argument);
        value = words[++*at];
    }
    if (invocation->value_count >= CLI_VALUES_MAX)
        return cli_fail(CLI_USAGE, "too many options");
    invocation->values[invocation->value_count].option = option;
    invocation->values[invocation->value_count].text = value;
    invocation->value_count++;
    return CLI_DONE;
}

int cli_parse(cli_invocation *invocation, const cli_command *command, int count,
              const char *const *words)
{
    bool only_operands = false;
    *invocation = (cli_invocation){.command = command};
    for (int i = 0; i < count; i++) {
        int result = CLI_DONE;
        if (!only_operands && strcmp(words[i], "--") == 0)
            only_operands = true;
        else if (!only_operands && is_option(words[i]))
            result = add_option(invocation, count, words, &i);
        else
            result = add_operand(invocation, words[i]);
        if (result != CLI_DONE)
            return result;
    }
    if (!cli_given(invocation, "help") &&
        invocation->operand_count < command->least_operands)
        return cli_fail(CLI_USAGE,
                        "%s: an argument is missing; usage: xhat "
                        "%s %s (`xhat help %s` for more)",
                        command->name, command->name, command->operands,
                        command->name);
    return CLI_DONE;
}

/* ---- values -------------------------------------------------------------- */

static int position(const cli_invocation *invocation, const char *name)
{
    for (int i = invocation->value_count - 1; i >= 0; i--)
        if (strcmp(invocation->values[i].option->name, name) == 0)
            return i;
    return -1;
}

bool cli_given(const cli_invocation *invocation, const char *name)
{
    return position(invocation, name) >= 0;
}

const char *cli_text(const cli_invocation *invocation, const char *name)
{
    int i = position(invocation, name);
    return i < 0 ? NULL : invocation->values[i].text;
}

int cli_number(const cli_invocation *invocation, const char *name, double least,
               double most, double *value)
{
    const char *text = cli_text(invocation, name);
    double number;
    if (text == NULL)
        return CLI_DONE;
    if (!xhat_number_parse(text, strlen(text), &number))
        return cli_fail(CLI_USAGE, "--%s: \"%s\" is not a number", name, text);
    if (!(number >= least && number <= most)) {
        char a[XHAT_NUMBER_SIZE], b[XHAT_NUMBER_SIZE];
        xhat_number_from_f64(least, a);
        xhat_number_from_f64(most, b);
        if (most >= DBL_MAX)
            return cli_fail(CLI_USAGE,
                            "--%s is %s but must be a finite number of at "
                            "least %s",
                            name, text, a);
        return cli_fail(CLI_USAGE, "--%s is %s but must be from %s to %s", name,
                        text, a, b);
    }
    *value = number;
    return CLI_DONE;
}

int cli_integer(const cli_invocation *invocation, const char *name,
                int64_t least, int64_t most, int64_t *value)
{
    const char *text = cli_text(invocation, name);
    int64_t number;
    if (text == NULL)
        return CLI_DONE;
    if (!xhat_number_parse_integer(text, &number))
        return cli_fail(CLI_USAGE, "--%s: \"%s\" is not a whole number", name,
                        text);
    if (number < least || number > most)
        return cli_fail(CLI_USAGE, "--%s is %s but must be from %lld to %lld",
                        name, text, (long long)least, (long long)most);
    *value = number;
    return CLI_DONE;
}

int cli_choice(const cli_invocation *invocation, const char *name,
               const char *const *words, int *choice)
{
    const char *text = cli_text(invocation, name);
    char list[256] = "";
    int count = 0;
    if (text == NULL)
        return CLI_DONE;
    for (; words[count] != NULL; count++) {
        if (strcmp(text, words[count]) == 0) {
            *choice = count;
            return CLI_DONE;
        }
        if (count > 0)
            strncat(list, ", ", sizeof list - strlen(list) - 1);
        strncat(list, words[count], sizeof list - strlen(list) - 1);
    }
    const char *near = cli_nearest(text, words, count);
    if (near != NULL)
        return cli_fail(CLI_USAGE,
                        "--%s: unknown %s \"%s\"; did you mean %s? "
                        "(one of %s)",
                        name, name, text, near, list);
    return cli_fail(CLI_USAGE, "--%s: unknown %s \"%s\" (one of %s)", name,
                    name, text, list);
}

int cli_threads(const cli_invocation *invocation, int *threads)
{
    int64_t count = xhat_threads_available();
    const char *environment = getenv("XHAT_THREADS");
    if (cli_text(invocation, "threads") == NULL && environment != NULL &&
        *environment != '\0' &&
        (!xhat_number_parse_integer(environment, &count) || count < 1 ||
         count > XHAT_THREADS_MAX))
        return cli_fail(CLI_USAGE,
                        "XHAT_THREADS=%s must be a whole number from 1 to %d",
                        environment, XHAT_THREADS_MAX);
    int result =
        cli_integer(invocation, "threads", 1, XHAT_THREADS_MAX, &count);
    *threads = (int)count;
    return result;
}
