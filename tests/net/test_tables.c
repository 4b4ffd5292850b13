/* Tables as they come: columns of text, missing values, labels in several
 * columns, numbers to be predicted. */
#include "net_fixture.h"

static xhat_status read_text(xhat_dataset *data, const char *text,
                             const xhat_data_options *options,
                             const xhat_allocator *allocator, xhat_error *error)
{
    char folder[64], path[256];
    folder_make(folder);
    file_put(folder, "table.csv", text, strlen(text), path);
    xhat_status status =
        xhat_dataset_read(data, path, options, allocator, error);
    folder_remove(folder);
    return status;
}

/* The values, row after row, are expected[]; NaN equals NaN. */
static void check_values(const xhat_dataset *data, size_t rows, size_t features,
                         const double *expected)
{
    const double *values = data->values;
    assert_int_equal(data->rows, rows);
    assert_int_equal(data->features, features);
    assert_int_equal(data->element, XHAT_ELEMENT_F64);
    for (size_t i = 0; i < rows * features; i++)
        if (!check_close(values[i], expected[i], 0, 0))
            fail_msg("value %zu is %g, not %g", i, values[i], expected[i]);
}

/* What a model trained on `first` knows of its data. */
static xhat_data_options like(const xhat_dataset *first)
{
    return (xhat_data_options){.like = &first->columns,
                               .features = first->features,
                               .likely_label = first->label_name};
}

/* ---- text ---------------------------------------------------------------- */

static const char fruit[] = "kind,weight,color,ripe\n"
                            "apple,3,red,yes\n"
                            "pear,5,green,no\n"
                            "apple,4,\"green\",yes\n";

static void text_becomes_a_feature_for_each_text(void **state)
{
    (void)state;
    xhat_dataset data;
    assert_ok(read_text(&data, fruit, &(xhat_data_options){0}, NULL, error));
    assert_string_equal(data.label_name, "ripe");
    check_values(&data, 3, 5,
                 (double[]){1, 0, 3, 0, 1, /* apple pear weight green red */
                            0, 1, 5, 1, 0, /**/ 1, 0, 4, 1, 0});
    const xhat_columns *columns = &data.columns;
    const size_t numbers[] = {1, 1, 2, 3, 3};
    const char *const texts[] = {"apple", "pear", NULL, "green", "red"};
    for (size_t j = 0; j < 5; j++) {
        assert_int_equal(columns->number[j], numbers[j]);
        if (texts[j] == NULL)
            assert_null(columns->category[j]);
        else
            assert_string_equal(columns->category[j], texts[j]);
    }
    xhat_dataset_free(&data);
}

static void a_model_finds_its_texts_again(void **state)
{
    (void)state;
    xhat_dataset first, data;
    const double expected[] = {0, 1, 7, 0, 1};
    assert_ok(read_text(&first, fruit, &(xhat_data_options){0}, NULL, error));
    xhat_data_options options = like(&first);
    assert_ok(read_text(&data, "color,ripe,id,weight,kind\nred,no,9,7,pear\n",
                        &options, NULL, error)); /* by name */
    check_values(&data, 1, 5, expected);
    assert_string_equal(data.class_names[0], "no");
    xhat_dataset_free(&data);
    assert_ok(read_text(&data, "pear,7,red,no\n", &options, NULL, error));
    check_values(&data, 1, 5, expected); /* by place */
    xhat_dataset_free(&data);
    options.unlabeled = true;
    assert_ok(read_text(&data, "pear,7,red\n", &options, NULL, error));
    check_values(&data, 1, 5, expected);
    xhat_dataset_free(&data);
    assert_fails(read_text(&data,
                           "kind,color,weight\npear,red,1\npear,blue,7\n",
                           &options, NULL, error),
                 XHAT_BAD_FORMAT,
                 "table.csv:3: column 2 (color) holds \"blue\", which "
                 "is none of the 2 texts");
    assert_fails(read_text(&data, "pear,7,red,no,1\n", &options, NULL, error),
                 XHAT_SHAPE_MISMATCH, "5 columns but the model takes 3");
    xhat_dataset_free(&first);
}

/* "1,5" among texts is one of them; where a new table has nothing but numbers
 * in the column, with commas or with points, it is the same. */
static void a_text_that_a_new_table_has_as_a_number(void **state)
{
    (void)state;
    xhat_dataset first, data;
    const double expected[] = {0.25, 1, 0, 0};
    assert_ok(read_text(&first,
                        "v;k;y\n0,5;1,5;no\n0,25;low;yes\n0,75;high;no\n",
                        &(xhat_data_options){0}, NULL, error));
    xhat_data_options options = like(&first);
    options.unlabeled = true;
    assert_ok(read_text(&data, "v;k\n0,25;1,5\n", &options, NULL, error));
    check_values(&data, 1, 4, expected);
    xhat_dataset_free(&data);
    assert_ok(read_text(&data, "v,k\n0.25,1.5\n", &options, NULL, error));
    check_values(&data, 1, 4, expected);
    xhat_dataset_free(&data);
    xhat_dataset_free(&first);
}

static void texts_that_look_like_numbers(void **state)
{
    (void)state;
    xhat_dataset first, data;
    assert_ok(read_text(&first, "size,y\n10,0\nL,1\nXL,0\n10,1\n",
                        &(xhat_data_options){.label = "y"}, NULL, error));
    assert_int_equal(first.features, 3);
    xhat_data_options options = like(&first);
    options.unlabeled = true;
    assert_ok(read_text(&data, "size\n10.0\n10\n", &options, NULL, error));
    check_values(&data, 2, 3, (double[]){1, 0, 0, 1, 0, 0});
    xhat_dataset_free(&data);
    assert_fails(read_text(&data, "size\n10\n11\n", &options, NULL, error),
                 XHAT_BAD_FORMAT, "holds \"11\"");
    xhat_dataset_free(&first);
}

/* ---- missing values ------------------------------------------------------ */

static const char gaps[] = "a,b,color,y\n1,?,red,u\n2,4,,v\n3,5,red,u\n"
                           "NA,6,blue,v\n5,7,blue,\n6,8,red,v\n";

static void missing_values_are_refused_with_their_place(void **state)
{
    (void)state;
    xhat_dataset data;
    const char *text = "a,b,color,y\n1,?,red,u\n2,4,,v\n3,5,red,u\n"
                       "NA,6,blue,v\n5,7,blue,u\n";
    static const struct {
        const char *drop, *message;
    } cases[] = {{NULL, "table.csv:2: column 2 (b) is missing or NaN"},
                 {"b", "table.csv:3: column 3 (color) is missing"},
                 {"b,color", "table.csv:5: column 1 (a) is missing or NaN"}};
    for (int i = 0; i < 3; i++)
        assert_fails(read_text(&data, text,
                               &(xhat_data_options){.drop = cases[i].drop},
                               NULL, error),
                     XHAT_BAD_FORMAT, cases[i].message);
}

static void rows_with_missing_values_are_dropped(void **state)
{
    (void)state;
    xhat_dataset data;
    xhat_data_options options = {.missing = XHAT_MISSING_DROP};
    assert_ok(read_text(&data, gaps, &options, NULL, error));
    check_values(&data, 2, 4, (double[]){3, 5, 0, 1, 6, 8, 0, 1});
    assert_int_equal(data.dropped, 4);
    assert_string_equal(data.class_names[data.labels[1]], "v");
    xhat_dataset_free(&data);
    options.drop = "a,b,y"; /* what is left out may be missing */
    options.label = "color";
    assert_fails(read_text(&data, gaps, &options, NULL, error),
                 XHAT_SHAPE_MISMATCH, "there is no feature");
    options.drop = "b,y";
    assert_ok(read_text(&data, gaps, &options, NULL, error));
    check_values(&data, 4, 1, (double[]){1, 3, 5, 6});
    xhat_dataset_free(&data);
    assert_fails(read_text(&data, "a,y\n?,1\nNA,0\n",
                           &(xhat_data_options){.missing = XHAT_MISSING_DROP},
                           NULL, error),
                 XHAT_BAD_FORMAT, "every one of its 2 rows");
}

/* The mean comes from the training rows alone, and what is filled in is 0 once
 * it is standardized. */
static void missing_values_count_as_the_mean(void **state)
{
    (void)state;
    const size_t hidden[1] = {3};
    xhat_dataset data;
    xhat_model model;
    xhat_data_options options = {.missing = XHAT_MISSING_MEAN};
    assert_ok(read_text(&data,
                        "a,color,y\n1,red,u\n?,,v\n3,red,u\n8,blue,v\n"
                        "1000,blue,v\n",
                        &options, NULL, error));
    check_values(
        &data, 5, 3,
        (double[]){1, 0, 1, NAN, NAN, NAN, 3, 0, 1, 8, 1, 0, 1000, 1, 0});
    xhat_rows train = {.data = &data, .count = 4};
    xhat_net_spec spec = xhat_net_spec_default();
    spec.hidden = hidden;
    spec.hidden_count = 1;
    assert_ok(xhat_model_create(&model, &spec, &train, NULL, error));
    assert_close(model.mean[0], 4, 1e-15, 0);
    assert_close(1 / model.scale[0], sqrt((9. + 1 + 16) / 3), 1e-14, 0);
    assert_close(model.mean[2], 2. / 3, 1e-15, 0);

    double with_gap[2], with_mean[2];
    double *row = (double *)data.values + 3;
    assert_ok(xhat_predict(&model, &train, 1, 1, with_gap, error));
    for (int j = 0; j < 3; j++)
        row[j] = model.mean[j];
    assert_ok(xhat_predict(&model, &train, 1, 1, with_mean, error));
    assert_memory_equal(with_gap, with_mean, sizeof with_gap);
    xhat_model_free(&model);
    xhat_dataset_free(&data);
    assert_fails(read_text(&data, gaps, &options, NULL, error), XHAT_BAD_FORMAT,
                 "table.csv:6: column 4 (y) is the label and is missing");
}

static void write_npz(const char *path, double *y)
{
    float x[10] = {1, 2, NAN, 4, 5, 6, 7, 8, 9, NAN};
    xhat_array arrays[4] = {{.name = "x",
                             .element = XHAT_ELEMENT_F32,
                             .rank = 2,
                             .shape = {3, 2},
                             .data = x},
                            {.name = "y",
                             .element = XHAT_ELEMENT_F64,
                             .rank = 1,
                             .shape = {3},
                             .data = y},
                            {.name = "x_test",
                             .element = XHAT_ELEMENT_F32,
                             .rank = 2,
                             .shape = {2, 2},
                             .data = x + 6},
                            {.name = "y_test",
                             .element = XHAT_ELEMENT_F64,
                             .rank = 1,
                             .shape = {2},
                             .data = y + 3}};
    assert_ok(xhat_npz_write(path, true, arrays, 4, error));
}

static void missing_values_of_an_npz(void **state)
{
    (void)state;
    char folder[64], path[128];
    double y[5] = {0, 1, 0, 1, 0};
    xhat_dataset data;
    xhat_data_options options = {.missing = XHAT_MISSING_DROP};
    folder_make(folder);
    snprintf(path, sizeof path, "%s/d.npz", folder);
    write_npz(path, y);
    assert_ok(xhat_dataset_read(&data, path, &options, NULL, error));
    assert_true(data.rows == 3 && data.test_from == 2 && data.dropped == 2);
    assert_true(((float *)data.values)[2] == 5 && data.labels[2] == 1);
    xhat_dataset_free(&data);
    options.missing = XHAT_MISSING_MEAN;
    assert_ok(xhat_dataset_read(&data, path, &options, NULL, error));
    assert_true(data.rows == 5 && data.test_from == 3);
    assert_true(isnan(((float *)data.values)[2]));
    xhat_dataset_free(&data);
    y[4] = NAN;
    write_npz(path, y);
    assert_fails(xhat_dataset_read(&data, path, &options, NULL, error),
                 XHAT_BAD_FORMAT, "row 4 (from 0): the label (y) is missing");
    options.missing = XHAT_MISSING_REFUSE;
    assert_fails(xhat_dataset_read(&data, path, &options, NULL, error),
                 XHAT_BAD_FORMAT, "row 1, feature 0 of x (both from 0) is nan");
    folder_remove(folder);
}

/* ---- labels -------------------------------------------------------------- */

static const char one_hot[] = "1,1,0,0\n2,0,1,0\n3,0,0,1\n4,0,1,0\n";

static void a_label_may_take_a_column_a_class(void **state)
{
    (void)state;
    xhat_dataset data, again;
    assert_ok(read_text(&data, one_hot, &(xhat_data_options){.label = "2,3,4"},
                        NULL, error));
    check_values(&data, 4, 1, (double[]){1, 2, 3, 4});
    assert_int_equal(data.classes, 3);
    const int32_t labels[] = {0, 1, 2, 1};
    assert_memory_equal(data.labels, labels, sizeof labels);
    assert_string_equal(data.class_names[2], "column 4");
    assert_string_equal(data.label_name, "column 2,column 3,column 4");
    assert_true(data.columns.label == 2 && data.columns.label_count == 3);
    xhat_data_options options = like(&data);
    assert_ok(read_text(&again, "9,0,0,1\n", &options, NULL, error));
    assert_string_equal(again.class_names[again.labels[0]], "column 4");
    xhat_dataset_free(&again);
    options.unlabeled = true;
    assert_ok(read_text(&again, "9,0,0,1\n", &options, NULL, error));
    check_values(&again, 1, 1, (double[]){9});
    xhat_dataset_free(&again);
    assert_ok(read_text(&again, "9\n8\n", &options, NULL, error));
    check_values(&again, 2, 1, (double[]){9, 8});
    xhat_dataset_free(&again);
    xhat_dataset_free(&data);
}

static void a_one_hot_label_of_which_one_column_was_taken(void **state)
{
    (void)state;
    static const struct {
        const char *label;
        size_t first, count;
    } cases[] = {{"2", 1, 2}, {"3", 1, 2}, {"4", 1, 2}};
    for (int i = 0; i < 3; i++) {
        xhat_dataset data;
        size_t first = 9, count = 9;
        assert_ok(read_text(&data, one_hot,
                            &(xhat_data_options){.label = cases[i].label}, NULL,
                            error));
        assert_true(xhat_dataset_find_joint_leak(&data, &first, &count));
        assert_int_equal(first, cases[i].first);
        assert_int_equal(count, cases[i].count);
        ((double *)data.values)[1] = 1 - ((double *)data.values)[1];
        assert_false(xhat_dataset_find_joint_leak(&data, &first, &count));
        xhat_dataset_free(&data);
    }
}

static void numbers_to_predict(void **state)
{
    (void)state;
    static const char house[] = "rooms,town,price\n2,a,1.5\n3,b,2.5\n4,a,3\n";
    xhat_dataset data;
    xhat_data_options options = {.target = XHAT_TARGET_NUMBERS};
    assert_ok(read_text(&data, house, &options, NULL, error));
    assert_string_equal(data.label_name, "price"); /* not the text column */
    assert_null(data.labels);
    assert_true(data.targets[0] == 1.5 && data.targets[2] == 3);
    assert_int_equal(xhat_dataset_find_leak(&data, 0), data.features);
    ((double *)data.values)[0] = 1.5;
    ((double *)data.values)[3] = 2.5;
    ((double *)data.values)[6] = 3;
    assert_int_equal(xhat_dataset_find_leak(&data, 0), 0);
    xhat_dataset_free(&data);

    options = (xhat_data_options){.label = "price"}; /* guessed: it is named */
    assert_ok(read_text(&data, house, &options, NULL, error));
    assert_non_null(data.targets);
    xhat_dataset_free(&data);
    options.target = XHAT_TARGET_CLASSES;
    assert_fails(read_text(&data, house, &options, NULL, error),
                 XHAT_BAD_FORMAT,
                 "table.csv:2: the label 1.5 (price) is not a "
                 "whole number");
    options =
        (xhat_data_options){.target = XHAT_TARGET_NUMBERS, .label = "town"};
    assert_fails(read_text(&data, house, &options, NULL, error),
                 XHAT_BAD_FORMAT, "the label (town) is text");
    assert_fails(read_text(&data, "a,y\n1,0.5\n2,inf\n",
                           &(xhat_data_options){.label = "y"}, NULL, error),
                 XHAT_BAD_FORMAT,
                 "table.csv:3: the label inf (y) is not a "
                 "finite number");
    assert_fails(read_text(&data, "a,b\n1,0.5\n2,1\n", &(xhat_data_options){0},
                           NULL, error),
                 XHAT_BAD_FORMAT, "not a whole number"); /* not named */
}

/* ---- memory -------------------------------------------------------------- */

static void each_failing_allocation(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        xhat_data_options options;
    } cases[] = {
        {fruit, {0}},
        {gaps, {.missing = XHAT_MISSING_DROP}},
        {one_hot, {.label = "2,3,4"}},
        {one_hot, {.label = "1", .target = XHAT_TARGET_NUMBERS}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        xhat_status status = XHAT_OUT_OF_MEMORY;
        for (size_t at = 1; status != XHAT_OK; at++) {
            xhat_dataset data;
            counting count = {.fail_at = at};
            xhat_allocator allocator = counting_on(&count);
            status = read_text(&data, cases[i].text, &cases[i].options,
                               &allocator, NULL);
            if (status == XHAT_OK)
                xhat_dataset_free(&data);
            else if (status != XHAT_OUT_OF_MEMORY)
                fail_msg("case %zu, allocation %zu: %s", i, at,
                         xhat_status_name(status));
            assert_int_equal(count.alive, 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_becomes_a_feature_for_each_text),
        cmocka_unit_test(a_model_finds_its_texts_again),
        cmocka_unit_test(a_text_that_a_new_table_has_as_a_number),
        cmocka_unit_test(texts_that_look_like_numbers),
        cmocka_unit_test(missing_values_are_refused_with_their_place),
        cmocka_unit_test(rows_with_missing_values_are_dropped),
        cmocka_unit_test(missing_values_count_as_the_mean),
        cmocka_unit_test(missing_values_of_an_npz),
        cmocka_unit_test(a_label_may_take_a_column_a_class),
        cmocka_unit_test(a_one_hot_label_of_which_one_column_was_taken),
        cmocka_unit_test(numbers_to_predict),
        cmocka_unit_test(each_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
