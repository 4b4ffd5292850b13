#include "zip.h"

#include "base/error.h"
#include "byte_order.h"
#include "crc32.h"
#include "inflate.h"

enum {
    END_BYTES = 22,
    LOCATOR_BYTES = 20,
    END64_BYTES = 56,
    DIRECTORY_BYTES = 46,
    LOCAL_BYTES = 30
};

static bool has_signature(const xhat_source *source, size_t at, size_t bytes,
                          const char *signature)
{
    return at <= source->size && source->size - at >= bytes &&
           memcmp(source->bytes + at, signature, 4) == 0;
}

/* The end record is the last thing in the file but for a comment, whose length
 * it holds.  False when there is none. */
static bool find_end(const xhat_source *source, size_t *at)
{
    for (size_t comment = 0; comment <= UINT16_MAX; comment++) {
        if (source->size < END_BYTES + comment)
            return false;
        *at = source->size - END_BYTES - comment;
        if (has_signature(source, *at, END_BYTES, "PK\5\6") &&
            load_le16(source->bytes + *at + 20) == comment)
            return true;
    }
    return false;
}

xhat_status xhat_zip_open(xhat_zip_reader *reader, const xhat_source *source)
{
    size_t at, after;
    if (!find_end(source, &at))
        return xhat_source_bad(source, "zip: has no end record: it is "
                                       "truncated or damaged");
    const unsigned char *end = source->bytes + at;
    uint64_t members = load_le16(end + 10);
    uint64_t bytes = load_le32(end + 12), offset = load_le32(end + 16);
    after = at;
    if (at >= LOCATOR_BYTES &&
        has_signature(source, at - LOCATOR_BYTES, LOCATOR_BYTES, "PK\6\7")) {
        uint64_t end64 = load_le64(end - LOCATOR_BYTES + 8);
        if (end64 > at - LOCATOR_BYTES ||
            !has_signature(source, end64, END64_BYTES, "PK\6\6"))
            return xhat_source_bad(source, "zip: the zip64 end record is not "
                                           "where it should be");
        members = load_le64(source->bytes + end64 + 32);
        bytes = load_le64(source->bytes + end64 + 40);
        offset = load_le64(source->bytes + end64 + 48);
        after = end64;
    }
    if (offset > after || bytes > after - offset)
        return xhat_source_bad(source, "zip: the central directory is not "
                                       "where it should be");
    *reader = (xhat_zip_reader){
        .source = source, .at = offset, .end = offset + bytes, .left = members};
    return XHAT_OK;
}

/* What a directory record says in 64 bits where 32 do not suffice: the sizes
 * and the offset that are all ones stand in the extra field, in this order. */
static bool read_zip64(const unsigned char *extra, size_t length,
                       uint64_t *const values[3])
{
    for (size_t at = 0; length - at >= 4;) {
        size_t id = load_le16(extra + at), size = load_le16(extra + at + 2);
        if (size > length - at - 4)
            return false;
        if (id == 1) {
            size_t used = 0;
            for (int i = 0; i < 3; i++) {
                if (*values[i] != UINT32_MAX)
                    continue;
                if (size - used < 8)
                    return false;
                *values[i] = load_le64(extra + at + 4 + used);
                used += 8;
            }
        }
        at += 4 + size;
    }
    return true;
}

/* Where the data of the member with this local header lie. */
static xhat_status find_data(xhat_zip_reader *reader, uint64_t local,
                             uint64_t packed_size, xhat_zip_member *member,
                             const char *shown)
{
    const xhat_source *source = reader->source;
    if (local > SIZE_MAX ||
        !has_signature(source, local, LOCAL_BYTES, "PK\3\4"))
        return xhat_source_bad(source, "zip: %s is not where it should be",
                               shown);
    const unsigned char *bytes = source->bytes + local;
    size_t data = local + LOCAL_BYTES + load_le16(bytes + 26) +
                  (size_t)load_le16(bytes + 28);
    if (data > source->size || packed_size > source->size - data)
        return xhat_source_bad(source, "zip: %s is cut off", shown);
    if (load_le16(bytes + 26) != member->name_length ||
        memcmp(bytes + LOCAL_BYTES, member->name, member->name_length) != 0)
        return xhat_source_bad(source,
                               "zip: %s has another name in its own "
                               "header",
                               shown);
    /* Members that share bytes would unpack to more than the file could. */
    reader->packed_bytes += packed_size;
    if (reader->packed_bytes > source->size)
        return xhat_source_bad(source, "zip: members overlap");
    member->packed = source->bytes + data;
    member->packed_size = packed_size;
    return XHAT_OK;
}

static xhat_status check_kind(const xhat_source *source,
                              const unsigned char *record,
                              xhat_zip_member *member, const char *shown)
{
    enum { ENCRYPTED = 1, STORED = 0, DEFLATED = 8 };
    int method = load_le16(record + 10);
    if (load_le16(record + 8) & ENCRYPTED)
        return xhat_fail(source->error, XHAT_UNSUPPORTED,
                         "%s: zip: %s is encrypted", source->name, shown);
    if (method != STORED && method != DEFLATED)
        return xhat_fail(source->error, XHAT_UNSUPPORTED,
                         "%s: zip: %s is compressed with method %d; stored "
                         "and deflated are read",
                         source->name, shown, method);
    member->deflated = method == DEFLATED;
    return XHAT_OK;
}

xhat_status xhat_zip_next(xhat_zip_reader *reader, xhat_zip_member *member)
{
    const xhat_source *source = reader->source;
    char shown[XHAT_EXCERPT_SIZE];
    const unsigned char *record = source->bytes + reader->at;
    size_t room = reader->end - reader->at;
    if (room < DIRECTORY_BYTES || memcmp(record, "PK\1\2", 4) != 0)
        return xhat_source_bad(source,
                               "zip: the central directory is damaged "
                               "at byte %zu",
                               reader->at);
    size_t name = load_le16(record + 28), extra = load_le16(record + 30);
    size_t length = DIRECTORY_BYTES + name + extra + load_le16(record + 32);
    uint64_t packed_size = load_le32(record + 20);
    uint64_t size = load_le32(record + 24), local = load_le32(record + 42);
    if (length > room || memchr(record + DIRECTORY_BYTES, '\0', name) != NULL ||
        !read_zip64(record + DIRECTORY_BYTES + name, extra,
                    (uint64_t *const[]){&size, &packed_size, &local}))
        return xhat_source_bad(source,
                               "zip: the central directory is damaged "
                               "at byte %zu",
                               reader->at);
    member->name = (const char *)record + DIRECTORY_BYTES;
    member->name_length = name;
    member->crc = load_le32(record + 16);
    member->size = size;
    xhat_excerpt(shown, member->name, name);

    xhat_status status = check_kind(source, record, member, shown);
    if (status == XHAT_OK)
        status = find_data(reader, local, packed_size, member, shown);
    if (status != XHAT_OK)
        return status;
    if (member->deflated ? !xhat_inflate_plausible(packed_size, size)
                         : packed_size != size)
        return xhat_source_bad(source,
                               "zip: %s promises %zu bytes, which its "
                               "%zu packed ones cannot hold",
                               shown, member->size, member->packed_size);
    reader->at += length;
    reader->left--;
    return XHAT_OK;
}

xhat_status xhat_zip_unpack(const xhat_source *source,
                            const xhat_zip_member *member, void *to)
{
    const void *bytes = member->packed;
    if (member->deflated) {
        xhat_status status = xhat_inflate(
            source, member->packed, member->packed_size, to, member->size);
        if (status != XHAT_OK)
            return status;
        bytes = to;
    }
    if (xhat_crc32(0, bytes, member->size) != member->crc)
        return xhat_source_bad(source, "damaged: its checksum is wrong");
    return XHAT_OK;
}
