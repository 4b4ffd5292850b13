/* Zip, the container of npz.  Reading takes stored and deflated members,
 * zip64 and data descriptors; writing stores.
 *
 *     member...  central directory  [zip64 end  locator]  end
 *     member:    local header  name  extra  data  [data descriptor]
 *
 * The central directory alone is believed; a local header only tells where
 * its data begin.  Source: PKWARE APPNOTE 6.3. */
#ifndef XHAT_FORMATS_ZIP_H
#define XHAT_FORMATS_ZIP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "output_file.h"
#include "source.h"

/* ---- reading ------------------------------------------------------------- */

typedef struct xhat_zip_reader {
    const xhat_source *source;
    size_t at, end;      /* in the central directory */
    uint64_t left;       /* members not yet seen */
    size_t packed_bytes; /* of those seen */
} xhat_zip_reader;

typedef struct xhat_zip_member {
    const char *name; /* name_length bytes, no NUL at the end nor inside */
    size_t name_length;
    const unsigned char *packed;
    size_t packed_size, size; /* bytes */
    uint32_t crc;
    bool deflated; /* otherwise stored: packed_size == size */
} xhat_zip_member;

/* Finds the central directory. */
XHAT_NODISCARD xhat_status xhat_zip_open(xhat_zip_reader *reader,
                                         const xhat_source *source);

/* The next member, while reader->left > 0.  Its bytes lie inside the file, and
 * size is no more than packed_size can hold. */
XHAT_NODISCARD xhat_status xhat_zip_next(xhat_zip_reader *reader,
                                         xhat_zip_member *member);

/* Unpacks a deflated member into to[member->size] (a stored one is used where
 * it is, and to is NULL) and checks its checksum.  `source` is named by the
 * messages. */
XHAT_NODISCARD xhat_status xhat_zip_unpack(const xhat_source *source,
                                           const xhat_zip_member *member,
                                           void *to);

/* ---- writing ------------------------------------------------------------- */

typedef struct xhat_zip_writer {
    xhat_output_file *file;
    uint64_t zip64_from; /* sizes and places from here on are zip64 */
    uint64_t offset;     /* bytes written */
    uint64_t members;
    xhat_text directory;
} xhat_zip_writer;

/* 0xffffffff is the zip64_from of every file; tests give a lower one. */
xhat_zip_writer xhat_zip_writer_on(xhat_output_file *file, uint64_t zip64_from);

/* Stores one member: head_size bytes and then size more. */
void xhat_zip_add(xhat_zip_writer *zip, const char *name, const void *head,
                  size_t head_size, const void *bytes, size_t size);

/* Writes the directory and forgets the writer.  False when memory ran out. */
XHAT_NODISCARD bool xhat_zip_finish(xhat_zip_writer *zip);

#endif
