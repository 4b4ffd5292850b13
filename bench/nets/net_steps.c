/* Training steps on demand, to be timed beside somebody else's:
 *
 *     net_steps DATA UNITS DEPTH BATCH OPTIMIZER NORM THREADS
 *
 * answers the lines of its standard input, each with a line:
 *
 *     steps N       does N steps.  SECONDS PROCESSOR LOSS KIB: the time they
 *                   took, data gathering and all, the processor time, their
 *                   mean loss, and the most memory the process has had
 *     gather N      gathers N batches, and no more.  SECONDS
 *     model FILE    writes the net as it is: FILE
 *     order EPOCH   the rows of the data in the order in which this epoch
 *                   (from 0) takes them, BATCH at a time
 *
 * so that somebody else can begin with the same weights and take the same rows.
 * bench/nets/contestants.py talks to it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "base/random.h"
#include "net/net_parts.h"

static xhat_error error;

static void check(xhat_status status)
{
    if (status == XHAT_OK)
        return;
    fprintf(stderr, "net_steps: %s\n", error.message);
    exit(1);
}

static double seconds_on(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static xhat_optimizer_kind optimizer_named(const char *name)
{
    for (int kind = 0; kind < XHAT_OPTIMIZERS; kind++)
        if (strcmp(xhat_optimizer_name((xhat_optimizer_kind)kind), name) == 0)
            return (xhat_optimizer_kind)kind;
    fprintf(stderr, "net_steps: no optimizer %s\n", name);
    exit(1);
}

/* The mean loss of the next `steps` steps. */
static double advance(xhat_training *training, long steps)
{
    double loss = 0, rows = 0;
    for (long i = 0; i < steps; i++) {
        bool fresh =
            training->step == 0 || training->batch == training->batches;
        double before = fresh ? 0 : training->loss.sum;
        size_t seen = fresh ? 0 : training->rows;
        check(xhat_training_step(training, &error));
        loss += training->loss.sum - before;
        rows += (double)(training->rows - seen);
    }
    return loss / rows;
}

/* Of this program alone: getrusage would count what began it, too. */
static long peak_kib(void)
{
    char line[128];
    long kib = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        if (strncmp(line, "VmHWM:", 6) == 0)
            kib = strtol(line + 6, NULL, 10);
    if (status != NULL)
        fclose(status);
    return kib;
}

static void answer_steps(xhat_training *training, long steps)
{
    double began = seconds_on(CLOCK_MONOTONIC);
    double used = seconds_on(CLOCK_PROCESS_CPUTIME_ID);
    double loss = advance(training, steps);
    printf("%.9g %.9g %.17g %ld\n", seconds_on(CLOCK_MONOTONIC) - began,
           seconds_on(CLOCK_PROCESS_CPUTIME_ID) - used, loss, peak_kib());
}

/* The rows of the epoch at hand, as its steps take them; training goes on as if
 * nothing had been. */
static void answer_gather(xhat_training *training, long batches)
{
    const xhat_rows *train = &training->split->train;
    size_t size = training->options.batch_size, at = 0;
    double began = seconds_on(CLOCK_MONOTONIC);
    for (long i = 0; i < batches; i++, at += size) {
        if (at + size > train->count)
            at = 0;
        xhat_batch_gather(&training->buffer, train, training->order + at, 0,
                          size, training->model);
    }
    printf("%.9g\n", seconds_on(CLOCK_MONOTONIC) - began);
}

static void answer_order(const xhat_training *training, uint64_t epoch)
{
    const xhat_rows *train = &training->split->train;
    size_t *order = xhat_allocate(NULL, train->count, sizeof *order);
    if (order == NULL) {
        fprintf(stderr, "net_steps: no memory for %zu rows\n", train->count);
        exit(1);
    }
    xhat_random_permutation(training->options.seed,
                            xhat_net_stream(XHAT_STREAM_SHUFFLE, epoch),
                            train->count, order);
    for (size_t i = 0; i < train->count; i++)
        printf("%zu ", xhat_row_at(train, order[i]));
    printf("\n");
    xhat_release(NULL, order);
}

static void answer(xhat_training *training)
{
    char line[1024], what[8], argument[1000];
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (sscanf(line, "%7s %999s", what, argument) != 2)
            exit(2);
        if (strcmp(what, "steps") == 0)
            answer_steps(training, strtol(argument, NULL, 10));
        else if (strcmp(what, "gather") == 0)
            answer_gather(training, strtol(argument, NULL, 10));
        else if (strcmp(what, "order") == 0)
            answer_order(training, strtoull(argument, NULL, 10));
        else if (strcmp(what, "model") == 0) {
            check(xhat_model_write(training->model, argument, true, &error));
            printf("%s\n", argument);
        } else
            exit(2);
        fflush(stdout);
    }
}

int main(int count, char **words)
{
    enum { DEPTH_MOST = 64 };
    size_t hidden[DEPTH_MOST];
    xhat_dataset data;
    xhat_split split;
    xhat_model model;
    xhat_training training;
    if (count != 8) {
        fprintf(stderr, "usage: net_steps DATA UNITS DEPTH BATCH OPTIMIZER "
                        "NORM THREADS\n");
        return 2;
    }
    size_t depth = strtoul(words[3], NULL, 10);
    int threads = atoi(words[7]);
    xhat_net_spec spec = xhat_net_spec_default();
    for (size_t i = 0; i < depth && i < DEPTH_MOST; i++)
        hidden[i] = strtoul(words[2], NULL, 10);
    spec.hidden = hidden;
    spec.hidden_count = depth;
    spec.norm = strcmp(words[6], "batch") == 0   ? XHAT_NET_NORM_BATCH
                : strcmp(words[6], "layer") == 0 ? XHAT_NET_NORM_LAYER
                                                 : XHAT_NET_NORM_NONE;

    xhat_training_options options =
        xhat_training_options_default(optimizer_named(words[5]));
    options.batch_size = strtoul(words[4], NULL, 10);
    options.epochs = 1000000;
    spec.max_rows = options.batch_size + 1;
    check(xhat_dataset_read(&data, words[1], &(xhat_data_options){0}, NULL,
                            &error));
    check(xhat_split_make(&split, &data, 0, 0, &error));
    check(xhat_model_create(&model, &spec, &split.train, NULL, &error));
    xhat_net_set_blas_threads(
        xhat_net_useful_threads(model.net, options.batch_size, threads));
    check(xhat_training_create(&training, &model, &split, &options, &error));
    answer(&training);
    xhat_training_free(&training);
    xhat_model_free(&model);
    xhat_split_free(&split);
    xhat_dataset_free(&data);
    return 0;
}
