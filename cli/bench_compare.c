/* Reads an older run of `xhat bench` and judges this one by it. */
#include "bench_compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "bench/samples.h"

#if XHAT_HAVE_JSON
#include <jansson.h>

/* ---- reading ------------------------------------------------------------- */

/* the index of a result's word in words[]; -1 when it is none of them */
static int word_of(const json_t *entry, const char *key,
                   const char *const *words)
{
    const char *text = json_string_value(json_object_get(entry, key));
    for (int i = 0; text != NULL && words[i] != NULL; i++)
        if (strcmp(words[i], text) == 0)
            return i;
    return -1;
}

static bool read_shape(const json_t *entry, bench_shape *shape)
{
    const json_t *list = json_object_get(entry, "shape");
    size_t rank = json_array_size(list);
    *shape = (bench_shape){.rank = (int)rank};
    for (size_t i = 0; i < rank && i < BENCH_RANK_MAX; i++) {
        json_int_t size = json_integer_value(json_array_get(list, i));
        if (size < 1)
            return false;
        shape->size[i] = (size_t)size;
    }
    return rank >= 2 && rank <= BENCH_RANK_MAX;
}

static bool read_positive(const json_t *entry, const char *key, double *value)
{
    *value = json_number_value(json_object_get(entry, key));
    return *value > 0 && !isinf(*value);
}

/* the key that is missing or wrong, or NULL */
static const char *read_result(const json_t *entry, bench_result *r)
{
    static const char *const caches[] = {"hot", "cold", NULL};
    static const char *const dtypes[] = {"f32", "f64", NULL};
    double threads;
    const char *layout = json_string_value(json_object_get(entry, "layout"));
    int method = word_of(entry, "method", bench_method_names);
    int mode = word_of(entry, "mode", bench_mode_names);
    int cache = word_of(entry, "cache", caches);
    int dtype = word_of(entry, "dtype", dtypes);
    int fusion = word_of(entry, "fusion", bench_fusion_names);
    *r = (bench_result){
        .noise = json_number_value(json_object_get(entry, "noise")),
        .spread = json_number_value(json_object_get(entry, "spread"))};
    if (layout == NULL || !xhat_layout_from_name(layout, &r->problem.layout))
        return "layout";
    if (method < 0 || mode < 0)
        return method < 0 ? "method" : "mode";
    if (cache < 0 || dtype < 0)
        return cache < 0 ? "cache" : "dtype";
    if (fusion < 0)
        return "fusion";
    if (!read_shape(entry, &r->problem.shape))
        return "shape";
    if (!read_positive(entry, "threads", &threads) || threads > 1e6)
        return "threads";
    if (!read_positive(entry, "seconds", &r->seconds))
        return "seconds";
    if (!read_positive(entry, "limit_seconds", &r->limit_seconds))
        return "limit_seconds";
    r->problem.threads = (int)threads;
    r->problem.dtype = (xhat_dtype)dtype;
    r->problem.fusion = (bench_fusion)fusion;
    r->method = (bench_method)method;
    r->mode = (bench_mode)mode;
    r->cache = (bench_cache)cache;
    return NULL;
}

static int read_results(cli_bench_old *old, const json_t *document)
{
    const json_t *list = json_object_get(document, "results");
    const char *cpu = json_string_value(json_object_get(document, "cpu"));
    if (!json_is_array(list))
        return cli_fail(CLI_INPUT,
                        "%s: has no \"results\": it is not what xhat bench "
                        "--json writes",
                        old->path);
    old->count = json_array_size(list);
    old->items = calloc(old->count + 1, sizeof *old->items);
    old->cpu = xhat_copy_string(NULL, cpu == NULL ? "" : cpu);
    if (old->items == NULL || old->cpu == NULL)
        return cli_fail(CLI_BUG, "out of memory");
    for (size_t i = 0; i < old->count; i++) {
        const char *wrong =
            read_result(json_array_get(list, i), &old->items[i]);
        if (wrong != NULL)
            return cli_fail(CLI_INPUT,
                            "%s: results[%zu]: \"%s\" is missing or "
                            "not what xhat bench writes",
                            old->path, i, wrong);
    }
    return CLI_DONE;
}

int cli_bench_old_read(cli_bench_old *old, const char *path)
{
    json_error_t problem;
    *old = (cli_bench_old){.path = path};
    json_t *document = strcmp(path, "-") == 0
                           ? json_loadf(stdin, 0, &problem)
                           : json_load_file(path, 0, &problem);
    if (document == NULL && problem.line < 0) /* it was not even opened */
        return cli_fail(CLI_INPUT, "%s", problem.text);
    if (document == NULL)
        return cli_fail(CLI_INPUT, "%s:%d:%d: %s", path, problem.line,
                        problem.column, problem.text);
    int result = read_results(old, document);
    json_decref(document);
    return result;
}

#else

int cli_bench_old_read(cli_bench_old *old, const char *path)
{
    *old = (cli_bench_old){.path = path};
    return cli_fail(CLI_INPUT,
                    "%s: this xhat was built without jansson and cannot read "
                    "JSON; install libjansson-dev and build again",
                    path);
}

#endif

void cli_bench_old_free(cli_bench_old *old)
{
    xhat_release(NULL, old->cpu);
    free(old->items);
    *old = (cli_bench_old){0};
}

/* ---- judging ------------------------------------------------------------- */

static bool same_problem(const bench_problem *a, const bench_problem *b)
{
    return a->layout == b->layout && a->dtype == b->dtype &&
           a->fusion == b->fusion && a->threads == b->threads &&
           a->shape.rank == b->shape.rank &&
           memcmp(a->shape.size, b->shape.size,
                  (size_t)a->shape.rank * sizeof a->shape.size[0]) == 0;
}

static bool same_case(const bench_result *a, const bench_result *b)
{
    return same_problem(&a->problem, &b->problem) && a->method == b->method &&
           a->mode == b->mode && a->cache == b->cache;
}

bool cli_bench_old_has(const cli_bench_old *old, const bench_problem *problem)
{
    for (size_t i = 0; i < old->count; i++)
        if (same_problem(&old->items[i].problem, problem))
            return true;
    return false;
}

static double noise_of(const bench_result *r)
{
    return fmax(r->noise, r->spread);
}

/* the 90th percentile over a run: one case's own estimate, from a few passes,
 * is too small as often as not */
static double usual_noise(const cli_bench_results *results)
{
    double *noises = malloc((results->count + 1) * sizeof *noises), usual = 0;
    if (noises == NULL)
        return 0;
    for (size_t i = 0; i < results->count; i++)
        noises[i] = noise_of(&results->items[i]);
    usual = bench_quantile(noises, results->count, 0.9);
    free(noises);
    return usual;
}

cli_bench_verdict cli_bench_judge(const cli_bench_old *old,
                                  const cli_bench_results *results, size_t i)
{
    const bench_result *now = &results->items[i];
    cli_bench_verdict verdict = {0};
    for (size_t k = 0; k < old->count && verdict.before == NULL; k++)
        if (same_case(&old->items[k], now))
            verdict.before = &old->items[k];
    if (verdict.before == NULL)
        return verdict;
    const bench_result *before = verdict.before;
    verdict.slowdown = now->seconds / now->limit_seconds *
                       before->limit_seconds / before->seconds;
    verdict.allowed =
        fmax(noise_of(now) + noise_of(before), usual_noise(results));
    verdict.slower = verdict.slowdown > 1 + verdict.allowed;
    return verdict;
}

void cli_bench_put_verdicts(xhat_text *text, const cli_bench_old *old,
                            const cli_bench_results *results)
{
    char shape[BENCH_SHAPE_TEXT];
    size_t compared = 0, slower = 0;
    double logarithms = 0;
    xhat_text_add(text, "\nbeside %s\n", old->path);
    for (size_t i = 0; i < results->count; i++) {
        const bench_result *r = &results->items[i];
        cli_bench_verdict verdict = cli_bench_judge(old, results, i);
        if (verdict.before == NULL)
            continue;
        compared++;
        logarithms += log(verdict.slowdown);
        if (!verdict.slower)
            continue;
        slower++;
        xhat_text_add(text,
                      "  SLOWER %s %s %s %s%s %s: %.2f times (noise allows "
                      "%.2f)\n",
                      bench_shape_text(&r->problem.shape, shape),
                      xhat_layout_name(r->problem.layout),
                      bench_mode_names[r->mode], bench_method_names[r->method],
                      r->problem.fusion == BENCH_PLAIN  ? ""
                      : r->problem.fusion == BENCH_RELU ? "+relu"
                                                        : "+add-relu",
                      r->cache == BENCH_HOT ? "hot" : "cold", verdict.slowdown,
                      1 + verdict.allowed);
    }
    xhat_text_add(text,
                  "  %zu of %zu cases compared, %zu slower\n"
                  "  geometric mean of time beside the limit, now to then: "
                  "%.2f\n",
                  compared, results->count, slower,
                  compared == 0 ? NAN : exp(logarithms / (double)compared));
}
