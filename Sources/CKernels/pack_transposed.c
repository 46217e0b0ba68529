/// Packing from the transpose [k, n], as the values of an attention head lie. Written so that compilers vectorise the inner loops.
#pragma STDC FP_CONTRACT OFF
#include "products_internal.h"

/// Interleaves four rows of 16 bytes and adds each column to its sum.
static inline void pack_quad(
    const int8_t *restrict r0, const int8_t *restrict r1, const int8_t *restrict r2, const int8_t *restrict r3,
    int8_t *restrict out, uint32_t *restrict sums) {
    for (int j = 0; j < ZK_PANEL_ROWS; j++) {
        out[4 * j] = r0[j];
        out[4 * j + 1] = r1[j];
        out[4 * j + 2] = r2[j];
        out[4 * j + 3] = r3[j];
    }
    for (int j = 0; j < ZK_PANEL_ROWS; j++) sums[j] += (uint32_t)(r0[j] + r1[j] + r2[j] + r3[j]);
}

void zk_pack_int8_transposed(const int8_t *b, ptrdiff_t b_stride, ptrdiff_t n, ptrdiff_t k, int8_t *packed) {
    const ptrdiff_t panel_bytes = zk_int8_panel_bytes(k);
    const ptrdiff_t depth = zk_rounded_up(k, ZK_INT8_DEPTH_STEP);
    for (ptrdiff_t n0 = 0; n0 < n; n0 += ZK_PANEL_ROWS) {
        const ptrdiff_t columns = zk_smaller(n - n0, ZK_PANEL_ROWS);
        int8_t *const panel = packed + n0 / ZK_PANEL_ROWS * panel_bytes;
        uint32_t sums[ZK_PANEL_ROWS] = {0};
        ptrdiff_t q = 0;
        for (; q < k; q += 4) {
            int8_t *const out = panel + q * ZK_PANEL_ROWS;
            const int8_t *const rows = b + q * b_stride + n0;
            if (columns == ZK_PANEL_ROWS && k - q >= 4) {
                pack_quad(rows, rows + b_stride, rows + 2 * b_stride, rows + 3 * b_stride, out, sums);
                continue;
            }
            int8_t staged[4][ZK_PANEL_ROWS] = {{0}};
            for (ptrdiff_t i = 0; i < zk_smaller(k - q, 4); i++) memcpy(staged[i], rows + i * b_stride, (size_t)columns);
            pack_quad(staged[0], staged[1], staged[2], staged[3], out, sums);
        }
        if (q < depth) memset(panel + q * ZK_PANEL_ROWS, 0, (size_t)((depth - q) * ZK_PANEL_ROWS));
        memcpy(panel + depth * ZK_PANEL_ROWS, sums, sizeof sums);
    }
}

void zk_pack_float32_transposed(const float *b, ptrdiff_t b_stride, ptrdiff_t n, ptrdiff_t k, float *packed) {
    for (ptrdiff_t n0 = 0; n0 < n; n0 += ZK_PANEL_ROWS) {
        const ptrdiff_t columns = zk_smaller(n - n0, ZK_PANEL_ROWS);
        float *const panel = packed + n0 * k;
        for (ptrdiff_t q = 0; q < k; q++) {
            float *const out = panel + q * ZK_PANEL_ROWS;
            const float *const row = b + q * b_stride + n0;
            if (columns == ZK_PANEL_ROWS) {
                memcpy(out, row, ZK_PANEL_ROWS * sizeof(float));
                continue;
            }
            for (ptrdiff_t j = 0; j < ZK_PANEL_ROWS; j++) out[j] = j < columns ? row[j] : 0.0f;
        }
    }
}
