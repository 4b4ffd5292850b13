/* npy, NumPy's format of one array:
 *
 *     \x93 N U M P Y  major minor  length   header: a dict   elements
 *
 * The length has 2 bytes in version 1 and 4 in versions 2 and 3; the header
 * is a Python literal padded with blanks to a multiple of 64 bytes:
 *
 *     {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }
 *
 * Source: numpy.lib.format. */
#ifndef XHAT_FORMATS_NPY_H
#define XHAT_FORMATS_NPY_H

#include "source.h"
#include "xhat/formats.h"

typedef struct xhat_npy_header {
    xhat_element element;
    bool swapped; /* the elements are big-endian */
    bool fortran; /* the first axis varies fastest */
    int rank;
    size_t shape[XHAT_RANK_MAX];
} xhat_npy_header;

/* Parses the dict, text[length].  Errors name source->name. */
XHAT_NODISCARD xhat_status xhat_npy_header_parse(xhat_npy_header *header,
                                                 const xhat_source *source,
                                                 const char *text,
                                                 size_t length);

/* Everything before the elements of an npy of version 1.0, magic included,
 * into to[].  Returns its length, a multiple of 64. */
enum { XHAT_NPY_HEADER_SIZE = 384 };
size_t xhat_npy_header_format(char to[XHAT_NPY_HEADER_SIZE],
                              const xhat_array *array);

#endif
