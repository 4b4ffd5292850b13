/* A quiz: some numbers of a run are not shown but asked for, and answers are
 * recognized by their salted hashes.
 *
 * What it protects: the page holds no answer and nothing that computes one, so
 * none can be read in its text.  What it does not: whoever computes the batch
 * has the answers, and each hash can be tried against every short number. */
#ifndef XHAT_CIRCUIT_QUIZ_H
#define XHAT_CIRCUIT_QUIZ_H

#include <stdbool.h>
#include <stdint.h>

#include "xhat/circuit.h"

/* An answer is rounded to so many significant digits before it is hashed: who
 * rounds on the way still has the right one, or one unit beside it. */
enum { XHAT_QUIZ_DIGITS = 3, XHAT_QUIZ_ROUNDS = 20000 };

enum { XHAT_QUIZ_HASH_SIZE = 17 }; /* 64 bits in hexadecimal, and a NUL */

typedef struct xhat_quiz {
    uint64_t seed;
    char salt[XHAT_QUIZ_HASH_SIZE];
    /* [side][value]: 1 where a number is asked for; NULL: all are shown */
    unsigned char *blank[2][XHAT_CIRCUIT_VALUES_MAX];
    size_t asked; /* how many numbers */
    const xhat_allocator *allocator;
} xhat_quiz;

/* Chooses, by the seed, what is asked of a finished run: about half of the
 * numbers of every array that a gate makes or hands back, and at least one of
 * each; of the first `rows` and `columns` of larger ones.
 * Errors: XHAT_OUT_OF_MEMORY.  The caller frees it, also after a failure. */
XHAT_NODISCARD xhat_status xhat_quiz_of(xhat_quiz *quiz, const xhat_run *run,
                                        uint64_t seed, size_t rows,
                                        size_t columns, xhat_error *error);
void xhat_quiz_free(xhat_quiz *quiz);

/* The hash of an answer to the question called `place` ("dx[0,1]"): SHA-256 of
 * "salt|place|answer" and then XHAT_QUIZ_ROUNDS times of the hash before and
 * the salt, its first 64 bits. */
void xhat_quiz_hash(const xhat_quiz *quiz, const char *place, double answer,
                    char hash[XHAT_QUIZ_HASH_SIZE]);

/* "5.60e-1": the answer as it is hashed; "0" for 0. */
enum { XHAT_QUIZ_ANSWER_SIZE = 32 };
char *xhat_quiz_answer(double answer, char text[XHAT_QUIZ_ANSWER_SIZE]);

/* A batch to be worked out by hand, another for every seed: 4 rows, 2
 * features, whole means, deviations whose inverse is a short decimal, eps = 0.
 * x, dout: (4,2); gamma, beta: (2). */
enum { XHAT_QUIZ_ROWS = 4, XHAT_QUIZ_COLUMNS = 2 };
void xhat_quiz_batch(uint64_t seed, double *x, double *gamma, double *beta,
                     double *dout);

#endif
