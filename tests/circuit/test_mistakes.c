/* The catalogue: every mistake can be made, and shows. */
#include <stdio.h>

#include "circuit/mistakes.h"
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
                if (!(farthest(right, wrong) > 1e-6))
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_well_formed),
        cmocka_unit_test(every_mistake_shows_somewhere),
        cmocka_unit_test(no_mistake_changes_nothing),
        cmocka_unit_test(no_two_mistakes_are_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
