/* The readers behind xhat_arrays_read, one a format, and what they share.
 *
 * A reader appends to *arrays.  When it fails it leaves what it has appended:
 * its caller frees everything. */
#ifndef XHAT_FORMATS_READERS_H
#define XHAT_FORMATS_READERS_H

#include "source.h"
#include "xhat/formats.h"

/* How sure the first bytes (and the size) make us. */
typedef enum xhat_likeness {
    XHAT_UNLIKE,
    XHAT_SIMILAR, /* its beginning, but the size is wrong */
    XHAT_ALIKE
} xhat_likeness;

xhat_likeness xhat_npy_likeness(const xhat_source *source);
xhat_likeness xhat_npz_likeness(const xhat_source *source);
xhat_likeness xhat_safetensors_likeness(const xhat_source *source);
xhat_likeness xhat_onnx_likeness(const xhat_source *source);
xhat_likeness xhat_idx_likeness(const xhat_source *source);
xhat_likeness xhat_cifar_likeness(const xhat_source *source);
xhat_likeness xhat_csv_likeness(const xhat_source *source);

xhat_status xhat_npy_read(xhat_arrays *arrays, const xhat_source *source);
xhat_status xhat_npz_read(xhat_arrays *arrays, const xhat_source *source);
xhat_status xhat_safetensors_read(xhat_arrays *arrays,
                                  const xhat_source *source);
xhat_status xhat_onnx_read(xhat_arrays *arrays, const xhat_source *source);
xhat_status xhat_idx_read(xhat_arrays *arrays, const xhat_source *source);
xhat_status xhat_cifar_read(xhat_arrays *arrays, const xhat_source *source);
xhat_status xhat_csv_read(xhat_arrays *arrays, const xhat_source *source);

/* Recognizes the format and reads it; a gzipped file is unpacked first. */
xhat_status xhat_any_read(xhat_arrays *arrays, const xhat_source *source);

/* One npy image (a whole file, or a member of an npz) as an array of that
 * name. */
xhat_status xhat_npy_read_as(xhat_arrays *arrays, const xhat_source *source,
                             const char *name);

/* The bytes that an IDX file announces, from its first `size` bytes; 0 when
 * they are no IDX header, or not the whole of it. */
size_t xhat_idx_promised(const unsigned char *bytes, size_t size);

/* Appends an array whose data are not yet set.  NULL, with the error filled
 * in, when memory is out.  The pointer holds until the next call. */
xhat_array *xhat_arrays_add(xhat_arrays *arrays, const xhat_source *source,
                            const char *name, xhat_element element, int rank,
                            const size_t *shape);

/* Bytes of an array of that shape; false when they overflow size_t. */
bool xhat_shape_bytes(int rank, const size_t *shape, size_t element_size,
                      size_t *bytes);

/* "4x2", "()" for rank 0: a shape for a message.  Returns `to`. */
enum { XHAT_SHAPE_SIZE = 24 * XHAT_RANK_MAX };
char *xhat_shape_text(char to[XHAT_SHAPE_SIZE], int rank, const size_t *shape);

#endif
