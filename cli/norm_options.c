#include "norm_options.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "input.h"

const cli_option cli_norm_options[] = {
    {"gamma", 0, "ARRAY", "scale, a file or \"1,2\" (default: ones)"},
    {"beta", 0, "ARRAY", "shift, a file or \"1,2\" (default: zeros)"},
    {"no-affine", 0, NULL, "neither scale nor shift"},
    {"running-mean", 0, "ARRAY", "running mean, a file or a list"},
    {"running-var", 0, "ARRAY", "running variance, a file or a list"},
    {"mode", 0, "train|eval",
     "train (default), or eval: use the running statistics"},
    {"eps", 0, "E", "added to the variance (default: the convention's, 1e-5)"},
    {"layout", 0, "nc|ncl|nchw|ncdhw|nlc|nhwc|ndhwc",
     "the order of the axes of X, c the channels (default by rank: nc ncl nchw "
     "ncdhw)"},
    {"convention", 0, "torch|cs231n|onnx|keras|paper",
     "default eps, sense of the momentum, biased or unbiased running variance "
     "(default torch)"},
    {"norm", 0, "batch|layer",
     "statistics of each channel over the rows, or of each row over the "
     "channels (default batch)"},
    {NULL, 0, NULL, NULL}};

const cli_option cli_running_options[] = {
    {"momentum", 0, "P|none",
     "as the convention writes it; none: cumulative average"},
    {"batches-seen", 0, "K",
     "batches in the given running statistics (for --momentum none)"},
    {NULL, 0, NULL, NULL}};

const cli_option cli_telling_options[] = {
    {"method", 0, "fused|closed|staged",
     "which telling computes it (default fused); staged writes every gate's "
     "array as well"},
    {"dtype", 0, "f32|f64", "of what is computed (default: that of X)"},
    {NULL, 0, NULL, NULL}};

/* ---- the shape ----------------------------------------------------------- */

static int choose_layout(cli_norm *norm, const cli_invocation *invocation,
                         const xhat_array *x)
{
    static const xhat_layout by_rank[] = {XHAT_NC, XHAT_NCL, XHAT_NCHW,
                                          XHAT_NCDHW};
    const char *name = cli_text(invocation, "layout");
    char shape[CLI_SHAPE_SIZE];
    xhat_error error = {0};
    if (name != NULL && !xhat_layout_from_name(name, &norm->layout)) {
        static const char *const names[] = {"nc",  "ncl",  "nchw", "ncdhw",
                                            "nlc", "nhwc", "ndhwc"};
        const char *near = cli_nearest(name, names, 7);
        return cli_fail(CLI_USAGE,
                        "--layout: unknown layout \"%s\"%s%s%s "
                        "(one of nc, ncl, nchw, ncdhw, nlc, nhwc, "
                        "ndhwc)",
                        name, near ? "; did you mean " : "", near ? near : "",
                        near ? "?" : "");
    }
    if (name == NULL) {
        if (x->rank < 2 || x->rank > 5)
            return cli_fail(CLI_INPUT,
                            "x has rank %d (%s) but a layout has "
                            "rank 2 to 5: rows and channels at "
                            "least, as in \"1,10; 2,20\"",
                            x->rank, cli_shape(x, shape));
        norm->layout = by_rank[x->rank - 2];
    }
    if (xhat_spec_set_shape(&norm->spec, norm->layout, x->rank, x->shape,
                            &error) != XHAT_OK)
        return cli_fail(CLI_INPUT, "%s (x is %s)", error.message,
                        cli_shape(x, shape));
    if (norm->spec.channels == 0)
        return cli_fail(CLI_INPUT, "x has no channels (x is %s, layout %s)",
                        cli_shape(x, shape), xhat_layout_name(norm->layout));
    return CLI_DONE;
}

static int choose_dtype(cli_norm *norm, const cli_invocation *invocation,
                        const xhat_array *x)
{
    static const char *const words[] = {"f32", "f64", NULL};
    int choice = xhat_array_fits_f32(x) ? XHAT_F32 : XHAT_F64;
    int result = cli_choice(invocation, "dtype", words, &choice);
    norm->spec.dtype = choice == 0 ? XHAT_F32 : XHAT_F64;
    return result;
}

/* ---- arrays of one value a channel --------------------------------------- */

static int channels_from(double **to, const cli_norm *norm, const char *key,
                         const xhat_array *array, const xhat_array *x)
{
    char shape[CLI_SHAPE_SIZE];
    size_t count = xhat_array_count(array);
    if (count != norm->spec.channels)
        return cli_fail(CLI_INPUT,
                        "%s has %zu value%s but x has %zu "
                        "channel%s (x is %s, layout %s)",
                        key, count, count == 1 ? "" : "s", norm->spec.channels,
                        norm->spec.channels == 1 ? "" : "s",
                        cli_shape(x, shape), xhat_layout_name(norm->layout));
    *to = malloc(count * sizeof **to);
    if (*to == NULL)
        return cli_fail(CLI_BUG, "out of memory");
    xhat_array_to_f64(array, *to);
    return CLI_DONE;
}

/* The values under `key`: of the option, else of x's own file; *to stays NULL
 * when neither has them. */
static int read_channels(double **to, const cli_norm *norm,
                         const cli_invocation *invocation, const char *option,
                         const char *key, const xhat_array *x,
                         const xhat_arrays *file)
{
    const char *source = cli_text(invocation, option);
    if (source != NULL) {
        xhat_arrays arrays;
        int result = cli_read(invocation, &arrays, source);
        if (result != CLI_DONE)
            return result;
        const xhat_array *array = cli_find(invocation, &arrays, key);
        if (array == NULL)
            result =
                cli_fail(CLI_INPUT, "%s: no array is called %s", source, key);
        else
            result = channels_from(to, norm, key, array, x);
        xhat_arrays_free(&arrays);
        return result;
    }
    if (file == NULL || file->count == 1) /* which is x */
        return CLI_DONE;
    const xhat_array *array = cli_find(invocation, file, key);
    return array == NULL ? CLI_DONE : channels_from(to, norm, key, array, x);
}

static int read_parameters(cli_norm *norm, const cli_invocation *invocation,
                           const xhat_array *x, const xhat_arrays *file)
{
    bool affine = !cli_given(invocation, "no-affine");
    int result;
    if (!affine &&
        (cli_given(invocation, "gamma") || cli_given(invocation, "beta")))
        return cli_fail(CLI_USAGE, "--no-affine goes without --gamma and "
                                   "--beta");
    if (affine &&
        ((result = read_channels(&norm->gamma, norm, invocation, "gamma",
                                 "gamma", x, file)) != CLI_DONE ||
         (result = read_channels(&norm->beta, norm, invocation, "beta", "beta",
                                 x, file)) != CLI_DONE))
        return result;
    if (norm->per_row)
        return CLI_DONE;
    if ((result = read_channels(&norm->running_mean, norm, invocation,
                                "running-mean", "running_mean", x, file)) !=
            CLI_DONE ||
        (result = read_channels(&norm->running_var, norm, invocation,
                                "running-var", "running_var", x, file)) !=
            CLI_DONE)
        return result;
    if (norm->running_mean == NULL && norm->running_var == NULL)
        return norm->eval
                   ? cli_fail(CLI_USAGE, "--mode eval needs --running-mean "
                                         "and --running-var")
                   : CLI_DONE;
    if (norm->running_mean == NULL || norm->running_var == NULL)
        return cli_fail(CLI_USAGE,
                        "--running-%s is missing: the running mean and "
                        "variance go together",
                        norm->running_mean == NULL ? "mean" : "var");
    return CLI_DONE;
}

/* gamma and beta where none were given: ones and zeros */
static int default_parameters(cli_norm *norm)
{
    size_t channels = norm->spec.channels;
    for (int i = 0; i < 2; i++) {
        double **to = i == 0 ? &norm->gamma : &norm->beta;
        if (*to != NULL)
            continue;
        *to = malloc(channels * sizeof **to);
        if (*to == NULL)
            return cli_fail(CLI_BUG, "out of memory");
        for (size_t c = 0; c < channels; c++)
            (*to)[c] = i == 0 ? 1 : 0;
    }
    return CLI_DONE;
}

/* ---- numbers and words --------------------------------------------------- */

static int read_convention(cli_norm *norm, const cli_invocation *invocation)
{
    static const char *const names[] = {"torch", "cs231n", "onnx",
                                        "keras", "paper",  NULL};
    int choice = XHAT_TORCH;
    int result = cli_choice(invocation, "convention", names, &choice);
    norm->convention = (xhat_convention)choice;
    norm->rule = xhat_running_rule_preset(norm->convention);
    return result;
}

static int read_momentum(cli_norm *norm, const cli_invocation *invocation)
{
    const char *text = cli_text(invocation, "momentum");
    double momentum;
    int64_t seen = 0;
    int result =
        cli_integer(invocation, "batches-seen", 0, INT64_MAX / 2, &seen);
    norm->batches_seen = (uint64_t)seen;
    if (text == NULL || result != CLI_DONE)
        return result;
    if (strcmp(text, "none") == 0) {
        norm->rule.cumulative = true;
        return CLI_DONE;
    }
    xhat_error error = {0};
    result = cli_number(invocation, "momentum", 0, 1, &momentum);
    if (result == CLI_DONE && xhat_running_rule_set_momentum(
                                  &norm->rule, momentum, &error) != XHAT_OK)
        return cli_fail_error(&error);
    return result;
}

/* --eps, else the file's eps, else the convention's */
static int read_eps(cli_norm *norm, const cli_invocation *invocation,
                    const xhat_arrays *file)
{
    const xhat_array *array =
        file == NULL ? NULL : xhat_arrays_find(file, "eps");
    norm->spec.eps = norm->rule.eps;
    if (array != NULL && cli_text(invocation, "eps") == NULL) {
        if (xhat_array_count(array) != 1)
            return cli_fail(CLI_INPUT, "eps has %zu values but is one number",
                            xhat_array_count(array));
        double eps = xhat_array_f64_at(array, 0);
        if (!(eps >= 0) || isinf(eps))
            return cli_fail(CLI_INPUT,
                            "eps in the file is %g but must be a "
                            "number of at least 0",
                            eps);
        norm->spec.eps = eps;
    }
    return cli_number(invocation, "eps", 0, DBL_MAX, &norm->spec.eps);
}

static int read_words(cli_norm *norm, const cli_invocation *invocation)
{
    static const char *const modes[] = {"train", "eval", NULL};
    static const char *const methods[] = {"fused", "closed", "staged", NULL};
    static const char *const family[] = {"batch", "layer", NULL};
    int mode = 0, method = CLI_METHOD_FUSED, member = 0, result;
    if ((result = cli_choice(invocation, "norm", family, &member)) !=
            CLI_DONE ||
        (result = cli_choice(invocation, "mode", modes, &mode)) != CLI_DONE ||
        (result = cli_choice(invocation, "method", methods, &method)) !=
            CLI_DONE)
        return result;
    norm->eval = mode == 1;
    norm->per_row = member == 1;
    if (norm->per_row && (norm->eval || cli_given(invocation, "running-mean") ||
                          cli_given(invocation, "running-var")))
        return cli_fail(CLI_USAGE,
                        "--norm layer has no running statistics: %s does not "
                        "go with it",
                        norm->eval ? "--mode eval" : "--running-*");
    norm->method = (cli_method)method;
    norm->spec.method = method == CLI_METHOD_CLOSED ? XHAT_CLOSED : XHAT_FUSED;
    return CLI_DONE;
}

int cli_norm_read(cli_norm *norm, const cli_invocation *invocation,
                  const xhat_array *x, const xhat_arrays *file)
{
    int result;
    *norm = (cli_norm){.spec = xhat_spec_default(XHAT_F64)};
    if ((result = read_words(norm, invocation)) == CLI_DONE &&
        (result = read_convention(norm, invocation)) == CLI_DONE &&
        (result = read_momentum(norm, invocation)) == CLI_DONE &&
        (result = read_eps(norm, invocation, file)) == CLI_DONE &&
        (result = cli_threads(invocation, &norm->spec.threads)) == CLI_DONE &&
        (result = choose_dtype(norm, invocation, x)) == CLI_DONE &&
        (result = choose_layout(norm, invocation, x)) == CLI_DONE &&
        (result = read_parameters(norm, invocation, x, file)) == CLI_DONE)
        result = default_parameters(norm);
    if (result != CLI_DONE)
        cli_norm_free(norm);
    return result;
}

void cli_norm_free(cli_norm *norm)
{
    free(norm->gamma);
    free(norm->beta);
    free(norm->running_mean);
    free(norm->running_var);
    norm->gamma = norm->beta = NULL;
    norm->running_mean = norm->running_var = NULL;
}

void cli_norm_round(cli_norm *norm)
{
    double *arrays[] = {norm->gamma, norm->beta, norm->running_mean,
                        norm->running_var};
    for (int i = 0; i < 4 && norm->spec.dtype == XHAT_F32; i++)
        for (size_t c = 0; arrays[i] != NULL && c < norm->spec.channels; c++)
            arrays[i][c] = (double)(float)arrays[i][c];
}
