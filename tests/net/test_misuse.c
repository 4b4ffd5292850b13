/* What a caller can get wrong is refused before it is an index; a training
 * that ends in numbers that are not finite fails; and what xhat_train counts
 * on: parts that share no row, inputs of mean 0 and deviation 1. */
#include "net_fixture.h"

/* ---- labels and rows that do not fit the model --------------------------- */

/* Data and models of two and of three classes, both of two features. */
static void open_pair(fixture *two, fixture *three)
{
    fixture_open(two, "xor", XHAT_NET_NORM_BATCH);
    fixture_open(three, "spiral", XHAT_NET_NORM_BATCH);
    assert_int_equal(two->model.classes, 2);
    assert_int_equal(three->model.classes, 3);
}

static void more_classes_than_the_model_has(void **state)
{
    (void)state;
    fixture two, three;
    xhat_evaluation e;
    size_t confusion[4];
    xhat_training_options options = fixture_options(1);
    open_pair(&two, &three);
    const char *message = "3 classes but the model has 2";
    assert_fails(xhat_evaluate(&two.model, &three.split.test, &e, NULL, error),
                 XHAT_SHAPE_MISMATCH, message);
    assert_fails(
        xhat_evaluate(&two.model, &three.split.test, &e, confusion, error),
        XHAT_SHAPE_MISMATCH, message);
    assert_fails(
        xhat_train(&two.model, &three.split, &options, NULL, NULL, error),
        XHAT_SHAPE_MISMATCH, message);
    /* fewer are no harm, and a prediction looks at no label */
    size_t more[9];
    assert_ok(xhat_evaluate(&three.model, &two.split.test, &e, more, error));
    assert_int_equal(e.rows, two.split.test.count);
    double probabilities[2];
    assert_ok(xhat_predict(&two.model, &three.split.test, 0, 1, probabilities,
                           error));
    fixture_close(&two);
    fixture_close(&three);
}

static void labels_are_needed_but_to_predict(void **state)
{
    (void)state;
    fixture f;
    xhat_evaluation e;
    size_t confusion[4];
    double probabilities[2];
    xhat_training_options options = fixture_options(1);
    fixture_open(&f, "xor", XHAT_NET_NORM_BATCH);
    int32_t *labels = f.data.labels;
    f.data.labels = NULL;
    assert_fails(xhat_evaluate(&f.model, &f.split.test, &e, NULL, error),
                 XHAT_SHAPE_MISMATCH, "200 rows have no labels");
    assert_fails(xhat_evaluate(&f.model, &f.split.test, &e, confusion, error),
                 XHAT_SHAPE_MISMATCH, "200 rows have no labels");
    assert_fails(xhat_train(&f.model, &f.split, &options, NULL, NULL, error),
                 XHAT_SHAPE_MISMATCH, "720 rows have no labels");
    assert_ok(
        xhat_predict(&f.model, &f.split.test, 0, 1, probabilities, error));
    assert_close(probabilities[0] + probabilities[1], 1, 1e-12, 0);
    f.data.labels = labels;
    fixture_close(&f);
}

static void other_features_than_the_model_takes(void **state)
{
    (void)state;
    fixture f, digits;
    double probabilities[2];
    xhat_training_options options = fixture_options(1);
    fixture_open(&f, "xor", XHAT_NET_NORM_BATCH);
    fixture_open(&digits, "digits-like", XHAT_NET_NORM_BATCH);
    const char *message = "64 features but the model takes 2";
    assert_fails(
        xhat_train(&f.model, &digits.split, &options, NULL, NULL, error),
        XHAT_SHAPE_MISMATCH, message);
    assert_fails(
        xhat_predict(&f.model, &digits.split.test, 0, 1, probabilities, error),
        XHAT_SHAPE_MISMATCH, message);
    fixture_close(&f);
    fixture_close(&digits);
}

static void every_part_is_checked_before_the_first_step(void **state)
{
    (void)state;
    fixture two, three;
    xhat_training_options options = fixture_options(1);
    open_pair(&two, &three);
    real weight = two.model.net->head.weight[0];
    for (int part = 0; part < 2; part++) {
        xhat_split split = two.split;
        *(part == 0 ? &split.validation : &split.test) = three.split.test;
        assert_fails(
            xhat_train(&two.model, &split, &options, NULL, NULL, error),
            XHAT_SHAPE_MISMATCH, "3 classes but the model has 2");
        assert_true(two.model.net->head.weight[0] == weight);
    }
    /* a split made by hand may leave parts out */
    xhat_split alone = {.train = two.split.train};
    assert_ok(xhat_train(&two.model, &alone, &options, NULL, NULL, error));
    assert_true(two.model.net->head.weight[0] != weight);
    fixture_close(&two);
    fixture_close(&three);
}

static void rows_that_are_not_there(void **state)
{
    (void)state;
    fixture f;
    xhat_evaluation e;
    double probabilities[2 * 3];
    fixture_open(&f, "xor", XHAT_NET_NORM_BATCH);
    const xhat_rows *test = &f.split.test;
    assert_ok(xhat_predict(&f.model, test, 197, 3, probabilities, error));
    assert_ok(xhat_predict(&f.model, test, 200, 0, probabilities, error));
    assert_fails(xhat_predict(&f.model, test, 198, 3, probabilities, error),
                 XHAT_SHAPE_MISMATCH, "198 + 3 is beyond the 200 rows");
    assert_fails(xhat_predict(&f.model, test, 0, 201, probabilities, error),
                 XHAT_SHAPE_MISMATCH, "0 + 201 is beyond the 200 rows");
    assert_fails(
        xhat_predict(&f.model, test, 2, SIZE_MAX, probabilities, error),
        XHAT_SHAPE_MISMATCH, "is beyond the 200 rows");
    xhat_rows past = {.data = &f.data, .first = 990, .count = 11};
    assert_fails(xhat_evaluate(&f.model, &past, &e, NULL, error),
                 XHAT_SHAPE_MISMATCH, "990 + 11 is beyond the 1000 rows");
    assert_fails(xhat_predict(&f.model, &past, 0, 1, probabilities, error),
                 XHAT_SHAPE_MISMATCH, "990 + 11 is beyond the 1000 rows");
    fixture_close(&f);
}

/* ---- divergence in the last step ----------------------------------------- */

/* One epoch of one step.  Its loss is that of the first weights, and finite:
 * what is not shows only after the update. */
static void expect_divergence(const fixture *f, double lr, const char *message)
{
    fixture changed = *f;
    xhat_training_options options = fixture_options(1);
    options.optimizer = XHAT_SGD;
    options.lr = lr;
    changed.split.train.count = options.batch_size;
    assert_fails(
        xhat_train(&changed.model, &changed.split, &options, NULL, NULL, error),
        XHAT_NOT_FINITE, message);
}

/* Parts to evaluate, as bits: validation 1, test 2. */
static void open_with_parts(fixture *f, xhat_net_norm norm, int parts)
{
    fixture_open(f, "spiral", norm);
    f->split.validation.count *= (parts & 1) != 0;
    f->split.test.count *= (parts & 2) != 0;
}

static void the_last_step_may_diverge(void **state)
{
    (void)state;
    for (int norm = 0; norm < 2; norm++)
        for (int parts = 0; parts < 4; parts++) {
            fixture f;
            /* weights beyond float: the first tensor that is updated */
            open_with_parts(&f, (xhat_net_norm)norm, parts);
            expect_divergence(&f, 1e300,
                              "after step 1 (epoch 1); first not finite: "
                              "0.weight");
            fixture_close(&f);
            /* finite weights whose products are not, although in a training
             * pass each norm would hold them down */
            open_with_parts(&f, (xhat_net_norm)norm, parts);
            expect_divergence(&f, 1e18, "first not finite: the output of");
            for (size_t t = 0; t < f.model.net->tensor_count; t++)
                if (f.model.net->tensors[t].gradient != NULL)
                    assert_true(
                        isfinite(((real *)f.model.net->tensors[t].value)[0]));
            fixture_close(&f);
        }
}

/* An infinite variance makes a channel constant: every loss stays finite. */
static void running_statistics_are_looked_at_too(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f, "spiral", XHAT_NET_NORM_BATCH);
    ((real *)f.model.net->blocks[1].norm.running.var)[3] = (real)INFINITY;
    expect_divergence(&f, 1e-3, "first not finite: 4.running_var");
    fixture_close(&f);
}

/* Both parts are looked at: one bad row of either is enough. */
static void either_part_shows_it(void **state)
{
    (void)state;
    for (int part = 0; part < 2; part++) {
        fixture f;
        fixture_open(&f, "spiral", XHAT_NET_NORM_NONE);
        const xhat_rows *rows = part ? &f.split.test : &f.split.validation;
        double *values = f.data.values;
        values[2 * xhat_row_at(rows, rows->count - 1)] = NAN;
        expect_divergence(&f, 1e-3,
                          part ? "the test loss" : "the validation loss");
        fixture_close(&f);
    }
}

/* ---- what training counts on --------------------------------------------- */

static void no_row_is_in_two_parts(void **state)
{
    (void)state;
    const double validation[3] = {0, 0.25, 13};
    xhat_dataset data;
    assert_ok(
        xhat_dataset_read(&data, "xor", &(xhat_data_options){0}, NULL, error));
    for (int v = 0; v < 3; v++) {
        xhat_split split;
        char seen[1000] = {0};
        assert_ok(xhat_split_make(&split, &data, validation[v], 5, error));
        const xhat_rows *parts[3] = {&split.train, &split.validation,
                                     &split.test};
        for (int p = 0; p < 3; p++)
            for (size_t i = 0; i < parts[p]->count; i++) {
                size_t row = xhat_row_at(parts[p], i);
                assert_true(p < 2 ? row < data.test_from
                                  : row >= data.test_from);
                assert_true(row < data.rows);
                assert_int_equal(seen[row]++, 0);
            }
        for (size_t row = 0; row < data.rows; row++)
            assert_int_equal(seen[row], 1);
        xhat_split_free(&split);
    }
    xhat_dataset_free(&data);
}

static void inputs_have_mean_0_and_deviation_1(void **state)
{
    (void)state;
    xhat_dataset data;
    xhat_split split;
    xhat_model model;
    xhat_net_spec spec = xhat_net_spec_default();
    assert_ok(xhat_dataset_read(&data, "spiral", &(xhat_data_options){0}, NULL,
                                error));
    double *values = data.values;
    for (size_t i = 0; i < data.rows; i++) {
        values[2 * i] = 1e6 + 300 * values[2 * i]; /* and a second column */
        values[2 * i + 1] *= 1e-3;                 /* far below 1 */
    }
    assert_ok(xhat_split_make(&split, &data, 0.3, 1, error));
    assert_ok(xhat_model_create(&model, &spec, &split.train, NULL, error));
    size_t count = split.train.count;
    xhat_batch batch;
    assert_ok(xhat_batch_create(&batch, &model, count, error));
    xhat_batch_gather(&batch, &split.train, NULL, 0, count, &model);
    const real *x = batch.x;
    for (size_t j = 0; j < 2; j++) {
        double sum = 0, squares = 0;
        for (size_t i = 0; i < count; i++) {
            sum += x[2 * i + j];
            squares += (double)x[2 * i + j] * x[2 * i + j];
        }
        assert_close(sum / (double)count, 0, 0, 1e-6);
        assert_close(sqrt(squares / (double)count), 1, 1e-6, 0);
    }
    xhat_batch_free(&batch, &model);
    xhat_model_free(&model);
    xhat_split_free(&split);
    xhat_dataset_free(&data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(more_classes_than_the_model_has),
        cmocka_unit_test(labels_are_needed_but_to_predict),
        cmocka_unit_test(other_features_than_the_model_takes),
        cmocka_unit_test(every_part_is_checked_before_the_first_step),
        cmocka_unit_test(rows_that_are_not_there),
        cmocka_unit_test(the_last_step_may_diverge),
        cmocka_unit_test(running_statistics_are_looked_at_too),
        cmocka_unit_test(either_part_shows_it),
        cmocka_unit_test(no_row_is_in_two_parts),
        cmocka_unit_test(inputs_have_mean_0_and_deviation_1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
