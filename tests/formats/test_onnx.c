/* ONNX: what is written is read again; files of others, cut, damaged, lying. */
#include "files_fixture.h"
#include "formats/onnx.h"

static float weight[6] = {1, 2, 3, 4, 5, -6.5f};
static double scale = 2.5;

/* A small graph, written; its bytes. */
static bytes written(void)
{
    const xhat_array arrays[2] = {{.name = "0.weight",
                                   .element = XHAT_ELEMENT_F32,
                                   .rank = 2,
                                   .shape = {2, 3},
                                   .data = weight},
                                  {.name = "scale",
                                   .element = XHAT_ELEMENT_F64,
                                   .rank = 0,
                                   .data = &scale}};
    const xhat_onnx_node nodes[2] = {
        {"Gemm",
         {"x", "0.weight"},
         "0.out",
         {{"transB", XHAT_ONNX_INT, 1}, {"alpha", XHAT_ONNX_FLOAT, 0.5}}},
        {"ReduceMean", {"0.out"}, "out", {{"axes", XHAT_ONNX_INTS, -1}}}};
    const xhat_onnx_value out = {"out", XHAT_ELEMENT_F32, 2};
    const char *const keys[] = {"note"}, *const values[] = {"caf\xc3\xa9"};
    const char *path = in_folder("net.onnx");
    assert_ok(xhat_onnx_write(path, true,
                              &(xhat_onnx_graph){"net",
                                                 nodes,
                                                 2,
                                                 arrays,
                                                 2,
                                                 {"x", XHAT_ELEMENT_F32, 3},
                                                 &out,
                                                 1,
                                                 keys,
                                                 values,
                                                 1},
                              error));
    return get_file(path);
}

static xhat_status read_bytes(xhat_arrays *arrays, const void *data,
                              size_t size, xhat_error *error)
{
    return xhat_arrays_read_memory(arrays, data, size, "net.onnx", NULL, error);
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    bytes file = written();
    xhat_arrays read;
    assert_ok(read_bytes(&read, file.data, file.size, error));
    assert_string_equal(read.format, "onnx");
    assert_int_equal(read.count, 2);
    const xhat_array *array = xhat_arrays_find(&read, "0.weight");
    assert_non_null(array);
    assert_int_equal(array->rank, 2);
    assert_true(array->shape[0] == 2 && array->shape[1] == 3);
    assert_memory_equal(array->data, weight, sizeof weight);
    array = xhat_arrays_find(&read, "scale");
    assert_true(array->rank == 0 && *(double *)array->data == 2.5);
    static const char *const expected[][2] = {{"onnx.opset", "15"},
                                              {"onnx.nodes", "Gemm ReduceMean"},
                                              {"onnx.inputs", "x"},
                                              {"onnx.outputs", "out"},
                                              {"note", "caf\xc3\xa9"}};
    for (int i = 0; i < 5; i++)
        assert_string_equal(xhat_arrays_metadata(&read, expected[i][0]),
                            expected[i][1]);
    xhat_arrays_free(&read);
    free_bytes(&file);
}

static void every_truncation_fails(void **state)
{
    (void)state;
    bytes file = written();
    for (size_t size = 0; size < file.size; size++) {
        xhat_arrays read;
        xhat_error error = {0};
        bytes copy = get_copy(file.data, size);
        if (read_bytes(&read, copy.data, size, &error) == XHAT_OK)
            fail_msg("%zu of %zu bytes are read", size, file.size);
        assert_true(strlen(error.message) > 0);
        free_bytes(&copy);
    }
    free_bytes(&file);
}

static void every_damaged_byte_is_survived(void **state)
{
    (void)state;
    bytes file = written();
    for (size_t at = 0; at < file.size; at++)
        for (int mask = 1; mask < 256; mask = 2 * mask + 1) {
            xhat_arrays read;
            bytes copy = get_copy(file.data, file.size);
            copy.data[at] ^= (unsigned char)mask;
            if (read_bytes(&read, copy.data, copy.size, NULL) == XHAT_OK)
                for (size_t i = 0; i < read.count; i++)
                    for (size_t k = xhat_array_count(&read.items[i]); k-- > 0;)
                        (void)xhat_array_f64_at(&read.items[i], k);
            xhat_arrays_free(&read);
            free_bytes(&copy);
        }
    free_bytes(&file);
}

/* ---- files of others ----------------------------------------------------- */

/* A model whose graph is one initializer with these fields, size bytes. */
static xhat_status read_tensor(xhat_arrays *read, const void *tensor,
                               size_t size, xhat_error *error)
{
    unsigned char file[200];
    const unsigned char head[] = {
        8, 7, 0x3a, (unsigned char)(size + 2), 0x2a, (unsigned char)size};
    const unsigned char opset[] = {0x42, 2, 0x10, 13};
    assert_true(size < 100);
    memcpy(file, head, sizeof head);
    memcpy(file + sizeof head, tensor, size);
    memcpy(file + sizeof head + size, opset, sizeof opset);
    return read_bytes(read, file, sizeof head + size + sizeof opset, error);
}

static void the_ways_to_hold_elements(void **state)
{
    (void)state;
    xhat_arrays read;
    /* packed shape (2), float_data; shape (2), double_data; int64_data */
    assert_ok(read_tensor(
        &read, "\x0a\x01\x02\x10\x01\x22\x08\0\0\x80\x3f\0\0\0\x40\x42\x01w",
        18, error));
    assert_string_equal(read.items[0].name, "w");
    assert_true(xhat_array_f64_at(&read.items[0], 1) == 2);
    xhat_arrays_free(&read);
    assert_ok(read_tensor(&read, "\x08\x01\x10\x0b\x52\x08\0\0\0\0\0\0\x04\x40",
                          14, error));
    assert_true(xhat_array_f64_at(&read.items[0], 0) == 2.5);
    xhat_arrays_free(&read);
    assert_ok(read_tensor(
        &read,
        "\x08\x02\x10\x07\x3a\x0b\x05\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        17, error));
    assert_true(xhat_array_f64_at(&read.items[0], 0) == 5);
    assert_true(xhat_array_f64_at(&read.items[0], 1) == -1);
    xhat_arrays_free(&read);
}

static void what_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *tensor;
        size_t size;
        xhat_status status;
        const char *message;
    } cases[] = {
        {"\x08\x03\x10\x01\x4a\x04\0\0\0\0", 10, XHAT_BAD_FORMAT,
         "has not as many elements as its shape says"},
        {"\x08\x80\x80\x80\x80\x80\x80\x80\x80\x10\x08\x80\x10\x10\x01", 15,
         XHAT_BAD_FORMAT, "is too large"},
        {"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x10\x01", 13,
         XHAT_BAD_FORMAT, "shape that is none"},
        {"\x08\x01\x10\x08\x4a\x01x\x42\x01w", 10, XHAT_UNSUPPORTED,
         "array w has a type that is not read"},
        {"\x08\x01\x10\x01\x6a\x02\x0a\0\x42\x01w", 11, XHAT_UNSUPPORTED,
         "array w lies in another file"},
        {"\x08\x02\x10\x07\x3a\x01\x05", 7, XHAT_BAD_FORMAT,
         "has not as many elements"},
        {"\x08\x01\x10\x01\x4a\x09", 6, XHAT_BAD_FORMAT,
         "is cut off or damaged"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        xhat_arrays read;
        xhat_error error = {0};
        xhat_status status =
            read_tensor(&read, cases[i].tensor, cases[i].size, &error);
        if (status != cases[i].status ||
            strstr(error.message, cases[i].message) == NULL)
            fail_msg("case %zu: %s: \"%s\"", i, xhat_status_name(status),
                     error.message);
    }
}

static void each_failing_allocation(void **state)
{
    (void)state;
    bytes file = written();
    xhat_status status = XHAT_OUT_OF_MEMORY;
    for (size_t at = 1; status != XHAT_OK; at++) {
        counting c = {.fail_at = at};
        xhat_allocator allocator = counting_on(&c);
        xhat_arrays read;
        status = xhat_arrays_read_memory(&read, file.data, file.size, "f",
                                         &allocator, NULL);
        if (status == XHAT_OK)
            xhat_arrays_free(&read);
        else
            assert_int_equal(status, XHAT_OUT_OF_MEMORY);
        assert_int_equal(c.alive, 0);
    }
    free_bytes(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(every_truncation_fails),
        cmocka_unit_test(every_damaged_byte_is_survived),
        cmocka_unit_test(the_ways_to_hold_elements),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(each_failing_allocation),
    };
    return cmocka_run_group_tests(tests, folder_setup, folder_teardown);
}
