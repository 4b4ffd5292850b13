/* Which shapes are measured: the lists, and the one way to write a shape. */
#ifndef XHAT_BENCH_SHAPES_H
#define XHAT_BENCH_SHAPES_H

#include "workload.h"

typedef struct bench_shape_list {
    size_t count, capacity;
    bench_shape *shapes; /* (count); owned */
} bench_shape_list;

/* Appends one shape.  Errors: XHAT_OUT_OF_MEMORY. */
XHAT_NODISCARD xhat_status bench_shape_add(bench_shape_list *list,
                                           bench_shape shape,
                                           xhat_error *error);
void bench_shapes_free(bench_shape_list *list);

/* Appends the shapes of a text: "256x1024", "32x64x56x56,1x256x56x56", and the
 * lists by name: "few" (a minute's worth) and "all" (those of networks in use,
 * that docs/performance.md reports).
 * Errors: XHAT_INVALID_ARGUMENT names the part that is no shape: sizes are
 * whole numbers of at least 1, two to five of them. */
XHAT_NODISCARD xhat_status bench_shapes_parse(bench_shape_list *list,
                                              const char *text,
                                              xhat_error *error);

/* "32x64x56x56"; text has room for BENCH_SHAPE_TEXT. */
enum { BENCH_SHAPE_TEXT = 5 * 21 };
const char *bench_shape_text(const bench_shape *shape,
                             char text[BENCH_SHAPE_TEXT]);

#endif
