/* How work is cut: every element once, by shares that are even, and where sums
 * are added up, the same for every number of threads. */
#include "base/threads.h"
#include "check.h"
#include "norm/geometry.h"

static const size_t outers[] = {0, 1, 2, 5, 10, 255, 256, 257, 300, 513, 1568};
static const size_t channels[] = {1, 3, 32, 64, 300, 1024, 3000};
static const size_t inners[] = {1, 2, 17, 49, 196, 16384, 16385, 50000};

enum { COUNT_OUTER = 11, COUNT_CHANNELS = 7, COUNT_INNER = 8, THREADS = 9 };

static xhat_spec spec_of(size_t i, int threads)
{
    xhat_spec spec = xhat_spec_default(i % 2 == 0 ? XHAT_F32 : XHAT_F64);
    spec.outer = outers[i % COUNT_OUTER];
    spec.channels = channels[i / COUNT_OUTER % COUNT_CHANNELS];
    spec.inner = inners[i / COUNT_OUTER / COUNT_CHANNELS];
    spec.threads = threads;
    return spec;
}

/* float32; shape: images, channels, elements of a run */
static xhat_spec spec_for(const size_t shape[3], int threads)
{
    xhat_spec spec = xhat_spec_default(XHAT_F32);
    spec.outer = shape[0];
    spec.channels = shape[1];
    spec.inner = shape[2];
    spec.threads = threads;
    return spec;
}

/* Every element of a channel is in one part, and parts are in order. */
static void check_parts(const xhat_spec *spec, const xhat_walk *walk)
{
    size_t row = 0, offset = 0;
    for (size_t i = 0; i < walk->parts && spec->outer > 0; i++) {
        xhat_part part = xhat_part_at(spec, walk, i);
        assert_int_equal(part.first_row, row);
        assert_int_equal(part.offset, offset);
        assert_true(part.rows == 1 || part.length == spec->inner);
        offset += part.length;
        if (offset == spec->inner) {
            offset = 0;
            row += part.rows;
        }
    }
    assert_int_equal(row, spec->outer);
    assert_int_equal(offset, 0);
}

static void check_blocks(const xhat_spec *spec, const xhat_geometry *g)
{
    assert_true(g->block_channels * g->blocks >= spec->channels);
    assert_true(g->block_channels * (g->blocks - 1) < spec->channels);
    if (g->sums.order == XHAT_COLUMNS)
        assert_in_range(g->block_channels * spec->inner, 1, XHAT_PANEL_COLUMNS);
}

/* Every task is in one share, and no share has many rows more than the others. */
static void check_shares(const xhat_geometry *g, const xhat_walk *walk,
                         size_t shares)
{
    const size_t each = walk->part_rows, fair = g->rows * g->blocks / shares;
    size_t end = 0;
    for (size_t share = 0; share < shares; share++) {
        size_t begin = xhat_share_start(g, walk, share, shares), rows = 0;
        assert_int_equal(begin, end);
        end = xhat_share_start(g, walk, share + 1, shares);
        for (size_t task = begin; task < end; task++) {
            size_t first = task / g->blocks * each;
            rows += g->rows - first < each ? g->rows - first : each;
        }
        assert_in_range(rows, 0, fair + each + shares);
    }
    assert_int_equal(end, walk->parts * g->blocks);
}

static void test_everything_is_worked_on_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OUTER * COUNT_CHANNELS * COUNT_INNER; i++)
        for (int threads = 1; threads <= THREADS; threads++)
            for (int arrays = 0; arrays <= 2; arrays++) {
                xhat_spec spec = spec_of(i, threads);
                xhat_geometry g = xhat_geometry_of(
                    &spec, arrays == 0 ? 1 : arrays, arrays > 0, 0);
                if (arrays > 0)
                    check_parts(&spec, &g.sums);
                check_parts(&spec, &g.writes);
                check_blocks(&spec, &g);
                assert_in_range(g.threads, 1, threads);
                for (int shares = 1; g.split && shares <= g.threads; shares++) {
                    if (arrays > 0)
                        check_shares(&g, &g.sums, (size_t)shares);
                    check_shares(&g, &g.writes, (size_t)shares);
                }
            }
}

static void test_sums_do_not_depend_on_the_threads(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OUTER * COUNT_CHANNELS * COUNT_INNER; i++)
        for (int threads = 2; threads <= THREADS; threads++) {
            xhat_spec one = spec_of(i, 1), many = spec_of(i, threads);
            xhat_geometry a = xhat_geometry_of(&one, 1, true, 0);
            xhat_geometry b = xhat_geometry_of(&many, 2, true, 7);
            assert_int_equal(a.sums.part_rows, b.sums.part_rows);
            assert_int_equal(a.sums.parts, b.sums.parts);
            assert_int_equal(a.sums.order, b.sums.order);
        }
}

/* Of no images, runs may have any length; no sum of bytes wraps around. */
static void test_no_rows_of_huge_runs(void **state)
{
    (void)state;
    for (int bit = 32; bit < 63; bit++) {
        xhat_spec spec = xhat_spec_default(XHAT_F32);
        spec.outer = 0;
        spec.channels = 3;
        spec.inner = (size_t)1 << bit;
        xhat_geometry g = xhat_geometry_of(&spec, 1, true, 0);
        assert_int_equal(g.sums.order, XHAT_RUNS);
        assert_in_range(g.block_channels, 1, 3);
    }
}

/* Channels of which the cache does not hold a piece worth reading are read with
 * the others of a row or an image: a channel alone took a hundred times as long
 * (62500 x 64 x 2). */
static void test_short_pieces_are_not_read_alone(void **state)
{
    static const size_t shapes[][3] = {{62500, 64, 2}, {200000, 64, 1},
                                       {13333, 300, 7}, {30000, 31, 64}};
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        xhat_spec spec = spec_for(shapes[i], 1);
        for (int arrays = 1; arrays <= 2; arrays++) {
            xhat_geometry g = xhat_geometry_of(&spec, arrays, true, 0);
            assert_true(g.split);
            assert_true(g.block_channels * spec.inner >= 64);
        }
    }
}

/* Elements are not added up: two threads write as many rows each. */
static void test_writes_are_shared_evenly(void **state)
{
    static const size_t rows[] = {64, 256, 300, 513, 1568, 6272};
    (void)state;
    if (!xhat_threads_built_in())
        skip();
    for (size_t i = 0; i < 2 * sizeof rows / sizeof *rows; i++) {
        xhat_spec spec = xhat_spec_default(XHAT_F32);
        spec.outer = rows[i / 2];
        spec.channels = 3000;
        spec.threads = 2;
        xhat_geometry g = xhat_geometry_of(&spec, 1, i % 2 == 0, 0);
        size_t start = xhat_share_start(&g, &g.writes, 1, 2);
        size_t half = start / g.blocks * g.writes.part_rows;
        assert_int_equal(g.threads, 2);
        if (g.split)
            assert_in_range(half, spec.outer / 2,
                            spec.outer / 2 + g.writes.parts);
    }
}

/* Elements of a share. */
static size_t elements_of(const xhat_spec *spec, const xhat_geometry *g,
                          size_t share, size_t shares)
{
    const size_t end = xhat_share_start(g, &g->writes, share + 1, shares);
    size_t elements = 0;
    for (size_t task = xhat_share_start(g, &g->writes, share, shares);
         task < end; task++) {
        const xhat_part part =
            xhat_part_at(spec, &g->writes, task / g->blocks);
        const size_t first = task % g->blocks * g->block_channels;
        const size_t left = spec->channels - first;
        elements += part.rows * part.length *
                    (left < g->block_channels ? left : g->block_channels);
    }
    return elements;
}

/* Nor have two threads of a few images much more than half, in inference: of
 * one with 1,080 channels the first one had 1,024. */
static void test_a_few_images_are_shared_evenly(void **state)
{
    static const size_t shapes[][3] = {
        {1, 1080, 4225}, {5, 237, 961}, {3, 512, 784}, {7, 1000, 196}};
    (void)state;
    if (!xhat_threads_built_in())
        skip();
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        xhat_spec spec = spec_for(shapes[i], 2);
        xhat_geometry g = xhat_geometry_of(&spec, 1, false, 0);
        const size_t all = spec.outer * spec.channels * spec.inner;
        assert_int_equal(g.threads, 2);
        assert_in_range(elements_of(&spec, &g, 0, 2), all / 20 * 9,
                        all / 20 * 11);
    }
}

/* Images that begin at different places in a line, for two threads and through
 * the caches: whole images for each, or they take the lines from each other in
 * which their channels meet (178x93x2x2 took twice the time of one thread).
 * Blocks of sums are as many for both. */
static void test_threads_share_no_lines(void **state)
{
    static const size_t shapes[][3] = {
        {178, 93, 4}, {300, 27, 4}, {100, 33, 25}, {178, 93, 9}};
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        xhat_spec spec = spec_for(shapes[i], 2);
        xhat_geometry g = xhat_geometry_of(&spec, 1, true, 0);
        if (g.stream || g.threads < 2)
            continue; /* another cache, or a build without threads */
        assert_true(g.split);
        assert_in_range(g.writes.parts, 2, spec.outer);
        if (spec.inner <= 9) /* others end with a line in 16 channels alone */
            assert_int_equal(g.blocks % 2, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everything_is_worked_on_once),
        cmocka_unit_test(test_sums_do_not_depend_on_the_threads),
        cmocka_unit_test(test_no_rows_of_huge_runs),
        cmocka_unit_test(test_short_pieces_are_not_read_alone),
        cmocka_unit_test(test_threads_share_no_lines),
        cmocka_unit_test(test_a_few_images_are_shared_evenly),
        cmocka_unit_test(test_writes_are_shared_evenly)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
