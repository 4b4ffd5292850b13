/* Data sets of every source; their hash, their parts, their classes. */
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "data_fixture.h"

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

/* ---- memory -------------------------------------------------------------- */

#if defined(__has_feature)
#define HAS_FEATURE(feature) __has_feature(feature)
#else
#define HAS_FEATURE(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||           \
    HAS_FEATURE(address_sanitizer) || HAS_FEATURE(thread_sanitizer) ||         \
    HAS_FEATURE(memory_sanitizer)
enum { MEMORY_IS_OURS = 0 };
#else
enum { MEMORY_IS_OURS = 1 };
#endif

static size_t most_bytes(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (size_t)usage.ru_maxrss * 1024;
}

/* How much more memory a process of its own takes at most while it reads so
 * many of these rows. */
static size_t bytes_to_read(const char *row, size_t rows)
{
    char folder[64], path[256];
    size_t bytes = 0;
    int ends[2];
    folder_make(folder);
    file_put(folder, "table.csv", "", 0, path);
    FILE *file = fopen(path, "w");
    for (size_t i = 0; i < rows; i++)
        fputs(row, file);
    fclose(file);
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        xhat_dataset data;
        size_t before = most_bytes();
        bool read = xhat_dataset_read(&data, path, &(xhat_data_options){0},
                                      NULL, NULL) == XHAT_OK;
        bytes = most_bytes() - before;
        _exit(!read || write(ends[1], &bytes, sizeof bytes) != sizeof bytes);
    }
    int result;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_int_equal(result, 0);
    assert_int_equal(read(ends[0], &bytes, sizeof bytes), sizeof bytes);
    close(ends[0]);
    close(ends[1]);
    folder_remove(folder);
    return bytes;
}

/* Text, table and data set follow each other: the largest of them is about
 * what it takes, with a little for lines and labels. */
static void a_table_is_in_memory_once(void **state)
{
    (void)state;
    if (!MEMORY_IS_OURS)
        skip();
    static const struct {
        const char *row;
        size_t rows, numbers; /* a row */
    } cases[] = {
        {"1.234567890123,2.345678901234,3.456789012345,4.567890123456,"
         "5.678901234567,6.789012345678,7.890123456789,8.901234567890,1\n",
         200000, 9},
        {"1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7,8,9,1,2,3,u\n",
         100000, 30},
    };
    for (size_t i = 0; i < 2; i++) {
        size_t text = strlen(cases[i].row) * cases[i].rows;
        size_t numbers = cases[i].numbers * sizeof(double) * cases[i].rows;
        size_t most = text > numbers ? text : numbers;
        size_t bytes = bytes_to_read(cases[i].row, cases[i].rows);
        if (bytes > most + most / 4 + (2 << 20))
            fail_msg("%zu bytes of text, %zu of numbers took %zu", text,
                     numbers, bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_inline_matrix),
        cmocka_unit_test(a_folder_of_idx_files),
        cmocka_unit_test(an_npz_with_x_and_y),
        cmocka_unit_test(a_name_that_is_nothing),
        cmocka_unit_test(the_hash_is_the_documented_one),
        cmocka_unit_test(a_split_keeps_every_row_once),
        cmocka_unit_test(more_classes_than_rows_are_refused),
        cmocka_unit_test(labels_are_renumbered_by_name),
        cmocka_unit_test(generators_follow_their_seed),
        cmocka_unit_test(a_table_is_in_memory_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
