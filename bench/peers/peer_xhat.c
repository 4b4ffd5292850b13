/* xhat itself, timed as the others are. */
#include <stdio.h>
#include <stdlib.h>

#include "peer.h"

static struct {
    bench_workload *w;
    bench_mode mode;
} at;

const char *peer_name(void)
{
    static char name[64];
    snprintf(name, sizeof name, "xhat %s", xhat_version());
    return name;
}

bool peer_open(const peer_case *c, bench_workload *w,
               char message[PEER_MESSAGE])
{
    if (c->blocked) {
        snprintf(message, PEER_MESSAGE, "xhat has no such layout");
        return false;
    }
    at.w = w;
    at.mode = c->mode;
    return true;
}

void peer_run(void)
{
    xhat_error error;
    if (bench_workload_run(at.w, BENCH_FUSED, at.mode, &error) != XHAT_OK) {
        fprintf(stderr, "worker: %s\n", error.message);
        exit(1);
    }
}

void peer_fetch(void)
{
}

void peer_close(void)
{
}
