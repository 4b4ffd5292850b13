/* What a page looks up about one number: what it is made of, the ways its
 * gradient came, its derivative; and the hashes of a quiz. */
#include "circuit/dependence.h"
#include "circuit/derivative.h"
#include "circuit/paths.h"
#include "circuit/quiz.h"
#include "circuit/sha256.h"
#include "circuit_fixture.h"

enum { OUTER = 3, CHANNELS = 2, INNER = 2, FULL = OUTER * CHANNELS * INNER };

/* ---- dependence ---------------------------------------------------------- */

/* A run of the fixture's numbers whose input (side, value) differs at `k`. */
static xhat_run *moved_run(const xhat_run *run, xhat_side side, int value,
                           size_t k)
{
    static const struct {
        xhat_side side;
        int value;
    } inputs[] = {{XHAT_SIDE_VALUE, XHAT_VALUE_X},
                  {XHAT_SIDE_VALUE, XHAT_VALUE_GAMMA},
                  {XHAT_SIDE_VALUE, XHAT_VALUE_BETA},
                  {XHAT_SIDE_GRADIENT, XHAT_VALUE_OUT}};
    xhat_run *moved;
    assert_ok(xhat_run_create(&moved, xhat_run_circuit(run), xhat_run_axes(run),
                              xhat_run_eps(run), NULL, error));
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
        double numbers[FULL];
        xhat_field given = xhat_run_given(run, inputs[i].side, inputs[i].value);
        size_t count = xhat_axes_count(xhat_run_axes(run), given.extent);
        for (size_t j = 0; j < count; j++)
            numbers[j] = given.data[j];
        if (inputs[i].side == side && inputs[i].value == value)
            numbers[k] += 0.375;
        assert_ok(xhat_run_set(moved, inputs[i].side, inputs[i].value, numbers,
                               error));
    }
    assert_ok(xhat_run_forward(moved, error));
    assert_ok(xhat_run_backward(moved, error));
    return moved;
}

/* Moves every input in turn: exactly the numbers that depend on it change.
 * The converse of what is marked, for all numbers at once. */
static void check_input(const xhat_run *run, xhat_side side, int value,
                        size_t k)
{
    const xhat_circuit *circuit = xhat_run_circuit(run);
    xhat_run *moved = moved_run(run, side, value, k);
    for (int s = 0; s < 2; s++)
        for (int v = 0; v < circuit->value_count; v++) {
            xhat_field before = xhat_run_field(run, (xhat_side)s, v);
            xhat_field after = xhat_run_field(moved, (xhat_side)s, v);
            size_t count = xhat_axes_count(xhat_run_axes(run), before.extent);
            for (size_t j = 0; j < count; j++) {
                xhat_dependence found;
                assert_ok(
                    xhat_dependence_of(&found, run, (xhat_side)s, v, j, error));
                bool marked = found.marks[side][value][k] != XHAT_MARK_NONE;
                xhat_dependence_free(&found);
                if (before.data[j] != after.data[j])
                    assert_true(marked);
            }
        }
    xhat_run_destroy(moved);
}

static void test_what_changes_is_marked(void **state)
{
    (void)state;
    xhat_run *run =
        fixture_run(xhat_axes_batch(OUTER, CHANNELS, INNER), 1e-3, 0.5);
    for (size_t k = 0; k < FULL; k += 5) {
        check_input(run, XHAT_SIDE_VALUE, XHAT_VALUE_X, k);
        check_input(run, XHAT_SIDE_GRADIENT, XHAT_VALUE_OUT, k);
    }
    check_input(run, XHAT_SIDE_VALUE, XHAT_VALUE_GAMMA, 1);
    check_input(run, XHAT_SIDE_VALUE, XHAT_VALUE_BETA, 0);
    xhat_run_destroy(run);
}

/* and nothing else is: by name, for two numbers of the demo */
static void test_what_is_marked_is_exact(void **state)
{
    (void)state;
    xhat_run *run = fixture_demo();
    xhat_dependence found;
    assert_ok(xhat_dependence_of(&found, run, XHAT_SIDE_VALUE,
                                 XHAT_VALUE_X_NORM, 3, error));
    static const unsigned char x[] = {0, 1, 0, 1, 0, 1, 0, 1};
    assert_memory_equal(found.marks[0][XHAT_VALUE_X], x, sizeof x);
    assert_int_equal(found.marks[0][XHAT_VALUE_DEV_FROM_MEAN][3],
                     XHAT_MARK_NEAR);
    assert_int_equal(found.marks[0][XHAT_VALUE_DEV_FROM_MEAN][1],
                     XHAT_MARK_FAR);
    assert_int_equal(found.marks[0][XHAT_VALUE_INVERTED_STDDEV][1],
                     XHAT_MARK_NEAR);
    assert_int_equal(found.marks[0][XHAT_VALUE_X_NORM][3], XHAT_MARK_SELF);
    assert_int_equal(found.marks[0][XHAT_VALUE_GAMMA][1], XHAT_MARK_NONE);
    assert_int_equal(found.marks[1][XHAT_VALUE_OUT][3], XHAT_MARK_NONE);
    xhat_dependence_free(&found);

    assert_ok(xhat_dependence_of(&found, run, XHAT_SIDE_GRADIENT,
                                 XHAT_VALUE_BETA, 0, error));
    static const unsigned char dout[] = {2, 0, 2, 0, 2, 0, 2, 0};
    assert_memory_equal(found.marks[1][XHAT_VALUE_OUT], dout, sizeof dout);
    for (size_t k = 0; k < 8; k++)
        assert_int_equal(found.marks[0][XHAT_VALUE_X][k], XHAT_MARK_NONE);
    xhat_dependence_free(&found);
    xhat_run_destroy(run);
}

/* ---- paths --------------------------------------------------------------- */

static void test_the_ways_of_the_demo(void **state)
{
    (void)state;
    xhat_run *run = fixture_demo();
    xhat_path paths[XHAT_PATHS_MAX];
    assert_int_equal(xhat_paths_of(run, XHAT_VALUE_X, 1, paths), 3);
    assert_null(paths[0].via);
    assert_true(paths[0].part == 4 && paths[0].gate == 6);
    assert_string_equal(paths[1].via, "var");
    assert_true(paths[1].part == 1 && paths[1].gate == 2);
    assert_string_equal(paths[2].via, "mean");
    assert_true(paths[2].part == -3 && paths[2].gate == 0);
    xhat_run_destroy(run);
}

static void test_the_ways_add_up(void **state)
{
    (void)state;
    xhat_axes axes = xhat_axes_batch(OUTER, CHANNELS, INNER);
    axes.per_row = true; /* instance norm: the same gates over other axes */
    xhat_run *run = fixture_run(axes, 1e-3, 0.5);
    for (size_t e = 0; e < FULL; e++) {
        xhat_path paths[XHAT_PATHS_MAX];
        int count = xhat_paths_of(run, XHAT_VALUE_X, e, paths);
        double sum = 0;
        for (int i = 0; i < count; i++)
            sum += paths[i].part;
        assert_int_equal(count, 3);
        assert_close(sum, fixture_gradient(run, XHAT_VALUE_X)[e], 1e-12, 1e-14);
    }
    xhat_run_destroy(run);
}

static void test_held_statistics_leave_the_direct_way(void **state)
{
    (void)state;
    static const double mean[] = {2, 0}, var[] = {4, 16};
    xhat_run *run = fixture_demo();
    xhat_path paths[XHAT_PATHS_MAX];
    assert_ok(xhat_run_hold(run, XHAT_VALUE_MEAN, mean, error));
    assert_ok(xhat_run_hold(run, XHAT_VALUE_VAR, var, error));
    assert_ok(xhat_run_forward(run, error));
    assert_ok(xhat_run_backward(run, error));
    assert_int_equal(xhat_paths_of(run, XHAT_VALUE_X, 0, paths), 1);
    assert_true(paths[0].part == 5); /* gamma / stddev * dout */
    xhat_run_destroy(run);
}

/* ---- derivatives --------------------------------------------------------- */

static void test_derivatives_of_every_leaf(void **state)
{
    (void)state;
    static const int leaves[] = {XHAT_VALUE_X, XHAT_VALUE_GAMMA,
                                 XHAT_VALUE_BETA};
    xhat_run *run =
        fixture_run(xhat_axes_batch(OUTER, CHANNELS, INNER), 1e-3, 0.5);
    for (int i = 0; i < 3; i++) {
        const double *gradient = fixture_gradient(run, leaves[i]);
        for (size_t k = 0; k < (i == 0 ? FULL : CHANNELS); k++) {
            const double steps[] = {0, 1e-2, 1e-12};
            double exact, central[3];
            assert_ok(xhat_run_derivative(run, leaves[i], k, steps, 3, &exact,
                                          central, error));
            assert_close(exact, gradient[k], 1e-12, 1e-14);
            assert_close(central[0], gradient[k], 1e-7, 1e-8);
            if (i == 0) /* a step that is too large or too small shows */
                assert_true(fabs(central[1] - exact) > 1e-6 ||
                            fabs(central[2] - exact) > 1e-6);
        }
    }
    xhat_run_destroy(run);
}

/* ---- the quiz ------------------------------------------------------------ */

static void digest_of(const char *text, size_t size, char hex[65])
{
    unsigned char digest[XHAT_SHA256_SIZE];
    xhat_sha256(text, size, digest);
    for (int i = 0; i < XHAT_SHA256_SIZE; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

/* FIPS 180-4's examples, and the lengths around a block's end */
static void test_sha256(void **state)
{
    (void)state;
    char hex[65], text[200];
    digest_of("abc", 3, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223"
                             "b00361a396177a9cb410ff61f20015ad");
    digest_of("", 0, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb924"
                             "27ae41e4649b934ca495991b7852b855");
    digest_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
              hex);
    assert_string_equal(hex, "248d6a61d20638b8e5c026930c3e6039"
                             "a33ce45964ff2167f6ecedd419db06c1");
    memset(text, 'a', sizeof text);
    digest_of(text, 64, hex);
    assert_string_equal(hex, "ffe054fe7ae0cb6dc65c3af9b61d5209"
                             "f439851db43d0ba5997337df154668eb");
}

static void test_answers_are_spelled_alike(void **state)
{
    (void)state;
    char text[XHAT_QUIZ_ANSWER_SIZE];
    assert_string_equal(xhat_quiz_answer(0.56, text), "5.60e-1");
    assert_string_equal(xhat_quiz_answer(-12, text), "-1.20e1");
    assert_string_equal(xhat_quiz_answer(1e-17, text), "0");
    assert_string_equal(xhat_quiz_answer(-0.0, text), "0");
    assert_string_equal(xhat_quiz_answer(999.96, text), "1.00e3");
}

static void test_a_quiz_asks_of_every_array(void **state)
{
    (void)state;
    xhat_run *run = fixture_demo();
    xhat_quiz quiz;
    assert_ok(xhat_quiz_of(&quiz, run, 3, 8, 6, error));
    size_t asked = 0;
    for (int side = 0; side < 2; side++)
        for (int v = 0; v < xhat_run_circuit(run)->value_count; v++) {
            bool given = xhat_run_given(run, (xhat_side)side, v).data != NULL;
            const unsigned char *blank = quiz.blank[side][v];
            assert_true(given == (blank == NULL));
            size_t here = 0,
                   count = xhat_axes_count(xhat_run_axes(run),
                                           xhat_run_field(run, side, v).extent);
            for (size_t k = 0; blank != NULL && k < count; k++)
                here += blank[k];
            assert_true(given || here > 0);
            asked += here;
        }
    assert_int_equal(asked, quiz.asked);
    char first[XHAT_QUIZ_HASH_SIZE], second[XHAT_QUIZ_HASH_SIZE];
    xhat_quiz_hash(&quiz, "dx[0,0]", 0.56, first);
    xhat_quiz_hash(&quiz, "dx[0,0]", 0.5601, second);
    assert_string_equal(first, second);
    xhat_quiz_hash(&quiz, "dx[0,1]", 0.56, second);
    assert_string_not_equal(first, second);
    xhat_quiz_free(&quiz);
    xhat_run_destroy(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_changes_is_marked),
        cmocka_unit_test(test_what_is_marked_is_exact),
        cmocka_unit_test(test_the_ways_of_the_demo),
        cmocka_unit_test(test_the_ways_add_up),
        cmocka_unit_test(test_held_statistics_leave_the_direct_way),
        cmocka_unit_test(test_derivatives_of_every_leaf),
        cmocka_unit_test(test_sha256),
        cmocka_unit_test(test_answers_are_spelled_alike),
        cmocka_unit_test(test_a_quiz_asks_of_every_array),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
