/// Packing in portable C: the layout at its plainest.
#pragma STDC FP_CONTRACT OFF
#include "products_internal.h"

void zk_pack_int8_scalar(const int8_t *b, ptrdiff_t b_stride, ptrdiff_t n, ptrdiff_t k, int8_t *packed) {
    const ptrdiff_t panel_bytes = zk_int8_panel_bytes(k);
    const ptrdiff_t depth = zk_rounded_up(k, ZK_INT8_DEPTH_STEP);
    for (ptrdiff_t n0 = 0; n0 < n; n0 += ZK_PANEL_ROWS) {
        int8_t *const panel = packed + n0 / ZK_PANEL_ROWS * panel_bytes;
        uint32_t sums[ZK_PANEL_ROWS] = {0};
        memset(panel, 0, (size_t)(depth * ZK_PANEL_ROWS));
        for (ptrdiff_t j = 0; j < zk_smaller(n - n0, ZK_PANEL_ROWS); j++) {
            const int8_t *const row = b + (n0 + j) * b_stride;
            for (ptrdiff_t q = 0; q < k; q++) {
                panel[q / 4 * 4 * ZK_PANEL_ROWS + 4 * j + q % 4] = row[q];
                sums[j] += (uint32_t)row[q];
            }
        }
        memcpy(panel + depth * ZK_PANEL_ROWS, sums, sizeof sums);
    }
}

void zk_pack_float32_scalar(const float *b, ptrdiff_t b_stride, ptrdiff_t n, ptrdiff_t k, float *packed) {
    for (ptrdiff_t n0 = 0; n0 < n; n0 += ZK_PANEL_ROWS) {
        float *const panel = packed + n0 * k;
        for (ptrdiff_t j = 0; j < ZK_PANEL_ROWS; j++) {
            const float *const row = n0 + j < n ? b + (n0 + j) * b_stride : NULL;
            for (ptrdiff_t q = 0; q < k; q++) panel[q * ZK_PANEL_ROWS + j] = row ? row[q] : 0.0f;
        }
    }
}
