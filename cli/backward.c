/* xhat backward: the gradient of a batch. */
#include <string.h>

#include "input.h"
#include "output.h"
#include "tellings.h"

static const cli_option options[] = {
    {"output", 'o', "FILE",
     ".npz .npy .csv .tsv or .json (default: JSON on stdout)"},
    {NULL, 0, NULL, NULL}};

/* One set of options serves forward and backward. */
static const cli_option as_forward[] = {
    {"momentum", 0, "P|none", "taken as forward takes it, and not used here"},
    {"batches-seen", 0, "K", "taken as forward takes it, and not used here"},
    {NULL, 0, NULL, NULL}};

static int check_shape(const xhat_array *x, const xhat_array *dout)
{
    char x_shape[CLI_SHAPE_SIZE], dout_shape[CLI_SHAPE_SIZE];
    if (x->rank == dout->rank &&
        memcmp(x->shape, dout->shape, (size_t)x->rank * sizeof *x->shape) == 0)
        return CLI_DONE;
    return cli_fail(CLI_INPUT,
                    "dout is %s but x is %s: they must have the "
                    "same shape",
                    cli_shape(dout, dout_shape), cli_shape(x, x_shape));
}

static int compute(const cli_invocation *invocation, const xhat_arrays *file,
                   const xhat_arrays *gradients, const char *source)
{
    cli_norm norm;
    cli_results results = {0};
    const xhat_array *x = cli_find(invocation, file, "x");
    const xhat_array *dout = cli_find(invocation, gradients, "dout");
    if (x == NULL)
        return cli_fail(CLI_INPUT, "%s: no array is called x",
                        invocation->operands[0]);
    if (dout == NULL || (dout == x && gradients == file))
        return cli_fail(CLI_INPUT, "%s: no array is called dout", source);
    int result = check_shape(x, dout);
    if (result != CLI_DONE)
        return result;
    result = cli_norm_read(&norm, invocation, x, file);
    if (result != CLI_DONE)
        return result;
    cli_norm_round(&norm);
    cli_warn_not_finite("x", x);
    cli_warn_not_finite("dout", dout);
    result = cli_tell_backward(&norm, x, dout, &results);
    if (result == CLI_DONE)
        result = cli_write_arrays(invocation, cli_text(invocation, "output"),
                                  results.items, results.count);
    cli_results_free(&results);
    cli_norm_free(&norm);
    return result;
}

static int run(const cli_invocation *invocation)
{
    xhat_arrays file, gradients;
    const char *const *operands = invocation->operands;
    int result = cli_check_ending(cli_text(invocation, "output"));
    if (result == CLI_DONE)
        result = cli_read(invocation, &file, operands[0]);
    if (result != CLI_DONE)
        return result;
    if (invocation->operand_count == 1) {
        result = compute(invocation, &file, &file, operands[0]);
    } else if ((result = cli_read(invocation, &gradients, operands[1])) ==
               CLI_DONE) {
        result = compute(invocation, &file, &gradients, operands[1]);
        xhat_arrays_free(&gradients);
    }
    xhat_arrays_free(&file);
    return result;
}

const cli_command cli_command_backward = {
    .name = "backward",
    .summary = "the gradient of a batch: dx dgamma dbeta",
    .operands = "X [DOUT]",
    .examples = "    xhat backward x.npy dout.npy -o grad.npz\n"
                "    xhat backward batch.npz -o grad.npz       x and dout in "
                "one file\n"
                "    xhat backward \"1,10; 2,20; 4,40\" \"1,0; 0,1; 0,0\" "
                "--method staged\n",
    .details = "DOUT is the gradient of the loss with respect to out, in the "
               "shape of X.\nWith --mode eval: the gradient of a frozen "
               "layer.\n",
    .least_operands = 1,
    .most_operands = 2,
    .tables = {options, cli_norm_options, cli_telling_options, as_forward},
    .run = run,
};
