#include "walks.h"

#include "base/cpu.h"

/* Rows side by side, whose sums or coefficients stay in registers. */
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

/* ---- what is asked of a shape -------------------------------------------- */

static bool brief_rows(const xhat_spec *spec)
{
    return xhat_row_bytes(spec) <= BRIEF_ROW;
}

static bool rows_of_a_page(const xhat_spec *spec)
{
    return xhat_row_bytes(spec) >= XHAT_PAGE;
}

/* Do arrays like x come from memory: those that are read and one more? */
static bool far_away(const xhat_spec *spec, int arrays)
{
    return ((size_t)arrays + 1) * spec->outer * xhat_row_bytes(spec) >=
           FAR_BYTES;
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
    return g->sums.order == XHAT_COLUMNS && (spec->inner <= 1 || g->split);
}

/* Has a row more than one block? */
static bool rows_in_blocks(const xhat_geometry *g)
{
    return g->writes.order == XHAT_COLUMNS && g->blocks > 1;
}

/* Are runs read that lie an image, or what a block has of it, apart, too short
 * to be foreseen, and not yet in the cache? */
static bool runs_apart(const xhat_spec *spec, const xhat_geometry *g, bool next)
{
    return g->sums.order == XHAT_RUNS && spec->inner <= AHEAD_ELEMENTS &&
           !next && (g->split ? g->stream : g->large);
}

/* Is a block that is worked on as a whole fetched while the one before it is
 * written, which so much of the cache must have room for? */
static bool next_block(const xhat_spec *spec, int arrays,
                       const xhat_geometry *g, size_t room)
{
    return !g->split && g->large &&
           g->block_channels <= xhat_cached_channels(spec, arrays, room);
}

/* ---- how far ahead ------------------------------------------------------- */

static size_t row_ahead(const xhat_spec *spec)
{
    const size_t row = spec->channels * spec->inner;
    return row * (rows_of_a_page(spec) ? STRIP : 1 + AHEAD_ELEMENTS / row);
}

static size_t image_ahead(const xhat_spec *spec)
{
    return spec->channels * spec->inner * (1 + AHEAD_APART / spec->inner);
}

/* While a block is written the next one is fetched, or else what will be read
 * again and was not foreseen the first time. */
static size_t writes_ahead(const xhat_spec *spec, const xhat_geometry *g,
                           bool next)
{
    if (next)
        return g->block_channels * spec->inner;
    if (by_rows(spec, g) ? g->split && g->stream : runs_apart(spec, g, next))
        return g->sums.ahead;
    return 0;
}

/* ---- as Intel's CPUs want it --------------------------------------------- */

/* Rows that are a few whole lines, with nothing added to them; somewhat more
 * where they go past the caches. */
static bool short_rows_of_lines(const xhat_spec *spec, bool stream)
{
    const size_t row = xhat_row_bytes(spec);
    return spec->inner <= 1 && row % XHAT_LINE == 0 &&
           row <= (stream ? XHAT_SHORT_ROW : XHAT_SHORT_ROW / 4 * 3) &&
           (spec->flags & XHAT_ADD_RELU) == 0;
}

/* Two places of memory, a page apart or more, are read and written faster by
 * turns than one after the other.  Runs of several images are; whole rows, in
 * the order of memory, are faster still, but for short ones: 16 of them, a group
 * of lanes at a time, ask for the numbers of its channels once. */
static void set_intel_strips(const xhat_spec *spec, xhat_geometry *g)
{
    const bool blocks = rows_in_blocks(g) && rows_of_a_page(spec);
    g->sums.strip = blocks ? 2 * STRIP : STRIP;
    if (g->writes.order == XHAT_RUNS || (blocks && g->stream))
        g->writes.strip = STRIP;
    else
        g->writes.strip = 1;
    if (brief_rows(spec) || short_rows_of_lines(spec, g->stream))
        g->writes.strip = 2 * STRIP;
}

/* A block that was fetched while the one before it was written needs no more,
 * but for the beginning of a long run.  What short runs have as columns lies in
 * pieces of some lines, which the CPU fetches by itself. */
static size_t intel_sums_ahead(const xhat_spec *spec, int arrays,
                               const xhat_geometry *g, bool next)
{
    if (by_rows(spec, g))
        return far_away(spec, arrays) ? row_ahead(spec) : 0;
    if (runs_apart(spec, g, next))
        return image_ahead(spec);
    if (g->stream && next_run(spec) && (next || g->split))
        return spec->channels * spec->inner;
    if (g->sums.order == XHAT_RUNS && g->stream && !g->split && !next)
        return AHEAD_ELEMENTS / (size_t)arrays;
    return 0;
}

/* Elements alone, of what comes from memory. */
static size_t intel_inference_ahead(const xhat_spec *spec,
                                    const xhat_geometry *g)
{
    const bool short_runs = g->writes.order != xhat_order_of(spec);
    if (!far_away(spec, 1) || short_runs)
        return 0;
    return by_rows(spec, g) ? row_ahead(spec) : AHEAD_ELEMENTS;
}

static void set_intel_walks(const xhat_spec *spec, int arrays, xhat_geometry *g)
{
    const bool sums = g->sums.parts > 0;
    /* two arrays of short runs lie in many places, and displace each other
     * sooner */
    const bool scattered =
        sums && arrays > 1 && g->sums.order != xhat_order_of(spec);
    const size_t room = xhat_cpu_cache() / 16 * (scattered ? 5 : 7);
    const bool next = sums && next_block(spec, arrays, g, room);
    set_intel_strips(spec, g);
    g->sums.ahead = intel_sums_ahead(spec, arrays, g, next);
    g->writes.ahead = sums ? writes_ahead(spec, g, next)
                           : intel_inference_ahead(spec, g);
}

/* ---- as AMD's CPUs want it, and all others get it ------------------------ */

/* Half as many rows when they come from memory, as the CPU does not follow
 * more, but for rows of a page, which it does not follow anyway.  For elements
 * the order of memory, but for short rows in the second-level cache, where
 * reading is all there is to wait for. */
static void set_amd_strips(const xhat_spec *spec, int arrays, xhat_geometry *g)
{
    const size_t row = xhat_row_bytes(spec), each = (size_t)arrays;
    const bool far = spec->outer * row * each >
                     xhat_cpu_stream_bytes((size_t)g->threads);
    const bool near = !g->large && row <= XHAT_PAGE / 2;
    g->sums.strip = (far && !rows_of_a_page(spec) ? STRIP / 2 : STRIP) / each;
    g->writes.strip = near ? STRIP / 2 : 1;
    if (brief_rows(spec))
        g->sums.strip = g->writes.strip = STRIP;
    if (g->writes.order == XHAT_RUNS)
        g->writes.strip = 1;
}

/* A block that stays in the cache: as far ahead as it takes to come, if the
 * caches can keep it until then. */
static size_t amd_block_ahead(const xhat_spec *spec, int arrays,
                              const xhat_geometry *g)
{
    const size_t cache = xhat_cpu_cache(), each = (size_t)arrays;
    if (g->block_channels > xhat_cached_channels(spec, arrays, cache))
        return 0;
    size_t far = smaller(
        AHEAD_ELEMENTS, cache / 4 / xhat_dtype_size(spec->dtype) / spec->outer);
    return smaller(far / each, g->sums.order == XHAT_COLUMNS
                                   ? far
                                   : RUNS_AHEAD * spec->inner);
}

static size_t amd_rows_ahead(const xhat_spec *spec, int arrays,
                             const xhat_geometry *g)
{
    const bool one = g->large && arrays == 1 && !rows_of_a_page(spec);
    return !brief_rows(spec) && (g->stream || one) ? row_ahead(spec) : 0;
}

static size_t amd_sums_ahead(const xhat_spec *spec, int arrays,
                             const xhat_geometry *g, bool next)
{
    if (by_rows(spec, g))
        return amd_rows_ahead(spec, arrays, g);
    if (runs_apart(spec, g, next))
        return image_ahead(spec);
    if (g->stream && next_run(spec))
        return spec->channels * spec->inner;
    return g->stream && !g->split ? amd_block_ahead(spec, arrays, g) : 0;
}

/* Where a block comes from memory, the cache needs room for that one alone: the
 * next cache takes the rest. */
static void set_amd_walks(const xhat_spec *spec, int arrays, xhat_geometry *g)
{
    const bool next = next_block(spec, arrays, g,
                                 xhat_cpu_cache() / (g->stream ? 1 : 2));
    set_amd_strips(spec, arrays, g);
    g->sums.ahead = amd_sums_ahead(spec, arrays, g, next);
    g->writes.ahead = writes_ahead(spec, g, next);
}

void xhat_set_walks(const xhat_spec *spec, int arrays, xhat_geometry *geometry)
{
    if (xhat_cpu_is_intel())
        set_intel_walks(spec, arrays, geometry);
    else
        set_amd_walks(spec, arrays, geometry);
    /* channel by channel where the cache has the block */
    if (geometry->sums.order == XHAT_RUNS)
        geometry->sums.strip = geometry->split ? 1 : geometry->sums.part_rows;
}
