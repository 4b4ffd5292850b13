/* npz and the zip around it. */
#include "files_fixture.h"
#include "formats/crc32.h"
#include "formats/zip.h"

static double eps = 1e-5;
static float x[6] = {1, 2, 3, 4, 5, 6};

static void arrays_come_back_by_name(void **state)
{
    (void)state;
    xhat_arrays back;
    const xhat_array arrays[] = {
        {"x", XHAT_ELEMENT_F32, 2, {2, 3}, x},
        {"eps", XHAT_ELEMENT_F64, 0, {0}, &eps},
        {"empty", XHAT_ELEMENT_U8, 2, {0, 3}, x},
        {"\xce\xb3 / gamma", XHAT_ELEMENT_F32, 1, {2}, x},
    };
    const char *path = in_folder("all.npz");
    assert_ok(xhat_npz_write(path, false, arrays, 4, error));
    assert_ok(xhat_arrays_read(&back, path, NULL, error));
    assert_string_equal(back.format, "npz");
    assert_string_equal(back.note, "");
    assert_int_equal(back.count, 4);
    assert_memory_equal(xhat_arrays_find(&back, "x")->data, x, sizeof x);
    assert_close(xhat_array_f64_at(xhat_arrays_find(&back, "eps"), 0), eps, 0,
                 0);
    assert_int_equal(xhat_arrays_find(&back, "empty")->shape[1], 3);
    assert_non_null(xhat_arrays_find(&back, arrays[3].name));
    assert_null(xhat_arrays_find(&back, "X"));
    xhat_arrays_free(&back);
}

static void the_same_arrays_give_the_same_bytes(void **state)
{
    (void)state;
    const xhat_array array = {"x", XHAT_ELEMENT_F32, 1, {6}, x};
    assert_ok(xhat_npz_write(in_folder("a.npz"), true, &array, 1, error));
    assert_ok(xhat_npz_write(in_folder("b.npz"), true, &array, 1, error));
    bytes a = get_file(in_folder("a.npz")), b = get_file(in_folder("b.npz"));
    assert_int_equal(a.size, b.size);
    assert_memory_equal(a.data, b.data, a.size);
    free_bytes(&a);
    free_bytes(&b);
}

static void bad_names_are_refused(void **state)
{
    (void)state;
    const xhat_array twice[] = {{"x", XHAT_ELEMENT_F32, 1, {2}, x},
                                {"x", XHAT_ELEMENT_F32, 1, {2}, x}};
    const xhat_array nameless = {"", XHAT_ELEMENT_F32, 1, {2}, x};
    int files = folder_count();
    assert_fails(xhat_npz_write(in_folder("no.npz"), false, twice, 2, error),
                 XHAT_INVALID_ARGUMENT, "two arrays named x");
    assert_fails(
        xhat_npz_write(in_folder("no.npz"), false, &nameless, 1, error),
        XHAT_INVALID_ARGUMENT, "array 0 has no name");
    assert_int_equal(folder_count(), files);
}

static void deflated_and_streamed_members_are_read(void **state)
{
    (void)state;
    if (!XHAT_HAVE_ZLIB)
        skip();
    xhat_arrays arrays;
    const sample *s = sample_named("npz_deflated");
    assert_ok(
        xhat_arrays_read_memory(&arrays, s->data, s->size, "z", NULL, error));
    for (size_t i = 0; i < 64; i++)
        assert_close(xhat_array_f64_at(&arrays.items[0], i), (double)i, 0, 0);
    xhat_arrays_free(&arrays);
    s = sample_named("npz_streamed");
    assert_ok(
        xhat_arrays_read_memory(&arrays, s->data, s->size, "z", NULL, error));
    assert_memory_equal(arrays.items[0].data, "\3\4", 2);
    xhat_arrays_free(&arrays);
}

/* members of any name and content; zip64 records from that size on */
static void put_zip(const char *path, uint64_t zip64_from,
                    const char *const *names, const bytes *members, int count)
{
    xhat_output_file file;
    assert_ok(xhat_output_open(&file, path, true, error));
    xhat_zip_writer zip = xhat_zip_writer_on(&file, zip64_from);
    for (int i = 0; i < count; i++)
        xhat_zip_add(&zip, names[i], "", 0, members[i].data, members[i].size);
    assert_true(xhat_zip_finish(&zip));
    assert_ok(xhat_output_commit(&file, error));
}

static void large_files_are_zip64(void **state)
{
    (void)state;
    xhat_arrays back;
    const sample *npy = sample_named("npy");
    bytes member = get_copy(npy->data, npy->size);
    const char *names[] = {"a.npy", "b.npy"}, *path = in_folder("64.npz");
    for (uint64_t from = 0; from < 400; from += 100) {
        put_zip(path, from, names, (bytes[]){member, member}, 2);
        assert_ok(xhat_arrays_read(&back, path, NULL, error));
        assert_int_equal(back.count, 2);
        assert_close(xhat_array_f64_at(&back.items[1], 3), 20, 0, 0);
        xhat_arrays_free(&back);
    }
    free_bytes(&member);
}

static void other_members_are_left_out(void **state)
{
    (void)state;
    xhat_arrays back;
    const sample *npy = sample_named("npy");
    bytes member = get_copy(npy->data, npy->size);
    const char *names[] = {"data.pkl", "a.npy"}, *path = in_folder("pkl.npz");
    put_zip(path, UINT32_MAX, names, (bytes[]){member, member}, 2);
    assert_ok(xhat_arrays_read(&back, path, NULL, error));
    assert_int_equal(back.count, 1);
    assert_string_equal(back.note, "members left out, being no arrays: 1");
    xhat_arrays_free(&back);

    put_zip(path, UINT32_MAX, names, &member, 1);
    assert_fails(xhat_arrays_read(&back, path, NULL, error), XHAT_BAD_FORMAT,
                 "zip file without arrays");
    put_zip(path, UINT32_MAX, (const char *[]){"a.npy", "a.npy"},
            (bytes[]){member, member}, 2);
    assert_fails(xhat_arrays_read(&back, path, NULL, error), XHAT_BAD_FORMAT,
                 "two arrays named a");
    free_bytes(&member);
}

/* Changes one field of the directory of the npz sample. */
static void damaged_field(size_t offset, unsigned char value,
                          xhat_status expected, const char *message)
{
    xhat_arrays arrays;
    const sample *s = sample_named("npz");
    bytes b = get_copy(s->data, s->size);
    size_t at = 0;
    while (memcmp(b.data + at, "PK\1\2", 4) != 0)
        at++;
    b.data[at + offset] = value;
    assert_fails(
        xhat_arrays_read_memory(&arrays, b.data, b.size, "m", NULL, error),
        expected, message);
    free_bytes(&b);
}

static void what_is_wrong_with_a_zip_is_said(void **state)
{
    (void)state;
    damaged_field(8, 1, XHAT_UNSUPPORTED, "x.npy is encrypted");
    damaged_field(10, 12, XHAT_UNSUPPORTED, "compressed with method 12");
    damaged_field(16, 0xee, XHAT_BAD_FORMAT, "checksum");
    damaged_field(20, 1, XHAT_BAD_FORMAT, "cannot hold");
    damaged_field(23, 1, XHAT_BAD_FORMAT, "cut off");
    damaged_field(42, 7, XHAT_BAD_FORMAT, "not where it should be");
    damaged_field(46, 'y', XHAT_BAD_FORMAT, "another name");
}

static void a_bomb_is_refused_before_memory_is_taken(void **state)
{
    (void)state;
    xhat_arrays arrays;
    const sample *s = sample_named("npz_deflated");
    bytes b = get_copy(s->data, s->size);
    size_t at = 0;
    while (memcmp(b.data + at, "PK\1\2", 4) != 0)
        at++;
    b.data[at + 27] = 0x7f; /* 2 GiB */
    counting c = {0};
    xhat_allocator allocator = counting_on(&c);
    assert_fails(xhat_arrays_read_memory(&arrays, b.data, b.size, "m",
                                         &allocator, error),
                 XHAT_BAD_FORMAT, "cannot hold");
    assert_int_equal(c.calls, 0);
    free_bytes(&b);
}

/* One member that the directory lists twice: a file of such members would
 * unpack to the square of its size. */
static void overlapping_members_are_refused(void **state)
{
    (void)state;
    enum { DATA = 5000, RECORD = 46 + 1, END = 22 };
    static unsigned char data[DATA];
    const char *name = "d", *path = in_folder("overlap.npz");
    xhat_arrays arrays;
    put_zip(path, UINT32_MAX, &name, &(bytes){data, DATA}, 1);
    bytes once = get_file(path);
    bytes twice = {malloc(once.size + RECORD), once.size + RECORD};
    size_t directory = once.size - END - RECORD;
    memcpy(twice.data, once.data, once.size - END);
    memcpy(twice.data + once.size - END, once.data + directory, RECORD);
    unsigned char *end = twice.data + twice.size - END;
    memcpy(end, once.data + once.size - END, END);
    end[8] = end[10] = 2;
    end[12] = 2 * RECORD;
    assert_fails(xhat_arrays_read_memory(&arrays, twice.data, twice.size, "m",
                                         NULL, error),
                 XHAT_BAD_FORMAT, "members overlap");
    free_bytes(&once);
    free_bytes(&twice);
}

static void checksums_are_those_of_zip(void **state)
{
    (void)state;
    assert_int_equal(xhat_crc32(0, "123456789", 9), 0xcbf43926);
    assert_int_equal(xhat_crc32(xhat_crc32(0, "1234", 4), "56789", 5),
                     0xcbf43926);
    assert_int_equal(xhat_crc32(0, "", 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrays_come_back_by_name),
        cmocka_unit_test(the_same_arrays_give_the_same_bytes),
        cmocka_unit_test(bad_names_are_refused),
        cmocka_unit_test(deflated_and_streamed_members_are_read),
        cmocka_unit_test(large_files_are_zip64),
        cmocka_unit_test(other_members_are_left_out),
        cmocka_unit_test(what_is_wrong_with_a_zip_is_said),
        cmocka_unit_test(a_bomb_is_refused_before_memory_is_taken),
        cmocka_unit_test(overlapping_members_are_refused),
        cmocka_unit_test(checksums_are_those_of_zip),
    };
    return cmocka_run_group_tests(tests, folder_setup, folder_teardown);
}
