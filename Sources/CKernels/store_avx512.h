/// How the levels with 512-bit vectors write a block of sums. Included by products_avx512.c and products_amx.c.
#ifndef ZK_STORE_AVX512_H
#define ZK_STORE_AVX512_H

#include <immintrin.h>

#include "products_internal.h"

/// The first `count` (at least 1) of 16 lanes set.
ZK_AVX512 ZK_INLINE __mmask16 zk_lanes512(ptrdiff_t count) {
    return count >= 16 ? 0xFFFF : (__mmask16)((1u << count) - 1);
}

ZK_AVX512 ZK_INLINE __m512 zk_canonical512(__m512 x) {
    const __m512 nan = _mm512_castsi512_ps(_mm512_set1_epi32(ZK_CANONICAL_NAN));
    return _mm512_mask_mov_ps(x, _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q), nan);
}

/// Dequantizes 16 columns of a block. The pointers are those of the block's first row and first column.
ZK_AVX512 ZK_INLINE void zk_dequantize512(
    const int32_t *sums, ptrdiff_t sums_stride, ptrdiff_t rows, const float *row_scales, __m512 column_scales,
    const int has_bias, __m512 bias, float *values, ptrdiff_t stride, __mmask16 mask) {
    for (ptrdiff_t i = 0; i < rows; i++) {
        const __m512i s = _mm512_loadu_si512(sums + i * sums_stride);
        __m512 y = _mm512_mul_ps(_mm512_cvtepi32_ps(s), column_scales);
        y = _mm512_mul_ps(y, _mm512_set1_ps(row_scales[i]));
        if (has_bias) y = _mm512_add_ps(y, bias);
        _mm512_mask_storeu_ps(values + i * stride, mask, zk_canonical512(y));
    }
}

/// Writes sums[rows][columns], as they are or dequantized, to rows from `row` and columns from `column`; those beyond n are dropped.
ZK_AVX512 ZK_INLINE void zk_store_block512(
    const zk_int8_product *p, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t column, ptrdiff_t columns, const int32_t *sums,
    ptrdiff_t sums_stride) {
    const ptrdiff_t stride = p->out_stride;
    for (ptrdiff_t j = 0; j < columns && column + j < p->n; j += 16) {
        const ptrdiff_t n = column + j;
        const __mmask16 mask = zk_lanes512(p->n - n);
        if (p->sums) {
            int32_t *const out = p->sums + row * stride + n;
            for (ptrdiff_t i = 0; i < rows; i++) {
                __m512i s = _mm512_loadu_si512(sums + i * sums_stride + j);
                if (p->accumulates) s = _mm512_add_epi32(s, _mm512_maskz_loadu_epi32(mask, out + i * stride));
                _mm512_mask_storeu_epi32(out + i * stride, mask, s);
            }
            continue;
        }
        float *const out = p->values + row * stride + n;
        const __m512 column_scales = _mm512_maskz_loadu_ps(mask, p->column_scales + n);
        if (p->bias) {
            const __m512 bias = _mm512_maskz_loadu_ps(mask, p->bias + n);
            zk_dequantize512(sums + j, sums_stride, rows, p->row_scales + row, column_scales, 1, bias, out, stride, mask);
        } else {
            const __m512 none = _mm512_setzero_ps();
            zk_dequantize512(sums + j, sums_stride, rows, p->row_scales + row, column_scales, 0, none, out, stride, mask);
        }
    }
}

#endif
