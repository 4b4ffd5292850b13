/* A library that is timed beside xhat: what worker.c asks of it.
 *
 * Each library gets a process of its own (their OpenMP runtimes and symbols do
 * not mix) that times what it is told to, one case at a time.  Every process
 * fills the same arrays, so that all results can be checked by one
 * reference. */
#ifndef XHAT_BENCH_PEER_H
#define XHAT_BENCH_PEER_H

#ifdef __cplusplus
extern "C" {
#endif

#include "bench/workload.h"

typedef struct peer_case {
    bench_problem problem;
    bench_mode mode;
    bool blocked; /* in the library's own blocked layout, channels in 16s */
} peer_case;

enum { PEER_MESSAGE = 256 };

/* The library with its version, as it reports it. */
const char *peer_name(void);

/* Prepares a case on the arrays of w, which stay where they are until
 * peer_close: x, dout, gamma, ... are inputs; out, dx, dgamma, dbeta receive
 * results, at the latest in peer_fetch.  In backward, whatever the library
 * needs of a forward pass has been done on return.
 * False, and why, when the library has no such thing. */
bool peer_open(const peer_case *c, bench_workload *w,
               char message[PEER_MESSAGE]);
void peer_run(void); /* one call: what is timed */
/* Results into the arrays of w; after a training forward, mean and invstd
 * too. */
void peer_fetch(void);
void peer_close(void);

#ifdef __cplusplus
}
#endif
#endif
