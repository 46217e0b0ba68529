/// Packing with AVX2: transposes 16 × 8 units of 32 bits at a time.
#if defined(__x86_64__)
#pragma STDC FP_CONTRACT OFF
#include <immintrin.h>

#include "products_internal.h"

/// Units of 32 bits along the depth that one step transposes.
enum { STEP = 8 };

/// Two 16-byte pieces, of rows r and r + 4, side by side.
ZK_AVX2 ZK_INLINE __m256i gathered(const char *at, ptrdiff_t stride) {
    const __m128i p0 = _mm_loadu_si128((const __m128i *)at);
    const __m128i p1 = _mm_loadu_si128((const __m128i *)(at + 4 * stride));
    return _mm256_inserti128_si256(_mm256_castsi128_si256(p0), p1, 1);
}

/// Writes 16 rows of 8 units as 8 × 2 vectors: for each unit of depth, rows 0 to 7 and rows 8 to 15. Strides count bytes.
ZK_AVX2 ZK_INLINE void transpose(const char *rows, ptrdiff_t stride, __m256i out[2 * STEP]) {
#pragma clang loop unroll(full)
    for (int part = 0; part < 4; part++) {
        const int piece = part / 2, half = part % 2;
        const char *const at = rows + 16 * piece + 8 * half * stride;
        const __m256i r0 = gathered(at, stride);
        const __m256i r1 = gathered(at + stride, stride);
        const __m256i r2 = gathered(at + 2 * stride, stride);
        const __m256i r3 = gathered(at + 3 * stride, stride);
        const __m256i low01 = _mm256_unpacklo_epi32(r0, r1), high01 = _mm256_unpackhi_epi32(r0, r1);
        const __m256i low23 = _mm256_unpacklo_epi32(r2, r3), high23 = _mm256_unpackhi_epi32(r2, r3);
        out[8 * piece + half] = _mm256_unpacklo_epi64(low01, low23);
        out[8 * piece + 2 + half] = _mm256_unpackhi_epi64(low01, low23);
        out[8 * piece + 4 + half] = _mm256_unpacklo_epi64(high01, high23);
        out[8 * piece + 6 + half] = _mm256_unpackhi_epi64(high01, high23);
    }
}

/// Copies what there is of 16 rows × 32 bytes and puts zeros for the rest.
ZK_INLINE void stage(const char *rows, ptrdiff_t stride, ptrdiff_t count, ptrdiff_t bytes, char staged[16 * 32]) {
    memset(staged, 0, 16 * 32);
    for (ptrdiff_t j = 0; j < count; j++) memcpy(staged + 32 * j, rows + j * stride, (size_t)bytes);
}

ZK_AVX2 void zk_pack_int8_avx2(const int8_t *b, ptrdiff_t b_stride, ptrdiff_t n, ptrdiff_t k, int8_t *packed) {
    const ptrdiff_t panel_bytes = zk_int8_panel_bytes(k);
    const ptrdiff_t depth = zk_rounded_up(k, ZK_INT8_DEPTH_STEP);
    const __m256i one_bytes = _mm256_set1_epi8(1), one_words = _mm256_set1_epi16(1);
    for (ptrdiff_t n0 = 0; n0 < n; n0 += ZK_PANEL_ROWS) {
        const ptrdiff_t count = zk_smaller(n - n0, ZK_PANEL_ROWS);
        int8_t *out = packed + n0 / ZK_PANEL_ROWS * panel_bytes;
        __m256i sums[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
        for (ptrdiff_t q = 0; q < depth; q += 4 * STEP) {
            if (q >= k) {  // the second half of the last 64 bytes
                memset(out, 0, 64 * STEP);
                break;
            }
            const char *rows = (const char *)(b + n0 * b_stride + q);
            const ptrdiff_t bytes = zk_smaller(k - q, 4 * STEP);
            char staged[16 * 32];
            ptrdiff_t stride = b_stride;
            if (count < ZK_PANEL_ROWS || bytes < 4 * STEP) {
                stage(rows, b_stride, count, bytes, staged);
                rows = staged;
                stride = 32;
            }
            __m256i units[2 * STEP];
            transpose(rows, stride, units);
#pragma clang loop unroll(full)
            for (int u = 0; u < 2 * STEP; u++) {
                _mm256_storeu_si256((__m256i *)(out + 32 * u), units[u]);
                // Ones times int8 pairs: at most 256 in magnitude, far from the saturation of vpmaddubsw.
                const __m256i pairs = _mm256_maddubs_epi16(one_bytes, units[u]);
                sums[u % 2] = _mm256_add_epi32(sums[u % 2], _mm256_madd_epi16(pairs, one_words));
            }
            out += 64 * STEP;
        }
        int8_t *const row_sums = packed + (n0 / ZK_PANEL_ROWS + 1) * panel_bytes - 64;
        _mm256_storeu_si256((__m256i *)row_sums, sums[0]);
        _mm256_storeu_si256((__m256i *)(row_sums + 32), sums[1]);
    }
}

ZK_AVX2 void zk_pack_float32_avx2(const float *b, ptrdiff_t b_stride, ptrdiff_t n, ptrdiff_t k, float *packed) {
    for (ptrdiff_t n0 = 0; n0 < n; n0 += ZK_PANEL_ROWS) {
        const ptrdiff_t count = zk_smaller(n - n0, ZK_PANEL_ROWS);
        float *const panel = packed + n0 * k;
        for (ptrdiff_t q = 0; q < k; q += STEP) {
            const char *rows = (const char *)(b + n0 * b_stride + q);
            const ptrdiff_t depth = zk_smaller(k - q, STEP);
            char staged[16 * 32];
            ptrdiff_t stride = 4 * b_stride;
            if (count < ZK_PANEL_ROWS || depth < STEP) {
                stage(rows, 4 * b_stride, count, 4 * depth, staged);
                rows = staged;
                stride = 32;
            }
            __m256i units[2 * STEP];
            transpose(rows, stride, units);
            memcpy(panel + q * ZK_PANEL_ROWS, units, (size_t)(64 * depth));
        }
    }
}
#endif
