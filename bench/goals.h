/* Size classes: shapes whose speed is bound by the same thing, and what part of
 * the limit xhat means to reach in each.  docs/performance.md has the table. */
#ifndef XHAT_BENCH_GOALS_H
#define XHAT_BENCH_GOALS_H

#include "workload.h"

typedef struct bench_class {
    const char *id;      /* "nchw-large-forward" */
    const char *layouts; /* for people: "NCHW, 28x28 and larger" */
    const char *mode;    /* "forward", "both", ... */
    double goal;         /* part of the limit; 0: none is set */
} bench_class;

/* The class of a spec in a mode; never NULL.  Layouts that are seen alike
 * (inner > 1; channels last; NC) count as one. */
const bench_class *bench_class_of(const xhat_spec *spec, bool channels_last,
                                  bench_mode mode);

/* Every class in the order of the table; NULL past the last. */
const bench_class *bench_class_at(int index);
int bench_class_count(void);

#endif
