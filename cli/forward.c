/* xhat forward: normalizes a batch. */
#include "input.h"
#include "output.h"
#include "tellings.h"

static const cli_option options[] = {
    {"output", 'o', "FILE",
     ".npz .npy .csv .tsv or .json (default: JSON on stdout)"},
    {NULL, 0, NULL, NULL}};

static int run(const cli_invocation *invocation)
{
    xhat_arrays file;
    cli_norm norm;
    cli_results results = {0};
    int result = cli_check_ending(cli_text(invocation, "output"));
    if (result == CLI_DONE)
        result = cli_read(invocation, &file, invocation->operands[0]);
    if (result != CLI_DONE)
        return result;
    const xhat_array *x = cli_find(invocation, &file, "x");
    if (x == NULL)
        result = cli_fail(CLI_INPUT, "%s: no array is called x",
                          invocation->operands[0]);
    else if ((result = cli_norm_read(&norm, invocation, x, &file)) ==
             CLI_DONE) {
        cli_norm_round(&norm);
        cli_warn_not_finite("x", x);
        result = cli_tell_forward(&norm, x, &results);
        if (result == CLI_DONE)
            result =
                cli_write_arrays(invocation, cli_text(invocation, "output"),
                                 results.items, results.count);
        cli_results_free(&results);
        cli_norm_free(&norm);
    }
    xhat_arrays_free(&file);
    return result;
}

const cli_command cli_command_forward = {
    .name = "forward",
    .summary = "normalize a batch",
    .operands = "X",
    .examples = "    xhat forward x.npy -o out.npz\n"
                "    xhat forward \"1,10; 2,20; 4,40\" --gamma 2,2 --beta 0,1\n"
                "    xhat forward images.npy --layout nhwc -o out.npy\n"
                "    xhat forward x.npz --mode eval --running-mean m.npy "
                "--running-var v.npy\n",
    .details = "X is a file (.npy .npz CSV IDX ...), - for stdin, or numbers "
               "as above.\nWritten: out mean var inverted_stddev, and "
               "running_mean running_var when these\nwere given to a training "
               "forward.\n",
    .least_operands = 1,
    .most_operands = 1,
    .tables = {options, cli_norm_options, cli_running_options,
               cli_telling_options},
    .run = run,
};
