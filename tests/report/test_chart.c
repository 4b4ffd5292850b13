/* Charts: where points, ticks and names come to lie. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "report/chart.h"

enum { MOST = 64 };

/* The numbers behind each occurrence of `before`, such as "<text class=\"tick
 * end\" x=\"54\" y=\"". */
static size_t numbers_after(const char *svg, const char *before, double *to)
{
    size_t count = 0;
    while ((svg = strstr(svg, before)) != NULL && count < MOST) {
        svg += strlen(before);
        to[count++] = strtod(svg, NULL);
    }
    return count;
}

static char *draw(const xhat_chart *chart)
{
    xhat_text text = xhat_text_on(NULL);
    xhat_figure_draw(&text, "T", chart, 1, 1, true);
    assert_false(text.failed);
    assert_null(strstr(text.data, "nan"));
    assert_null(strstr(text.data, "inf"));
    return text.data;
}

static void free_drawing(char *svg)
{
    xhat_text text = {.data = svg};
    xhat_text_free(&text);
}

/* Equal ratios are equal distances on a log axis; what has no logarithm is
 * left out. */
static void log_axes(void **state)
{
    (void)state;
    const double x[] = {1e-4, 1e-2, 1, 0, -1}, y[] = {1, 10, 1000, 5, 5};
    xhat_series line = {.name = "s", .count = 5, .x = x, .y = y};
    xhat_chart chart = {.x = {.name = "x", .scale = XHAT_SCALE_LOG},
                        .y = {.name = "y", .scale = XHAT_SCALE_LOG},
                        .series = &line,
                        .count = 1};
    char *svg = draw(&chart);
    double at[6];
    const char *path = strstr(svg, "class=\"line s0\" d=\"M");
    assert_non_null(path);
    assert_int_equal(sscanf(path,
                            "class=\"line s0\" d=\"M%lf %lfL%lf %lfL%lf "
                            "%lf\"",
                            &at[0], &at[1], &at[2], &at[3], &at[4], &at[5]),
                     6);
    assert_true(fabs((at[2] - at[0]) - (at[4] - at[2])) < 0.3);
    assert_true(fabs(2 * (at[1] - at[3]) - (at[3] - at[5])) < 0.3);
    assert_non_null(strstr(svg, "x, log axis"));
    assert_non_null(strstr(svg, ">0.0001</text>"));
    assert_non_null(strstr(svg, ">1000</text>"));
    free_drawing(svg);
}

/* Names at the ends of lines keep a line's distance, and stay in the chart. */
static void names_do_not_overlap(void **state)
{
    (void)state;
    enum { LINES = XHAT_CHART_SERIES };
    const double x[] = {1, 2}, y[LINES][2] = {{0, 1}};
    xhat_series lines[LINES];
    for (size_t i = 0; i < LINES; i++)
        lines[i] = (xhat_series){.name = "same",
                                 .style = i / 2,
                                 .dashed = i % 2,
                                 .count = 2,
                                 .x = x,
                                 .y = y[i == 3 ? 0 : 1]};
    xhat_chart chart = {.x = {.name = "x"},
                        .y = {.name = "y"},
                        .series = lines,
                        .count = LINES};
    char *svg = draw(&chart);
    double at[MOST];
    size_t count = 0;
    for (const char *p = svg; (p = strstr(p, "<text class=\"label")) != NULL;)
        numbers_after(p++, "y=\"", &at[count++]);
    assert_int_equal(count, LINES);
    for (size_t i = 1; i < count; i++)
        assert_true(at[i] - at[i - 1] >= 14.9);
    assert_true(at[0] > 0 && at[count - 1] < 376);
    free_drawing(svg);
}

/* A gap where there is no number; a line of its own on each side of it. */
static void gaps(void **state)
{
    (void)state;
    const double x[] = {1, 2, 3, 4, 5}, y[] = {1, 2, NAN, INFINITY, 3};
    xhat_series line = {.name = "a<b", .count = 5, .x = x, .y = y};
    xhat_chart chart = {.x = {.name = "x", .whole = true},
                        .y = {.name = "y"},
                        .series = &line,
                        .count = 1};
    char *svg = draw(&chart);
    const char *path = strstr(svg, "class=\"line s0\" d=\"");
    size_t moves = 0;
    for (const char *p = path + 19; *p != '"'; p++)
        moves += *p == 'M';
    assert_int_equal(moves, 2);
    assert_non_null(strstr(svg, "a&lt;b 3<"));
    assert_null(strstr(svg, "a<b"));
    free_drawing(svg);
}

/* Ticks hold every value between them, whatever its size. */
static void ticks_enclose_the_values(void **state)
{
    (void)state;
    const double ends[][2] = {{0, 1},      {3, 3},        {0, 0},
                              {-5, 12},    {1e-9, 3e-9},  {1e7, 1e7 + 3},
                              {99.2, 100}, {-1e-3, -1e-4}};
    const double x[] = {1, 1};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        xhat_series line = {.name = "s", .count = 2, .x = x, .y = ends[i]};
        xhat_chart chart = {.x = {.name = "x"},
                            .y = {.name = "y", .at_most = i == 6 ? 100 : 0},
                            .series = &line,
                            .count = 1};
        char *svg = draw(&chart);
        double at[MOST];
        size_t count = numbers_after(svg,
                                     "<text class=\"tick end\" x=\"54\" "
                                     "y=\"",
                                     at);
        assert_true(count >= 2 && count <= 12);
        double points[MOST];
        size_t marks = 0;
        for (const char *p = svg; (p = strstr(p, "class=\"full")) != NULL; p++)
            points[marks++] = strtod(strchr(strstr(p, "d=\"M"), ' ') + 1, NULL);
        assert_int_equal(marks, 2);
        for (size_t k = 0; k < marks; k++)
            assert_true(points[k] <= at[0] - 4 + 0.2 &&
                        points[k] >= at[count - 1] - 4 - 60);
        free_drawing(svg);
    }
}

static void names_instead_of_numbers(void **state)
{
    (void)state;
    static const char *const words[] = {"100x1", "100x2", "256,128"};
    const double x[] = {0, 1, 2}, y[] = {1, 2, 3};
    xhat_series line = {.name = "s", .count = 3, .x = x, .y = y};
    xhat_chart chart = {.x = {.name = "hidden",
                              .scale = XHAT_SCALE_NAMED,
                              .names = words,
                              .name_count = 3},
                        .y = {.name = "y"},
                        .series = &line,
                        .count = 1};
    char *svg = draw(&chart);
    for (size_t i = 0; i < 3; i++)
        assert_non_null(strstr(svg, words[i]));
    free_drawing(svg);
}

static void wide_ranges_want_a_log_axis(void **state)
{
    (void)state;
    const double x[] = {1, 2, 3}, narrow[] = {1, 2, 40}, wide[] = {1, NAN, 51};
    xhat_series line = {.name = "s", .count = 3, .x = x, .y = narrow};
    assert_int_equal(xhat_chart_choose_scale(&line, 1), XHAT_SCALE_LINEAR);
    line.y = wide;
    assert_int_equal(xhat_chart_choose_scale(&line, 1), XHAT_SCALE_LOG);
    line.count = 0;
    assert_int_equal(xhat_chart_choose_scale(&line, 1), XHAT_SCALE_LINEAR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_axes),
        cmocka_unit_test(names_do_not_overlap),
        cmocka_unit_test(gaps),
        cmocka_unit_test(ticks_enclose_the_values),
        cmocka_unit_test(names_instead_of_numbers),
        cmocka_unit_test(wide_ranges_want_a_log_axis),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
