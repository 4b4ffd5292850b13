/* The table, the means and the JSON of `xhat bench`. */
#include "bench_report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/json.h"
#include "bench_compare.h"
#include "bench/goals.h"
#include "kernels/kernels.h"
#include "bench/samples.h"

static const char *const cache_names[] = {"hot", "cold"};
static const char *const dtype_names[] = {"float32", "float64"};

bool cli_bench_results_add(cli_bench_results *results,
                           const bench_result *items, size_t count)
{
    if (results->count + count > results->capacity) {
        size_t capacity = 2 * (results->count + count);
        bench_result *grown = realloc(results->items, capacity * sizeof *grown);
        if (grown == NULL)
            return false;
        results->items = grown;
        results->capacity = capacity;
    }
    for (size_t i = 0; i < count; i++)
        results->items[results->count++] = items[i];
    return true;
}

static const bench_class *class_of(const bench_result *r)
{
    return bench_class_of(&r->spec, r->problem.layout >= XHAT_NLC, r->mode);
}

static double gigabytes_per_second(const bench_result *r, double seconds)
{
    return 1e-9 * bench_least_bytes(&r->spec, r->mode) / seconds;
}

/* ---- the table ----------------------------------------------------------- */

/* the tier that plans choose: checked for every command before it runs */
static const char *isa_name(void)
{
    const xhat_isa *isa = NULL;
    return xhat_isa_choose(&isa, NULL) == XHAT_OK ? isa->name : "none";
}

#ifdef __clang__
#define COMPILER __VERSION__
#else
#define COMPILER "gcc " __VERSION__
#endif

const char *cli_bench_cpu(char name[80])
{
    xhat_cpu_name(name, 80);
    return *name != '\0' ? name : "unknown";
}

void cli_bench_head(xhat_text *text, const cli_bench *bench)
{
    char cpu[80];
    xhat_text_add(text, "xhat %s, %s kernels, %s, %d thread%s\n%s, %s\n\n",
                  xhat_version(), isa_name(), dtype_names[bench->dtype],
                  bench->threads, bench->threads == 1 ? "" : "s",
                  cli_bench_cpu(cpu), COMPILER);
    xhat_text_add(text, "%-16s %-5s %-9s %-6s %-4s %10s %6s %6s %5s %4s\n",
                  "N x C x spatial", "", "mode", "method", "", "time", "GB/s",
                  "limit", "part", "+-");
}

static void put_time(xhat_text *text, double seconds)
{
    if (seconds < 1e-3)
        xhat_text_add(text, " %7.2f us", 1e6 * seconds);
    else
        xhat_text_add(text, " %7.2f ms", 1e3 * seconds);
}

void cli_bench_row(xhat_text *text, const bench_result *r)
{
    char shape[BENCH_SHAPE_TEXT];
    xhat_text_add(text, "%-16s %-5s %-9s %-6s %-4s",
                  bench_shape_text(&r->problem.shape, shape),
                  xhat_layout_name(r->problem.layout),
                  bench_mode_names[r->mode], bench_method_names[r->method],
                  cache_names[r->cache]);
    put_time(text, r->seconds);
    xhat_text_add(text, " %6.1f %6.1f %5.3f %3.0f%%\n",
                  gigabytes_per_second(r, r->seconds),
                  gigabytes_per_second(r, r->limit_seconds), r->fraction,
                  fmin(100 * r->noise, 999));
}

static const char *fusion_words(bench_fusion fusion)
{
    return fusion == BENCH_RELU ? "with ReLU in the same pass"
           : fusion == BENCH_ADD_RELU
               ? "with another array added, and ReLU, in "
                 "the same pass"
               : "batch norm alone";
}

void cli_bench_fusion(xhat_text *text, const cli_bench_results *results,
                      size_t count)
{
    size_t first = results->count - count;
    bench_fusion now = results->items[first].problem.fusion;
    bench_fusion before =
        first == 0 ? BENCH_PLAIN : results->items[first - 1].problem.fusion;
    if (now != before)
        xhat_text_add(text, "%s\n", fusion_words(now));
}

/* ---- means --------------------------------------------------------------- */

typedef struct mean {
    size_t count;
    double fraction;
} mean;

/* what a mean is of */
typedef struct group {
    const bench_class *class;
    int fusion, method, cache;
} group;

static mean mean_of(const cli_bench_results *results, const group *g)
{
    mean m = {0, NAN};
    double *fractions = malloc((results->count + 1) * sizeof *fractions);
    for (size_t i = 0; fractions != NULL && i < results->count; i++) {
        const bench_result *r = &results->items[i];
        if (class_of(r) == g->class && (int)r->problem.fusion == g->fusion &&
            (int)r->method == g->method && (int)r->cache == g->cache)
            fractions[m.count++] = r->fraction;
    }
    if (fractions != NULL)
        m.fraction = bench_geometric_mean(fractions, m.count);
    free(fractions);
    return m;
}

/* the group after *g, in the order of the table; false past the last */
static bool next_group(group *g, int *index)
{
    int at = (*index)++;
    g->cache = at % 2;
    g->method = at / 2 % BENCH_METHODS;
    g->class = bench_class_at(at / 2 / BENCH_METHODS % bench_class_count());
    g->fusion = at / 2 / BENCH_METHODS / bench_class_count();
    return g->fusion < BENCH_FUSIONS;
}

void cli_bench_means(xhat_text *text, const cli_bench_results *results)
{
    int index = 0, fusion = BENCH_PLAIN;
    group g;
    xhat_text_add(text, "\ngeometric means of the part of the limit\n");
    while (next_group(&g, &index)) {
        mean m = mean_of(results, &g);
        if (m.count == 0)
            continue;
        if (g.fusion != fusion)
            xhat_text_add(text, "%s\n", fusion_words((bench_fusion)g.fusion));
        fusion = g.fusion;
        xhat_text_add(text, "  %-24s %-9s %-6s %-4s %3zu case%s  %5.3f",
                      g.class->layouts, g.class->mode,
                      bench_method_names[g.method], cache_names[g.cache],
                      m.count, m.count == 1 ? " " : "s", m.fraction);
        if (g.class->goal > 0 && g.method == BENCH_FUSED &&
            g.fusion == BENCH_PLAIN)
            xhat_text_add(text, "  goal %.2f", g.class->goal);
        xhat_text_put(text, "\n");
    }
}

/* ---- JSON ---------------------------------------------------------------- */

/* what --compare found; nothing where the older run has no such case */
static void json_verdict(xhat_json *json, const cli_bench_verdict *verdict)
{
    if (verdict->before == NULL)
        return;
    xhat_json_number(json, "old_seconds", verdict->before->seconds);
    xhat_json_number(json, "slowdown", verdict->slowdown);
    xhat_json_number(json, "slowdown_allowed", 1 + verdict->allowed);
    xhat_json_bool(json, "slower", verdict->slower);
}

static void json_result(xhat_json *json, const bench_result *r,
                        const cli_bench_verdict *verdict)
{
    xhat_json_open(json, NULL, '{');
    xhat_json_string(json, "layout", xhat_layout_name(r->problem.layout));
    xhat_json_string(json, "mode", bench_mode_names[r->mode]);
    xhat_json_open(json, "shape", '(');
    for (int i = 0; i < r->problem.shape.rank; i++)
        xhat_json_integer(json, NULL, (int64_t)r->problem.shape.size[i]);
    xhat_json_close(json);
    xhat_json_integer(json, "threads", r->problem.threads);
    xhat_json_string(json, "method", bench_method_names[r->method]);
    xhat_json_string(json, "fusion", bench_fusion_names[r->problem.fusion]);
    xhat_json_string(json, "isa", r->isa);
    xhat_json_string(json, "dtype", r->spec.dtype == XHAT_F32 ? "f32" : "f64");
    xhat_json_string(json, "cache", cache_names[r->cache]);
    xhat_json_string(json, "class", class_of(r)->id);
    xhat_json_number(json, "seconds", r->seconds);
    xhat_json_number(json, "limit_seconds", r->limit_seconds);
    xhat_json_number(json, "fraction", r->fraction);
    xhat_json_number(json, "gb_per_s", gigabytes_per_second(r, r->seconds));
    xhat_json_number(json, "limit_gb_per_s",
                     gigabytes_per_second(r, r->limit_seconds));
    xhat_json_number(json, "spread", r->spread);
    xhat_json_number(json, "noise", r->noise);
    xhat_json_integer(json, "rounds", (int64_t)r->rounds);
    json_verdict(json, verdict);
    xhat_json_close(json);
}

static void json_means(xhat_json *json, const cli_bench_results *results)
{
    int index = 0;
    group g;
    xhat_json_open(json, "means", '[');
    while (next_group(&g, &index)) {
        mean m = mean_of(results, &g);
        if (m.count == 0)
            continue;
        xhat_json_open(json, NULL, '{');
        xhat_json_string(json, "class", g.class->id);
        xhat_json_string(json, "layouts", g.class->layouts);
        xhat_json_string(json, "mode", g.class->mode);
        xhat_json_string(json, "fusion", bench_fusion_names[g.fusion]);
        xhat_json_string(json, "method", bench_method_names[g.method]);
        xhat_json_string(json, "cache", cache_names[g.cache]);
        xhat_json_integer(json, "cases", (int64_t)m.count);
        xhat_json_number(json, "fraction", m.fraction);
        if (g.class->goal > 0 && g.fusion == BENCH_PLAIN)
            xhat_json_number(json, "goal", g.class->goal);
        else
            xhat_json_null(json, "goal");
        xhat_json_close(json);
    }
    xhat_json_close(json);
}

void cli_bench_json(xhat_text *text, const cli_bench *bench,
                    const cli_bench_results *results, const cli_bench_old *old)
{
    char cpu[80];
    xhat_json json = xhat_json_on(text, 2);
    xhat_json_open(&json, NULL, '{');
    xhat_json_string(&json, "version", xhat_version());
    xhat_json_string(&json, "cpu", cli_bench_cpu(cpu));
    xhat_json_string(&json, "compiler", COMPILER);
    xhat_json_string(&json, "build_type", XHAT_BUILD_TYPE);
    xhat_json_string(&json, "isa", isa_name());
    xhat_json_integer(&json, "threads", bench->threads);
    xhat_json_open(&json, "results", '[');
    for (size_t i = 0; i < results->count; i++) {
        cli_bench_verdict verdict = {0};
        if (old != NULL)
            verdict = cli_bench_judge(old, results, i);
        json_result(&json, &results->items[i], &verdict);
    }
    xhat_json_close(&json);
    json_means(&json, results);
    xhat_json_close(&json);
}
