/* Rows on their way into a net: scaled with the figures of the training
 * rows. */
#include "net_fixture.h"

/* large mean, constant column: standardized with the training rows' figures */
static void features_are_standardized(void **state)
{
    (void)state;
    xhat_dataset data;
    xhat_split split;
    xhat_model model;
    xhat_net_spec spec = xhat_net_spec_default();
    xhat_batch batch;
    const char table[] = "time,same,y\n1700000001,0.1,0\n1700000003,0.1,1\n"
                         "1700000001,0.1,0\n1700000003,0.1,1\n";
    char folder[64], path[256];
    folder_make(folder);
    file_put(folder, "table.csv", table, sizeof table - 1, path);
    assert_ok(
        xhat_dataset_read(&data, path, &(xhat_data_options){0}, NULL, error));
    folder_remove(folder);
    assert_ok(xhat_split_make(&split, &data, 0, 0, error));
    assert_ok(xhat_model_create(&model, &spec, &split.train, NULL, error));
    assert_true(model.scale[1] == 0);
    xhat_rows all = xhat_all_rows(&data);
    xhat_model by_range;
    assert_ok(xhat_model_create(&by_range, &spec, &all, NULL, error));
    assert_memory_equal(by_range.scale, model.scale, 2 * sizeof(double));
    xhat_model_free(&by_range);
    assert_ok(xhat_batch_create(&batch, &model, 4, error));
    xhat_batch_gather(&batch, &all, NULL, 0, 4, &model);
    for (int i = 0; i < 4; i++) {
        assert_true(batch.x[2 * i] == (i % 2 ? 1 : -1));
        assert_true(batch.x[2 * i + 1] == 0);
        assert_int_equal(batch.truth.labels[i], i % 2);
    }
    xhat_batch_free(&batch, &model);
    xhat_model_free(&model);
    xhat_split_free(&split);
    xhat_dataset_free(&data);
}

static void bytes_are_divided_by_255(void **state)
{
    (void)state;
    fixture f;
    xhat_batch batch;
    fixture_open(&f, "digits-like", XHAT_NET_NORM_BATCH);
    uint8_t *pixels = f.data.values;
    pixels[64] = 255;
    pixels[65] = 0;
    pixels[66] = 51;
    xhat_rows all = xhat_all_rows(&f.data);
    assert_ok(xhat_batch_create(&batch, &f.model, 1, error));
    xhat_batch_gather(&batch, &all, NULL, 1, 1, &f.model);
    assert_true(batch.x[0] == 1 && batch.x[1] == 0);
    assert_close(batch.x[2], 0.2, 1e-7, 0);
    xhat_batch_free(&batch, &f.model);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(features_are_standardized),
        cmocka_unit_test(bytes_are_divided_by_255),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
