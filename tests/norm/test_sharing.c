/* One plan, several user threads: each with its own arrays and scratch memory,
 * all with the same answer; on one thread each, and on several of OpenMP's at
 * once.  The thread sanitizer watches the first. */
#include <pthread.h>

#include "check.h"
#include "problem.h"

enum { USERS = 4 };

typedef struct worker {
    const xhat_plan *plan;
    const problem *p;
    int rounds;
    bool same;
} worker;

static void *work(void *argument)
{
    worker *w = argument;
    const problem *p = w->p;
    const size_t channels = p->spec.channels, size = p->elements;
    double *out = calloc(size, sizeof *out), *dx = calloc(size, sizeof *dx);
    double *statistics = calloc(3 * channels, sizeof *statistics);
    size_t scratch_size = xhat_plan_scratch_size(w->plan);
    void *scratch = malloc(scratch_size);
    xhat_forward_args forward = {.x = p->x,
                                 .gamma = p->gamma,
                                 .beta = p->beta,
                                 .out = out,
                                 .mean = statistics,
                                 .mean_low = statistics + channels,
                                 .invstd = statistics + 2 * channels,
                                 .scratch = scratch,
                                 .scratch_size = scratch_size};
    xhat_backward_args backward = {.x = p->x,
                                   .dout = p->dout,
                                   .gamma = p->gamma,
                                   .mean = forward.mean,
                                   .mean_low = forward.mean_low,
                                   .invstd = forward.invstd,
                                   .dx = dx,
                                   .scratch = scratch,
                                   .scratch_size = scratch_size};
    w->same = true;
    for (int i = 0; i < w->rounds; i++) {
        memset(out, 0, size * sizeof *out);
        memset(dx, 0, size * sizeof *dx);
        w->same = w->same && xhat_forward(w->plan, &forward, NULL) == XHAT_OK &&
                  xhat_backward(w->plan, &backward, NULL) == XHAT_OK &&
                  memcmp(out, p->out, size * sizeof *out) == 0 &&
                  memcmp(dx, p->dx, size * sizeof *dx) == 0;
    }
    free(scratch);
    free(statistics);
    free(dx);
    free(out);
    return NULL;
}

/* `threads`: of the plan, for each user. */
static void share(size_t rows, size_t channels, int threads, int rounds)
{
    xhat_spec spec = xhat_spec_default(XHAT_F64);
    xhat_plan *plan;
    pthread_t users[USERS];
    worker workers[USERS];
    spec.outer = rows;
    spec.channels = channels;
    spec.threads = 1;
    problem p = problem_new(spec, 3, 1, 95);
    problem_train(&p);
    spec.threads = threads;
    assert_ok(xhat_plan_create(&plan, &spec, NULL, error));
    for (int i = 0; i < USERS; i++) {
        workers[i] = (worker){plan, &p, rounds, false};
        assert_int_equal(pthread_create(&users[i], NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < USERS; i++) {
        pthread_join(users[i], NULL);
        assert_true(workers[i].same);
    }
    xhat_plan_destroy(plan);
    problem_free(&p);
}

static void one_plan_many_users(void **state)
{
    (void)state;
    share(64, 40, 1, 20);
}

/* Large enough for three threads each: xhat takes one for 32,768 elements at most. */
static void users_whose_work_is_spread(void **state)
{
    (void)state;
    share(2048, 100, 3, 4);
    share(40, 5000, 3, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_plan_many_users),
        cmocka_unit_test(users_whose_work_is_spread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
