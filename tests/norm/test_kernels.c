/* The kernels in every tier: maps and sums of panels (panels.h) and of
 * narrow rows (narrow.h), numbers of a channel, streams, and short runs as
 * columns. */
#include <math.h>
#include <string.h>

#include "base/cpu.h"
#include "check.h"
#include "kernels/kernels.h"
#include "narrow.h"
#include "numbers.h"
#include "panels.h"
#include "vector.h"

/* ---- one number a channel ------------------------------------------------ */

enum { CHANNELS = 37, PLACES = CHANNELS + 16 };

/* What the end_* functions write, as bytes. */
typedef struct ends {
    double mean[PLACES], m2[PLACES], lanes[16][PLACES];
    unsigned char odd[PLACES];
} ends;

static void end_all(const xhat_kernels *kernels, xhat_dtype dtype,
                    const double *input, ends *to)
{
    static double sums[4][PLACES];
    float f32[4][PLACES];
    const void *in[4];
    for (int k = 0; k < 4; k++)
        for (int i = 0; i < CHANNELS; i++) {
            sums[k][i] = input[(k * 7 + i) % CHANNELS] * (k % 2 ? 1e-17 : 1);
            f32[k][i] = (float)fabs(sums[0][(i + k) % CHANNELS]);
        }
    for (int k = 0; k < 4; k++)
        in[k] = dtype == XHAT_F32 ? (void *)f32[k] : (void *)sums[k];
    xhat_lanes lanes = {to->lanes[0], to->lanes[1], to->lanes[2], to->lanes[3],
                        to->lanes[4], to->lanes[5], to->lanes[6], to->lanes[7],
                        to->lanes[8], to->lanes[9], to->lanes[10]};
    xhat_sums from = {sums[0], sums[1], sums[2], sums[3]};
    xhat_channels channels = {.channels = CHANNELS,
                              .count = 19,
                              .eps = 1e-5,
                              .mean = to->mean,
                              .m2 = to->m2,
                              .odd = to->odd};
    memset(to, 0, sizeof *to);
    memcpy(lanes.a, in[3], CHANNELS * (dtype == XHAT_F32 ? 4 : 8));
    kernels->pivot(CHANNELS, in[0], in[1], in[2], 1, lanes.pivot);
    kernels->end_moments(&channels, &from, &lanes);
    kernels->end_grad_sums(&channels, &from, &lanes);
    xhat_lanes frozen = {.a = to->lanes[11],
                         .mean = to->lanes[12],
                         .b = to->lanes[13],
                         .mean_low = to->lanes[14],
                         .invstd = to->lanes[15]};
    memcpy(frozen.a, in[3], CHANNELS * (dtype == XHAT_F32 ? 4 : 8));
    kernels->end_running(&channels, in[0], in[1], &frozen);
    kernels->scale(CHANNELS, &frozen);
}

static void same_ends_in_every_tier(void **state)
{
    (void)state;
    static ends first, other;
    double input[CHANNELS];
    uint64_t seed = 3;
    numbers_fill(input, CHANNELS, 3, 2, &seed);
    input[3] = 0;
    input[5] = 1e300;
    input[11] = 1e-300;
    input[13] = INFINITY;
    for (int dtype = XHAT_F32; dtype <= XHAT_F64; dtype++)
        for (int i = 0, tried = 0; xhat_isa_at(i) != NULL; i++) {
            if (xhat_isa_at(i)->needs & ~xhat_cpu_features())
                continue;
            ends *to = tried++ == 0 ? &first : &other;
            end_all(xhat_isa_at(i)->kernels[dtype], (xhat_dtype)dtype, input,
                    to);
            size_t bytes = CHANNELS * (dtype == XHAT_F32 ? 4 : 8);
            for (int k = 0; tried > 1 && k < 16; k++)
                assert_memory_equal(first.lanes[k], other.lanes[k], bytes);
            if (tried > 1) {
                assert_memory_equal(first.odd, other.odd, CHANNELS);
                assert_memory_equal(first.mean, other.mean, CHANNELS * 8);
                assert_memory_equal(first.m2, other.m2, CHANNELS * 8);
            }
        }
}

/* Which channels the kernels do not trust themselves with. */
static void odd_channels(void **state)
{
    (void)state;
    /* sums around a pivot of 0 of 4 values */
    const struct {
        double sum, product, eps;
        bool odd;
    } cases[] = {
        {4, 8, 1e-5, false},         /* var 1 */
        {0, 0, 1e-5, false},         /* constant */
        {0, 0, 0, true},             /* constant or tiny? */
        {400, 40100, 1e-5, true},    /* cancellation */
        {0, INFINITY, 1e-5, true},   /* overflow */
        {NAN, NAN, 1e-5, true},      /* a NaN in x */
        {0x1p-50, 0x1p-98, 0, true}, /* underflow */
        {0, 0x1p130, 1e-5, true},    /* invstd below 2^-60 */
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        float pivot[64] = {0}, lanes[5][64] = {{0}};
        double mean[64], m2[64], zero[64] = {0};
        unsigned char odd[64];
        double sum[64] = {cases[k].sum}, product[64] = {cases[k].product};
        xhat_channels channels = {.channels = 1,
                                  .count = 4,
                                  .eps = cases[k].eps,
                                  .mean = mean,
                                  .m2 = m2,
                                  .odd = odd};
        xhat_lanes to = {.pivot = pivot,
                         .a = lanes[0],
                         .mean = lanes[1],
                         .b = lanes[2],
                         .mean_low = lanes[3],
                         .invstd = lanes[4]};
        bool any = xhat_isa_at(0)->needs & ~xhat_cpu_features();
        for (int i = 0; xhat_isa_at(i) != NULL; i++) {
            if (xhat_isa_at(i)->needs & ~xhat_cpu_features())
                continue;
            any = xhat_isa_at(i)->kernels[XHAT_F32]->end_moments(
                &channels, &(xhat_sums){sum, zero, product, zero}, &to);
            if (any != cases[k].odd || odd[0] != cases[k].odd)
                fail_msg("case %zu: odd is %d", k, odd[0]);
        }
    }
}

static void streams_of_every_length(void **state)
{
    (void)state;
    enum { MOST = 300 };
    unsigned char from[MOST + 64], to[MOST + 200];
    for (size_t i = 0; i < sizeof from; i++)
        from[i] = (unsigned char)(i * 37 + 1);
    for (int t = 0; xhat_isa_at(t) != NULL; t++) {
        const xhat_kernels *kernels = xhat_isa_at(t)->kernels[XHAT_F32];
        if (xhat_isa_at(t)->needs & ~xhat_cpu_features())
            continue;
        for (size_t shift = 0; shift < 64; shift += 4)
            for (size_t n = 0; n <= MOST; n += 4) {
                memset(to, GUARD, sizeof to);
                kernels->stream(to + 64 + shift, from + shift / 2, n);
                kernels->fence();
                for (size_t i = 0; i < sizeof to; i++) {
                    bool inside = i >= 64 + shift && i < 64 + shift + n;
                    assert_int_equal(to[i],
                                     inside ? from[shift / 2 + i - 64 - shift]
                                            : GUARD);
                }
            }
    }
}

/* ---- runs as columns ----------------------------------------------------- */

/* SUMS: room for a group of lanes behind those of the channels */
enum { RUNS = 19, LONGEST = 70, COLUMNS = RUNS * LONGEST, SUMS = RUNS + 32 };

/* Column i of a channel gets the channel's number, in each of two arrays; no
 * other is touched but in the group behind the last. */
static void check_spread(const xhat_kernels *kernels, xhat_dtype dtype,
                         size_t length)
{
    static vector from[2], to[2];
    uint64_t seed = 5;
    for (int k = 0; k < 2; k++) {
        fill(&from[k], dtype, 0, &seed);
        fill(&to[k], dtype, 0, &seed);
    }
    const vector before[2] = {to[0], to[1]};
    kernels->spread(RUNS, length, 2,
                    (const void *[]){at(&from[0], 0), at(&from[1], 0)},
                    (void *[]){at(&to[0], 1), at(&to[1], 1)});
    for (int k = 0; k < 2; k++) {
        for (size_t i = 0; i < RUNS * length; i++)
            if (get(&to[k], 1 + i) != get(&from[k], i / length))
                fail_msg("column %zu of runs of %zu", i, length);
        assert_true(get(&to[k], 0) == get(&before[k], 0));
        for (size_t i = 1 + RUNS * length + XHAT_GROUP_BYTES / 4; i < SIZE; i++)
            assert_true(get(&to[k], i) == get(&before[k], i));
    }
}

/* The first tier's sums, and whether they are those of a plain loop. */
static void check_fold(const xhat_kernels *kernels, xhat_dtype dtype,
                       size_t length, double first[4][SUMS], bool is_first)
{
    double columns[4][COLUMNS], to[4][SUMS];
    uint64_t seed = 7;
    for (int k = 0; k < 4; k++) {
        /* of float32 there are no low parts */
        double size = k % 2 == 0 ? 1 : dtype == XHAT_F32 ? 0 : 0x1p-60;
        for (size_t i = 0; i < COLUMNS; i++)
            columns[k][i] = size * numbers_normal(&seed);
    }
    kernels->fold(RUNS, length,
                  &(xhat_sums){columns[0], columns[1], columns[2], columns[3]},
                  &(xhat_sums){to[0], to[1], to[2], to[3]});
    for (size_t c = 0; c < RUNS; c++)
        for (int k = 0; k < 4; k += 2) {
            long double sum = 0;
            for (size_t i = c * length; i < (c + 1) * length; i++)
                sum += (long double)columns[k][i] + columns[k + 1][i];
            assert_true(fabsl(sum - to[k][c] - to[k + 1][c]) <
                        (dtype == XHAT_F32 ? 1e-13L : 1e-17L));
        }
    for (int k = 0; k < 4; k++) {
        if (is_first)
            memcpy(first[k], to[k], RUNS * sizeof(double));
        assert_memory_equal(first[k], to[k], RUNS * sizeof(double));
    }
}

static void runs_as_columns(void **state)
{
    (void)state;
    for (int dtype = XHAT_F32; dtype <= XHAT_F64; dtype++)
        for (size_t length = 1; length <= LONGEST; length++) {
            double first[4][SUMS];
            bool is_first = true;
            for (int i = 0; xhat_isa_at(i) != NULL; i++) {
                const xhat_isa *isa = xhat_isa_at(i);
                if (isa->needs & ~xhat_cpu_features())
                    continue;
                check_spread(isa->kernels[dtype], (xhat_dtype)dtype, length);
                check_fold(isa->kernels[dtype], (xhat_dtype)dtype, length,
                           first, is_first);
                is_first = false;
            }
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_panel_of_every_tier),
        cmocka_unit_test(narrow_rows_in_every_tier),
        cmocka_unit_test(same_ends_in_every_tier),
        cmocka_unit_test(odd_channels),
        cmocka_unit_test(streams_of_every_length),
        cmocka_unit_test(runs_as_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
