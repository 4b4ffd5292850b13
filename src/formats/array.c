/* Elements: their sizes, names and conversions. */
#include "readers.h"

#include <stdio.h>
#include <string.h>

static const struct {
    size_t size;
    const char *name;
} elements[] = {
    [XHAT_ELEMENT_BOOL] = {1, "bool"},   [XHAT_ELEMENT_U8] = {1, "uint8"},
    [XHAT_ELEMENT_I8] = {1, "int8"},     [XHAT_ELEMENT_U16] = {2, "uint16"},
    [XHAT_ELEMENT_I16] = {2, "int16"},   [XHAT_ELEMENT_U32] = {4, "uint32"},
    [XHAT_ELEMENT_I32] = {4, "int32"},   [XHAT_ELEMENT_U64] = {8, "uint64"},
    [XHAT_ELEMENT_I64] = {8, "int64"},   [XHAT_ELEMENT_F16] = {2, "float16"},
    [XHAT_ELEMENT_F32] = {4, "float32"}, [XHAT_ELEMENT_F64] = {8, "float64"},
};

size_t xhat_element_size(xhat_element element)
{
    return elements[element].size;
}

const char *xhat_element_name(xhat_element element)
{
    return elements[element].name;
}

size_t xhat_array_count(const xhat_array *array)
{
    size_t count = 1;
    for (int i = 0; i < array->rank; i++)
        count *= array->shape[i];
    return count;
}

bool xhat_shape_bytes(int rank, const size_t *shape, size_t element_size,
                      size_t *bytes)
{
    bool overflow = false;
    *bytes = element_size;
    for (int i = 0; i < rank; i++)
        if (shape[i] == 0) {
            *bytes = 0;
            return true;
        }
    for (int i = 0; i < rank; i++)
        overflow |= __builtin_mul_overflow(*bytes, shape[i], bytes);
    return !overflow;
}

char *xhat_shape_text(char to[XHAT_SHAPE_SIZE], int rank, const size_t *shape)
{
    size_t used = 0;
    strcpy(to, "()");
    for (int i = 0; i < rank; i++)
        used += (size_t)snprintf(to + used, XHAT_SHAPE_SIZE - used, "%s%zu",
                                 i > 0 ? "x" : "", shape[i]);
    return to;
}

/* Every binary16 is a float exactly. */
static float from_f16(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000) << 16;
    uint32_t exponent = half >> 10 & 0x1f, fraction = half & 0x3ff, bits;
    float value;
    if (exponent == 0) { /* zero and subnormals: fraction * 2^-24 */
        value = (float)fraction * 0x1p-24f;
        memcpy(&bits, &value, sizeof bits);
        bits |= sign;
    } else if (exponent == 0x1f) {
        bits = sign | 0x7f800000 | fraction << 13;
    } else {
        bits = sign | (exponent + 127 - 15) << 23 | fraction << 13;
    }
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* to[i] = element first + i, for i < count */
#define CONVERT(type, decode)                                                  \
    do {                                                                       \
        const type *from = (const type *)array->data + first;                  \
        for (size_t i = 0; i < count; i++)                                     \
            to[i] = decode(from[i]);                                           \
        return;                                                                \
    } while (0)

#define CONVERT_ANY()                                                          \
    switch (array->element) {                                                  \
    case XHAT_ELEMENT_BOOL:                                                    \
    case XHAT_ELEMENT_U8:                                                      \
        CONVERT(uint8_t, );                                                    \
    case XHAT_ELEMENT_I8:                                                      \
        CONVERT(int8_t, );                                                     \
    case XHAT_ELEMENT_U16:                                                     \
        CONVERT(uint16_t, );                                                   \
    case XHAT_ELEMENT_I16:                                                     \
        CONVERT(int16_t, );                                                    \
    case XHAT_ELEMENT_U32:                                                     \
        CONVERT(uint32_t, );                                                   \
    case XHAT_ELEMENT_I32:                                                     \
        CONVERT(int32_t, );                                                    \
    case XHAT_ELEMENT_U64:                                                     \
        CONVERT(uint64_t, );                                                   \
    case XHAT_ELEMENT_I64:                                                     \
        CONVERT(int64_t, );                                                    \
    case XHAT_ELEMENT_F16:                                                     \
        CONVERT(uint16_t, from_f16);                                           \
    case XHAT_ELEMENT_F32:                                                     \
        CONVERT(float, );                                                      \
    case XHAT_ELEMENT_F64:                                                     \
        CONVERT(double, );                                                     \
    }

static void convert_f64(const xhat_array *array, size_t first, size_t count,
                        double *to)
{
    CONVERT_ANY();
}

static void convert_f32(const xhat_array *array, size_t first, size_t count,
                        float *to)
{
    CONVERT_ANY();
}

double xhat_array_f64_at(const xhat_array *array, size_t i)
{
    double value = 0;
    convert_f64(array, i, 1, &value);
    return value;
}

void xhat_array_to_f64(const xhat_array *array, double *to)
{
    convert_f64(array, 0, xhat_array_count(array), to);
}

void xhat_array_to_f32(const xhat_array *array, float *to)
{
    convert_f32(array, 0, xhat_array_count(array), to);
}

/* A float holds 24 bits from the highest set one to the lowest. */
static bool magnitude_fits(uint64_t magnitude)
{
    return magnitude == 0 ||
           magnitude >> __builtin_ctzll(magnitude) < (uint64_t)1 << 24;
}

/* element i of an integer array of 32 or 64 bits, without its sign */
static uint64_t magnitude_at(const xhat_array *array, size_t i)
{
    int64_t value;
    switch (array->element) {
    case XHAT_ELEMENT_U32:
        return ((const uint32_t *)array->data)[i];
    case XHAT_ELEMENT_U64:
        return ((const uint64_t *)array->data)[i];
    case XHAT_ELEMENT_I32:
        value = ((const int32_t *)array->data)[i];
        break;
    default:
        value = ((const int64_t *)array->data)[i];
    }
    return value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
}

bool xhat_array_fits_f32(const xhat_array *array)
{
    size_t count = xhat_array_count(array);
    switch (array->element) {
    case XHAT_ELEMENT_F64:
        return false;
    case XHAT_ELEMENT_U32:
    case XHAT_ELEMENT_I32:
    case XHAT_ELEMENT_U64:
    case XHAT_ELEMENT_I64:
        for (size_t i = 0; i < count; i++)
            if (!magnitude_fits(magnitude_at(array, i)))
                return false;
        return true;
    default: /* at most 16 bits, or a float already */
        return true;
    }
}
