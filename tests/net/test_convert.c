/* Converted models in float64: the same predictions to rounding, and what they
 * are made of. */
#include "net_fixture.h"

/* A model of three columns, far from standardized, with running statistics. */
static void trained(fixture *f, xhat_net_norm norm, size_t hidden_count)
{
    static const size_t hidden[2] = {9, 6};
    static const char text[] = "spiral";
    xhat_net_spec spec = xhat_net_spec_default();
    xhat_training_options options = fixture_options(2);
    spec.hidden = hidden;
    spec.hidden_count = hidden_count;
    spec.norm = norm;
    spec.dropout = 0.8;
    spec.threads = 1;
    assert_ok(xhat_dataset_read(&f->data, text, &(xhat_data_options){0}, NULL,
                                error));
    double *values = f->data.values;
    for (size_t i = 0; i < f->data.rows; i++) {
        values[2 * i] = 1e3 + 20 * values[2 * i];
        values[2 * i + 1] *= 1e-3;
    }
    assert_ok(xhat_split_make(&f->split, &f->data, 0.1, 0, error));
    assert_ok(
        xhat_model_create(&f->model, &spec, &f->split.train, NULL, error));
    assert_ok(xhat_train(&f->model, &f->split, &options, NULL, NULL, error));
}

static void converted_models_predict_the_same(void **state)
{
    (void)state;
    enum { ROWS = 100, CLASSES = 3 };
    double expected[ROWS * CLASSES], got[ROWS * CLASSES];
    for (int i = 0; i < 3 * 2 * 4; i++) {
        fixture f;
        xhat_model made;
        xhat_conversion conversion = {.fold_norm = i & 1,
                                      .absorb_scaling = i & 2};
        xhat_net_norm norm = (xhat_net_norm)(i / 8);
        trained(&f, norm, i & 4 ? 2 : 0);
        assert_ok(xhat_model_convert(&made, &f.model, &conversion, error));
        assert_ok(
            xhat_predict(&f.model, &f.split.test, 0, ROWS, expected, error));
        assert_ok(xhat_predict(&made, &f.split.test, 0, ROWS, got, error));
        for (int k = 0; k < ROWS * CLASSES; k++)
            assert_close(got[k], expected[k], 0, 1e-11);
        bool folded = conversion.fold_norm && norm == XHAT_NET_NORM_BATCH;
        assert_int_equal(made.net->spec.norm,
                         folded ? XHAT_NET_NORM_NONE : norm);
        if (conversion.absorb_scaling)
            assert_true(made.mean[0] == 0 && made.scale[1] == 1);
        else
            assert_memory_equal(made.mean, f.model.mean, 2 * sizeof(double));
        assert_string_equal(made.class_names[2], "2");
        xhat_model_free(&made);
        fixture_close(&f);
    }
}

static void what_fills_in_keeps_its_scaling(void **state)
{
    (void)state;
    fixture f;
    xhat_model made;
    trained(&f, XHAT_NET_NORM_BATCH, 2);
    f.model.missing = XHAT_MISSING_MEAN;
    assert_fails(xhat_model_convert(&made, &f.model,
                                    &(xhat_conversion){.absorb_scaling = true},
                                    error),
                 XHAT_UNSUPPORTED, "fills in missing values");
    assert_ok(xhat_model_convert(&made, &f.model,
                                 &(xhat_conversion){.fold_norm = true}, error));
    assert_int_equal(made.missing, XHAT_MISSING_MEAN);
    xhat_model_free(&made);
    fixture_close(&f);
}

static void each_failing_allocation(void **state)
{
    (void)state;
    fixture f;
    trained(&f, XHAT_NET_NORM_BATCH, 2);
    const xhat_conversion both = {.fold_norm = true, .absorb_scaling = true};
    for (int onnx = 0; onnx < 2; onnx++) {
        xhat_status status = XHAT_OUT_OF_MEMORY;
        for (size_t at = 1; status != XHAT_OK; at++) {
            xhat_model made = {0};
            counting count = {.fail_at = at};
            xhat_allocator allocator = counting_on(&count);
            f.model.allocator = &allocator;
            status = onnx ? xhat_model_write_onnx(&f.model, true, "/dev/null",
                                                  true, NULL)
                          : xhat_model_convert(&made, &f.model, &both, NULL);
            if (status != XHAT_OK)
                assert_int_equal(status, XHAT_OUT_OF_MEMORY);
            xhat_model_free(&made);
            assert_int_equal(count.alive, 0);
        }
    }
    f.model.allocator = NULL;
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(converted_models_predict_the_same),
        cmocka_unit_test(what_fills_in_keeps_its_scaling),
        cmocka_unit_test(each_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
