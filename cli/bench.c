/* xhat bench: validates, then times, beside what the memory gives. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_compare.h"
#include "output.h"

/* One line that is written over, on a terminal only. */
static void progress(const cli_invocation *invocation, size_t done, size_t all,
                     const bench_problem *problem)
{
    char shape[BENCH_SHAPE_TEXT];
    if (cli_given(invocation, "quiet") || !cli_is_terminal(2))
        return;
    if (problem == NULL)
        fprintf(stderr, "\r%60s\r", "");
    else
        fprintf(stderr, "\r%zu of %zu: %s %-20s", done + 1, all,
                bench_shape_text(&problem->shape, shape),
                xhat_layout_name(problem->layout));
}

/* is this layout for shapes of this rank, and wanted? */
static bool wanted(const cli_bench *bench, int layout, int rank)
{
    return xhat_layout_rank((xhat_layout)layout) == rank &&
           (bench->layouts == 0 || (bench->layouts & (1u << layout)) != 0);
}

static size_t count_problems(const cli_bench *bench)
{
    size_t count = 0;
    for (size_t i = 0; i < bench->shapes.count; i++)
        for (int layout = XHAT_NC; layout <= XHAT_NDHWC; layout++)
            count += wanted(bench, layout, bench->shapes.shapes[i].rank);
    return count * (size_t)__builtin_popcount(bench->fusions);
}

static int print(const cli_invocation *invocation, xhat_text *text)
{
    int result = text->failed ? cli_fail(CLI_BUG, "out of memory")
                              : cli_write_text(invocation, NULL, text->data,
                                               text->length);
    xhat_text_free(text);
    fflush(stdout);
    return result;
}

/* one problem: measured, kept, and its rows printed */
static int measure(const cli_invocation *invocation, const cli_bench *bench,
                   const bench_problem *problem, cli_bench_results *results)
{
    bench_result items[BENCH_RESULTS_MAX];
    xhat_text text = xhat_text_on(NULL);
    xhat_error error = {0};
    int count;
    if (bench_measure(problem, &bench->settings, items, &count, &error) !=
        XHAT_OK) {
        progress(invocation, 0, 0, NULL);
        return cli_fail_error(&error);
    }
    if (!cli_bench_results_add(results, items, (size_t)count))
        return cli_fail(CLI_BUG, "out of memory");
    progress(invocation, 0, 0, NULL);
    if (cli_given(invocation, "json"))
        return CLI_DONE;
    if (results->count == (size_t)count) /* the first ones */
        cli_bench_head(&text, bench);
    cli_bench_fusion(&text, results, (size_t)count);
    for (int i = 0; i < count; i++)
        cli_bench_row(&text, &items[i]);
    return print(invocation, &text);
}

/* What is done with each problem; anything but CLI_DONE ends the walk. */
typedef int visit(const cli_bench *bench, const bench_problem *problem,
                  void *with);

/* Each shape in every layout that is wanted for it, with each fusion. */
static int visit_all(const cli_bench *bench, visit *visitor, void *with)
{
    int result = CLI_DONE;
    for (int fusion = 0; fusion < BENCH_FUSIONS; fusion++)
        for (size_t i = 0; i < bench->shapes.count; i++)
            for (int layout = XHAT_NC; layout <= XHAT_NDHWC; layout++) {
                const bench_problem problem = {.shape = bench->shapes.shapes[i],
                                               .layout = (xhat_layout)layout,
                                               .dtype = bench->dtype,
                                               .threads = bench->threads,
                                               .fusion = (bench_fusion)fusion};
                if (result == CLI_DONE && (bench->fusions & (1u << fusion)) &&
                    wanted(bench, layout, problem.shape.rank))
                    result = visitor(bench, &problem, with);
            }
    return result;
}

typedef struct measurements {
    const cli_invocation *invocation;
    cli_bench_results *results;
    size_t done;
} measurements;

static int measure_next(const cli_bench *bench, const bench_problem *problem,
                        void *with)
{
    measurements *m = with;
    if (cli_interrupted())
        return CLI_DONE;
    progress(m->invocation, m->done++, count_problems(bench), problem);
    return measure(m->invocation, bench, problem, m->results);
}

static int measure_all(const cli_invocation *invocation, const cli_bench *bench,
                       cli_bench_results *results)
{
    measurements m = {invocation, results, 0};
    int result = visit_all(bench, measure_next, &m);
    if (cli_interrupted())
        cli_warn("interrupted after %zu of %zu shapes", m.done,
                 count_problems(bench));
    return result;
}

/* Ends the walk, with CLI_NO, at the first problem that the older run has. */
static int seek_in_old(const cli_bench *bench, const bench_problem *problem,
                       void *with)
{
    (void)bench;
    return cli_bench_old_has(with, problem) ? CLI_NO : CLI_DONE;
}

/* What can be said of an older run before minutes are spent. */
static int read_old(const cli_bench *bench, cli_bench_old *old)
{
    char name[80];
    const char *cpu = cli_bench_cpu(name);
    int result = cli_bench_old_read(old, bench->compare);
    if (result != CLI_DONE)
        return result;
    if (visit_all(bench, seek_in_old, old) == CLI_DONE)
        return cli_fail(CLI_INPUT, "%s: holds none of the cases of this run",
                        old->path);
    if (strcmp(old->cpu, cpu) != 0)
        cli_warn("%s is from another CPU: %s, this one is %s", old->path,
                 *old->cpu == '\0' ? "unknown" : old->cpu, cpu);
    return CLI_DONE;
}

/* Measures again what seems slower than before: what stays slower is; what a
 * passing disturbance slowed down is not. */
static int confirm(const cli_bench *bench, const cli_bench_old *old,
                   cli_bench_results *results)
{
    bench_result again[BENCH_RESULTS_MAX];
    xhat_error error = {0};
    int count;
    for (size_t i = 0; i < results->count; i++) {
        bench_result *r = &results->items[i];
        if (!cli_bench_judge(old, results, i).slower)
            continue;
        if (bench_measure(&r->problem, &bench->settings, again, &count,
                          &error) != XHAT_OK)
            return cli_fail_error(&error);
        for (int k = 0; k < count; k++)
            if (again[k].method == r->method && again[k].mode == r->mode &&
                again[k].cache == r->cache && again[k].fraction > r->fraction)
                *r = again[k];
    }
    return CLI_DONE;
}

/* CLI_NO when a case is slower, CLI_INPUT when there was nothing to compare */
static int judge(const cli_bench *bench, const cli_bench_old *old,
                 cli_bench_results *results)
{
    size_t compared = 0, slower = 0;
    int result = confirm(bench, old, results);
    for (size_t i = 0; i < results->count && result == CLI_DONE; i++) {
        cli_bench_verdict verdict = cli_bench_judge(old, results, i);
        compared += verdict.before != NULL;
        slower += verdict.slower;
    }
    if (result == CLI_DONE && compared == 0)
        return cli_fail(CLI_INPUT, "%s: holds none of the cases of this run",
                        old->path);
    return result != CLI_DONE ? result : slower > 0 ? CLI_NO : CLI_DONE;
}

/* means and verdicts, or the whole as JSON */
static int finish(const cli_invocation *invocation, const cli_bench *bench,
                  const cli_bench_results *results, const cli_bench_old *old)
{
    xhat_text text = xhat_text_on(NULL);
    if (cli_given(invocation, "json")) {
        cli_bench_json(&text, bench, results, old);
    } else {
        cli_bench_means(&text, results);
        if (old != NULL)
            cli_bench_put_verdicts(&text, old, results);
    }
    return print(invocation, &text);
}

static int run(const cli_invocation *invocation)
{
    cli_bench bench;
    cli_bench_results results = {0};
    cli_bench_old old = {0}, *compared = NULL;
    int result = cli_bench_read(&bench, invocation), verdict = CLI_DONE;
    cli_catch_interrupts();
    if (result == CLI_DONE && bench.compare != NULL) {
        result = read_old(&bench, &old);
        compared = &old;
    }
    if (result == CLI_DONE)
        result = measure_all(invocation, &bench, &results);
    if (result == CLI_DONE && compared != NULL)
        verdict = judge(&bench, &old, &results);
    if (result == CLI_DONE && verdict != CLI_INPUT)
        result = finish(invocation, &bench, &results, compared);
    free(results.items);
    cli_bench_old_free(&old);
    cli_bench_free(&bench);
    return result != CLI_DONE ? result : verdict;
}

const cli_command cli_command_bench = {
    .name = "bench",
    .summary = "how fast, beside what the memory gives",
    .operands = "",
    .examples =
        "    xhat bench                                  a few shapes, a "
        "minute\n"
        "    xhat bench --shape 32x64x56x56 --layout nchw,nhwc\n"
        "    xhat bench --shape 256x1024 --method fused,closed,staged\n"
        "    xhat bench --json > now.json; xhat bench --compare now.json\n",
    .details =
        "Every result is validated against another telling before it is timed. "
        "The limit\nis the time a plain loop needs to move what must be moved "
        "at the least, on the\nsame arrays, in the same rounds: a copy (8 "
        "bytes "
        "an element of float32) for\nforward and inference, two reads and a "
        "write (12) for backward, each with\nregular and with non-temporal "
        "stores, the fastest counting. \"part\" is the\nlimit's time over the "
        "measured one; \"+-\" is how far it differed between passes.\n",
    .least_operands = 0,
    .most_operands = 0,
    .tables = {cli_bench_options},
    .run = run,
};
