/* Any bytes at all through every reader of arrays. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "xhat/formats.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    xhat_arrays arrays;
    xhat_error error;
    if (xhat_arrays_read_memory(&arrays, bytes, size, "fuzz", NULL, &error) !=
        XHAT_OK)
        return 0;
    double sum = 0; /* every element that is promised must be there */
    for (size_t i = 0; i < arrays.count; i++)
        for (size_t k = 0; k < xhat_array_count(&arrays.items[i]); k++)
            sum += xhat_array_f64_at(&arrays.items[i], k);
    volatile double used = sum;
    (void)used;
    xhat_arrays_free(&arrays);
    return 0;
}
