/* xhat completion: scripts that complete command lines in bash, zsh and fish,
 * made from the tables that --help is made from.
 *
 * An argument such as "batch|none" completes to its words, FILE and the like
 * to names on disk, other values to nothing. */
#include <string.h>

#include "options.h"
#include "output.h"

/* The words of a list, with `between` between them. */
static void put_words(xhat_text *to, const char *list, const char *between)
{
    const char *word, *at = list;
    int length;
    for (int i = 0; (word = cli_next_word(&at, &length)) != NULL; i++)
        xhat_text_add(to, "%s%.*s", i > 0 ? between : "", length, word);
}

static bool has_words(const char *list)
{
    int length;
    return list != NULL && cli_next_word(&list, &length) != NULL;
}

static void put_command_names(xhat_text *to)
{
    for (const cli_command *const *c = cli_commands; *c != NULL; c++)
        xhat_text_add(to, "%s%s", c == cli_commands ? "" : " ", (*c)->name);
}

/* What operands may be beside names on disk. */
static void put_operand_words(xhat_text *to, const cli_command *command)
{
    if (command == &cli_command_help)
        put_command_names(to);
    else if (command->operand_words != NULL)
        put_words(to, command->operand_words, " ");
}

/* help and completion take no files */
static bool takes_files(const cli_command *command)
{
    return command->most_operands > 0 && command != &cli_command_help &&
           command != &cli_command_completion;
}

/* `text` inside single quotes of a shell; `special` are characters that want a
 * backslash before them. */
static void put_quoted(xhat_text *to, const char *text, const char *special,
                       const char *quote)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            xhat_text_put(to, quote);
        else
            xhat_text_add(to, "%s%c",
                          strchr(special, *text) != NULL ? "\\" : "", *text);
    }
}

/* ---- bash ---------------------------------------------------------------- */

static void bash_option_values(xhat_text *to, const cli_command *command,
                               const cli_option *option)
{
    xhat_text_add(to, "    '%s --%s'", command->name, option->name);
    if (option->letter != 0)
        xhat_text_add(to, "|'%s -%c'", command->name, option->letter);
    xhat_text_put(to, ")\n        words='");
    put_words(to, option->argument, " ");
    xhat_text_add(to, "' files=%s ;;\n",
                  cli_names_file(option->argument) ? "yes" : "");
}

static void bash_command(xhat_text *to, const cli_command *command)
{
    const cli_option *tables[CLI_ALL_TABLES];
    for (const cli_option *const *t = cli_tables(command, tables); *t; t++)
        for (const cli_option *o = *t; o->name != NULL; o++)
            if (o->argument != NULL)
                bash_option_values(to, command, o);
    xhat_text_add(to,
                  "    '%s '*)\n        if [[ $word == -* ]]; then\n"
                  "            words='",
                  command->name);
    for (const cli_option *const *t = cli_tables(command, tables); *t; t++)
        for (const cli_option *o = *t; o->name != NULL; o++) {
            xhat_text_add(to, "--%s ", o->name);
            if (o->letter != 0)
                xhat_text_add(to, "-%c ", o->letter);
        }
    xhat_text_put(to, "'\n        else\n            words='");
    put_operand_words(to, command);
    xhat_text_add(to, "' files=%s\n        fi ;;\n",
                  takes_files(command) ? "yes" : "");
}

static void put_bash(xhat_text *to)
{
    xhat_text_put(to,
                  "# bash completion for xhat, made by `xhat completion bash`\n"
                  "_xhat()\n{\n"
                  "    local word=${COMP_WORDS[COMP_CWORD]} words= files=\n"
                  "    local before=${COMP_WORDS[COMP_CWORD-1]}\n"
                  "    # --norm=batch comes in three words\n"
                  "    if [[ $word == = ]]; then\n"
                  "        word=\n"
                  "    elif [[ $before == = ]]; then\n"
                  "        before=${COMP_WORDS[COMP_CWORD-2]}\n"
                  "    fi\n"
                  "    ((COMP_CWORD > 1)) && before=\"${COMP_WORDS[1]} "
                  "$before\"\n"
                  "    case $before in\n");
    for (const cli_command *const *c = cli_commands; *c != NULL; c++)
        bash_command(to, *c);
    xhat_text_put(to, "    *)\n        ((COMP_CWORD == 1)) && words='");
    put_command_names(to);
    xhat_text_put(to, " --help --version' ;;\n"
                      "    esac\n"
                      "    COMPREPLY=()\n"
                      "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- "
                      "\"$word\"\n"
                      "        [[ $files ]] && compgen -f -- \"$word\")\n"
                      "    [[ $files ]] && compopt -o filenames 2>/dev/null\n"
                      "    return 0\n"
                      "}\n"
                      "complete -F _xhat xhat\n");
}

/* ---- zsh ----------------------------------------------------------------- */

static void zsh_option(xhat_text *to, const cli_option *option)
{
    xhat_text_put(to, "            ");
    if (option->letter != 0)
        xhat_text_add(to, "'(-%c --%s)'{-%c,--%s%s}'", option->letter,
                      option->name, option->letter, option->name,
                      option->argument != NULL ? "=" : "");
    else
        xhat_text_add(to, "'--%s%s", option->name,
                      option->argument != NULL ? "=" : "");
    xhat_text_put(to, "[");
    put_quoted(to, option->help, "[]\\:", "'\\''");
    xhat_text_put(to, "]");
    if (option->argument != NULL) {
        xhat_text_add(to, ":%s:", option->name);
        if (has_words(option->argument)) {
            xhat_text_put(to, "(");
            put_words(to, option->argument, " ");
            xhat_text_put(to, ")");
        } else {
            xhat_text_put(to,
                          cli_names_file(option->argument) ? "_files" : "( )");
        }
    }
    xhat_text_put(to, "' \\\n");
}

static void zsh_command(xhat_text *to, const cli_command *command)
{
    const cli_option *tables[CLI_ALL_TABLES];
    bool words =
        command == &cli_command_help || has_words(command->operand_words);
    xhat_text_add(to, "    %s)\n        _arguments -s \\\n", command->name);
    for (const cli_option *const *t = cli_tables(command, tables); *t; t++)
        for (const cli_option *o = *t; o->name != NULL; o++)
            zsh_option(to, o);
    if (command->most_operands == 0)
        xhat_text_put(to, "            && return ;;\n");
    else if (!words)
        xhat_text_put(to, "            '*:file:_files' && return ;;\n");
    else {
        xhat_text_put(to, "            '*:argument:{_alternative "
                          "\"words:word:(");
        put_operand_words(to, command);
        xhat_text_add(to, ")\"%s}' && return ;;\n",
                      takes_files(command) ? " \"files:file:_files\"" : "");
    }
}

static void put_zsh(xhat_text *to)
{
    xhat_text_put(to, "#compdef xhat\n"
                      "# zsh completion for xhat, made by `xhat completion "
                      "zsh`\n"
                      "_xhat() {\n"
                      "    local -a commands\n"
                      "    commands=(\n");
    for (const cli_command *const *c = cli_commands; *c != NULL; c++) {
        xhat_text_add(to, "        '%s:", (*c)->name);
        put_quoted(to, (*c)->summary, "\\:", "'\\''");
        xhat_text_put(to, "'\n");
    }
    xhat_text_put(to, "    )\n"
                      "    if (( CURRENT == 2 )); then\n"
                      "        _describe -t commands command commands\n"
                      "        return\n"
                      "    fi\n"
                      "    local name=$words[2]\n"
                      "    shift words\n"
                      "    (( CURRENT-- ))\n"
                      "    case $name in\n");
    for (const cli_command *const *c = cli_commands; *c != NULL; c++)
        zsh_command(to, *c);
    xhat_text_put(to, "    esac\n"
                      "}\n"
                      "if [[ $funcstack[1] == _xhat ]]; then\n"
                      "    _xhat \"$@\"\n"
                      "else\n"
                      "    compdef _xhat xhat\n"
                      "fi\n");
}

/* ---- fish ---------------------------------------------------------------- */

static void fish_option(xhat_text *to, const cli_command *command,
                        const cli_option *option)
{
    xhat_text_add(to,
                  "complete -c xhat -n '__fish_seen_subcommand_from %s' -l %s",
                  command->name, option->name);
    if (option->letter != 0)
        xhat_text_add(to, " -s %c", option->letter);
    if (option->argument != NULL) {
        xhat_text_put(to, cli_names_file(option->argument) ? " -r -F" : " -x");
        if (has_words(option->argument)) {
            xhat_text_put(to, " -a '");
            put_words(to, option->argument, " ");
            xhat_text_put(to, "'");
        }
    }
    xhat_text_put(to, " -d '");
    put_quoted(to, option->help, "\\", "\\'");
    xhat_text_put(to, "'\n");
}

static void fish_command(xhat_text *to, const cli_command *command)
{
    const cli_option *tables[CLI_ALL_TABLES];
    xhat_text_add(to, "complete -c xhat -n __fish_use_subcommand -a %s -d '",
                  command->name);
    put_quoted(to, command->summary, "\\", "\\'");
    xhat_text_put(to, "'\n");
    if (takes_files(command))
        xhat_text_add(to,
                      "complete -c xhat -n '__fish_seen_subcommand_from %s' "
                      "-F\n",
                      command->name);
    if (command == &cli_command_help || command->operand_words != NULL) {
        xhat_text_add(to,
                      "complete -c xhat -n '__fish_seen_subcommand_from %s' "
                      "-a '",
                      command->name);
        put_operand_words(to, command);
        xhat_text_put(to, "'\n");
    }
    for (const cli_option *const *t = cli_tables(command, tables); *t; t++)
        for (const cli_option *o = *t; o->name != NULL; o++)
            fish_option(to, command, o);
}

static void put_fish(xhat_text *to)
{
    xhat_text_put(to, "# fish completion for xhat, made by `xhat completion "
                      "fish`\n"
                      "complete -c xhat -f\n");
    for (const cli_command *const *c = cli_commands; *c != NULL; c++)
        fish_command(to, *c);
}

/* ---- the command --------------------------------------------------------- */

static int run(const cli_invocation *invocation)
{
    static const char *const shells[] = {"bash", "zsh", "fish"};
    static void (*const writers[])(xhat_text *) = {put_bash, put_zsh, put_fish};
    const char *shell = invocation->operands[0];
    for (int i = 0; i < 3; i++)
        if (strcmp(shell, shells[i]) == 0) {
            xhat_text script = xhat_text_on(NULL);
            writers[i](&script);
            return cli_write_made(invocation, cli_text(invocation, "output"),
                                  &script);
        }
    return cli_fail(CLI_USAGE,
                    "completion: unknown shell \"%s\" (one of bash, zsh, fish)",
                    shell);
}

static const cli_option options[] = {
    {"output", 'o', "FILE", "the script (default: stdout)"},
    {NULL, 0, NULL, NULL}};

const cli_command cli_command_completion = {
    .name = "completion",
    .summary = "a script that completes command lines in your shell",
    .operands = "bash|zsh|fish",
    .operand_words = "bash|zsh|fish",
    .examples =
        "    source <(xhat completion bash)\n"
        "    xhat completion zsh -o ~/.zfunc/_xhat\n"
        "    xhat completion fish -o ~/.config/fish/completions/xhat.fish\n",
    .details = "`make install` installs all three where the shells look.\n",
    .least_operands = 1,
    .most_operands = 1,
    .tables = {options},
    .run = run,
};
