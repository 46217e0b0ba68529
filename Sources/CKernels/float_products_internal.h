/// What the levels of the floating-point products share. Not part of the module.
///
/// A is decoded a block of rows at a time, interleaved [k][ZK_A_STRIDE]; B in panels [k][16] of FP32. A tile is a block of A against one panel of B or two.
/// Each level has a table of kernels over tiles.
#ifndef ZK_FLOAT_PRODUCTS_INTERNAL_H
#define ZK_FLOAT_PRODUCTS_INTERNAL_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "float_products.h"
#include "levels.h"
#include "products.h"

/// The one NaN which leaves a product.
#define ZK_CANONICAL_NAN 0x7FC00000

#define ZK_INLINE static inline __attribute__((always_inline))

enum {
    ZK_BLOCK_ROWS = ZK_FLOAT_BLOCK_ROWS,
    ZK_A_STRIDE = 16,  // elements from one k to the next; the last four are not used
    ZK_TILE_COLUMNS = 32,  // two panels of B
    /// The exponent that a zero, an infinity or a NaN has where exponents are compared: below every sum of two others.
    ZK_NO_EXPONENT = -1000,
    /// Products between two refreshments of the wide kernel's approximate sums.
    ZK_WIDE_STEP = 256,
};

/// A run of products over a tile. Pointers are those of the run's first k.
typedef struct zk_float_tile {
    const float *a32;          // [k][ZK_A_STRIDE]; sequential, aligned
    const double *a64;         // the same numbers; grouped, aligned
    const int64_t *a_integer;  // the same numbers in units of 2^a_unit; wide
    const int32_t *a_exponent;  // exponents of their fields; aligned
    const float *b;            // [k][16]
    const int32_t *b_exponent;  // [k][16]; aligned
    ptrdiff_t second_panel;    // floats from there to the second panel
    ptrdiff_t panels;          // 1, or 2 for the sequential kernel
    ptrdiff_t rows;            // of the block, 1 … ZK_BLOCK_ROWS
    ptrdiff_t k;               // products in this run
    ptrdiff_t group;
    int32_t a_unit, b_unit;    // wide: every number of A (B) in the tile is a multiple of 2^a_unit (2^b_unit)
    int32_t fraction_bits;
    uint32_t output_mask;
    int32_t may_be_infinite;   // whether sums may be infinite or NaN
    float *sums;               // [ZK_BLOCK_ROWS][ZK_TILE_COLUMNS]: the sums of a run from +0, written
} zk_float_tile;

typedef void zk_float_kernel(const zk_float_tile *tile);

/// The kernels of one level.
typedef struct zk_float_kernels {
    /// Decodes `count` codes from `first` on and widens a range by them.
    void (*decode)(const zk_float_operand *operand, ptrdiff_t first, ptrdiff_t count, float *out, zk_float_range *range);
    /// Widens `count` numbers, a multiple of 16.
    void (*widen)(const float *values, ptrdiff_t count, double *out);
    /// Writes the exponents of `count` numbers' fields, a multiple of 16, or ZK_NO_EXPONENT.
    void (*exponents)(const float *values, ptrdiff_t count, int32_t minimum_exponent, int32_t *out);
    /// Writes `count` numbers, a multiple of 16, in units of 1/scale as integers; 0 for infinities and NaNs.
    void (*integers)(const double *values, ptrdiff_t count, double scale, int64_t *out);
    /// Adds to `count` sums, a multiple of 16, `count` more.
    void (*add)(float *sums, const float *more, ptrdiff_t count);
    /// Writes `rows` × `columns` sums of a tile to C, whose rows are `stride` floats apart; every NaN becomes the canonical one.
    void (*store)(const float *sums, ptrdiff_t rows, ptrdiff_t columns, float *c, ptrdiff_t stride);
    zk_float_kernel *sequential;          // products that FP32 holds
    zk_float_kernel *sequential_rounded;  // any products
    zk_float_kernel *grouped;             // sums that FP64 holds
    zk_float_kernel *wide;                // sums of less than 105 bits
    zk_float_kernel *aligned;             // F ≤ 26 and products and sums well inside FP32's range
    zk_float_kernel *aligned_wide;        // any
} zk_float_kernels;

const zk_float_kernels *zk_float_kernels_scalar(void);
#if defined(__x86_64__)
const zk_float_kernels *zk_float_kernels_avx2(void);
const zk_float_kernels *zk_float_kernels_avx512(void);
#endif

/// Grouped sums of any numbers, in plain C.
void zk_float_grouped_plain(const zk_float_tile *tile);
/// Aligned sums of any numbers, in plain C.
void zk_float_aligned_plain(const zk_float_tile *tile);

/// The exponent of a number's field, from its FP32 code: subnormal numbers of its format have the smallest normal one's.
ZK_INLINE int32_t zk_field_exponent(float value, int32_t minimum_exponent) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    bits &= 0x7FFFFFFF;
    if (bits == 0 || bits >= 0x7F800000) return ZK_NO_EXPONENT;
    const int32_t exponent = (int32_t)(bits >> 23) - 127;
    return exponent > minimum_exponent ? exponent : minimum_exponent;
}

ZK_INLINE double zk_power_of_two(int32_t exponent) {
    const uint64_t bits = (uint64_t)(exponent + 1023) << 52;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

#endif
