#include "net_fixture.h"

#include "base/random.h"

/* ---- batches and shuffling ----------------------------------------------- */

static void no_batch_has_one_row(void **state)
{
    (void)state;
    assert_int_equal(xhat_batch_count(101, 100), 1);
    assert_int_equal(xhat_batch_rows(101, 100, 0), 101);
    assert_int_equal(xhat_batch_count(201, 100), 2);
    assert_int_equal(xhat_batch_rows(201, 100, 1), 101);
    assert_int_equal(xhat_batch_count(202, 100), 3);
    assert_int_equal(xhat_batch_rows(202, 100, 2), 2);
    for (size_t rows = 2; rows < 60; rows++)
        for (size_t size = 2; size < 70; size++) {
            size_t sum = 0;
            for (size_t b = 0; b < xhat_batch_count(rows, size); b++) {
                assert_true(xhat_batch_rows(rows, size, b) >= 2);
                assert_true(xhat_batch_rows(rows, size, b) <= size + 1);
                sum += xhat_batch_rows(rows, size, b);
            }
            assert_int_equal(sum, rows);
        }
}

static void an_epoch_sees_each_row_once(void **state)
{
    (void)state;
    fixture f;
    xhat_training training;
    xhat_training_options options = fixture_options(2);
    fixture_open(&f, "xor", XHAT_NET_NORM_BATCH);
    size_t rows = f.split.train.count;
    assert_ok(
        xhat_training_create(&training, &f.model, &f.split, &options, error));
    size_t *first = malloc(rows * sizeof *first);
    for (int epoch = 0; epoch < 2; epoch++) {
        char *seen = calloc(rows, 1);
        assert_ok(xhat_training_step(&training, error));
        for (size_t i = 0; i < rows; i++) {
            assert_true(training.order[i] < rows);
            assert_int_equal(seen[training.order[i]]++, 0);
        }
        free(seen);
        if (epoch == 0)
            memcpy(first, training.order, rows * sizeof *first);
        else
            assert_memory_not_equal(first, training.order,
                                    rows * sizeof *first);
        while (training.batch < training.batches)
            assert_ok(xhat_training_step(&training, error));
        assert_int_equal(training.rows, rows);
    }
    free(first);
    xhat_training_free(&training);
    fixture_close(&f);
}

/* ---- learning ------------------------------------------------------------ */

static void fifty_rows_are_learned_by_heart(void **state)
{
    (void)state;
    for (xhat_optimizer_kind kind = XHAT_SGD; kind <= XHAT_ADAMW; kind++) {
        fixture f;
        xhat_evaluation result;
        xhat_training_options options = fixture_options(150);
        options = xhat_training_options_default(kind);
        options.epochs = 150;
        options.lr = kind >= XHAT_RMSPROP ? 0.01 : 0.05;
        options.batch_size = 25;
        fixture_open(&f, "digits-like", XHAT_NET_NORM_BATCH);
        f.split.train.count = 50;
        assert_ok(xhat_train(&f.model, &f.split, &options, NULL, NULL, error));
        assert_ok(
            xhat_evaluate(&f.model, &f.split.train, &result, NULL, error));
        assert_int_equal(result.correct, 50);
        fixture_close(&f);
    }
}

/* ... in twenty epochs, with every norm and loss */
static void fifty_rows_in_twenty_epochs(void **state)
{
    (void)state;
    for (int norm = XHAT_NET_NORM_NONE; norm <= XHAT_NET_NORM_LAYER; norm++)
        for (int loss = XHAT_LOSS_SOFTMAX; loss <= XHAT_LOSS_HINGE; loss++) {
            fixture f;
            xhat_model model;
            xhat_evaluation result;
            xhat_training_options options = fixture_options(20);
            xhat_net_spec spec = xhat_net_spec_default();
            fixture_open(&f, "digits-like", XHAT_NET_NORM_BATCH);
            f.split.train.count = 50;
            spec.hidden = (size_t[]){100, 100};
            spec.hidden_count = 2;
            spec.norm = (xhat_net_norm)norm;
            spec.loss = (xhat_loss_kind)loss;
            options.batch_size = 10;
            options.lr = 5e-3;
            assert_ok(
                xhat_model_create(&model, &spec, &f.split.train, NULL, error));
            assert_ok(
                xhat_train(&model, &f.split, &options, NULL, NULL, error));
            assert_ok(
                xhat_evaluate(&model, &f.split.train, &result, NULL, error));
            assert_int_equal(result.correct, 50);
            xhat_model_free(&model);
            fixture_close(&f);
        }
}

static void the_spiral_is_learned(void **state)
{
    (void)state;
    fixture f;
    xhat_evaluation result;
    xhat_training_options options = fixture_options(20);
    fixture_open(&f, "spiral", XHAT_NET_NORM_BATCH);
    assert_ok(xhat_train(&f.model, &f.split, &options, NULL, NULL, error));
    assert_ok(xhat_evaluate(&f.model, &f.split.test, &result, NULL, error));
    assert_true(result.accuracy > 0.95);
    fixture_close(&f);
}

/* reg draws weights to 0 */
static void reg_shrinks_the_weights(void **state)
{
    (void)state;
    double norms[2];
    for (int i = 0; i < 2; i++) {
        fixture f;
        xhat_training_options options = fixture_options(5);
        options.reg = i * 0.1;
        fixture_open(&f, "xor", XHAT_NET_NORM_NONE);
        assert_ok(xhat_train(&f.model, &f.split, &options, NULL, NULL, error));
        const xhat_affine *affine = &f.model.net->blocks[0].affine;
        norms[i] = 0;
        for (size_t j = 0; j < affine->in * affine->out; j++)
            norms[i] += (double)affine->weight[j] * affine->weight[j];
        fixture_close(&f);
    }
    assert_true(norms[1] < 0.5 * norms[0]);
}

typedef struct watch {
    size_t reports, epochs, stop_after;
    xhat_epoch last;
} watch;

static xhat_status watching(void *context, const xhat_progress *progress,
                            xhat_error *error)
{
    watch *w = context;
    (void)error;
    if (progress->finished != NULL) {
        w->epochs++;
        w->last = *progress->finished;
    } else {
        w->reports++;
    }
    return w->stop_after == 0 || w->reports < w->stop_after ? XHAT_OK
                                                            : XHAT_INTERRUPTED;
}

static void training_reports_and_stops(void **state)
{
    (void)state;
    fixture f;
    watch w = {0};
    xhat_training_options options = fixture_options(2);
    options.schedule = XHAT_LR_EXPONENTIAL;
    options.lr_decay = 0.5;
    fixture_open(&f, "xor", XHAT_NET_NORM_BATCH); /* 720 + 80 + 200 */
    assert_ok(xhat_train(&f.model, &f.split, &options, watching, &w, error));
    assert_int_equal(w.reports, 2 * 12);
    assert_int_equal(w.epochs, 2);
    assert_int_equal(w.last.epoch, 2);
    assert_int_equal(w.last.step, 24);
    assert_close(w.last.lr, 0.005, 1e-12, 0);
    xhat_evaluation test;
    assert_ok(xhat_evaluate(&f.model, &f.split.test, &test, NULL, error));
    assert_true(w.last.test_loss == test.loss);

    w = (watch){.stop_after = 5};
    assert_fails(xhat_train(&f.model, &f.split, &options, watching, &w, error),
                 XHAT_INTERRUPTED, "after step 5 of 24");
    assert_int_equal(w.reports, 5);
    fixture_close(&f);
}

/* ---- promises ------------------------------------------------------------ */

static void two_runs_are_equal_bit_for_bit(void **state)
{
    (void)state;
    for (int norm = 0; norm < 2; norm++) {
        fixture f[2];
        xhat_training_options options = fixture_options(3);
        xhat_net_set_blas_threads(2);
        for (int i = 0; i < 2; i++) {
            fixture_open(&f[i], "spiral", (xhat_net_norm)norm);
            assert_ok(xhat_train(&f[i].model, &f[i].split, &options, NULL, NULL,
                                 error));
        }
        for (size_t t = 0; t < f[0].model.net->tensor_count; t++) {
            const xhat_tensor *a = &f[0].model.net->tensors[t];
            const xhat_tensor *b = &f[1].model.net->tensors[t];
            assert_memory_equal(a->value, b->value,
                                a->count * xhat_element_size(a->element));
        }
        fixture_close(&f[0]);
        fixture_close(&f[1]);
    }
}

static void another_seed_is_another_run(void **state)
{
    (void)state;
    real weight[2];
    for (int i = 0; i < 2; i++) {
        fixture f;
        xhat_training_options options = fixture_options(1);
        options.seed = (uint64_t)i;
        fixture_open(&f, "spiral", XHAT_NET_NORM_BATCH);
        assert_ok(xhat_train(&f.model, &f.split, &options, NULL, NULL, error));
        weight[i] = f.model.net->head.weight[0];
        fixture_close(&f);
    }
    assert_true(weight[0] != weight[1]);
}

/* Two epochs of steps, smaller last batch and all, once everything is made. */
static void check_that_steps_allocate_nothing(const char *table,
                                              const xhat_net_spec *spec,
                                              xhat_optimizer_kind optimizer)
{
    counting count = {0};
    xhat_allocator allocator = counting_on(&count);
    xhat_dataset data;
    xhat_split split;
    xhat_model model;
    xhat_training training;
    xhat_data_options how = {.target = spec->loss == XHAT_LOSS_SQUARED
                                           ? XHAT_TARGET_NUMBERS
                                           : XHAT_TARGET_CLASSES};
    xhat_training_options options = xhat_training_options_default(optimizer);
    options.batch_size = 64;
    options.clip_norm = 1;
    options.reg = 1e-4;
    options.lr = 1e-3;
    assert_ok(xhat_dataset_read(&data, table, &how, &allocator, error));
    assert_ok(xhat_split_make(&split, &data, 0.1, 0, error));
    assert_ok(xhat_model_create(&model, spec, &split.train, &allocator, error));
    assert_ok(xhat_training_create(&training, &model, &split, &options, error));
    size_t before = count.calls;
    for (size_t i = 0; i < 2 * training.batches; i++)
        assert_ok(xhat_training_step(&training, error));
    assert_int_equal(count.calls, before);
    xhat_training_free(&training);
    xhat_model_free(&model);
    xhat_split_free(&split);
    xhat_dataset_free(&data);
    assert_int_equal(count.alive, 0);
}

/* Each norm with each loss and optimizer, with and without dropout. */
static void a_step_allocates_nothing(void **state)
{
    (void)state;
    char folder[64], path[256], table[8000];
    size_t size = 0;
    for (int i = 0; i < 300; i++)
        size += (size_t)snprintf(table + size, sizeof table - size,
                                 "%d,%d,%d\n", i * 37 % 101, i * i % 89, i % 3);
    folder_make(folder);
    file_put(folder, "table.csv", table, size, path);
    for (int norm = XHAT_NET_NORM_NONE; norm <= XHAT_NET_NORM_LAYER; norm++)
        for (int loss = XHAT_LOSS_SOFTMAX; loss <= XHAT_LOSS_SQUARED; loss++)
            for (int kind = XHAT_SGD; kind < XHAT_OPTIMIZERS; kind++) {
                xhat_net_spec spec = xhat_net_spec_default();
                spec.hidden = (size_t[]){20, 10};
                spec.hidden_count = 2;
                spec.norm = (xhat_net_norm)norm;
                spec.loss = (xhat_loss_kind)loss;
                spec.dropout = kind % 2 == 0 ? 0.8 : 1;
                check_that_steps_allocate_nothing(path, &spec,
                                                  (xhat_optimizer_kind)kind);
            }
    folder_remove(folder);
}

/* Everything from the data to one epoch, with the k-th allocation failing. */
static xhat_status whole_run(const xhat_allocator *allocator, xhat_error *error)
{
    xhat_dataset data;
    xhat_split split;
    xhat_model model;
    xhat_net_spec spec = xhat_net_spec_default();
    xhat_training_options options = fixture_options(1);
    spec.hidden = (size_t[]){3, 2};
    spec.hidden_count = 2;
    xhat_status status = xhat_dataset_read(
        &data, "xor", &(xhat_data_options){0}, allocator, error);
    if (status != XHAT_OK)
        return status;
    status = xhat_split_make(&split, &data, 0.1, 0, error);
    if (status == XHAT_OK) {
        status =
            xhat_model_create(&model, &spec, &split.train, allocator, error);
        if (status == XHAT_OK) {
            status = xhat_train(&model, &split, &options, NULL, NULL, error);
            xhat_model_free(&model);
        }
        xhat_split_free(&split);
    }
    xhat_dataset_free(&data);
    return status;
}

static void each_failing_allocation_is_reported(void **state)
{
    (void)state;
    xhat_status status = XHAT_OUT_OF_MEMORY;
    size_t at = 0;
    while (status != XHAT_OK) {
        xhat_error error = {0};
        counting count = {.fail_at = ++at};
        xhat_allocator allocator = counting_on(&count);
        status = whole_run(&allocator, &error);
        assert_int_equal(count.alive, 0);
        if (status != XHAT_OK) {
            assert_int_equal(status, XHAT_OUT_OF_MEMORY);
            assert_int_equal(error.status, XHAT_OUT_OF_MEMORY);
        }
    }
    assert_true(at > 50); /* it did get past the data into the net */
}

/* ---- what goes wrong ----------------------------------------------------- */

static void divergence_names_the_first_tensor(void **state)
{
    (void)state;
    fixture f;
    xhat_training_options options = fixture_options(5);
    fixture_open(&f, "spiral", XHAT_NET_NORM_NONE);
    f.model.net->blocks[1].affine.weight[3] = NAN;
    assert_fails(xhat_train(&f.model, &f.split, &options, NULL, NULL, error),
                 XHAT_NOT_FINITE,
                 "at step 1 (epoch 1, batch 1); first not finite: 2.weight");
    fixture_close(&f);
    fixture_open(&f, "spiral", XHAT_NET_NORM_BATCH); /* a ReLU hides no NaN */
    f.model.net->blocks[0].norm.beta[2] = NAN;
    assert_fails(xhat_train(&f.model, &f.split, &options, NULL, NULL, error),
                 XHAT_NOT_FINITE, "first not finite: 1.bias");
    fixture_close(&f);
    fixture_open(&f, "spiral", XHAT_NET_NORM_NONE);
    for (int i = 0; i < 24; i++) /* each finite, their products not */
        f.model.net->blocks[0].affine.weight[2 * i] =
            f.model.net->blocks[1].affine.weight[i] = 3e30f;
    assert_fails(xhat_train(&f.model, &f.split, &options, NULL, NULL, error),
                 XHAT_NOT_FINITE, "the output of layer 2 (affine)");
    fixture_close(&f);
}

static void bad_options_are_refused(void **state)
{
    (void)state;
    fixture f;
    xhat_training_options options = fixture_options(1);
    fixture_open(&f, "xor", XHAT_NET_NORM_BATCH);
    options.batch_size = 1;
    assert_fails(xhat_train(&f.model, &f.split, &options, NULL, NULL, error),
                 XHAT_INVALID_ARGUMENT, "batch_size = 1");
    options = fixture_options(1);
    options.lr = NAN;
    assert_fails(xhat_train(&f.model, &f.split, &options, NULL, NULL, error),
                 XHAT_INVALID_ARGUMENT, "lr = nan");
    options = fixture_options(1);
    f.split.train.count = 1;
    assert_fails(xhat_train(&f.model, &f.split, &options, NULL, NULL, error),
                 XHAT_INVALID_ARGUMENT, "1 training rows");
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_batch_has_one_row),
        cmocka_unit_test(an_epoch_sees_each_row_once),
        cmocka_unit_test(fifty_rows_are_learned_by_heart),
        cmocka_unit_test(fifty_rows_in_twenty_epochs),
        cmocka_unit_test(the_spiral_is_learned),
        cmocka_unit_test(reg_shrinks_the_weights),
        cmocka_unit_test(training_reports_and_stops),
        cmocka_unit_test(two_runs_are_equal_bit_for_bit),
        cmocka_unit_test(another_seed_is_another_run),
        cmocka_unit_test(a_step_allocates_nothing),
        cmocka_unit_test(each_failing_allocation_is_reported),
        cmocka_unit_test(divergence_names_the_first_tensor),
        cmocka_unit_test(bad_options_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
