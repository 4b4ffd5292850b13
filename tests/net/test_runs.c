/* Run folders, metrics, the interval of an accuracy. */
#include "net_fixture.h"

static xhat_epoch epoch_number(size_t i)
{
    return (xhat_epoch){.epoch = i,
                        .step = 10 * i,
                        .train_loss = 1. / (double)i,
                        .train_accuracy = 1 - 1. / (double)(i + 1),
                        .validation_loss = 0.1 + 1. / (double)i,
                        .validation_accuracy = 0.5,
                        .test_loss = NAN,
                        .test_accuracy = NAN,
                        .lr = 0.001,
                        .seconds = 0.25 * (double)i};
}

static xhat_history history_of(size_t count)
{
    xhat_history history = {0};
    for (size_t i = 1; i <= count; i++) {
        xhat_epoch epoch = epoch_number(i);
        assert_ok(xhat_history_add(&history, &epoch, error));
    }
    return history;
}

static void metrics_come_back_with_all_digits(void **state)
{
    (void)state;
    char folder[64];
    folder_make(folder);
    xhat_history written = history_of(40), read;
    assert_ok(xhat_history_write(&written, folder, error));
    assert_ok(xhat_history_read(&read, folder, NULL, error));
    assert_int_equal(read.count, 40);
    for (size_t i = 0; i < 40; i++) {
        assert_int_equal(read.epochs[i].epoch, i + 1);
        assert_int_equal(read.epochs[i].step, 10 * (i + 1));
        assert_true(read.epochs[i].train_loss == written.epochs[i].train_loss);
        assert_true(read.epochs[i].train_accuracy ==
                    written.epochs[i].train_accuracy);
        assert_true(isnan(read.epochs[i].test_loss));
    }
    xhat_history_free(&read);
    xhat_history_free(&written);
    folder_remove(folder);
}

static void broken_metrics_are_refused(void **state)
{
    (void)state;
    char folder[64], path[256];
    xhat_history read;
    folder_make(folder);
    assert_fails(xhat_history_read(&read, folder, NULL, error),
                 XHAT_CANNOT_READ, "metrics.jsonl");
    const char *text = "{\"epoch\": 1, \"train_loss\": 0.5}\n{\"epoch\": 2\n";
    file_put(folder, "metrics.jsonl", text, strlen(text), path);
    assert_fails(xhat_history_read(&read, folder, NULL, error), XHAT_BAD_FORMAT,
                 "metrics.jsonl:2");
    file_put(folder, "metrics.jsonl", "", 0, path);
    assert_fails(xhat_history_read(&read, folder, NULL, error), XHAT_BAD_FORMAT,
                 "holds no epoch");
    folder_remove(folder);
}

static void put_status(const char *folder, const char *status)
{
    char text[128], path[256];
    snprintf(text, sizeof text, "{\"result\": {\"status\": \"%s\"}}", status);
    file_put(folder, "run.json", text, strlen(text), path);
}

static bool has(const char *folder, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s%s", folder, name);
    return access(path, F_OK) == 0;
}

static void run_folders(void **state)
{
    (void)state;
    char folder[64], run[128], slash[160], path[256];
    bool old = true;
    folder_make(folder);
    snprintf(run, sizeof run, "%s/a/b", folder);
    snprintf(slash, sizeof slash, "%s/", run);
    assert_ok(xhat_run_folder_make(run, false, &old, error));
    assert_false(old);
    assert_ok(xhat_run_folder_make(run, true, &old, error)); /* still empty */
    assert_false(old);
    file_put(run, "notes.txt", "mine", 4, path);
    assert_ok(xhat_run_folder_make(run, true, &old, error)); /* no run in it */
    assert_false(old);
    put_status(run, "finished");
    assert_fails(xhat_run_folder_make(run, false, NULL, error),
                 XHAT_ALREADY_EXISTS, "exists");
    assert_ok(xhat_run_folder_make(slash, true, &old, error));
    assert_true(old && !has(run, "/run.json") && has(run, ".old/run.json"));

    put_status(run, "running"); /* the second fails; the third one is good */
    file_put(run, "model.safetensors", "m", 1, path);
    assert_ok(xhat_run_folder_make(run, true, &old, error));
    assert_true(old && !has(run, "/run.json") && has(run, ".old/run.json"));
    assert_false(has(run, "/model.safetensors"));
    put_status(run, "finished");
    assert_fails(xhat_run_folder_make(run, true, &old, error),
                 XHAT_ALREADY_EXISTS, "b.old is in the way");
    assert_true(has(run, "/run.json") && has(run, ".old/run.json"));
    assert_ok(xhat_run_folder_settle(slash, error));
    assert_true(has(run, "/run.json") && has(run, "/notes.txt"));
    assert_false(has(run, ".old"));

    snprintf(path, sizeof path, "%s/run.json", run);
    assert_fails(xhat_run_folder_make(path, true, NULL, error),
                 XHAT_CANNOT_WRITE, "is a file");
    folder_remove(folder);
}

/* Files that are no run's outlive everything, whatever they are called. */
static void strange_files_are_kept(void **state)
{
    (void)state;
    char folder[64], run[128], path[256];
    bool old;
    folder_make(folder);
    snprintf(run, sizeof run, "%s/r.old", folder);
    assert_ok(xhat_run_folder_make(run, false, NULL, error));
    file_put(run, "letter", "dear", 4, path); /* a folder of somebody's */
    snprintf(run, sizeof run, "%s/r", folder);
    assert_ok(xhat_run_folder_make(run, false, NULL, error));
    put_status(run, "diverged");
    assert_fails(xhat_run_folder_make(run, true, &old, error),
                 XHAT_ALREADY_EXISTS, "r.old is in the way");
    assert_true(has(run, "/run.json") && has(run, ".old/letter"));

    snprintf(path, sizeof path, "%s/link", folder);
    assert_int_equal(symlink(run, path), 0);
    assert_fails(xhat_run_folder_make(path, true, &old, error),
                 XHAT_CANNOT_WRITE, "is a link");
    assert_true(has(run, "/run.json"));

    file_put(folder, "r.old/run.json", "{}", 2, path); /* a run with a letter */
    assert_ok(xhat_run_folder_make(run, true, &old, error));
    file_put(run, "letter", "new", 3, path);
    assert_fails(xhat_run_folder_settle(run, error), XHAT_CANNOT_WRITE,
                 "cannot be removed");
    assert_true(has(run, ".old/letter") && !has(run, ".old/run.json"));
    folder_remove(folder);
}

/* 8 of 10, and the ends; values from the formula in exact arithmetic */
static void wilson(void **state)
{
    (void)state;
    double low, high;
    xhat_wilson_interval(8, 10, &low, &high);
    assert_close(low, 0.49016, 0, 1e-5);
    assert_close(high, 0.94331, 0, 1e-5);
    xhat_wilson_interval(10, 10, &low, &high);
    assert_close(low, 0.72247, 0, 1e-5);
    assert_close(high, 1, 0, 1e-12);
    xhat_wilson_interval(0, 0, &low, &high);
    assert_true(low == 0 && high == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metrics_come_back_with_all_digits),
        cmocka_unit_test(broken_metrics_are_refused),
        cmocka_unit_test(run_folders),
        cmocka_unit_test(strange_files_are_kept),
        cmocka_unit_test(wilson),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
