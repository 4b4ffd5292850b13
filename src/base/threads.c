#define _GNU_SOURCE
#include "threads.h"

#include <sched.h>

int xhat_threads_built_in(void)
{
#ifdef _OPENMP
    return 1;
#else
    return 0;
#endif
}

int xhat_threads_available(void)
{
    cpu_set_t set;
    int count = 1;
    if (!xhat_threads_built_in())
        return 1;
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        count = CPU_COUNT(&set);
    if (count < 1)
        count = 1;
    return count < XHAT_THREADS_MAX ? count : XHAT_THREADS_MAX;
}
