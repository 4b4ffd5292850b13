/* One library in one process, on orders from compare.py: a line in, a line out.
 *
 *     name                                       oneDNN 3.13.2
 *     open VARIANT LAYOUT MODE DTYPE FUSION THREADS SHAPE
 *                                                ok and its size class, or no
 *                                                and why
 *     check                                      ok, or wrong and where
 *     time CALLS hot|cold                        seconds a call
 *     loop WHICH THREADS CALLS hot|cold          the same for a traffic loop
 *     shapes LIST                                32x64x56x56,...
 *     classes                                    id|layouts|mode|goal;...
 *     close                                      ok
 *
 * VARIANT: plain or blocked.  FUSION: plain, relu or add-relu. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "bench/goals.h"
#include "bench/samples.h"
#include "bench/shapes.h"
#include "bench/traffic.h"
#include "peer.h"

enum { EVICTION = 96 << 20 }; /* bytes */

static struct {
    peer_case c;
    bench_workload w;
    bool open;
    unsigned char *eviction;
    const bench_loop_table *loops;
} worker;

static int word_index(const char *word, const char *const *words)
{
    for (int i = 0; words[i] != NULL; i++)
        if (strcmp(words[i], word) == 0)
            return i;
    fprintf(stderr, "worker: \"%s\" is not understood\n", word);
    exit(2);
}

static void close_case(void)
{
    if (worker.open)
        peer_close();
    bench_workload_close(&worker.w);
    worker.open = false;
}

static void open_case(const char *arguments)
{
    static const char *const variants[] = {"plain", "blocked", NULL};
    static const char *const dtypes[] = {"f32", "f64", NULL};
    static const char *const fusions[] = {"plain", "relu", "add-relu", NULL};
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
        fprintf(stderr, "worker: open %s is not understood\n", arguments);
        exit(2);
    }
    c->problem.shape = list.shapes[0];
    bench_shapes_free(&list);
    c->problem.dtype = (xhat_dtype)word_index(dtype, dtypes);
    c->mode = (bench_mode)word_index(mode, bench_mode_names);
    c->fusion = (peer_fusion)word_index(fusion, fusions);
    c->blocked = word_index(variant, variants) == 1;
    if (bench_workload_open(&worker.w, &c->problem, 1u << BENCH_FUSED,
                            1u << c->mode, &error) != XHAT_OK) {
        printf("no %s\n", error.message);
        return;
    }
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
    peer_run();
    peer_fetch();
    /* float32 accumulators may be this far off; a wrong formula is further */
    const double units = 1e5;
    if (worker.c.fusion != PEER_PLAIN ||
        bench_workload_compare(&worker.w, worker.c.mode, units, &error) ==
            XHAT_OK)
        printf("ok\n");
    else
        printf("wrong %s\n", error.message);
}

static void run_loop(int which, int threads)
{
    bench_workload *w = &worker.w;
    bool triad = which >= BENCH_TRIAD;
    bench_move(worker.loops, (bench_loop)which, threads, triad ? w->dx : w->out,
               w->x, triad ? w->dout : NULL, w->bytes);
}

/* which < 0: the library itself */
static void time_case(int which, int threads, long calls, const char *cache)
{
    bool cold = strcmp(cache, "cold") == 0;
    double start = 0;
    if (cold)
        bench_evict(worker.c.problem.threads, worker.eviction, EVICTION);
    for (long i = cold ? 0 : -1; i < calls; i++) {
        if (i == 0)
            start = bench_seconds();
        if (which < 0)
            peer_run();
        else
            run_loop(which, threads);
    }
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
    else if (strcmp(line, "classes") == 0)
        print_classes();
    else if (strncmp(line, "shapes ", 7) == 0)
        print_shapes(line + 7);
    else if (strncmp(line, "open ", 5) == 0)
        open_case(line + 5);
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
    char line[256];
    worker.loops = bench_loops_widest();
    worker.eviction = xhat_allocate(NULL, EVICTION, 1);
    if (worker.eviction == NULL)
        return 1;
    memset(worker.eviction, 1, EVICTION);
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        obey(line);
    }
    close_case();
    xhat_release(NULL, worker.eviction);
    return 0;
}
