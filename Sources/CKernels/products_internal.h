/// What the levels of the products share. Not part of the module.
#ifndef ZK_PRODUCTS_INTERNAL_H
#define ZK_PRODUCTS_INTERNAL_H

#include <stdlib.h>
#include <string.h>

#include "levels.h"
#include "products.h"

/// For the body of a micro-kernel: inlined into callers which fix its tile shape, so that its accumulators live in registers.
#define ZK_INLINE static inline __attribute__((always_inline))

#define ZK_AVX2 __attribute__((target("avx2")))
#define ZK_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))
#define ZK_AMX __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,amx-tile,amx-int8")))

/// Packed bytes of B that a pass over the rows of A reuses: they should stay in the second-level cache.
enum { ZK_CHUNK_BYTES = 768 << 10 };

/// The one NaN which leaves a product.
#define ZK_CANONICAL_NAN 0x7FC00000

static inline ptrdiff_t zk_smaller(ptrdiff_t x, ptrdiff_t y) { return x < y ? x : y; }

static inline ptrdiff_t zk_rounded_up(ptrdiff_t x, ptrdiff_t step) { return (x + step - 1) / step * step; }

/// Columns of B in one chunk: a multiple of two panels.
static inline ptrdiff_t zk_chunk_columns(ptrdiff_t panel_bytes) {
    const ptrdiff_t pairs = ZK_CHUNK_BYTES / (2 * (panel_bytes + 1));
    return 2 * ZK_PANEL_ROWS * (pairs < 1 ? 1 : pairs);
}

/// Rows of each block when m rows are cut into the fewest blocks of at most `most` rows: blocks of nearly equal size, rather than
/// full ones and a small rest.
static inline ptrdiff_t zk_block_rows(ptrdiff_t m, ptrdiff_t most) {
    const ptrdiff_t blocks = (m + most - 1) / most;
    return (m + blocks - 1) / blocks;
}

/// Elements from one row of a block of A to the next, for rows of `depth` elements of `bytes` bytes: one cache line more where rows would otherwise
/// lie a multiple of 1 KiB apart, and so compete for the same sets of the first-level cache.
static inline ptrdiff_t zk_scratch_stride(ptrdiff_t depth, ptrdiff_t bytes) {
    return depth * bytes % 1024 == 0 ? depth + 64 / bytes : depth;
}

/// Scratch for a block of A: on the stack up to this many bytes, on the heap beyond.
enum { ZK_STACK_SCRATCH = 32 << 10 };

/// `stack` if it is large enough, or else fresh memory, which `zk_scratch_end` frees.
static inline void *_Nonnull zk_scratch_begin(void *_Nonnull stack, ptrdiff_t bytes) {
    if (bytes <= ZK_STACK_SCRATCH) return stack;
    void *const heap = aligned_alloc(64, (size_t)zk_rounded_up(bytes, 64));
    if (heap == NULL) abort();
    return heap;
}

static inline void zk_scratch_end(void *_Nonnull scratch, void *_Nonnull stack) {
    if (scratch != stack) free(scratch);
}

void zk_product_int8_scalar(const zk_int8_product *_Nonnull product);
void zk_product_float32_scalar(const zk_float32_product *_Nonnull product);
void zk_pack_int8_scalar(
    const int8_t *_Nonnull b, ptrdiff_t b_stride, ptrdiff_t n, ptrdiff_t k, int8_t *_Nonnull packed);
void zk_pack_float32_scalar(
    const float *_Nonnull b, ptrdiff_t b_stride, ptrdiff_t n, ptrdiff_t k, float *_Nonnull packed);

#if defined(__x86_64__)
void zk_product_int8_avx2(const zk_int8_product *_Nonnull product);
void zk_product_float32_avx2(const zk_float32_product *_Nonnull product);
void zk_pack_int8_avx2(
    const int8_t *_Nonnull b, ptrdiff_t b_stride, ptrdiff_t n, ptrdiff_t k, int8_t *_Nonnull packed);
void zk_pack_float32_avx2(
    const float *_Nonnull b, ptrdiff_t b_stride, ptrdiff_t n, ptrdiff_t k, float *_Nonnull packed);
void zk_product_int8_avx512(const zk_int8_product *_Nonnull product);
void zk_product_float32_avx512(const zk_float32_product *_Nonnull product);
void zk_pack_int8_avx512(
    const int8_t *_Nonnull b, ptrdiff_t b_stride, ptrdiff_t n, ptrdiff_t k, int8_t *_Nonnull packed);
void zk_pack_float32_avx512(
    const float *_Nonnull b, ptrdiff_t b_stride, ptrdiff_t n, ptrdiff_t k, float *_Nonnull packed);
void zk_product_int8_amx(const zk_int8_product *_Nonnull product);
#endif

#endif
