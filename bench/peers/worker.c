/* One library in one process, on orders from compare.py: a line in, a line out.
 *
 *     name                                       oneDNN 3.13.2
 *     open VARIANT LAYOUT MODE DTYPE FUSION THREADS SHAPE
 *                                                ok and its size class, or no
 *                                                and why
 *     inputs PATH                                from now on x, dout, gamma and
 *                                                beta come from a file, - for
 *                                                the usual numbers again
 *     check                                      ok, or wrong and where
 *     save PATH                                  runs; out, dx, mean, invstd,
 *                                                dgamma, dbeta to a file
 *     time CALLS hot|cold                        seconds a call
 *     bounds                                     0 1 2: loops that move what
 *                                                the case has to move
 *     loop WHICH THREADS CALLS hot|cold          the same for a traffic loop
 *     shapes LIST                                32x64x56x56,...
 *     classes                                    id|layouts|mode|goal;...
 *     close                                      ok
 *
 * VARIANT: plain or blocked.  FUSION: plain, relu or add-relu.  Files hold the
 * arrays one after the other, as they lie in memory. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/memory.h"
#include "bench/bound.h"
#include "bench/goals.h"
#include "bench/samples.h"
#include "bench/shapes.h"
#include "peer.h"

enum {
    EVICTION = 96 << 20 /* bytes */
};

static struct {
    peer_case c;
    bench_workload w;
    bool open;
    unsigned char *eviction;
    const bench_loop_table *loops;
    char inputs[200]; /* a path, or "" */
} worker;

static void fail(const char *message, const char *detail)
{
    fprintf(stderr, "worker: %s %s\n", message, detail);
    exit(2);
}

static int word_index(const char *word, const char *const *words)
{
    for (int i = 0; words[i] != NULL; i++)
        if (strcmp(words[i], word) == 0)
            return i;
    fail("not understood:", word);
    return -1;
}

static void close_case(void)
{
    if (worker.open)
        peer_close();
    bench_workload_close(&worker.w);
    worker.open = false;
}

/* each array of the list whole, from or to the file */
static void transfer(const char *path, bool save, void *const *arrays,
                     const bool *full, int count)
{
    FILE *file = fopen(path, save ? "wb" : "rb");
    const bench_workload *w = &worker.w;
    size_t size = w->bytes / w->elements;
    for (int i = 0; i < count && file != NULL; i++) {
        size_t items = full[i] ? w->elements : w->spec.channels;
        size_t done = items;
        if (arrays[i] == NULL && !save) /* not of this mode: pass it over */
            done = fseek(file, (long)(items * size), SEEK_CUR) == 0 ? items : 0;
        else if (arrays[i] != NULL)
            done = save ? fwrite(arrays[i], size, items, file)
                        : fread(arrays[i], size, items, file);
        if (done != items)
            fail("cannot transfer all of", path);
    }
    if (file == NULL || fclose(file) != 0)
        fail("cannot use", path);
}

/* the arrays of the file, and forward's statistics of them */
static void read_inputs(void)
{
    static const bool full[] = {true, true, false, false};
    bench_workload *w = &worker.w;
    void *arrays[] = {w->x, w->dout, w->gamma, w->beta};
    xhat_error error = {0};
    if (worker.inputs[0] == '\0')
        return;
    transfer(worker.inputs, false, arrays, full, 4);
    if (bench_workload_run(w, BENCH_FUSED, BENCH_FORWARD, &error) != XHAT_OK)
        fail("forward:", error.message);
}

/* arrays that a mode does not have are left out of the file */
static void save_results(const char *path)
{
    static const bool full[] = {true, true, false, false, false, false};
    bench_workload *w = &worker.w;
    void *arrays[] = {w->out, w->dx, w->mean, w->invstd, w->dgamma, w->dbeta};
    peer_run();
    peer_fetch();
    transfer(path, true, arrays, full, 6);
    printf("ok\n");
}

static void open_case(const char *arguments)
{
    static const char *const variants[] = {"plain", "blocked", NULL};
    static const char *const dtypes[] = {"f32", "f64", NULL};
    char variant[16], layout[16], mode[16], dtype[16], fusion[16], shape[120];
    char message[PEER_MESSAGE] = "";
    bench_shape_list list = {0};
    xhat_error error = {0};
    peer_case *c = &worker.c;
    close_case();
    *c = (peer_case){0};
    if (sscanf(arguments, "%15s %15s %15s %15s %15s %d %119s", variant, layout,
               mode, dtype, fusion, &c->problem.threads, shape) != 7 ||
        !xhat_layout_from_name(layout, &c->problem.layout) ||
        bench_shapes_parse(&list, shape, &error) != XHAT_OK) {
        fail("not understood: open", arguments);
    }
    c->problem.shape = list.shapes[0];
    bench_shapes_free(&list);
    c->problem.dtype = (xhat_dtype)word_index(dtype, dtypes);
    c->mode = (bench_mode)word_index(mode, bench_mode_names);
    c->problem.fusion = (bench_fusion)word_index(fusion, bench_fusion_names);
    c->blocked = word_index(variant, variants) == 1;
    if (bench_workload_open(&worker.w, &c->problem, 1u << BENCH_FUSED,
                            1u << c->mode, &error) != XHAT_OK) {
        printf("no %s\n", error.message);
        return;
    }
    read_inputs();
    worker.open = peer_open(c, &worker.w, message);
    if (worker.open)
        printf("ok %s\n", bench_class_of(&worker.w.spec,
                                         c->problem.layout >= XHAT_NLC, c->mode)
                              ->id);
    else
        printf("no %s\n", message);
}

static void check_case(void)
{
    xhat_error error = {0};
    bench_workload_spoil(&worker.w, worker.c.mode);
    peer_run();
    peer_fetch();
    /* float32 accumulators may be this far off; a wrong formula is further */
    const double units = 1e5;
    if (bench_workload_compare(&worker.w, worker.c.mode, units, &error) ==
        XHAT_OK)
        printf("ok\n");
    else
        printf("wrong %s\n", error.message);
}

/* which < 0: the library itself */
static void call_once(int which, int threads)
{
    if (which < 0)
        peer_run();
    else
        bench_bound_move(bench_bound_of(worker.c.problem.fusion, worker.c.mode),
                         worker.loops, (bench_loop)which, threads, &worker.w);
}

static void time_case(int which, int threads, long calls, const char *cache)
{
    double start = bench_seconds();
    if (strcmp(cache, "cold") == 0)
        bench_evict(worker.c.problem.threads, worker.eviction, EVICTION);
    else
        for (int i = 0; bench_not_warm(i, start); i++)
            call_once(which, threads);
    start = bench_seconds();
    for (long i = 0; i < calls; i++)
        call_once(which, threads);
    printf("%.9g\n", (bench_seconds() - start) / (double)calls);
}

/* a list by name ("all"), or as it is, shape by shape */
static void print_shapes(const char *text)
{
    bench_shape_list list = {0};
    xhat_error error = {0};
    char shape[BENCH_SHAPE_TEXT];
    if (bench_shapes_parse(&list, text, &error) != XHAT_OK)
        printf("no %s", error.message);
    for (size_t i = 0; i < list.count && error.status == XHAT_OK; i++)
        printf("%s%s", i > 0 ? "," : "",
               bench_shape_text(&list.shapes[i], shape));
    printf("\n");
    bench_shapes_free(&list);
}

/* the numbers of the traffic loops that bound the open case */
static void print_bounds(void)
{
    bench_bound bound = bench_bound_of(worker.c.problem.fusion, worker.c.mode);
    for (int loop = 0; loop < BENCH_LOOPS; loop++)
        if (bench_bound_has(bound, (bench_loop)loop))
            printf("%d ", loop);
    printf("\n");
}

static void print_classes(void)
{
    for (int i = 0; bench_class_at(i) != NULL; i++) {
        const bench_class *c = bench_class_at(i);
        printf("%s%s|%s|%s|%g", i > 0 ? ";" : "", c->id, c->layouts, c->mode,
               c->goal);
    }
    printf("\n");
}

static void obey(const char *line)
{
    char cache[8] = "";
    long calls;
    int which, threads;
    if (strcmp(line, "name") == 0)
        printf("%s\n", peer_name());
    else if (strcmp(line, "bounds") == 0 && worker.open)
        print_bounds();
    else if (strcmp(line, "classes") == 0)
        print_classes();
    else if (strncmp(line, "shapes ", 7) == 0)
        print_shapes(line + 7);
    else if (strncmp(line, "open ", 5) == 0)
        open_case(line + 5);
    else if (strncmp(line, "inputs ", 7) == 0 &&
             strlen(line + 7) < sizeof worker.inputs) {
        strcpy(worker.inputs, strcmp(line + 7, "-") == 0 ? "" : line + 7);
        printf("ok\n");
    } else if (strncmp(line, "save ", 5) == 0 && worker.open)
        save_results(line + 5);
    else if (strcmp(line, "check") == 0 && worker.open)
        check_case();
    else if (sscanf(line, "time %ld %7s", &calls, cache) == 2 && worker.open)
        time_case(-1, 0, calls, cache);
    else if (sscanf(line, "loop %d %d %ld %7s", &which, &threads, &calls,
                    cache) == 4)
        time_case(which, threads, calls, cache);
    else if (strcmp(line, "close") == 0)
        close_case(), printf("ok\n");
    else
        printf("no such order: %s\n", line);
    fflush(stdout);
}

int main(void)
{
    char *line = NULL; /* a list of shapes is as long as it is */
    size_t room = 0;
    /* compare.py stops workers: should it be killed, none stays behind */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    worker.loops = bench_loops_widest();
    worker.eviction = xhat_allocate(NULL, EVICTION, 1);
    if (worker.eviction == NULL)
        return 1;
    memset(worker.eviction, 1, EVICTION);
    while (getline(&line, &room, stdin) >= 0) {
        line[strcspn(line, "\n")] = '\0';
        obey(line);
    }
    free(line);
    close_case();
    xhat_release(NULL, worker.eviction);
    return 0;
}
