/* xhat plot: the curves of runs in one picture. */
#include <stdio.h>
#include <string.h>

#include "net_input.h"
#include "output.h"

static const cli_option options[] = {
    {"output", 'o', "FILE", "the picture, .svg (default: stdout)"},
    {NULL, 0, NULL, NULL}};

enum { RUNS_MOST = 8, NAME_SIZE = 24 };

/* A run is called by its folder; runs of one name by all of their paths. */
static void name_runs(const cli_invocation *invocation,
                      char names[RUNS_MOST][NAME_SIZE])
{
    int count = invocation->operand_count;
    for (int i = 0; i < count; i++)
        cli_base_name(invocation->operands[i], names[i], NAME_SIZE);
    for (int i = 0; i < count; i++)
        for (int j = 0; j < i; j++)
            if (strcmp(names[i], names[j]) == 0) {
                snprintf(names[j], NAME_SIZE, "%s", invocation->operands[j]);
                snprintf(names[i], NAME_SIZE, "%s", invocation->operands[i]);
            }
}

static int draw(const cli_invocation *invocation, const xhat_history *histories)
{
    char names[RUNS_MOST][NAME_SIZE], *svg;
    xhat_curve curves[RUNS_MOST];
    size_t length;
    xhat_error error = {0};
    name_runs(invocation, names);
    for (int i = 0; i < invocation->operand_count; i++)
        curves[i] = (xhat_curve){names[i], &histories[i]};
    if (xhat_curves_draw(curves, (size_t)invocation->operand_count,
                         "Training curves", &svg, &length, &error) != XHAT_OK)
        return cli_fail_error(&error);
    int result =
        cli_write_text(invocation, cli_text(invocation, "output"), svg, length);
    xhat_curves_free(svg);
    return result;
}

static int run(const cli_invocation *invocation)
{
    const char *path = cli_text(invocation, "output");
    xhat_history histories[RUNS_MOST] = {{0}};
    xhat_error error = {0};
    int result = CLI_DONE;
    if (path != NULL && strcmp(path, "-") != 0 && !cli_ends_in(path, ".svg"))
        return cli_fail(CLI_USAGE, "%s: a picture's name ends in .svg", path);
    for (int i = 0; i < invocation->operand_count && result == CLI_DONE; i++)
        if (xhat_history_read(&histories[i], invocation->operands[i], NULL,
                              &error) != XHAT_OK)
            result = cli_fail_error(&error);
    if (result == CLI_DONE)
        result = draw(invocation, histories);
    for (int i = 0; i < invocation->operand_count; i++)
        xhat_history_free(&histories[i]);
    return result;
}

const cli_command cli_command_plot = {
    .name = "plot",
    .summary = "draw the curves of runs",
    .operands = "RUN...",
    .examples = "    xhat plot runs/iris-1 -o iris.svg\n"
                "    xhat plot runs/a runs/a/baseline runs/b -o all.svg\n",
    .details = "Loss and accuracy against the epoch: training dashed, "
               "validation (or test)\nsolid.\n",
    .least_operands = 1,
    .most_operands = RUNS_MOST,
    .tables = {options},
    .run = run,
};
