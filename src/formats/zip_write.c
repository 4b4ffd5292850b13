#include "zip.h"

#include "byte_order.h"
#include "crc32.h"

enum {
    PLAIN = 20,                 /* version needed to read: 2.0 */
    ZIP64 = 45,                 /* 4.5 */
    UTF8_NAME = 1 << 11,        /* general purpose flag */
    JANUARY_1_1980 = 1 << 5 | 1 /* no file depends on when it was written */
};

xhat_zip_writer xhat_zip_writer_on(xhat_output_file *file, uint64_t zip64_from)
{
    return (xhat_zip_writer){.file = file,
                             .zip64_from = zip64_from,
                             .directory = xhat_text_on(NULL)};
}

static void put(xhat_zip_writer *zip, const void *bytes, size_t size)
{
    xhat_output_put(zip->file, bytes, size);
    zip->offset += size;
}

/* a 32-bit field: all ones when the value stands in the zip64 record */
static unsigned char *store_size(unsigned char *to, const xhat_zip_writer *zip,
                                 uint64_t value)
{
    return store_le32(to,
                      value >= zip->zip64_from ? UINT32_MAX : (uint32_t)value);
}

/* What the local header and the directory have in common: version to name
 * length. */
static unsigned char *store_common(unsigned char *to,
                                   const xhat_zip_writer *zip, bool zip64,
                                   uint32_t crc, uint64_t size,
                                   size_t name_length)
{
    to = store_le16(to, zip64 ? ZIP64 : PLAIN);
    to = store_le16(to, UTF8_NAME);
    to = store_le16(to, 0); /* stored */
    to = store_le16(to, 0); /* midnight */
    to = store_le16(to, JANUARY_1_1980);
    to = store_le32(to, crc);
    to = store_size(to, zip, size);
    to = store_size(to, zip, size);
    return store_le16(to, (uint16_t)name_length);
}

void xhat_zip_add(xhat_zip_writer *zip, const char *name, const void *head,
                  size_t head_size, const void *bytes, size_t size)
{
    unsigned char record[128], extra[28], *to, *more = extra + 4;
    size_t name_length = strlen(name);
    uint64_t total = (uint64_t)head_size + size, offset = zip->offset;
    uint32_t crc = xhat_crc32(xhat_crc32(0, head, head_size), bytes, size);
    bool large = total >= zip->zip64_from, far = offset >= zip->zip64_from;

    if (large) {
        more = store_le64(more, total);
        more = store_le64(more, total);
    }
    size_t local_extra = large ? (size_t)(more - extra) : 0;
    to = store_le32(record, 0x04034b50);
    to = store_common(to, zip, large, crc, total, name_length);
    to = store_le16(to, (uint16_t)local_extra);
    store_le16(store_le16(extra, 1), (uint16_t)(local_extra - 4));
    put(zip, record, (size_t)(to - record));
    put(zip, name, name_length);
    put(zip, extra, local_extra);
    put(zip, head, head_size);
    put(zip, bytes, size);

    if (far)
        more = store_le64(more, offset);
    size_t directory_extra = large || far ? (size_t)(more - extra) : 0;
    to = store_le32(record, 0x02014b50);
    to = store_le16(to, ZIP64); /* made by */
    to = store_common(to, zip, large || far, crc, total, name_length);
    to = store_le16(to, (uint16_t)directory_extra);
    memset(to, 0, 10); /* no comment, disk 0, no attributes */
    to = store_size(to + 10, zip, offset);
    store_le16(store_le16(extra, 1), (uint16_t)(directory_extra - 4));
    xhat_text_put_bytes(&zip->directory, (char *)record, (size_t)(to - record));
    xhat_text_put_bytes(&zip->directory, name, name_length);
    xhat_text_put_bytes(&zip->directory, (char *)extra, directory_extra);
    zip->members++;
}

bool xhat_zip_finish(xhat_zip_writer *zip)
{
    unsigned char record[128], *to;
    uint64_t directory = zip->offset, bytes = zip->directory.length;
    uint64_t end64 = directory + bytes;
    bool done = !zip->directory.failed;
    if (done)
        put(zip, zip->directory.data, bytes);
    to = record;
    if (end64 >= zip->zip64_from || zip->members >= UINT16_MAX) {
        to = store_le32(to, 0x06064b50); /* the zip64 end record */
        to = store_le64(to, 44);         /* bytes of it that follow */
        to = store_le16(to, ZIP64);
        to = store_le16(to, ZIP64);
        to = store_le64(to, 0); /* disks */
        to = store_le64(to, zip->members);
        to = store_le64(to, zip->members);
        to = store_le64(to, bytes);
        to = store_le64(to, directory);
        to = store_le32(to, 0x07064b50); /* its locator */
        to = store_le32(to, 0);
        to = store_le64(to, end64);
        to = store_le32(to, 1);
    }
    uint16_t members =
        zip->members < UINT16_MAX ? (uint16_t)zip->members : UINT16_MAX;
    to = store_le32(to, 0x06054b50); /* the end record */
    to = store_le32(to, 0);
    to = store_le16(to, members);
    to = store_le16(to, members);
    to = store_size(to, zip, bytes);
    to = store_size(to, zip, directory);
    to = store_le16(to, 0); /* no comment */
    put(zip, record, (size_t)(to - record));
    xhat_text_free(&zip->directory);
    return done;
}
