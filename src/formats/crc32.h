/* The checksum of zip files. */
#ifndef XHAT_FORMATS_CRC32_H
#define XHAT_FORMATS_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* CRC-32 (polynomial 0xEDB88320) of size bytes that follow those whose
 * checksum is `crc`; 0 for the first ones.  Thread-safe. */
uint32_t xhat_crc32(uint32_t crc, const void *bytes, size_t size);

#endif
