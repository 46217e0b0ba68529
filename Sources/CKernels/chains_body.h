/// Integer chains, written once for all levels (chains_types.h). Semantics: docs/semantics.md, section 8.4.
///
/// A tile is a few rows of A times one or two packed panels of 16 rows of B. Rows and columns that are not there are zeros, whose sums nobody
/// reads and which never overflow.

#pragma clang diagnostic ignored "-Wpsabi"  // vectors are passed between inlined functions only

enum {
    /// Products along k for which rows of A are widened at a time.
    ZK_SEGMENT = 256,
#if defined(ZK_USES_AVX512)
    ZK_CHAIN_ROWS = 8,
    ZK_CHAIN_PANELS = 2,
    ZK_COUNTED_ROWS = 4,
#else
    ZK_CHAIN_ROWS = 4,
    ZK_CHAIN_PANELS = 1,
    ZK_COUNTED_ROWS = 2,
#endif
};

ZK_INLINE ptrdiff_t zk_least(ptrdiff_t x, ptrdiff_t y) { return x < y ? x : y; }

// MARK: Operands

/// Products of x, as zk_widen32 left it, with numbers of −128…127.
ZK_INLINE zk_i32x16 zk_times(zk_i32x16 x, zk_i32x16 y) {
#if defined(ZK_USES_AVX512)
    return (zk_i32x16)_mm512_madd_epi16((__m512i)x, (__m512i)y);
#elif defined(ZK_USES_AVX2)
    union { zk_i32x16 all; __m256i half[2]; } a = {x}, b = {y}, c;
    c.half[0] = _mm256_madd_epi16(a.half[0], b.half[0]);
    c.half[1] = _mm256_madd_epi16(a.half[1], b.half[1]);
    return c.all;
#else
    return x * y;
#endif
}

/// One number of A as a 32-bit factor. With pairs of 16-bit products the upper factor of each pair is 0.
ZK_INLINE int32_t zk_widened32(int8_t x) {
#if defined(ZK_USES_AVX512) || defined(ZK_USES_AVX2)
    return (int32_t)(uint16_t)(int16_t)x;
#else
    return x;
#endif
}

/// One number of A twice as a 16-bit factor.
ZK_INLINE int32_t zk_widened16(int8_t x) { return (int32_t)((uint32_t)(uint16_t)(int16_t)x * 0x10001u); }

/// Numbers q of 16 rows of a panel.
ZK_INLINE zk_i32x16 zk_column(const int8_t *panel, ptrdiff_t q) {
    const zk_i32x16 quad = *(const zk_i32x16_at *)(panel + q / 4 * 64);
    return quad << (int32_t)(24 - 8 * (q & 3)) >> 24;
}

/// Numbers q of 16 rows of two panels, those of the second panel in the high halves.
ZK_INLINE zk_i16x32 zk_columns(const int8_t *low, const int8_t *high, ptrdiff_t q) {
    return (zk_i16x32)((zk_column(low, q) & 0xFFFF) | zk_column(high, q) << 16);
}

/// Widens rows of A from k = q0 to q1; rows beyond m are zeros.
ZK_INLINE void zk_widen(
    const zk_int8_chain *c, ptrdiff_t row, const int rows, ptrdiff_t q0, ptrdiff_t q1, const int narrow,
    int32_t wide[][ZK_SEGMENT]) {
    for (int i = 0; i < rows; i++) {
        if (row + i >= c->m) {
            memset(wide[i], 0, sizeof wide[i]);
            continue;
        }
        const int8_t *const a = c->a + (row + i) * c->a_stride + q0;
        for (ptrdiff_t q = 0; q < q1 - q0; q++) wide[i][q] = narrow ? zk_widened16(a[q]) : zk_widened32(a[q]);
    }
}

// MARK: Saturation

/// Limits of an accumulator.
ZK_INLINE int32_t zk_lowest(int32_t bits) { return (int32_t)(-((int64_t)1 << (bits - 1))); }
ZK_INLINE int32_t zk_highest(int32_t bits) { return (int32_t)(((int64_t)1 << (bits - 1)) - 1); }

/// x + y in an accumulator of fewer than 32 bits, or, if `full`, of 32.
ZK_INLINE zk_i32x16 zk_saturated32(zk_i32x16 x, zk_i32x16 y, zk_i32x16 low, zk_i32x16 high, const int full) {
    if (full) return __builtin_elementwise_add_sat(x, y);
    return __builtin_elementwise_max(__builtin_elementwise_min(x + y, high), low);
}

/// x + y in an accumulator of at most 16 bits. Products of int8 numbers lie in −16256…16384, so with 15 bits x + y fits 16.
ZK_INLINE zk_i16x32 zk_saturated16(zk_i16x32 x, zk_i16x32 y, zk_i16x32 low, zk_i16x32 high) {
    return __builtin_elementwise_max(__builtin_elementwise_min(__builtin_elementwise_add_sat(x, y), high), low);
}

/// One tile of 32-bit accumulators.
ZK_INLINE void zk_chain32(
    const zk_int8_chain *c, ptrdiff_t row, ptrdiff_t column, ptrdiff_t panel_bytes, const int full) {
    const zk_i32x16 low = zk_lowest(c->bits), high = zk_highest(c->bits);
    const int8_t *panels[ZK_CHAIN_PANELS];
    for (int j = 0; j < ZK_CHAIN_PANELS; j++) {
        // A panel that is not there is another one's double.
        const ptrdiff_t n = column + j * ZK_PANEL_ROWS < c->n ? column + j * ZK_PANEL_ROWS : column;
        panels[j] = c->b + n / ZK_PANEL_ROWS * panel_bytes;
    }
    _Alignas(64) int32_t wide[ZK_CHAIN_ROWS][ZK_SEGMENT];
    zk_i32x16 memory[ZK_CHAIN_ROWS][ZK_CHAIN_PANELS] = {0};
    zk_i32x16 sums[ZK_CHAIN_ROWS][ZK_CHAIN_PANELS] = {0};
    for (ptrdiff_t s = 0; s < c->k; s += ZK_SEGMENT) {
        const ptrdiff_t end = zk_least(s + ZK_SEGMENT, c->k);
        zk_widen(c, row, ZK_CHAIN_ROWS, s, end, 0, wide);
        for (ptrdiff_t first = s; first < end;) {
            const ptrdiff_t last = c->is_blocked ? zk_least(end, (first / c->block + 1) * c->block) : end;
            zk_i32x16 held[ZK_CHAIN_ROWS][ZK_CHAIN_PANELS];
#pragma clang loop unroll(full)
            for (int i = 0; i < ZK_CHAIN_ROWS; i++) {
#pragma clang loop unroll(full)
                for (int j = 0; j < ZK_CHAIN_PANELS; j++) held[i][j] = sums[i][j];
            }
            for (ptrdiff_t q = first; q < last; q++) {
                zk_i32x16 b[ZK_CHAIN_PANELS];
#pragma clang loop unroll(full)
                for (int j = 0; j < ZK_CHAIN_PANELS; j++) b[j] = zk_column(panels[j], q);
#pragma clang loop unroll(full)
                for (int i = 0; i < ZK_CHAIN_ROWS; i++) {
                    const zk_i32x16 a = wide[i][q - s];
#pragma clang loop unroll(full)
                    for (int j = 0; j < ZK_CHAIN_PANELS; j++) {
                        held[i][j] = zk_saturated32(held[i][j], zk_times(a, b[j]), low, high, full);
                    }
                }
            }
            const int ends = c->is_blocked && (last % c->block == 0 || last == c->k);
#pragma clang loop unroll(full)
            for (int i = 0; i < ZK_CHAIN_ROWS; i++) {
#pragma clang loop unroll(full)
                for (int j = 0; j < ZK_CHAIN_PANELS; j++) {
                    if (ends) memory[i][j] = zk_saturated32(memory[i][j], held[i][j], low, high, full);
                    sums[i][j] = ends ? (zk_i32x16)0 : held[i][j];
                }
            }
            first = last;
        }
    }
    for (int i = 0; i < ZK_CHAIN_ROWS && row + i < c->m; i++) {
        for (int j = 0; j < ZK_CHAIN_PANELS; j++) {
            const zk_i32x16 result = c->is_blocked ? memory[i][j] : sums[i][j];
            const ptrdiff_t n = column + j * ZK_PANEL_ROWS, columns = zk_least(c->n - n, ZK_PANEL_ROWS);
            if (columns > 0) memcpy(c->sums + (row + i) * c->out_stride + n, &result, (size_t)columns * sizeof(int32_t));
        }
    }
}

/// One tile of 16-bit accumulators against two panels.
ZK_INLINE void zk_chain16(const zk_int8_chain *c, ptrdiff_t row, ptrdiff_t column, ptrdiff_t panel_bytes) {
    const zk_i16x32 low = (int16_t)zk_lowest(c->bits), high = (int16_t)zk_highest(c->bits);
    const int8_t *const panel = c->b + column / ZK_PANEL_ROWS * panel_bytes;
    const int8_t *const other = column + ZK_PANEL_ROWS < c->n ? panel + panel_bytes : panel;
    _Alignas(64) int32_t wide[ZK_CHAIN_ROWS][ZK_SEGMENT];
    zk_i16x32 memory[ZK_CHAIN_ROWS] = {0};
    zk_i16x32 sums[ZK_CHAIN_ROWS] = {0};
    for (ptrdiff_t s = 0; s < c->k; s += ZK_SEGMENT) {
        const ptrdiff_t end = zk_least(s + ZK_SEGMENT, c->k);
        zk_widen(c, row, ZK_CHAIN_ROWS, s, end, 1, wide);
        for (ptrdiff_t first = s; first < end;) {
            const ptrdiff_t last = c->is_blocked ? zk_least(end, (first / c->block + 1) * c->block) : end;
            zk_i16x32 held[ZK_CHAIN_ROWS];
#pragma clang loop unroll(full)
            for (int i = 0; i < ZK_CHAIN_ROWS; i++) held[i] = sums[i];
            for (ptrdiff_t q = first; q < last; q++) {
                const zk_i16x32 b = zk_columns(panel, other, q);
#pragma clang loop unroll(full)
                for (int i = 0; i < ZK_CHAIN_ROWS; i++) {
                    const zk_i16x32 a = (zk_i16x32)(zk_i32x16)wide[i][q - s];
                    held[i] = zk_saturated16(held[i], a * b, low, high);
                }
            }
            const int ends = c->is_blocked && (last % c->block == 0 || last == c->k);
#pragma clang loop unroll(full)
            for (int i = 0; i < ZK_CHAIN_ROWS; i++) {
                if (ends) memory[i] = zk_saturated16(memory[i], held[i], low, high);
                sums[i] = ends ? (zk_i16x32)0 : held[i];
            }
            first = last;
        }
    }
    for (int i = 0; i < ZK_CHAIN_ROWS && row + i < c->m; i++) {
        const zk_i32x16 result = (zk_i32x16)(c->is_blocked ? memory[i] : sums[i]);
        const zk_i32x16 halves[2] = {result << 16 >> 16, result >> 16};
        for (int j = 0; j < 2; j++) {
            const ptrdiff_t n = column + j * ZK_PANEL_ROWS, columns = zk_least(c->n - n, ZK_PANEL_ROWS);
            if (columns > 0) memcpy(c->sums + (row + i) * c->out_stride + n, &halves[j], (size_t)columns * sizeof(int32_t));
        }
    }
}

void ZK_NAME(zk_chain_int8)(const zk_int8_chain *c) {
    const ptrdiff_t panel_bytes = zk_int8_panel_bytes(c->k);
    const ptrdiff_t step = c->bits <= 16 ? 2 * ZK_PANEL_ROWS : ZK_CHAIN_PANELS * ZK_PANEL_ROWS;
    for (ptrdiff_t n = 0; n < c->n; n += step) {
        for (ptrdiff_t row = 0; row < c->m; row += ZK_CHAIN_ROWS) {
            if (c->bits <= 16) {
                zk_chain16(c, row, n, panel_bytes);
            } else if (c->bits < 32) {
                zk_chain32(c, row, n, panel_bytes, 0);
            } else {
                zk_chain32(c, row, n, panel_bytes, 1);
            }
        }
    }
}

// MARK: Statistics

/// What is counted on the way, lane by lane.
typedef struct zk_counts {
    zk_i64x16 overflows, least, greatest;
} zk_counts;

/// Registers of an accumulator of `bits` bits.
typedef struct zk_register {
    zk_i32x16 low, high;
    int32_t shift;  // 32 − bits
    int32_t saturates;
} zk_register;

/// x + y in an accumulator; lanes of *overflowed that do not fit become −1.
ZK_INLINE zk_i32x16 zk_accumulated(zk_i32x16 x, zk_i32x16 y, const zk_register *r, zk_i32x16 *overflowed) {
    const zk_i32x16 sum = (zk_i32x16)((zk_u32x16)x + (zk_u32x16)y);
    const zk_i32x16 limited =
        __builtin_elementwise_max(__builtin_elementwise_min(__builtin_elementwise_add_sat(x, y), r->high), r->low);
    *overflowed = limited != sum;
    if (r->saturates) return limited;
    return (zk_i32x16)((zk_u32x16)sum << (uint32_t)r->shift) >> r->shift;
}

/// Ends a block of one vector of sums: adds them into the memory.
ZK_INLINE void zk_end_block(
    zk_i32x16 *memory, zk_i64x16 *memory_exact, zk_i32x16 held, zk_i64x16 exact, const zk_register *r, zk_counts *counts) {
    zk_i32x16 overflowed;
    *memory = zk_accumulated(*memory, held, r, &overflowed);
    *memory_exact += exact;
    counts->overflows -= __builtin_convertvector(overflowed, zk_i64x16);
    counts->least = __builtin_elementwise_min(counts->least, *memory_exact);
    counts->greatest = __builtin_elementwise_max(counts->greatest, *memory_exact);
}

/// One tile of rows against one panel. With `easy`, bits are fewer than 32: no addition leaves int32.
ZK_INLINE void zk_count_tile(
    const zk_int8_chain *c, ptrdiff_t row, const int8_t *panel, const zk_register *r, const int easy, const int saturates,
    zk_counts *counts) {
    enum { ROWS = ZK_COUNTED_ROWS };
    _Alignas(64) int32_t wide[ROWS][ZK_SEGMENT];
    zk_i32x16 memory[ROWS] = {0}, sums[ROWS] = {0};
    zk_i64x16 memory_exact[ROWS] = {0}, exact[ROWS] = {0};
    for (ptrdiff_t s = 0; s < c->k; s += ZK_SEGMENT) {
        const ptrdiff_t end = zk_least(s + ZK_SEGMENT, c->k);
        zk_widen(c, row, ROWS, s, end, 0, wide);
        for (ptrdiff_t first = s; first < end;) {
            const ptrdiff_t last = c->is_blocked ? zk_least(end, (first / c->block + 1) * c->block) : end;
            // Beside what each register holds goes what it would have gained since `first` if it had no end: below 256 · 2¹⁴.
            zk_i32x16 held[ROWS], gained[ROWS], least[ROWS], greatest[ROWS], overflows = 0;
#pragma clang loop unroll(full)
            for (int i = 0; i < ROWS; i++) {
                held[i] = sums[i];
                gained[i] = 0;
                least[i] = INT32_MAX;
                greatest[i] = INT32_MIN;
            }
            for (ptrdiff_t q = first; q < last; q++) {
                const zk_i32x16 b = zk_column(panel, q);
#pragma clang loop unroll(full)
                for (int i = 0; i < ROWS; i++) {
                    const zk_i32x16 product = zk_times((zk_i32x16)wide[i][q - s], b);
                    gained[i] += product;
                    least[i] = __builtin_elementwise_min(least[i], gained[i]);
                    greatest[i] = __builtin_elementwise_max(greatest[i], gained[i]);
                    zk_i32x16 overflowed;
                    if (easy && saturates) {
                        const zk_i32x16 sum = held[i] + product;
                        held[i] = __builtin_elementwise_max(__builtin_elementwise_min(sum, r->high), r->low);
                        overflowed = held[i] != sum;
                    } else if (easy) {
                        const zk_i32x16 sum = held[i] + product;
                        held[i] = (zk_i32x16)((zk_u32x16)sum << (uint32_t)r->shift) >> r->shift;
                        overflowed = held[i] != sum;
                    } else {
                        held[i] = zk_accumulated(held[i], product, r, &overflowed);
                    }
                    overflows -= overflowed;
                }
            }
            counts->overflows += __builtin_convertvector(overflows, zk_i64x16);
            const int ends = c->is_blocked && (last % c->block == 0 || last == c->k);
#pragma clang loop unroll(full)
            for (int i = 0; i < ROWS; i++) {
                const zk_i64x16 low = exact[i] + __builtin_convertvector(least[i], zk_i64x16);
                const zk_i64x16 high = exact[i] + __builtin_convertvector(greatest[i], zk_i64x16);
                counts->least = __builtin_elementwise_min(counts->least, low);
                counts->greatest = __builtin_elementwise_max(counts->greatest, high);
                exact[i] += __builtin_convertvector(gained[i], zk_i64x16);
                sums[i] = held[i];
                if (!ends) continue;
                zk_end_block(&memory[i], &memory_exact[i], sums[i], exact[i], r, counts);
                sums[i] = 0;
                exact[i] = 0;
            }
            first = last;
        }
    }
}

zk_chain_statistics ZK_NAME(zk_chain_int8_statistics)(const zk_int8_chain *c) {
    const ptrdiff_t panel_bytes = zk_int8_panel_bytes(c->k);
    const zk_register r = {zk_lowest(c->bits), zk_highest(c->bits), 32 - c->bits, c->saturates};
    zk_counts counts = {0, 0, 0};
    for (ptrdiff_t n = 0; n < c->n; n += ZK_PANEL_ROWS) {
        const int8_t *const panel = c->b + n / ZK_PANEL_ROWS * panel_bytes;
        for (ptrdiff_t row = 0; row < c->m; row += ZK_COUNTED_ROWS) {
            if (c->bits == 32) {
                zk_count_tile(c, row, panel, &r, 0, c->saturates, &counts);
            } else if (c->saturates) {
                zk_count_tile(c, row, panel, &r, 1, 1, &counts);
            } else {
                zk_count_tile(c, row, panel, &r, 1, 0, &counts);
            }
        }
    }
    zk_chain_statistics result = {0, 0, 0};
    for (int i = 0; i < 16; i++) {
        result.overflows += counts.overflows[i];
        if (counts.least[i] < result.least) result.least = counts.least[i];
        if (counts.greatest[i] > result.greatest) result.greatest = counts.greatest[i];
    }
    return result;
}

// MARK: Around the products

void ZK_NAME(zk_narrow_sums)(int32_t *sums, ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t columns, int32_t bits) {
    const int32_t shift = 32 - bits;
    for (ptrdiff_t i = 0; i < rows; i++) {
        int32_t *const row = sums + i * stride;
        for (ptrdiff_t j = 0; j < columns; j++) row[j] = (int32_t)((uint32_t)row[j] << shift) >> shift;
    }
}

void ZK_NAME(zk_unpack_int4)(int32_t storage, const uint8_t *codes, ptrdiff_t count, int8_t *numbers) {
    if (storage == ZK_STORAGE_INT4) {
        for (ptrdiff_t i = 0; i < count; i++) numbers[i] = (int8_t)(((codes[i] & 15) ^ 8) - 8);
        return;
    }
    for (ptrdiff_t i = 0; i < count / 2; i++) {
        numbers[2 * i] = (int8_t)(((codes[i] & 15) ^ 8) - 8);
        numbers[2 * i + 1] = (int8_t)(((codes[i] >> 4) ^ 8) - 8);
    }
    if (count % 2) numbers[count - 1] = (int8_t)(((codes[count / 2] & 15) ^ 8) - 8);
}

ZK_INLINE float zk_canonical_value(float x) {
    const uint32_t bits = 0x7FC00000;
    float nan;
    memcpy(&nan, &bits, sizeof nan);
    return x == x ? x : nan;
}

void ZK_NAME(zk_requantize)(const float *values, ptrdiff_t count, float factor, int8_t *codes) {
    // Adding and subtracting 1.5 · 2²³ rounds to an integer, ties to even, where magnitudes are below 2²²; limiting first changes nothing.
    const float place = 0x1.8p23f;
    for (ptrdiff_t i = 0; i < count; i++) {
        float x = values[i] * factor;
        x = x == x ? x : 0.0f;
        x = x > 127.0f ? 127.0f : x;
        x = x < -127.0f ? -127.0f : x;
        const float shifted = x + place;
        codes[i] = (int8_t)(int32_t)(shifted - place);
    }
}

void ZK_NAME(zk_add_scaled)(
    const int32_t *restrict sums, ptrdiff_t rows, ptrdiff_t columns, const float *restrict scales, int32_t adds,
    float *restrict total, ptrdiff_t stride) {
    for (ptrdiff_t i = 0; i < rows; i++) {
        const int32_t *const from = sums + i * columns;
        float *const to = total + i * stride;
        if (adds) {
            for (ptrdiff_t j = 0; j < columns; j++) to[j] = to[j] + (float)from[j] * scales[j];
        } else {
            for (ptrdiff_t j = 0; j < columns; j++) to[j] = (float)from[j] * scales[j];
        }
    }
}

void ZK_NAME(zk_finish_scaled)(
    float *restrict values, ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t columns, const float *restrict row_scales,
    const float *restrict bias) {
    for (ptrdiff_t i = 0; i < rows; i++) {
        const float scale = row_scales[i];
        float *const to = values + i * stride;
        if (bias) {
            for (ptrdiff_t j = 0; j < columns; j++) to[j] = zk_canonical_value(to[j] * scale + bias[j]);
        } else {
            for (ptrdiff_t j = 0; j < columns; j++) to[j] = zk_canonical_value(to[j] * scale);
        }
    }
}
