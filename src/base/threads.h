/* How many threads there are to use. */
#ifndef XHAT_BASE_THREADS_H
#define XHAT_BASE_THREADS_H

enum { XHAT_THREADS_MAX = 1024 };

/* The number of cores this process may run on (its affinity mask, not the
 * machine's count), at least 1.  1 in a build without OpenMP.  Thread-safe. */
int xhat_threads_available(void);

/* 1 when this build can use more than one thread. */
int xhat_threads_built_in(void);

#endif
