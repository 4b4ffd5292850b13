#include "crc32.h"

#include "byte_order.h"

/* table[k][b]: what the byte b does to the checksum when k bytes follow it */
typedef uint32_t slices[8][256];

static void build(slices table)
{
    for (uint32_t b = 0; b < 256; b++) {
        uint32_t crc = b;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
        table[0][b] = crc;
    }
    for (int k = 1; k < 8; k++)
        for (uint32_t b = 0; b < 256; b++)
            table[k][b] =
                table[k - 1][b] >> 8 ^ table[0][table[k - 1][b] & 0xff];
}

/* Eight bytes a step ("slicing-by-8", Kounavis & Berry 2005).  The tables are
 * built anew by each call: microseconds, and no state to share. */
uint32_t xhat_crc32(uint32_t crc, const void *bytes, size_t size)
{
    slices table;
    const unsigned char *at = bytes;
    build(table);
    crc = ~crc;
    for (; size >= 8; size -= 8, at += 8) {
        uint32_t low = load_le32(at) ^ crc, high = load_le32(at + 4);
        crc = 0;
        for (int k = 0; k < 4; k++) {
            crc ^= table[7 - k][low >> 8 * k & 0xff];
            crc ^= table[3 - k][high >> 8 * k & 0xff];
        }
    }
    for (; size > 0; size--, at++)
        crc = crc >> 8 ^ table[0][(crc ^ *at) & 0xff];
    return ~crc;
}
