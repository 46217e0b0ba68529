/// Integer matrix products whose accumulator is narrower than the sums: chains of additions, each of which saturates or wraps. Semantics:
/// docs/semantics.md, section 8.4. Also INT4 codes as INT8 numbers, and epilogues.
///
/// `level` as in vectors.h. Nothing here allocates.
#ifndef ZK_CHAINS_H
#define ZK_CHAINS_H

#include <stddef.h>
#include <stdint.h>

/// How the numbers of an integer matrix lie in memory.
enum {
    ZK_STORAGE_INT8 = 0,
    ZK_STORAGE_INT4 = 1,         // a code a byte, in its low half; what is above counts for nothing
    ZK_STORAGE_INT4_PACKED = 2,  // two codes a byte, the first in the low half
};

/// C[m, n] = A[m, k] · B[n, k]ᵀ in accumulators of `bits` bits, 8 to 32. Strides count elements.
typedef struct zk_int8_chain {
    const int8_t *_Nonnull a;
    ptrdiff_t a_stride;
    const int8_t *_Nonnull b;  // as zk_pack_int8 wrote it
    ptrdiff_t m, n, k;
    int32_t *_Nullable sums;  // not written by the statistics
    ptrdiff_t out_stride;
    ptrdiff_t block;  // products of a block that starts at zero, ≥ 1; k or more for one chain that re-enters
    int32_t bits;
    int32_t is_blocked;  // whether blocks are added into an accumulator memory
    int32_t saturates;   // otherwise it wraps
} zk_int8_chain;

/// What happened in the accumulators.
typedef struct zk_chain_statistics {
    int64_t overflows;        // additions whose result was out of range
    int64_t least, greatest;  // partial sums of an accumulator without end; ≤ 0, ≥ 0
} zk_chain_statistics;

/// Runs saturating chains: k ascending, limited after every addition.
void zk_chain_int8(int level, const zk_int8_chain *_Nonnull chain);

/// Runs chains beside accumulators without end and tells what happened. k < 2⁴⁰.
zk_chain_statistics zk_chain_int8_statistics(int level, const zk_int8_chain *_Nonnull chain);

/// Keeps the low `bits` bits of each sum, sign-extended.
void zk_narrow_sums(int level, int32_t *_Nonnull sums, ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t columns, int32_t bits);

/// Writes `count` numbers of a row in any storage but ZK_STORAGE_INT8 as INT8. A packed row starts with a low half.
void zk_unpack_int4(int level, int32_t storage, const uint8_t *_Nonnull codes, ptrdiff_t count, int8_t *_Nonnull numbers);

/// codes = clamp(rne(fl(values · factor)), ±127); NaN gives 0.
void zk_requantize(
    int level, const float *_Nonnull values, ptrdiff_t count, float factor, int8_t *_Nonnull codes);

/// total[rows, columns] gets fl(float(sums) · scales[column]), or, with `adds`, fl(total + that) instead.
void zk_add_scaled(
    int level, const int32_t *_Nonnull sums, ptrdiff_t rows, ptrdiff_t columns, const float *_Nonnull scales, int32_t adds,
    float *_Nonnull total, ptrdiff_t stride);

/// values[rows, columns] = fl(values · row_scale) + bias, one rounding an operation; a NaN becomes 0x7FC00000.
void zk_finish_scaled(
    int level, float *_Nonnull values, ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t columns,
    const float *_Nonnull row_scales, const float *_Nullable bias);

#endif
