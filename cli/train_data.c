#include "train_data.h"

#include "input.h"

void cli_train_data_fit(cli_train_setup *setup, const xhat_dataset *data)
{
    if (data->targets != NULL)
        setup->net.loss = XHAT_LOSS_SQUARED;
}

int cli_train_data_read(const cli_invocation *invocation,
                        cli_train_setup *setup, xhat_dataset *data,
                        xhat_split *split)
{
    xhat_error error = {0};
    xhat_data_options options = {.label = setup->label,
                                 .drop = setup->drop,
                                 .target = setup->target,
                                 .missing = setup->missing,
                                 .is_matrix = cli_is_inline(setup->source),
                                 .seed = setup->seed};
    if (xhat_dataset_read(data, setup->source, &options, NULL, &error) !=
        XHAT_OK)
        return cli_fail_data(setup->source, &error);
    if (xhat_split_make(split, data, setup->validation, setup->seed, &error) !=
        XHAT_OK) {
        xhat_dataset_free(data);
        return error.status == XHAT_BAD_FORMAT
                   ? cli_fail(CLI_INPUT, "%s: %s",
                              cli_source_name(setup->source), error.message)
                   : cli_fail_error(&error);
    }
    /* the rows to train with are shuffled: the first ones are any */
    if (setup->train_rows > 0 && setup->train_rows < split->train.count)
        split->train.count = setup->train_rows;
    cli_train_data_fit(setup, data);
    cli_note_data(invocation, setup->source, options.target, data, split);
    return cli_warn_of_leaks(setup->source, setup->drop, data);
}
