/// Products with AVX2: vpmaddwd on bytes widened to 16 bits, since vpmaddubsw saturates.
#if defined(__x86_64__)
#pragma STDC FP_CONTRACT OFF
#include <immintrin.h>

#include "products_internal.h"

/// Rows of A in one micro-kernel.
enum { ROWS = 6 };

/// The first `count` (1 to 8) lanes set.
ZK_AVX2 ZK_INLINE __m256i lanes(ptrdiff_t count) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

ZK_AVX2 ZK_INLINE __m256 canonical(__m256 x) {
    const __m256 nan = _mm256_castsi256_ps(_mm256_set1_epi32(ZK_CANONICAL_NAN));
    return _mm256_blendv_ps(x, nan, _mm256_cmp_ps(x, x, _CMP_UNORD_Q));
}

/// Widens rows of A to int16 and orders each four k as 0, 2, 1, 3: the pairs that shifts of packed B leave together.
ZK_AVX2 static void widen(const zk_int8_product *p, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t stride, int16_t *wide) {
    const __m128i order = _mm_setr_epi8(0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15);
    for (ptrdiff_t i = 0; i < rows; i++) {
        const int8_t *const a = p->a + (row + i) * p->a_stride;
        int16_t *const out = wide + i * stride;
        for (ptrdiff_t q = 0; q < p->k; q += 16) {
            __m128i bytes;
            if (p->k - q >= 16) {
                bytes = _mm_loadu_si128((const __m128i *)(a + q));
            } else {
                int8_t rest[16] = {0};
                memcpy(rest, a + q, (size_t)(p->k - q));
                bytes = _mm_loadu_si128((const __m128i *)rest);
            }
            _mm256_storeu_si256((__m256i *)(out + q), _mm256_cvtepi8_epi16(_mm_shuffle_epi8(bytes, order)));
        }
    }
}

ZK_AVX2 ZK_INLINE __m256i pair(const int16_t *at) {
    int32_t both;
    memcpy(&both, at, sizeof both);
    return _mm256_set1_epi32(both);
}

/// Sums of `rows` rows of A against one panel, into sums[rows][16].
ZK_AVX2 ZK_INLINE void block(
    const int16_t *a, ptrdiff_t a_stride, const int8_t *b, ptrdiff_t quads, const int rows, int32_t *sums) {
    __m256i acc[ROWS][2];
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) acc[i][0] = acc[i][1] = _mm256_setzero_si256();
    for (ptrdiff_t q = 0; q < quads; q++, a += 4, b += 64) {
        const __m256i b0 = _mm256_loadu_si256((const __m256i *)b);
        const __m256i b1 = _mm256_loadu_si256((const __m256i *)(b + 32));
        const __m256i even0 = _mm256_srai_epi16(_mm256_slli_epi16(b0, 8), 8);
        const __m256i even1 = _mm256_srai_epi16(_mm256_slli_epi16(b1, 8), 8);
#pragma clang loop unroll(full)
        for (int i = 0; i < rows; i++) {
            const __m256i both = pair(a + i * a_stride);
            acc[i][0] = _mm256_add_epi32(acc[i][0], _mm256_madd_epi16(both, even0));
            acc[i][1] = _mm256_add_epi32(acc[i][1], _mm256_madd_epi16(both, even1));
        }
        const __m256i odd0 = _mm256_srai_epi16(b0, 8);
        const __m256i odd1 = _mm256_srai_epi16(b1, 8);
#pragma clang loop unroll(full)
        for (int i = 0; i < rows; i++) {
            const __m256i both = pair(a + i * a_stride + 2);
            acc[i][0] = _mm256_add_epi32(acc[i][0], _mm256_madd_epi16(both, odd0));
            acc[i][1] = _mm256_add_epi32(acc[i][1], _mm256_madd_epi16(both, odd1));
        }
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) {
        _mm256_storeu_si256((__m256i *)(sums + i * ZK_PANEL_ROWS), acc[i][0]);
        _mm256_storeu_si256((__m256i *)(sums + i * ZK_PANEL_ROWS + 8), acc[i][1]);
    }
}

/// Writes a block of sums, as they are or dequantized.
ZK_AVX2 static void store(
    const zk_int8_product *p, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t column, const int32_t *sums) {
    for (ptrdiff_t half = 0; half < 2; half++) {
        const ptrdiff_t n = column + 8 * half;
        if (n >= p->n) break;
        const __m256i mask = lanes(zk_smaller(p->n - n, 8));
        if (p->sums) {
            for (ptrdiff_t i = 0; i < rows; i++) {
                int32_t *const out = p->sums + (row + i) * p->out_stride + n;
                __m256i s = _mm256_loadu_si256((const __m256i *)(sums + i * ZK_PANEL_ROWS + 8 * half));
                if (p->accumulates) s = _mm256_add_epi32(s, _mm256_maskload_epi32(out, mask));
                _mm256_maskstore_epi32(out, mask, s);
            }
            continue;
        }
        const __m256 column_scales = _mm256_maskload_ps(p->column_scales + n, mask);
        const __m256 bias = p->bias ? _mm256_maskload_ps(p->bias + n, mask) : _mm256_setzero_ps();
        for (ptrdiff_t i = 0; i < rows; i++) {
            const __m256i s = _mm256_loadu_si256((const __m256i *)(sums + i * ZK_PANEL_ROWS + 8 * half));
            __m256 y = _mm256_mul_ps(_mm256_cvtepi32_ps(s), column_scales);
            y = _mm256_mul_ps(y, _mm256_set1_ps(p->row_scales[row + i]));
            if (p->bias) y = _mm256_add_ps(y, bias);
            _mm256_maskstore_ps(p->values + (row + i) * p->out_stride + n, mask, canonical(y));
        }
    }
}

ZK_AVX2 void zk_product_int8_avx2(const zk_int8_product *p) {
    const ptrdiff_t panel_bytes = zk_int8_panel_bytes(p->k);
    const ptrdiff_t quads = (p->k + 3) / 4;
    const ptrdiff_t stride = zk_scratch_stride(zk_rounded_up(p->k, 16), 2);
    const ptrdiff_t chunk = zk_chunk_columns(panel_bytes);
    _Alignas(64) char stack[ZK_STACK_SCRATCH];
    int16_t *const wide = zk_scratch_begin(stack, ROWS * stride * (ptrdiff_t)sizeof(int16_t));
    for (ptrdiff_t n0 = 0; n0 < p->n; n0 += chunk) {
        const ptrdiff_t n1 = zk_smaller(n0 + chunk, p->n);
        for (ptrdiff_t row = 0; row < p->m; row += ROWS) {
            const ptrdiff_t rows = zk_smaller(p->m - row, ROWS);
            widen(p, row, rows, stride, wide);
            for (ptrdiff_t n = n0; n < n1; n += ZK_PANEL_ROWS) {
                const int8_t *const b = p->b + n / ZK_PANEL_ROWS * panel_bytes;
                _Alignas(32) int32_t sums[ROWS * ZK_PANEL_ROWS];
                switch (rows) {
                    case 1: block(wide, stride, b, quads, 1, sums); break;
                    case 2: block(wide, stride, b, quads, 2, sums); break;
                    case 3: block(wide, stride, b, quads, 3, sums); break;
                    case 4: block(wide, stride, b, quads, 4, sums); break;
                    case 5: block(wide, stride, b, quads, 5, sums); break;
                    default: block(wide, stride, b, quads, 6, sums); break;
                }
                store(p, row, rows, n, sums);
            }
        }
    }
    zk_scratch_end(wide, stack);
}

/// `rows` rows of A against one panel of FP32 weights, the sum of each output one chain along k.
ZK_AVX2 ZK_INLINE void float_block(
    const zk_float32_product *p, ptrdiff_t row, ptrdiff_t column, const float *b, const int rows) {
    const float *a = p->a + row * p->a_stride;
    __m256 acc[ROWS][2];
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) acc[i][0] = acc[i][1] = _mm256_setzero_ps();
    for (ptrdiff_t q = 0; q < p->k; q++, a++, b += ZK_PANEL_ROWS) {
        const __m256 b0 = _mm256_loadu_ps(b), b1 = _mm256_loadu_ps(b + 8);
#pragma clang loop unroll(full)
        for (int i = 0; i < rows; i++) {
            const __m256 x = _mm256_broadcast_ss(a + i * p->a_stride);
            acc[i][0] = _mm256_add_ps(acc[i][0], _mm256_mul_ps(x, b0));
            acc[i][1] = _mm256_add_ps(acc[i][1], _mm256_mul_ps(x, b1));
        }
    }
#pragma clang loop unroll(full)
    for (int half = 0; half < 2; half++) {
        const ptrdiff_t n = column + 8 * half;
        if (n >= p->n) break;
        const __m256i mask = lanes(zk_smaller(p->n - n, 8));
        const __m256 bias = p->bias ? _mm256_maskload_ps(p->bias + n, mask) : _mm256_setzero_ps();
#pragma clang loop unroll(full)
        for (int i = 0; i < rows; i++) {
            const __m256 y = p->bias ? _mm256_add_ps(acc[i][half], bias) : acc[i][half];
            _mm256_maskstore_ps(p->values + (row + i) * p->out_stride + n, mask, canonical(y));
        }
    }
}

ZK_AVX2 void zk_product_float32_avx2(const zk_float32_product *p) {
    const ptrdiff_t chunk = zk_chunk_columns(p->k * ZK_PANEL_ROWS * (ptrdiff_t)sizeof(float));
    for (ptrdiff_t n0 = 0; n0 < p->n; n0 += chunk) {
        const ptrdiff_t n1 = zk_smaller(n0 + chunk, p->n);
        for (ptrdiff_t row = 0; row < p->m; row += ROWS) {
            for (ptrdiff_t n = n0; n < n1; n += ZK_PANEL_ROWS) {
                const float *const b = p->b + n * p->k;
                switch (zk_smaller(p->m - row, ROWS)) {
                    case 1: float_block(p, row, n, b, 1); break;
                    case 2: float_block(p, row, n, b, 2); break;
                    case 3: float_block(p, row, n, b, 3); break;
                    case 4: float_block(p, row, n, b, 4); break;
                    case 5: float_block(p, row, n, b, 5); break;
                    default: float_block(p, row, n, b, 6); break;
                }
            }
        }
    }
}
#endif
