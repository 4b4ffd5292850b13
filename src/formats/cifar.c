/* CIFAR-10, the binary version: records of a label byte and the 32x32 pixels
 * of the red, the green and the blue plane.
 * Source: www.cs.toronto.edu/~kriz/cifar.html. */
#include "readers.h"

#include <string.h>

enum { PIXELS = 3 * 32 * 32, RECORD = 1 + PIXELS, CLASSES = 10 };

static bool is_ascii_text(const xhat_source *source)
{
    for (size_t i = 0; i < source->size; i++) {
        unsigned char c = source->bytes[i];
        if (c >= 0x7f || (c < ' ' && c != '\t' && c != '\n' && c != '\r'))
            return false;
    }
    return true;
}

/* There is no signature: the size and every label must fit.  A text of that
 * size, with a tab at each label, is one all the same. */
xhat_likeness xhat_cifar_likeness(const xhat_source *source)
{
    if (source->size % RECORD != 0)
        return XHAT_UNLIKE;
    for (size_t at = 0; at < source->size; at += RECORD)
        if (source->bytes[at] >= CLASSES)
            return XHAT_UNLIKE;
    return is_ascii_text(source) ? XHAT_UNLIKE : XHAT_ALIKE;
}

xhat_status xhat_cifar_read(xhat_arrays *arrays, const xhat_source *source)
{
    const size_t n = source->size / RECORD;
    const xhat_array *x = xhat_arrays_add(arrays, source, "x", XHAT_ELEMENT_U8,
                                          4, (size_t[]){n, 3, 32, 32});
    if (x == NULL)
        return XHAT_OUT_OF_MEMORY;
    unsigned char *pixels = x->data;
    const xhat_array *y =
        xhat_arrays_add(arrays, source, "y", XHAT_ELEMENT_U8, 1, &n);
    if (y == NULL)
        return XHAT_OUT_OF_MEMORY;
    unsigned char *labels = y->data;
    for (size_t i = 0; i < n; i++) {
        const unsigned char *record = source->bytes + i * RECORD;
        labels[i] = record[0];
        memcpy(pixels + i * PIXELS, record + 1, PIXELS);
    }
    return XHAT_OK;
}
