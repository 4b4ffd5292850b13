/* Elements and their conversions; the container; inline matrices. */
#include "files_fixture.h"

static xhat_array row_of(xhat_element element, size_t count, void *data)
{
    return (xhat_array){"", element, 1, {count}, data};
}

static void sizes_and_names(void **state)
{
    (void)state;
    static const struct {
        xhat_element element;
        size_t size;
        const char *name;
    } all[] = {
        {XHAT_ELEMENT_BOOL, 1, "bool"},   {XHAT_ELEMENT_U8, 1, "uint8"},
        {XHAT_ELEMENT_I8, 1, "int8"},     {XHAT_ELEMENT_U16, 2, "uint16"},
        {XHAT_ELEMENT_I16, 2, "int16"},   {XHAT_ELEMENT_U32, 4, "uint32"},
        {XHAT_ELEMENT_I32, 4, "int32"},   {XHAT_ELEMENT_U64, 8, "uint64"},
        {XHAT_ELEMENT_I64, 8, "int64"},   {XHAT_ELEMENT_F16, 2, "float16"},
        {XHAT_ELEMENT_F32, 4, "float32"}, {XHAT_ELEMENT_F64, 8, "float64"},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        assert_int_equal(xhat_element_size(all[i].element), all[i].size);
        assert_string_equal(xhat_element_name(all[i].element), all[i].name);
    }
}

static void counts(void **state)
{
    (void)state;
    xhat_array array = {"", XHAT_ELEMENT_F32, 0, {0}, NULL};
    assert_int_equal(xhat_array_count(&array), 1);
    array.rank = 3;
    array.shape[0] = 2, array.shape[1] = 3, array.shape[2] = 4;
    assert_int_equal(xhat_array_count(&array), 24);
    array.shape[1] = 0;
    assert_int_equal(xhat_array_count(&array), 0);
}

/* both elements, through every conversion */
static void check_pair(xhat_element element, void *data, double a, double b)
{
    xhat_array array = row_of(element, 2, data);
    double wide[2];
    float narrow[2];
    xhat_array_to_f64(&array, wide);
    xhat_array_to_f32(&array, narrow);
    assert_close(wide[0], a, 0, 0);
    assert_close(wide[1], b, 0, 0);
    assert_close(xhat_array_f64_at(&array, 1), b, 0, 0);
    assert_close(narrow[0], (float)a, 0, 0);
    assert_close(narrow[1], (float)b, 0, 0);
}

static void every_element_converts(void **state)
{
    (void)state;
    check_pair(XHAT_ELEMENT_BOOL, (uint8_t[]){1, 0}, 1, 0);
    check_pair(XHAT_ELEMENT_U8, (uint8_t[]){255, 1}, 255, 1);
    check_pair(XHAT_ELEMENT_I8, (int8_t[]){-128, 127}, -128, 127);
    check_pair(XHAT_ELEMENT_U16, (uint16_t[]){65535, 2}, 65535, 2);
    check_pair(XHAT_ELEMENT_I16, (int16_t[]){-32768, 3}, -32768, 3);
    check_pair(XHAT_ELEMENT_U32, (uint32_t[]){UINT32_MAX, 4}, 4294967295.0, 4);
    check_pair(XHAT_ELEMENT_I32, (int32_t[]){INT32_MIN, 5}, -2147483648.0, 5);
    check_pair(XHAT_ELEMENT_U64, (uint64_t[]){UINT64_MAX, 6}, 0x1p64, 6);
    check_pair(XHAT_ELEMENT_I64, (int64_t[]){INT64_MIN, -7}, -0x1p63, -7);
    check_pair(XHAT_ELEMENT_F32, (float[]){0.1f, NAN}, 0.1f, NAN);
    check_pair(XHAT_ELEMENT_F64, (double[]){0.1, -INFINITY}, 0.1, -INFINITY);
}

static void halves_convert_exactly(void **state)
{
    (void)state;
    check_pair(XHAT_ELEMENT_F16, (uint16_t[]){0x3c00, 0xc000}, 1, -2);
    check_pair(XHAT_ELEMENT_F16, (uint16_t[]){0x7bff, 0x0400}, 65504, 0x1p-14);
    check_pair(XHAT_ELEMENT_F16, (uint16_t[]){0x0001, 0x83ff}, 0x1p-24,
               -1023 * 0x1p-24);
    check_pair(XHAT_ELEMENT_F16, (uint16_t[]){0x7c00, 0xfc00}, INFINITY,
               -INFINITY);
    check_pair(XHAT_ELEMENT_F16, (uint16_t[]){0x7e01, 0x3555}, NAN,
               1365 * 0x1p-12);
    xhat_array zero = row_of(XHAT_ELEMENT_F16, 1, (uint16_t[]){0x8000});
    assert_true(signbit(xhat_array_f64_at(&zero, 0)));
}

/* 2^60 + 2^36 + 1: by way of a double, which drops the 1, the tie would round
 * to even: down */
static void integers_round_to_float_once(void **state)
{
    (void)state;
    uint64_t value = ((uint64_t)1 << 60) + ((uint64_t)1 << 36) + 1;
    float narrow;
    xhat_array array = row_of(XHAT_ELEMENT_U64, 1, &value);
    xhat_array_to_f32(&array, &narrow);
    assert_true(narrow == 0x1.000002p60f);
}

static bool fits(xhat_element element, void *data)
{
    xhat_array array = row_of(element, 1, data);
    return xhat_array_fits_f32(&array);
}

static void what_fits_a_float(void **state)
{
    (void)state;
    assert_true(fits(XHAT_ELEMENT_U16, (uint16_t[]){65535}));
    assert_true(fits(XHAT_ELEMENT_F16, (uint16_t[]){1}));
    assert_true(fits(XHAT_ELEMENT_F32, (float[]){0.1f}));
    assert_false(fits(XHAT_ELEMENT_F64, (double[]){1}));
    assert_true(fits(XHAT_ELEMENT_I32, (int32_t[]){-16777216}));
    assert_false(fits(XHAT_ELEMENT_I32, (int32_t[]){-16777217}));
    assert_true(fits(XHAT_ELEMENT_I32, (int32_t[]){INT32_MIN}));
    assert_true(fits(XHAT_ELEMENT_U32, (uint32_t[]){33554430}));
    assert_false(fits(XHAT_ELEMENT_U32, (uint32_t[]){UINT32_MAX}));
    assert_true(fits(XHAT_ELEMENT_I64, (int64_t[]){INT64_MIN}));
    assert_false(fits(XHAT_ELEMENT_I64, (int64_t[]){INT64_MAX}));
    assert_true(fits(XHAT_ELEMENT_U64, (uint64_t[]){(uint64_t)1 << 63}));
    assert_false(fits(XHAT_ELEMENT_U64, (uint64_t[]){UINT64_MAX}));
    assert_true(fits(XHAT_ELEMENT_U64, (uint64_t[]){0}));
}

static void check_inline(const char *text, int rank, size_t rows,
                         size_t columns, const double *values)
{
    xhat_arrays arrays;
    assert_ok(xhat_arrays_read_inline(&arrays, text, NULL, error));
    assert_string_equal(arrays.format, "inline");
    assert_int_equal(arrays.items[0].rank, rank);
    assert_int_equal(arrays.items[0].shape[0], rank == 1 ? columns : rows);
    if (rank == 2)
        assert_int_equal(arrays.items[0].shape[1], columns);
    assert_memory_equal(arrays.items[0].data, values,
                        rows * columns * sizeof *values);
    xhat_arrays_free(&arrays);
}

static void inline_matrices(void **state)
{
    (void)state;
    check_inline("1,10; 2,20", 2, 2, 2, (double[]){1, 10, 2, 20});
    check_inline(" 1 10 ;2\t20 ", 2, 2, 2, (double[]){1, 10, 2, 20});
    check_inline("-1e-3", 1, 1, 1, (double[]){-1e-3});
    check_inline("1 , 2,3", 1, 1, 3, (double[]){1, 2, 3});
    check_inline("1;2;3", 2, 3, 1, (double[]){1, 2, 3});
}

static void wrong_inline_matrices(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"1,2;3", "row 2 has 1 value where row 1 has 2"},
        {"1;2,3", "row 2 has 2 values where row 1 has 1"},
        {"1,x", "row 1, value 2: \"x\" is not a number"},
        {"1,,2", "row 1, value 2: \"\" is not a number"},
        {"1,2,", "row 1, value 3: \"\" is not a number"},
        {"1,2;", "row 2, value 1: \"\" is not a number"},
        {"", "row 1, value 1: \"\" is not a number"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        xhat_arrays arrays;
        assert_fails(
            xhat_arrays_read_inline(&arrays, cases[i].text, NULL, error),
            XHAT_BAD_FORMAT, cases[i].message);
        assert_null(arrays.items);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_and_names),
        cmocka_unit_test(counts),
        cmocka_unit_test(every_element_converts),
        cmocka_unit_test(halves_convert_exactly),
        cmocka_unit_test(integers_round_to_float_once),
        cmocka_unit_test(what_fits_a_float),
        cmocka_unit_test(inline_matrices),
        cmocka_unit_test(wrong_inline_matrices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
