#include "passes.h"

#include <stdint.h>

#ifdef _OPENMP
#include <omp.h>
#endif

#include "base/memory.h"

typedef struct run {
    const xhat_plan *plan;
    const xhat_geometry *geometry;
    const xhat_passes *passes;
    const void *args;
    char *blocks, *workspaces, *part_sums; /* in scratch */
    size_t block_bytes, sums_bytes, workspace_bytes;
} run;

/* ---- scratch memory ------------------------------------------------------ */

/* Blocks: one for each thread, or all when every thread works on all.
 * Workspaces: one a thread.  Sums of parts: one a thread, or all. */
static size_t lay_out(run *r, char *scratch)
{
    const xhat_geometry *g = r->geometry;
    size_t threads = (size_t)g->threads;
    size_t blocks = g->split ? g->blocks : threads;
    size_t sums = g->split ? g->blocks * g->sums.parts : threads;
    r->block_bytes = xhat_block_bytes(r->plan, g->block_channels);
    r->sums_bytes = xhat_sums_bytes(g->block_channels);
    r->workspace_bytes = xhat_workspace_bytes(r->plan, g);
    if (scratch != NULL) {
        r->blocks = scratch;
        r->workspaces = r->blocks + blocks * r->block_bytes;
        r->part_sums = r->workspaces + threads * r->workspace_bytes;
    }
    return blocks * r->block_bytes + threads * r->workspace_bytes +
           sums * r->sums_bytes;
}

size_t xhat_passes_scratch(const xhat_plan *plan, const xhat_geometry *geometry)
{
    run r = {.plan = plan, .geometry = geometry};
    return lay_out(&r, NULL) + XHAT_ALIGNMENT;
}

/* ---- one thread's share -------------------------------------------------- */

typedef struct share {
    size_t index, of; /* this thread, of how many */
    xhat_workspace workspace;
} share;

/* blocks begin .. end are this thread's */
static void blocks_of(const run *r, const share *mine, size_t *begin,
                      size_t *end)
{
    size_t count = r->geometry->blocks, rest = count % mine->of;
    *begin = count / mine->of * mine->index +
             (mine->index < rest ? mine->index : rest);
    *end = *begin + count / mine->of + (mine->index < rest);
}

/* and so are tasks begin .. end, each a part of a block */
static void tasks_of(const run *r, const share *mine, const xhat_walk *walk,
                     size_t *begin, size_t *end)
{
    *begin = xhat_share_start(r->geometry, walk, mine->index, mine->of);
    *end = xhat_share_start(r->geometry, walk, mine->index + 1, mine->of);
}

/* Nobody goes on before all are here. */
static void wait_for_all(const run *r)
{
    (void)r;
#ifdef _OPENMP
    if (r->geometry->threads > 1) {
#pragma omp barrier
    }
#endif
}

static void sum_part(const run *r, const xhat_block *block, size_t part,
                     const xhat_sums *to, const share *mine)
{
    xhat_block_sums(r->plan, r->geometry, block, part, &r->passes->arrays,
                    r->passes->sum, to, &mine->workspace);
}

static void write_part(const run *r, const xhat_block *block, size_t part,
                       const share *mine)
{
    xhat_block_write(r->plan, r->geometry, block, part, &r->passes->arrays,
                     r->passes->write, &mine->workspace);
}

/* A block at a time: what was read last is written first, being cached. */
static void work_on_blocks(const run *r, const share *mine)
{
    char *memory = r->blocks + mine->index * r->block_bytes;
    xhat_sums sums = xhat_sums_at(r->geometry->block_channels,
                                  r->part_sums + mine->index * r->sums_bytes);
    size_t index, end;
    for (blocks_of(r, mine, &index, &end); index < end; index++) {
        xhat_block *block = xhat_block_at(r->plan, r->geometry, index, memory);
        if (r->passes->sum != NULL) {
            r->passes->begin(r->plan, r->args, block);
            sum_part(r, block, 0, &block->sums, mine);
        }
        for (size_t part = 1; part < r->geometry->sums.parts; part++) {
            sum_part(r, block, part, &sums, mine);
            r->plan->kernels->merge(block->channels, &block->sums, &sums);
        }
        r->passes->end(r->plan, r->args, block);
        for (size_t part = r->geometry->writes.parts; part-- > 0;)
            write_part(r, block, part, mine);
    }
}

static xhat_block *block_of(const run *r, size_t index)
{
    return (xhat_block *)(r->blocks + index * r->block_bytes);
}

static xhat_sums sums_of(const run *r, size_t task)
{
    return xhat_sums_at(r->geometry->block_channels,
                        r->part_sums + task * r->sums_bytes);
}

/* The block's totals: of its parts, in their order. */
static void add_parts(const run *r, size_t index)
{
    xhat_block *block = block_of(r, index);
    block->sums = sums_of(r, index); /* of part 0 */
    for (size_t part = 1; part < r->geometry->sums.parts; part++) {
        xhat_sums sums = sums_of(r, part * r->geometry->blocks + index);
        r->plan->kernels->merge(block->channels, &block->sums, &sums);
    }
}

/* All parts of all blocks: sums, in the order in which they lie in memory, and,
 * after all are known, elements. */
static void work_on_parts(const run *r, const share *mine)
{
    const size_t blocks = r->geometry->blocks;
    const bool sums = r->passes->sum != NULL;
    size_t first, last, task, end;
    blocks_of(r, mine, &first, &last);
    for (size_t b = first; b < last; b++) {
        xhat_block_at(r->plan, r->geometry, b, block_of(r, b));
        if (sums)
            r->passes->begin(r->plan, r->args, block_of(r, b));
    }
    if (sums) {
        wait_for_all(r);
        tasks_of(r, mine, &r->geometry->sums, &task, &end);
        for (; task < end; task++) {
            xhat_sums to = sums_of(r, task);
            sum_part(r, block_of(r, task % blocks), task / blocks, &to, mine);
        }
        wait_for_all(r);
    }
    for (size_t b = first; b < last; b++) {
        if (sums)
            add_parts(r, b);
        r->passes->end(r->plan, r->args, block_of(r, b));
    }
    wait_for_all(r);
    tasks_of(r, mine, &r->geometry->writes, &first, &end);
    for (size_t i = first; i < end; i++) {
        task = r->geometry->last_first ? end - 1 - (i - first) : i;
        write_part(r, block_of(r, task % blocks), task / blocks, mine);
    }
}

/* What thread number `index` of so many does. */
static void work(const run *r, int index, int of)
{
    char *memory = r->workspaces + (size_t)index * r->workspace_bytes;
    const share mine = {(size_t)index, (size_t)of,
                        xhat_workspace_at(r->plan, r->geometry, memory)};
    if (r->geometry->split)
        work_on_parts(r, &mine);
    else
        work_on_blocks(r, &mine);
    if (r->geometry->stream)
        r->plan->kernels->fence();
}

void xhat_run_passes(const xhat_plan *plan, const xhat_geometry *geometry,
                     void *scratch, const xhat_passes *passes, const void *args)
{
    uintptr_t address = (uintptr_t)scratch + XHAT_ALIGNMENT - 1;
    run r = {
        .plan = plan, .geometry = geometry, .passes = passes, .args = args};
    lay_out(&r, (char *)(address / XHAT_ALIGNMENT * XHAT_ALIGNMENT));
#ifdef _OPENMP
    if (geometry->threads > 1) {
        /* there may be fewer than asked for, never more */
#pragma omp parallel num_threads(geometry->threads)
        work(&r, omp_get_thread_num(), omp_get_num_threads());
        return;
    }
#endif
    work(&r, 0, 1);
}
