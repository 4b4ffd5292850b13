#include "quiz.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "sha256.h"

/* ---- draws --------------------------------------------------------------- */

/* Word `index` of what `seed` draws: a digest, so that the order of drawing
 * does not matter and nothing but this file is needed. */
static uint32_t draw(uint64_t seed, const char *purpose, size_t index)
{
    char words[80];
    unsigned char digest[XHAT_SHA256_SIZE];
    int length = snprintf(words, sizeof words, "xhat quiz %llu %s %zu",
                          (unsigned long long)seed, purpose, index);
    xhat_sha256(words, (size_t)length, digest);
    return (uint32_t)digest[0] << 24 | (uint32_t)digest[1] << 16 |
           (uint32_t)digest[2] << 8 | digest[3];
}

/* Pairs a, b whose mean square is a square: with -a, -b beside them they have
 * mean 0 and the deviation `s`, whose inverse is a short decimal. */
static const struct {
    int a, b, s;
} spreads[] = {{1, 7, 5}, {2, 2, 2}, {4, 4, 4}, {5, 5, 5},   {2, 14, 10},
               {7, 1, 5}, {1, 1, 1}, {8, 8, 8}, {10, 10, 10}};

static void draw_feature(uint64_t seed, size_t feature, size_t spread,
                         double *x)
{
    int parts[XHAT_QUIZ_ROWS] = {spreads[spread].a, -spreads[spread].a,
                                 spreads[spread].b, -spreads[spread].b};
    int center = (int)(draw(seed, "center", feature) % 9) - 3;
    for (size_t i = XHAT_QUIZ_ROWS - 1; i > 0; i--) {
        size_t j = draw(seed, "order", feature * XHAT_QUIZ_ROWS + i) % (i + 1);
        int swapped = parts[i];
        parts[i] = parts[j];
        parts[j] = swapped;
    }
    for (size_t i = 0; i < XHAT_QUIZ_ROWS; i++)
        x[i * XHAT_QUIZ_COLUMNS + feature] = center + parts[i];
}

void xhat_quiz_batch(uint64_t seed, double *x, double *gamma, double *beta,
                     double *dout)
{
    const size_t count = sizeof spreads / sizeof *spreads;
    size_t first = draw(seed, "spread", 0) % count;
    for (size_t c = 0; c < XHAT_QUIZ_COLUMNS; c++) {
        /* the second feature takes another spread than the first */
        size_t spread =
            c == 0
                ? first
                : (first + 1 + draw(seed, "spread", c) % (count - 1)) % count;
        draw_feature(seed, c, spread, x);
        gamma[c] = 2 * (double)(1 + draw(seed, "gamma", c) % 5);
        beta[c] = (double)(draw(seed, "beta", c) % 7) - 3;
        for (size_t i = 0; i < XHAT_QUIZ_ROWS; i++)
            dout[i * XHAT_QUIZ_COLUMNS + c] =
                (double)(draw(seed, "dout", i * XHAT_QUIZ_COLUMNS + c) % 7) - 2;
    }
}

/* ---- what is asked ------------------------------------------------------- */

/* The numbers of an array that a page shows. */
static bool is_shown(const xhat_run *run, xhat_extent extent, size_t k,
                     size_t rows, size_t columns)
{
    const xhat_axes *axes = xhat_run_axes(run);
    size_t width = extent == XHAT_EXTENT_FULL ? axes->channels * axes->inner
                   : extent == XHAT_EXTENT_PER_CHANNEL ? axes->channels
                                                       : axes->groups;
    return k / width < rows && k % width < columns;
}

static xhat_status blank_side(xhat_quiz *quiz, const xhat_run *run,
                              xhat_side side, int value, size_t rows,
                              size_t columns, xhat_error *error)
{
    const char *key = xhat_circuit_key(xhat_run_circuit(run), side, value);
    xhat_field field = xhat_run_field(run, side, value);
    size_t count = xhat_axes_count(xhat_run_axes(run), field.extent);
    if (field.data == NULL || count == 0 ||
        xhat_run_given(run, side, value).data != NULL)
        return XHAT_OK;
    unsigned char *blank = xhat_allocate_zeroed(quiz->allocator, count, 1);
    quiz->blank[side][value] = blank;
    if (blank == NULL)
        return xhat_fail(error, XHAT_OUT_OF_MEMORY, "no memory for a quiz");
    size_t always = draw(quiz->seed, key, SIZE_MAX) % count;
    while (!is_shown(run, field.extent, always, rows, columns))
        always = always > 0 ? always - 1 : 0;
    for (size_t k = 0; k < count; k++) {
        bool shown = is_shown(run, field.extent, k, rows, columns);
        bool asked = shown && isfinite(field.data[k]) &&
                     (k == always || draw(quiz->seed, key, k) % 2 == 0);
        blank[k] = asked;
        quiz->asked += asked;
    }
    return XHAT_OK;
}

xhat_status xhat_quiz_of(xhat_quiz *quiz, const xhat_run *run, uint64_t seed,
                         size_t rows, size_t columns, xhat_error *error)
{
    *quiz = (xhat_quiz){.seed = seed};
    xhat_status status = XHAT_OK;
    snprintf(quiz->salt, sizeof quiz->salt, "%08x%08x", draw(seed, "salt", 0),
             draw(seed, "salt", 1));
    for (int side = 0; side < 2; side++)
        for (int v = 0;
             v < xhat_run_circuit(run)->value_count && status == XHAT_OK; v++)
            status =
                blank_side(quiz, run, (xhat_side)side, v, rows, columns, error);
    return status;
}

void xhat_quiz_free(xhat_quiz *quiz)
{
    for (int side = 0; side < 2; side++)
        for (int v = 0; v < XHAT_CIRCUIT_VALUES_MAX; v++)
            xhat_release(quiz->allocator, quiz->blank[side][v]);
}

/* ---- answers ------------------------------------------------------------- */

char *xhat_quiz_answer(double answer, char text[XHAT_QUIZ_ANSWER_SIZE])
{
    /* what rounding leaves of a 0 is a 0 */
    if (fabs(answer) < 1e-9) {
        snprintf(text, XHAT_QUIZ_ANSWER_SIZE, "0");
        return text;
    }
    char digits[XHAT_QUIZ_ANSWER_SIZE];
    snprintf(digits, sizeof digits, "%.*e", XHAT_QUIZ_DIGITS - 1, answer);
    char *e = strchr(digits, 'e');
    long power = strtol(e + 1, NULL, 10);
    *e = '\0';
    snprintf(text, XHAT_QUIZ_ANSWER_SIZE, "%.16se%ld", digits, power);
    return text;
}

void xhat_quiz_hash(const xhat_quiz *quiz, const char *place, double answer,
                    char hash[XHAT_QUIZ_HASH_SIZE])
{
    char words[400], text[XHAT_QUIZ_ANSWER_SIZE];
    unsigned char state[XHAT_SHA256_SIZE + XHAT_QUIZ_HASH_SIZE - 1];
    int length = snprintf(words, sizeof words, "%s|%s|%s", quiz->salt, place,
                          xhat_quiz_answer(answer, text));
    xhat_sha256(words, (size_t)length, state);
    memcpy(state + XHAT_SHA256_SIZE, quiz->salt, XHAT_QUIZ_HASH_SIZE - 1);
    for (int i = 0; i < XHAT_QUIZ_ROUNDS; i++) {
        unsigned char digest[XHAT_SHA256_SIZE];
        xhat_sha256(state, sizeof state, digest);
        memcpy(state, digest, sizeof digest);
    }
    for (int i = 0; i < (XHAT_QUIZ_HASH_SIZE - 1) / 2; i++)
        snprintf(hash + 2 * i, 3, "%02x", state[i]);
}
