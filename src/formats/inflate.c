#include "inflate.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "readers.h"

#if XHAT_HAVE_ZLIB
#include <limits.h>
#include <zlib.h>
#endif

bool xhat_is_gzip(const xhat_source *source)
{
    return source->size >= 2 && source->bytes[0] == 0x1f &&
           source->bytes[1] == 0x8b;
}

bool xhat_inflate_plausible(size_t packed_size, size_t size)
{
    return size / 1032 <= packed_size;
}

#if !XHAT_HAVE_ZLIB

xhat_status xhat_inflate(const xhat_source *source, const unsigned char *packed,
                         size_t packed_size, void *to, size_t to_size)
{
    (void)packed, (void)packed_size, (void)to, (void)to_size;
    return xhat_fail(source->error, XHAT_UNSUPPORTED,
                     "%s: compressed, and xhat was built without zlib",
                     source->name);
}

xhat_status xhat_gunzip(xhat_source *unpacked, const xhat_source *source)
{
    (void)unpacked;
    return xhat_inflate(source, NULL, 0, NULL, 0);
}

#else

enum { PEEK = 64 }; /* bytes: more than an IDX header of the highest rank */
static const size_t gunzip_first = (size_t)1 << 20; /* bytes */
static const size_t gunzip_most = (size_t)1 << 31;  /* bytes */

/* zlib takes its memory where the arrays take theirs. */
static void *take(void *source, unsigned count, unsigned size)
{
    return xhat_allocate(((const xhat_source *)source)->allocator, count, size);
}

static void give_back(void *source, void *block)
{
    xhat_release(((const xhat_source *)source)->allocator, block);
}

/* A stream and, since zlib counts in 32 bits, what does not fit its counts. */
typedef struct unpacking {
    z_stream z;
    const xhat_source *source;
    size_t in_left, out_left; /* bytes beyond those z knows of */
} unpacking;

enum { RAW = -15, GZIP = 15 + 16 }; /* zlib's windowBits */

static xhat_status start(unpacking *u, const xhat_source *source,
                         const unsigned char *packed, size_t packed_size,
                         int window_bits)
{
    *u = (unpacking){.source = source, .in_left = packed_size};
    u->z.zalloc = take;
    u->z.zfree = give_back;
    u->z.opaque = (void *)source;
    u->z.next_in = (unsigned char *)packed;
    return inflateInit2(&u->z, window_bits) == Z_OK
               ? XHAT_OK
               : xhat_source_no_memory(source);
}

/* what zlib says, as a status; Z_STREAM_END is success */
static xhat_status outcome(const unpacking *u, int result)
{
    if (result == Z_STREAM_END)
        return XHAT_OK;
    if (result == Z_MEM_ERROR)
        return xhat_source_no_memory(u->source);
    const char *why = u->z.msg != NULL        ? u->z.msg
                      : result == Z_BUF_ERROR ? "truncated"
                                              : "not plain deflate";
    return xhat_source_bad(u->source, "damaged compressed data: %s", why);
}

/* Unpacks into to[room].  Z_OK when the room is full, Z_STREAM_END at the end
 * of the stream, Z_BUF_ERROR when the input ends too soon, other errors. */
static int unpack(unpacking *u, void *to, size_t room)
{
    int result = Z_OK;
    u->z.next_out = to;
    u->z.avail_out = 0;
    u->out_left = room;
    while (result == Z_OK) {
        if (u->z.avail_in == 0) {
            size_t more = u->in_left < INT_MAX ? u->in_left : INT_MAX;
            u->z.avail_in = (unsigned)more;
            u->in_left -= more;
        }
        if (u->z.avail_out == 0) {
            size_t more = u->out_left < INT_MAX ? u->out_left : INT_MAX;
            if (more == 0)
                break;
            u->z.avail_out = (unsigned)more;
            u->out_left -= more;
        }
        result = inflate(&u->z, Z_NO_FLUSH);
    }
    return result;
}

static size_t unfilled(const unpacking *u)
{
    return u->out_left + u->z.avail_out;
}

static size_t unread(const unpacking *u)
{
    return u->in_left + u->z.avail_in;
}

static xhat_status data_left(const unpacking *u)
{
    return xhat_source_bad(
        u->source, "the compressed data end %zu bytes too early", unread(u));
}

static xhat_status inflate_exactly(unpacking *u, void *to, size_t to_size)
{
    unsigned char beyond;
    int result = unpack(u, to, to_size);
    size_t got = to_size - unfilled(u);
    if (result == Z_OK) { /* full: now nothing but the end may follow */
        result = unpack(u, &beyond, 1);
        got += 1 - unfilled(u);
    }
    if (result != Z_OK && outcome(u, result) != XHAT_OK)
        return outcome(u, result);
    if (got != to_size)
        return xhat_source_bad(u->source,
                               "unpacks to %s than the %zu bytes it promises",
                               got > to_size ? "more" : "fewer", to_size);
    if (unread(u) > 0)
        return data_left(u);
    return XHAT_OK;
}

xhat_status xhat_inflate(const xhat_source *source, const unsigned char *packed,
                         size_t packed_size, void *to, size_t to_size)
{
    unpacking u;
    xhat_status status = start(&u, source, packed, packed_size, RAW);
    if (status != XHAT_OK)
        return status;
    status = inflate_exactly(&u, to, to_size);
    inflateEnd(&u.z);
    return status;
}

/* The room to go on with when `used` bytes have filled what there was.  The
 * first PEEK bytes tell how large an IDX file will be. */
static xhat_status next_capacity(const xhat_source *source,
                                 const unsigned char *block, size_t used,
                                 size_t *capacity)
{
    size_t promised = xhat_idx_promised(block, used);
    if (promised > 0 && used > promised)
        return xhat_source_bad(source,
                               "unpacks to more than the %zu bytes that its "
                               "IDX header promises",
                               promised);
    if (promised > 0 && !xhat_inflate_plausible(source->size, promised))
        return xhat_source_bad(source,
                               "its IDX header promises %zu bytes: more than "
                               "its %zu compressed bytes can hold",
                               promised, source->size);
    if (promised == 0 && used >= gunzip_most)
        return xhat_source_bad(source,
                               "unpacks to more than %zu bytes: unpack "
                               "it first",
                               gunzip_most);
    *capacity = promised > 0          ? promised + 1
                : used < gunzip_first ? gunzip_first
                                      : 2 * used;
    return XHAT_OK;
}

static bool another_member(const unpacking *u)
{
    return unread(u) >= 2 && u->z.next_in[0] == 0x1f && u->z.next_in[1] == 0x8b;
}

static xhat_status end_of_gzip(const unpacking *u, int result)
{
    if (result == Z_STREAM_END && unread(u) > 0)
        return data_left(u);
    return outcome(u, result);
}

/* Unpacks one member after the other into unpacked->bytes, which grows. */
static xhat_status unpack_members(unpacking *u, xhat_source *unpacked)
{
    size_t capacity = PEEK;
    unsigned char *block = xhat_allocate(unpacked->allocator, capacity, 1);
    unpacked->bytes = block;
    for (;;) {
        if (block == NULL)
            return xhat_source_no_memory(u->source);
        int result =
            unpack(u, block + unpacked->size, capacity - unpacked->size);
        unpacked->size = capacity - unfilled(u);
        if (result == Z_STREAM_END && another_member(u)) {
            inflateReset(&u->z);
            continue;
        }
        if (result != Z_OK)
            return end_of_gzip(u, result);
        xhat_status status =
            next_capacity(u->source, block, unpacked->size, &capacity);
        if (status != XHAT_OK)
            return status;
        block = xhat_allocate(unpacked->allocator, capacity, 1);
        if (block != NULL)
            memcpy(block, unpacked->bytes, unpacked->size);
        xhat_release(unpacked->allocator, (void *)unpacked->bytes);
        unpacked->bytes = block;
    }
}

xhat_status xhat_gunzip(xhat_source *unpacked, const xhat_source *source)
{
    unpacking u;
    xhat_status status = start(&u, source, source->bytes, source->size, GZIP);
    if (status != XHAT_OK)
        return status;
    *unpacked = *source;
    unpacked->size = 0;
    status = unpack_members(&u, unpacked);
    inflateEnd(&u.z);
    if (status != XHAT_OK)
        xhat_source_free(unpacked);
    return status;
}

#endif
