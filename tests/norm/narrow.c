#include "narrow.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "check.h"
#include "norm/plan.h"
#include "numbers.h"

enum {
    ARRAYS = 4, /* x, dout, residual, out */
    GAP = 1,    /* elements between the rows that are taken one by one */
    ROOM = 40,  /* for the numbers of the channels, in whole groups */
    GUARDS = 64,
    GUARD = 0x5a
};

/* The same rows twice: packed, and with gaps. */
typedef struct pair {
    xhat_dtype dtype;
    size_t size, rows, length;
    char *packed[ARRAYS], *spaced[ARRAYS];
    unsigned char *mask;
    double lanes[7][ROOM]; /* in the type */
    xhat_panel as_one, one_by_one;
} pair;

/* As many rows as a plan takes as one, or fewer; 1: rows are not narrow, or
 * would be too wide. */
static size_t rows_as_one(xhat_dtype dtype, size_t length)
{
    const size_t group = XHAT_GROUP_BYTES / xhat_dtype_size(dtype);
    size_t rows = 2;
    while (length < group && rows * length % group != 0)
        rows *= 2;
    return length < group && rows * length <= XHAT_WIDE ? rows : 1;
}

static xhat_panel panel_of(const pair *p, char *const *arrays, size_t stride)
{
    return (xhat_panel){.rows = p->rows,
                        .length = p->length,
                        .runs = 1,
                        .stride = stride,
                        .out_stride = stride,
                        .x = arrays[0],
                        .dout = arrays[1],
                        .residual = arrays[2],
                        .out = arrays[3],
                        .mask_stride = xhat_mask_bytes(p->dtype, p->length),
                        .strip = XHAT_STEPS};
}

static void set_up(pair *p, xhat_dtype dtype, size_t length, size_t more,
                   uint64_t *seed)
{
    const size_t one = rows_as_one(dtype, length);
    p->dtype = dtype;
    p->size = xhat_dtype_size(dtype);
    p->length = length;
    p->rows = 2 * one * length + more;
    const size_t bytes = (p->rows * (length + GAP) * p->size + GUARDS + 63);
    for (int a = 0; a < ARRAYS; a++) {
        p->packed[a] = aligned_alloc(64, bytes / 64 * 64);
        p->spaced[a] = aligned_alloc(64, bytes / 64 * 64);
        memset(p->packed[a], GUARD, bytes / 64 * 64);
        for (size_t r = 0; r < p->rows; r++)
            for (size_t c = 0; c < length; c++) {
                double value = numbers_normal(seed) + a;
                xhat_put(dtype, p->packed[a], r * length + c, value);
                xhat_put(dtype, p->spaced[a], r * (length + GAP) + c, value);
            }
    }
    const size_t mask_bytes = xhat_mask_bytes(dtype, length);
    p->mask = calloc(p->rows, mask_bytes);
    for (size_t r = 0; r < p->rows; r++)
        for (size_t c = 0; c < length; c++)
            p->mask[r * mask_bytes + c / 8] |=
                (unsigned char)((numbers_bits(seed) & 1) << c % 8);
    for (int i = 0; i < 7; i++)
        for (size_t c = 0; c < ROOM; c++)
            xhat_put(dtype, p->lanes[i], c, numbers_normal(seed));
    p->as_one = panel_of(p, p->packed, length);
    p->as_one.as_one = one;
    p->one_by_one = panel_of(p, p->spaced, length + GAP);
}

static void tear_down(pair *p)
{
    for (int a = 0; a < ARRAYS; a++) {
        free(p->packed[a]);
        free(p->spaced[a]);
    }
    free(p->mask);
}

static xhat_lanes lanes_of(pair *p)
{
    return (xhat_lanes){.pivot = p->lanes[0],
                        .a = p->lanes[1],
                        .mean = p->lanes[2],
                        .b = p->lanes[3],
                        .dmean = p->lanes[4],
                        .rest = p->lanes[5],
                        .k = p->lanes[6]};
}

static void check_map(const xhat_kernels *kernels, pair *p,
                      xhat_map_kernel *map, bool stream)
{
    const xhat_lanes lanes = lanes_of(p);
    const size_t row = p->length * p->size, stride = row + GAP * p->size;
    p->as_one.stream = stream;
    map(&p->as_one, &lanes);
    map(&p->one_by_one, &lanes);
    kernels->fence();
    for (size_t r = 0; r < p->rows; r++)
        assert_memory_equal(p->packed[3] + r * row, p->spaced[3] + r * stride,
                            row);
    for (size_t i = 0; i < GUARDS; i++)
        assert_int_equal(p->packed[3][p->rows * row + i], GUARD);
}

static void check_sums(pair *p, xhat_sum_kernel *sum)
{
    const xhat_lanes lanes = lanes_of(p);
    const double u = p->dtype == XHAT_F32 ? 0x1p-24 : 0x1p-53;
    double numbers[2][4][ROOM];
    for (int i = 0; i < 2; i++) {
        double(*to)[ROOM] = numbers[i];
        const xhat_sums sums = {to[0], to[1], to[2], to[3]};
        memset(to, GUARD, sizeof numbers[i]); /* what was there */
        sum(i == 0 ? &p->as_one : &p->one_by_one, &lanes, &sums);
    }
    for (size_t c = 0; c < p->length; c++)
        for (int i = 0; i < 4; i += 2) /* terms of about 1 to 10 */
            assert_close(numbers[0][i][c] + numbers[0][i + 1][c],
                         numbers[1][i][c] + numbers[1][i + 1][c], 0,
                         (double)p->rows * 40 * u);
}

static void check_pair(const xhat_kernels *kernels, pair *p)
{
    for (int fusion = 0; fusion < XHAT_FUSIONS; fusion++) {
        const bool add = fusion == XHAT_FUSE_ADD_RELU;
        for (int stream = 0; stream <= 1; stream++) {
            check_map(kernels, p, kernels->affine[0][fusion], stream);
            if (add) /* their mask's rows are taken one by one */
                continue;
            check_map(kernels, p, kernels->grad_affine[0][fusion], stream);
            check_map(kernels, p, kernels->frozen_affine[0][fusion], stream);
        }
        p->as_one.mask = p->one_by_one.mask = p->mask;
        check_sums(p, kernels->grad_sums[0][fusion]);
        check_sums(p, kernels->moments[0]);
        p->as_one.mask = p->one_by_one.mask = NULL;
    }
}

void narrow_rows_in_every_tier(void **state)
{
    (void)state;
    const size_t more[] = {0, 1, 7};
    uint64_t seed = 11;
    for (int i = 0; xhat_isa_at(i) != NULL; i++) {
        if (xhat_isa_at(i)->needs & ~xhat_cpu_features())
            continue;
        for (int dtype = XHAT_F32; dtype <= XHAT_F64; dtype++)
            for (size_t length = 2; length < 32; length++) {
                pair p;
                if (rows_as_one((xhat_dtype)dtype, length) == 1)
                    continue;
                set_up(&p, (xhat_dtype)dtype, length, more[length % 3], &seed);
                check_pair(xhat_isa_at(i)->kernels[dtype], &p);
                tear_down(&p);
            }
    }
}
