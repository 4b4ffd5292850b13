#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check_arrays.h"
#include "circuit_run.h"
#include "input.h"

/* How far rounding may take an array that somebody computed, relative to the
 * size of the terms: a few dozen units in the last place.  The inputs are what
 * they are: their type widens nothing. */
static const struct {
    xhat_element element;
    double tolerance;
} tolerances[] = {
    {XHAT_ELEMENT_F16, 1e-2},
    {XHAT_ELEMENT_F32, 4e-6},
    {XHAT_ELEMENT_F64, 1e-10},
};

enum { TOLERANCES = sizeof tolerances / sizeof *tolerances };

/* Integers are exact, as float64. */
static double tolerance_of(const cli_check *check, const xhat_array *array)
{
    for (int i = 0; i < TOLERANCES; i++)
        if (array->element == tolerances[i].element)
            return tolerances[i].tolerance * check->widening;
    return tolerances[TOLERANCES - 1].tolerance * check->widening;
}

const char *cli_check_precision(const cli_check *check,
                                const xhat_finding *finding)
{
    for (int i = 0; i < TOLERANCES; i++)
        if (finding->tolerance == tolerances[i].tolerance * check->widening)
            return xhat_element_name(tolerances[i].element);
    return "";
}

/* The array as float64, owned by *check. */
static int convert(cli_check *check, const xhat_array *array,
                   const double **data)
{
    size_t count = xhat_array_count(array);
    double *converted = malloc((count > 0 ? count : 1) * sizeof *converted);
    if (converted == NULL)
        return cli_fail(CLI_BUG, "out of memory");
    check->data[check->data_count++] = converted;
    xhat_array_to_f64(array, converted);
    *data = converted;
    return CLI_DONE;
}

/* ---- shapes -------------------------------------------------------------- */

/* The shape of `array` without axes of length 1, for (1,D) and (D,1). */
static int squeezed(const xhat_array *array, size_t shape[XHAT_RANK_MAX])
{
    int rank = 0;
    for (int i = 0; i < array->rank; i++)
        if (array->shape[i] != 1)
            shape[rank++] = array->shape[i];
    return rank;
}

static int fail_shape(const cli_check *check, const xhat_array *array,
                      const char *key, xhat_extent extent)
{
    char found[CLI_SHAPE_SIZE], x[CLI_SHAPE_SIZE];
    cli_shape(array, found);
    cli_shape(check->x, x);
    if (extent == XHAT_EXTENT_FULL)
        return cli_fail(CLI_INPUT, "%s: %s is %s but must be %s, like x",
                        check->path, key, found, x);
    return cli_fail(CLI_INPUT,
                    "%s: %s is %s but must have %zu values, one for each"
                    " channel (x is %s, layout %s)",
                    check->path, key, found, check->norm.spec.channels, x,
                    xhat_layout_name(check->norm.layout));
}

static bool has_shape_of_x(const cli_check *check, const xhat_array *array)
{
    return array->rank == check->x->rank &&
           memcmp(array->shape, check->x->shape,
                  (size_t)array->rank * sizeof *array->shape) == 0;
}

static int check_shape(const cli_check *check, const xhat_array *array,
                       const char *key, xhat_extent extent)
{
    size_t shape[XHAT_RANK_MAX];
    if (extent == XHAT_EXTENT_FULL)
        return has_shape_of_x(check, array)
                   ? CLI_DONE
                   : fail_shape(check, array, key, extent);
    bool fits = xhat_array_count(array) == check->norm.spec.channels &&
                squeezed(array, shape) <= 1;
    return fits ? CLI_DONE : fail_shape(check, array, key, extent);
}

/* ---- inputs -------------------------------------------------------------- */

static int run_inputs(cli_check *check, const xhat_array *dout_array)
{
    const double *x = NULL, *dout = NULL;
    int result = check_shape(check, dout_array, "dout", XHAT_EXTENT_FULL);
    if (result != CLI_DONE ||
        (result = convert(check, check->x, &x)) != CLI_DONE ||
        (result = convert(check, dout_array, &dout)) != CLI_DONE)
        return result;
    xhat_error error = {0};
    xhat_status status =
        cli_circuit_run(&check->run, &check->norm, x, dout, &error);
    if (status == XHAT_OK)
        check->widening =
            1 + sqrt((double)xhat_axes_sharing(xhat_run_axes(check->run))) / 32;
    return status == XHAT_OK ? CLI_DONE : cli_fail_error(&error);
}

/* ---- claims -------------------------------------------------------------- */

/* Do the numbers of each channel add up to what is expected of it?  As far as
 * their own tolerance goes. */
static bool sums_are_right(const cli_check *check, const xhat_claim *claim)
{
    const xhat_axes *axes = xhat_run_axes(check->run);
    xhat_field expected =
        xhat_run_computed(check->run, claim->side, claim->value);
    for (size_t c = 0; expected.data != NULL && c < axes->channels; c++) {
        double sum = 0, size = 0;
        for (size_t k = 0; k < axes->outer * axes->inner; k++) {
            size_t row = k / axes->inner, inner = k % axes->inner;
            double term =
                claim->data[(row * axes->channels + c) * axes->inner + inner];
            sum += term;
            size += fabs(term);
        }
        if (!(fabs(sum - expected.data[c]) <= claim->tolerance * size))
            return false;
    }
    return expected.data != NULL;
}

/* The gradient of a channel's parameter, not summed; or a wrong shape. */
static int read_unsummed(cli_check *check, const xhat_array *array,
                         const char *key, xhat_claim *claim)
{
    int result = convert(check, array, &claim->data);
    claim->unsummed = true;
    if (result != CLI_DONE || sums_are_right(check, claim))
        return result;
    return fail_shape(check, array, key, XHAT_EXTENT_PER_CHANNEL);
}

/* One array of the file, if it is one that can be checked. */
static int read_claim(cli_check *check, const cli_invocation *invocation,
                      const xhat_array *array)
{
    const xhat_circuit *circuit = xhat_circuit_batchnorm();
    const char *key = cli_key(array->name);
    xhat_side side;
    int v = key == NULL ? -1 : xhat_circuit_find(circuit, key, &side);
    if (v < 0)
        return CLI_DONE;
    bool input = side == XHAT_SIDE_VALUE ? circuit->values[v].maker < 0
                                         : v == circuit->output;
    if (input)
        return CLI_DONE;
    if (cli_find(invocation, &check->file, key) != array) {
        cli_warn("%s: \"%s\" is left out: another array is %s, too",
                 check->path, array->name, key);
        return CLI_DONE;
    }
    xhat_claim *claim = &check->claims[check->claim_count++];
    *claim = (xhat_claim){.side = side, .value = v};
    claim->tolerance = tolerance_of(check, array);
    if (side == XHAT_SIDE_GRADIENT && has_shape_of_x(check, array) &&
        circuit->values[v].extent == XHAT_EXTENT_PER_CHANNEL &&
        xhat_array_count(array) > check->norm.spec.channels)
        return read_unsummed(check, array, key, claim);
    int result = check_shape(check, array, key, circuit->values[v].extent);
    if (result == CLI_DONE)
        result = convert(check, array, &claim->data);
    return result;
}

/* Every array that is neither an input nor unknown, in the file's order. */
static int read_claims(cli_check *check, const cli_invocation *invocation)
{
    int result = CLI_DONE;
    for (size_t i = 0; i < check->file.count && result == CLI_DONE; i++)
        result = read_claim(check, invocation, &check->file.items[i]);
    return result;
}

static void say_unknown(const cli_check *check)
{
    for (size_t i = 0; i < check->file.count; i++)
        if (cli_key(check->file.items[i].name) == NULL)
            cli_warn("%s: \"%s\" is no array of the circuit: it is not checked",
                     check->path, check->file.items[i].name);
}

static int need(const cli_check *check, const xhat_array *array,
                const char *key)
{
    if (array != NULL)
        return CLI_DONE;
    return cli_fail(CLI_INPUT,
                    "%s: no array is called %s; x and dout at least"
                    " are needed",
                    check->path, key);
}

static int diagnose(cli_check *check)
{
    xhat_error error = {0};
    if (xhat_diagnose(&check->diagnosis, check->run, check->claims,
                      check->claim_count, &error) != XHAT_OK)
        return cli_fail_error(&error);
    return CLI_DONE;
}

int cli_check_read(cli_check *check, const cli_invocation *invocation)
{
    *check = (cli_check){.path = invocation->operands[0]};
    int result = cli_read(invocation, &check->file, check->path);
    if (result != CLI_DONE)
        return result;
    bool several = check->file.count > 1; /* one alone answers to every key */
    check->x = several ? cli_find(invocation, &check->file, "x") : NULL;
    const xhat_array *dout =
        several ? cli_find(invocation, &check->file, "dout") : NULL;
    if ((result = need(check, check->x, "x")) != CLI_DONE ||
        (result = need(check, dout, "dout")) != CLI_DONE ||
        (result = cli_norm_read(&check->norm, invocation, check->x,
                                &check->file)) != CLI_DONE ||
        (result = run_inputs(check, dout)) != CLI_DONE ||
        (result = read_claims(check, invocation)) != CLI_DONE)
        return result;
    say_unknown(check);
    return diagnose(check);
}

void cli_check_free(cli_check *check)
{
    for (int i = 0; i < check->data_count; i++)
        free(check->data[i]);
    xhat_run_destroy(check->run);
    cli_norm_free(&check->norm);
    xhat_arrays_free(&check->file);
}

const char *cli_check_verdict(const cli_check *check)
{
    const xhat_diagnosis *d = &check->diagnosis;
    for (int i = 0; i < d->finding_count; i++)
        if (d->findings[i].state == XHAT_FINDING_WRONG ||
            d->findings[i].state == XHAT_FINDING_FOLLOWS)
            return "wrong";
    return d->decided ? "ok" : "cannot-tell";
}
