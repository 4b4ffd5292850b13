/* One plan, several user threads: each with its own arrays and scratch memory,
 * all with the same answer.  The thread sanitizer watches this one. */
#include <pthread.h>

#include "check.h"
#include "problem.h"

enum { THREADS = 4, ROUNDS = 20, ROWS = 64, C = 40, SIZE = ROWS * C };

typedef struct worker {
    const xhat_plan *plan;
    const problem *p;
    bool same;
} worker;

static void *work(void *argument)
{
    worker *w = argument;
    const problem *p = w->p;
    double out[SIZE], dx[SIZE], mean[C], low[C], invstd[C];
    void *scratch = malloc(xhat_plan_scratch_size(w->plan));
    xhat_forward_args forward = {.x = p->x,
                                 .gamma = p->gamma,
                                 .beta = p->beta,
                                 .out = out,
                                 .mean = mean,
                                 .mean_low = low,
                                 .invstd = invstd,
                                 .scratch = scratch,
                                 .scratch_size = xhat_plan_scratch_size(w->plan)};
    xhat_backward_args backward = {.x = p->x,
                                   .dout = p->dout,
                                   .gamma = p->gamma,
                                   .mean = mean,
                                   .mean_low = low,
                                   .invstd = invstd,
                                   .dx = dx,
                                   .scratch = scratch,
                                   .scratch_size =
                                       xhat_plan_scratch_size(w->plan)};
    w->same = true;
    for (int i = 0; i < ROUNDS; i++) {
        memset(out, 0, sizeof out);
        memset(dx, 0, sizeof dx);
        w->same = w->same && xhat_forward(w->plan, &forward, NULL) == XHAT_OK &&
                  xhat_backward(w->plan, &backward, NULL) == XHAT_OK &&
                  memcmp(out, p->out, sizeof out) == 0 &&
                  memcmp(dx, p->dx, sizeof dx) == 0;
    }
    free(scratch);
    return NULL;
}

static void one_plan_many_threads(void **state)
{
    (void)state;
    xhat_spec spec = xhat_spec_default(XHAT_F64);
    xhat_plan *plan;
    pthread_t threads[THREADS];
    worker workers[THREADS];
    spec.outer = ROWS;
    spec.channels = C;
    problem p = problem_new(spec, 3, 1, 95);
    problem_train(&p);
    assert_ok(xhat_plan_create(&plan, &spec, NULL, error));
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (worker){plan, &p, false};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]),
                         0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_true(workers[i].same);
    }
    xhat_plan_destroy(plan);
    problem_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_plan_many_threads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
