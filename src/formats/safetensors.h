/* safetensors:
 *
 *     length of the header (8 bytes)   header: JSON   the arrays' bytes
 *
 *     {"__metadata__": {"key": "value"},
 *      "weight": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}
 *
 * Little-endian, C order; the arrays cover the bytes without gap or overlap.
 * Source: github.com/huggingface/safetensors. */
#ifndef XHAT_FORMATS_SAFETENSORS_H
#define XHAT_FORMATS_SAFETENSORS_H

#define XHAT_SAFETENSORS_METADATA "__metadata__"

enum {
    XHAT_SAFETENSORS_PREFIX = 8,             /* bytes before the header */
    XHAT_SAFETENSORS_HEADER_MOST = 100000000 /* bytes; others refuse more */
};

#endif
