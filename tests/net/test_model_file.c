#include "net_fixture.h"

/* A trained model, written; folder[] and path[] are its place. */
static void open_written(fixture *f, xhat_net_norm norm, const char *generator,
                         char folder[64], char path[256])
{
    xhat_training_options options = fixture_options(2);
    fixture_open(f, generator, norm);
    assert_ok(xhat_train(&f->model, &f->split, &options, NULL, NULL, error));
    folder_make(folder);
    snprintf(path, 256, "%s/model.safetensors", folder);
    assert_ok(xhat_model_write(&f->model, path, false, error));
}

static void what_is_read_predicts_the_same(void **state)
{
    (void)state;
    static const char *const generators[] = {"spiral", "digits-like"};
    for (int i = 0; i < 4; i++) {
        fixture f;
        xhat_model read;
        char folder[64], path[256];
        double a[30 * 10], b[30 * 10];
        open_written(&f, (xhat_net_norm)(i % 2), generators[i / 2], folder,
                     path);
        assert_ok(xhat_model_read(&read, path, 256, 1, NULL, error));
        assert_int_equal(read.classes, f.model.classes);
        assert_string_equal(read.class_names[1], f.model.class_names[1]);
        assert_memory_equal(read.mean, f.model.mean,
                            read.features * sizeof(double));
        assert_memory_equal(read.scale, f.model.scale,
                            read.features * sizeof(double));
        assert_ok(xhat_predict(&f.model, &f.split.test, 5, 30, a, error));
        assert_ok(xhat_predict(&read, &f.split.test, 5, 30, b, error));
        assert_memory_equal(a, b, 30 * read.classes * sizeof(double));
        for (size_t t = 0; t < read.net->tensor_count; t++)
            assert_memory_equal(
                read.net->tensors[t].value, f.model.net->tensors[t].value,
                read.net->tensors[t].count *
                    xhat_element_size(read.net->tensors[t].element));
        xhat_model_free(&read);
        folder_remove(folder);
        fixture_close(&f);
    }
}

static void columns_come_back(void **state)
{
    (void)state;
    static const char text[] = "a,kind,\"b \"\"\",c\n1,x,2,p\n3,y,4,\"q, r\"\n";
    char folder[64], path[256];
    const size_t hidden[1] = {4};
    xhat_net_spec spec = xhat_net_spec_default();
    xhat_dataset data;
    xhat_model written, read;
    folder_make(folder);
    file_put(folder, "t.csv", text, strlen(text), path);
    xhat_data_options options = {
        .drop = "1", .label = "kind", .missing = XHAT_MISSING_MEAN};
    assert_ok(xhat_dataset_read(&data, path, &options, NULL, error));
    xhat_rows rows = xhat_all_rows(&data);
    spec.hidden = hidden;
    spec.hidden_count = 1;
    assert_ok(xhat_model_create(&written, &spec, &rows, NULL, error));
    assert_ok(xhat_model_write(&written, path, true, error));
    assert_ok(xhat_model_read(&read, path, 8, 1, NULL, error));
    assert_int_equal(read.columns.count, 4);
    assert_int_equal(read.columns.label, 2);
    assert_int_equal(read.columns.number[0], 3);
    assert_int_equal(read.columns.number[1], 4);
    assert_string_equal(read.columns.name[0], "b \"");
    assert_string_equal(read.columns.name[1], "c");
    assert_int_equal(read.columns.label_count, 1);
    assert_null(read.columns.category[0]);
    assert_string_equal(read.columns.category[2], "q, r");
    assert_int_equal(read.missing, XHAT_MISSING_MEAN);
    xhat_model_free(&read);
    for (size_t at = 1, done = 0; !done; at++) { /* out of memory, each time */
        counting count = {.fail_at = at};
        xhat_allocator allocator = counting_on(&count);
        done = xhat_model_read(&read, path, 8, 1, &allocator, NULL) == XHAT_OK;
        if (done)
            xhat_model_free(&read);
        assert_int_equal(count.alive, 0);
    }
    xhat_model_free(&written);
    xhat_dataset_free(&data);
    folder_remove(folder);
}

static void evaluation_does_not_depend_on_the_batch(void **state)
{
    (void)state;
    fixture f;
    char folder[64], path[256];
    xhat_evaluation first;
    const size_t batches[] = {1000, 64, 7, 1};
    open_written(&f, XHAT_NET_NORM_BATCH, "spiral", folder, path);
    for (int i = 0; i < 4; i++) {
        xhat_model model;
        xhat_evaluation e;
        size_t confusion[9], sum = 0;
        assert_ok(xhat_model_read(&model, path, batches[i], 1, NULL, error));
        assert_ok(xhat_evaluate(&model, &f.split.test, &e, confusion, error));
        if (i == 0)
            first = e;
        assert_int_equal(e.correct, first.correct);
        assert_close(e.loss, first.loss, 1e-6, 0);
        assert_int_equal(confusion[0] + confusion[4] + confusion[8], e.correct);
        for (int k = 0; k < 9; k++)
            sum += confusion[k];
        for (int k = 0; k < 3; k++) /* a row for each true class */
            assert_int_equal(confusion[3 * k] + confusion[3 * k + 1] +
                                 confusion[3 * k + 2],
                             100);
        assert_true(confusion[0] + confusion[3] + confusion[6] != 100);
        assert_int_equal(sum, 300);
        xhat_model_free(&model);
    }
    assert_true(first.accuracy > 0.5);
    folder_remove(folder);
    fixture_close(&f);
}

static void other_features_are_refused(void **state)
{
    (void)state;
    fixture f, g;
    xhat_evaluation e;
    fixture_open(&f, "spiral", XHAT_NET_NORM_BATCH);
    fixture_open(&g, "digits-like", XHAT_NET_NORM_BATCH);
    assert_fails(xhat_evaluate(&f.model, &g.split.test, &e, NULL, error),
                 XHAT_SHAPE_MISMATCH, "64 features but the model takes 2");
    fixture_close(&f);
    fixture_close(&g);
}

static void existing_files_are_kept(void **state)
{
    (void)state;
    fixture f;
    char folder[64], path[256];
    open_written(&f, XHAT_NET_NORM_BATCH, "xor", folder, path);
    assert_fails(xhat_model_write(&f.model, path, false, error),
                 XHAT_ALREADY_EXISTS, "model.safetensors");
    assert_ok(xhat_model_write(&f.model, path, true, error));
    folder_remove(folder);
    fixture_close(&f);
}

/* Files that are safetensors but no model, or one that lacks something. */
static void strange_files_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *document, *message;
    } cases[] = {
        {"not JSON", "no entry"},
        {"{}", "sizes"},
        {"{\"sizes\":[2,-1,3],\"norm\":\"batch\",\"eps\":1e-5}", "sizes"},
        {"{\"sizes\":[2,3],\"norm\":\"group\",\"eps\":1e-5}", "norm"},
        {"{\"sizes\":[2,3],\"norm\":\"none\",\"eps\":0}", "input_mean"},
        {"{\"sizes\":[2,60000,20000,3],\"norm\":\"none\",\"eps\":0}",
         "promises more weights than it holds"},
        {"{\"sizes\":[2,2],\"norm\":\"none\",\"eps\":0,\"input_mean\":0,"
         "\"input_scale\":[1,2],\"label\":\"\",\"classes\":[\"a\"]}",
         "classes"},
        {"{\"sizes\":[2,2],\"norm\":\"none\",\"eps\":0,\"input_mean\":0,"
         "\"input_scale\":1,\"label\":\"\",\"classes\":[\"a\",\"b\"]}",
         "0.weight has 1 values"},
        {"{\"sizes\":[1,1],\"norm\":\"none\",\"eps\":0,\"input_mean\":0,"
         "\"input_scale\":1,\"label\":\"\",\"classes\":[\"a\"],"
         "\"columns\":{\"count\":2,\"label\":1,\"numbers\":[3]}}",
         "columns that do not fit"},
        {"{\"sizes\":[1,1],\"norm\":\"none\",\"eps\":0,\"input_mean\":0,"
         "\"input_scale\":1,\"label\":\"\",\"classes\":[\"a\"],"
         "\"columns\":{\"count\":2,\"label\":1,\"numbers\":[2],"
         "\"names\":[4]}}",
         "columns that do not fit"},
        {"{\"sizes\":[1,1],\"norm\":\"none\",\"eps\":0,\"input_mean\":0,"
         "\"input_scale\":1,\"label\":\"\",\"classes\":[\"a\"],"
         "\"missing\":\"often\"}",
         "missing"},
        {"{\"sizes\":[1,1],\"norm\":\"none\",\"eps\":0,\"input_mean\":0,"
         "\"input_scale\":1,\"label\":\"\",\"classes\":[\"a\"],"
         "\"columns\":{\"count\":5,\"label\":1,\"label_columns\":4,\"numbers\":"
         "[2]}}",
         "columns that do not fit"},
        {"{\"sizes\":[1,1],\"norm\":\"none\",\"eps\":0,\"input_mean\":0,"
         "\"input_scale\":1,\"label\":\"\",\"classes\":[\"a\"],"
         "\"columns\":{\"count\":2,\"label\":2,\"label_columns\":2,\"numbers\":"
         "[1]}}",
         "columns that do not fit"},
        {"{\"sizes\":[1,1],\"norm\":\"none\",\"eps\":0,\"input_mean\":0,"
         "\"input_scale\":1,\"label\":\"\",\"classes\":[\"a\"],"
         "\"columns\":{\"count\":2,\"label\":2,\"numbers\":[1],\"categories\":["
         "1]}}",
         "columns that do not fit"},
        {"{\"sizes\":[1,1],\"norm\":\"none\",\"eps\":0,\"input_mean\":0,"
         "\"input_scale\":1,\"label\":\"\",\"classes\":[\"a\"],"
         "\"columns\":{\"count\":2,\"label\":2,\"numbers\":[1],\"categories\":["
         "]}}",
         "columns that do not fit"},
        {"{\"sizes\":[1,1],\"norm\":\"none\",\"eps\":0,\"input_mean\":0,"
         "\"input_scale\":1,\"label\":\"\",\"classes\":[\"a\"]}",
         "no tensor 0.bias"},
    };
    char folder[64], path[128];
    float values[8] = {1};
    const xhat_array arrays[] = {{.name = "0.weight",
                                  .element = XHAT_ELEMENT_F32,
                                  .rank = 2,
                                  .shape = {1, 1},
                                  .data = values},
                                 {.name = "other",
                                  .element = XHAT_ELEMENT_F32,
                                  .rank = 1,
                                  .shape = {8},
                                  .data = values}};
    folder_make(folder);
    snprintf(path, sizeof path, "%s/m.safetensors", folder);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        xhat_model model;
        xhat_error e = {0};
        assert_ok(xhat_safetensors_write(
            path, true, arrays, 2, (const char *[]){"xhat"},
            (const char *[]){cases[i].document}, 1, error));
        assert_int_not_equal(xhat_model_read(&model, path, 8, 1, NULL, &e),
                             XHAT_OK);
        if (strstr(e.message, cases[i].message) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", e.message, cases[i].message);
        assert_null(model.net);
    }
    folder_remove(folder);
}

static void each_failing_allocation_is_reported(void **state)
{
    (void)state;
    fixture f;
    char folder[64], path[256];
    xhat_status status = XHAT_OUT_OF_MEMORY;
    size_t at = 0;
    open_written(&f, XHAT_NET_NORM_BATCH, "xor", folder, path);
    while (status != XHAT_OK) {
        xhat_model model;
        counting count = {.fail_at = ++at};
        xhat_allocator allocator = counting_on(&count);
        status = xhat_model_read(&model, path, 16, 1, &allocator, NULL);
        if (status == XHAT_OK)
            xhat_model_free(&model);
        else if (status != XHAT_OUT_OF_MEMORY)
            fail_msg("allocation %zu: %s", at, xhat_status_name(status));
        assert_int_equal(count.alive, 0);
    }
    assert_true(at > 30);
    folder_remove(folder);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read_predicts_the_same),
        cmocka_unit_test(columns_come_back),
        cmocka_unit_test(evaluation_does_not_depend_on_the_batch),
        cmocka_unit_test(other_features_are_refused),
        cmocka_unit_test(existing_files_are_kept),
        cmocka_unit_test(strange_files_are_refused),
        cmocka_unit_test(each_failing_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
