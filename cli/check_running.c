/* Running statistics in `xhat check`: which convention do they follow? */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check_arrays.h"
#include "input.h"

static const char *const keys[2] = {"new_running_mean", "new_running_var"};

static int read_new(cli_check *check, const cli_invocation *invocation)
{
    for (int side = 0; side < 2; side++) {
        const xhat_array *array =
            cli_find(invocation, &check->file, keys[side]);
        if (array == NULL)
            continue;
        char shape[CLI_SHAPE_SIZE];
        if (xhat_array_count(array) != check->c.axes.channels)
            return cli_fail(CLI_INPUT,
                            "%s: %s is %s but must have %zu values, one for"
                            " each channel",
                            check->path, keys[side], cli_shape(array, shape),
                            check->c.axes.channels);
        int result = cli_check_convert(check, array, &check->new_running[side]);
        if (result != CLI_DONE)
            return result;
        check->running_tolerance =
            fmax(check->running_tolerance, cli_check_tolerance(check, array));
    }
    return CLI_DONE;
}

/* The batch's mean and biased variance, by two passes over x. */
static int batch_statistics(cli_check *check, double *mean, double *var)
{
    const xhat_axes *axes = &check->c.axes;
    double n = (double)xhat_axes_sharing(axes);
    size_t full = xhat_axes_count(axes, XHAT_EXTENT_FULL);
    for (size_t c = 0; c < axes->channels; c++)
        mean[c] = var[c] = 0;
    for (size_t k = 0; k < full; k++)
        mean[xhat_axes_place(axes, XHAT_EXTENT_PER_CHANNEL, k)] +=
            check->c.x[k] / n;
    for (size_t k = 0; k < full; k++) {
        size_t c = xhat_axes_place(axes, XHAT_EXTENT_PER_CHANNEL, k);
        double d = check->c.x[k] - mean[c];
        var[c] += d * d / n;
    }
    return CLI_DONE;
}

/* The user's own mean or var, where the file has it and it is wrong. */
static const double *claimed(const cli_check *check, int value)
{
    for (int i = 0; i < check->c.claim_count; i++)
        if (check->claims[i].side == XHAT_SIDE_VALUE &&
            check->claims[i].value == value &&
            check->claims[i].extent == XHAT_EXTENT_PER_STATISTIC)
            return check->claims[i].data;
    return NULL;
}

/* running_mean and running_var are those before the batch.  Are these the ones
 * after it? */
static void suggest_new(const cli_check *check,
                        const cli_invocation *invocation,
                        const xhat_running_question *question)
{
    xhat_running_question after = *question;
    after.old[0] = after.old[1] = NULL;
    after.new[0] = check->norm.running_mean;
    after.new[1] = check->norm.running_var;
    after.tolerance = 4e-6;
    xhat_running_answer answer = xhat_running_convention_of(&after);
    if (answer.name_count > 0)
        cli_note(invocation,
                 "running_mean and running_var are what %s has after one step "
                 "from its initial values; as new_running_mean and "
                 "new_running_var they are checked",
                 answer.names[0]);
}

int cli_check_running(cli_check *check, const cli_invocation *invocation)
{
    int result = read_new(check, invocation);
    if (cli_text(invocation, "momentum") == NULL)
        check->convention = cli_text(invocation, "convention");
    bool none = check->new_running[0] == NULL && check->new_running[1] == NULL;
    bool after = none && check->norm.running_mean != NULL;
    if (result != CLI_DONE || check->norm.eval || (none && !after))
        return result;
    size_t channels = check->c.axes.channels;
    double *statistics = malloc(2 * channels * sizeof *statistics);
    if (statistics == NULL)
        return cli_fail(CLI_BUG, "out of memory");
    batch_statistics(check, statistics, statistics + channels);
    xhat_running_question question = {
        .channels = channels,
        .n = xhat_axes_sharing(&check->c.axes),
        .mean = statistics,
        .var = statistics + channels,
        .eps = check->c.eps,
        .old = {check->norm.running_mean, check->norm.running_var},
        .new = {check->new_running[0], check->new_running[1]},
        .tolerance = check->running_tolerance};
    if (after) {
        suggest_new(check, invocation, &question);
        free(statistics);
        return CLI_DONE;
    }
    check->running = xhat_running_convention_of(&question);
    const double *mean = claimed(check, XHAT_VALUE_MEAN);
    const double *var = claimed(check, XHAT_VALUE_VAR);
    if (check->running.name_count == 0 && (mean != NULL || var != NULL)) {
        question.mean = mean != NULL ? mean : question.mean;
        question.var = var != NULL ? var : question.var;
        xhat_running_answer theirs = xhat_running_convention_of(&question);
        check->running_from_claims = theirs.name_count > 0;
        if (check->running_from_claims)
            check->running = theirs;
    }
    free(statistics);
    return CLI_DONE;
}

/* Is it a weight and a variance that a convention could have, with a momentum
 * of the user's own? */
static bool is_own_momentum(const xhat_running_answer *a, int side)
{
    double weight = a->weight[side], other = a->weight[1 - side];
    bool agree = isnan(other) || fabs(weight - other) <= 1e-3 * fabs(weight);
    return !isnan(weight) && agree && a->turned == NULL && weight > 0 &&
           weight <= 1 &&
           (side == 0 || a->variance == XHAT_RUNNING_BIASED ||
            a->variance == XHAT_RUNNING_UNBIASED);
}

bool cli_check_running_ok(const cli_check *check, int side)
{
    const xhat_running_answer *a = &check->running;
    if (check->norm.eval) {
        const double *old =
            side == 0 ? check->norm.running_mean : check->norm.running_var;
        for (size_t c = 0; c < check->c.axes.channels; c++)
            if (!(fabs(check->new_running[side][c] - old[c]) <=
                  check->running_tolerance * fabs(old[c])))
                return false;
        return true;
    }
    bool named = check->convention == NULL && a->name_count > 0;
    for (int i = 0; i < a->name_count && check->convention != NULL; i++)
        named = named || strcmp(a->names[i], check->convention) == 0;
    return named || (check->convention == NULL && is_own_momentum(a, side));
}
