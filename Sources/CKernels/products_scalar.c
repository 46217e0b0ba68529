/// Products in portable C.
#pragma STDC FP_CONTRACT OFF
#include "products_internal.h"

static float canonical(float x) {
    if (x == x) return x;
    const uint32_t bits = ZK_CANONICAL_NAN;
    float nan;
    memcpy(&nan, &bits, sizeof nan);
    return nan;
}

/// Adds four products of one row of A to each of the panel's 16 sums.
static void add_quad(const int8_t *a, const int8_t *b, uint32_t *sums) {
    const int32_t a0 = a[0], a1 = a[1], a2 = a[2], a3 = a[3];
    for (int j = 0; j < ZK_PANEL_ROWS; j++) {
        sums[j] += (uint32_t)(a0 * b[4 * j] + a1 * b[4 * j + 1] + a2 * b[4 * j + 2] + a3 * b[4 * j + 3]);
    }
}

void zk_product_int8_scalar(const zk_int8_product *p) {
    const ptrdiff_t panel_bytes = zk_int8_panel_bytes(p->k);
    const ptrdiff_t whole = p->k / 4 * 4;
    for (ptrdiff_t n0 = 0; n0 < p->n; n0 += ZK_PANEL_ROWS) {
        const int8_t *const panel = p->b + n0 / ZK_PANEL_ROWS * panel_bytes;
        const ptrdiff_t columns = zk_smaller(p->n - n0, ZK_PANEL_ROWS);
        for (ptrdiff_t i = 0; i < p->m; i++) {
            const int8_t *const a = p->a + i * p->a_stride;
            uint32_t sums[ZK_PANEL_ROWS] = {0};
            for (ptrdiff_t q = 0; q < whole; q += 4) add_quad(a + q, panel + q * ZK_PANEL_ROWS, sums);
            if (whole < p->k) {
                int8_t rest[4] = {0};
                memcpy(rest, a + whole, (size_t)(p->k - whole));
                add_quad(rest, panel + whole * ZK_PANEL_ROWS, sums);
            }
            for (ptrdiff_t j = 0; j < columns; j++) {
                const int32_t sum = (int32_t)sums[j];
                const ptrdiff_t at = i * p->out_stride + n0 + j;
                if (p->sums) {
                    p->sums[at] = p->accumulates ? (int32_t)((uint32_t)p->sums[at] + sums[j]) : sum;
                    continue;
                }
                const float by_column = (float)sum * p->column_scales[n0 + j];
                const float scaled = by_column * p->row_scales[i];
                p->values[at] = canonical(p->bias ? scaled + p->bias[n0 + j] : scaled);
            }
        }
    }
}

void zk_product_float32_scalar(const zk_float32_product *p) {
    for (ptrdiff_t n0 = 0; n0 < p->n; n0 += ZK_PANEL_ROWS) {
        const float *const panel = p->b + n0 * p->k;
        const ptrdiff_t columns = zk_smaller(p->n - n0, ZK_PANEL_ROWS);
        for (ptrdiff_t i = 0; i < p->m; i++) {
            const float *const a = p->a + i * p->a_stride;
            float sums[ZK_PANEL_ROWS] = {0};
            for (ptrdiff_t q = 0; q < p->k; q++) {
                for (int j = 0; j < ZK_PANEL_ROWS; j++) {
                    const float product = a[q] * panel[q * ZK_PANEL_ROWS + j];
                    sums[j] = sums[j] + product;
                }
            }
            for (ptrdiff_t j = 0; j < columns; j++) {
                const float sum = p->bias ? sums[j] + p->bias[n0 + j] : sums[j];
                p->values[i * p->out_stride + n0 + j] = canonical(sum);
            }
        }
    }
}
