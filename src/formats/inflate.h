/* Unpacking deflate: members of zip files, and gzip files.
 *
 * A deflate stream of n bytes unpacks to fewer than 1032 n + 1032 bytes; what
 * promises more is refused before memory is taken for it.
 * Without zlib everything here is XHAT_UNSUPPORTED. */
#ifndef XHAT_FORMATS_INFLATE_H
#define XHAT_FORMATS_INFLATE_H

#include <stdbool.h>

#include "source.h"

/* Unpacks a raw deflate stream, the packed_size bytes at `packed`, into
 * exactly to_size bytes.  `source` is what messages name. */
XHAT_NODISCARD xhat_status xhat_inflate(const xhat_source *source,
                                        const unsigned char *packed,
                                        size_t packed_size, void *to,
                                        size_t to_size);

/* Can packed_size bytes of deflate hold `size` bytes? */
bool xhat_inflate_plausible(size_t packed_size, size_t size);

bool xhat_is_gzip(const xhat_source *source);

/* Unpacks a whole gzip file, checksum and all, into *unpacked, which the
 * caller releases with xhat_source_free.  An IDX file may be as large as its
 * header says, anything else up to 2 GiB. */
XHAT_NODISCARD xhat_status xhat_gunzip(xhat_source *unpacked,
                                       const xhat_source *source);

#endif
