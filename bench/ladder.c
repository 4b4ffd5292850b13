/* The ladder from the derivation to the machine: the same batch through the
 * circuit, the closed form and the fused kernels, each validated first and then
 * timed.  Median of several rounds in which the tellings take turns.
 *
 * GB/s counts what must move at the least in float32: 8 bytes an element
 * forward, 12 backward.  The copy beside it moves 8 bytes an element in the
 * same rounds.  The circuit computes in float64. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "xhat/circuit.h"
#include "xhat/xhat.h"

enum { ROUNDS = 9 };

/* the rungs, and what is timed of each */
enum { CIRCUIT, CLOSED, FUSED, COPY, RUNGS };
static const char *const rung_names[] = {"circuit", "closed", "fused", "copy"};

typedef struct batch {
    size_t outer, channels, inner, elements;
    float *x, *dout, *out, *dx, *gamma, *beta, *each[5];
    double *x64, *dout64, *gamma64, *beta64;
    xhat_plan *plan[RUNGS];
    void *scratch;
    xhat_run *run;
} batch;

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void *need(void *block)
{
    if (block == NULL) {
        fprintf(stderr, "out of memory\n");
        exit(1);
    }
    return block;
}

static void must(xhat_status status, const xhat_error *error)
{
    if (status != XHAT_OK) {
        fprintf(stderr, "%s\n", error->message);
        exit(1);
    }
}

/* a cheap sequence of numbers in -2 .. 2 */
static float next_number(unsigned *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (float)(*state >> 8) / (float)(1 << 22) - 2;
}

static void batch_open(batch *b, size_t outer, size_t channels, size_t inner,
                       int threads)
{
    unsigned state = 1;
    xhat_error error;
    xhat_spec spec = xhat_spec_default(XHAT_F32);
    *b = (batch){.outer = outer,
                 .channels = channels,
                 .inner = inner,
                 .elements = outer * channels * inner};
    float **full[] = {&b->x, &b->dout, &b->out, &b->dx};
    for (int i = 0; i < 4; i++)
        *full[i] = need(malloc(b->elements * sizeof(float)));
    float **some[] = {&b->gamma,   &b->beta,    &b->each[0], &b->each[1],
                      &b->each[2], &b->each[3], &b->each[4]};
    for (int i = 0; i < 7; i++)
        *some[i] = need(calloc(channels, sizeof(float)));
    b->x64 = need(malloc(b->elements * sizeof(double)));
    b->dout64 = need(malloc(b->elements * sizeof(double)));
    b->gamma64 = need(malloc(channels * sizeof(double)));
    b->beta64 = need(malloc(channels * sizeof(double)));
    for (size_t i = 0; i < b->elements; i++) {
        b->x64[i] = b->x[i] = 3 + next_number(&state);
        b->dout64[i] = b->dout[i] = next_number(&state);
        b->out[i] = b->dx[i] = 0; /* touch every page */
    }
    for (size_t c = 0; c < channels; c++) {
        b->gamma64[c] = b->gamma[c] = 1 + next_number(&state) / 4;
        b->beta64[c] = b->beta[c] = next_number(&state);
    }
    spec.outer = outer;
    spec.channels = channels;
    spec.inner = inner;
    spec.threads = threads;
    for (int rung = CLOSED; rung <= FUSED; rung++) {
        spec.method = rung == CLOSED ? XHAT_CLOSED : XHAT_FUSED;
        must(xhat_plan_create(&b->plan[rung], &spec, NULL, &error), &error);
    }
    b->scratch = need(malloc(xhat_plan_scratch_size(b->plan[FUSED])));
    xhat_axes axes = xhat_axes_batch(outer, channels, inner);
    must(xhat_run_create(&b->run, xhat_circuit_batchnorm(), &axes, spec.eps,
                         NULL, &error),
         &error);
    must(xhat_run_set(b->run, XHAT_SIDE_VALUE, XHAT_VALUE_X, b->x64, &error),
         &error);
    must(xhat_run_set(b->run, XHAT_SIDE_VALUE, XHAT_VALUE_GAMMA, b->gamma64,
                      &error),
         &error);
    must(xhat_run_set(b->run, XHAT_SIDE_VALUE, XHAT_VALUE_BETA, b->beta64,
                      &error),
         &error);
    must(xhat_run_set(b->run, XHAT_SIDE_GRADIENT, XHAT_VALUE_OUT, b->dout64,
                      &error),
         &error);
}

static void batch_close(batch *b)
{
    void *blocks[] = {b->x,       b->dout,    b->out,     b->dx,
                      b->gamma,   b->beta,    b->each[0], b->each[1],
                      b->each[2], b->each[3], b->each[4], b->x64,
                      b->dout64,  b->gamma64, b->beta64,  b->scratch};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        free(blocks[i]);
    xhat_plan_destroy(b->plan[CLOSED]);
    xhat_plan_destroy(b->plan[FUSED]);
    xhat_run_destroy(b->run);
}

static void forward(batch *b, int rung)
{
    xhat_error error;
    if (rung == COPY) {
        memcpy(b->out, b->x, b->elements * sizeof(float));
    } else if (rung == CIRCUIT) {
        must(xhat_run_forward(b->run, &error), &error);
    } else {
        xhat_forward_args args = {.x = b->x,
                                  .gamma = b->gamma,
                                  .beta = b->beta,
                                  .out = b->out,
                                  .mean = b->each[0],
                                  .mean_low = b->each[1],
                                  .invstd = b->each[2],
                                  .scratch = b->scratch};
        must(xhat_forward(b->plan[rung], &args, &error), &error);
    }
}

static void backward(batch *b, int rung)
{
    xhat_error error;
    if (rung == COPY) {
        memcpy(b->dx, b->dout, b->elements * sizeof(float));
    } else if (rung == CIRCUIT) {
        must(xhat_run_backward(b->run, &error), &error);
    } else {
        xhat_backward_args args = {.x = b->x,
                                   .dout = b->dout,
                                   .gamma = b->gamma,
                                   .mean = b->each[0],
                                   .mean_low = b->each[1],
                                   .invstd = b->each[2],
                                   .dx = b->dx,
                                   .dgamma = b->each[3],
                                   .dbeta = b->each[4],
                                   .scratch = b->scratch};
        must(xhat_backward(b->plan[rung], &args, &error), &error);
    }
}

/* out and dx of the last rung against the circuit's */
static void validate(const batch *b, int rung)
{
    const double *out =
        xhat_run_field(b->run, XHAT_SIDE_VALUE, XHAT_VALUE_OUT).data;
    const double *dx =
        xhat_run_field(b->run, XHAT_SIDE_GRADIENT, XHAT_VALUE_X).data;
    double worst = 0;
    for (size_t i = 0; i < b->elements; i++)
        worst =
            fmax(worst, fmax(fabs(b->out[i] - out[i]), fabs(b->dx[i] - dx[i])));
    if (!(worst < 1e-5)) {
        fprintf(stderr, "%s differs from the circuit by %g\n", rung_names[rung],
                worst);
        exit(1);
    }
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *times)
{
    qsort(times, ROUNDS, sizeof *times, by_size);
    return times[ROUNDS / 2];
}

static void measure(size_t outer, size_t channels, size_t inner, int threads)
{
    batch b;
    double times[RUNGS][2][ROUNDS];
    batch_open(&b, outer, channels, inner, threads);
    for (int rung = CIRCUIT; rung < COPY; rung++) {
        forward(&b, rung);
        backward(&b, rung);
        if (rung != CIRCUIT)
            validate(&b, rung);
    }
    for (int round = 0; round < ROUNDS; round++)
        for (int rung = 0; rung < RUNGS; rung++) {
            double start = seconds();
            forward(&b, rung);
            double middle = seconds();
            backward(&b, rung);
            times[rung][0][round] = middle - start;
            times[rung][1][round] = seconds() - middle;
        }
    for (int mode = 0; mode < 2; mode++) {
        double bytes = (mode == 0 ? 8 : 12) * (double)b.elements;
        printf("%6zux%zux%-5zu %-8s", outer, channels, inner,
               mode == 0 ? "forward" : "backward");
        for (int rung = 0; rung < RUNGS; rung++) {
            double t = median(times[rung][mode]);
            double moved = rung == COPY ? 8 * (double)b.elements : bytes;
            printf(" %9.3f %5.1f", 1e3 * t, 1e-9 * moved / t);
        }
        printf("\n");
    }
    batch_close(&b);
}

int main(int argc, char **argv)
{
    int threads = argc > 1 ? atoi(argv[1]) : 0;
    static const size_t shapes[][3] = {
        {64, 100, 1},    {256, 1024, 1}, {4096, 512, 1},
        {100352, 64, 1}, {32, 256, 196}, {32, 64, 3136},
    };
    printf("outer x channels x inner, float32; milliseconds and GB/s of each "
           "telling\n%-26s",
           "");
    for (int rung = 0; rung < RUNGS; rung++)
        printf(" %9s %5s", rung_names[rung], "GB/s");
    printf("\n");
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        measure(shapes[i][0], shapes[i][1], shapes[i][2], threads);
    return 0;
}
