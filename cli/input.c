#include "input.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The vocabulary of cli.md: gradients are the same words with a d in front. */
static const char *const keys[] = {"x",
                                   "gamma",
                                   "beta",
                                   "eps",
                                   "mean",
                                   "dev_from_mean",
                                   "dev_from_mean_sq",
                                   "var",
                                   "stddev",
                                   "inverted_stddev",
                                   "x_norm",
                                   "scaled_x",
                                   "out",
                                   "dout",
                                   "dscaled_x",
                                   "dx_norm",
                                   "dinverted_stddev",
                                   "dstddev",
                                   "dvar",
                                   "ddev_from_mean_sq",
                                   "ddev_from_mean",
                                   "dmean",
                                   "dx",
                                   "dgamma",
                                   "dbeta",
                                   "running_mean",
                                   "running_var",
                                   "new_running_mean",
                                   "new_running_var"};

static const struct {
    const char *spelling, *key;
} spellings[] = {
    {"y", "out"},
    {"dy", "dout"},
    {"mu", "mean"},
    {"dmu", "dmean"},
    {"xmu", "dev_from_mean"},
    {"dxmu", "ddev_from_mean"},
    {"sq", "dev_from_mean_sq"},
    {"dsq", "ddev_from_mean_sq"},
    {"sqrtvar", "stddev"},
    {"dsqrtvar", "dstddev"},
    {"std", "stddev"},
    {"dstd", "dstddev"},
    {"ivar", "inverted_stddev"},
    {"divar", "dinverted_stddev"},
    {"invstd", "inverted_stddev"},
    {"dinvstd", "dinverted_stddev"},
    {"rstd", "inverted_stddev"},
    {"drstd", "dinverted_stddev"},
    {"xhat", "x_norm"},
    {"dxhat", "dx_norm"},
    {"x_hat", "x_norm"},
    {"dx_hat", "dx_norm"},
    {"gammax", "scaled_x"},
    {"dgammax", "dscaled_x"},
};

const char *cli_key(const char *spelling)
{
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strcmp(spelling, keys[i]) == 0)
            return keys[i];
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++)
        if (strcmp(spelling, spellings[i].spelling) == 0)
            return spellings[i].key;
    return NULL;
}

bool cli_is_inline(const char *source)
{
    const char *start = source + strspn(source, " \t\n[");
    return *start != '\0' &&
           (strchr("0123456789+-.", *start) != NULL ||
            strpbrk(start, ",;") != NULL) &&
           strpbrk(start, "0123456789") != NULL &&
           start[strspn(start, "0123456789.,;+-eE \t\n[]naif")] == '\0' &&
           access(source, F_OK) != 0;
}

int cli_read(const cli_invocation *invocation, xhat_arrays *arrays,
             const char *source)
{
    xhat_error error = {0};
    xhat_status status;
    if (cli_is_inline(source))
        status = xhat_arrays_read_inline(arrays, source, NULL, &error);
    else
        status = xhat_arrays_read(arrays, source, NULL, &error);
    if (status != XHAT_OK)
        return cli_fail_error(&error);
    if (arrays->note[0] != '\0')
        cli_note(invocation, "%s: %s", source, arrays->note);
    return CLI_DONE;
}

const xhat_array *cli_find(const cli_invocation *invocation,
                           const xhat_arrays *arrays, const char *key)
{
    const xhat_array *exact = xhat_arrays_find(arrays, key);
    if (exact != NULL)
        return exact;
    if (arrays->count == 1 && cli_key(arrays->items[0].name) == NULL)
        return &arrays->items[0];
    for (size_t i = 0; i < arrays->count; i++) {
        const char *known = cli_key(arrays->items[i].name);
        if (known != NULL && strcmp(known, key) == 0) {
            cli_note(invocation, "\"%s\" is read as %s", arrays->items[i].name,
                     key);
            return &arrays->items[i];
        }
    }
    return NULL;
}

char *cli_shape(const xhat_array *array, char text[CLI_SHAPE_SIZE])
{
    size_t length = 0;
    if (array->rank == 0)
        return strcpy(text, "a single number");
    for (int i = 0; i < array->rank; i++)
        length += (size_t)snprintf(text + length, CLI_SHAPE_SIZE - length,
                                   "%s%zu", i > 0 ? "x" : "", array->shape[i]);
    return text;
}

void cli_warn_not_finite(const char *name, const xhat_array *array)
{
    char place[CLI_SHAPE_SIZE] = "";
    size_t count = xhat_array_count(array), found = 0, first = 0, length = 0;
    for (size_t i = count; i-- > 0;)
        if (!isfinite(xhat_array_f64_at(array, i))) {
            found++;
            first = i;
        }
    if (found == 0)
        return;
    for (int axis = 0; axis < array->rank; axis++) {
        count = array->shape[axis] > 0 ? count / array->shape[axis] : 1;
        length += (size_t)snprintf(place + length, sizeof place - length,
                                   "%s%zu", axis > 0 ? "," : "", first / count);
        first %= count;
    }
    cli_warn("%s holds %zu value%s that %s not finite, the first at [%s]: its "
             "channel's results are NaN",
             name, found, found == 1 ? "" : "s", found == 1 ? "is" : "are",
             place);
}
