/* convert_arrays IN OUT: reads any file of arrays and writes them by the
 * ending of OUT; the other half of numpy_cross_check.py. */
#include <stdio.h>
#include <string.h>

#include "xhat/formats.h"

static xhat_status write_as(const char *path, const xhat_arrays *arrays,
                            xhat_error *error)
{
    const char *ending = strrchr(path, '.');
    if (ending != NULL && strcmp(ending, ".npz") == 0)
        return xhat_npz_write(path, true, arrays->items, arrays->count, error);
    if (ending != NULL && strcmp(ending, ".safetensors") == 0)
        return xhat_safetensors_write(path, true, arrays->items, arrays->count,
                                      NULL, NULL, 0, error);
    if (ending != NULL && strcmp(ending, ".csv") == 0)
        return xhat_csv_write(path, true, arrays->items, ',', error);
    return xhat_npy_write(path, true, arrays->items, error);
}

int main(int count, char **arguments)
{
    xhat_arrays arrays;
    xhat_error error;
    if (count != 3) {
        fprintf(stderr, "usage: convert_arrays IN OUT\n");
        return 2;
    }
    xhat_status status = xhat_arrays_read(&arrays, arguments[1], NULL, &error);
    if (status == XHAT_OK) {
        status = write_as(arguments[2], &arrays, &error);
        xhat_arrays_free(&arrays);
    }
    if (status != XHAT_OK)
        fprintf(stderr, "%s\n", error.message);
    return status != XHAT_OK;
}
