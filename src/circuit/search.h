/* Looks through the catalogue for the mistakes that explain somebody's arrays:
 * each alone, then two at once. */
#ifndef XHAT_CIRCUIT_SEARCH_H
#define XHAT_CIRCUIT_SEARCH_H

#include "case.h"
#include "magnitude.h"
#include "mistakes.h"

enum { XHAT_CAUSES_MAX = 8 };

/* One mistake of the catalogue, or two at once. */
typedef struct xhat_cause {
    int mistakes[2]; /* indices of the catalogue */
    int count;       /* 1 or 2 */
    double distance; /* of the arrays from what it would give: 0 the same,
                        about 1 nothing alike */
} xhat_cause;

/* Of two mistakes, the one that shows first: forward before backward, and
 * backward from gate 9 down. */
const xhat_mistake *xhat_cause_earliest(const xhat_cause *cause);

typedef struct xhat_search {
    /* in: which claims are wrong, and which of them is the first */
    bool wrong[XHAT_CLAIMS_MAX];
    int first;
    double tolerance[XHAT_CLAIMS_MAX]; /* of each claim */
    /* out */
    xhat_cause causes[XHAT_CAUSES_MAX]; /* those that fit, nearest first */
    int cause_count;
    bool whole;          /* they explain every array, not the first wrong one
                            alone */
    xhat_cause nearest;  /* the nearest that does not fit */
    bool pairs_left_out; /* two at once were not tried: too many numbers */
} xhat_search;

/* c: a slice that shows the mistake, or a whole case.  narrow: a slice of few
 * numbers, for two mistakes at once; whole: for mistakes that cross channels.
 * All three may be the same.
 * Errors: XHAT_OUT_OF_MEMORY. */
XHAT_NODISCARD xhat_status xhat_search_catalogue(xhat_search *search,
                                                 const xhat_case *c,
                                                 const xhat_case *narrow,
                                                 const xhat_case *whole,
                                                 xhat_error *error);

/* How far data[] is from what the gates of `run` computed for one side of a
 * value, and whether that decides: xhat_comparison_span.  0 where the run has
 * none, infinite where its shape is another.  size: of the right run. */
double xhat_run_span(const xhat_run *run, xhat_side side, int value,
                     xhat_field data, const xhat_magnitudes *size,
                     double tolerance, bool *decides);

/* Does a cause that was found in one slice explain another one, too?
 * Errors: XHAT_OUT_OF_MEMORY. */
XHAT_NODISCARD xhat_status xhat_cause_fits(const xhat_cause *cause,
                                           const xhat_search *search,
                                           const xhat_case *c, bool *fits,
                                           xhat_error *error);

#endif
