/// Packing with AVX-512: transposes 16 × 16 units of 32 bits at a time.
#if defined(__x86_64__)
#pragma STDC FP_CONTRACT OFF
#include <immintrin.h>

#include "products_internal.h"

/// Units of 32 bits along the depth that one step transposes.
enum { STEP = 16 };

/// Four 16-byte pieces, of rows r, r + 4, r + 8 and r + 12, side by side.
ZK_AVX512 ZK_INLINE __m512i gathered(const char *at, ptrdiff_t stride) {
    const __m128i p0 = _mm_loadu_si128((const __m128i *)at);
    const __m128i p1 = _mm_loadu_si128((const __m128i *)(at + 4 * stride));
    const __m128i p2 = _mm_loadu_si128((const __m128i *)(at + 8 * stride));
    const __m128i p3 = _mm_loadu_si128((const __m128i *)(at + 12 * stride));
    const __m512i low = _mm512_inserti32x4(_mm512_castsi128_si512(p0), p1, 1);
    return _mm512_inserti32x4(_mm512_inserti32x4(low, p2, 2), p3, 3);
}

/// Writes 16 rows of 16 units as 16 vectors, one for each unit of depth, the rows side by side. Strides count bytes.
///
/// The loads place row r + 4L in lane L, so 4 × 4 transpositions inside the lanes finish the work.
ZK_AVX512 ZK_INLINE void transpose(const char *rows, ptrdiff_t stride, __m512i out[STEP]) {
#pragma clang loop unroll(full)
    for (int piece = 0; piece < 4; piece++) {
        const char *const at = rows + 16 * piece;
        const __m512i r0 = gathered(at, stride);
        const __m512i r1 = gathered(at + stride, stride);
        const __m512i r2 = gathered(at + 2 * stride, stride);
        const __m512i r3 = gathered(at + 3 * stride, stride);
        const __m512i low01 = _mm512_unpacklo_epi32(r0, r1), high01 = _mm512_unpackhi_epi32(r0, r1);
        const __m512i low23 = _mm512_unpacklo_epi32(r2, r3), high23 = _mm512_unpackhi_epi32(r2, r3);
        out[4 * piece] = _mm512_unpacklo_epi64(low01, low23);
        out[4 * piece + 1] = _mm512_unpackhi_epi64(low01, low23);
        out[4 * piece + 2] = _mm512_unpacklo_epi64(high01, high23);
        out[4 * piece + 3] = _mm512_unpackhi_epi64(high01, high23);
    }
}

/// Copies what there is of 16 rows × 64 bytes and puts zeros for the rest.
ZK_AVX512 ZK_INLINE void stage(const char *rows, ptrdiff_t stride, ptrdiff_t count, ptrdiff_t bytes, char staged[16 * 64]) {
    const __mmask64 mask = bytes >= 64 ? ~(__mmask64)0 : ((__mmask64)1 << bytes) - 1;
    for (ptrdiff_t j = 0; j < 16; j++) {
        const __m512i row = j < count ? _mm512_maskz_loadu_epi8(mask, rows + j * stride) : _mm512_setzero_si512();
        _mm512_storeu_si512(staged + 64 * j, row);
    }
}

ZK_AVX512 void zk_pack_int8_avx512(const int8_t *b, ptrdiff_t b_stride, ptrdiff_t n, ptrdiff_t k, int8_t *packed) {
    const ptrdiff_t panel_bytes = zk_int8_panel_bytes(k);
    const __m512i ones = _mm512_set1_epi8(1);
    for (ptrdiff_t n0 = 0; n0 < n; n0 += ZK_PANEL_ROWS) {
        const ptrdiff_t count = zk_smaller(n - n0, ZK_PANEL_ROWS);
        int8_t *out = packed + n0 / ZK_PANEL_ROWS * panel_bytes;
        __m512i sums = _mm512_setzero_si512();
        for (ptrdiff_t q = 0; q < k; q += ZK_INT8_DEPTH_STEP) {
            const char *rows = (const char *)(b + n0 * b_stride + q);
            const ptrdiff_t bytes = zk_smaller(k - q, ZK_INT8_DEPTH_STEP);
            char staged[16 * 64];
            ptrdiff_t stride = b_stride;
            if (count < ZK_PANEL_ROWS || bytes < ZK_INT8_DEPTH_STEP) {
                stage(rows, b_stride, count, bytes, staged);
                rows = staged;
                stride = 64;
            }
            __m512i units[STEP];
            transpose(rows, stride, units);
#pragma clang loop unroll(full)
            for (int u = 0; u < STEP; u++) {
                _mm512_storeu_si512(out + 64 * u, units[u]);
                sums = _mm512_dpbusd_epi32(sums, ones, units[u]);
            }
            out += 64 * STEP;
        }
        _mm512_storeu_si512(out, sums);
    }
}

ZK_AVX512 void zk_pack_float32_avx512(const float *b, ptrdiff_t b_stride, ptrdiff_t n, ptrdiff_t k, float *packed) {
    for (ptrdiff_t n0 = 0; n0 < n; n0 += ZK_PANEL_ROWS) {
        const ptrdiff_t count = zk_smaller(n - n0, ZK_PANEL_ROWS);
        float *const panel = packed + n0 * k;
        for (ptrdiff_t q = 0; q < k; q += STEP) {
            const char *rows = (const char *)(b + n0 * b_stride + q);
            const ptrdiff_t depth = zk_smaller(k - q, STEP);
            char staged[16 * 64];
            ptrdiff_t stride = 4 * b_stride;
            if (count < ZK_PANEL_ROWS || depth < STEP) {
                stage(rows, 4 * b_stride, count, 4 * depth, staged);
                rows = staged;
                stride = 64;
            }
            __m512i units[STEP];
            transpose(rows, stride, units);
            // Unrolled, so that the units stay in registers.
#pragma clang loop unroll(full)
            for (int u = 0; u < STEP; u++) {
                if (u < depth) _mm512_storeu_si512(panel + (q + u) * ZK_PANEL_ROWS, units[u]);
            }
        }
    }
}
#endif
