/* The curves of runs: every line is named, what is not finite is a gap. */
#include <math.h>
#include <string.h>

#include "check.h"
#include "report/curves.h"

static xhat_history history_of(size_t count)
{
    xhat_history history = {0};
    for (size_t i = 1; i <= count; i++) {
        double loss = 1. / (double)i;
        xhat_epoch epoch = {.epoch = i,
                            .train_loss = loss,
                            .train_accuracy = 1 - loss,
                            .validation_loss = 0.1 + loss,
                            .validation_accuracy = 0.5,
                            .test_loss = NAN,
                            .test_accuracy = NAN,
                            .lr = 0.001};
        assert_ok(xhat_history_add(&history, &epoch, error));
    }
    return history;
}

static size_t occurrences(const char *text, const char *word)
{
    size_t count = 0;
    while ((text = strstr(text, word)) != NULL) {
        count++;
        text++;
    }
    return count;
}

static void curves_name_every_line(void **state)
{
    (void)state;
    xhat_history history[2] = {history_of(12), history_of(1)};
    const xhat_curve curves[2] = {{"a<b", &history[0], XHAT_LOSS_SOFTMAX},
                                  {"two", &history[1], XHAT_LOSS_SOFTMAX}};
    char *svg;
    size_t length;
    assert_ok(xhat_curves_draw(curves, 2, "A & B", &svg, &length, error));
    assert_int_equal(strlen(svg), length);
    assert_int_equal(occurrences(svg, "class=\"line"), 8);
    assert_int_equal(occurrences(svg, "a&lt;b train"), 2);
    assert_int_equal(occurrences(svg, "two validation"), 2);
    assert_int_equal(occurrences(svg, "A &amp; B"), 2);
    assert_null(strstr(svg, "a<b"));
    assert_null(strstr(svg, "nan"));
    assert_null(strstr(svg, "inf"));
    xhat_curves_free(svg);
    xhat_history_free(&history[1]);
    assert_fails(xhat_curves_draw(curves, 2, "", &svg, &length, error),
                 XHAT_INVALID_ARGUMENT, "two has no epochs");
    assert_fails(xhat_curves_draw(curves, 0, "", &svg, &length, error),
                 XHAT_INVALID_ARGUMENT, "0 runs");
    xhat_history_free(&history[0]);
}

/* A loss that left the finite numbers leaves a gap, not a broken picture. */
static void curves_with_gaps(void **state)
{
    (void)state;
    xhat_history history = history_of(5);
    history.epochs[2].train_loss = INFINITY;
    for (int i = 0; i < 5; i++)
        history.epochs[i].validation_loss =
            history.epochs[i].validation_accuracy = NAN;
    char *svg;
    size_t length;
    assert_ok(xhat_curves_draw(&(xhat_curve){.name = "r", .history = &history},
                               1, "t", &svg, &length, error));
    assert_null(strstr(svg, "nan"));
    assert_null(strstr(svg, "inf"));
    xhat_curves_free(svg);
    xhat_history_free(&history);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(curves_name_every_line),
        cmocka_unit_test(curves_with_gaps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
