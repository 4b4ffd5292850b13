/* SHA-256 (FIPS 180-4). */
#ifndef XHAT_CIRCUIT_SHA256_H
#define XHAT_CIRCUIT_SHA256_H

#include <stddef.h>

enum { XHAT_SHA256_SIZE = 32 };

/* The digest of bytes[size].  Thread-safe. */
void xhat_sha256(const void *bytes, size_t size,
                 unsigned char digest[XHAT_SHA256_SIZE]);

#endif
