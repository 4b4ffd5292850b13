#include "explain_batch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "circuit/quiz.h"
#include "circuit_run.h"
#include "closed_gradients.h"
#include "input.h"

/* Gate evaluations that verification may take: a second or two. */
enum { BUDGET = 20000000 };

/* A batch to follow by hand: means 3 and 3, variances 25 and 4, and with
 * eps = 0 whole or short numbers all the way. */
static const double demo_x[] = {-4, 1, 2, 1, 4, 5, 10, 5};
static const double demo_gamma[] = {10, 4};
static const double demo_beta[] = {1, -1};
static const double demo_dout[] = {1, 2, -1, 0, 3, 1, 1, 3};

/* An array of float64 with room for its data. */
static int make_array(xhat_array *array, int rank, const size_t *shape)
{
    *array = (xhat_array){.element = XHAT_ELEMENT_F64, .rank = rank};
    memcpy(array->shape, shape, (size_t)rank * sizeof *shape);
    size_t count = xhat_array_count(array);
    array->data = malloc((count > 0 ? count : 1) * sizeof(double));
    return array->data != NULL ? CLI_DONE : cli_fail(CLI_BUG, "out of memory");
}

static int copy_array(xhat_array *to, const xhat_array *from)
{
    int result = make_array(to, from->rank, from->shape);
    if (result == CLI_DONE)
        xhat_array_to_f64(from, to->data);
    return result;
}

/* ---- the demo ------------------------------------------------------------ */

static int read_demo(cli_batch *batch, const cli_invocation *invocation)
{
    const size_t shape[] = {4, 2};
    int result = make_array(&batch->x, 2, shape);
    if (result == CLI_DONE)
        result = make_array(&batch->dout, 2, shape);
    if (result != CLI_DONE)
        return result;
    memcpy(batch->x.data, demo_x, sizeof demo_x);
    memcpy(batch->dout.data, demo_dout, sizeof demo_dout);
    result = cli_norm_read(&batch->norm, invocation, &batch->x, NULL);
    if (result != CLI_DONE)
        return result;
    bool affine = !cli_given(invocation, "no-affine");
    if (affine && !cli_given(invocation, "gamma"))
        memcpy(batch->norm.gamma, demo_gamma, sizeof demo_gamma);
    if (affine && !cli_given(invocation, "beta"))
        memcpy(batch->norm.beta, demo_beta, sizeof demo_beta);
    if (!cli_given(invocation, "eps"))
        batch->norm.spec.eps = 0;
    snprintf(batch->note, sizeof batch->note,
             "The demo: a batch whose every number can be followed by hand%s.",
             cli_given(invocation, "eps") ? "" : ", with eps = 0");
    return CLI_DONE;
}

/* ---- a quiz -------------------------------------------------------------- */

/* The batch that --quiz makes of the seed when none is given. */
static int read_quiz(cli_batch *batch, const cli_invocation *invocation)
{
    const size_t shape[] = {XHAT_QUIZ_ROWS, XHAT_QUIZ_COLUMNS};
    int64_t seed = 0;
    int result = cli_integer(invocation, "seed", 0, INT64_MAX, &seed);
    if (result == CLI_DONE)
        result = make_array(&batch->x, 2, shape);
    if (result == CLI_DONE)
        result = make_array(&batch->dout, 2, shape);
    if (result == CLI_DONE)
        result = cli_norm_read(&batch->norm, invocation, &batch->x, NULL);
    if (result != CLI_DONE)
        return result;
    double gamma[XHAT_QUIZ_COLUMNS], beta[XHAT_QUIZ_COLUMNS];
    xhat_quiz_batch((uint64_t)seed, batch->x.data, gamma, beta,
                    batch->dout.data);
    bool affine = !cli_given(invocation, "no-affine");
    if (affine && !cli_given(invocation, "gamma"))
        memcpy(batch->norm.gamma, gamma, sizeof gamma);
    if (affine && !cli_given(invocation, "beta"))
        memcpy(batch->norm.beta, beta, sizeof beta);
    if (!cli_given(invocation, "eps"))
        batch->norm.spec.eps = 0;
    snprintf(batch->note, sizeof batch->note,
             "Batch %lld: every seed makes another.", (long long)seed);
    return CLI_DONE;
}

/* ---- the user's own ------------------------------------------------------ */

/* Numbers in -1..1 without a pattern that a channel could see: multiples of
 * the golden ratio, without their whole parts, to two digits. */
static void fill_dout(cli_batch *batch)
{
    double *dout = batch->dout.data;
    for (size_t e = 0; e < xhat_array_count(&batch->dout); e++) {
        double part = fmod((double)(e + 1) * 0.6180339887498949, 1);
        dout[e] = round(100 * (2 * part - 1)) / 100;
    }
    snprintf(batch->note, sizeof batch->note,
             "No dout was given: it is a fixed sequence of numbers in -1..1.");
}

static int read_dout(cli_batch *batch, const cli_invocation *invocation)
{
    const xhat_array *dout = NULL;
    char expected[CLI_SHAPE_SIZE], found[CLI_SHAPE_SIZE];
    if (invocation->operand_count > 1) {
        int result =
            cli_read(invocation, &batch->dout_file, invocation->operands[1]);
        if (result != CLI_DONE)
            return result;
        dout = cli_find(invocation, &batch->dout_file, "dout");
        if (dout == NULL)
            return cli_fail(CLI_INPUT, "%s: no array is called dout",
                            invocation->operands[1]);
    } else if (batch->file.count > 1) {
        dout = cli_find(invocation, &batch->file, "dout");
    }
    if (dout == NULL) {
        int result = make_array(&batch->dout, batch->x.rank, batch->x.shape);
        if (result == CLI_DONE)
            fill_dout(batch);
        return result;
    }
    bool same = dout->rank == batch->x.rank &&
                memcmp(dout->shape, batch->x.shape,
                       (size_t)dout->rank * sizeof *dout->shape) == 0;
    if (!same)
        return cli_fail(CLI_INPUT, "dout is %s but x is %s",
                        cli_shape(dout, found), cli_shape(&batch->x, expected));
    return copy_array(&batch->dout, dout);
}

static int read_own(cli_batch *batch, const cli_invocation *invocation)
{
    int result = cli_read(invocation, &batch->file, invocation->operands[0]);
    if (result != CLI_DONE)
        return result;
    const xhat_array *x = cli_find(invocation, &batch->file, "x");
    if (x == NULL)
        return cli_fail(CLI_INPUT, "%s: no array is called x",
                        invocation->operands[0]);
    result = cli_norm_read(&batch->norm, invocation, x, &batch->file);
    if (result == CLI_DONE)
        result = copy_array(&batch->x, x);
    if (result == CLI_DONE)
        result = read_dout(batch, invocation);
    return result;
}

/* ---- run and verify ------------------------------------------------------ */

static xhat_status run_circuit(cli_batch *batch, xhat_error *error)
{
    xhat_status status = cli_circuit_run(
        &batch->run, &batch->norm, batch->x.data, batch->dout.data, error);
    if (status == XHAT_OK)
        status =
            xhat_run_verify(batch->run, BUDGET, &batch->verification, error);
    return status;
}

int cli_batch_read(cli_batch *batch, const cli_invocation *invocation)
{
    *batch = (cli_batch){0};
    bool demo = cli_given(invocation, "demo");
    if (demo && invocation->operand_count > 0)
        return cli_fail(CLI_USAGE,
                        "--demo is a batch of its own: leave out"
                        " \"%s\"",
                        invocation->operands[0]);
    bool quiz = cli_given(invocation, "quiz") && !demo &&
                invocation->operand_count == 0;
    if (!demo && !quiz && invocation->operand_count == 0)
        return cli_fail(CLI_USAGE,
                        "explain needs a batch X, or --demo for one that can"
                        " be followed by hand");
    int result = demo   ? read_demo(batch, invocation)
                 : quiz ? read_quiz(batch, invocation)
                        : read_own(batch, invocation);
    if (result != CLI_DONE)
        return result;
    xhat_error error = {0};
    if (run_circuit(batch, &error) != XHAT_OK)
        return cli_fail_error(&error);
    batch->picture = (xhat_picture){
        .run = batch->run,
        .norm = batch->norm.per_row ? "layer" : "batch",
        .source = invocation->operand_count > 0 &&
                          !cli_is_inline(invocation->operands[0])
                      ? invocation->operands[0]
                      : NULL,
        .note = batch->note[0] != '\0' ? batch->note : NULL,
        .rank = batch->x.rank,
        .verification = &batch->verification,
    };
    memcpy(batch->picture.shape, batch->x.shape, sizeof batch->picture.shape);
    if (xhat_closed_gradients(&batch->picture, &batch->closed, &error) !=
        XHAT_OK)
        return cli_fail_error(&error);
    return CLI_DONE;
}

void cli_batch_free(cli_batch *batch)
{
    xhat_run_destroy(batch->run);
    free(batch->closed);
    cli_norm_free(&batch->norm);
    free(batch->x.data);
    free(batch->dout.data);
    xhat_arrays_free(&batch->file);
    xhat_arrays_free(&batch->dout_file);
}
