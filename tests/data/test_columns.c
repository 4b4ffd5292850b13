/* Which columns of a table are the label, features, or left out. */
#include "data_fixture.h"

static void text_labels_become_sorted_classes(void **state)
{
    (void)state;
    xhat_dataset data;
    assert_ok(read_text(&data, "a,kind,b\n1,pear,2\n3,apple,4\n5,pear,6\n",
                        NULL, error));
    assert_int_equal(data.rows, 3);
    assert_int_equal(data.features, 2);
    assert_int_equal(data.classes, 2);
    assert_string_equal(data.class_names[0], "apple");
    assert_string_equal(data.label_name, "kind");
    assert_string_equal(label_of(&data, 0), "pear");
    assert_string_equal(label_of(&data, 1), "apple");
    assert_true(value_at(&data, 1, 0) == 3 && value_at(&data, 1, 1) == 4);
    xhat_dataset_free(&data);
}

static void the_label_is_a_name_or_a_number(void **state)
{
    (void)state;
    static const struct {
        const char *label, *name;
    } cases[] = {{NULL, "c"}, {"a", "a"}, {"2", "b"}, {"-3", "a"}};
    for (int i = 0; i < 4; i++) {
        xhat_dataset data;
        assert_ok(read_text(&data, "a,b,c\n7,8,-9\n1,2,10\n7,2,-9\n",
                            cases[i].label, error));
        assert_string_equal(data.label_name, cases[i].name);
        assert_int_equal(data.classes, 2);
        if (i == 0) { /* by value, not by bytes or by order */
            assert_string_equal(data.class_names[0], "-9");
            assert_string_equal(label_of(&data, 1), "10");
        }
        xhat_dataset_free(&data);
    }
}

static void what_a_table_may_not_hold(void **state)
{
    (void)state;
    static const struct {
        const char *text, *label, *message;
    } cases[] = {
        {"a,b\n1,0.5\n2,1\n", NULL, "table.csv:2: the label 0.5 (b)"},
        {"a,b,c\n1,4,2\n2,y,3\n5,6,7\n", "c",
         "table.csv:3: column 2 (b) is a feature but holds \"y\""},
        {"a,b,c\n1,x,2\n2,?,3\n", "c",
         "table.csv:3: column 2 (b) is missing or NaN"},
        {"a,b\n1,x\n2,?\n", "b", "table.csv:3: column 2 (b) is the label"},
        {"a,b,c\n1,1,0\n2,0,0\n", "b,c", "table.csv:3: of the label columns"},
        {"a,b,c\n1,1,1\n2,0,1\n", "b,c", "table.csv:2: of the label columns"},
        {"a,b,c\n1,1,0\n2,0,1\n", "c,b", "do not stand side by side"},
        {"a,b,c\n1,1,0\n2,0,1\n", "a,c", "do not stand side by side"},
        {"a;b\n1,234;2\n2;3\n3,250;2\n", "b", /* thousands? */
         "table.csv:2: column 1 (a) holds \"1,234\": write it with a"},
        {"a;b;c\n1.234;0,5;2\n2;0,25;3\n3;1;2\n", "c", /* which is one? */
         "table.csv:2: column 2 (b) holds \"0,5\": write it with a"},
        {"a\tb\n1,5\t2\n2,5\t3\n", "b",
         "table.csv:2: column 1 (a) holds \"1,5\": write it with a"},
        {"a;b\n1,5;2\n2,5;3\no;2\n", "b",
         "table.csv:4: column 1 (a) is a feature but holds \"o\", which is "
         "not a number as 2 others"},
        {"n,c\na,1\nb,2\nc,1\nd,2\ne,1\nf,2\ng,1\nh,2\ni,1\n", "c",
         "column 1 (n) holds 9 different texts in 9 rows, as names do"},
        {"a,b,c\n1,1,2\n2,?,3\n", "c",
         "table.csv:3: column 2 (b) is missing or NaN"},
        {"a,b\n1,1\nnan,0\n", NULL,
         "table.csv:3: column 1 (a) is missing or NaN"},
        {"a,b\n1,1\n-inf,0\n", NULL, "column 1 (a) is infinite"},
        {"a,b\n1,1\n2,0\n", "z", "has no column \"z\""},
        {"a,b\n1,1\n2,0\n", "3", "has no column \"3\""},
        {"b\n1\n2\n", NULL, "there is no feature"},
        {"a,b\n1,caf\xe9\n2,tea\n", NULL, "not UTF-8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        xhat_dataset data;
        xhat_error error = {0};
        assert_int_not_equal(
            read_text(&data, cases[i].text, cases[i].label, &error), XHAT_OK);
        if (strstr(error.message, cases[i].message) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", error.message,
                     cases[i].message);
        assert_null(data.values);
    }
}

static void without_labels(void **state)
{
    (void)state;
    char folder[64], path[256];
    const char *text = "a,kind,b\n1,pear,2\n3,apple,4\n";
    xhat_dataset data;
    folder_make(folder);
    file_put(folder, "t.csv", text, strlen(text), path);
    xhat_data_options options = {
        .unlabeled = true, .features = 2, .likely_label = "kind"};
    assert_ok(xhat_dataset_read(&data, path, &options, NULL, error));
    assert_null(data.labels);
    assert_int_equal(data.features, 2);
    assert_true(value_at(&data, 1, 1) == 4);
    xhat_dataset_free(&data);
    options.likely_label = "species";
    assert_fails(xhat_dataset_read(&data, path, &options, NULL, error),
                 XHAT_SHAPE_MISMATCH, "--label");
    folder_remove(folder);
}

/* ---- the columns of a model ---------------------------------------------- */

/* Reads `text` as data for a model that was trained on `trained`. */
static xhat_status read_like(xhat_dataset *data, const char *trained,
                             const xhat_data_options *training,
                             const char *text, bool unlabeled,
                             xhat_error *problem)
{
    char folder[64], path[256];
    xhat_dataset first;
    folder_make(folder);
    file_put(folder, "first.csv", trained, strlen(trained), path);
    assert_ok(xhat_dataset_read(&first, path, training, NULL, error));
    file_put(folder, "t.csv", text, strlen(text), path);
    xhat_data_options options = {.likely_label = first.label_name,
                                 .like = &first.columns,
                                 .features = first.features,
                                 .unlabeled = unlabeled};
    xhat_status status = xhat_dataset_read(data, path, &options, NULL, problem);
    xhat_dataset_free(&first);
    folder_remove(folder);
    return status;
}

static void columns_are_found_by_name(void **state)
{
    (void)state;
    static const char trained[] = "a,b,kind\n1,2,x\n3,4,y\n";
    const xhat_data_options none = {0};
    xhat_dataset data;
    assert_ok(read_like(&data, trained, &none,
                        "id,kind,b,a\n7,y,20,10\n8,x,40,30\n", false, error));
    assert_int_equal(data.features, 2);
    assert_true(value_at(&data, 0, 0) == 10 && value_at(&data, 0, 1) == 20);
    assert_string_equal(label_of(&data, 0), "y");
    assert_non_null(strstr(data.note, "left out: id"));
    assert_null(strstr(data.note, "kind"));
    xhat_dataset_free(&data);
    assert_ok(read_like(&data, trained, &none, "b,a\n20,10\n", true, error));
    assert_true(value_at(&data, 0, 0) == 10 && value_at(&data, 0, 1) == 20);
    xhat_dataset_free(&data);
    assert_ok(read_like(&data, trained, &none, "20,10\n", true, error));
    assert_true(value_at(&data, 0, 0) == 20); /* no header: by place */
    xhat_dataset_free(&data);
    assert_fails(read_like(&data, trained, &none, "a,c\n1,2\n", true, error),
                 XHAT_SHAPE_MISMATCH, "no column \"b\"");
    assert_fails(read_like(&data, trained, &none, "a,b\n1,2\n", false, error),
                 XHAT_SHAPE_MISMATCH, "no column \"kind\"");
    assert_fails(
        read_like(&data, trained, &none, "a,b,b\n1,2,3\n", true, error),
        XHAT_BAD_FORMAT, "two columns \"b\"");
}

/* Of a, b, label, c, d with c dropped: by place, with the label and without. */
static void dropped_columns_stay_dropped(void **state)
{
    (void)state;
    static const char trained[] = "1,2,0,4,5\n6,7,1,9,8\n";
    const xhat_data_options drop = {.label = "3", .drop = "4"};
    xhat_dataset data;
    assert_ok(read_like(&data, trained, &drop, trained, false, error));
    assert_int_equal(data.features, 3);
    assert_true(value_at(&data, 0, 2) == 5 && value_at(&data, 1, 2) == 8);
    assert_string_equal(data.label_name, "column 3");
    xhat_dataset_free(&data);
    assert_ok(read_like(&data, trained, &drop, "1,2,4,5\n", true, error));
    assert_int_equal(data.features, 3);
    assert_true(value_at(&data, 0, 1) == 2 && value_at(&data, 0, 2) == 5);
    xhat_dataset_free(&data);
    assert_ok(read_like(&data, trained, &drop, "1,2,5\n", true, error));
    assert_true(value_at(&data, 0, 2) == 5);
    xhat_dataset_free(&data);
}

static void what_may_be_dropped(void **state)
{
    (void)state;
    static const struct {
        const char *label, *drop, *message;
    } cases[] = {
        {"b", "a,2", "cannot be both"},
        {"b", "a,c", "there is no feature"},
        {NULL, "z", "has no column \"z\""},
        {NULL, "1,", "has no column \"\""},
        {NULL, "a,b,c", "every column is left out"},
    };
    char folder[64], path[256];
    const char *text = "a,b,c\n1,1,u\n2,0,v\n";
    xhat_dataset data;
    folder_make(folder);
    file_put(folder, "t.csv", text, strlen(text), path);
    xhat_data_options options = {.drop = "c"};
    assert_ok(xhat_dataset_read(&data, path, &options, NULL, error));
    assert_string_equal(data.label_name, "b"); /* not the text column */
    xhat_dataset_free(&data);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        xhat_error e = {0};
        options.label = cases[i].label;
        options.drop = cases[i].drop;
        assert_int_not_equal(xhat_dataset_read(&data, path, &options, NULL, &e),
                             XHAT_OK);
        if (strstr(e.message, cases[i].message) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", e.message, cases[i].message);
    }
    folder_remove(folder);
}

static void each_failing_allocation_of_a_table(void **state)
{
    (void)state;
    char folder[64], path[256];
    const char *text = "a,b,c,kind\n1,1,5,u\n2,0,6,v\n";
    xhat_dataset first;
    folder_make(folder);
    file_put(folder, "t.csv", text, strlen(text), path);
    xhat_data_options options = {.drop = "b"};
    assert_ok(xhat_dataset_read(&first, path, &options, NULL, error));
    for (int like = 0; like < 2; like++) {
        xhat_status status = XHAT_OUT_OF_MEMORY;
        size_t at = 0;
        while (status != XHAT_OK) {
            xhat_dataset data;
            counting count = {.fail_at = ++at};
            xhat_allocator allocator = counting_on(&count);
            status = xhat_dataset_read(&data, path, &options, &allocator, NULL);
            if (status == XHAT_OK)
                xhat_dataset_free(&data);
            else if (status != XHAT_OUT_OF_MEMORY)
                fail_msg("allocation %zu: %s", at, xhat_status_name(status));
            assert_int_equal(count.alive, 0);
        }
        assert_true(at > 15);
        options = (xhat_data_options){
            .like = &first.columns, .features = 2, .likely_label = "kind"};
    }
    xhat_dataset_free(&first);
    folder_remove(folder);
}

static void leaks_are_found(void **state)
{
    (void)state;
    xhat_dataset data;
    /* the label again; 1 for class 5 alone; 0 for it alone; nearly; constant;
       classes 4 and 5 together, which is 0 for class 3 alone */
    assert_ok(read_text(&data,
                        "same,is,is_not,nearly,one,others,y\n3,0,1,1,1,0,3\n"
                        "4,0,1,0,1,1,4\n5,1,0,0,1,1,5\n3,0,1,0,1,0,3\n"
                        "5,1,0,0,1,1,5\n",
                        "y", error));
    assert_int_equal(xhat_dataset_find_leak(&data, 0), 0);
    assert_int_equal(xhat_dataset_find_leak(&data, 1), 1);
    assert_int_equal(xhat_dataset_find_leak(&data, 2), 2);
    assert_int_equal(xhat_dataset_find_leak(&data, 3), 5);
    assert_int_equal(xhat_dataset_find_leak(&data, 6), 6);
    xhat_dataset_free(&data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_labels_become_sorted_classes),
        cmocka_unit_test(the_label_is_a_name_or_a_number),
        cmocka_unit_test(what_a_table_may_not_hold),
        cmocka_unit_test(without_labels),
        cmocka_unit_test(columns_are_found_by_name),
        cmocka_unit_test(dropped_columns_stay_dropped),
        cmocka_unit_test(what_may_be_dropped),
        cmocka_unit_test(each_failing_allocation_of_a_table),
        cmocka_unit_test(leaks_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
