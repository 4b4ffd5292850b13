/* Numbers in files: little-endian (npy, zip, safetensors) or big-endian (IDX),
 * at any address. */
#ifndef XHAT_FORMATS_BYTE_ORDER_H
#define XHAT_FORMATS_BYTE_ORDER_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Arrays are copied between files and memory as they are. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "src/formats is written for little-endian machines");

static inline uint16_t load_le16(const unsigned char *from)
{
    uint16_t value;
    memcpy(&value, from, sizeof value);
    return value;
}

static inline uint32_t load_le32(const unsigned char *from)
{
    uint32_t value;
    memcpy(&value, from, sizeof value);
    return value;
}

static inline uint64_t load_le64(const unsigned char *from)
{
    uint64_t value;
    memcpy(&value, from, sizeof value);
    return value;
}

static inline uint32_t load_be32(const unsigned char *from)
{
    return __builtin_bswap32(load_le32(from));
}

static inline unsigned char *store_le16(unsigned char *to, uint16_t value)
{
    memcpy(to, &value, sizeof value);
    return to + sizeof value;
}

static inline unsigned char *store_le32(unsigned char *to, uint32_t value)
{
    memcpy(to, &value, sizeof value);
    return to + sizeof value;
}

static inline unsigned char *store_le64(unsigned char *to, uint64_t value)
{
    memcpy(to, &value, sizeof value);
    return to + sizeof value;
}

/* Reverses the bytes of each of count elements of 1, 2, 4 or 8 bytes. */
static inline void swap_elements(void *data, size_t count, size_t size)
{
    uint16_t *two = data;
    uint32_t *four = data;
    uint64_t *eight = data;
    for (size_t i = 0; size == 2 && i < count; i++)
        two[i] = __builtin_bswap16(two[i]);
    for (size_t i = 0; size == 4 && i < count; i++)
        four[i] = __builtin_bswap32(four[i]);
    for (size_t i = 0; size == 8 && i < count; i++)
        eight[i] = __builtin_bswap64(eight[i]);
}

#endif
