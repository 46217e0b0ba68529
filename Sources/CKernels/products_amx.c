/// Int8 products with AMX: blocks of 2 × 2 tiles of 16 × 16 sums, 64 k a step.
///
/// A is read in place but for the last k mod 64 bytes of each row, which are staged with zeros behind them; a packed panel is a column
/// of B tiles. Bottom rows have a configuration with fewer rows, so no tile touches memory outside A or the output.
#if defined(__x86_64__)
#pragma STDC FP_CONTRACT OFF
#include "store_avx512.h"

/// The operand of LDTILECFG.
typedef struct tile_configuration {
    uint8_t palette, start_row;
    uint8_t reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} tile_configuration;

/// A block of up to 32 rows of A: its whole steps in place and its last step in stage.
typedef struct row_block {
    const int8_t *a;
    ptrdiff_t a_stride;
    ptrdiff_t whole_steps;
    const int8_t *rest;  // [32][64], or null where 64 divides k
} row_block;

/// Tiles 0 to 3 hold sums (top left, top right, bottom left, bottom right), 4 and 5 rows of A (top, bottom), 6 and 7 panels of B.
ZK_AMX static void configure(ptrdiff_t rows) {
    const uint8_t top = (uint8_t)zk_smaller(rows, 16);
    const uint8_t bottom = rows > 16 ? (uint8_t)(rows - 16) : 16;
    tile_configuration c = {.palette = 1};
    for (int t = 0; t < 8; t++) c.row_bytes[t] = 64;
    c.rows[0] = c.rows[1] = c.rows[4] = top;
    c.rows[2] = c.rows[3] = c.rows[5] = bottom;
    c.rows[6] = c.rows[7] = 16;
    _tile_loadconfig(&c);
}

ZK_AMX ZK_INLINE void step(
    const int8_t *a, ptrdiff_t a_stride, const int8_t *b, ptrdiff_t panel_bytes, const int row_tiles, const int panels) {
    _tile_loadd(6, b, 64);
    _tile_loadd(4, a, a_stride);
    _tile_dpbssd(0, 4, 6);
    if (panels > 1) {
        _tile_loadd(7, b + panel_bytes, 64);
        _tile_dpbssd(1, 4, 7);
    }
    if (row_tiles > 1) {
        _tile_loadd(5, a + 16 * a_stride, a_stride);
        _tile_dpbssd(2, 5, 6);
        if (panels > 1) _tile_dpbssd(3, 5, 7);
    }
}

/// Sums of one block of rows against `panels` panels, stored with a stride in elements; with `adds` they start at what is there.
ZK_AMX ZK_INLINE void block(
    const row_block *r, const int8_t *b, ptrdiff_t panel_bytes, int32_t *sums, ptrdiff_t stride, int adds,
    const int row_tiles, const int panels) {
    if (adds) {
        _tile_loadd(0, sums, 4 * stride);
        if (panels > 1) _tile_loadd(1, sums + 16, 4 * stride);
        if (row_tiles > 1) _tile_loadd(2, sums + 16 * stride, 4 * stride);
        if (row_tiles > 1 && panels > 1) _tile_loadd(3, sums + 16 * stride + 16, 4 * stride);
    } else {
        _tile_zero(0);
        if (panels > 1) _tile_zero(1);
        if (row_tiles > 1) _tile_zero(2);
        if (row_tiles > 1 && panels > 1) _tile_zero(3);
    }
    const int8_t *a = r->a;
    for (ptrdiff_t s = 0; s < r->whole_steps; s++, a += 64, b += 1024) {
        step(a, r->a_stride, b, panel_bytes, row_tiles, panels);
    }
    if (r->rest) step(r->rest, 64, b, panel_bytes, row_tiles, panels);
    _tile_stored(0, sums, 4 * stride);
    if (panels > 1) _tile_stored(1, sums + 16, 4 * stride);
    if (row_tiles > 1) _tile_stored(2, sums + 16 * stride, 4 * stride);
    if (row_tiles > 1 && panels > 1) _tile_stored(3, sums + 16 * stride + 16, 4 * stride);
}

/// One block of rows against the columns from n0 to n1.
ZK_AMX static void row_of_blocks(
    const zk_int8_product *p, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t n0, ptrdiff_t n1, ptrdiff_t panel_bytes) {
    _Alignas(64) int8_t rest[32 * 64];
    const ptrdiff_t whole_steps = p->k / 64, left = p->k % 64;
    const row_block r = {p->a + row * p->a_stride, p->a_stride, whole_steps, left ? rest : NULL};
    if (left) {
        const __mmask64 mask = ((__mmask64)1 << left) - 1;
        for (ptrdiff_t i = 0; i < rows; i++) {
            _mm512_store_si512(rest + 64 * i, _mm512_maskz_loadu_epi8(mask, r.a + i * r.a_stride + 64 * whole_steps));
        }
    }
    for (ptrdiff_t n = n0; n < n1; n += 2 * ZK_PANEL_ROWS) {
        const int8_t *const b = p->b + n / ZK_PANEL_ROWS * panel_bytes;
        const int panels = p->n - n > ZK_PANEL_ROWS ? 2 : 1;
        const ptrdiff_t columns = panels * ZK_PANEL_ROWS;
        _Alignas(64) int32_t buffer[32 * 32];
        const int direct = p->sums != NULL && p->n - n >= columns;
        int32_t *const sums = direct ? p->sums + row * p->out_stride + n : buffer;
        const ptrdiff_t stride = direct ? p->out_stride : 32;
        const int adds = direct && p->accumulates;
        if (rows > 16) {
            if (panels > 1) {
                block(&r, b, panel_bytes, sums, stride, adds, 2, 2);
            } else {
                block(&r, b, panel_bytes, sums, stride, adds, 2, 1);
            }
        } else {
            if (panels > 1) {
                block(&r, b, panel_bytes, sums, stride, adds, 1, 2);
            } else {
                block(&r, b, panel_bytes, sums, stride, adds, 1, 1);
            }
        }
        if (!direct) zk_store_block512(p, row, rows, n, columns, buffer, 32);
    }
}

ZK_AMX void zk_product_int8_amx(const zk_int8_product *p) {
    const ptrdiff_t panel_bytes = zk_int8_panel_bytes(p->k);
    const ptrdiff_t chunk = zk_chunk_columns(panel_bytes);
    const ptrdiff_t full = p->m / 32 * 32;
    for (ptrdiff_t n0 = 0; n0 < p->n; n0 += chunk) {
        const ptrdiff_t n1 = zk_smaller(n0 + chunk, p->n);
        if (full > 0) {
            configure(32);
            for (ptrdiff_t row = 0; row < full; row += 32) row_of_blocks(p, row, 32, n0, n1, panel_bytes);
        }
        if (full < p->m) {
            configure(p->m - full);
            row_of_blocks(p, full, p->m - full, n0, n1, panel_bytes);
        }
    }
    _tile_release();
}
#endif
