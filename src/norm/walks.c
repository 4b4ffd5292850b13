#include "walks.h"

#include "base/cpu.h"

/* Rows side by side; half as many when they come from memory, as the CPU does
 * not follow more, but for rows of a page, which it does not follow anyway. */
enum { STRIP = 8 };

/* Rows of so few bytes are all but read in the order of memory, which the CPU
 * foresees: more of them side by side cost nothing. */
enum { BRIEF_ROW = 256 };

/* What is fetched ahead is about so far away, or a row (a strip of rows of a
 * page), or some runs; of runs longer than that, but not too long for the
 * cache, it is the next image's; of shorter ones that lie apart, of the image
 * that is as many elements of theirs away. */
enum {
    AHEAD_ELEMENTS = 2048,
    RUNS_AHEAD = 4,
    LONGEST_AHEAD = 8192,
    AHEAD_APART = 512
};

/* From about so many bytes on, what was written or read before is not in the
 * caches that a core has of its machine, as measured. */
enum { FAR_BYTES = 64 << 20 };

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* ---- rows side by side --------------------------------------------------- */

static bool brief_rows(const xhat_spec *spec)
{
    return xhat_row_bytes(spec) <= BRIEF_ROW;
}

/* The plain sums of a strip stay in registers: the more rows, the less often
 * they wait in memory for the next strip. */
static size_t sums_strip(const xhat_spec *spec, int arrays)
{
    const size_t each = (size_t)arrays,
                 array = spec->outer * xhat_row_bytes(spec);
    const bool far = array * each > xhat_cpu_stream_bytes();
    if (brief_rows(spec))
        return STRIP;
    return (far && xhat_row_bytes(spec) < XHAT_PAGE ? STRIP / 2 : STRIP) / each;
}

/* The coefficients of a strip stay in registers, too, but are only read: that
 * is worth leaving the order of memory for short rows in the second-level
 * cache, where reading is all there is to wait for.  Not on Intel's CPUs, but
 * for the shortest. */
static size_t writes_strip(const xhat_spec *spec, bool large)
{
    const bool intel = xhat_cpu_is_intel();
    if (brief_rows(spec))
        return intel ? 2 * STRIP : STRIP;
    return large || intel || xhat_row_bytes(spec) > XHAT_PAGE / 2 ? 1
                                                                  : STRIP / 2;
}

/* ---- what is asked for ahead of its time --------------------------------- */

/* Do arrays like x come from memory: those that are read and one more? */
static bool far_away(const xhat_spec *spec, int arrays)
{
    return ((size_t)arrays + 1) * spec->outer * xhat_row_bytes(spec) >=
           FAR_BYTES;
}

/* Do rows come sooner when they are asked for? */
static bool rows_fetched(const xhat_spec *spec, const xhat_geometry *g,
                         int arrays)
{
    if (xhat_cpu_is_intel())
        return far_away(spec, arrays);
    if (brief_rows(spec))
        return false;
    return g->stream ||
           (g->large && arrays == 1 && xhat_row_bytes(spec) < XHAT_PAGE);
}

/* Is the run of the next image fetched while one is read? */
static bool next_run(const xhat_spec *spec)
{
    return spec->outer > 1 && spec->inner > AHEAD_ELEMENTS &&
           spec->inner <= LONGEST_AHEAD;
}

/* Are whole rows, or images, read in the order of memory, as columns? */
static bool by_rows(const xhat_spec *spec, const xhat_geometry *g)
{
    return g->order == XHAT_COLUMNS && (spec->inner <= 1 || g->split);
}

/* Are runs read that lie an image, or what a block has of it, apart, too short
 * to be foreseen, and not yet in the cache? */
static bool runs_apart(const xhat_spec *spec, const xhat_geometry *g, bool next)
{
    return g->order == XHAT_RUNS && spec->inner <= AHEAD_ELEMENTS && !next &&
           (g->split ? g->stream : g->large);
}

static size_t rows_ahead(const xhat_spec *spec, const xhat_geometry *g,
                         int arrays)
{
    const size_t row = spec->channels * spec->inner;
    if (!rows_fetched(spec, g, arrays))
        return 0;
    return row * (xhat_row_bytes(spec) < XHAT_PAGE ? 1 + AHEAD_ELEMENTS / row
                                                   : STRIP);
}

/* A block that stays in the cache, as AMD's CPUs want it: as far ahead as it
 * takes to come, if the caches can keep it until then. */
static size_t block_ahead(const xhat_spec *spec, const xhat_geometry *g,
                          int arrays)
{
    const size_t cache = xhat_cpu_cache(), each = (size_t)arrays;
    if (g->block_channels > xhat_cached_channels(spec, arrays, cache))
        return 0;
    size_t far = smaller(
        AHEAD_ELEMENTS, cache / 4 / xhat_dtype_size(spec->dtype) / spec->outer);
    return smaller(far / each,
                   g->order == XHAT_COLUMNS ? far : RUNS_AHEAD * spec->inner);
}

/* How far behind what is read while sums are taken lies what should be asked
 * for now; 0: the CPU foresees it.  `next`: it was asked for while the block
 * before was written, which is enough for Intel's CPUs, but for the beginning
 * of a long run. */
static size_t sums_ahead(const xhat_spec *spec, const xhat_geometry *g,
                         int arrays, bool next)
{
    const size_t image = spec->channels * spec->inner;
    if (by_rows(spec, g))
        return rows_ahead(spec, g, arrays);
    if (runs_apart(spec, g, next))
        return image * (1 + AHEAD_APART / spec->inner);
    if (!g->stream)
        return 0;
    if (next_run(spec) && (next || g->split || !xhat_cpu_is_intel()))
        return image;
    if (g->split)
        return 0;
    if (!xhat_cpu_is_intel())
        return block_ahead(spec, g, arrays);
    return next ? 0 : AHEAD_ELEMENTS / (size_t)arrays;
}

/* Inference of what comes from memory, as Intel's CPUs want it. */
static size_t far_ahead(const xhat_spec *spec, const xhat_geometry *g)
{
    const bool short_runs = g->order != xhat_order_of(spec);
    if (!far_away(spec, 1) || short_runs)
        return 0;
    return by_rows(spec, g) ? rows_ahead(spec, g, 1) : AHEAD_ELEMENTS;
}

/* While a block is written the next one is fetched, if the cache has room for
 * both, or, on AMD's CPUs, where it comes from memory, for one: the next cache
 * takes the rest.  Else what will be read again and was not foreseen the first
 * time. */
static void set_ahead(const xhat_spec *spec, int arrays, xhat_geometry *g)
{
    const bool intel = xhat_cpu_is_intel();
    const size_t cache = xhat_cpu_cache();
    const size_t room = intel ? cache / 16 * 7 : g->stream ? cache : cache / 2;
    const bool next =
        !g->split && g->large && (g->sums.parts > 0 || !intel) &&
        g->block_channels <= xhat_cached_channels(spec, arrays, room);
    g->sums.ahead = sums_ahead(spec, g, arrays, next);
    if (next)
        g->writes.ahead = g->block_channels * spec->inner;
    else if (intel && g->sums.parts == 0)
        g->writes.ahead = far_ahead(spec, g);
    else if (by_rows(spec, g) ? g->split && g->stream
                              : runs_apart(spec, g, next))
        g->writes.ahead = g->sums.ahead;
}

/* What was read last is in the caches, which weighs more on Intel's CPUs than
 * that each part breaks what they foresee. */
static bool last_first(const xhat_geometry *g)
{
    return g->split && g->sums.parts > 0 && xhat_cpu_is_intel();
}

void xhat_set_walks(const xhat_spec *spec, int arrays, xhat_geometry *geometry)
{
    geometry->sums.strip = sums_strip(spec, arrays);
    geometry->writes.strip = writes_strip(spec, geometry->large);
    geometry->last_first = last_first(geometry);
    set_ahead(spec, arrays, geometry);
}
