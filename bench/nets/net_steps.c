/* Training steps on demand, to be timed beside somebody else's:
 *
 *     net_steps DATA UNITS DEPTH BATCH OPTIMIZER NORM THREADS
 *
 * reads numbers of steps from standard input, one a line, does so many, and
 * answers with a line "SECONDS PROCESSOR LOSS KIB": the time they took, data
 * gathering and all, the processor time, their mean loss, and the most memory
 * the process has had.  bench/nets/steps_beside_torch.py talks to it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

static void answer(xhat_training *training)
{
    char line[64];
    while (fgets(line, sizeof line, stdin) != NULL) {
        double began = seconds_on(CLOCK_MONOTONIC);
        double used = seconds_on(CLOCK_PROCESS_CPUTIME_ID);
        double loss = advance(training, strtol(line, NULL, 10));
        printf("%.9g %.9g %.9g %ld\n", seconds_on(CLOCK_MONOTONIC) - began,
               seconds_on(CLOCK_PROCESS_CPUTIME_ID) - used, loss, peak_kib());
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
    xhat_net_set_blas_threads(threads);
    check(xhat_dataset_read(&data, words[1], &(xhat_data_options){0}, NULL,
                            &error));
    check(xhat_split_make(&split, &data, 0, 0, &error));
    check(xhat_model_create(&model, &spec, &split.train, NULL, &error));
    check(xhat_training_create(&training, &model, &split, &options, &error));
    answer(&training);
    xhat_training_free(&training);
    xhat_model_free(&model);
    xhat_split_free(&split);
    xhat_dataset_free(&data);
    return 0;
}
