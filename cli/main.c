/* xhat: the command.  Finds the subcommand, parses its line, runs it. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kernels/kernels.h"
#include "options.h"

const cli_command *const cli_commands[] = {
    &cli_command_forward, &cli_command_backward,
    &cli_command_explain, &cli_command_check,
    &cli_command_train,   &cli_command_eval,
    &cli_command_predict, &cli_command_sweep,
    &cli_command_export,  &cli_command_inspect,
    &cli_command_plot,    &cli_command_bench,
    &cli_command_info,    &cli_command_completion,
    &cli_command_help,    NULL};

const cli_command *cli_find_command(const char *name)
{
    for (int i = 0; cli_commands[i] != NULL; i++)
        if (strcmp(cli_commands[i]->name, name) == 0)
            return cli_commands[i];
    return NULL;
}

int cli_unknown_command(const char *name)
{
    const char *names[32];
    int count = 0;
    for (; cli_commands[count] != NULL; count++)
        names[count] = cli_commands[count]->name;
    const char *near = cli_nearest(name, names, count);
    if (near != NULL)
        return cli_fail(CLI_USAGE, "unknown command \"%s\"; did you mean %s?",
                        name, near);
    return cli_fail(CLI_USAGE, "unknown command \"%s\"; `xhat help` lists them",
                    name);
}

/* What every command takes is checked for every command: --threads, --seed,
 * XHAT_THREADS, XHAT_ISA. */
static int check_common(const cli_invocation *invocation)
{
    int threads, result = cli_threads(invocation, &threads);
    int64_t seed = 0;
    const xhat_isa *isa;
    xhat_error error = {0};
    if (result == CLI_DONE)
        result = cli_integer(invocation, "seed", 0, INT64_MAX, &seed);
    if (result == CLI_DONE && xhat_isa_choose(&isa, &error) != XHAT_OK)
        result = cli_fail(CLI_USAGE, "%s", error.message);
    return result;
}

static int run(int count, const char *const *words)
{
    cli_invocation invocation;
    if (count < 1 || strcmp(words[0], "--help") == 0 ||
        strcmp(words[0], "-h") == 0) {
        cli_help_all(stdout);
        return CLI_DONE;
    }
    if (strcmp(words[0], "--version") == 0 || strcmp(words[0], "-v") == 0) {
        printf("xhat %s\n", xhat_version());
        return CLI_DONE;
    }
    const cli_command *command = cli_find_command(words[0]);
    if (command == NULL)
        return cli_unknown_command(words[0]);
    int result = cli_parse(&invocation, command, count - 1, words + 1);
    if (result != CLI_DONE)
        return result;
    if (cli_given(&invocation, "help")) {
        cli_help_command(stdout, command);
        return CLI_DONE;
    }
    result = check_common(&invocation);
    return result == CLI_DONE ? command->run(&invocation) : result;
}

/* ---- Ctrl-C -------------------------------------------------------------- */

static volatile sig_atomic_t interrupts;

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    if (interrupts++ > 0)
        _exit(128 + SIGINT);
}

void cli_catch_interrupts(void)
{
    struct sigaction action = {.sa_handler = on_interrupt,
                               .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
}

bool cli_interrupted(void)
{
    return interrupts > 0;
}

int main(int argc, char **argv)
{
    int result = run(argc - 1, (const char *const *)argv + 1);
    /* what was printed counts only once it has been written */
    if ((fflush(stdout) != 0 || ferror(stdout)) && result == CLI_DONE)
        result = cli_fail(CLI_OUTPUT, "standard output cannot be written");
    return result;
}
