#include "train_options.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "presets.h"

const cli_option cli_train_run_options[] = {
    {"output", 'o', "RUN",
     "the run's folder (default runs/DATA-1, -2, ...); with --force a run in "
     "it is kept as RUN.old until the new one is complete"},
    {"preset", 0, CLI_TRAIN_PRESETS, "an experiment by name, see above"},
    {"baseline", 0, NULL,
     "also train the same net without the norm, to compare"},
    {"lr-find", 0, NULL,
     "do not train: try rising rates, print the losses and suggest one"},
    {"resume", 0, "RUN",
     "go on with a run that was stopped or killed, to the same bits; its "
     "options are known, --epochs may be raised"},
    {NULL, 0, NULL, NULL}};

const cli_option cli_train_options[] = {
    {"hidden", 0, "WIDTHS",
     "hidden layers: 256,128 or 100x5 or none "
     "(default 100x2)"},
    {"norm", 0, "batch|layer|none", "after each hidden layer (default batch)"},
    {"keep-bias", 0, NULL,
     "keep the affine bias before a batch norm; by default there is none: the "
     "norm takes it away with the mean, so that its gradient is exactly zero"},
    {"center", 0, NULL,
     "subtract from images the mean image of the training rows (tables are "
     "standardized in any case)"},
    {"eps", 0, "E", "of the norm, inside its square root (default 1e-5)"},
    {"norm-momentum", 0, "P|none",
     "weight of the new batch in the running statistics, or none for the mean "
     "of all batches (default 0.1)"},
    {"dropout", 0, "KEEP", "the share of units kept after ReLU (default 1)"},
    {"loss", 0, "softmax|hinge|squared",
     "squared is for labels that are numbers to be predicted (default "
     "softmax)"},
    {"epochs", 0, "N", "times through the training rows (default 10)"},
    {"batch-size", 0, "N", "rows a step, at least 2 (default 100)"},
    {"optimizer", 0, "sgd|momentum|nesterov|rmsprop|adam|adamw",
     "how weights move (default adam)"},
    {"lr", 0, "R",
     "learning rate (default sgd 0.1, momentum and nesterov 0.02, the others "
     "0.001)"},
    {"lr-schedule", 0, "constant|exponential|step|cosine",
     "how the rate goes on: exponential falls after each epoch, cosine down to "
     "0 (default exponential)"},
    {"lr-decay", 0, "R",
     "what exponential and step multiply the rate by (default 0.9, step 0.1)"},
    {"lr-step", 0, "EPOCHS", "how often step does so (default 10)"},
    {"warmup", 0, "EPOCHS", "let the rate rise from 0 first (default 0)"},
    {"momentum", 0, "P",
     "of momentum and nesterov; beta1 of adam and adamw (default 0.9)"},
    {"beta2", 0, "Q",
     "of rmsprop (default 0.99), adam and adamw (default 0.999)"},
    {"weight-decay", 0, "R", "of adamw (default 0.01)"},
    {"reg", 0, "R", "adds R/2 * sum of squared weights (default 0)"},
    {"clip-norm", 0, "R",
     "scale the gradients of a step down to this length (default: never)"},
    {"patience", 0, "N",
     "stop after N epochs without a better one on the validation rows"},
    {"precise-bn", 0, NULL,
     "in the end take the running statistics anew over all training rows"},
    {"save-every", 0, "SECONDS",
     "how much of a run a kill may cost at most (default 30)"},
    {"init", 0, "he|xavier", "the scale of the first weights (default he)"},
    {"weight-scale", 0, "S", "or: weights from a normal of deviation S"},
    {"label", 0, "COLUMN",
     "of a CSV: name, number from 1, or -1 for the last; 5,6,7: one column a "
     "class (default: the last text column, else the last)"},
    {"drop", 0, "COLUMNS", "of a CSV, to leave out: names or numbers from 1"},
    {"missing", 0, "drop|mean",
     "rows that lack a value: drop leaves them out, mean fills in the mean of "
     "the training rows (default: an error)"},
    {"validation", 0, "PART",
     "fraction below 1, or number, of rows held out "
     "(default 0.1)"},
    {"train-rows", 0, "N",
     "train with N rows, chosen by the seed (default: all)"},
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

/* --init, or --weight-scale */
static int read_initialization(cli_train_setup *setup,
                               const cli_invocation *invocation)
{
    static const char *const rules[] = {"he", "xavier", NULL};
    int rule = XHAT_INIT_HE;
    int result = cli_choice(invocation, "init", rules, &rule);
    if (result == CLI_DONE)
        result = cli_number(invocation, "weight-scale", 0, INFINITY,
                            &setup->net.weight_scale);
    if (result != CLI_DONE)
        return result;
    if (cli_given(invocation, "weight-scale")) {
        if (cli_given(invocation, "init"))
            return cli_fail(CLI_USAGE, "--init and --weight-scale are two ways "
                                       "to say the same: give one");
        rule = XHAT_INIT_FIXED;
    }
    setup->net.initialization = (xhat_initialization)rule;
    return CLI_DONE;
}

/* The norm and what goes with it. */
static int read_norm(cli_train_setup *setup, const cli_invocation *invocation)
{
    static const char *const norms[] = {"none", "batch", "layer", NULL};
    const char *momentum = cli_text(invocation, "norm-momentum");
    int norm = XHAT_NET_NORM_BATCH;
    int result = cli_choice(invocation, "norm", norms, &norm);
    if (result == CLI_DONE)
        result = cli_number(invocation, "eps", 0, 1e30, &setup->net.eps);
    if (result == CLI_DONE && momentum != NULL && strcmp(momentum, "none") == 0)
        setup->net.norm_momentum = 0; /* cumulative */
    else if (result == CLI_DONE)
        result = cli_number(invocation, "norm-momentum", 1e-9, 1,
                            &setup->net.norm_momentum);
    if (result != CLI_DONE)
        return result;
    setup->net.norm = (xhat_net_norm)norm;
    setup->net.keep_bias = cli_given(invocation, "keep-bias");
    setup->net.center = cli_given(invocation, "center");
    setup->baseline = cli_given(invocation, "baseline");
    setup->precise_bn = cli_given(invocation, "precise-bn");
    if (setup->baseline && norm == XHAT_NET_NORM_NONE)
        return cli_fail(CLI_USAGE, "--baseline compares with --norm none, "
                                   "which is what this run is");
    if (setup->precise_bn && norm != XHAT_NET_NORM_BATCH)
        return cli_fail(CLI_USAGE, "--precise-bn is about running statistics, "
                                   "which only batch norm has");
    return CLI_DONE;
}

static int read_net(cli_train_setup *setup, const cli_invocation *invocation)
{
    static const char *const losses[] = {"softmax", "hinge", "squared", NULL};
    const char *hidden = cli_text(invocation, "hidden");
    int loss = XHAT_LOSS_SOFTMAX;
    setup->net = xhat_net_spec_default();
    int result = read_norm(setup, invocation);
    if (result == CLI_DONE)
        result = read_initialization(setup, invocation);
    if (result == CLI_DONE)
        result = cli_choice(invocation, "loss", losses, &loss);
    if (result == CLI_DONE)
        result =
            cli_number(invocation, "dropout", 1e-9, 1, &setup->net.dropout);
    if (result == CLI_DONE)
        result = read_hidden(setup, hidden == NULL ? "100x2" : hidden);
    setup->net.loss = (xhat_loss_kind)loss;
    if (cli_given(invocation, "loss"))
        setup->target = loss == XHAT_LOSS_SQUARED ? XHAT_TARGET_NUMBERS
                                                  : XHAT_TARGET_CLASSES;
    setup->net.seed = setup->seed;
    return result;
}

/* ---- the course of the training ------------------------------------------ */

static int read_rates(xhat_training_options *training,
                      const cli_invocation *invocation)
{
    static const char *const names[] = {"constant", "exponential", "step",
                                        "cosine", NULL};
    int schedule = XHAT_LR_EXPONENTIAL;
    int result = cli_choice(invocation, "lr-schedule", names, &schedule);
    bool decays = schedule == XHAT_LR_EXPONENTIAL || schedule == XHAT_LR_STEP;
    training->schedule = (xhat_schedule)schedule;
    training->lr_decay = schedule == XHAT_LR_EXPONENTIAL ? 0.9
                         : schedule == XHAT_LR_STEP      ? 0.1
                                                         : 1;
    training->decay_epochs = 10;
    if (result == CLI_DONE)
        result = cli_number(invocation, "lr", 1e-300, 1e30, &training->lr);
    if (result == CLI_DONE)
        result =
            cli_number(invocation, "lr-decay", 1e-9, 10, &training->lr_decay);
    if (result == CLI_DONE)
        result = cli_number(invocation, "lr-step", 1e-6, 1e6,
                            &training->decay_epochs);
    if (result == CLI_DONE)
        result = cli_number(invocation, "warmup", 0, 1e6, &training->warmup);
    if (result != CLI_DONE)
        return result;
    if (cli_given(invocation, "lr-decay") && !decays)
        return cli_fail(CLI_USAGE,
                        "--lr-decay belongs to --lr-schedule exponential and "
                        "step, not to %s",
                        names[schedule]);
    if (cli_given(invocation, "lr-step") && schedule != XHAT_LR_STEP)
        return cli_fail(CLI_USAGE,
                        "--lr-step belongs to --lr-schedule step, not to %s",
                        names[schedule]);
    return CLI_DONE;
}

/* Refuses an option that this optimizer has no use for. */
static int check_unused(const cli_invocation *invocation, const char *name,
                        bool used, xhat_optimizer_kind optimizer)
{
    if (used || !cli_given(invocation, name))
        return CLI_DONE;
    return cli_fail(CLI_USAGE, "--%s means nothing to --optimizer %s", name,
                    xhat_optimizer_name(optimizer));
}

static int read_optimizer(xhat_training_options *training,
                          const cli_invocation *invocation)
{
    static const char *const names[] = {
        "sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw", NULL};
    const double almost_one = 1 - 1e-9;
    int kind = XHAT_ADAM;
    int result = cli_choice(invocation, "optimizer", names, &kind);
    if (result != CLI_DONE)
        return result;
    *training = xhat_training_options_default((xhat_optimizer_kind)kind);
    result =
        cli_number(invocation, "momentum", 0, almost_one, &training->momentum);
    if (result == CLI_DONE)
        result =
            cli_number(invocation, "beta2", 0, almost_one, &training->beta2);
    if (result == CLI_DONE)
        result = cli_number(invocation, "weight-decay", 0, 1e30,
                            &training->weight_decay);
    if (result == CLI_DONE)
        result = check_unused(invocation, "momentum",
                              kind != XHAT_SGD && kind != XHAT_RMSPROP,
                              training->optimizer);
    if (result == CLI_DONE)
        result = check_unused(invocation, "beta2", kind >= XHAT_RMSPROP,
                              training->optimizer);
    if (result == CLI_DONE)
        result = check_unused(invocation, "weight-decay", kind == XHAT_ADAMW,
                              training->optimizer);
    return result;
}

static int read_training(cli_train_setup *setup,
                         const cli_invocation *invocation)
{
    int64_t epochs = 10, batch_size = 100, patience = 0;
    xhat_training_options *training = &setup->training;
    int result = read_optimizer(training, invocation);
    if (result == CLI_DONE)
        result = read_rates(training, invocation);
    if (result == CLI_DONE)
        result = cli_integer(invocation, "epochs", 1, 1000000, &epochs);
    if (result == CLI_DONE)
        result = cli_integer(invocation, "batch-size", 2, INT32_MAX - 1,
                             &batch_size);
    if (result == CLI_DONE)
        result = cli_number(invocation, "reg", 0, 1e30, &training->reg);
    if (result == CLI_DONE)
        result =
            cli_number(invocation, "clip-norm", 0, 1e30, &training->clip_norm);
    if (result == CLI_DONE)
        result = cli_integer(invocation, "patience", 1, 1000000, &patience);
    if (result == CLI_DONE)
        result = cli_number(invocation, "save-every", 0, 1e9,
                            &training->save_seconds);
    if (result == CLI_DONE && patience > 0 && setup->validation == 0)
        result = cli_fail(CLI_USAGE, "--patience needs validation rows, and "
                                     "--validation 0 leaves none");
    training->epochs = (size_t)epochs;
    training->batch_size = (size_t)batch_size;
    training->patience = (size_t)patience;
    training->seed = setup->seed;
    return result;
}

/* -o, without slashes behind it */
static int name_folder(cli_train_setup *setup, const char *folder)
{
    size_t length = strlen(folder);
    while (length > 1 && folder[length - 1] == '/')
        length--;
    if (strcmp(folder, "-") == 0 && !setup->resume)
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
    int64_t train_rows = 0;
    if (result == CLI_DONE)
        result = cli_integer(invocation, "train-rows", 2, INT64_MAX / 2,
                             &train_rows);
    if (result != CLI_DONE)
        return result;
    setup->train_rows = (size_t)train_rows;
    result = cli_missing(invocation, &setup->missing);
    if (result != CLI_DONE)
        return result;
    if (setup->validation > 1 && setup->validation != floor(setup->validation))
        return cli_fail(CLI_USAGE,
                        "--validation %s is neither a fraction "
                        "below 1 nor a whole number of rows",
                        cli_text(invocation, "validation"));
    if (setup->resume)
        return name_folder(setup, cli_text(invocation, "resume"));
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
    setup->lr_find = cli_given(invocation, "lr-find");
    setup->resume = cli_given(invocation, "resume");
    setup->invocation = invocation;
    if (result == CLI_DONE)
        result = read_data_options(setup, invocation);
    if (result == CLI_DONE)
        result = read_net(setup, invocation);
    if (result == CLI_DONE)
        result = read_training(setup, invocation);
    return result;
}
