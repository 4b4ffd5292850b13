/* Which format a file is in, from its content alone. */
#include "readers.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "inflate.h"

static const struct {
    const char *name; /* NULL: the reader names it ("csv" or "tsv") */
    xhat_likeness (*likeness)(const xhat_source *source);
    xhat_status (*read)(xhat_arrays *arrays, const xhat_source *source);
} formats[] = {
    {"npy", xhat_npy_likeness, xhat_npy_read},
    {"npz", xhat_npz_likeness, xhat_npz_read},
    {"safetensors", xhat_safetensors_likeness, xhat_safetensors_read},
    {"onnx", xhat_onnx_likeness, xhat_onnx_read},
    {"idx", xhat_idx_likeness, xhat_idx_read},
    {"cifar10", xhat_cifar_likeness, xhat_cifar_read},
    {NULL, xhat_csv_likeness, xhat_csv_read},
};

#define PICKLE                                                                 \
    "a Python pickle, and nothing is ever unpickled: save its arrays with "    \
    "numpy.savez"

/* Files that people have at hand in place of the ones xhat reads. */
static const struct {
    size_t offset;
    const char *signature, *advice;
} foreign[] = {
    {0, "\x80\x02", PICKLE},
    {0, "\x80\x03", PICKLE},
    {0, "\x80\x04", PICKLE},
    {0, "\x80\x05", PICKLE},
    {257, "ustar", "a tar archive: unpack it and name the files in it"},
    {0, "\x89HDF", "an HDF5 file: save its arrays with numpy.savez"},
    {0, "MATLAB 5.0", "a MATLAB file: save its arrays with numpy.savez"},
    {0, "PAR1", "a Parquet file: save it as CSV"},
    {0, "\x89PNG", "a picture: save its pixels with numpy.save"},
    {0, "\xff\xd8\xff", "a picture: save its pixels with numpy.save"},
    {0, "\xff\xfe", "UTF-16 text: save it as UTF-8"},
    {0, "\xfe\xff", "UTF-16 text: save it as UTF-8"},
    {0, "BZh", "compressed with bzip2: unpack it first"},
    {1, "7zXZ", "compressed with xz: unpack it first"},
};

static xhat_status not_recognized(const xhat_source *source)
{
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        size_t length = strlen(foreign[i].signature);
        if (source->size >= foreign[i].offset + length &&
            memcmp(source->bytes + foreign[i].offset, foreign[i].signature,
                   length) == 0)
            return xhat_source_bad(source, "this is %s", foreign[i].advice);
    }
    return xhat_source_bad(source, "not a file of arrays (npy, npz, "
                                   "safetensors, ONNX, IDX, CIFAR-10 or CSV)");
}

/* Reads with the first format that is alike, else the first that is similar:
 * its reader says what is wrong. */
static xhat_status read_plain(xhat_arrays *arrays, const xhat_source *source)
{
    for (xhat_likeness want = XHAT_ALIKE; want >= XHAT_SIMILAR; want--)
        for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
            if (formats[i].likeness(source) != want)
                continue;
            if (formats[i].name != NULL)
                snprintf(arrays->format, sizeof arrays->format, "%s",
                         formats[i].name);
            return formats[i].read(arrays, source);
        }
    return not_recognized(source);
}

xhat_status xhat_any_read(xhat_arrays *arrays, const xhat_source *source)
{
    xhat_source unpacked;
    if (source->size == 0)
        return xhat_source_bad(source, "the file is empty");
    if (!xhat_is_gzip(source))
        return read_plain(arrays, source);

    xhat_status status = xhat_gunzip(&unpacked, source);
    if (status != XHAT_OK)
        return status;
    if (unpacked.size == 0)
        status = xhat_source_bad(source, "the compressed file is empty");
    else
        status = read_plain(arrays, &unpacked);
    xhat_source_free(&unpacked);
    return status;
}
