#include "net_input.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "input.h"

enum { ROWS_AT_ONCE = 512 };

const char cli_data_help[] =
    "DATA is a folder of IDX files with the MNIST names, a CIFAR-10 binary "
    "folder or\nfile, a CSV with a label column, an .npz with x and y (and "
    "maybe x_test and\ny_test), or one of the built-in spiral, xor and "
    "digits-like.\n";

void cli_base_name(const char *path, char *name, int size)
{
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    size_t begin = length;
    while (begin > 0 && path[begin - 1] != '/')
        begin--;
    snprintf(name, (size_t)size, "%.*s", (int)(length - begin), path + begin);
}

const char *cli_source_name(const char *source)
{
    return strcmp(source, "-") == 0 ? "standard input" : source;
}

const char *cli_data_again(const char *source)
{
    return strcmp(source, "-") == 0 ? " < DATA" : "";
}

int cli_fail_data(const char *source, const xhat_error *error)
{
    const char *const *names = xhat_generator_names();
    const char *near = NULL;
    int count = 0;
    while (names[count] != NULL)
        count++;
    if (error->status == XHAT_CANNOT_READ && access(source, F_OK) != 0)
        near = cli_nearest(source, names, count);
    if (near == NULL)
        return cli_fail_error(error);
    return cli_fail(CLI_INPUT,
                    "%s: there is no such file; did you mean the built-in "
                    "\"%s\"?",
                    source, near);
}

int cli_model_open(const cli_invocation *invocation, const char *run,
                   xhat_model *model)
{
    char path[CLI_PATH_SIZE];
    struct stat info;
    int threads;
    xhat_error error = {0};
    int result = cli_threads(invocation, &threads);
    if (result != CLI_DONE)
        return result;
    if (stat(run, &info) != 0)
        return cli_fail(CLI_INPUT, "%s: there is no such run", run);
    snprintf(path, sizeof path, "%s%s", run,
             S_ISDIR(info.st_mode) ? "/model.safetensors" : "");
    xhat_net_set_blas_threads(threads);
    if (xhat_model_read(model, path, ROWS_AT_ONCE, 1, NULL, &error) != XHAT_OK)
        return cli_fail_error(&error);
    return CLI_DONE;
}

int cli_dataset_for_model(const cli_invocation *invocation, const char *source,
                          const xhat_model *model, bool unlabeled,
                          xhat_dataset *data)
{
    int64_t seed = 0;
    xhat_error error = {0};
    int result = cli_integer(invocation, "seed", 0, INT64_MAX, &seed);
    if (result != CLI_DONE)
        return result;
    bool numbers = model->class_names == NULL;
    xhat_data_options options = {
        .target = numbers ? XHAT_TARGET_NUMBERS : XHAT_TARGET_CLASSES,
        .label = cli_text(invocation, "label"),
        .likely_label = model->label_name,
        .like = &model->columns,
        .features = model->features,
        .unlabeled = unlabeled,
        .missing = model->missing,
        .is_matrix = cli_is_inline(source),
        .seed = (uint64_t)seed,
    };
    result = cli_missing(invocation, &options.missing);
    if (result != CLI_DONE)
        return result;
    if (unlabeled && options.missing == XHAT_MISSING_DROP)
        options.missing = XHAT_MISSING_REFUSE; /* each row has its line */
    if (xhat_dataset_read(data, source, &options, NULL, &error) != XHAT_OK)
        return cli_fail_data(source, &error);
    if (data->features != model->features) {
        result = cli_fail(
            CLI_INPUT, "%s has %zu feature%s but the model takes %zu", source,
            data->features, data->features == 1 ? "" : "s", model->features);
        xhat_dataset_free(data);
        return result;
    }
    if (!unlabeled && !numbers &&
        xhat_dataset_relabel(data, (const char *const *)model->class_names,
                             model->classes, &error) != XHAT_OK) {
        xhat_dataset_free(data);
        return cli_fail(CLI_INPUT, "%s: %s", source, error.message);
    }
    if (data->note[0] != '\0')
        cli_note(invocation, "%s: %s", cli_source_name(source), data->note);
    cli_note_missing(invocation, source, data);
    return CLI_DONE;
}

xhat_rows cli_rows_to_judge(const xhat_dataset *data, const char **part)
{
    xhat_rows test = xhat_test_rows(data);
    *part = test.count > 0 ? "test set" : "all rows";
    return test.count > 0 ? test : xhat_all_rows(data);
}
