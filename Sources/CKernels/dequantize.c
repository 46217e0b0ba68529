/// Integer sums to results, apart from the product that made them: what an accumulator memory hands to a vector unit.
#pragma STDC FP_CONTRACT OFF
#include "products_internal.h"

#if defined(__x86_64__)
#include "store_avx512.h"

ZK_AVX512 static void dequantize_avx512(const zk_int8_sums *p) {
    for (ptrdiff_t i = 0; i < p->m; i++) {
        const int32_t *const sums = p->sums + i * p->sums_stride;
        float *const values = p->values + i * p->values_stride;
        const __m512 row_scale = _mm512_set1_ps(p->row_scales[i]);
        for (ptrdiff_t n = 0; n < p->n; n += 16) {
            const __mmask16 mask = zk_lanes512(p->n - n);
            __m512 y = _mm512_cvtepi32_ps(_mm512_maskz_loadu_epi32(mask, sums + n));
            y = _mm512_mul_ps(y, _mm512_maskz_loadu_ps(mask, p->column_scales + n));
            y = _mm512_mul_ps(y, row_scale);
            if (p->bias) y = _mm512_add_ps(y, _mm512_maskz_loadu_ps(mask, p->bias + n));
            _mm512_mask_storeu_ps(values + n, mask, zk_canonical512(y));
        }
    }
}

ZK_AVX2 static void dequantize_avx2(const zk_int8_sums *p) {
    const __m256 nan = _mm256_castsi256_ps(_mm256_set1_epi32(ZK_CANONICAL_NAN));
    for (ptrdiff_t i = 0; i < p->m; i++) {
        const int32_t *const sums = p->sums + i * p->sums_stride;
        float *const values = p->values + i * p->values_stride;
        const __m256 row_scale = _mm256_set1_ps(p->row_scales[i]);
        for (ptrdiff_t n = 0; n < p->n; n += 8) {
            const __m256i mask = _mm256_cmpgt_epi32(
                _mm256_set1_epi32((int)zk_smaller(p->n - n, 8)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
            __m256 y = _mm256_cvtepi32_ps(_mm256_maskload_epi32(sums + n, mask));
            y = _mm256_mul_ps(y, _mm256_maskload_ps(p->column_scales + n, mask));
            y = _mm256_mul_ps(y, row_scale);
            if (p->bias) y = _mm256_add_ps(y, _mm256_maskload_ps(p->bias + n, mask));
            _mm256_maskstore_ps(values + n, mask, _mm256_blendv_ps(y, nan, _mm256_cmp_ps(y, y, _CMP_UNORD_Q)));
        }
    }
}
#endif

static void dequantize_scalar(const zk_int8_sums *p) {
    for (ptrdiff_t i = 0; i < p->m; i++) {
        for (ptrdiff_t n = 0; n < p->n; n++) {
            const float by_column = (float)p->sums[i * p->sums_stride + n] * p->column_scales[n];
            const float scaled = by_column * p->row_scales[i];
            const float y = p->bias ? scaled + p->bias[n] : scaled;
            const int32_t canonical = ZK_CANONICAL_NAN;
            if (y != y) {
                memcpy(&p->values[i * p->values_stride + n], &canonical, sizeof canonical);
            } else {
                p->values[i * p->values_stride + n] = y;
            }
        }
    }
}

void zk_dequantize_int8(int level, const zk_int8_sums *sums) {
#if defined(__x86_64__)
    if (level >= ZK_LEVEL_AVX512) return dequantize_avx512(sums);
    if (level == ZK_LEVEL_AVX2) return dequantize_avx2(sums);
#endif
    (void)level;
    dequantize_scalar(sums);
}
