/* The commands about nets in a build that cannot train any. */
#include "cli.h"

static int refuse(const cli_invocation *invocation)
{
    return cli_fail(CLI_USAGE,
                    "%s: this xhat was built without OpenBLAS, jansson or "
                    "Random123; install libopenblas-dev, libjansson-dev and "
                    "librandom123-dev and build again",
                    invocation->command->name);
}

#define LACKING "    (this build lacks OpenBLAS, jansson or Random123)\n"

const cli_command cli_command_train = {
    .name = "train",
    .summary = "train a net (not in this build)",
    .operands = "DATA",
    .examples = LACKING,
    .most_operands = CLI_OPERANDS_MAX,
    .run = refuse,
};

const cli_command cli_command_eval = {
    .name = "eval",
    .summary = "accuracy of a trained net (not in this build)",
    .operands = "RUN DATA",
    .examples = LACKING,
    .most_operands = CLI_OPERANDS_MAX,
    .run = refuse,
};

const cli_command cli_command_predict = {
    .name = "predict",
    .summary = "classes of new rows (not in this build)",
    .operands = "RUN DATA",
    .examples = LACKING,
    .most_operands = CLI_OPERANDS_MAX,
    .run = refuse,
};

const cli_command cli_command_export = {
    .name = "export",
    .summary = "a trained net for other programs (not in this build)",
    .operands = "RUN",
    .examples = LACKING,
    .most_operands = CLI_OPERANDS_MAX,
    .run = refuse,
};

const cli_command cli_command_plot = {
    .name = "plot",
    .summary = "curves of runs (not in this build)",
    .operands = "RUN...",
    .examples = LACKING,
    .most_operands = CLI_OPERANDS_MAX,
    .run = refuse,
};

const cli_command cli_command_sweep = {
    .name = "sweep",
    .summary = "train over a grid of options (not in this build)",
    .operands = "DATA",
    .examples = LACKING,
    .most_operands = CLI_OPERANDS_MAX,
    .run = refuse,
};
