/* The same bits for every tier, every number of threads and every place in
 * memory, and the bits that are kept here: a change of the order in which
 * numbers are added shows, on any machine.
 *
 * With XHAT_WRITE_GOLDEN=1 in the environment it prints the table to keep.  It
 * is a plain program, without cmocka, so that it can be cross-compiled. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "norm/plan.h"
#include "numbers.h"
#include "xhat/xhat.h"

/* What has to work for the test to go on. */
static void need(bool condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "same_bits: %s\n", what);
        exit(1);
    }
}

static void need_ok(xhat_status status, const xhat_error *error)
{
    need(status == XHAT_OK, error->message);
}

typedef struct golden {
    xhat_dtype dtype;
    size_t outer, channels, inner;
    unsigned fusion; /* 0, XHAT_RELU or XHAT_ADD_RELU */
    uint64_t hash;
} golden;

static const golden table[] = {
#include "same_bits_golden.inc"
};

static size_t size_of(xhat_dtype dtype)
{
    return dtype == XHAT_F32 ? sizeof(float) : sizeof(double);
}

/* FNV-1a, eight bytes at a time */
static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t count)
{
    const unsigned char *b = bytes;
    for (size_t i = 0; i < count; i += 8) {
        uint64_t word = 0;
        memcpy(&word, b + i, count - i < 8 ? count - i : 8);
        hash = (hash ^ word) * 0x100000001b3u;
        hash ^= hash >> 29;
    }
    return hash;
}

/* An array of `count` elements that starts `shift` elements after a line. */
static void *array_of(xhat_dtype dtype, size_t count, size_t shift)
{
    char *block = aligned_alloc(64, (count * size_of(dtype) + 256) / 64 * 64);
    need(block != NULL, "out of memory");
    return block + shift * size_of(dtype);
}

static void release(xhat_dtype dtype, void *array, size_t shift)
{
    free((char *)array - shift * size_of(dtype));
}

static void *filled(xhat_dtype dtype, size_t count, size_t shift, double mean,
                    uint64_t seed)
{
    void *array = array_of(dtype, count, shift);
    for (size_t i = 0; i < count; i++) {
        uint64_t bits = numbers_bits(&seed); /* about normal, exactly */
        int sum = (int)(bits & 0xffff) + (int)(bits >> 16 & 0xffff) +
                  (int)(bits >> 32 & 0xffff) + (int)(bits >> 48) - 0x1fffe;
        double value = mean + sum * 0x1p-15;
        if (dtype == XHAT_F32)
            ((float *)array)[i] = (float)value;
        else
            ((double *)array)[i] = value;
    }
    return array;
}

enum { X, DOUT, RESIDUAL, OUT, DX, DRESIDUAL, FULL }; /* all elements */
enum { GAMMA, BETA, MEAN, MEAN_LOW, INVSTD, DGAMMA, DBETA, SMALL };

/* Everything that forward, inference and the two backward passes write. */
static uint64_t hash_of(const golden *g, int threads, size_t shift, bool stream)
{
    const size_t elements = g->outer * g->channels * g->inner;
    xhat_error error = {0};
    xhat_spec spec = xhat_spec_default(g->dtype);
    xhat_plan *plan;
    void *full[FULL], *some[SMALL];
    uint64_t hash = 0xcbf29ce484222325u;
    spec.outer = g->outer;
    spec.channels = g->channels;
    spec.inner = g->inner;
    spec.flags |= g->fusion;
    spec.threads = threads;
    need_ok(xhat_plan_create(&plan, &spec, NULL, &error), &error);
    xhat_geometry *geometries[] = {&plan->forward, &plan->backward,
                                   &plan->inference};
    for (int i = 0; i < 3; i++) {
        geometries[i]->stream |= stream;
        if (!stream)
            continue;
        /* what another CPU would do */
        geometries[i]->last_first = !geometries[i]->last_first;
        geometries[i]->writes.strip = threads == 2 ? XHAT_STEPS / 2 : 1;
    }
    for (int i = 0; i < FULL; i++)
        full[i] = filled(g->dtype, elements, shift, 0.5, 100 + (uint64_t)i);
    for (int i = 0; i < SMALL; i++)
        some[i] = filled(g->dtype, g->channels, shift, 1, 200 + (uint64_t)i);
    const bool add = g->fusion == XHAT_ADD_RELU;
    size_t scratch_size = xhat_plan_scratch_size(plan);
    char *memory = malloc(scratch_size + 8), *scratch = memory + shift;
    unsigned char *mask = calloc(1, xhat_plan_mask_size(plan) + 1);
    double *mean = calloc(g->channels, sizeof *mean);
    double *m2 = calloc(g->channels, sizeof *m2);
    xhat_statistics statistics = {g->channels, 0, mean, m2};
    xhat_forward_args forward = {.x = full[X],
                                 .gamma = some[GAMMA],
                                 .beta = some[BETA],
                                 .residual = add ? full[RESIDUAL] : NULL,
                                 .out = full[OUT],
                                 .mask = add ? mask : NULL,
                                 .mean = some[MEAN],
                                 .mean_low = some[MEAN_LOW],
                                 .invstd = some[INVSTD],
                                 .statistics = &statistics,
                                 .scratch = scratch,
                                 .scratch_size = scratch_size};
    xhat_backward_args backward = {.x = full[X],
                                   .dout = full[DOUT],
                                   .gamma = some[GAMMA],
                                   .beta = some[BETA],
                                   .mask = add ? mask : NULL,
                                   .mean = some[MEAN],
                                   .mean_low = some[MEAN_LOW],
                                   .invstd = some[INVSTD],
                                   .dx = full[DX],
                                   .dresidual = add ? full[DRESIDUAL] : NULL,
                                   .dgamma = some[DGAMMA],
                                   .dbeta = some[DBETA],
                                   .scratch = scratch,
                                   .scratch_size = scratch_size};
    need_ok(xhat_forward(plan, &forward, &error), &error);
    need_ok(xhat_backward(plan, &backward, &error), &error);
    hash = hash_bytes(hash, mask, xhat_plan_mask_size(plan));
    for (int i = OUT; i < (add ? FULL : DRESIDUAL); i++)
        hash = hash_bytes(hash, full[i], elements * size_of(g->dtype));
    for (int i = MEAN; i < SMALL; i++)
        hash = hash_bytes(hash, some[i], g->channels * size_of(g->dtype));
    hash = hash_bytes(hash, mean, g->channels * sizeof *mean);
    hash = hash_bytes(hash, m2, g->channels * sizeof *m2);
    xhat_inference_args inference = {.x = full[X],
                                     .gamma = some[GAMMA],
                                     .beta = some[BETA],
                                     .residual = add ? full[RESIDUAL] : NULL,
                                     .running_mean = some[MEAN],
                                     .running_var = some[INVSTD],
                                     .out = full[OUT],
                                     .mask = add ? mask : NULL,
                                     .scratch = scratch,
                                     .scratch_size = scratch_size};
    xhat_frozen_backward_args frozen = {.x = full[X],
                                        .dout = full[DOUT],
                                        .gamma = some[GAMMA],
                                        .beta = some[BETA],
                                        .mask = add ? mask : NULL,
                                        .running_mean = some[MEAN],
                                        .running_var = some[INVSTD],
                                        .dx = full[DOUT], /* in place */
                                        .dresidual =
                                            add ? full[DRESIDUAL] : NULL,
                                        .dgamma = some[DGAMMA],
                                        .dbeta = some[DBETA],
                                        .scratch = scratch,
                                        .scratch_size = scratch_size};
    need_ok(xhat_inference(plan, &inference, &error), &error);
    need_ok(xhat_frozen_backward(plan, &frozen, &error), &error);
    hash = hash_bytes(hash, full[OUT], elements * size_of(g->dtype));
    hash = hash_bytes(hash, full[DOUT], elements * size_of(g->dtype));
    for (int i = DGAMMA; i < SMALL; i++)
        hash = hash_bytes(hash, some[i], g->channels * size_of(g->dtype));
    for (int i = 0; i < FULL; i++)
        release(g->dtype, full[i], shift);
    for (int i = 0; i < SMALL; i++)
        release(g->dtype, some[i], shift);
    free(memory);
    free(mask);
    free(mean);
    free(m2);
    xhat_plan_destroy(plan);
    return hash;
}

static bool holds(const golden *g, const char *isa, int threads, size_t shift,
                  bool stream)
{
    uint64_t hash = hash_of(g, threads, shift, stream);
    if (hash != g->hash)
        printf("%s, %zu x %zu x %zu, fusion %u, %s, %d threads, shift %zu%s: "
               "%016llx, kept %016llx\n",
               g->dtype == XHAT_F32 ? "float32" : "float64", g->outer,
               g->channels, g->inner, g->fusion, isa, threads, shift,
               stream ? ", streamed" : "", (unsigned long long)hash,
               (unsigned long long)g->hash);
    return hash == g->hash;
}

/* A sanitizer makes all of this ten to a hundred times slower, and looks at
 * addresses, not at bits: there each case takes its turn at the numbers of
 * threads and, under the thread sanitizer, whose build has no threads of its
 * own (test_sharing.c has the users'), the largest arrays are left out. */
#if defined(__SANITIZE_THREAD__)
enum { ELEMENTS_MOST = 100000, TURNS = 1 };
#elif defined(__SANITIZE_ADDRESS__)
enum { ELEMENTS_MOST = 1 << 30, TURNS = 1 };
#else
enum { ELEMENTS_MOST = 1 << 30, TURNS = 0 };
#endif

static bool every_tier_and_split_holds(void)
{
    /* whole lines are streamed as they are, others put together: by the
     * kernels, or, short rows and what has a mask, through a stage */
    const struct {
        int threads;
        bool stream, aligned;
    } ways[] = {{1, false, false}, {2, true, true}, {5, true, false}};
    bool same = true;
    for (int t = 0; xhat_isa_at(t) != NULL; t++) {
        if (xhat_isa_at(t)->needs & ~xhat_cpu_features()) {
            printf("skipped: this CPU has no %s\n", xhat_isa_at(t)->name);
            continue;
        }
        setenv("XHAT_ISA", xhat_isa_at(t)->name, 1);
        for (size_t i = 0; i < sizeof table / sizeof *table; i++)
            for (size_t k = 0; k < sizeof ways / sizeof *ways; k++)
                if ((!TURNS || (i + (size_t)t) % 3 == k) &&
                    table[i].outer * table[i].channels * table[i].inner <=
                        ELEMENTS_MOST)
                    same &= holds(
                        &table[i], xhat_isa_at(t)->name, ways[k].threads,
                        ways[k].aligned ? 0 : (i + k) % 4, ways[k].stream);
        unsetenv("XHAT_ISA");
    }
    return same;
}

/* the shapes: ragged rows and runs, one and many parts, few and many channels,
 * rows and runs of whole lines, narrow rows, short runs, runs and short runs of
 * channels that a cache does not hold */
static void print_table(void)
{
    const size_t shapes[][3] = {
        {2, 1, 1},     {7, 3, 1},      {33, 65, 1},   {1500, 37, 1},
        {40, 1100, 1}, {5000, 300, 1}, {3, 5, 7},     {9, 33, 49},
        {2, 3, 1000},  {1, 2, 40000},  {40, 70, 196}, {3, 2, 20011},
        {300, 64, 1},  {5, 6, 1024},   {20, 64, 17},  {600, 5, 9},
        {70000, 3, 1}, {400, 12, 70},  {5000, 24, 3}, {2500, 20, 1},
        {1703, 6, 1},  {3, 70, 49}};
    const unsigned fusions[] = {0, XHAT_RELU, XHAT_ADD_RELU};
    for (int dtype = XHAT_F32; dtype <= XHAT_F64; dtype++)
        for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
            for (int f = 0; f < 3; f++) {
                golden g = {(xhat_dtype)dtype, shapes[i][0], shapes[i][1],
                            shapes[i][2],      fusions[f],   0};
                printf("{%s, %zu, %zu, %zu, %u, 0x%016llx},\n",
                       dtype == XHAT_F32 ? "XHAT_F32" : "XHAT_F64", g.outer,
                       g.channels, g.inner, g.fusion,
                       (unsigned long long)hash_of(&g, 1, 0, false));
            }
}

int main(void)
{
    if (getenv("XHAT_WRITE_GOLDEN") != NULL) {
        print_table();
        return 0;
    }
    return every_tier_and_split_holds() ? 0 : 1;
}
