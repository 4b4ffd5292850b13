#include "train_options.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const cli_option cli_train_options[] = {
    {"output", 'o', "RUN",
     "the run's folder (default runs/DATA-1, -2, ...); with --force a run in "
     "it is kept as RUN.old until the new one is complete"},
    {"hidden", 0, "WIDTHS",
     "hidden layers: 256,128 or 100x5 or none "
     "(default 100x2)"},
    {"norm", 0, "batch|none", "after each hidden layer (default batch)"},
    {"baseline", 0, NULL,
     "also train the same net without the norm, to "
     "compare"},
    {"epochs", 0, "N", "times through the training rows (default 10)"},
    {"batch-size", 0, "N", "rows a step, at least 2 (default 100)"},
    {"optimizer", 0, "sgd|momentum|adam", "how weights move (default adam)"},
    {"lr", 0, "R",
     "learning rate (default sgd 0.1, momentum 0.02, adam "
     "0.001)"},
    {"lr-decay", 0, "R", "multiplies the rate after each epoch (default 0.9)"},
    {"reg", 0, "R", "adds R/2 * sum of squared weights (default 0)"},
    {"init", 0, "he|xavier", "the scale of the first weights (default he)"},
    {"weight-scale", 0, "S", "or: weights from a normal of deviation S"},
    {"label", 0, "COLUMN",
     "of a CSV: name, number from 1, or -1 for the last; 5,6,7: one column a "
     "class (default: the last text column, else the last)"},
    {"drop", 0, "COLUMNS", "of a CSV, to leave out: names or numbers from 1"},
    {"missing", 0, "HOW",
     "rows that lack a value: drop leaves them out, mean fills in the mean of "
     "the training rows (default: an error)"},
    {"validation", 0, "PART",
     "fraction below 1, or number, of rows held out "
     "(default 0.1)"},
    {NULL, 0, NULL, NULL}};

/* ---- --hidden ------------------------------------------------------------ */

/* One "100x5" or "256" at *at, appended; *at moves behind it. */
static bool read_widths(const char **at, cli_train_setup *setup)
{
    char *end;
    unsigned long width = strtoul(*at, &end, 10), times = 1;
    bool digits = **at >= '0' && **at <= '9';
    if (*end == 'x') {
        const char *number = end + 1;
        digits = digits && *number >= '0' && *number <= '9';
        times = strtoul(number, &end, 10);
    }
    if (!digits || width < 1 || width > 1 << 20 || times < 1 ||
        times > CLI_HIDDEN_MOST - setup->net.hidden_count)
        return false;
    while (times-- > 0)
        setup->hidden[setup->net.hidden_count++] = width;
    *at = end;
    return true;
}

static int read_hidden(cli_train_setup *setup, const char *text)
{
    const char *at = text;
    setup->net.hidden = setup->hidden;
    if (strcmp(text, "none") == 0)
        return CLI_DONE;
    do {
        if (!read_widths(&at, setup))
            break;
        if (*at == '\0')
            return CLI_DONE;
    } while (*at++ == ',');
    return cli_fail(CLI_USAGE,
                    "--hidden: \"%s\" is not a list of widths such as 256,128 "
                    "or 100x5 (at most %d layers), nor none",
                    text, CLI_HIDDEN_MOST);
}

/* ---- the others ---------------------------------------------------------- */

static int read_net(cli_train_setup *setup, const cli_invocation *invocation)
{
    static const char *const norms[] = {"none", "batch", NULL};
    static const char *const rules[] = {"he", "xavier", NULL};
    const char *hidden = cli_text(invocation, "hidden");
    int norm = XHAT_NET_NORM_BATCH, rule = XHAT_INIT_HE;
    setup->net = xhat_net_spec_default();
    int result = cli_choice(invocation, "norm", norms, &norm);
    if (result == CLI_DONE)
        result = cli_choice(invocation, "init", rules, &rule);
    if (result == CLI_DONE)
        result = cli_number(invocation, "weight-scale", 0, INFINITY,
                            &setup->net.weight_scale);
    if (result == CLI_DONE)
        result = read_hidden(setup, hidden == NULL ? "100x2" : hidden);
    if (result != CLI_DONE)
        return result;
    if (cli_given(invocation, "weight-scale")) {
        if (cli_given(invocation, "init"))
            return cli_fail(CLI_USAGE, "--init and --weight-scale are two ways "
                                       "to say the same: give one");
        rule = XHAT_INIT_FIXED;
    }
    setup->net.norm = (xhat_net_norm)norm;
    setup->net.initialization = (xhat_initialization)rule;
    setup->net.seed = setup->seed;
    setup->net.threads = setup->threads;
    setup->baseline = cli_given(invocation, "baseline");
    if (setup->baseline && setup->net.norm == XHAT_NET_NORM_NONE)
        return cli_fail(CLI_USAGE, "--baseline compares with --norm none, "
                                   "which is what this run is");
    return CLI_DONE;
}

static int read_training(cli_train_setup *setup,
                         const cli_invocation *invocation)
{
    static const char *const names[] = {"sgd", "momentum", "adam", NULL};
    int64_t epochs = 10, batch_size = 100;
    int optimizer = XHAT_ADAM;
    int result = cli_choice(invocation, "optimizer", names, &optimizer);
    xhat_training_options *training = &setup->training;
    *training = (xhat_training_options){
        .optimizer = (xhat_optimizer_kind)optimizer,
        .lr = xhat_optimizer_default_lr((xhat_optimizer_kind)optimizer),
        .lr_decay = 0.9,
        .seed = setup->seed,
    };
    if (result == CLI_DONE)
        result = cli_integer(invocation, "epochs", 1, 1000000, &epochs);
    if (result == CLI_DONE)
        result = cli_integer(invocation, "batch-size", 2, INT32_MAX - 1,
                             &batch_size);
    if (result == CLI_DONE)
        result = cli_number(invocation, "lr", 0, 1e30, &training->lr);
    if (result == CLI_DONE)
        result = cli_number(invocation, "lr-decay", 0, 10, &training->lr_decay);
    if (result == CLI_DONE)
        result = cli_number(invocation, "reg", 0, 1e30, &training->reg);
    if (result != CLI_DONE)
        return result;
    if (training->lr == 0 || training->lr_decay == 0)
        return cli_fail(CLI_USAGE, "--%s must be above 0",
                        training->lr == 0 ? "lr" : "lr-decay");
    training->epochs = (size_t)epochs;
    training->batch_size = (size_t)batch_size;
    return CLI_DONE;
}

/* -o, without slashes behind it */
static int name_folder(cli_train_setup *setup, const char *folder)
{
    size_t length = strlen(folder);
    while (length > 1 && folder[length - 1] == '/')
        length--;
    if (strcmp(folder, "-") == 0)
        return cli_fail(CLI_USAGE, "-o -: a run is a folder, which standard "
                                   "output is not; name one");
    if (length >= sizeof setup->folder - 32)
        return cli_fail(CLI_USAGE, "-o: the name of the folder is too long");
    snprintf(setup->folder, sizeof setup->folder, "%.*s", (int)length, folder);
    return CLI_DONE;
}

/* runs/DATA-1, or the first such number that is free */
static void choose_folder(cli_train_setup *setup)
{
    char name[200];
    cli_base_name(setup->source, name, sizeof name);
    char *ending = strrchr(name, '.');
    if (ending != NULL && ending != name)
        *ending = '\0';
    const char *base = strcmp(name, "-") == 0 ? "stdin" : name;
    for (int i = 1; i < 1000000; i++) {
        snprintf(setup->folder, sizeof setup->folder, "runs/%s-%d", base, i);
        if (access(setup->folder, F_OK) != 0)
            return;
    }
}

static int read_data_options(cli_train_setup *setup,
                             const cli_invocation *invocation)
{
    const char *folder = cli_text(invocation, "output");
    setup->source = invocation->operands[0];
    setup->label = cli_text(invocation, "label");
    setup->drop = cli_text(invocation, "drop");
    setup->validation = 0.1;
    int result =
        cli_number(invocation, "validation", 0, 0x1p53, &setup->validation);
    if (result != CLI_DONE)
        return result;
    result = cli_missing(invocation, &setup->missing);
    if (result != CLI_DONE)
        return result;
    if (setup->validation > 1 && setup->validation != floor(setup->validation))
        return cli_fail(CLI_USAGE,
                        "--validation %s is neither a fraction "
                        "below 1 nor a whole number of rows",
                        cli_text(invocation, "validation"));
    if (folder != NULL)
        return name_folder(setup, folder);
    choose_folder(setup);
    return CLI_DONE;
}

int cli_train_setup_read(cli_train_setup *setup,
                         const cli_invocation *invocation)
{
    int64_t seed = 0;
    memset(setup, 0, sizeof *setup);
    int result = cli_integer(invocation, "seed", 0, INT64_MAX, &seed);
    if (result == CLI_DONE)
        result = cli_threads(invocation, &setup->threads);
    setup->seed = (uint64_t)seed;
    setup->json = cli_given(invocation, "json");
    setup->quiet = cli_given(invocation, "quiet");
    setup->force = cli_given(invocation, "force");
    if (result == CLI_DONE)
        result = read_data_options(setup, invocation);
    if (result == CLI_DONE)
        result = read_net(setup, invocation);
    if (result == CLI_DONE)
        result = read_training(setup, invocation);
    return result;
}
