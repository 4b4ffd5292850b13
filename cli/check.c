/* xhat check: which of somebody's arrays are wrong, and since which gate. */
#include "check_arrays.h"

static int run(const cli_invocation *invocation)
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

const cli_command cli_command_check = {
    .name = "check",
    .summary = "find the first wrong gate in arrays you computed",
    .operands = "MINE.npz",
    .examples = "    xhat check mine.npz\n"
                "    xhat check mine.npz --eps 1e-8 --json\n"
                "\n"
                "    numpy.savez(\"mine.npz\", x=x, gamma=gamma, beta=beta, "
                "dout=dout,\n"
                "                out=out, dx=dx, dgamma=dgamma, dbeta=dbeta, "
                "dvar=dvar)\n",
    .details =
        "x and dout at least are needed; gamma, beta and eps default to 1, 0\n"
        "and --eps.  From dx alone it tells whether dx is right, and which\n"
        "branch of it is missing if one is; the arrays between make it\n"
        "precise.  Any of these is checked:\n"
        "    mean dev_from_mean dev_from_mean_sq var stddev inverted_stddev\n"
        "    x_norm scaled_x out, and with a d before the name the gradients;\n"
        "    ddev_from_mean and dx are the totals.\n"
        "Each gate is run again from your own arrays, so that one mistake is\n"
        "one wrong gate and what comes after it merely follows.  Exit status:\n"
        "0 all right, 1 wrong or cannot tell, 3 a wrong shape.\n",
    .least_operands = 1,
    .most_operands = 1,
    .tables = {cli_norm_options},
    .run = run,
};
