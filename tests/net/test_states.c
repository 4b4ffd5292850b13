#define _GNU_SOURCE /* memmem */
/* Saving and going on, patience, health, PreciseBN, the search for a rate. */
#include "net_fixture.h"

#include "net/health.h"
#include "net/training_state.h"

/* ---- saving and going on ------------------------------------------------- */

static void same_tensors(const xhat_net *a, const xhat_net *b)
{
    assert_int_equal(a->tensor_count, b->tensor_count);
    for (size_t t = 0; t < a->tensor_count; t++)
        assert_memory_equal(a->tensors[t].value, b->tensors[t].value,
                            a->tensors[t].count *
                                xhat_element_size(a->tensors[t].element));
}

/* A new folder, and where a state goes in it. */
static void state_path(char folder[64], char path[128])
{
    folder_make(folder);
    snprintf(path, 128, "%s/state", folder);
}

static xhat_training_options eventful_options(void)
{
    xhat_training_options options = fixture_options(3);
    options.schedule = XHAT_LR_COSINE;
    options.warmup = 0.7;
    options.seed = 11;
    return options;
}

/* Stops after every single step, in turn, and goes on in a new model. */
static void each_step_can_be_the_last(void **state)
{
    (void)state;
    char folder[64], path[128];
    state_path(folder, path);
    fixture whole;
    xhat_training_options options = eventful_options();
    options.batch_size = 200;
    fixture_open(&whole, "xor", XHAT_NET_NORM_BATCH); /* 4 batches an epoch */
    whole.model.net->spec.dropout = 0.7;
    assert_ok(
        xhat_train(&whole.model, &whole.split, &options, NULL, NULL, error));
    options.state = path;
    options.resume = true;
    for (size_t stop = 1; stop < 12; stop++) {
        fixture f;
        xhat_training training;
        fixture_open(&f, "xor", XHAT_NET_NORM_BATCH);
        f.model.net->spec.dropout = 0.7;
        assert_ok(xhat_training_create(&training, &f.model, &f.split, &options,
                                       error));
        for (size_t i = 0; i < stop; i++)
            assert_ok(xhat_training_step(&training, error));
        assert_ok(xhat_training_save(&training, path, error));
        xhat_training_free(&training);
        fixture_close(&f);

        fixture_open(&f, "xor", XHAT_NET_NORM_BATCH);
        f.model.net->spec.dropout = 0.7;
        assert_ok(xhat_train(&f.model, &f.split, &options, NULL, NULL, error));
        same_tensors(whole.model.net, f.model.net);
        fixture_close(&f);
        unlink(path);
    }
    fixture_close(&whole);
    folder_remove(folder);
}

/* Stops at the end of the first epoch, by a failure or as Ctrl-C does. */
static xhat_status stopping(void *context, const xhat_progress *progress,
                            xhat_error *error)
{
    const xhat_status *status = context;
    (void)error;
    return progress->finished != NULL ? *status : XHAT_OK;
}

static void no_state_is_saved_behind_a_failure(void **state)
{
    (void)state;
    static const xhat_status stops[] = {XHAT_CANNOT_WRITE, XHAT_INTERRUPTED};
    for (int i = 0; i < 2; i++) {
        char folder[64], path[128];
        fixture f;
        xhat_status stop = stops[i];
        xhat_training_options options = fixture_options(2);
        state_path(folder, path);
        options.state = path;
        fixture_open(&f, "xor", XHAT_NET_NORM_BATCH);
        assert_int_equal(
            xhat_train(&f.model, &f.split, &options, stopping, &stop, NULL),
            stop);
        assert_int_equal(access(path, F_OK) == 0, stop == XHAT_INTERRUPTED);
        fixture_close(&f);
        folder_remove(folder);
    }
}

static void the_state_of_another_training_is_refused(void **state)
{
    (void)state;
    char folder[64], path[128];
    state_path(folder, path);
    fixture f;
    xhat_training_options options = eventful_options();
    options.state = path;
    fixture_open(&f, "xor", XHAT_NET_NORM_BATCH);
    assert_ok(xhat_train(&f.model, &f.split, &options, NULL, NULL, error));
    options.resume = true;
    const struct {
        size_t batch_size;
        uint64_t seed;
        xhat_optimizer_kind optimizer;
        const char *says;
    } others[] = {{65, 11, XHAT_ADAM, "batch_size was 64, now it is 65"},
                  {64, 12, XHAT_ADAM, "seed was 11, now it is 12"},
                  {64, 11, XHAT_ADAMW, "optimizer was adam, now it is adamw"}};
    for (size_t i = 0; i < 3; i++) {
        xhat_training_options other = options;
        other.batch_size = others[i].batch_size;
        other.seed = others[i].seed;
        other.optimizer = others[i].optimizer;
        assert_fails(xhat_train(&f.model, &f.split, &other, NULL, NULL, error),
                     XHAT_SHAPE_MISMATCH, others[i].says);
    }
    f.split.train.count--;
    assert_fails(xhat_train(&f.model, &f.split, &options, NULL, NULL, error),
                 XHAT_SHAPE_MISMATCH, "train_rows was 720, now it is 719");
    fixture_close(&f);
    fixture_open(&f, "spiral", XHAT_NET_NORM_BATCH);
    assert_fails(xhat_train(&f.model, &f.split, &options, NULL, NULL, error),
                 XHAT_SHAPE_MISMATCH, "its data was fnv1a64:");
    fixture_close(&f);
    fixture_open(&f, "xor", XHAT_NET_NORM_LAYER);
    assert_fails(xhat_train(&f.model, &f.split, &options, NULL, NULL, error),
                 XHAT_SHAPE_MISMATCH, "state of another net");
    fixture_close(&f);
    folder_remove(folder);
}

/* Replaces the last byte of `was` in the file. */
static void damage(const char *path, const char *was)
{
    char bytes[65536];
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    size_t size = fread(bytes, 1, sizeof bytes, file);
    char *at = memmem(bytes, size, was, strlen(was));
    assert_non_null(at);
    at[strlen(was) - 1] = 'x';
    rewind(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* The state of another version, or of a build with other products: refused by
 * name, whatever else fits. */
static void the_state_of_another_build_is_refused(void **state)
{
    (void)state;
    char folder[64], path[128], version[64], blas[256], products[300];
    state_path(folder, path);
    xhat_net_describe_blas(blas, sizeof blas);
    snprintf(version, sizeof version, "version\\\": \\\"%s", xhat_version());
    snprintf(products, sizeof products, "products\\\": \\\"%s", blas);
    const char *const changed[] = {version, products};
    const char *const says[] = {"only the same version", "another build"};
    for (int i = 0; i < 2; i++) {
        fixture f;
        xhat_training_options options = eventful_options();
        options.state = path;
        fixture_open(&f, "xor", XHAT_NET_NORM_BATCH);
        assert_ok(xhat_train(&f.model, &f.split, &options, NULL, NULL, error));
        damage(path, changed[i]);
        options.resume = true;
        assert_fails(
            xhat_train(&f.model, &f.split, &options, NULL, NULL, error),
            XHAT_UNSUPPORTED, says[i]);
        fixture_close(&f);
    }
    folder_remove(folder);
}

/* Fewer epochs than have begun cannot be asked for; as many as are done can. */
static void an_epoch_that_has_begun_stays(void **state)
{
    (void)state;
    char folder[64], path[128];
    state_path(folder, path);
    fixture f;
    xhat_training training;
    xhat_training_options options = eventful_options();
    bool other_threads;
    options.state = path;
    fixture_open(&f, "xor", XHAT_NET_NORM_BATCH);
    assert_ok(
        xhat_training_create(&training, &f.model, &f.split, &options, error));
    for (size_t i = 0; i < 2 * training.batches; i++)
        assert_ok(xhat_training_step(&training, error));
    options.resume = true;
    options.epochs = 2;
    assert_ok(xhat_training_save(&training, path, error));
    assert_ok(
        xhat_train_check(&f.model, &f.split, &options, &other_threads, error));
    assert_ok(xhat_training_step(&training, error));
    assert_ok(xhat_training_save(&training, path, error));
    xhat_training_free(&training);
    assert_fails(
        xhat_train_check(&f.model, &f.split, &options, &other_threads, error),
        XHAT_INVALID_ARGUMENT, "has begun epoch 3");
    assert_fails(xhat_train(&f.model, &f.split, &options, NULL, NULL, error),
                 XHAT_INVALID_ARGUMENT, "epochs = 2");
    fixture_close(&f);
    folder_remove(folder);
}

static void another_number_of_threads_is_told(void **state)
{
    (void)state;
    char folder[64], path[128];
    state_path(folder, path);
    fixture f;
    xhat_training_options options = fixture_options(1);
    bool other_threads = true;
    options.state = path;
    options.resume = true;
    fixture_open(&f, "xor", XHAT_NET_NORM_BATCH);
    xhat_net_set_blas_threads(2);
    assert_ok(xhat_train_check(&f.model, &f.split, &options, &other_threads,
                               error)); /* there is no file yet */
    assert_false(other_threads);
    assert_ok(xhat_train(&f.model, &f.split, &options, NULL, NULL, error));
    for (int threads = 2; threads >= 1; threads--) {
        xhat_net_set_blas_threads(threads);
        assert_ok(xhat_train_check(&f.model, &f.split, &options, &other_threads,
                                   error));
        assert_int_equal(other_threads, threads == 1);
    }
    fixture_close(&f);
    folder_remove(folder);
}

/* A state full of NaN would go on to nothing. */
static void a_state_that_is_not_finite_is_not_written(void **state)
{
    (void)state;
    char folder[64], path[128];
    state_path(folder, path);
    fixture f;
    xhat_training_options options = fixture_options(1);
    options.state = path;
    options.save_seconds = 0;
    options.optimizer = XHAT_SGD;
    options.lr = 1e30;
    fixture_open(&f, "spiral", XHAT_NET_NORM_NONE);
    f.split.validation.count = f.split.test.count = 0;
    assert_fails(xhat_train(&f.model, &f.split, &options, NULL, NULL, error),
                 XHAT_NOT_FINITE, "first not finite");
    if (access(path, F_OK) == 0) { /* of a step before */
        xhat_arrays file;
        assert_ok(xhat_arrays_read(&file, path, NULL, error));
        for (size_t i = 0; i < file.count; i++)
            for (size_t k = 0; k < xhat_array_count(&file.items[i]); k++)
                assert_true(isfinite(xhat_array_f64_at(&file.items[i], k)));
        xhat_arrays_free(&file);
    }
    fixture_close(&f);
    folder_remove(folder);
}

/* ---- the best epoch ------------------------------------------------------ */

typedef struct watch {
    size_t epochs, best;
    double accuracy, loss;
    bool right;
} watch;

static xhat_status watching(void *context, const xhat_progress *progress,
                            xhat_error *error)
{
    watch *w = context;
    (void)error;
    const xhat_epoch *epoch = progress->finished;
    if (epoch == NULL)
        return XHAT_OK;
    bool better = w->epochs == 0 || epoch->validation_accuracy > w->accuracy ||
                  (epoch->validation_accuracy == w->accuracy &&
                   epoch->validation_loss < w->loss);
    w->right = (w->epochs == 0 || w->right) && epoch->best == better;
    w->epochs = epoch->epoch;
    if (better) {
        w->best = epoch->epoch;
        w->accuracy = epoch->validation_accuracy;
        w->loss = epoch->validation_loss;
    }
    return XHAT_OK;
}

static void patience_ends_a_training(void **state)
{
    (void)state;
    fixture f;
    watch w = {0};
    xhat_training_options options = fixture_options(500);
    options.patience = 4;
    fixture_open(&f, "xor", XHAT_NET_NORM_BATCH);
    assert_ok(xhat_train(&f.model, &f.split, &options, watching, &w, error));
    assert_true(w.right && w.best > 0 && w.epochs < 500);
    assert_int_equal(w.epochs, w.best + 4);
    fixture_close(&f);
}

/* ---- health -------------------------------------------------------------- */

static void health_sees_dead_units_and_gaps(void **state)
{
    (void)state;
    fixture f;
    xhat_layer_health health[2];
    fixture_open(&f, "digits-like", XHAT_NET_NORM_BATCH); /* 24, 16 */
    xhat_norm_layer *norm = &f.model.net->blocks[0].norm;
    for (int j = 0; j < 6; j++) { /* far below 0 for every row */
        norm->gamma[j] = 0.5;
        norm->beta[j] = -100;
    }
    norm->gamma[7] = 3;
    norm->refused = 5;
    assert_ok(xhat_precise_norm(&f.model, &f.split.train, error));
    assert_ok(xhat_net_health(&f.model, &f.split.train, health, error));
    assert_close(health[0].dead, 6. / 24, 1e-12, 0);
    assert_true(health[0].gain_min == 0.5 && health[0].gain_max == 3);
    assert_int_equal(health[0].place, 1);
    assert_int_equal(health[1].place, 4);
    assert_int_equal(health[0].refused, 5);
    double before = health[0].mean_gap;
    assert_true(before < 0.2 && health[0].var_gap < 0.5);
    real *mean = norm->running.mean, *var = norm->running.var;
    for (size_t j = 0; j < 24; j++) { /* a deviation off, and a factor of 8 */
        mean[j] += 2 * (real)sqrt((double)var[j]);
        var[j] *= 8;
    }
    assert_ok(xhat_net_health(&f.model, &f.split.train, health, error));
    assert_close(health[0].mean_gap, 2, 0.2, 0);
    assert_close(health[0].var_gap, 3, 0.2, 0);
    assert_true(norm->batch.count == 0); /* nothing is left to be committed */
    fixture_close(&f);
    fixture_open(&f, "digits-like", XHAT_NET_NORM_NONE);
    assert_ok(xhat_net_health(&f.model, &f.split.train, health, error));
    assert_int_equal(health[1].place, 2);
    assert_true(isnan(health[0].gain_min) && isnan(health[0].mean_gap));
    fixture_close(&f);
}

/* One channel whose batch is not finite keeps its statistics and is counted. */
static void refused_channels_are_counted(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f, "spiral", XHAT_NET_NORM_BATCH);
    xhat_net *net = f.model.net;
    const real x[6] = {1, 2, 3, 4, 5, 6};
    net->blocks[0].affine.weight[2 * 3] = INFINITY;
    assert_ok(xhat_net_prepare(net, 3, error));
    assert_ok(xhat_net_forward(net, 3, true, x, error));
    assert_ok(xhat_net_commit(net, error));
    assert_int_equal(net->blocks[0].norm.refused, 1);
    const real *mean = net->blocks[0].norm.running.mean;
    assert_true(mean[3] == 0 && mean[2] != 0);
    fixture_close(&f);
}

/* ---- PreciseBN ----------------------------------------------------------- */

/* One layer, so that its inputs depend on nothing else: the statistics of all
 * rows, in plain sums. */
static void precise_statistics_are_those_of_all_rows(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f, "spiral", XHAT_NET_NORM_BATCH);
    xhat_net *net = f.model.net;
    xhat_batch batch;
    size_t count = f.split.train.count;
    uint64_t batches = net->blocks[0].norm.running.batches;
    assert_true(count > 2 * net->max_rows);
    assert_ok(xhat_precise_norm(&f.model, &f.split.train, error));
    assert_ok(xhat_batch_create(&batch, &f.model, count, error));
    xhat_batch_gather(&batch, &f.split.train, NULL, 0, count, &f.model);
    const xhat_affine *affine = &net->blocks[0].affine;
    const xhat_running *running = &net->blocks[0].norm.running;
    for (size_t j = 0; j < affine->out; j++) {
        double sum = 0, squares = 0, n = (double)count;
        for (size_t i = 0; i < count; i++) {
            double z = (double)affine->weight[2 * j] * batch.x[2 * i] +
                       (double)affine->weight[2 * j + 1] * batch.x[2 * i + 1];
            sum += z;
            squares += z * z;
        }
        double mean = sum / n;
        assert_close(((real *)running->mean)[j], mean, 1e-5, 1e-6);
        assert_close(((real *)running->var)[j],
                     (squares - n * mean * mean) / (n - 1), 1e-5, 0);
    }
    assert_int_equal(running->batches, batches);
    xhat_batch_free(&batch, &f.model);
    fixture_close(&f);
    fixture_open(&f, "spiral", XHAT_NET_NORM_LAYER);
    assert_fails(xhat_precise_norm(&f.model, &f.split.train, error),
                 XHAT_INVALID_ARGUMENT, "no running statistics");
    fixture_close(&f);
}

/* ---- the search for a rate ----------------------------------------------- */

static void a_rate_is_found(void **state)
{
    (void)state;
    enum { STEPS = 150 };
    for (int kind = 0; kind < XHAT_OPTIMIZERS; kind++) {
        fixture f;
        xhat_lr_point points[STEPS];
        size_t count = STEPS;
        double suggestion;
        xhat_training_options options =
            xhat_training_options_default((xhat_optimizer_kind)kind);
        fixture_open(&f, "digits-like", XHAT_NET_NORM_BATCH);
        assert_ok(xhat_lr_find(&f.model, &f.split, &options, points, &count,
                               &suggestion, error));
        assert_true(count > 50 && count <= STEPS);
        assert_close(points[0].lr, 1e-7, 1e-12, 0);
        for (size_t i = 1; i < count; i++)
            assert_close(points[i].lr / points[i - 1].lr,
                         pow(1e8, 1. / (STEPS - 1)), 1e-9, 0);
        fixture_close(&f);

        xhat_evaluation result; /* and it is a good one */
        options.lr = suggestion;
        options.epochs = 5;
        fixture_open(&f, "digits-like", XHAT_NET_NORM_BATCH);
        assert_ok(xhat_train(&f.model, &f.split, &options, NULL, NULL, error));
        assert_ok(xhat_evaluate(&f.model, &f.split.test, &result, NULL, error));
        if (result.accuracy < 0.75) /* 0.8 is what these nets reach */
            fail_msg("%s with lr %g: %g",
                     xhat_optimizer_name(options.optimizer), suggestion,
                     result.accuracy);
        fixture_close(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_step_can_be_the_last),
        cmocka_unit_test(no_state_is_saved_behind_a_failure),
        cmocka_unit_test(the_state_of_another_training_is_refused),
        cmocka_unit_test(the_state_of_another_build_is_refused),
        cmocka_unit_test(an_epoch_that_has_begun_stays),
        cmocka_unit_test(another_number_of_threads_is_told),
        cmocka_unit_test(a_state_that_is_not_finite_is_not_written),
        cmocka_unit_test(patience_ends_a_training),
        cmocka_unit_test(health_sees_dead_units_and_gaps),
        cmocka_unit_test(refused_channels_are_counted),
        cmocka_unit_test(precise_statistics_are_those_of_all_rows),
        cmocka_unit_test(a_rate_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
