/* The catalogue: every mistake can be made, and shows. */
#include <stdio.h>

#include "circuit/mistakes.h"
#include "circuit/probe.h"
#include "circuit_fixture.h"

static const double running_mean[] = {0.5, -1, 2, 0.25};
static const double running_var[] = {0.75, 1.5, 2, 3};
static const double *const running[2] = {running_mean, running_var};

/* How much two arrays differ, relative to the larger of their numbers. */
static double difference(const xhat_run *a, const xhat_run *b, int side, int v)
{
    xhat_field f = xhat_run_field(a, (xhat_side)side, v);
    xhat_field g = xhat_run_field(b, (xhat_side)side, v);
    if (f.data == NULL || g.data == NULL)
        return f.data == g.data ? 0 : INFINITY;
    size_t count = xhat_axes_count(xhat_run_axes(a), f.extent);
    if (count != xhat_axes_count(xhat_run_axes(b), g.extent))
        return INFINITY;
    double most = 0, size = 0;
    for (size_t k = 0; k < count; k++) {
        most = fmax(most, fabs(f.data[k] - g.data[k]));
        size = fmax(size, fmax(fabs(f.data[k]), fabs(g.data[k])));
    }
    return size == 0 ? 0 : most / size;
}

static double farthest(const xhat_run *a, const xhat_run *b)
{
    double most = 0;
    for (int v = 0; v < xhat_circuit_batchnorm()->value_count; v++)
        for (int side = 0; side < 2; side++)
            most = fmax(most, difference(a, b, side, v));
    return most;
}

/* The batches of these tests: training, eval, square, with inner elements. */
enum { BATCHES = 4 };

static xhat_run *batch(int kind)
{
    xhat_axes axes = kind == 2   ? xhat_axes_batch(4, 4, 1)
                     : kind == 3 ? xhat_axes_batch(3, 4, 2)
                                 : xhat_axes_batch(6, 4, 1);
    xhat_run *run = fixture_run(axes, 1e-2, 1.25);
    if (kind == 1) {
        assert_ok(xhat_run_hold(run, XHAT_VALUE_MEAN, running_mean, error));
        assert_ok(xhat_run_hold(run, XHAT_VALUE_VAR, running_var, error));
        assert_ok(xhat_run_forward(run, error));
        assert_ok(xhat_run_backward(run, error));
    }
    return run;
}

static void the_table_is_well_formed(void **state)
{
    (void)state;
    assert_true(xhat_mistake_count() >= 30);
    for (int i = 0; i < xhat_mistake_count(); i++) {
        const xhat_mistake *m = xhat_mistake_at(i);
        assert_int_equal(xhat_mistake_find(m->id), i); /* each id once */
        assert_true(m->gate >= 0 && m->gate <= 9);
        assert_true(strlen(m->title) > 0 && strlen(m->title) <= 40);
        assert_true(strlen(m->text) > 0 && strlen(m->fix) > 0);
        assert_true(m->text[strlen(m->text) - 1] != '.');
        assert_null(strchr(m->id, ' '));
        for (int k = 0; k < i; k++)
            assert_string_not_equal(m->title, xhat_mistake_at(k)->title);
    }
    assert_int_equal(xhat_mistake_find("none"), -1);
}

static void every_mistake_shows_somewhere(void **state)
{
    (void)state;
    for (int i = 0; i < xhat_mistake_count(); i++) {
        bool made = false;
        for (int kind = 0; kind < BATCHES; kind++) {
            xhat_run *right = batch(kind), *wrong;
            if (xhat_mistake_applies(i, right)) {
                made = true;
                assert_ok(
                    xhat_mistake_run(&wrong, right, &i, 1, running, error));
                bool square = kind == 2; /* hides D for N */
                if (!square && !(farthest(right, wrong) > 1e-6))
                    fail_msg("%s does not show", xhat_mistake_at(i)->id);
                xhat_run_destroy(wrong);
            } else {
                assert_int_equal(
                    xhat_mistake_run(&wrong, right, &i, 1, running, NULL),
                    XHAT_INVALID_ARGUMENT);
                assert_null(wrong);
            }
            xhat_run_destroy(right);
        }
        assert_true(made);
    }
}

/* Without a mistake the copy is the run, bit for bit. */
static void no_mistake_changes_nothing(void **state)
{
    (void)state;
    for (int kind = 0; kind < BATCHES; kind++) {
        xhat_run *right = batch(kind), *copy;
        assert_ok(xhat_mistake_run(&copy, right, NULL, 0, NULL, error));
        assert_true(farthest(right, copy) == 0);
        xhat_run_destroy(copy);
        xhat_run_destroy(right);
    }
}

/* No two entries are the same mistake under two names. */
static void no_two_mistakes_are_one(void **state)
{
    (void)state;
    for (int i = 0; i < xhat_mistake_count(); i++)
        for (int k = 0; k < i; k++) {
            bool differ = false;
            for (int kind = 0; kind < BATCHES && !differ; kind++) {
                xhat_run *right = batch(kind), *a = NULL, *b = NULL;
                bool both[2] = {xhat_mistake_applies(i, right),
                                xhat_mistake_applies(k, right)};
                differ = both[0] != both[1];
                if (both[0] && both[1]) {
                    assert_ok(
                        xhat_mistake_run(&a, right, &i, 1, running, error));
                    assert_ok(
                        xhat_mistake_run(&b, right, &k, 1, running, error));
                    differ = farthest(a, b) > 1e-9;
                }
                xhat_run_destroy(a);
                xhat_run_destroy(b);
                xhat_run_destroy(right);
            }
            if (!differ)
                fail_msg("%s and %s are one", xhat_mistake_at(i)->id,
                         xhat_mistake_at(k)->id);
        }
}

/* ---- the probe ----------------------------------------------------------- */

enum { FULL_MOST = XHAT_PROBE_ROWS * XHAT_PROBE_CHANNELS, RUNS_MAX = 200 };

/* The catalogue on one set of inputs: runs[i] of mistake i, or NULL. */
typedef struct gallery {
    xhat_run *right, *runs[RUNS_MAX];
    double x[FULL_MOST], dout[FULL_MOST], small[4][XHAT_PROBE_CHANNELS];
    const double *running[2];
} gallery;

/* seed 0: the probe that xhat_probe_make makes; others: any numbers. */
static void hang(gallery *g, unsigned seed)
{
    xhat_axes axes = xhat_axes_batch(XHAT_PROBE_ROWS, XHAT_PROBE_CHANNELS, 1);
    const double eps = 1e-5;
    xhat_probe_inputs inputs = {g->x,        g->dout,     g->small[0],
                                g->small[1], g->small[2], g->small[3]};
    xhat_probe_make(&inputs, &axes, eps);
    for (size_t k = 0; k < FULL_MOST && seed > 0; k++) {
        g->x[k] = fixture_number(7 * seed, k) * (k % 4 == 1 ? 0.01 : 2) + 0.5;
        g->dout[k] = fixture_number(7 * seed + 1, k) + 0.25;
    }
    for (size_t k = 0; k < XHAT_PROBE_CHANNELS && seed > 0; k++)
        for (unsigned i = 0; i < 4; i++)
            g->small[i][k] = 1.5 + fixture_number(7 * seed + 2 + i, k);
    g->running[0] = g->small[2];
    g->running[1] = g->small[3];
    assert_ok(xhat_run_create(&g->right, xhat_circuit_batchnorm(), &axes, eps,
                              NULL, error));
    assert_ok(
        xhat_run_set(g->right, XHAT_SIDE_VALUE, XHAT_VALUE_X, g->x, error));
    assert_ok(xhat_run_set(g->right, XHAT_SIDE_VALUE, XHAT_VALUE_GAMMA,
                           g->small[0], error));
    assert_ok(xhat_run_set(g->right, XHAT_SIDE_VALUE, XHAT_VALUE_BETA,
                           g->small[1], error));
    assert_ok(xhat_run_set(g->right, XHAT_SIDE_GRADIENT, XHAT_VALUE_OUT,
                           g->dout, error));
    assert_ok(xhat_run_forward(g->right, error));
    assert_ok(xhat_run_backward(g->right, error));
    assert_true(xhat_mistake_count() <= RUNS_MAX);
    for (int i = 0; i < xhat_mistake_count(); i++) {
        g->runs[i] = NULL;
        if (xhat_mistake_applies(i, g->right))
            assert_ok(xhat_mistake_run(&g->runs[i], g->right, &i, 1, g->running,
                                       error));
    }
}

static void take_down(gallery *g)
{
    for (int i = 0; i < xhat_mistake_count(); i++)
        xhat_run_destroy(g->runs[i]);
    xhat_run_destroy(g->right);
}

/* Two mistakes whose arrays are not the same on some inputs are not the same on
 * the probe either: of each of out, dx, dgamma and dbeta, and of all arrays.
 * (index -1 is right code.) */
static void the_probe_tells_every_pair_apart(void **state)
{
    (void)state;
    enum { ANY = 3, CLEAR = 10000 };
    static gallery probe, any[ANY];
    const struct {
        int side, value;
    } ends[] = {{0, XHAT_VALUE_OUT},
                {1, XHAT_VALUE_X},
                {1, XHAT_VALUE_GAMMA},
                {1, XHAT_VALUE_BETA}};
    hang(&probe, 0);
    for (unsigned s = 0; s < ANY; s++)
        hang(&any[s], s + 1);
    int apart = 0;
    for (int i = 0; i < xhat_mistake_count(); i++)
        for (int k = -1; k < i; k++) {
            if (probe.runs[i] == NULL || (k >= 0 && probe.runs[k] == NULL))
                continue;
            for (int e = 0; e < 4; e++) {
                int side = ends[e].side, v = ends[e].value;
                double far = 0;
                for (int s = 0; s < ANY; s++)
                    far = fmax(far,
                               difference(any[s].runs[i],
                                          k < 0 ? any[s].right : any[s].runs[k],
                                          side, v));
                double here =
                    difference(probe.runs[i],
                               k < 0 ? probe.right : probe.runs[k], side, v);
                if (far > 1e-9 && here < 1.0 / CLEAR)
                    fail_msg("%s and %s: %s differs by %g on the probe, by %g "
                             "elsewhere",
                             xhat_mistake_at(i)->id,
                             k < 0 ? "right code" : xhat_mistake_at(k)->id,
                             xhat_circuit_key(xhat_circuit_batchnorm(),
                                              (xhat_side)side, v),
                             here, far);
                apart += far > 1e-9;
            }
        }
    assert_true(apart > 5000);
    take_down(&probe);
    for (int s = 0; s < ANY; s++)
        take_down(&any[s]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_well_formed),
        cmocka_unit_test(every_mistake_shows_somewhere),
        cmocka_unit_test(no_mistake_changes_nothing),
        cmocka_unit_test(no_two_mistakes_are_one),
        cmocka_unit_test(the_probe_tells_every_pair_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
