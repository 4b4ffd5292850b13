/* safetensors: a header that must describe every byte exactly once. */
#include "files_fixture.h"

/* a file with that header and `size` bytes of data, 1 2 3 ... */
static xhat_status read_header(xhat_arrays *arrays, const char *header,
                               size_t size, xhat_error *error)
{
    size_t length = strlen(header);
    bytes b = {malloc(8 + length + size), 8 + length + size};
    uint64_t prefix = length;
    memcpy(b.data, &prefix, 8);
    memcpy(b.data + 8, header, length);
    for (size_t i = 0; i < size; i++)
        b.data[8 + length + i] = (unsigned char)(i + 1);
    xhat_status status =
        xhat_arrays_read_memory(arrays, b.data, b.size, "m", NULL, error);
    free_bytes(&b);
    return status;
}

static int json_setup(void **state)
{
    (void)state;
    if (!XHAT_HAVE_JSON)
        print_message("built without jansson: nothing is read\n");
    return folder_setup(state);
}

static void the_sample_is_read(void **state)
{
    (void)state;
    if (!XHAT_HAVE_JSON)
        skip();
    xhat_arrays arrays;
    const sample *s = sample_named("safetensors");
    assert_ok(
        xhat_arrays_read_memory(&arrays, s->data, s->size, "m", NULL, error));
    assert_string_equal(arrays.format, "safetensors");
    assert_close(xhat_array_f64_at(xhat_arrays_find(&arrays, "w"), 1), -2, 0,
                 0);
    const xhat_array *b = xhat_arrays_find(&arrays, "b");
    assert_int_equal(b->element, XHAT_ELEMENT_F32); /* was bfloat16 */
    assert_close(xhat_array_f64_at(b, 0), 1, 0, 0);
    assert_close(xhat_array_f64_at(b, 1), -2, 0, 0);
    assert_string_equal(xhat_arrays_metadata(&arrays, "epoch"), "3");
    assert_null(xhat_arrays_metadata(&arrays, "none"));
    xhat_arrays_free(&arrays);
}

static void arrays_and_metadata_come_back(void **state)
{
    (void)state;
    if (!XHAT_HAVE_JSON)
        skip();
    static uint8_t small[3] = {1, 0, 1};
    static float w[2] = {0.1f, -3};
    static double d[1] = {1e-300};
    const xhat_array arrays[] = {
        {"layer.0.\"mask\"", XHAT_ELEMENT_BOOL, 1, {3}, small},
        {"w", XHAT_ELEMENT_F32, 2, {2, 1}, w},
        {"d", XHAT_ELEMENT_F64, 0, {0}, d},
        {"none", XHAT_ELEMENT_F16, 1, {0}, small},
    };
    const char *keys[] = {"net", "note"}, *values[] = {"100x5", "a\\\n\"b\""};
    const char *path = in_folder("m.safetensors");
    xhat_arrays back;
    assert_ok(
        xhat_safetensors_write(path, false, arrays, 4, keys, values, 2, error));
    assert_ok(xhat_arrays_read(&back, path, NULL, error));
    assert_int_equal(back.count, 4);
    for (size_t i = 0; i < 4; i++) {
        const xhat_array *b = xhat_arrays_find(&back, arrays[i].name);
        assert_non_null(b);
        assert_int_equal(b->element, arrays[i].element);
        assert_int_equal(b->rank, arrays[i].rank);
        assert_memory_equal(b->shape, arrays[i].shape, sizeof b->shape);
        assert_memory_equal(b->data, arrays[i].data,
                            xhat_array_count(b) *
                                xhat_element_size(b->element));
    }
    assert_string_equal(xhat_arrays_metadata(&back, "net"), "100x5");
    assert_string_equal(xhat_arrays_metadata(&back, "note"), values[1]);
    xhat_arrays_free(&back);
}

/* A reader that maps the file finds every element where it may lie. */
static void data_are_aligned(void **state)
{
    (void)state;
    static uint8_t small[3];
    static double d[1] = {42};
    const xhat_array arrays[] = {{"s", XHAT_ELEMENT_U8, 1, {3}, small},
                                 {"d", XHAT_ELEMENT_F64, 1, {1}, d}};
    const char *path = in_folder("aligned");
    assert_ok(
        xhat_safetensors_write(path, true, arrays, 2, NULL, NULL, 0, error));
    bytes b = get_file(path);
    assert_int_equal(b.data[0] % 8, 0);
    assert_memory_equal(b.data + b.size - 3 - 8, d, 8);
    assert_int_equal((b.size - 3) % 8, 0);
    free_bytes(&b);
}

static void bad_names_are_refused(void **state)
{
    (void)state;
    float w[1] = {0};
    const xhat_array twice[] = {{"w", XHAT_ELEMENT_F32, 1, {1}, w},
                                {"w", XHAT_ELEMENT_F32, 1, {1}, w}};
    const xhat_array reserved = {"__metadata__", XHAT_ELEMENT_F32, 1, {1}, w};
    assert_fails(
        xhat_safetensors_write("no", false, twice, 2, NULL, NULL, 0, error),
        XHAT_INVALID_ARGUMENT, "two arrays named w");
    assert_fails(
        xhat_safetensors_write("no", false, &reserved, 1, NULL, NULL, 0, error),
        XHAT_INVALID_ARGUMENT, "cannot be named __metadata__");
}

static void what_is_wrong_is_named(void **state)
{
    (void)state;
    if (!XHAT_HAVE_JSON)
        skip();
#define OF(type, shape, offsets)                                               \
    "\"a\":{\"dtype\":\"" type "\",\"shape\":" shape                           \
    ",\"data_offsets\":" offsets "}"
    static const struct {
        const char *header, *message;
        xhat_status status;
    } cases[] = {
        {"{" OF("U8", "[4]", "[0,4]") "}",
         "describes 4 bytes of data, but it holds 8", XHAT_BAD_FORMAT},
        {"{" OF("U8", "[9]", "[0,9]") "}", "ends at byte 9", XHAT_BAD_FORMAT},
        {"{" OF("F32", "[3]", "[0,8]") "}", "a is 3 of 4 bytes each, but has 8",
         XHAT_BAD_FORMAT},
        {"{" OF("U8", "[4611686018427387904,4]", "[0,8]") "}",
         "of 1 bytes each", XHAT_BAD_FORMAT},
        {"{" OF("U8", "[4]", "[0,4]") ",\"b\":{\"dtype\":\"U8\",\"shape\":[5],"
                                      "\"data_offsets\":[3,8]}}",
         "b begins at byte 3 of the data, and overlaps", XHAT_BAD_FORMAT},
        {"{" OF("U8", "[4]", "[0,4]") ",\"b\":{\"dtype\":\"U8\",\"shape\":[3],"
                                      "\"data_offsets\":[5,8]}}",
         "b begins at byte 5 of the data, and none", XHAT_BAD_FORMAT},
        {"{" OF("F8_E4M3", "[8]", "[0,8]") "}", "dtype F8_E4M3",
         XHAT_UNSUPPORTED},
        {"{" OF("U8", "[-8]", "[0,8]") "}", "axis 0", XHAT_BAD_FORMAT},
        {"{" OF("U8", "[8.0]", "[0,8]") "}", "axis 0", XHAT_BAD_FORMAT},
        {"{" OF("U8", "8", "[0,8]") "}", "no shape", XHAT_BAD_FORMAT},
        {"{" OF("U8", "[1,1,1,1,1,1,1,1,8]", "[0,8]") "}", "9 axes",
         XHAT_BAD_FORMAT},
        {"{" OF("U8", "[8]", "[8,0]") "}", "no pair", XHAT_BAD_FORMAT},
        {"{" OF("U8", "[8]", "[0]") "}", "no pair", XHAT_BAD_FORMAT},
        {"{" OF("U8", "[8]", "[0,8]") "," OF("U8", "[8]", "[0,8]") "}",
         "duplicate", XHAT_BAD_FORMAT},
        {"{\"a\":3}", "no dtype", XHAT_BAD_FORMAT},
        {"{\"__metadata__\":{\"k\":3}}", "not all text", XHAT_BAD_FORMAT},
        {"{\"__metadata__\":[]}", "not an object", XHAT_BAD_FORMAT},
        {"{\"a\":}", "safetensors: byte 6 of its header", XHAT_BAD_FORMAT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        xhat_arrays arrays;
        assert_fails(read_header(&arrays, cases[i].header, 8, error),
                     cases[i].status, cases[i].message);
    }
}

static void a_long_header_is_said(void **state)
{
    (void)state;
    if (!XHAT_HAVE_JSON)
        skip();
    xhat_arrays arrays;
    assert_fails(xhat_arrays_read_memory(&arrays, "\x40\0\0\0\0\0\0\0{\"a\"",
                                         12, "m", NULL, error),
                 XHAT_BAD_FORMAT, "promises a header of 64 bytes, but 4");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sample_is_read),
        cmocka_unit_test(arrays_and_metadata_come_back),
        cmocka_unit_test(data_are_aligned),
        cmocka_unit_test(bad_names_are_refused),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(a_long_header_is_said),
    };
    return cmocka_run_group_tests(tests, json_setup, folder_teardown);
}
