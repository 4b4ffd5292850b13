/* What the benchmark computes with: samples, shapes, size classes, traffic
 * loops, and the check that comes before the clock. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bound.h"
#include "bench/goals.h"
#include "bench/measure.h"
#include "bench/samples.h"
#include "bench/shapes.h"
#include "bench/traffic.h"
#include "check.h"

static void samples(void **state)
{
    (void)state;
    double odd[] = {9, 1, 4}, even[] = {8, 2, 4, 1}, one[] = {7};
    const double values[] = {2, 8, 0.5}, none[] = {1, 0};
    assert_true(bench_median(odd, 3) == 4);
    assert_true(bench_median(even, 4) == 3);
    assert_true(bench_quantile(even, 4, 0.25) == 1.75);
    assert_true(bench_quantile(even, 4, 1) == 8);
    assert_true(bench_quantile(one, 1, 0.9) == 7);
    assert_true(isnan(bench_median(one, 0)));
    assert_true(fabs(bench_geometric_mean(values, 3) - 2) < 1e-15);
    assert_true(isnan(bench_geometric_mean(none, 2)));
    assert_true(isnan(bench_geometric_mean(values, 0)));
    double before = bench_seconds();
    assert_true(bench_seconds() >= before);
}

static void shapes(void **state)
{
    (void)state;
    char text[BENCH_SHAPE_TEXT];
    bench_shape_list list = {0};
    xhat_error error;
    assert_int_equal(bench_shapes_parse(
                         &list, "7x3,2x3x4x5x6,18446744073709551615x1", &error),
                     XHAT_INVALID_ARGUMENT); /* beyond int64 */
    assert_int_equal(list.count, 2);
    assert_int_equal(list.shapes[0].rank, 2);
    assert_string_equal(bench_shape_text(&list.shapes[1], text), "2x3x4x5x6");
    bench_shapes_free(&list);
    assert_int_equal(bench_shapes_parse(&list, "all", &error), XHAT_OK);
    assert_int_equal(list.count, 21);
    assert_string_equal(bench_shape_text(&list.shapes[20], text), "128x65536");
    bench_shapes_free(&list);
}

static const char *class_id(const char *shape, xhat_layout layout,
                            bench_mode mode, xhat_dtype dtype)
{
    bench_shape_list list = {0};
    xhat_error error;
    xhat_spec spec;
    assert_int_equal(bench_shapes_parse(&list, shape, &error), XHAT_OK);
    bench_problem problem = {.shape = list.shapes[0],
                             .layout = layout,
                             .dtype = dtype,
                             .threads = 1};
    assert_int_equal(bench_problem_spec(&problem, &spec, &error), XHAT_OK);
    bench_shapes_free(&list);
    return bench_class_of(&spec, layout >= XHAT_NLC, mode)->id;
}

static void size_classes(void **state)
{
    (void)state;
    const struct {
        const char *shape;
        xhat_layout layout;
        bench_mode mode;
        const char *id;
    } cases[] = {
        {"32x64x28x28", XHAT_NCHW, BENCH_FORWARD, "nchw-large-forward"},
        {"32x256x14x14", XHAT_NCHW, BENCH_FORWARD, "nchw-small-forward"},
        {"32x256x27x28", XHAT_NCHW, BENCH_FORWARD, "nchw-small-forward"},
        {"32x512x7x7", XHAT_NCHW, BENCH_BACKWARD, "nchw-backward"},
        {"32x64x28x28", XHAT_NHWC, BENCH_FORWARD, "nhwc-forward"},
        {"32x64x28x28", XHAT_NHWC, BENCH_BACKWARD, "nhwc-backward"},
        {"256x1024", XHAT_NC, BENCH_FORWARD, "nc-forward"},
        {"256x1024", XHAT_NC, BENCH_BACKWARD, "nc-backward"},
        {"64x100", XHAT_NC, BENCH_FORWARD, "nc-tiny"},
        {"64x100", XHAT_NC, BENCH_BACKWARD, "nc-tiny"},
        {"500x500", XHAT_NC, BENCH_BACKWARD, "nc-backward"}, /* 1 MB exactly */
        {"500x499", XHAT_NC, BENCH_BACKWARD, "nc-tiny"},
        {"2x8x28x28", XHAT_NCHW, BENCH_FORWARD, "nchw-tiny"},
        {"2x8x28x28", XHAT_NHWC, BENCH_FORWARD, "nhwc-tiny"},
        {"2000x1000", XHAT_NC, BENCH_INFERENCE, "inference-large"},
        {"2000x999", XHAT_NC, BENCH_INFERENCE, "inference-middle"},
        {"32x64x28x28", XHAT_NHWC, BENCH_INFERENCE, "inference-middle"},
        {"64x100", XHAT_NC, BENCH_INFERENCE, "inference-tiny"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(
            class_id(cases[i].shape, cases[i].layout, cases[i].mode, XHAT_F32),
            cases[i].id);
    assert_string_equal(class_id("500x250", XHAT_NC, BENCH_FORWARD, XHAT_F64),
                        "nc-forward"); /* 1 MB of float64 */
}

/* channels last: the shape is N x C x spatial, the memory is not */
static void specs(void **state)
{
    (void)state;
    xhat_error error;
    xhat_spec spec;
    bench_problem problem = {.shape = {4, {2, 3, 5, 7}},
                             .layout = XHAT_NHWC,
                             .dtype = XHAT_F64,
                             .threads = 3};
    assert_int_equal(bench_problem_spec(&problem, &spec, &error), XHAT_OK);
    assert_int_equal(spec.outer, 70);
    assert_int_equal(spec.channels, 3);
    assert_int_equal(spec.inner, 1);
    assert_int_equal(spec.threads, 3);
    assert_true(bench_least_bytes(&spec, BENCH_FORWARD) == 210 * 16);
    assert_true(bench_least_bytes(&spec, BENCH_INFERENCE) == 210 * 16);
    assert_true(bench_least_bytes(&spec, BENCH_BACKWARD) == 210 * 24);
    problem.layout = XHAT_NCHW;
    assert_int_equal(bench_problem_spec(&problem, &spec, &error), XHAT_OK);
    assert_int_equal(spec.outer, 2);
    assert_int_equal(spec.inner, 35);
    problem.layout = XHAT_NC;
    assert_int_equal(bench_problem_spec(&problem, &spec, &error),
                     XHAT_SHAPE_MISMATCH);
}

/* every loop moves every element, whatever the length and the threads, and
 * nothing beyond */
static void traffic(void **state)
{
    (void)state;
    enum { MOST = 1000 };
    float *a = aligned_alloc(64, 4096), *b = aligned_alloc(64, 4096),
          *to = aligned_alloc(64, 4096);
    const bench_loop_table *tables[] = {&bench_loops_generic,
                                        bench_loops_widest()};
    for (int i = 0; i < MOST; i++) {
        a[i] = (float)i;
        b[i] = (float)(2 * i + 1);
    }
    for (int table = 0; table < 2; table++)
        for (int loop = 0; loop < BENCH_LOOPS; loop++)
            for (int threads = 1; threads <= 5; threads += 2)
                for (size_t count = 0; count < MOST; count += 33) {
                    for (int i = 0; i < MOST; i++)
                        to[i] = -1;
                    bench_move(tables[table], (bench_loop)loop, threads, to, a,
                               loop >= BENCH_TRIAD ? b : NULL,
                               count * sizeof *to);
                    for (size_t i = 0; i < MOST; i++) {
                        float moved = loop >= BENCH_TRIAD ? a[i] + b[i] : a[i];
                        assert_true(to[i] == (i < count ? moved : -1));
                    }
                }
    free(a);
    free(b);
    free(to);
}

/* A result that is wrong in one element of a channel that is looked at is
 * found, for every telling and array. */
static void wrong_results(void **state)
{
    (void)state;
    for (int mode = 0; mode < BENCH_MODES; mode++)
        for (int dtype = XHAT_F32; dtype <= XHAT_F64; dtype++) {
            xhat_error error;
            bench_workload w;
            bench_problem problem = {.shape = {4, {3, 5, 4, 4}},
                                     .layout = XHAT_NCHW,
                                     .dtype = (xhat_dtype)dtype,
                                     .threads = 1};
            assert_int_equal(bench_workload_open(&w, &problem, 7, 7, &error),
                             XHAT_OK);
            for (int method = 0; method < BENCH_METHODS; method++)
                assert_int_equal(bench_workload_check(&w, (bench_method)method,
                                                      (bench_mode)mode, &error),
                                 XHAT_OK);
            assert_int_equal(
                bench_workload_run(&w, BENCH_FUSED, (bench_mode)mode, &error),
                XHAT_OK);
            void *arrays[] = {mode == BENCH_BACKWARD ? w.dx : w.out, w.dgamma,
                              w.dbeta};
            for (int k = 0; k < (mode == BENCH_BACKWARD ? 3 : 1); k++) {
                size_t at = k == 0 ? 100 : 4;
                float *f32 = arrays[k];
                double *f64 = arrays[k];
                assert_int_equal(
                    bench_workload_compare(&w, (bench_mode)mode, 32, &error),
                    XHAT_OK);
                double kept = dtype == XHAT_F32 ? (double)f32[at] : f64[at];
                if (dtype == XHAT_F32)
                    f32[at] += 1e-3f;
                else
                    f64[at] += 1e-3;
                assert_int_equal(
                    bench_workload_compare(&w, (bench_mode)mode, 32, &error),
                    XHAT_NOT_FINITE);
                if (dtype == XHAT_F32)
                    f32[at] = (float)kept;
                else
                    f64[at] = kept;
            }
            bench_workload_close(&w);
        }
}

/* what each mode moves, and by which loop */
static void bounds(void **state)
{
    (void)state;
    const bench_bound expected[BENCH_FUSIONS][BENCH_MODES] = {
        {BENCH_ONE_COPY, BENCH_ONE_TRIAD, BENCH_ONE_COPY},
        {BENCH_ONE_COPY, BENCH_ONE_TRIAD, BENCH_ONE_COPY},
        {BENCH_ONE_TRIAD, BENCH_TWO_COPIES, BENCH_ONE_TRIAD}};
    const int arrays[] = {2, 3, 4}; /* that a bound moves */
    for (int fusion = 0; fusion < BENCH_FUSIONS; fusion++) {
        xhat_error error;
        bench_workload w;
        bench_problem problem = {.shape = {2, {6, 5}},
                                 .layout = XHAT_NC,
                                 .threads = 1,
                                 .fusion = (bench_fusion)fusion};
        assert_int_equal(bench_workload_open(&w, &problem, 1, 7, &error),
                         XHAT_OK);
        for (int mode = 0; mode < BENCH_MODES; mode++) {
            bench_bound bound =
                bench_bound_of(problem.fusion, (bench_mode)mode);
            assert_int_equal(bound, expected[fusion][mode]);
            assert_true(bench_least_bytes(&w.spec, (bench_mode)mode) ==
                        30 * 4 * arrays[bound]);
            for (int loop = 0; loop < BENCH_LOOPS; loop++)
                if (bench_bound_has(bound, (bench_loop)loop))
                    bench_bound_move(bound, bench_loops_widest(),
                                     (bench_loop)loop, 1, &w);
        }
        bench_workload_close(&w);
    }
}

/* ReLU in the same pass, by both plans; a wrong dresidual is found; the circuit
 * has no such gate */
static void fusions(void **state)
{
    (void)state;
    for (int fusion = BENCH_RELU; fusion <= BENCH_ADD_RELU; fusion++) {
        xhat_error error;
        bench_workload w;
        bench_problem problem = {.shape = {4, {3, 5, 6, 7}},
                                 .layout = XHAT_NHWC,
                                 .dtype = XHAT_F32,
                                 .threads = 1,
                                 .fusion = (bench_fusion)fusion};
        assert_int_equal(bench_workload_open(&w, &problem, 7, 7, &error),
                         XHAT_UNSUPPORTED);
        bench_workload_close(&w);
        assert_int_equal(bench_workload_open(&w, &problem, 3, 7, &error),
                         XHAT_OK);
        for (int method = BENCH_FUSED; method <= BENCH_CLOSED; method++)
            for (int mode = 0; mode < BENCH_MODES; mode++)
                assert_int_equal(bench_workload_check(&w, (bench_method)method,
                                                      (bench_mode)mode, &error),
                                 XHAT_OK);
        for (int k = 0; k < (fusion == BENCH_ADD_RELU ? 2 : 1); k++) {
            float *wrong = k == 0 ? w.dx : w.dresidual;
            assert_int_equal(
                bench_workload_run(&w, BENCH_FUSED, BENCH_BACKWARD, &error),
                XHAT_OK);
            wrong[17] += 1e-3f;
            assert_int_equal(
                bench_workload_compare(&w, BENCH_BACKWARD, 32, &error),
                XHAT_NOT_FINITE);
        }
        bench_workload_close(&w);
    }
}

/* long channels: only some are looked at, the first and the last among them */
static void long_channels(void **state)
{
    (void)state;
    xhat_error error;
    bench_workload w;
    bench_problem problem = {.shape = {3, {2, 3, 500000}},
                             .layout = XHAT_NCL,
                             .dtype = XHAT_F32,
                             .threads = 1};
    assert_int_equal(bench_workload_open(&w, &problem, 1, 1, &error), XHAT_OK);
    assert_int_equal(
        bench_workload_check(&w, BENCH_FUSED, BENCH_FORWARD, &error), XHAT_OK);
    ((float *)w.out)[7] = 1e3f;
    assert_int_equal(bench_workload_compare(&w, BENCH_FORWARD, 32, &error),
                     XHAT_NOT_FINITE);
    assert_non_null(strstr(error.message, "out[7]"));
    bench_workload_close(&w);
    /* the closed form, which adds plainly, is off by more than 32 units here */
    problem.dtype = XHAT_F64;
    assert_int_equal(bench_workload_open(&w, &problem, 1, 7, &error), XHAT_OK);
    for (int mode = 0; mode < BENCH_MODES; mode++) {
        assert_int_equal(
            bench_workload_check(&w, BENCH_FUSED, (bench_mode)mode, &error),
            XHAT_OK);
        bench_workload_spoil(&w, (bench_mode)mode); /* who writes nothing */
        assert_int_equal(
            bench_workload_compare(&w, (bench_mode)mode, 1e5, &error),
            XHAT_NOT_FINITE);
    }
    bench_workload_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples),      cmocka_unit_test(shapes),
        cmocka_unit_test(size_classes), cmocka_unit_test(specs),
        cmocka_unit_test(traffic),      cmocka_unit_test(wrong_results),
        cmocka_unit_test(bounds),       cmocka_unit_test(fusions),
        cmocka_unit_test(long_channels)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
