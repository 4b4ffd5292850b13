/* Tables: columns of numbers and columns of text. */
#include "files_fixture.h"

#include <unistd.h>

#define READ_TABLE(table, text)                                                \
    xhat_table_read_memory((table), (text), strlen(text), "t.csv", NULL, error)

static void columns_are_numbers_or_text(void **state)
{
    (void)state;
    xhat_table t;
    assert_ok(READ_TABLE(&t, "# flowers\n"
                             "length,\"kind, of\"\n"
                             "5.1,setosa\n"
                             "\n"
                             "4.9,\"iris \"\"b\"\"\"\n"));
    assert_int_equal(t.rows, 2);
    assert_int_equal(t.columns, 2);
    assert_true(t.has_header);
    assert_string_equal(t.note, "header line, delimiter ','");
    assert_string_equal(t.column[0].name, "length");
    assert_string_equal(t.column[1].name, "kind, of");
    assert_true(t.column[0].numeric);
    assert_null(t.column[0].texts);
    assert_close(xhat_table_number(&t, 1, &t.column[0]), 4.9, 0, 0);
    assert_false(t.column[1].numeric);
    assert_int_equal(t.numeric, 1);
    assert_string_equal(t.column[1].texts[0], "setosa");
    assert_string_equal(t.column[1].texts[1], "iris \"b\"");
    assert_int_equal(t.line[0], 3);
    assert_int_equal(t.line[1], 5);
    xhat_table_free(&t);
    assert_null(t.column);
}

static void columns_without_a_name_get_one(void **state)
{
    (void)state;
    xhat_table t;
    assert_ok(READ_TABLE(&t, "1;a\n2;b\n"));
    assert_false(t.has_header);
    assert_string_equal(t.column[0].name, "column 1");
    assert_string_equal(t.column[1].name, "column 2");
    assert_string_equal(t.column[1].texts[0], "a");
    xhat_table_free(&t);
    assert_ok(READ_TABLE(&t, ",a\n1,2\n"));
    assert_true(t.has_header);
    assert_string_equal(t.column[0].name, "column 1");
    assert_string_equal(t.column[1].name, "a");
    xhat_table_free(&t);
}

static void missing_cells_are_counted(void **state)
{
    (void)state;
    xhat_table t;
    assert_ok(READ_TABLE(&t, "a,b,c,d\n1,?,x,NA\n,2,,na\nn/a,NULL,y,nan\n"));
    assert_int_equal(t.column[0].missing, 2);
    assert_true(t.column[0].numeric);
    assert_close(xhat_table_number(&t, 0, &t.column[0]), 1, 0, 0);
    assert_true(isnan(xhat_table_number(&t, 1, &t.column[0])));
    assert_int_equal(t.column[1].missing, 2);
    assert_close(xhat_table_number(&t, 1, &t.column[1]), 2, 0, 0);
    assert_false(t.column[2].numeric);
    assert_int_equal(t.column[2].missing, 1);
    assert_string_equal(t.column[2].texts[1], "");
    assert_int_equal(t.column[3].missing, 2); /* nan is a number */
    xhat_table_free(&t);
}

/* a column that turns out to be text late */
static void a_late_text_turns_the_column(void **state)
{
    (void)state;
    xhat_table t;
    assert_ok(READ_TABLE(&t, "1,2\n3,4\n5,end\n"));
    assert_true(t.column[0].numeric);
    assert_false(t.column[1].numeric);
    assert_string_equal(t.column[1].texts[0], "2");
    assert_string_equal(t.column[1].texts[2], "end");
    xhat_table_free(&t);
}

static void a_file_of_texts_has_no_header(void **state)
{
    (void)state;
    xhat_table t;
    assert_ok(READ_TABLE(&t, "red\ngreen\nblue\n"));
    assert_false(t.has_header);
    assert_int_equal(t.rows, 3);
    assert_string_equal(t.column[0].texts[0], "red");
    xhat_table_free(&t);
}

/* Nothing but text: a first row whose texts come nowhere again, above columns
 * whose texts do. */
static void a_header_above_texts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool header;
    } cases[] = {
        {"class,cap\ne,x\np,x\ne,b\np,b\n", true},
        {"class;\"cap, or\"\ne;x\ne;x\ne;x\ne;x\n", true},
        {"e,x\np,x\ne,b\np,b\ne,x\n", false},        /* its texts come again */
        {"q,r\np,x\ne,b\np,b\ne,r\n", false},        /* one of them does */
        {"class,cap\ne,x\np,x\ne,b\n", false},       /* too few rows to tell */
        {"class,name\ne,a\np,b\ne,c\np,d\n", false}, /* one column repeats */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        xhat_table t;
        assert_ok(READ_TABLE(&t, cases[i].text));
        if (t.has_header != cases[i].header)
            fail_msg("case %zu: %d", i, t.has_header);
        xhat_table_free(&t);
    }
}

static void a_wide_row_of_empty_cells(void **state)
{
    (void)state;
    xhat_table t;
    assert_ok(READ_TABLE(&t, ",,,,\n,,,,\n"));
    assert_int_equal(t.rows, 2);
    assert_int_equal(t.columns, 5);
    assert_int_equal(t.column[4].missing, 2);
    xhat_table_free(&t);
    assert_fails(READ_TABLE(&t, ",,,,\n1\n2\n"), XHAT_BAD_FORMAT,
                 "t.csv:2: 1 value where line 1 has 5");
    assert_fails(READ_TABLE(&t, ",,,,\n1"), XHAT_BAD_FORMAT,
                 "t.csv:2: 1 value where line 1 has 5");
    assert_null(t.column);
}

static void failures_leave_nothing(void **state)
{
    (void)state;
    xhat_table t;
    assert_fails(READ_TABLE(&t, ""), XHAT_BAD_FORMAT,
                 "t.csv: the file is empty");
    assert_fails(READ_TABLE(&t, "a,b\n1,x\n2\n"), XHAT_BAD_FORMAT,
                 "t.csv:3: 1 value where line 1 has 2");
    assert_int_equal(t.columns, 0);
    assert_fails(xhat_table_read(&t, "/no/such/file", NULL, error),
                 XHAT_CANNOT_READ,
                 "cannot read /no/such/file: No such file or directory");
}

static void known_tables_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        size_t rows, columns, texts;
        bool header;
    } cases[] = {
        {SHARED_DATA "/csv/iris.data", 150, 7, 0, false},
        {SHARED_DATA "/csv/wine.data", 178, 14, 1, true},
        {SHARED_DATA "/csv/wdbc.data", 569, 33, 0, false},
        {SHARED_DATA "/csv/optdigits.tra", 3823, 65, 0, true},
        {SHARED_DATA "/csv/optdigits.tes", 1797, 65, 0, true},
    };
    if (access(cases[0].path, R_OK) != 0) {
        print_message("%s is not there\n", cases[0].path);
        skip();
    }
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        xhat_table t;
        size_t texts = 0;
        assert_ok(xhat_table_read(&t, cases[i].path, NULL, error));
        assert_int_equal(t.rows, cases[i].rows);
        assert_int_equal(t.columns, cases[i].columns);
        assert_int_equal(t.has_header, cases[i].header);
        for (size_t c = 0; c < t.columns; c++)
            texts += !t.column[c].numeric;
        assert_int_equal(texts, cases[i].texts);
        xhat_table_free(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_numbers_or_text),
        cmocka_unit_test(columns_without_a_name_get_one),
        cmocka_unit_test(missing_cells_are_counted),
        cmocka_unit_test(a_late_text_turns_the_column),
        cmocka_unit_test(a_file_of_texts_has_no_header),
        cmocka_unit_test(a_header_above_texts),
        cmocka_unit_test(a_wide_row_of_empty_cells),
        cmocka_unit_test(failures_leave_nothing),
        cmocka_unit_test(known_tables_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
