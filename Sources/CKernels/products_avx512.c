/// Products with AVX-512 and VNNI.
///
/// vpdpbusd multiplies unsigned by signed bytes. So 128 is added to A, and each sum starts at −128 · Σ b, which the packed panel
/// keeps as the sum of its row: Σ (a + 128)·b − 128·Σ b = Σ a·b, also modulo 2³².
#if defined(__x86_64__)
#pragma STDC FP_CONTRACT OFF
#include "store_avx512.h"

/// Rows of A in one micro-kernel of int8 and of FP32: with two panels of B, what 32 registers hold.
enum { ROWS = 14, FLOAT_ROWS = 12 };

#define CASES14(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)
#define CASES12(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12)

/// Copies rows of A, offset by 128, into `out`; the depth is padded to 64 bytes.
ZK_AVX512 static void offset_rows(
    const zk_int8_product *p, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t stride, uint8_t *out) {
    const __m512i flip = _mm512_set1_epi8((char)0x80);
    for (ptrdiff_t i = 0; i < rows; i++) {
        const int8_t *const a = p->a + (row + i) * p->a_stride;
        for (ptrdiff_t q = 0; q < p->k; q += 64) {
            const ptrdiff_t left = p->k - q;
            const __mmask64 mask = left >= 64 ? ~(__mmask64)0 : ((__mmask64)1 << left) - 1;
            const __m512i bytes = _mm512_maskz_loadu_epi8(mask, a + q);
            _mm512_storeu_si512(out + i * stride + q, _mm512_xor_si512(bytes, flip));
        }
    }
}

/// Asks for a part of the next block of A, so that all of it has come when `left` columns of this one are done. Not earlier: B, which goes by in
/// the meantime, would drive it out of the second-level cache again.
ZK_AVX512 static void fetch_ahead(const zk_int8_product *p, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t left) {
    enum { STEP = 128 };
    const ptrdiff_t first = p->k - zk_rounded_up(left, 2 * ZK_PANEL_ROWS) / (2 * ZK_PANEL_ROWS) * STEP;
    for (ptrdiff_t i = 0; i < rows; i++) {
        const int8_t *const a = p->a + (row + i) * p->a_stride;
        for (ptrdiff_t q = first; q < first + STEP; q += 64) {
            if (q >= 0) __builtin_prefetch(a + q, 0, 2);
        }
    }
}

/// Where the sums of a block go: rows of 16 · panels, `stride` elements apart, replaced or, with `adds`, added to.
typedef struct destination {
    int32_t *sums;
    ptrdiff_t stride;
    int adds;
} destination;

/// Sums of `rows` rows of A against `panels` (1 or 2) panels.
ZK_AVX512 ZK_INLINE void block(
    const uint8_t *a, ptrdiff_t a_stride, const int8_t *b, ptrdiff_t panel_bytes, ptrdiff_t quads, const int rows,
    const int panels, destination to) {
    __m512i acc[ROWS][2];
    // The lines of C arrive while the products run.
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) {
#pragma clang loop unroll(full)
        for (int j = 0; j < panels; j++) __builtin_prefetch(to.sums + i * to.stride + j * ZK_PANEL_ROWS, 1);
    }
    const int8_t *const row_sums = b + panel_bytes - 64;
#pragma clang loop unroll(full)
    for (int j = 0; j < panels; j++) {
        const __m512i total = _mm512_loadu_si512(row_sums + j * panel_bytes);
        const __m512i start = _mm512_sub_epi32(_mm512_setzero_si512(), _mm512_slli_epi32(total, 7));
#pragma clang loop unroll(full)
        for (int i = 0; i < rows; i++) acc[i][j] = start;
    }
    for (ptrdiff_t q = 0; q < quads; q++, a += 4, b += 64) {
        const __m512i b0 = _mm512_loadu_si512(b);
        const __m512i b1 = panels > 1 ? _mm512_loadu_si512(b + panel_bytes) : b0;
#pragma clang loop unroll(full)
        for (int i = 0; i < rows; i++) {
            int32_t quad;
            memcpy(&quad, a + i * a_stride, sizeof quad);
            const __m512i x = _mm512_set1_epi32(quad);
            acc[i][0] = _mm512_dpbusd_epi32(acc[i][0], x, b0);
            if (panels > 1) acc[i][1] = _mm512_dpbusd_epi32(acc[i][1], x, b1);
        }
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) {
#pragma clang loop unroll(full)
        for (int j = 0; j < panels; j++) {
            int32_t *const out = to.sums + i * to.stride + j * ZK_PANEL_ROWS;
            const __m512i before = to.adds ? _mm512_loadu_si512(out) : _mm512_setzero_si512();
            _mm512_storeu_si512(out, _mm512_add_epi32(acc[i][j], before));
        }
    }
}

ZK_AVX512 static void blocks_of_two(
    const uint8_t *a, ptrdiff_t a_stride, const int8_t *b, ptrdiff_t panel_bytes, ptrdiff_t quads, ptrdiff_t rows,
    destination to) {
#define CASE(R) \
    case R: block(a, a_stride, b, panel_bytes, quads, R, 2, to); break;
    switch (rows) { CASES14(CASE) }
#undef CASE
}

ZK_AVX512 static void blocks_of_one(
    const uint8_t *a, ptrdiff_t a_stride, const int8_t *b, ptrdiff_t panel_bytes, ptrdiff_t quads, ptrdiff_t rows,
    destination to) {
#define CASE(R) \
    case R: block(a, a_stride, b, panel_bytes, quads, R, 1, to); break;
    switch (rows) { CASES14(CASE) }
#undef CASE
}

ZK_AVX512 void zk_product_int8_avx512(const zk_int8_product *p) {
    if (p->m <= 0) return;
    const ptrdiff_t panel_bytes = zk_int8_panel_bytes(p->k);
    const ptrdiff_t quads = (p->k + 3) / 4;
    const ptrdiff_t stride = zk_scratch_stride(zk_rounded_up(p->k, 64), 1);
    const ptrdiff_t chunk = zk_chunk_columns(panel_bytes);
    const ptrdiff_t most = zk_block_rows(p->m, ROWS);
    _Alignas(64) char stack[ZK_STACK_SCRATCH];
    uint8_t *const offset = zk_scratch_begin(stack, most * stride);
    for (ptrdiff_t n0 = 0; n0 < p->n; n0 += chunk) {
        const ptrdiff_t n1 = zk_smaller(n0 + chunk, p->n);
        for (ptrdiff_t row = 0; row < p->m; row += most) {
            const ptrdiff_t rows = zk_smaller(p->m - row, most);
            offset_rows(p, row, rows, stride, offset);
            for (ptrdiff_t n = n0; n < n1; n += 2 * ZK_PANEL_ROWS) {
                const int8_t *const b = p->b + n / ZK_PANEL_ROWS * panel_bytes;
                const ptrdiff_t columns = p->n - n > ZK_PANEL_ROWS ? 2 * ZK_PANEL_ROWS : ZK_PANEL_ROWS;
                _Alignas(64) int32_t sums[ROWS * 2 * ZK_PANEL_ROWS];
                const int direct = p->sums != NULL && p->n - n >= columns;
                const destination to = direct
                    ? (destination){p->sums + row * p->out_stride + n, p->out_stride, p->accumulates}
                    : (destination){sums, columns, 0};
                fetch_ahead(p, row + rows, zk_smaller(p->m - row - rows, most), n1 - n);
                if (columns > ZK_PANEL_ROWS) {
                    blocks_of_two(offset, stride, b, panel_bytes, quads, rows, to);
                } else {
                    blocks_of_one(offset, stride, b, panel_bytes, quads, rows, to);
                }
                if (!direct) zk_store_block512(p, row, rows, n, columns, sums, columns);
            }
        }
    }
    zk_scratch_end(offset, stack);
}

/// `rows` rows of A against `panels` (1 or 2) panels of FP32 weights, the sum of each output one chain along k.
ZK_AVX512 ZK_INLINE void float_block(
    const zk_float32_product *p, ptrdiff_t row, ptrdiff_t column, const int rows, const int panels) {
    const ptrdiff_t panel_floats = p->k * ZK_PANEL_ROWS;
    const float *a = p->a + row * p->a_stride;
    const float *b = p->b + column * p->k;
    __m512 acc[FLOAT_ROWS][2];
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) acc[i][0] = acc[i][1] = _mm512_setzero_ps();
    for (ptrdiff_t q = 0; q < p->k; q++, a++, b += ZK_PANEL_ROWS) {
        const __m512 b0 = _mm512_loadu_ps(b);
        const __m512 b1 = panels > 1 ? _mm512_loadu_ps(b + panel_floats) : b0;
#pragma clang loop unroll(full)
        for (int i = 0; i < rows; i++) {
            const __m512 x = _mm512_set1_ps(a[i * p->a_stride]);
            acc[i][0] = _mm512_add_ps(acc[i][0], _mm512_mul_ps(x, b0));
            if (panels > 1) acc[i][1] = _mm512_add_ps(acc[i][1], _mm512_mul_ps(x, b1));
        }
    }
#pragma clang loop unroll(full)
    for (int j = 0; j < panels; j++) {
        const ptrdiff_t n = column + j * ZK_PANEL_ROWS;
        const __mmask16 mask = zk_lanes512(p->n - n);
        const __m512 bias = p->bias ? _mm512_maskz_loadu_ps(mask, p->bias + n) : _mm512_setzero_ps();
#pragma clang loop unroll(full)
        for (int i = 0; i < rows; i++) {
            const __m512 y = p->bias ? _mm512_add_ps(acc[i][j], bias) : acc[i][j];
            _mm512_mask_storeu_ps(p->values + (row + i) * p->out_stride + n, mask, zk_canonical512(y));
        }
    }
}

ZK_AVX512 static void float_blocks(const zk_float32_product *p, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t column) {
    if (p->n - column > ZK_PANEL_ROWS) {
#define CASE(R) \
    case R: float_block(p, row, column, R, 2); break;
        switch (rows) { CASES12(CASE) }
#undef CASE
    } else {
#define CASE(R) \
    case R: float_block(p, row, column, R, 1); break;
        switch (rows) { CASES12(CASE) }
#undef CASE
    }
}

ZK_AVX512 void zk_product_float32_avx512(const zk_float32_product *p) {
    if (p->m <= 0) return;
    const ptrdiff_t chunk = zk_chunk_columns(p->k * ZK_PANEL_ROWS * (ptrdiff_t)sizeof(float));
    const ptrdiff_t most = zk_block_rows(p->m, FLOAT_ROWS);
    for (ptrdiff_t n0 = 0; n0 < p->n; n0 += chunk) {
        const ptrdiff_t n1 = zk_smaller(n0 + chunk, p->n);
        for (ptrdiff_t row = 0; row < p->m; row += most) {
            const ptrdiff_t rows = zk_smaller(p->m - row, most);
            for (ptrdiff_t n = n0; n < n1; n += 2 * ZK_PANEL_ROWS) float_blocks(p, row, rows, n);
        }
    }
}
#endif
