#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check_arrays.h"
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
double cli_check_tolerance(const cli_check *check, const xhat_array *array)
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

int cli_check_convert(cli_check *check, const xhat_array *array,
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

static bool has_shape_of_x(const cli_check *check, const xhat_array *array)
{
    return array->rank == check->x->rank &&
           memcmp(array->shape, check->x->shape,
                  (size_t)array->rank * sizeof *array->shape) == 0;
}

/* A matrix with the sides of x exchanged. */
static bool is_transposed(const cli_check *check, const xhat_array *array)
{
    return array->rank == 2 && check->x->rank == 2 &&
           array->shape[0] == check->x->shape[1] &&
           array->shape[1] == check->x->shape[0];
}

static int fail_shape(const cli_check *check, const xhat_array *array,
                      const char *key, xhat_extent extent)
{
    char found[CLI_SHAPE_SIZE], x[CLI_SHAPE_SIZE];
    cli_shape(array, found);
    cli_shape(check->x, x);
    if (extent != XHAT_EXTENT_FULL)
        return cli_fail(CLI_INPUT,
                        "%s: %s is %s but must have %zu values, one for each"
                        " channel (x is %s, layout %s)",
                        check->path, key, found, check->norm.spec.channels, x,
                        xhat_layout_name(check->norm.layout));
    if (is_transposed(check, array))
        return cli_fail(CLI_INPUT,
                        "%s: %s is %s but must be %s, like x: it is"
                        " transposed, save %s.T",
                        check->path, key, found, x, key);
    return cli_fail(CLI_INPUT, "%s: %s is %s but must be %s, like x",
                    check->path, key, found, x);
}

/* What a claim has numbers for; false: a shape that no mistake explains. */
static bool extent_of(const cli_check *check, const xhat_array *array,
                      xhat_extent normal, xhat_extent *extent)
{
    size_t shape[XHAT_RANK_MAX], count = xhat_array_count(array);
    *extent = normal;
    if (normal == XHAT_EXTENT_FULL)
        return has_shape_of_x(check, array);
    bool flat = squeezed(array, shape) <= 1;
    if (flat && count == check->c.axes.channels)
        return true;
    *extent = has_shape_of_x(check, array)           ? XHAT_EXTENT_FULL
              : flat && count == 1                   ? XHAT_EXTENT_SINGLE
              : flat && count == check->c.axes.outer ? XHAT_EXTENT_PER_ROW
                                                     : normal;
    return *extent != normal;
}

/* The catalogue of mistakes is that of batch norm. */
static int need_batch_norm(const cli_check *check)
{
    return check->norm.per_row
               ? cli_fail(CLI_USAGE, "check knows batch norm only: --norm "
                                     "layer does not go with it")
               : CLI_DONE;
}

/* ---- inputs -------------------------------------------------------------- */

static int read_inputs(cli_check *check, const xhat_array *dout)
{
    const cli_norm *norm = &check->norm;
    bool eval = norm->eval;
    if (!has_shape_of_x(check, dout))
        return fail_shape(check, dout, "dout", XHAT_EXTENT_FULL);
    check->c = (xhat_case){
        .axes = xhat_axes_batch(norm->spec.outer, norm->spec.channels,
                                norm->spec.inner),
        .eps = norm->spec.eps,
        .gamma = norm->gamma,
        .beta = norm->beta,
        .held = {eval ? norm->running_mean : NULL,
                 eval ? norm->running_var : NULL},
        .running = {norm->running_mean, norm->running_var},
        .claims = check->claims,
    };
    check->widening = 1 + sqrt((double)xhat_axes_sharing(&check->c.axes)) / 32;
    cli_warn_not_finite("x", check->x);
    cli_warn_not_finite("dout", dout);
    int result = cli_check_convert(check, check->x, &check->c.x);
    return result == CLI_DONE ? cli_check_convert(check, dout, &check->c.dout)
                              : result;
}

/* ---- claims -------------------------------------------------------------- */

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
    xhat_extent normal = circuit->values[v].extent;
    int i = check->c.claim_count++;
    xhat_claim *claim = &check->claims[i];
    *claim = (xhat_claim){.side = side, .value = v};
    claim->tolerance = cli_check_tolerance(check, array);
    check->claimed[i] = array;
    if (!extent_of(check, array, normal, &claim->extent))
        return fail_shape(check, array, key, normal);
    return cli_check_convert(check, array, &claim->data);
}

/* Every array that is neither an input nor unknown, in the file's order. */
static int read_claims(cli_check *check, const cli_invocation *invocation)
{
    int result = CLI_DONE;
    for (size_t i = 0; i < check->file.count && result == CLI_DONE; i++)
        result = read_claim(check, invocation, &check->file.items[i]);
    return result;
}

/* An array of another shape than it should have is a mistake if one in the
 * catalogue makes it; otherwise it is a wrong file. */
static int refuse_unexplained_shapes(const cli_check *check)
{
    for (int i = 0; i < check->c.claim_count; i++) {
        const xhat_claim *claim = &check->claims[i];
        xhat_extent normal =
            xhat_circuit_batchnorm()->values[claim->value].extent;
        if (claim->extent != normal && check->diagnosis.search.cause_count == 0)
            return fail_shape(check, check->claimed[i],
                              xhat_circuit_key(xhat_circuit_batchnorm(),
                                               claim->side, claim->value),
                              normal);
    }
    return CLI_DONE;
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

/* x with as many rows as gamma (or beta) has values, and another number of
 * columns: the features lie along the wrong axis. */
static int refuse_transposed_x(const cli_check *check,
                               const cli_invocation *invocation)
{
    const xhat_array *x = check->x;
    static const char *const parameters[] = {"gamma", "beta"};
    for (int i = 0; i < 2; i++) {
        const xhat_array *array =
            cli_find(invocation, &check->file, parameters[i]);
        if (array == NULL || x->rank != 2 || x->shape[0] == x->shape[1] ||
            cli_text(invocation, "layout") != NULL ||
            cli_text(invocation, parameters[i]) != NULL ||
            xhat_array_count(array) != x->shape[0])
            continue;
        return cli_fail(CLI_INPUT,
                        "%s: x is %zux%zu and %s has %zu values: x is"
                        " transposed, one row for each sample is expected;"
                        " save x.T (and dout.T)",
                        check->path, x->shape[0], x->shape[1], parameters[i],
                        x->shape[0]);
    }
    return CLI_DONE;
}

static int diagnose(cli_check *check)
{
    xhat_error error = {0};
    if (xhat_diagnose(&check->diagnosis, &check->c, &error) != XHAT_OK ||
        xhat_probe_judge(&check->probe, &check->c, &error) != XHAT_OK)
        return cli_fail_error(&error);
    return refuse_unexplained_shapes(check);
}

int cli_check_read(cli_check *check, const cli_invocation *invocation)
{
    *check = (cli_check){.path = invocation->operands[0]};
    int result = cli_read(invocation, &check->file, check->path);
    if (result != CLI_DONE)
        return result;
    /* one alone, without a name of its own, answers to every key */
    bool named =
        check->file.count != 1 || cli_key(check->file.items[0].name) != NULL;
    check->x = named ? cli_find(invocation, &check->file, "x") : NULL;
    const xhat_array *dout =
        named ? cli_find(invocation, &check->file, "dout") : NULL;
    if ((result = need(check, check->x, "x")) != CLI_DONE ||
        (result = need(check, dout, "dout")) != CLI_DONE ||
        (result = refuse_transposed_x(check, invocation)) != CLI_DONE ||
        (result = cli_norm_read(&check->norm, invocation, check->x,
                                &check->file)) != CLI_DONE ||
        (result = need_batch_norm(check)) != CLI_DONE ||
        (result = read_inputs(check, dout)) != CLI_DONE ||
        (result = read_claims(check, invocation)) != CLI_DONE)
        return result;
    say_unknown(check);
    if ((result = diagnose(check)) != CLI_DONE)
        return result;
    return cli_check_running(check, invocation);
}

void cli_check_free(cli_check *check)
{
    for (int i = 0; i < check->data_count; i++)
        free(check->data[i]);
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
    bool running = false;
    for (int side = 0; side < 2; side++) {
        running = running || check->new_running[side] != NULL;
        if (check->new_running[side] != NULL &&
            !cli_check_running_ok(check, side))
            return "wrong";
    }
    return d->decided || running ? "ok" : "cannot-tell";
}

const char *cli_check_key(const cli_check *check, const xhat_finding *finding)
{
    const xhat_claim *claim = &check->claims[finding->claim];
    return xhat_circuit_key(xhat_circuit_batchnorm(), claim->side,
                            claim->value);
}

int cli_check_place(const cli_check *check, const xhat_finding *finding,
                    size_t index[XHAT_RANK_MAX])
{
    xhat_extent extent = check->claims[finding->claim].extent;
    if (extent == XHAT_EXTENT_SINGLE)
        return 0;
    if (extent != XHAT_EXTENT_FULL) {
        index[0] = finding->at;
        return 1;
    }
    size_t at = finding->at;
    for (int i = check->x->rank - 1; i >= 0; i--) {
        size_t length = check->x->shape[i];
        index[i] = length > 0 ? at % length : 0;
        at = length > 0 ? at / length : 0;
    }
    return check->x->rank;
}
