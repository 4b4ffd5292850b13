#include "net_fixture.h"

/* ---- tables -------------------------------------------------------------- */

static xhat_status read_text(xhat_dataset *data, const char *text,
                             const char *label, xhat_error *error)
{
    char folder[64], path[256];
    folder_make(folder);
    file_put(folder, "table.csv", text, strlen(text), path);
    xhat_status status = xhat_dataset_read(
        data, path, &(xhat_data_options){.label = label}, NULL, error);
    folder_remove(folder);
    return status;
}

static double value_at(const xhat_dataset *data, size_t row, size_t feature)
{
    assert_int_equal(data->element, XHAT_ELEMENT_F64);
    return ((double *)data->values)[row * data->features + feature];
}

static const char *label_of(const xhat_dataset *data, size_t row)
{
    return data->class_names[data->labels[row]];
}

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
        {"a;b\n1,5;2\n2;3\n3,25;2\n", "b",
         "table.csv:2: column 1 (a) holds \"1,5\": numbers are written"},
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

static void an_inline_matrix(void **state)
{
    (void)state;
    xhat_data_options options = {
        .is_matrix = true, .unlabeled = true, .features = 3};
    xhat_dataset data;
    assert_ok(xhat_dataset_read(&data, "1,2,3; 4,5,6", &options, NULL, error));
    assert_true(data.rows == 2 && data.features == 3);
    assert_true(value_at(&data, 1, 0) == 4);
    xhat_dataset_free(&data);
    assert_ok(xhat_dataset_read(&data, "1,2,3", &options, NULL, error));
    assert_true(data.rows == 1 && data.features == 3);
    xhat_dataset_free(&data);
    options.features = 4; /* for the caller to find wrong */
    assert_ok(xhat_dataset_read(&data, "1,2,3", &options, NULL, error));
    assert_true(data.rows == 1 && data.features == 3);
    xhat_dataset_free(&data);
    options.features = 1;
    assert_ok(xhat_dataset_read(&data, "1,2,3", &options, NULL, error));
    assert_true(data.rows == 3 && data.features == 1);
    xhat_dataset_free(&data);
    options.unlabeled = false;
    assert_fails(xhat_dataset_read(&data, "1,2,3", &options, NULL, error),
                 XHAT_BAD_FORMAT, "without labels");
}

/* ---- folders and arrays -------------------------------------------------- */

static void put_idx(const char *folder, const char *name, bool images,
                    size_t rows, size_t claimed)
{
    unsigned char bytes[256] = {0, 0, 8, images ? 3 : 1,
                                0, 0, 0, (unsigned char)claimed};
    char path[256];
    size_t header = images ? 16 : 8, size = rows * (images ? 4 : 1);
    if (images)
        bytes[11] = bytes[15] = 2;
    for (size_t i = 0; i < size; i++)
        bytes[header + i] = (unsigned char)(images ? 10 * i : i % 3 + 4);
    file_put(folder, name, bytes, header + size, path);
}

static void a_folder_of_idx_files(void **state)
{
    (void)state;
    char folder[64];
    xhat_dataset data;
    xhat_data_options options = {0};
    folder_make(folder);
    assert_fails(xhat_dataset_read(&data, folder, &options, NULL, error),
                 XHAT_CANNOT_READ, "train-images-idx3-ubyte");
    put_idx(folder, "train-images-idx3-ubyte", true, 6, 6);
    assert_fails(xhat_dataset_read(&data, folder, &options, NULL, error),
                 XHAT_CANNOT_READ, "train-labels-idx1-ubyte");
    put_idx(folder, "train-labels-idx1-ubyte", false, 6, 6);
    put_idx(folder, "t10k-images-idx3-ubyte", true, 3, 3);
    put_idx(folder, "t10k-labels-idx1-ubyte", false, 3, 3);
    assert_ok(xhat_dataset_read(&data, folder, &options, NULL, error));
    assert_int_equal(data.rows, 9);
    assert_int_equal(data.test_from, 6);
    assert_int_equal(data.features, 4);
    assert_int_equal(data.element, XHAT_ELEMENT_U8);
    assert_int_equal(((uint8_t *)data.values)[5], 50);
    assert_int_equal(((uint8_t *)data.values)[6 * 4 + 2], 20);
    assert_string_equal(label_of(&data, 7), "5");
    xhat_dataset_free(&data);
    put_idx(folder, "t10k-labels-idx1-ubyte", false, 2, 2);
    assert_fails(xhat_dataset_read(&data, folder, &options, NULL, error),
                 XHAT_SHAPE_MISMATCH, "3 t10k images but 2 labels");
    folder_remove(folder);
}

static void write_npz(const char *path, double label, float feature)
{
    float x[6] = {1, 2, 3, 4, 5, feature};
    double y[3] = {0, label, 0};
    xhat_array arrays[2] = {{.name = "x",
                             .element = XHAT_ELEMENT_F32,
                             .rank = 2,
                             .shape = {3, 2},
                             .data = x},
                            {.name = "y",
                             .element = XHAT_ELEMENT_F64,
                             .rank = 1,
                             .shape = {3},
                             .data = y}};
    assert_ok(xhat_npz_write(path, true, arrays, 2, error));
}

static void an_npz_with_x_and_y(void **state)
{
    (void)state;
    char folder[64], path[128];
    xhat_dataset data;
    xhat_data_options options = {0};
    folder_make(folder);
    snprintf(path, sizeof path, "%s/d.npz", folder);
    write_npz(path, 1, 6);
    assert_ok(xhat_dataset_read(&data, path, &options, NULL, error));
    assert_int_equal(data.element, XHAT_ELEMENT_F32);
    assert_int_equal(data.classes, 2);
    assert_int_equal(data.test_from, 3);
    uint64_t hash = data.hash;
    xhat_dataset_free(&data);
    write_npz(path, 2, 6); /* the same labels, but another class name */
    assert_ok(xhat_dataset_read(&data, path, &options, NULL, error));
    assert_true(data.hash != hash);
    xhat_dataset_free(&data);
    write_npz(path, 0.5, 6);
    options.target = XHAT_TARGET_CLASSES;
    assert_fails(xhat_dataset_read(&data, path, &options, NULL, error),
                 XHAT_BAD_FORMAT, "row 1 (from 0): the label 0.5 (y)");
    options.target = XHAT_TARGET_GUESS;
    assert_ok(xhat_dataset_read(&data, path, &options, NULL, error));
    assert_null(data.labels);
    assert_null(data.class_names);
    assert_int_equal(data.classes, 1);
    assert_true(data.targets[0] == 0 && data.targets[1] == 0.5);
    xhat_dataset_free(&data);
    write_npz(path, 1, NAN);
    assert_fails(xhat_dataset_read(&data, path, &options, NULL, error),
                 XHAT_BAD_FORMAT, "row 2, feature 1 of x");
    folder_remove(folder);
}

static void a_name_that_is_nothing(void **state)
{
    (void)state;
    xhat_dataset data;
    assert_fails(xhat_dataset_read(&data, "spirale", &(xhat_data_options){0},
                                   NULL, error),
                 XHAT_CANNOT_READ, "spirale");
}

/* FNV-1a of four times 8 bytes, two labels and "0\0", worked out apart */
static void the_hash_is_the_documented_one(void **state)
{
    (void)state;
    uint8_t values[2] = {7, 9};
    int32_t labels[2] = {0, 0};
    char *names[1] = {"0"};
    xhat_dataset data = {.rows = 2,
                         .features = 1,
                         .classes = 1,
                         .test_from = 2,
                         .element = XHAT_ELEMENT_U8,
                         .values = values,
                         .labels = labels,
                         .class_names = names};
    assert_true(xhat_dataset_hash(&data) == UINT64_C(0xcfda640d5a74a635));
}

/* ---- split, scaling, relabeling ------------------------------------------ */

static void a_split_keeps_every_row_once(void **state)
{
    (void)state;
    xhat_dataset data;
    xhat_split split, again;
    assert_ok(
        xhat_dataset_read(&data, "xor", &(xhat_data_options){0}, NULL, error));
    assert_ok(xhat_split_make(&split, &data, 0.25, 5, error));
    assert_int_equal(split.validation.count, 200);
    assert_int_equal(split.train.count, 600);
    assert_int_equal(split.test.count, 200);
    assert_int_equal(split.test.first, 800);
    char seen[800] = {0};
    for (size_t i = 0; i < 800; i++)
        assert_int_equal(seen[split.index[i]]++, 0);
    assert_ok(xhat_split_make(&again, &data, 0.25, 5, error));
    assert_memory_equal(split.index, again.index, 800 * sizeof(size_t));
    xhat_split_free(&again);
    assert_ok(xhat_split_make(&again, &data, 0.25, 6, error));
    assert_memory_not_equal(split.index, again.index, 800 * sizeof(size_t));
    xhat_split_free(&again);
    xhat_split_free(&split);
    assert_ok(xhat_split_make(&split, &data, 13, 5, error));
    assert_int_equal(split.validation.count, 13);
    xhat_split_free(&split);
    assert_fails(xhat_split_make(&split, &data, 799, 5, error), XHAT_BAD_FORMAT,
                 "leave 1 to train with");
    xhat_dataset_free(&data);
}

static void more_classes_than_rows_are_refused(void **state)
{
    (void)state;
    xhat_dataset data;
    xhat_split split;
    assert_ok(read_text(&data, "a,id\n1,1\n2,2\n3,3\n4,4\n", NULL, error));
    assert_fails(xhat_split_make(&split, &data, 0.25, 0, error),
                 XHAT_BAD_FORMAT, "fewer than the 4 classes");
    xhat_dataset_free(&data);
}

/* large mean, constant column: standardized with the training rows' figures */
static void features_are_standardized(void **state)
{
    (void)state;
    xhat_dataset data;
    xhat_split split;
    xhat_model model;
    xhat_net_spec spec = xhat_net_spec_default();
    xhat_batch batch;
    assert_ok(read_text(&data,
                        "time,same,y\n1700000001,0.1,0\n1700000003,0.1,1\n"
                        "1700000001,0.1,0\n1700000003,0.1,1\n",
                        NULL, error));
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

static void labels_are_renumbered_by_name(void **state)
{
    (void)state;
    xhat_dataset data;
    const char *names[3] = {"pear", "fig", "apple"};
    assert_ok(read_text(&data, "1,pear\n3,apple\n5,pear\n", NULL, error));
    assert_ok(xhat_dataset_relabel(&data, names, 3, error));
    assert_int_equal(data.classes, 3);
    assert_int_equal(data.labels[0], 0);
    assert_int_equal(data.labels[1], 2);
    assert_string_equal(label_of(&data, 1), "apple");
    const char *others[2] = {"pear", "fig"};
    assert_fails(xhat_dataset_relabel(&data, others, 2, error), XHAT_BAD_FORMAT,
                 "\"apple\" is unknown to the model");
    assert_int_equal(data.labels[1], 2);
    xhat_dataset_free(&data);
}

static void generators_follow_their_seed(void **state)
{
    (void)state;
    for (const char *const *name = xhat_generator_names(); *name; name++) {
        uint64_t hash[3];
        for (uint64_t i = 0; i < 3; i++) {
            xhat_dataset data;
            assert_ok(xhat_dataset_read(&data, *name,
                                        &(xhat_data_options){.seed = i / 2},
                                        NULL, error));
            assert_true(data.test_from == data.rows - data.rows / 5);
            hash[i] = data.hash;
            xhat_dataset_free(&data);
        }
        assert_true(hash[0] == hash[1]);
        assert_true(hash[0] != hash[2]);
    }
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
        cmocka_unit_test(an_inline_matrix),
        cmocka_unit_test(a_folder_of_idx_files),
        cmocka_unit_test(an_npz_with_x_and_y),
        cmocka_unit_test(a_name_that_is_nothing),
        cmocka_unit_test(the_hash_is_the_documented_one),
        cmocka_unit_test(a_split_keeps_every_row_once),
        cmocka_unit_test(more_classes_than_rows_are_refused),
        cmocka_unit_test(features_are_standardized),
        cmocka_unit_test(bytes_are_divided_by_255),
        cmocka_unit_test(labels_are_renumbered_by_name),
        cmocka_unit_test(generators_follow_their_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
