/* What a probe cannot show is said; the one that is made shows everything. */
#include "circuit/mistakes.h"
#include "circuit/probe.h"
#include "circuit_fixture.h"

static bool hides(const xhat_probe_report *report, const char *id)
{
    for (int i = 0; i < report->hidden_count; i++)
        if (strcmp(xhat_mistake_at(report->hidden[i])->id, id) == 0)
            return true;
    return false;
}

static void probes_are_warned_about(void **state)
{
    (void)state;
    xhat_case c = {.axes = xhat_axes_batch(2, 2, 1),
                   .x = (const double[]){1, 2, 3, 4},
                   .gamma = (const double[]){1, 1},
                   .beta = (const double[]){0, 0},
                   .dout = (const double[]){1, 2, 3, 5}};
    xhat_probe_report report;
    assert_ok(xhat_probe_judge(&report, &c, error));
    assert_int_equal(report.warning_count, 5);
    assert_non_null(strstr(report.warnings[0], "N = 2"));
    assert_non_null(strstr(report.warnings[1], "N = D"));
    assert_non_null(strstr(report.warnings[2], "gamma is 1"));
    assert_non_null(strstr(report.warnings[3], "beta is 0"));
    assert_non_null(strstr(report.warnings[4], "eps is 0"));
    assert_true(hides(&report, "gamma-forgotten"));
    assert_true(hides(&report, "beta-forgotten"));
    assert_true(hides(&report, "gamma-twice-backward"));
    assert_false(hides(&report, "eps-forgotten")); /* with eps = 0 it never
                                                      shows */
    assert_false(hides(&report, "dbeta-averaged"));
}

/* The inputs that xhat_probe_make makes hide nothing, in any mode. */
static void the_made_probe_hides_nothing(void **state)
{
    (void)state;
    enum { MOST = 7 * 4 * 2 };
    double x[MOST], dout[MOST], small[4][4];
    for (size_t inner = 1; inner <= 2; inner++)
        for (int eval = 0; eval < 2; eval++) {
            xhat_probe_inputs made = {x,        dout,     small[0],
                                      small[1], small[2], small[3]};
            xhat_case c = {
                .axes = xhat_axes_batch(7, 4, inner),
                .eps = 1e-5,
                .x = x,
                .dout = dout,
                .gamma = small[0],
                .beta = small[1],
                .held = {eval ? small[2] : NULL, eval ? small[3] : NULL},
                .running = {small[2], small[3]}};
            xhat_probe_make(&made, &c.axes, c.eps);
            xhat_probe_report report;
            assert_ok(xhat_probe_judge(&report, &c, error));
            assert_int_equal(report.warning_count, 0);
            assert_int_equal(report.hidden_count, 0);
            assert_true(report.known > (eval ? 20 : 80));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(probes_are_warned_about),
        cmocka_unit_test(the_made_probe_hides_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
