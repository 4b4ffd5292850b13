#include "presets.h"

#include <string.h>

#include "options.h"

typedef struct preset {
    const char *name, *command;
    /* option, value, ..., NULL; the value of a flag is NULL */
    const char *const *options;
} preset;

/* The settings of the experiments of CS231n's second assignment: 1,000 centered
 * rows to train with and 1,000 to validate, Adam at a constant rate, 10
 * epochs. */
#define COURSE                                                                 \
    "center", NULL, "train-rows", "1000", "validation", "1000", "epochs",      \
        "10", "optimizer", "adam", "lr-schedule", "constant"

static const char *const six_layer[] = {
    COURSE, "hidden", "100x5", "weight-scale", "0.02",     "batch-size", "50",
    "lr",   "0.001",  "norm",  "batch",        "baseline", NULL,         NULL};

static const char *const weight_scale[] = {COURSE,
                                           "hidden",
                                           "50x7",
                                           "lr",
                                           "0.001",
                                           "batch-size",
                                           "50",
                                           "grid",
                                           "weight-scale=1e-4..1:20log",
                                           "grid",
                                           "norm=batch,none",
                                           NULL};

/* lr: 10^-3.5 */
static const char *const batch_size[] = {COURSE,
                                         "hidden",
                                         "100x5",
                                         "weight-scale",
                                         "0.02",
                                         "lr",
                                         "0.0003162",
                                         "grid",
                                         "batch-size=5,10,50",
                                         "grid",
                                         "norm=batch,none",
                                         NULL};

static const char *const layer_norm[] = {COURSE,
                                         "hidden",
                                         "100x5",
                                         "weight-scale",
                                         "0.02",
                                         "lr",
                                         "0.0003162",
                                         "grid",
                                         "batch-size=5,10,50",
                                         "grid",
                                         "norm=layer,batch,none",
                                         NULL};

static const char *const depth[] = {COURSE,
                                    "weight-scale",
                                    "0.02",
                                    "lr",
                                    "0.001",
                                    "batch-size",
                                    "50",
                                    "grid",
                                    "hidden=100x1,100x2,100x4,100x8,100x16",
                                    "grid",
                                    "norm=batch,layer,none",
                                    NULL};

static const preset presets[] = {
    {"six-layer", "train", six_layer},
    {"weight-scale", "sweep", weight_scale},
    {"batch-size", "sweep", batch_size},
    {"layer-norm", "sweep", layer_norm},
    {"depth", "sweep", depth},
};

const char cli_train_presets_help[] =
    "Presets are options by name; those given beside them count.  1,000 "
    "centered "
    "rows\ntrain, 1,000 validate; Adam, 10 epochs:\n"
    "    six-layer     five hidden layers of 100 with batch norm, and without\n"
    "    (`xhat sweep` has more)\n";

const char cli_sweep_presets_help[] =
    "Presets are options by name; those given beside them count.  1,000 "
    "centered "
    "rows\ntrain, 1,000 validate; Adam, 10 epochs:\n"
    "    weight-scale  20 scales of the first weights, 1e-4 to 1, seven layers "
    "of 50,\n"
    "                  with batch norm and without\n"
    "    batch-size    5, 10 and 50 rows a step, with batch norm and without\n"
    "    layer-norm    the same with layer norm, batch norm and without\n"
    "    depth         1 to 16 layers of 100, with either norm and without\n";

/* Does the invocation say something of that option, by itself or by --grid? */
static bool is_said(const cli_invocation *from, const char *name)
{
    size_t length = strcspn(name, "=");
    for (int i = 0; i < from->value_count; i++) {
        const char *given = from->values[i].option->name;
        if (strcmp(given, "grid") == 0)
            given = from->values[i].text;
        if (strncmp(given, name, length) == 0 &&
            (given[length] == '\0' || given[length] == '='))
            return true;
    }
    return false;
}

/* --init and --weight-scale are two ways to say the same. */
static bool is_replaced(const cli_invocation *from, const char *name,
                        const char *value)
{
    const char *norm = cli_text(from, "norm");
    if (strcmp(name, "grid") == 0)
        name = value;
    if (strcmp(name, "baseline") == 0) /* which is what --norm none is */
        return norm != NULL && strcmp(norm, "none") == 0;
    return is_said(from, name) ||
           (strncmp(name, "weight-scale", strlen("weight-scale")) == 0 &&
            is_said(from, "init"));
}

static int add(cli_invocation *to, const char *name, const char *value)
{
    if (to->value_count == CLI_VALUES_MAX)
        return cli_fail(CLI_USAGE, "too many options");
    const cli_option *option = cli_find_option(to->command, name, strlen(name));
    if (option == NULL)
        return cli_fail(CLI_BUG, "a preset has --%s, which %s has not", name,
                        to->command->name);
    to->values[to->value_count].option = option;
    to->values[to->value_count++].text = value;
    return CLI_DONE;
}

static int unknown_preset(const cli_invocation *from, const char *name)
{
    const char *names[sizeof presets / sizeof *presets];
    int count = 0;
    for (size_t i = 0; i < sizeof presets / sizeof *presets; i++) {
        if (strcmp(presets[i].name, name) == 0)
            return cli_fail(CLI_USAGE,
                            "--preset %s is one of `xhat %s`, not of `xhat %s`",
                            name, presets[i].command, from->command->name);
        if (strcmp(presets[i].command, from->command->name) == 0)
            names[count++] = presets[i].name;
    }
    const char *near = cli_nearest(name, names, count);
    return cli_fail(CLI_USAGE,
                    "--preset: unknown preset \"%s\"%s%s%s; `xhat "
                    "help %s` lists them",
                    name, near != NULL ? "; did you mean " : "",
                    near != NULL ? near : "", near != NULL ? "?" : "",
                    from->command->name);
}

int cli_preset_apply(cli_invocation *to, const cli_invocation *from)
{
    const char *name = cli_text(from, "preset");
    const preset *found = NULL;
    *to = *from;
    if (name == NULL)
        return CLI_DONE;
    for (size_t i = 0; i < sizeof presets / sizeof *presets; i++)
        if (strcmp(presets[i].name, name) == 0 &&
            strcmp(presets[i].command, from->command->name) == 0)
            found = &presets[i];
    if (found == NULL)
        return unknown_preset(from, name);
    to->value_count = 0;
    int result = CLI_DONE;
    const char *const *at = found->options;
    while (*at != NULL && result == CLI_DONE) {
        const char *option = *at++, *value = *at++;
        if (!is_replaced(from, option, value))
            result = add(to, option, value);
    }
    for (int i = 0; i < from->value_count && result == CLI_DONE; i++)
        if (strcmp(from->values[i].option->name, "preset") != 0)
            result =
                add(to, from->values[i].option->name, from->values[i].text);
    return result;
}
