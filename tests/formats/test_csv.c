/* CSV as arrays of numbers: what is detected, and where errors are. */
#include "files_fixture.h"

/* text is read as rows x columns of those values and described by note */
static void check_reads(const char *text, size_t rows, size_t columns,
                        const double *values, const char *note)
{
    xhat_arrays arrays;
    assert_ok(READ_TEXT(&arrays, text));
    assert_int_equal(arrays.count, 1);
    const xhat_array *array = &arrays.items[0];
    assert_int_equal(array->element, XHAT_ELEMENT_F64);
    assert_int_equal(array->rank, 2);
    assert_int_equal(array->shape[0], rows);
    assert_int_equal(array->shape[1], columns);
    for (size_t i = 0; i < rows * columns; i++)
        assert_close(xhat_array_f64_at(array, i), values[i], 0, 0);
    assert_string_equal(arrays.note, note);
    assert_string_equal(arrays.format,
                        strstr(note, "tab") != NULL ? "tsv" : "csv");
    xhat_arrays_free(&arrays);
}

#define CHECK_READS(text, rows, columns, note, ...)                            \
    check_reads(text, rows, columns, (const double[]){__VA_ARGS__}, note)

static void delimiters_are_detected(void **state)
{
    (void)state;
    CHECK_READS("1,10\n2,20\n", 2, 2, "no header line, delimiter ','", 1, 10, 2,
                20);
    CHECK_READS("a;b\n1;10\n2;20\n", 2, 2, "header line, delimiter ';'", 1, 10,
                2, 20);
    CHECK_READS("1\t10\n2\t20\n", 2, 2, "no header line, delimiter tab", 1, 10,
                2, 20);
    CHECK_READS("  1   10\n2 \t20  \n", 2, 2,
                "no header line, delimiter blanks", 1, 10, 2, 20);
    CHECK_READS("1, 10\n2 , 20\n", 2, 2, "no header line, delimiter ','", 1, 10,
                2, 20);
    CHECK_READS("x\n1\n2\n3\n", 3, 1, "header line, one column", 1, 2, 3);
    CHECK_READS("\"a,b\";c\n1;2\n", 1, 2, "header line, delimiter ';'", 1, 2);
    CHECK_READS("first value,second\n1,2\n", 1, 2, "header line, delimiter ','",
                1, 2);
}

static void decimal_commas_are_read_where_nothing_else_is_meant(void **state)
{
    (void)state;
    const char *note = "header line, delimiter ';', decimal commas";
    CHECK_READS("a;b\n1,5;2,3\n-,25;1e2\n", 2, 2, note, 1.5, 2.3, -.25, 100);
    CHECK_READS("a;b\n\"1,5\";+7\n3;1,5e-3\n", 2, 2, note, 1.5, 7, 3, 1.5e-3);
    CHECK_READS("a;b\n1,234;0,5\n999,999;8\n", 2, 2, note, 1.234, .5, 999.999,
                8);
    CHECK_READS("a;b\n1,234;2\n1,2345;8\n", 2, 2, note, 1.234, 2, 1.2345, 8);
    CHECK_READS("1,5;2\n2;3\n", 2, 2,
                "no header line, delimiter ';', decimal commas", 1.5, 2, 2, 3);
    CHECK_READS("1,5\n2,3\n", 2, 2, "no header line, delimiter ','", 1, 5, 2,
                3);
    static const char *const refused[] = {
        "a;b\n1,234;2\n-999,999;8\n", /* thousands, for all one knows */
        "a;b\n1,5;2\n3;0.5\n",        /* two signs */
        "a;b\n1,5;2\n1.234,5;2\n",    /* thousands and a decimal comma */
        "a;b\n1,5;2\n1,234,5;2\n",    /* two commas */
        "a\tb\n1,5\t2\n3,5\t4\n",     /* tabs: not so clear */
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        xhat_arrays arrays;
        assert_fails(READ_TEXT(&arrays, refused[i]), XHAT_BAD_FORMAT,
                     "is not a number");
    }
}

static void what_is_no_row_is_skipped(void **state)
{
    (void)state;
    CHECK_READS("\xef\xbb\xbf# a comment\n\n1,2\r\n  \n # more\n3,4", 2, 2,
                "no header line, delimiter ','", 1, 2, 3, 4);
    CHECK_READS("1,2\r3,4\r", 2, 2, "no header line, delimiter ','", 1, 2, 3,
                4);
    CHECK_READS("a,b\n", 0, 2, "header line, delimiter ','", 0);
}

static void numbers_are_read_exactly(void **state)
{
    (void)state;
    CHECK_READS("0.1,-0.25\n1e-05,+4\n", 2, 2, "no header line, delimiter ','",
                0.1, -0.25, 1e-5, 4);
    CHECK_READS("123456789012345678,0.30000000000000004\n"
                "9007199254740993,2.2250738585072011e-308\n"
                ".5,5.\n",
                3, 2, "no header line, delimiter ','", 123456789012345678.0,
                0.30000000000000004, 9007199254740993.0,
                2.2250738585072011e-308, 0.5, 5.0);
    CHECK_READS("7,inf\n-inf,NaN\n", 2, 2,
                "no header line, delimiter ','; the first NaN or Inf is at "
                "line 1, column 3",
                7, INFINITY, -INFINITY, NAN);
    CHECK_READS("\"1\",\"2\"\n", 1, 2, "no header line, delimiter ','", 1, 2);
}

static void the_sign_of_zero_is_kept(void **state)
{
    (void)state;
    xhat_arrays arrays;
    assert_ok(READ_TEXT(&arrays, "-0,0\n"));
    assert_true(signbit(xhat_array_f64_at(&arrays.items[0], 0)));
    assert_false(signbit(xhat_array_f64_at(&arrays.items[0], 1)));
    xhat_arrays_free(&arrays);
}

static void errors_have_a_place(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"1,10\n2,20\n3,  n/a\n", "batch.csv:3:5: \"n/a\" is not a number"},
        {"a,b\n1,2\n3,\"x\n\",5\n", "batch.csv:3:3: \"x?\" is not a number"},
        {"a,b\n1,2\n\"x\n\",5\n", "batch.csv:3:1: \"x?\" is not a number"},
        {"1,2\n,3\n", "batch.csv:2:1: \"\" is not a number"},
        {"1;2\n3,500;4\n", "batch.csv:2:1: \"3,500\" is not a number"},
        {"1,5;2.5\n3,5;4,5\n", "batch.csv:1:1: \"1,5\" is not a number"},
        {"1,0x10\n", "batch.csv:1:3: \"0x10\" is not a number"},
        {"1,1e-3x\n", "batch.csv:1:3: \"1e-3x\" is not a number"},
        {"1 2 3 4\n\n# no\n1 2 3\n",
         "batch.csv:4: 3 values where line 1 has 4"},
        {"#\n1,2\n3\n", "batch.csv:3: 1 value where line 2 has 2"},
        {"1\n2,3\n", "batch.csv:2: 2 values where line 1 has 1"},
        {"\"1,", "batch.csv:1:1: the quote is never closed"},
        {"1,2\r3,x\r", "batch.csv:2:3: \"x\" is not a number"},
        {"1,\"2\n", "batch.csv:1:3: the quote is never closed"},
        {"1,\"2\"3\n", "batch.csv:1:3: text after the closing quote"},
        {"# only comments\n", "batch.csv: holds no values"},
        {"hello", "batch.csv:1:1: \"hello\" is not a number"},
        {"1,\xe9", "batch.csv:1:3: \"?\" is not a number"},
        {"1,\xce\xb3", "batch.csv:1:3: \"\xce\xb3\" is not a number"},
        {"", "batch.csv: the file is empty"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        xhat_arrays arrays;
        assert_fails(READ_TEXT(&arrays, cases[i].text), XHAT_BAD_FORMAT,
                     cases[i].message);
        assert_null(arrays.items);
    }
}

static void a_long_cell_is_cut_in_the_message(void **state)
{
    (void)state;
    xhat_arrays arrays;
    char text[2000] = "1,";
    memset(text + 2, 'x', sizeof text - 3);
    assert_fails(READ_TEXT(&arrays, text), XHAT_BAD_FORMAT,
                 "xxxxxxxxxxxxxxxxxxxx...\" is not a number");
}

static void a_nul_is_no_text(void **state)
{
    (void)state;
    xhat_table table;
    assert_fails(
        xhat_table_read_memory(&table, "1\0,2\n", 5, "t.csv", NULL, error),
        XHAT_BAD_FORMAT, "t.csv: a NUL byte");
}

static void what_is_written_reads_back(void **state)
{
    (void)state;
    static double values[] = {0.1, -1.0 / 3, 5e-324, INFINITY, 1e300, -0.0};
    xhat_array array = {.name = "",
                        .element = XHAT_ELEMENT_F64,
                        .rank = 2,
                        .shape = {3, 2},
                        .data = values};
    static const char delimiters[] = {',', ';', '\t', ' '};
    for (size_t d = 0; d < sizeof delimiters; d++) {
        xhat_arrays back;
        const char *path = in_folder("values.csv");
        assert_ok(xhat_csv_write(path, true, &array, delimiters[d], error));
        assert_ok(xhat_arrays_read(&back, path, NULL, error));
        assert_memory_equal(back.items[0].data, values, sizeof values);
        assert_int_equal(back.items[0].shape[1], 2);
        xhat_arrays_free(&back);
    }
}

static void every_element_is_written_with_its_own_digits(void **state)
{
    (void)state;
    static uint64_t large[] = {UINT64_MAX, 0};
    static int64_t low[] = {INT64_MIN, 1};
    static float tenth[] = {0.1f, 2};
    const struct {
        xhat_array array;
        const char *text;
    } cases[] = {
        {{"", XHAT_ELEMENT_U64, 1, {2}, large}, "18446744073709551615\n0\n"},
        {{"", XHAT_ELEMENT_I64, 1, {2}, low}, "-9223372036854775808\n1\n"},
        {{"", XHAT_ELEMENT_F32, 2, {1, 2}, tenth}, "0.1,2\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *path = in_folder("digits.csv");
        assert_ok(xhat_csv_write(path, true, &cases[i].array, ',', error));
        bytes written = get_file(path);
        assert_int_equal(written.size, strlen(cases[i].text));
        assert_memory_equal(written.data, cases[i].text, written.size);
        free_bytes(&written);
    }
}

static void only_tables_are_written(void **state)
{
    (void)state;
    static double value;
    xhat_array cube = {"out", XHAT_ELEMENT_F64, 3, {1, 1, 1}, &value};
    assert_fails(xhat_csv_write("no.csv", false, &cube, ',', error),
                 XHAT_SHAPE_MISMATCH, "out is 1x1x1");
    assert_fails(xhat_csv_write("no.csv", false, &cube, 'x', error),
                 XHAT_INVALID_ARGUMENT, "delimiter 'x'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delimiters_are_detected),
        cmocka_unit_test(decimal_commas_are_read_where_nothing_else_is_meant),
        cmocka_unit_test(what_is_no_row_is_skipped),
        cmocka_unit_test(numbers_are_read_exactly),
        cmocka_unit_test(the_sign_of_zero_is_kept),
        cmocka_unit_test(errors_have_a_place),
        cmocka_unit_test(a_long_cell_is_cut_in_the_message),
        cmocka_unit_test(a_nul_is_no_text),
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(every_element_is_written_with_its_own_digits),
        cmocka_unit_test(only_tables_are_written),
    };
    return cmocka_run_group_tests(tests, folder_setup, folder_teardown);
}
