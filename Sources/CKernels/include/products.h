/// Matrix products against packed weights.
#ifndef ZK_PRODUCTS_H
#define ZK_PRODUCTS_H

#include <stddef.h>
#include <stdint.h>

/// Rows of B (outputs of a layer) in one panel of a packed matrix.
enum { ZK_PANEL_ROWS = 16 };

/// The depth of a packed int8 panel is padded with zeros to a multiple of this many bytes.
enum { ZK_INT8_DEPTH_STEP = 64 };

/// A product of int8 matrices, out[m, n] = A[m, k] · B[n, k]ᵀ, exact products in an int32 accumulator that wraps.
///
/// Strides count elements. Exactly one of `sums` and `values` is set. With `values`, each sum s becomes
/// fl(fl(float(s) · column_scales[n]) · row_scales[m]) + bias[n], four FP32 operations each rounded to nearest, ties to even (three
/// without a bias); a NaN becomes 0x7FC00000. With `accumulates` set, `sums` are added to what is there, modulo 2³².
typedef struct zk_int8_product {
    const int8_t *_Nonnull a;
    ptrdiff_t a_stride;
    const int8_t *_Nonnull b;  // as zk_pack_int8 wrote it
    ptrdiff_t m, n, k;
    int32_t *_Nullable sums;
    float *_Nullable values;
    ptrdiff_t out_stride;
    const float *_Nullable row_scales;
    const float *_Nullable column_scales;
    const float *_Nullable bias;
    int32_t accumulates;
} zk_int8_product;

/// Sums[m, n] of int8 products that become values[m, n] as `zk_int8_product` with `values` says. The two must not overlap.
typedef struct zk_int8_sums {
    const int32_t *_Nonnull sums;
    ptrdiff_t sums_stride;
    ptrdiff_t m, n;
    const float *_Nonnull row_scales;
    const float *_Nonnull column_scales;
    const float *_Nullable bias;
    float *_Nonnull values;
    ptrdiff_t values_stride;
} zk_int8_sums;

/// A product of FP32 matrices, out[m, n] = (Σ over ascending k of fl(sum + fl(a · b)), from +0) + bias[n]. A NaN becomes 0x7FC00000.
typedef struct zk_float32_product {
    const float *_Nonnull a;
    ptrdiff_t a_stride;
    const float *_Nonnull b;  // as zk_pack_float32 wrote it
    ptrdiff_t m, n, k;
    float *_Nonnull values;
    ptrdiff_t out_stride;
    const float *_Nullable bias;
} zk_float32_product;

/// Bytes of one packed int8 panel of depth k: the padded depth × 16, then the 16 sums of the rows as int32.
ptrdiff_t zk_int8_panel_bytes(ptrdiff_t k);

/// Packs B[n, k] into ⌈n/16⌉ panels. A panel holds [⌈k/64⌉ · 16][16][4] bytes, that is four consecutive k of 16 rows side by side,
/// with zeros for the rows and the depth which B lacks, and then the 16 sums of its rows over k, modulo 2³².
void zk_pack_int8(int level, const int8_t *_Nonnull b, ptrdiff_t b_stride, ptrdiff_t n, ptrdiff_t k, int8_t *_Nonnull packed);

/// Packs B[n, k] into ⌈n/16⌉ panels of [k][16] floats, with zeros for the rows which B lacks.
void zk_pack_float32(int level, const float *_Nonnull b, ptrdiff_t b_stride, ptrdiff_t n, ptrdiff_t k, float *_Nonnull packed);

/// As zk_pack_int8, with the same bytes, from the transpose: B is given as [k, n], a row for each k. Portable C at every level.
void zk_pack_int8_transposed(
    const int8_t *_Nonnull b, ptrdiff_t b_stride, ptrdiff_t n, ptrdiff_t k, int8_t *_Nonnull packed);

/// As zk_pack_float32, with the same floats, from the transpose: B is given as [k, n], a row for each k. Portable C at every level.
void zk_pack_float32_transposed(
    const float *_Nonnull b, ptrdiff_t b_stride, ptrdiff_t n, ptrdiff_t k, float *_Nonnull packed);

/// Runs one int8 product with the instructions of `level`, which must not exceed `zk_highest_level()`.
void zk_product_int8(int level, const zk_int8_product *_Nonnull product);

/// Turns sums into values with the instructions of `level`, which must not exceed `zk_highest_level()`.
void zk_dequantize_int8(int level, const zk_int8_sums *_Nonnull sums);

/// Runs one FP32 product with the instructions of `level`, which must not exceed `zk_highest_level()`.
void zk_product_float32(int level, const zk_float32_product *_Nonnull product);

#endif
