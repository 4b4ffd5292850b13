/* npy: what its header may say, and what is refused. */
#include "files_fixture.h"

/* an npy of version 1 with that header and size bytes of data */
static bytes make_npy(const char *header, const void *data, size_t size)
{
    size_t length = strlen(header);
    bytes b = {malloc(10 + length + size), 10 + length + size};
    assert_non_null(b.data);
    memcpy(b.data, "\x93NUMPY\x01\x00", 8);
    b.data[8] = (unsigned char)length;
    b.data[9] = (unsigned char)(length >> 8);
    memcpy(b.data + 10, header, length);
    if (size > 0)
        memcpy(b.data + 10 + length, data, size);
    return b;
}

static xhat_status read_npy(xhat_arrays *arrays, const char *header,
                            const void *data, size_t size, xhat_error *error)
{
    bytes b = make_npy(header, data, size);
    xhat_status status =
        xhat_arrays_read_memory(arrays, b.data, b.size, "x.npy", NULL, error);
    free_bytes(&b);
    return status;
}

static void fortran_order_is_transposed(void **state)
{
    (void)state;
    xhat_arrays arrays;
    unsigned char data[24], expected[24];
    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < 3; j++)
            for (size_t k = 0; k < 4; k++) {
                expected[(i * 3 + j) * 4 + k] =
                    (unsigned char)(i * 100 + j * 10 + k);
                data[(k * 3 + j) * 2 + i] =
                    (unsigned char)(i * 100 + j * 10 + k);
            }
    assert_ok(read_npy(&arrays,
                       "{'descr': '|u1', 'fortran_order': True, "
                       "'shape': (2, 3, 4), }\n",
                       data, sizeof data, error));
    assert_string_equal(arrays.format, "npy");
    assert_int_equal(arrays.items[0].shape[2], 4);
    assert_memory_equal(arrays.items[0].data, expected, sizeof expected);
    xhat_arrays_free(&arrays);
}

static void big_endian_is_swapped(void **state)
{
    (void)state;
    xhat_arrays arrays;
    assert_ok(read_npy(&arrays,
                       "{'descr': '>i2', 'fortran_order': False, "
                       "'shape': (2,), }",
                       "\x01\x02\xff\xfe", 4, error));
    assert_close(xhat_array_f64_at(&arrays.items[0], 0), 0x102, 0, 0);
    assert_close(xhat_array_f64_at(&arrays.items[0], 1), -2, 0, 0);
    xhat_arrays_free(&arrays);
    assert_ok(read_npy(&arrays,
                       "{'descr': '>f4', 'fortran_order': False, 'shape': ()}",
                       "\x3f\x80\x00\x00", 4, error));
    assert_int_equal(arrays.items[0].rank, 0);
    assert_close(xhat_array_f64_at(&arrays.items[0], 0), 1, 0, 0);
    xhat_arrays_free(&arrays);
    assert_ok(read_npy(&arrays,
                       "{'descr': '>f8', 'fortran_order': False, 'shape': ()}",
                       "\x3f\xf8\0\0\0\0\0\0", 8, error));
    assert_close(xhat_array_f64_at(&arrays.items[0], 0), 1.5, 0, 0);
    xhat_arrays_free(&arrays);
}

static void headers_may_be_written_differently(void **state)
{
    (void)state;
    static const char *const headers[] = {
        "{'shape':(2L,),'fortran_order':False,'descr':'|u1'}",
        "{ \"descr\" : \"<u1\" , \"fortran_order\" : False ,\"shape\":(2,) }  ",
        "{'descr': '=u1', 'fortran_order': True, 'shape': (1, 2,), }   \n",
    };
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        xhat_arrays arrays;
        assert_ok(read_npy(&arrays, headers[i], "\x05\x06", 2, error));
        assert_close(xhat_array_f64_at(&arrays.items[0], 1), 6, 0, 0);
        xhat_arrays_free(&arrays);
    }
}

static void other_versions_have_longer_lengths(void **state)
{
    (void)state;
    static const char header[] =
        "{'descr': '|i1', 'fortran_order': False, 'shape': (1,), }";
    for (unsigned char version = 2; version <= 4; version++) {
        xhat_arrays arrays;
        unsigned char file[12 + sizeof header] = "\x93NUMPY";
        file[6] = version;
        file[8] = sizeof header - 1;
        memcpy(file + 12, header, sizeof header - 1);
        file[sizeof file - 1] = 0xff;
        if (version == 4) {
            assert_fails(xhat_arrays_read_memory(&arrays, file, sizeof file,
                                                 "x", NULL, error),
                         XHAT_BAD_FORMAT, "x: npy version 4.0");
            break;
        }
        assert_ok(xhat_arrays_read_memory(&arrays, file, sizeof file, "x", NULL,
                                          error));
        assert_close(xhat_array_f64_at(&arrays.items[0], 0), -1, 0, 0);
        xhat_arrays_free(&arrays);
    }
}

static void booleans_are_0_or_1(void **state)
{
    (void)state;
    xhat_arrays arrays;
    assert_ok(read_npy(&arrays,
                       "{'descr': '|b1', 'fortran_order': False, "
                       "'shape': (3,), }",
                       "\x00\x01\x07", 3, error));
    assert_memory_equal(arrays.items[0].data, "\x00\x01\x01", 3);
    xhat_arrays_free(&arrays);
}

static void empty_arrays_are_read(void **state)
{
    (void)state;
    xhat_arrays arrays;
    assert_ok(read_npy(&arrays,
                       "{'descr': '<f8', 'fortran_order': True, "
                       "'shape': (0, 18446744073709551615, 7), }",
                       NULL, 0, error));
    assert_int_equal(xhat_array_count(&arrays.items[0]), 0);
    xhat_arrays_free(&arrays);
}

static void what_is_wrong_is_named(void **state)
{
    (void)state;
#define OF(type, shape)                                                        \
    "{'descr': " type ", 'fortran_order': False, 'shape': " shape ", }"
    static const struct {
        const char *header, *message;
        xhat_status status;
    } cases[] = {
        {OF("'|O'", "(2,)"),
         "'|O': Python objects, and nothing is ever unpickled",
         XHAT_UNSUPPORTED},
        {OF("'<U5'", "(2,)"), "'<U5': strings", XHAT_UNSUPPORTED},
        {OF("'|S5'", "(2,)"), "'|S5': strings", XHAT_UNSUPPORTED},
        {OF("'<c8'", "(2,)"), "'<c8': complex", XHAT_UNSUPPORTED},
        {OF("'<M8[ns]'", "(2,)"), "'<M8[ns]': dates", XHAT_UNSUPPORTED},
        {OF("'<f16'", "(2,)"), "dtype '<f16'", XHAT_UNSUPPORTED},
        {OF("'|V3'", "(2,)"), "'|V3': records", XHAT_UNSUPPORTED},
        {OF("''", "(2,)"), "dtype ''", XHAT_UNSUPPORTED},
        {OF("[('a', '<f4')]", "(2,)"), "structured", XHAT_UNSUPPORTED},
        {OF("'|u1'", "(3,)"), "promises 3 uint8 (3 bytes), but 2 bytes",
         XHAT_BAD_FORMAT},
        {OF("'|u1'", "(1,)"), "promises 1 uint8 (1 bytes), but 2 bytes",
         XHAT_BAD_FORMAT},
        {OF("'<f8'", "(4611686018427387904, 4)"), "more than can be addressed",
         XHAT_BAD_FORMAT},
        {OF("'<f8'", "(1000000, 1000000)"), "(8000000000000 bytes)",
         XHAT_BAD_FORMAT},
        {OF("'|u1'", "(99999999999999999999,)"), "a size below 2^64",
         XHAT_BAD_FORMAT},
        {OF("'|u1'", "(2)"), "a comma", XHAT_BAD_FORMAT},
        {OF("'|u1'", "(-2,)"), "a size", XHAT_BAD_FORMAT},
        {OF("'|u1'", "(1 2)"), "a size", XHAT_BAD_FORMAT},
        {OF("'|u1'", "(1,1,1,1,1,1,1,1,2)"), "more than 8 axes",
         XHAT_BAD_FORMAT},
        {OF("'|u1'", "2"), "a shape expected at byte 50", XHAT_BAD_FORMAT},
        {"{'descr': '|u1', 'shape': (2,), }", "once each", XHAT_BAD_FORMAT},
        {"{'descr': '|u1', 'descr': '|u1', 'fortran_order': False}",
         "once each", XHAT_BAD_FORMAT},
        {"{'descr': '|u1', 'fortran_order': 1, 'shape': (2,)}", "True or False",
         XHAT_BAD_FORMAT},
        {OF("'|u1'", "(2,)") "x", "the end", XHAT_BAD_FORMAT},
        {"['descr']", "'{'", XHAT_BAD_FORMAT},
        {"", "'{'", XHAT_BAD_FORMAT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        xhat_arrays arrays;
        assert_fails(read_npy(&arrays, cases[i].header, "\x05\x06", 2, error),
                     cases[i].status, cases[i].message);
    }
}

/* A lie about the size is found before memory is taken for it. */
static void lies_take_no_memory(void **state)
{
    (void)state;
    xhat_arrays arrays;
    counting c = {0};
    xhat_allocator allocator = counting_on(&c);
    bytes b = make_npy(OF("'<f8'", "(1000000000,)"), "12345678", 8);
    assert_int_equal(
        xhat_arrays_read_memory(&arrays, b.data, b.size, "x", &allocator, NULL),
        XHAT_BAD_FORMAT);
    assert_int_equal(c.calls, 0);
    free_bytes(&b);
}

static void every_element_comes_back(void **state)
{
    (void)state;
    static uint64_t data[6] = {0x0101010101010101, 0, 0x0001000100000100};
    for (int e = XHAT_ELEMENT_BOOL; e <= XHAT_ELEMENT_F64; e++)
        for (int rank = 0; rank <= XHAT_RANK_MAX; rank++) {
            xhat_array array = {"", (xhat_element)e, rank, {0}, data};
            for (int i = 0; i < rank; i++)
                array.shape[i] = i == 0 ? 2 : i == 1 ? 3 : 1;
            xhat_arrays back;
            const char *path = in_folder("back.npy");
            assert_ok(xhat_npy_write(path, true, &array, error));
            assert_ok(xhat_arrays_read(&back, path, NULL, error));
            const xhat_array *b = &back.items[0];
            assert_int_equal(b->element, e);
            assert_int_equal(b->rank, rank);
            assert_memory_equal(b->shape, array.shape, sizeof array.shape);
            assert_memory_equal(b->data, data,
                                xhat_array_count(b) *
                                    xhat_element_size(b->element));
            xhat_arrays_free(&back);
        }
}

static void headers_are_padded(void **state)
{
    (void)state;
    double value = 1;
    xhat_array array = {"", XHAT_ELEMENT_F64, 0, {0}, &value};
    assert_ok(xhat_npy_write(in_folder("one.npy"), true, &array, error));
    bytes written = get_file(in_folder("one.npy"));
    assert_int_equal(written.size, 128 + 8);
    assert_int_equal(written.data[127], '\n');
    assert_memory_equal(
        written.data + 10,
        "{'descr': '<f8', 'fortran_order': False, 'shape': (), }", 55);
    free_bytes(&written);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fortran_order_is_transposed),
        cmocka_unit_test(big_endian_is_swapped),
        cmocka_unit_test(headers_may_be_written_differently),
        cmocka_unit_test(other_versions_have_longer_lengths),
        cmocka_unit_test(booleans_are_0_or_1),
        cmocka_unit_test(empty_arrays_are_read),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(lies_take_no_memory),
        cmocka_unit_test(every_element_comes_back),
        cmocka_unit_test(headers_are_padded),
    };
    return cmocka_run_group_tests(tests, folder_setup, folder_teardown);
}
