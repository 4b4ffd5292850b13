/* In a large batch causes are looked for in some of the channels, and confirmed
 * in all. */
#include "circuit/diagnose.h"
#include "circuit/mistakes.h"
#include "circuit_fixture.h"

static const double EPS = 1e-3;
enum { LONG = 40, CHANNELS = 4000, LARGE = LONG * CHANNELS };

typedef struct large {
    double x[LARGE], dout[LARGE], dx[LARGE];
    double gamma[CHANNELS], beta[CHANNELS];
} large;

/* dx in the closed form, without its direct part's N from channel `from` on. */
static void fill_large(large *b, size_t from)
{
    for (size_t k = 0; k < LARGE; k++) {
        b->x[k] = fixture_number(11, k);
        b->dout[k] = fixture_number(12, k);
    }
    for (size_t c = 0; c < CHANNELS; c++) {
        double mean = 0, var = 0, dgamma = 0, dbeta = 0;
        b->gamma[c] = 1.5 + fixture_number(13, c);
        b->beta[c] = 0;
        for (size_t k = c; k < LARGE; k += CHANNELS)
            mean += b->x[k] / LONG;
        for (size_t k = c; k < LARGE; k += CHANNELS)
            var += (b->x[k] - mean) * (b->x[k] - mean) / LONG;
        double r = 1 / sqrt(var + EPS);
        for (size_t k = c; k < LARGE; k += CHANNELS) {
            dbeta += b->dout[k];
            dgamma += b->dout[k] * (b->x[k] - mean) * r;
        }
        for (size_t k = c; k < LARGE; k += CHANNELS)
            b->dx[k] = b->gamma[c] * r / LONG *
                       ((c < from ? LONG : 1) * b->dout[k] - dbeta -
                        (b->x[k] - mean) * r * dgamma);
    }
}

static void a_large_batch_is_sampled(void **state)
{
    (void)state;
    static large b;
    xhat_claim claim = {.side = XHAT_SIDE_GRADIENT,
                        .value = XHAT_VALUE_X,
                        .data = b.dx,
                        .tolerance = 1e-10,
                        .extent = XHAT_EXTENT_FULL};
    xhat_case c = {.axes = xhat_axes_batch(LONG, CHANNELS, 1),
                   .eps = EPS,
                   .x = b.x,
                   .gamma = b.gamma,
                   .beta = b.beta,
                   .dout = b.dout,
                   .claims = &claim,
                   .claim_count = 1};
    xhat_diagnosis d;
    fill_large(&b, 0);
    assert_ok(xhat_diagnose(&d, &c, error));
    assert_true(d.sampled);
    assert_true(d.search.cause_count > 0);
    assert_string_equal(xhat_mistake_at(d.search.causes[0].mistakes[0])->id,
                        "closed-dout-without-N");
    fill_large(&b, CHANNELS);
    assert_ok(xhat_diagnose(&d, &c, error));
    assert_int_equal(d.first_wrong, -1);
    /* a cause that half of the channels do not have is none */
    fill_large(&b, CHANNELS / 2);
    assert_ok(xhat_diagnose(&d, &c, error));
    assert_int_equal(d.search.cause_count, 0);
    assert_true(d.findings[0].at % CHANNELS >= CHANNELS / 2);
    /* one wrong number far from the first channels */
    fill_large(&b, CHANNELS);
    b.dx[LARGE - 5] += 1;
    assert_ok(xhat_diagnose(&d, &c, error));
    assert_int_equal(d.findings[0].at, LARGE - 5);
    assert_int_equal(d.search.cause_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_large_batch_is_sampled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
