/* What evaluation and prediction say of a row depends on the row alone: not on
 * the order of the rows, on where they are cut, nor on the room the net has. */
#include "net_fixture.h"

#include "base/random.h"

/* The same model with room for another number of rows. */
static void reopen(const xhat_model *model, size_t max_rows, xhat_model *again)
{
    char folder[64], path[128];
    folder_make(folder);
    snprintf(path, sizeof path, "%s/m.safetensors", folder);
    assert_ok(xhat_model_write(model, path, false, error));
    assert_ok(xhat_model_read(again, path, max_rows, 1, NULL, error));
    folder_remove(folder);
}

static void trained(fixture *f, xhat_net_norm norm)
{
    xhat_training_options options = fixture_options(1);
    fixture_open(f, "digits-like", norm);
    assert_ok(xhat_train(&f->model, &f->split, &options, NULL, NULL, error));
}

static void order_changes_nothing(void **state)
{
    (void)state;
    for (int norm = 0; norm <= XHAT_NET_NORM_LAYER; norm++) {
        fixture f;
        trained(&f, (xhat_net_norm)norm);
        size_t rows = 1000, *index = malloc(rows * sizeof *index);
        size_t first[100], other[100];
        xhat_evaluation a, b;
        xhat_rows all = {.data = &f.data, .count = rows};
        assert_ok(xhat_evaluate(&f.model, &all, &a, first, error));
        for (uint64_t seed = 1; seed < 4; seed++) {
            xhat_random_permutation(seed, 9, rows, index);
            all.index = index;
            assert_ok(xhat_evaluate(&f.model, &all, &b, other, error));
            assert_memory_equal(&a.loss, &b.loss, sizeof a.loss);
            assert_int_equal(a.correct, b.correct);
            assert_memory_equal(first, other, sizeof first);
        }
        free(index);
        fixture_close(&f);
    }
}

static void room_changes_nothing(void **state)
{
    (void)state;
    static const size_t rooms[] = {256, 257, 1000, 5000};
    fixture f;
    xhat_evaluation a, b;
    trained(&f, XHAT_NET_NORM_BATCH);
    double *expected = malloc(1000 * 10 * sizeof *expected);
    double *got = malloc(1000 * 10 * sizeof *got);
    xhat_rows rows = {.data = &f.data, .first = 17, .count = 1000};
    assert_ok(xhat_evaluate(&f.model, &rows, &a, NULL, error));
    assert_ok(xhat_predict(&f.model, &rows, 0, 1000, expected, error));
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
        xhat_model again;
        reopen(&f.model, rooms[i], &again);
        assert_ok(xhat_evaluate(&again, &rows, &b, NULL, error));
        assert_memory_equal(&a.loss, &b.loss, sizeof a.loss);
        assert_ok(xhat_predict(&again, &rows, 0, 1000, got, error));
        assert_memory_equal(got, expected, 1000 * 10 * sizeof *got);
        xhat_model_free(&again);
    }
    for (size_t at = 0; at < 1000; at += 333) { /* alone, and some */
        assert_ok(xhat_predict(&f.model, &rows, at, 1, got, error));
        assert_memory_equal(got, expected + at * 10, 10 * sizeof *got);
    }
    assert_ok(xhat_predict(&f.model, &rows, 100, 700, got, error));
    assert_memory_equal(got, expected + 100 * 10, 700 * 10 * sizeof *got);
    free(expected);
    free(got);
    fixture_close(&f);
}

/* Losses of 1e17, 1 and -1e17 are no losses, but sums of such sizes are: the
 * loss of one row far off must not swallow the others in one order only. */
static void large_losses_keep_the_small_ones(void **state)
{
    (void)state;
    enum { ROWS = 300 };
    double x[ROWS], targets[ROWS];
    for (int i = 0; i < ROWS; i++) {
        x[i] = i % 7;
        targets[i] = i % 5 + (i == 250 ? 1e9 : 0) + 0.3 * (i % 3);
    }
    xhat_dataset data = {.rows = ROWS,
                         .features = 1,
                         .classes = 1,
                         .test_from = ROWS,
                         .element = XHAT_ELEMENT_F64,
                         .values = x,
                         .targets = targets,
                         .label_name = ""};
    size_t reversed[ROWS];
    for (size_t i = 0; i < ROWS; i++)
        reversed[i] = ROWS - 1 - i;
    xhat_rows train = {.data = &data, .count = 100};
    xhat_rows all = {.data = &data, .count = ROWS}, back = all;
    back.index = reversed;
    xhat_net_spec spec = xhat_net_spec_default();
    spec.loss = XHAT_LOSS_SQUARED;
    xhat_model model;
    xhat_evaluation a, b;
    assert_ok(xhat_model_create(&model, &spec, &train, NULL, error));
    assert_ok(xhat_evaluate(&model, &all, &a, NULL, error));
    assert_ok(xhat_evaluate(&model, &back, &b, NULL, error));
    assert_memory_equal(&a.loss, &b.loss, sizeof a.loss);
    assert_memory_equal(&a.r2, &b.r2, sizeof a.r2);
    assert_close(a.rmse, 1e9 / sqrt(ROWS), 1e-6, 0);
    xhat_model_free(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_changes_nothing),
        cmocka_unit_test(room_changes_nothing),
        cmocka_unit_test(large_losses_keep_the_small_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
