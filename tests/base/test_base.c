/* Numbers as text, growing texts, JSON, memory, statuses. */
#include "counting.h"

#include <locale.h>

#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/text.h"
#include "base/threads.h"

static void numbers_out(void **state)
{
    (void)state;
    char t[XHAT_NUMBER_SIZE];
    assert_string_equal(xhat_number_from_f64(0.1, t), "0.1");
    assert_string_equal(xhat_number_from_f64(-4, t), "-4");
    assert_string_equal(xhat_number_from_f64(1e-5, t), "1e-05");
    assert_string_equal(xhat_number_from_f64(1.0 / 3, t), "0.3333333333333333");
    assert_string_equal(xhat_number_from_f64(-0.0, t), "-0");
    assert_string_equal(xhat_number_from_f64(NAN, t), "nan");
    assert_string_equal(xhat_number_from_f64(-INFINITY, t), "-inf");
    assert_string_equal(xhat_number_from_f32(0.1f, t), "0.1");
    assert_string_equal(xhat_number_from_f32(16777216.0f, t), "16777216");
    const double hard[] = {5e-324, 1.7976931348623157e308, 0.1 + 0.2,
                           9007199254740993.0};
    for (int i = 0; i < 4; i++) {
        double back;
        xhat_number_from_f64(hard[i], t);
        assert_true(xhat_number_parse(t, strlen(t), &back));
        assert_true(back == hard[i]);
    }
}

static void numbers_in(void **state)
{
    (void)state;
    const char *good[] = {"1",   "-1.5", "+2e3",     ".5",  "5.",   "1E-3",
                          "nan", "-Inf", "INFINITY", "007", "1e999"};
    const double values[] = {1,   -1.5,      2000,     0.5, 5,       1e-3,
                             NAN, -INFINITY, INFINITY, 7,   INFINITY};
    const char *bad[] = {"",    " 1",   "1 ", "1e", "1e-3x", "0x10",  "1,5",
                         "--1", "1.2.", "e5", "+",  ".",     "infin", "na"};
    double value = 42;
    for (int i = 0; i < 11; i++) {
        assert_true(xhat_number_parse(good[i], strlen(good[i]), &value));
        assert_close(value, values[i], 0, 0);
    }
    value = 42;
    for (int i = 0; i < 14; i++)
        if (xhat_number_parse(bad[i], strlen(bad[i]), &value))
            fail_msg("\"%s\" was read as %g", bad[i], value);
    assert_true(value == 42);
    assert_false(xhat_number_parse("1\0002", 3, &value));
    assert_true(xhat_number_parse("12345", 2, &value) && value == 12);
}

static void integers_in(void **state)
{
    (void)state;
    int64_t value = 42;
    assert_true(xhat_number_parse_integer("-17", &value) && value == -17);
    assert_true(xhat_number_parse_integer("9223372036854775807", &value));
    const char *bad[] = {"", "1.0", "1e3", " 1", "9223372036854775808", "+-1"};
    value = 42;
    for (int i = 0; i < 6; i++)
        assert_false(xhat_number_parse_integer(bad[i], &value));
    assert_true(value == 42);
}

/* a decimal comma in the locale changes nothing */
static void numbers_in_another_locale(void **state)
{
    (void)state;
    const char *names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8"};
    int set = 0;
    for (int i = 0; i < 3 && !set; i++)
        set = setlocale(LC_NUMERIC, names[i]) != NULL;
    if (!set)
        skip(); /* none of them is installed */
    numbers_out(state);
    numbers_in(state);
    setlocale(LC_NUMERIC, "C");
}

static void texts(void **state)
{
    (void)state;
    xhat_text text = xhat_text_on(NULL);
    for (int i = 0; i < 1000; i++)
        xhat_text_add(&text, "%d,", i % 10);
    assert_int_equal(text.length, 2000);
    assert_int_equal(strlen(text.data), 2000);
    assert_false(text.failed);
    xhat_text_free(&text);
    xhat_text_put_xml(&text, "<a href=\"x\">'&\x01\n");
    assert_string_equal(text.data, "&lt;a href=&quot;x&quot;&gt;&#39;&amp;?\n");
    xhat_text_free(&text);
}

static void texts_without_memory(void **state)
{
    (void)state;
    for (size_t at = 1; at <= 3; at++) {
        counting count = {.fail_at = at};
        xhat_allocator allocator = counting_on(&count);
        xhat_text text = xhat_text_on(&allocator);
        xhat_text_repeat(&text, 'x', 100000);
        xhat_text_add(&text, "%s", "more");
        assert_true(text.failed);
        xhat_text_free(&text);
        assert_int_equal(count.alive, 0);
    }
}

static void json(void **state)
{
    (void)state;
    const double matrix[] = {1, 0.5, NAN, -INFINITY};
    const size_t shape[] = {2, 2}, empty[] = {0, 2};
    xhat_text text = xhat_text_on(NULL);
    xhat_json j = xhat_json_on(&text, 2);
    xhat_json_open(&j, NULL, '{');
    xhat_json_string(&j, "a\"b", "\\\n");
    xhat_json_array(&j, "m", matrix, 2, shape);
    xhat_json_array(&j, "e", matrix, 2, empty);
    xhat_json_bool(&j, "t", true);
    xhat_json_null(&j, "n");
    xhat_json_integer(&j, "i", -3);
    xhat_json_close(&j);
    assert_string_equal(text.data,
                        "{\n  \"a\\\"b\": \"\\\\\\u000a\",\n"
                        "  \"m\": [\n    [1, 0.5],\n    [\"nan\", \"-inf\"]\n"
                        "  ],\n  \"e\": [],\n  \"t\": true,\n  \"n\": null,\n"
                        "  \"i\": -3\n}\n");
    xhat_text_free(&text);
    j = xhat_json_on(&text, 0); /* a name that is no UTF-8, one that is */
    xhat_json_string(&j, NULL, "caf\xe9.csv \xc3\xa9 \xe2\x82");
    assert_string_equal(text.data, "\"caf\xef\xbf\xbd.csv \xc3\xa9 "
                                   "\xef\xbf\xbd\xef\xbf\xbd\"");
    xhat_text_free(&text);
    j = xhat_json_on(&text, 0);
    xhat_json_open(&j, NULL, '{');
    xhat_json_number(&j, "loss", 0.25);
    xhat_json_integer(&j, "epoch", 2);
    xhat_json_close(&j);
    assert_string_equal(text.data, "{\"loss\": 0.25, \"epoch\": 2}\n");
    xhat_text_free(&text);
}

static void memory(void **state)
{
    (void)state;
    double *block = xhat_allocate_zeroed(NULL, 100, sizeof *block);
    assert_non_null(block);
    assert_int_equal((uintptr_t)block % XHAT_ALIGNMENT, 0);
    for (int i = 0; i < 100; i++)
        assert_true(block[i] == 0);
    xhat_release(NULL, block);
    xhat_release(NULL, NULL);
    assert_null(xhat_allocate(NULL, SIZE_MAX / 4, 8));
    assert_null(xhat_allocate(NULL, SIZE_MAX, 1));
    void *nothing = xhat_allocate(NULL, 0, 8);
    assert_non_null(nothing);
    xhat_release(NULL, nothing);
}

static void errors(void **state)
{
    (void)state;
    xhat_error error;
    char name[2 * XHAT_MESSAGE_SIZE];
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = '\0';
    assert_int_equal(xhat_fail(&error, XHAT_CANNOT_READ, "%s", name),
                     XHAT_CANNOT_READ);
    assert_int_equal(strlen(error.message), XHAT_MESSAGE_SIZE - 1);
    assert_int_equal(error.status, XHAT_CANNOT_READ);
    assert_int_equal(xhat_fail(NULL, XHAT_BAD_FORMAT, "x"), XHAT_BAD_FORMAT);
    for (int i = 0; i <= XHAT_INTERRUPTED; i++)
        assert_string_not_equal(xhat_status_name((xhat_status)i),
                                "unknown status");
    assert_string_equal(xhat_status_name((xhat_status)99), "unknown status");
    assert_true(xhat_threads_available() >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_out),
        cmocka_unit_test(numbers_in),
        cmocka_unit_test(integers_in),
        cmocka_unit_test(numbers_in_another_locale),
        cmocka_unit_test(texts),
        cmocka_unit_test(texts_without_memory),
        cmocka_unit_test(json),
        cmocka_unit_test(memory),
        cmocka_unit_test(errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
