/* The lists of shapes, and shapes as text. */
#include "shapes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/number.h"

/* Batch-norm shapes of ResNet, DenseNet, Inception and fully-connected nets. */
static const char all[] =
    "32x64x112x112,32x64x56x56,32x256x56x56,32x128x28x28,32x512x28x28,"
    "32x256x14x14,32x1024x14x14,32x512x7x7,32x2048x7x7,16x128x57x57,"
    "32x32x149x149,16x192x71x71,1x256x56x56,"
    "32x64,64x100,128x512,256x1024,1024x1024,4096x4096,16384x512,128x65536";

static const char few[] = "32x64x56x56,32x512x7x7,64x100,256x1024,4096x4096";

xhat_status bench_shape_add(bench_shape_list *list, bench_shape shape,
                            xhat_error *error)
{
    if (list->count == list->capacity) {
        size_t capacity = 2 * list->capacity + 8;
        bench_shape *shapes = realloc(list->shapes, capacity * sizeof *shapes);
        if (shapes == NULL)
            return xhat_fail(error, XHAT_OUT_OF_MEMORY,
                             "no memory for %zu shapes", capacity);
        list->shapes = shapes;
        list->capacity = capacity;
    }
    list->shapes[list->count++] = shape;
    return XHAT_OK;
}

void bench_shapes_free(bench_shape_list *list)
{
    free(list->shapes);
    *list = (bench_shape_list){0};
}

/* "32x64x56x56", `length` characters of text */
static bool parse_shape(const char *text, size_t length, bench_shape *shape)
{
    *shape = (bench_shape){0};
    while (shape->rank < BENCH_RANK_MAX) {
        char number[24];
        int64_t size;
        size_t digits = strspn(text, "0123456789");
        if (digits == 0 || digits >= sizeof number || digits > length)
            return false;
        memcpy(number, text, digits);
        number[digits] = '\0';
        if (!xhat_number_parse_integer(number, &size) || size < 1)
            return false;
        shape->size[shape->rank++] = (size_t)size;
        if (digits == length)
            return shape->rank >= 2;
        if (text[digits] != 'x')
            return false;
        text += digits + 1;
        length -= digits + 1;
    }
    return false;
}

static xhat_status parse_word(bench_shape_list *list, const char *word,
                              size_t length, xhat_error *error)
{
    bench_shape shape;
    if (length == 3 && strncmp(word, "all", 3) == 0)
        return bench_shapes_parse(list, all, error);
    if (length == 3 && strncmp(word, "few", 3) == 0)
        return bench_shapes_parse(list, few, error);
    if (!parse_shape(word, length, &shape))
        return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                         "\"%.*s\" is not a shape such as 256x1024 or "
                         "32x64x56x56: N x C x up to three spatial sizes, each "
                         "at least 1",
                         (int)length, word);
    return bench_shape_add(list, shape, error);
}

xhat_status bench_shapes_parse(bench_shape_list *list, const char *text,
                               xhat_error *error)
{
    for (;;) {
        size_t length = strcspn(text, ",");
        xhat_status status = parse_word(list, text, length, error);
        if (status != XHAT_OK || text[length] == '\0')
            return status;
        text += length + 1;
    }
}

const char *bench_shape_text(const bench_shape *shape,
                             char text[BENCH_SHAPE_TEXT])
{
    int length = 0;
    text[0] = '\0';
    for (int i = 0; i < shape->rank; i++)
        length += snprintf(text + length, BENCH_SHAPE_TEXT - (size_t)length,
                           "%s%zu", i > 0 ? "x" : "", shape->size[i]);
    return text;
}
