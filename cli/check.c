/* xhat check: which of somebody's arrays are wrong, and since which gate. */
#include "check_arrays.h"
#include "list_mistakes.h"
#include "make_probe.h"

static const cli_option options[] = {
    {"make-probe", 0, "FILE",
     "write inputs on which every known mistake shows (no MINE needed)"},
    {"list-mistakes", 0, NULL,
     "print the known mistakes, their causes and fixes"},
    {0},
};

static int check_file(const cli_invocation *invocation)
{
    cli_check check;
    int result = cli_check_read(&check, invocation);
    if (result == CLI_DONE)
        result = cli_given(invocation, "json")
                     ? cli_check_report_json(&check, invocation)
                     : cli_check_report(&check, invocation);
    cli_check_free(&check);
    return result;
}

static int run(const cli_invocation *invocation)
{
    const char *probe = cli_text(invocation, "make-probe");
    if (cli_given(invocation, "list-mistakes"))
        return cli_list_mistakes(invocation);
    if (probe == NULL && invocation->operand_count == 0)
        return cli_fail(CLI_USAGE, "check needs a file to check, "
                                   "--make-probe FILE or --list-mistakes");
    int result = probe == NULL ? CLI_DONE : cli_make_probe(invocation, probe);
    if (result != CLI_DONE || invocation->operand_count == 0)
        return result;
    return check_file(invocation);
}

const cli_command cli_command_check = {
    .name = "check",
    .summary = "find the first wrong gate in arrays you computed",
    .operands = "[MINE.npz]",
    .examples =
        "    xhat check mine.npz\n"
        "    xhat check mine.npz --eps 1e-8 --json\n"
        "    xhat check --make-probe probe.npz        inputs worth trying\n"
        "\n"
        "    numpy.savez(\"mine.npz\", x=x, gamma=gamma, beta=beta, "
        "dout=dout,\n"
        "                out=out, dx=dx, dgamma=dgamma, dbeta=dbeta, "
        "dvar=dvar)\n",
    .details =
        "x and dout at least are needed; gamma, beta and eps default to 1, 0\n"
        "and --eps.  Any of these is checked:\n"
        "    mean dev_from_mean dev_from_mean_sq var stddev inverted_stddev\n"
        "    x_norm scaled_x out, and with a d before the name the gradients;\n"
        "    ddev_from_mean and dx are the totals;\n"
        "    new_running_mean, new_running_var: after the batch, with what "
        "was\n"
        "    before as running_mean, running_var; the convention is named.\n"
        "Each gate is run again from your own arrays, so that one mistake is\n"
        "one wrong gate and what comes after it merely follows.  From dx "
        "alone\n"
        "it is looked for among the known mistakes, then two at once; "
        "mistakes\n"
        "that give the same numbers are listed together.  Exit status: 0 all\n"
        "right, 1 wrong or cannot tell, 3 a wrong shape.\n",
    .least_operands = 0,
    .most_operands = 1,
    .tables = {options, cli_norm_options},
    .run = run,
};
