#include "make_probe.h"

#include <float.h>
#include <string.h>

#include "circuit/probe.h"
#include "output.h"
#include "xhat/xhat.h"

enum { CHANNELS = XHAT_PROBE_CHANNELS, MOST = XHAT_PROBE_ROWS * CHANNELS * 6 };

/* The shape of x in each layout: the batch first, as in x. */
static const struct {
    const char *layout;
    int rank;
    size_t shape[5];
    size_t outer, inner;
} shapes[] = {
    {"nc", 2, {7, CHANNELS}, 7, 1},
    {"ncl", 3, {5, CHANNELS, 3}, 5, 3},
    {"nchw", 4, {3, CHANNELS, 3, 2}, 3, 6},
    {"ncdhw", 5, {2, CHANNELS, 3, 2, 1}, 2, 6},
    {"nlc", 3, {3, 5, CHANNELS}, 15, 1},
    {"nhwc", 4, {2, 3, 2, CHANNELS}, 12, 1},
    {"ndhwc", 5, {2, 3, 2, 1, CHANNELS}, 12, 1},
};

enum { SHAPES = sizeof shapes / sizeof *shapes };

static int read_options(const cli_invocation *invocation, int *shape,
                        double *eps)
{
    const char *words[SHAPES + 1] = {NULL};
    for (int i = 0; i < SHAPES; i++)
        words[i] = shapes[i].layout;
    *shape = 0;
    *eps = 1e-5;
    int result = cli_choice(invocation, "layout", words, shape);
    return result == CLI_DONE ? cli_number(invocation, "eps", 0, DBL_MAX, eps)
                              : result;
}

int cli_make_probe(const cli_invocation *invocation, const char *path)
{
    int s, result = cli_check_ending(path);
    double eps;
    if (result != CLI_DONE ||
        (result = read_options(invocation, &s, &eps)) != CLI_DONE)
        return result;
    static double x[MOST], dout[MOST], small[4][CHANNELS];
    xhat_axes axes =
        xhat_axes_batch(shapes[s].outer, CHANNELS, shapes[s].inner);
    xhat_probe_inputs inputs = {x,        dout,     small[0],
                                small[1], small[2], small[3]};
    xhat_probe_make(&inputs, &axes, eps);
    const struct {
        const char *name;
        int rank;
        double *data;
    } named[] = {{"x", -1, x},
                 {"dout", -1, dout},
                 {"gamma", 1, small[0]},
                 {"beta", 1, small[1]},
                 {"running_mean", 1, small[2]},
                 {"running_var", 1, small[3]},
                 {"eps", 0, &eps}};
    enum { ARRAYS = sizeof named / sizeof *named };
    xhat_array arrays[ARRAYS];
    for (int i = 0; i < ARRAYS; i++) {
        arrays[i] = (xhat_array){.name = (char *)named[i].name,
                                 .element = XHAT_ELEMENT_F64,
                                 .rank = named[i].rank,
                                 .shape = {CHANNELS},
                                 .data = named[i].data};
        if (named[i].rank < 0) {
            arrays[i].rank = shapes[s].rank;
            memcpy(arrays[i].shape, shapes[s].shape, sizeof shapes[s].shape);
        }
    }
    result = cli_write_arrays(invocation, path, arrays, ARRAYS);
    if (result == CLI_DONE)
        cli_note(invocation,
                 "%s: run your code on its x, gamma, beta, eps and dout, add "
                 "your arrays, and check that file",
                 path);
    return result;
}
