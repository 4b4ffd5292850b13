#include "geometry.h"

#include "base/cpu.h"
#include "base/threads.h"
#include "walks.h"

/* Fewer elements are not worth another thread: twice as many where threads wait
 * for each other, and again where there are no sums, which is less work; a
 * channel of runs, whose lanes are added up, is as much work as some more. */
enum { ELEMENTS_A_THREAD = 16384, ELEMENTS_A_CHANNEL = 16 };

/* The elements that a block has in a row at least, if it is to be read only
 * once: where memory has the array, and where the caches do, on Intel's CPUs
 * and on others.  Shorter pieces are read too slowly, and pages that lie apart
 * share few sets of the cache. */
enum {
    LEAST_FAR_INTEL = 384,
    LEAST_NEAR_INTEL = 640,
    LEAST_FAR = 192,
    LEAST_NEAR = 512
};

/* The step between sums and elements takes as long for one channel as for some,
 * which is worth more than that the first-level cache keeps them. */
enum { STEP_CHANNELS = 16, STEP_CHANNELS_MOST = 64, NEAREST_BYTES = 32768 };

enum { QUARTER_PAGE = XHAT_PAGE / 4 };

/* Runs as columns in so few images that most of the work is that with the
 * numbers of the columns: as many columns as the first-level cache keeps the
 * numbers of. */
enum { COLUMNS_OF_FEW = 512, FEW_IMAGES = 8 };

xhat_order xhat_order_of(const xhat_spec *spec)
{
    return spec->inner <= 1 ? XHAT_COLUMNS : XHAT_RUNS;
}

static size_t group_of(const xhat_spec *spec)
{
    return XHAT_GROUP_BYTES / xhat_dtype_size(spec->dtype);
}

/* elements of a line */
static size_t line_of(const xhat_spec *spec)
{
    return XHAT_LINE / xhat_dtype_size(spec->dtype);
}

/* Do all of a run's elements fit a line? */
static bool in_a_line(const xhat_spec *spec)
{
    return spec->inner <= line_of(spec);
}

/* Short runs are taken as columns where that is faster: runs that fill their
 * last line badly, in enough images that adding up the columns at the end does
 * not matter.  Sums depend on it, so that the shape alone decides. */
static xhat_order training_order(const xhat_spec *spec)
{
    const bool ragged = spec->inner < 2 * group_of(spec) &&
                        spec->inner % line_of(spec) != 0 &&
                        spec->outer >= XHAT_SHORT_IMAGES;
    return in_a_line(spec) || ragged ? XHAT_COLUMNS : XHAT_RUNS;
}

/* The order of elements, which changes no bits.  A mask lies as training has
 * it.  Runs of more than a line are worth columns where sums are taken so, or
 * where they go past the caches; Intel's CPUs take those as runs, the same of
 * several images by turns, if all images begin at the same place in a line. */
static xhat_order writes_order(const xhat_spec *spec, bool sums, bool stream)
{
    const bool masked = (spec->flags & XHAT_ADD_RELU) != 0;
    const bool alike = xhat_row_bytes(spec) % XHAT_LINE == 0;
    if (masked || in_a_line(spec))
        return training_order(spec);
    if (stream ? xhat_cpu_is_intel() && alike : !sums)
        return xhat_order_of(spec);
    return training_order(spec);
}

static size_t divide_up(size_t a, size_t b)
{
    return a / b + (a % b != 0);
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* ---- parts --------------------------------------------------------------- */

/* parts of a run that is longer than one */
static size_t run_parts(const xhat_spec *spec)
{
    return xhat_order_of(spec) == XHAT_COLUMNS
               ? 1
               : divide_up(spec->inner, XHAT_PART_ELEMENTS);
}

/* Rows of fewer elements than a group has lanes are narrow: so many of them are
 * two whole groups or more.  1: others, and where that would be too many. */
static size_t narrow_rows(const xhat_spec *spec)
{
    const size_t group = group_of(spec), channels = spec->channels;
    size_t rows = 1;
    if (spec->inner > 1 || channels >= group)
        return 1;
    while (rows * channels % group != 0 || rows * channels == group)
        rows *= 2;
    return rows * channels <= XHAT_WIDE ? rows : 1;
}

size_t xhat_rows_as_one(const xhat_spec *spec, size_t rows)
{
    const size_t one = narrow_rows(spec);
    return rows >= 2 * one * spec->channels ? one : 1;
}

/* rows or images of a part of sums: the shape alone decides */
static size_t part_rows(const xhat_spec *spec)
{
    const size_t one = narrow_rows(spec);
    const size_t narrow = 2 * XHAT_PART_ELEMENTS / spec->channels / one * one;
    const size_t few = one > 1 ? narrow : XHAT_PART_ROWS;
    const size_t rows = divide_up(divide_up(spec->outer, XHAT_PARTS_MOST),
                                  one * XHAT_STEPS);
    if (xhat_order_of(spec) == XHAT_COLUMNS)
        return larger(few, rows * one * XHAT_STEPS);
    return run_parts(spec) > 1 ? 1 : XHAT_PART_ELEMENTS / spec->inner;
}

/* Parts of so many rows; no rows make an empty part. */
static xhat_walk in_parts(size_t rows, size_t part_rows)
{
    size_t some = rows == 0 ? 1 : rows;
    part_rows = smaller(some, part_rows);
    return (xhat_walk){.part_rows = part_rows,
                       .parts = divide_up(some, part_rows)};
}

/* Parts of at most so many rows, as many for each thread; but for the last one
 * multiples of `one` rows. */
static xhat_walk in_even_parts(size_t rows, size_t most, size_t threads,
                               size_t one)
{
    size_t rounds = divide_up(in_parts(rows, most).parts, threads);
    size_t even = rows == 0 ? 1 : divide_up(rows, rounds * threads);
    return in_parts(rows, divide_up(even, one) * one);
}

xhat_part xhat_part_at(const xhat_spec *spec, const xhat_walk *walk,
                       size_t index)
{
    xhat_part part = {.length = spec->inner};
    if (run_parts(spec) > 1) {
        part.offset = index % run_parts(spec) * XHAT_PART_ELEMENTS;
        part.length = smaller(spec->inner - part.offset, XHAT_PART_ELEMENTS);
        index /= run_parts(spec);
    }
    part.first_row = index * walk->part_rows;
    part.rows = smaller(spec->outer - part.first_row, walk->part_rows);
    return part;
}

size_t xhat_share_start(const xhat_geometry *g, const xhat_walk *walk,
                        size_t share, size_t shares)
{
    const size_t each = walk->part_rows;
    const size_t whole = (walk->parts - 1) * g->blocks; /* but the last part */
    const size_t last = g->rows - (walk->parts - 1) * each;
    size_t row = g->rows * g->blocks / shares * share;
    if (share == shares)
        return walk->parts * g->blocks;
    if (row <= whole * each)
        return (row + each / 2) / each;
    return whole + (row - whole * each + last / 2) / last;
}

/* ---- blocks: decided by caches and threads ------------------------------- */

static size_t most_threads(const xhat_spec *spec, bool sums, size_t elements)
{
    const size_t more = sums && spec->inner > 1 ? ELEMENTS_A_CHANNEL : 0;
    const size_t most =
        spec->channels * (spec->outer * spec->inner + more) / elements;
    const size_t threads = spec->threads > 0
                               ? (size_t)spec->threads
                               : (size_t)xhat_threads_available();
    if (!xhat_threads_built_in() || most < 1)
        return 1;
    return smaller(smaller(threads, most), XHAT_THREADS_MAX);
}

size_t xhat_cached_channels(const xhat_spec *spec, int arrays, size_t cache)
{
    size_t narrowest = spec->inner <= 1 ? group_of(spec) : 1;
    size_t bytes = spec->outer * spec->inner * xhat_dtype_size(spec->dtype) *
                   (size_t)arrays * narrowest;
    return bytes == 0 ? spec->channels : cache / bytes * narrowest;
}

/* So many runs end where a line does, at the latest. */
static size_t whole_lines(const xhat_spec *spec)
{
    size_t run = spec->inner * xhat_dtype_size(spec->dtype),
           channels = XHAT_LINE;
    while (channels > 1 && channels / 2 * run % XHAT_LINE == 0)
        channels /= 2;
    return channels;
}

size_t xhat_mask_channels(const xhat_spec *spec)
{
    if (xhat_order_of(spec) == XHAT_COLUMNS)
        return spec->channels;
    if (training_order(spec) == XHAT_RUNS)
        return 1;
    const size_t lines = whole_lines(spec);
    const size_t most = XHAT_PANEL_COLUMNS / spec->inner / lines * lines;
    return smaller(larger(most, lines), spec->channels);
}

/* The channels of a block before threads are asked: rows of a page or so; of
 * runs with sums as many as are worth writing together, or, in the caches, as
 * are worth the step between the two. */
static size_t widest_block(const xhat_spec *spec, int arrays, bool sums,
                           xhat_order order, bool stream)
{
    const size_t run = smaller(XHAT_STAGE_ELEMENTS, spec->inner);
    const size_t near =
        stream ? 0 : xhat_cached_channels(spec, arrays, xhat_cpu_cache() / 4);
    const size_t nearest = xhat_cached_channels(spec, arrays, NEAREST_BYTES);
    const size_t some = larger(smaller(near, STEP_CHANNELS),
                               smaller(nearest, STEP_CHANNELS_MOST));
    if (order == XHAT_COLUMNS) {
        const bool few = spec->inner > 1 && sums && spec->outer <= FEW_IMAGES;
        return (few ? COLUMNS_OF_FEW : XHAT_PANEL_COLUMNS) /
               larger(1, spec->inner);
    }
    if (!sums)
        return XHAT_PANEL_COLUMNS;
    return larger(XHAT_STAGE_ELEMENTS / run, some);
}

size_t xhat_row_bytes(const xhat_spec *spec)
{
    return spec->channels * spec->inner * xhat_dtype_size(spec->dtype);
}

/* Narrower, if that makes as many blocks for each of the threads. */
static size_t even_width(size_t channels, size_t width, size_t threads)
{
    size_t blocks = divide_up(channels, width);
    if (blocks >= 4 * threads)
        return width;
    return divide_up(channels, divide_up(blocks, threads) * threads);
}

/* Threads that write to the same page of a row through their caches take lines
 * from each other; blocks of whole pages, as many for each thread, do not.  On
 * Intel's CPUs neither do quarters of pages while the second-level cache has
 * room for everything: what lies beside them is not fetched then. */
static bool page_each(const xhat_spec *spec, size_t width, size_t threads,
                      size_t bytes)
{
    const size_t block = width * xhat_dtype_size(spec->dtype);
    const bool near = bytes <= xhat_cpu_cache() / 2 && xhat_cpu_is_intel() &&
                      xhat_row_bytes(spec) % QUARTER_PAGE == 0;
    return spec->inner <= 1 && block >= (near ? QUARTER_PAGE : XHAT_PAGE) &&
           divide_up(spec->channels, width) % threads == 0;
}

/* Do rows of runs end inside a line?  Then blocks do, and threads that write
 * them through their caches take those lines from each other, in every row:
 * whole rows for each thread. */
static bool lines_shared(const xhat_spec *spec, bool stream)
{
    return spec->inner > 1 && !stream && xhat_row_bytes(spec) % XHAT_LINE != 0;
}

/* Are there whole blocks for every thread? */
static bool blocks_for_all(const xhat_spec *spec, const xhat_geometry *g,
                           size_t threads, size_t bytes)
{
    if (threads == 1 || g->blocks >= 4 * threads)
        return true;
    if (lines_shared(spec, g->stream))
        return false;
    if (spec->inner <= 1 && !g->stream)
        return page_each(spec, g->block_channels, threads, bytes);
    return g->sums.parts == 1 || g->blocks % threads == 0;
}

/* Does a block, of `least` channels or more, stay in the cache between its sums
 * and its elements, so that one thread may work on it as a whole?  A channel of
 * long runs may as well if it does not. */
static bool worked_on_whole(const xhat_spec *spec, bool stream, size_t bytes,
                            size_t cached, size_t least)
{
    const size_t piece = larger(cached, 1) * spec->inner;
    const size_t far = xhat_cpu_is_intel() ? LEAST_FAR_INTEL : LEAST_FAR;
    const size_t near = xhat_cpu_is_intel() ? LEAST_NEAR_INTEL : LEAST_NEAR;
    return bytes <= xhat_cpu_cache() || cached >= spec->channels ||
           (cached >= least && piece >= (stream ? far : near));
}

/* The channels of the thread that has most, of blocks of so many. */
static size_t busiest(const xhat_spec *spec, size_t width, size_t threads)
{
    const size_t blocks = divide_up(spec->channels, width);
    return smaller(spec->channels, divide_up(blocks, threads) * width);
}

/* A width in whole groups of lanes, or of runs that end with a line: as many
 * less or, up to `most`, more as leaves the threads even. */
static size_t rounded_width(const xhat_spec *spec, size_t width, size_t most,
                            size_t threads)
{
    const size_t group = group_of(spec), lines = whole_lines(spec);
    if (spec->inner <= 1)
        return divide_up(width, group) * group;
    if (width <= lines)
        return width;
    const size_t down = width / lines * lines;
    const size_t up = smaller(down + lines, spec->channels);
    return up <= most && busiest(spec, up, threads) <
                             busiest(spec, down, threads)
               ? up
               : down;
}

/* At most so many numbers of columns or of runs. */
static size_t limited(const xhat_spec *spec, size_t width, xhat_order order,
                      size_t most_channels)
{
    if (most_channels > 0 && order != xhat_order_of(spec))
        most_channels = 1 + (most_channels - 1) / spec->inner;
    return most_channels > 0 ? smaller(width, most_channels) : width;
}

/* Rows, or images, of a part of elements at most.  What was read last is worth
 * writing first only while half of the cache still has it. */
static size_t most_rows(const xhat_spec *spec, int arrays, bool last_first)
{
    const size_t row = xhat_row_bytes(spec) * (size_t)arrays;
    const size_t cached = xhat_cpu_cache() / 2 / larger(1, row);
    return last_first ? smaller(part_rows(spec), larger(1, cached))
                      : part_rows(spec);
}

/* Do outputs, of so many bytes together with inputs, go past the caches?  Rows
 * that are put together on the stage, which is a copy more, later, on Intel's
 * CPUs. */
static bool past_caches(const xhat_spec *spec, size_t bytes, size_t threads)
{
    const size_t most = xhat_cpu_stream_bytes(threads);
    const size_t row = xhat_row_bytes(spec);
    const bool staged = spec->inner <= 1 && row <= XHAT_SHORT_ROW &&
                        row % XHAT_LINE != 0 && narrow_rows(spec) == 1;
    return bytes > (staged && xhat_cpu_is_intel() ? most / 2 * 3 : most);
}

static xhat_geometry geometry_for(const xhat_spec *spec, int arrays, bool sums,
                                  size_t most_channels, size_t threads)
{
    const size_t rows = spec->outer * run_parts(spec), one = narrow_rows(spec);
    const size_t cached =
        xhat_cached_channels(spec, arrays, xhat_cpu_cache() / 2);
    const size_t array = spec->outer * xhat_row_bytes(spec);
    const size_t bytes = array * ((size_t)arrays + 1);
    const bool stream = past_caches(spec, bytes, threads);
    const xhat_order writes = writes_order(spec, sums, stream),
                     order = sums ? training_order(spec) : writes;
    /* a block of short runs as columns has its mask bits to itself */
    const size_t tile =
        order != xhat_order_of(spec) && (spec->flags & XHAT_ADD_RELU)
            ? xhat_mask_channels(spec)
            : 0;
    const bool whole =
        sums && worked_on_whole(spec, stream, bytes, cached, tile);
    xhat_geometry g = {.rows = rows,
                       .large = bytes > xhat_cpu_cache(),
                       .stream = stream};
    size_t most = widest_block(spec, arrays, sums, order, stream);
    if (whole && cached > 0)
        most = smaller(most, cached);
    size_t width = smaller(most, spec->channels);
    if (whole)
        width = even_width(spec->channels, width, threads);
    /* so few images of elements alone are no even shares */
    const bool channels_each = !sums && spec->inner > 1 &&
                               rows % threads != 0 && rows < 8 * threads;
    if (channels_each)
        width = even_width(spec->channels, width, threads);
    const size_t shares =
        channels_each || page_each(spec, width, threads, bytes) ? 1 : threads;
    if (sums)
        g.sums = in_parts(rows, part_rows(spec));
    const size_t parts =
        sums ? g.sums.parts
             : in_even_parts(rows, part_rows(spec), shares, one).parts;
    if (!whole && divide_up(spec->channels, width) * parts < threads)
        width = divide_up(spec->channels, divide_up(threads, parts));
    width = rounded_width(spec, width, most, threads);
    g.block_channels =
        tile > 0 ? tile : limited(spec, width, order, most_channels);
    g.blocks = divide_up(spec->channels, g.block_channels);
    g.split =
        most_channels == 0 &&
        (!whole || !blocks_for_all(spec, &g, threads, bytes));
    g.threads = (int)smaller(threads, g.split ? g.blocks * parts : g.blocks);
    g.last_first = g.split && sums && xhat_cpu_is_intel();
    g.writes =
        in_even_parts(rows, most_rows(spec, arrays, g.last_first), shares, one);
    const bool by_blocks =
        !g.split || (g.blocks >= threads && !lines_shared(spec, stream));
    if (writes != xhat_order_of(spec) && by_blocks)
        g.writes = in_parts(rows, part_rows(spec)); /* each is spread anew */
    g.sums.order = order;
    g.writes.order = writes;
    xhat_set_walks(spec, arrays, &g);
    return g;
}

xhat_geometry xhat_geometry_of(const xhat_spec *spec, int arrays, bool sums,
                               size_t most_channels)
{
    const size_t some = ELEMENTS_A_THREAD * (sums ? 1 : 4);
    const xhat_geometry g =
        geometry_for(spec, arrays, sums, most_channels,
                     most_threads(spec, sums, some));
    return g.split && sums ? geometry_for(spec, arrays, sums, most_channels,
                                          most_threads(spec, sums, 2 * some))
                           : g;
}
