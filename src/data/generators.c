/* Data out of nothing: small problems to train on without a file.  Every
 * fifth of the rows, at the end, is the test set. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "data/dataset_parts.h"

enum { SPIRAL_ROWS = 1500, XOR_ROWS = 1000, DIGITS_ROWS = 5000 };
enum { DIGIT_SIDE = 8, DIGIT_PIXELS = DIGIT_SIDE * DIGIT_SIDE };

/* streams of the generators, apart from those of training */
enum { STREAM_SPIRAL = 1000, STREAM_XOR, STREAM_DIGITS };

/* Three arms that wind around each other, one a class: (x, y). */
static void spiral(xhat_dataset *data, uint64_t seed, double *labels)
{
    const double turn = 4, arm = 2.0943951023931953, noise = 0.15;
    double *at = data->values;
    for (size_t i = 0; i < data->rows; i++, at += 2) {
        size_t k = i % 3;
        double radius = xhat_random_uniform(seed, STREAM_SPIRAL, 2 * i);
        double angle =
            arm * (double)k + turn * radius +
            noise * xhat_random_normal(seed, STREAM_SPIRAL, 2 * i + 1);
        at[0] = radius * cos(angle);
        at[1] = radius * sin(angle);
        labels[i] = (double)k;
    }
}

/* Four clouds around (+-1, +-1); the class is the product's sign. */
static void exclusive_or(xhat_dataset *data, uint64_t seed, double *labels)
{
    const double deviation = 0.35;
    double *at = data->values;
    for (size_t i = 0; i < data->rows; i++, at += 2) {
        size_t left = i % 2, below = i / 2 % 2;
        at[0] = (left ? -1 : 1) +
                deviation * xhat_random_normal(seed, STREAM_XOR, 2 * i);
        at[1] = (below ? -1 : 1) +
                deviation * xhat_random_normal(seed, STREAM_XOR, 2 * i + 1);
        labels[i] = (double)(left ^ below);
    }
}

/* The segments of the digits on a display, a bit each:
 *
 *      0
 *     5 1
 *      6
 *     4 2
 *      3                                                                  */
static const unsigned char segments[10] = {0x3f, 0x06, 0x5b, 0x4f, 0x66,
                                           0x6d, 0x7d, 0x07, 0x7f, 0x6f};

static void light_segment(uint8_t *pixels, int segment, int top, int left,
                          uint8_t light)
{
    static const struct {
        int row, column, down, right;
    } line[7] = {{0, 0, 0, 1}, {0, 3, 1, 0}, {3, 3, 1, 0}, {6, 0, 0, 1},
                 {3, 0, 1, 0}, {0, 0, 1, 0}, {3, 0, 0, 1}};
    for (int step = 0; step < 4; step++) {
        int row = top + line[segment].row + step * line[segment].down;
        int column = left + line[segment].column + step * line[segment].right;
        pixels[row * DIGIT_SIDE + column] = light;
    }
}

/* 8x8 images of display digits, shifted, dimmed, with a segment sometimes
 * gone, and in noise. */
static void digits(xhat_dataset *data, uint64_t seed, double *labels)
{
    const double noise = 40, gone = 0.06;
    uint8_t *pixels = data->values;
    uint64_t draw = 0;
    for (size_t i = 0; i < data->rows; i++, pixels += DIGIT_PIXELS) {
        uint32_t words[4];
        xhat_random_words(seed, STREAM_DIGITS, draw++, words);
        int digit = (int)(i % 10), top = (int)(words[0] % 2);
        int left = (int)(words[1] % 5);
        uint8_t light = (uint8_t)(110 + words[2] % 140);
        memset(pixels, 0, DIGIT_PIXELS);
        for (int s = 0; s < 7; s++)
            if (segments[digit] >> s & 1 &&
                xhat_random_uniform(seed, STREAM_DIGITS, draw++) >= gone)
                light_segment(pixels, s, top, left, light);
        for (int p = 0; p < DIGIT_PIXELS; p++) {
            double value = pixels[p] + noise * xhat_random_normal(
                                                   seed, STREAM_DIGITS, draw++);
            pixels[p] = (uint8_t)fmin(fmax(value, 0), 255);
        }
        labels[i] = digit;
    }
}

typedef struct generator {
    const char *name;
    size_t rows, features;
    xhat_element element;
    void (*fill)(xhat_dataset *data, uint64_t seed, double *labels);
} generator;

static const generator generators[] = {
    {"spiral", SPIRAL_ROWS, 2, XHAT_ELEMENT_F64, spiral},
    {"xor", XOR_ROWS, 2, XHAT_ELEMENT_F64, exclusive_or},
    {"digits-like", DIGITS_ROWS, DIGIT_PIXELS, XHAT_ELEMENT_U8, digits},
};
enum { GENERATORS = sizeof generators / sizeof generators[0] };

const char *const *xhat_generator_names(void)
{
    static const char *const names[] = {"spiral", "xor", "digits-like", NULL};
    _Static_assert(sizeof names / sizeof names[0] == GENERATORS + 1,
                   "a name for each generator");
    return names;
}

static xhat_status generate(xhat_dataset *data, const generator *chosen,
                            uint64_t seed, xhat_error *error)
{
    xhat_status status = xhat_dataset_allocate(
        data, chosen->rows, chosen->features, chosen->element, error);
    if (status != XHAT_OK)
        return status;
    double *labels =
        xhat_allocate(data->allocator, chosen->rows, sizeof *labels);
    if (labels == NULL)
        return xhat_fail(error, XHAT_OUT_OF_MEMORY, "no memory for labels");
    chosen->fill(data, seed, labels);
    status = xhat_dataset_label_numbers(
        data, labels, &(xhat_label_place){chosen->name, "y", NULL}, error);
    xhat_release(data->allocator, labels);
    data->test_from = chosen->rows - chosen->rows / 5;
    snprintf(data->format, sizeof data->format, "built-in");
    return status;
}

xhat_status xhat_dataset_generate(xhat_dataset *data, const char *name,
                                  uint64_t seed, bool *known, xhat_error *error)
{
    *known = false;
    for (size_t i = 0; i < GENERATORS; i++)
        if (strcmp(generators[i].name, name) == 0) {
            *known = true;
            return generate(data, &generators[i], seed, error);
        }
    return XHAT_OK;
}
