#include "train_data.h"

#include "input.h"

static void note_data(const cli_invocation *invocation,
                      const cli_train_setup *setup, const xhat_dataset *data,
                      const xhat_split *split)
{
    if (data->note[0] != '\0')
        cli_note(invocation, "%s: %s", setup->source, data->note);
    cli_note_missing(invocation, setup->source, data);
    if (data->label_name[0] != '\0')
        cli_note(invocation, "%s: the labels are in \"%s\"", setup->source,
                 data->label_name);
    cli_note(invocation,
             "%s: %zu feature%s, %zu class%s; %zu rows to train, %zu to "
             "validate, %zu to test",
             setup->source, data->features, data->features == 1 ? "" : "s",
             data->classes, data->classes == 1 ? "" : "es", split->train.count,
             split->validation.count, split->test.count);
    if (data->classes == 1 && data->targets == NULL)
        cli_warn("%s: there is one class only (%s): nothing is to be learned",
                 setup->source, data->class_names[0]);
}

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
        return cli_fail_error(&error);
    }
    /* the rows to train with are shuffled: the first ones are any */
    if (setup->train_rows > 0 && setup->train_rows < split->train.count)
        split->train.count = setup->train_rows;
    cli_train_data_fit(setup, data);
    note_data(invocation, setup, data, split);
    return cli_warn_of_leaks(setup->source, setup->drop, data);
}
