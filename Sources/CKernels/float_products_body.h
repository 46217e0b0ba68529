/// The kernels of floating-point products, once for all levels: each level's file includes this one.
///
/// That file defines ZK_NAME(name) and how many rows of a tile stay in registers: ZK_SEQUENTIAL_ROWS, ZK_SEQUENTIAL_PANELS, ZK_GROUPED_ROWS, ZK_WIDE_ROWS and,
/// unless the level leaves aligned sums to plain C, ZK_ALIGNED_ROWS and ZK_ALIGNED_WIDE_ROWS; and ZK_USES_AVX512, ZK_USES_FMA where it has these. Clang cuts sixteen
/// lanes into what the level's registers hold.
#pragma clang diagnostic ignored "-Wpsabi"  // vectors are passed between inlined functions only

typedef float zk_f32x16 __attribute__((ext_vector_type(16)));
typedef double zk_f64x16 __attribute__((ext_vector_type(16)));
typedef int32_t zk_i32x16 __attribute__((ext_vector_type(16)));
typedef uint32_t zk_u32x16 __attribute__((ext_vector_type(16)));
typedef uint16_t zk_u16x16 __attribute__((ext_vector_type(16)));
typedef uint16_t zk_u16x32 __attribute__((ext_vector_type(32)));
typedef int64_t zk_i64x16 __attribute__((ext_vector_type(16)));
typedef uint64_t zk_u64x16 __attribute__((ext_vector_type(16)));
typedef zk_f32x16 zk_f32x16_at __attribute__((aligned(4), may_alias));
typedef zk_f64x16 zk_f64x16_at __attribute__((aligned(8), may_alias));
typedef zk_i32x16 zk_i32x16_at __attribute__((aligned(4), may_alias));
typedef zk_i64x16 zk_i64x16_at __attribute__((aligned(8), may_alias));
typedef zk_u16x16 zk_u16x16_at __attribute__((aligned(2), may_alias));

#define ZK_LOAD(p) (*(const zk_f32x16_at *)(p))
#define ZK_STORE(p, v) (*(zk_f32x16_at *)(p) = (v))
#define ZK_DOUBLES(v) __builtin_convertvector(v, zk_f64x16)
#define ZK_FLOATS(v) __builtin_convertvector(v, zk_f32x16)
#define ZK_FULLY _Pragma("clang loop unroll(full)")

/// `rows` rows from `row` on of a tile with the kernel KERNEL(tile, row, count), MOST rows at a time and the rest FEW at a time. A block's rows beyond those of
/// the tile are zeros, and their sums are dropped.
#define ZK_OVER_ROWS(KERNEL, MOST, FEW) \
    for (ptrdiff_t row = 0; row < tile->rows;) { \
        if (2 * (tile->rows - row) > (MOST) && row + (MOST) <= ZK_BLOCK_ROWS) { \
            KERNEL(tile, row, MOST); \
            row += MOST; \
        } else { \
            KERNEL(tile, row, FEW); \
            row += FEW; \
        } \
    }

// MARK: Codes

ZK_INLINE zk_u32x16 zk_smaller_of(zk_u32x16 x, zk_u32x16 y) { return __builtin_elementwise_min(x, y); }
ZK_INLINE zk_u32x16 zk_larger_of(zk_u32x16 x, zk_u32x16 y) { return __builtin_elementwise_max(x, y); }

/// Binary16 as FP32 codes, exactly.
ZK_INLINE zk_u32x16 zk_from_binary16(zk_u16x16 codes) {
    const zk_u32x16 wide = __builtin_convertvector(codes, zk_u32x16);
    const zk_u32x16 magnitude = wide & 0x7FFF;
    // The fields moved to FP32's places mean the number times 2^−112; subnormal numbers are worked out as integers, times 2^−24.
    const zk_u32x16 normal = (magnitude << 13) + (112u << 23);
    const zk_u32x16 special = magnitude << 13 | 0x7F800000;
    const zk_f32x16 small = __builtin_convertvector((zk_i32x16)magnitude, zk_f32x16) * 0x1p-24f;
    const zk_u32x16 finite = magnitude < 0x400 ? (zk_u32x16)small : normal;
    return (magnitude >= 0x7C00 ? special : finite) | (wide & 0x8000) << 16;
}

/// Sixteen codes of two bytes.
ZK_INLINE zk_u32x16 zk_decode16(zk_u16x16 codes, const int is_binary16) {
    return is_binary16 ? zk_from_binary16(codes) : __builtin_convertvector(codes, zk_u32x16) << 16;
}

/// Codes of two bytes.
ZK_INLINE void zk_decode_halves(
    const uint16_t *codes, ptrdiff_t count, float *out, zk_float_range *range, const int is_binary16) {
    zk_u32x16 smallest = range->smallest, largest = range->largest, special = 0;
    for (ptrdiff_t i = 0; i < count; i += 16) {
        // What lies behind the last code is a code of a zero.
        zk_u16x16 staged = 0;
        const ptrdiff_t left = count - i;
        if (left >= 16) {
            staged = *(const zk_u16x16_at *)(codes + i);
        } else {
            memcpy(&staged, codes + i, (size_t)left * sizeof(uint16_t));
        }
        const zk_u32x16 values = zk_decode16(staged, is_binary16);
        if (left >= 16) {
            *(zk_f32x16_at *)(out + i) = (zk_f32x16)values;
        } else {
            memcpy(out + i, &values, (size_t)left * sizeof(float));
        }
        const zk_u32x16 magnitude = values & 0x7FFFFFFF;
        const zk_u32x16 finite = magnitude < 0x7F800000 ? magnitude : 0;
        special |= magnitude ^ finite;
        // A zero's code minus 1 is the largest.
        smallest = zk_smaller_of(smallest, finite - 1);
        largest = zk_larger_of(largest, finite);
    }
    range->smallest = __builtin_reduce_min(smallest);
    range->largest = __builtin_reduce_max(largest);
    range->special |= __builtin_reduce_or(special) != 0;
}

/// What a range is made from: magnitudes without their lower halves, which are zeros.
typedef struct ZK_NAME(zk_halves_range) {
    zk_u16x32 smallest, largest, special;
} ZK_NAME(zk_halves_range);

/// `left` codes of one byte, or 32 if there are more.
ZK_INLINE void zk_decode_bytes_step(
#if ZK_USES_AVX512
    const __m512i *entries,
#else
    const uint16_t *table,
#endif
    const uint8_t *codes, ptrdiff_t left, float *out, ZK_NAME(zk_halves_range) *range) {
    zk_u16x32 values;
#if ZK_USES_AVX512
    // What lies behind the last code is a code of a zero.
    const __mmask32 mask = left >= 32 ? ~(__mmask32)0 : ((__mmask32)1 << left) - 1;
    const __m512i index = _mm512_cvtepu8_epi16(_mm256_maskz_loadu_epi8(mask, codes));
    const __mmask32 bit6 = _mm512_test_epi16_mask(index, _mm512_set1_epi16(64));
    const __mmask32 bit7 = _mm512_test_epi16_mask(index, _mm512_set1_epi16(128));
    __m512i quarters[4];
    ZK_FULLY
    for (int q = 0; q < 4; q++) quarters[q] = _mm512_permutex2var_epi16(entries[2 * q], index, entries[2 * q + 1]);
    const __m512i lower = _mm512_mask_mov_epi16(quarters[0], bit6, quarters[1]);
    const __m512i upper = _mm512_mask_mov_epi16(quarters[2], bit6, quarters[3]);
    values = (zk_u16x32)_mm512_mask_mov_epi16(lower, bit7, upper);
#else
    values = 0;
    const ptrdiff_t here = left < 32 ? left : 32;
    for (ptrdiff_t j = 0; j < here; j++) values[j] = table[codes[j]];
#endif
    const zk_u32x16 first = __builtin_convertvector(values.lo, zk_u32x16) << 16;
    const zk_u32x16 second = __builtin_convertvector(values.hi, zk_u32x16) << 16;
    if (left >= 32) {
        ZK_STORE(out, (zk_f32x16)first);
        ZK_STORE(out + 16, (zk_f32x16)second);
    } else {
        const zk_u32x16 both[2] = {first, second};
        memcpy(out, both, (size_t)left * sizeof(float));
    }
    const zk_u16x32 magnitude = values & 0x7FFF;
    const zk_u16x32 finite = magnitude < 0x7F80 ? magnitude : 0;
    range->special |= magnitude ^ finite;
    // A zero's code minus 1 is the largest.
    range->smallest = __builtin_elementwise_min(range->smallest, (zk_u16x32)(finite - 1));
    range->largest = __builtin_elementwise_max(range->largest, finite);
}

/// Codes of one byte, through their table.
ZK_INLINE void zk_decode_bytes(
    const uint8_t *codes, const uint16_t *table, ptrdiff_t count, float *out, zk_float_range *range) {
    ZK_NAME(zk_halves_range) halves = {0xFFFF, 0, 0};
#if ZK_USES_AVX512
    // The table's 256 entries in eight registers of 32: four look-ups, of which bits 6 and 7 of the code choose one.
    __m512i entries[8];
    ZK_FULLY
    for (int i = 0; i < 8; i++) entries[i] = _mm512_loadu_si512(table + 32 * i);
#else
    const uint16_t *const entries = table;
#endif
    ptrdiff_t i = 0;
    for (; i + 32 <= count; i += 32) zk_decode_bytes_step(entries, codes + i, 32, out + i, &halves);
    if (i < count) zk_decode_bytes_step(entries, codes + i, count - i, out + i, &halves);
    const uint32_t least = (uint32_t)(__builtin_reduce_min(halves.smallest) + 1) << 16;
    const uint32_t most = (uint32_t)__builtin_reduce_max(halves.largest) << 16;
    if (most != 0 && least - 1 < range->smallest) range->smallest = least - 1;
    if (most > range->largest) range->largest = most;
    range->special |= __builtin_reduce_or(halves.special) != 0;
}

static void decode(
    const zk_float_operand *operand, ptrdiff_t first, ptrdiff_t count, float *out, zk_float_range *range) {
    switch (operand->kind) {
    case ZK_CODES_BF16: zk_decode_halves((const uint16_t *)operand->codes + first, count, out, range, 0); break;
    case ZK_CODES_FP16: zk_decode_halves((const uint16_t *)operand->codes + first, count, out, range, 1); break;
    default: zk_decode_bytes((const uint8_t *)operand->codes + first, operand->table, count, out, range);
    }
}

/// The exponents of sixteen numbers' fields, ZK_NO_EXPONENT for zeros, infinities and NaNs.
ZK_INLINE zk_i32x16 zk_field_exponents(zk_f32x16 values, int32_t minimum) {
    const zk_i32x16 magnitude = (zk_i32x16)values & 0x7FFFFFFF;
    const zk_i32x16 field = __builtin_elementwise_max((magnitude >> 23) - 127, (zk_i32x16)minimum);
    // One comparison for both ends: minus 1, unsigned.
    return (zk_u32x16)magnitude - 1 < 0x7F7FFFFF ? field : (zk_i32x16)ZK_NO_EXPONENT;
}

static void widen(const float *values, ptrdiff_t count, double *out) {
    for (ptrdiff_t i = 0; i < count; i += 16) *(zk_f64x16_at *)(out + i) = ZK_DOUBLES(ZK_LOAD(values + i));
}

static void exponents(const float *values, ptrdiff_t count, int32_t minimum_exponent, int32_t *out) {
    for (ptrdiff_t i = 0; i < count; i += 16) {
        *(zk_i32x16_at *)(out + i) = zk_field_exponents(ZK_LOAD(values + i), minimum_exponent);
    }
}

/// Numbers in units of 1/scale as integers; what are no numbers become 0.
ZK_INLINE zk_i64x16 zk_integers(zk_f64x16 values, double scale) {
    return __builtin_convertvector((values - values) == 0 ? values * scale : (zk_f64x16)0, zk_i64x16);
}

static void integers(const double *values, ptrdiff_t count, double scale, int64_t *out) {
    for (ptrdiff_t i = 0; i < count; i += 16) {
        *(zk_i64x16_at *)(out + i) = zk_integers(*(const zk_f64x16_at *)(values + i), scale);
    }
}

/// sums += more, one addition each.
static void add(float *sums, const float *more, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i += 16) ZK_STORE(sums + i, ZK_LOAD(sums + i) + ZK_LOAD(more + i));
}

/// Writes `rows` × `columns` sums to C, whose rows are `stride` apart.
static void store(const float *sums, ptrdiff_t rows, ptrdiff_t columns, float *c, ptrdiff_t stride) {
    for (ptrdiff_t i = 0; i < rows; i++) {
        for (ptrdiff_t j = 0; j < columns; j += 16) {
            const zk_f32x16 sum = ZK_LOAD(sums + i * ZK_TILE_COLUMNS + j);
            const zk_u32x16 canonical = sum == sum ? (zk_u32x16)sum : (zk_u32x16)ZK_CANONICAL_NAN;
            float *const to = c + i * stride + j;
            if (columns - j >= 16) {
                ZK_STORE(to, (zk_f32x16)canonical);
            } else {
                memcpy(to, &canonical, (size_t)(columns - j) * sizeof(float));
            }
        }
    }
}

// MARK: Sequential

/// FP32's nearest number to x + y, ties to even, rounded once: x + y is rounded to odd in FP64, which has more than two bits more than FP32 (S. Boldo, G. Melquiond,
/// "Emulation of a FMA and correctly rounded sums: proved algorithms using rounding to odd", IEEE Trans. Computers 57(4), 2008).
ZK_INLINE zk_f32x16 zk_rounded_once(zk_f64x16 x, zk_f64x16 y) {
    const zk_f64x16 sum = x + y;
    // Knuth's exact error of the sum. An infinite or undefined sum has an undefined one, which compares false.
    const zk_f64x16 y_part = sum - x;
    const zk_f64x16 error = (x - (sum - y_part)) + (y - y_part);
    const zk_i64x16 bits = (zk_i64x16)sum;
    const zk_i64x16 is_inexact = (error > 0) | (error < 0);
    const zk_i64x16 is_even = (bits & 1) - 1;
    // Towards the error: away from zero where it has the sum's sign.
    const zk_i64x16 step = (((zk_i64x16)error ^ bits) >> 63) | 1;
    return ZK_FLOATS((zk_f64x16)(bits + (step & is_inexact & is_even)));
}

/// fl(c + a · b). `is_rounded`: FP32 may not hold a · b.
ZK_INLINE zk_f32x16 zk_multiply_add(zk_f32x16 a, zk_f32x16 b, zk_f32x16 c, const int is_rounded) {
#if ZK_USES_FMA
    (void)is_rounded;
    return __builtin_elementwise_fma(a, b, c);
#else
    if (!is_rounded) return c + a * b;
    return zk_rounded_once(ZK_DOUBLES(c), ZK_DOUBLES(a) * ZK_DOUBLES(b));
#endif
}

ZK_INLINE void zk_sequential_rows(
    const zk_float_tile *tile, ptrdiff_t row, const int rows, const int panels, const int is_rounded) {
    zk_f32x16 sums[ZK_SEQUENTIAL_ROWS][ZK_SEQUENTIAL_PANELS];
    float *const c = tile->sums + row * ZK_TILE_COLUMNS;
    ZK_FULLY
    for (int i = 0; i < rows; i++) {
        ZK_FULLY
        for (int j = 0; j < panels; j++) sums[i][j] = 0;
    }
    const float *a = tile->a32 + row, *b = tile->b;
    const ptrdiff_t second = tile->second_panel;
    for (ptrdiff_t k = 0; k < tile->k; k++, a += ZK_A_STRIDE, b += ZK_PANEL_ROWS) {
        const zk_f32x16 b0 = ZK_LOAD(b);
        const zk_f32x16 b1 = panels > 1 ? ZK_LOAD(b + second) : b0;
        ZK_FULLY
        for (int i = 0; i < rows; i++) {
            const zk_f32x16 x = a[i];
            sums[i][0] = zk_multiply_add(x, b0, sums[i][0], is_rounded);
            if (panels > 1) sums[i][panels - 1] = zk_multiply_add(x, b1, sums[i][panels - 1], is_rounded);
        }
    }
    ZK_FULLY
    for (int i = 0; i < rows; i++) {
        ZK_FULLY
        for (int j = 0; j < panels; j++) ZK_STORE(c + i * ZK_TILE_COLUMNS + 16 * j, sums[i][j]);
    }
}

ZK_INLINE void zk_sequential_tile(const zk_float_tile *tile, const int is_rounded) {
#define ONE(TILE, ROW, COUNT) zk_sequential_rows(TILE, ROW, COUNT, 1, is_rounded)
#define TWO(TILE, ROW, COUNT) zk_sequential_rows(TILE, ROW, COUNT, 2, is_rounded)
#if ZK_SEQUENTIAL_PANELS == 2
    if (tile->panels == 2) {
        ZK_OVER_ROWS(TWO, ZK_SEQUENTIAL_ROWS, 2)
        return;
    }
#endif
    zk_float_tile half = *tile;
    const zk_float_tile *const whole = tile;
    for (ptrdiff_t j = 0; j < whole->panels; j++) {
        half.b = whole->b + j * whole->second_panel;
        half.sums = whole->sums + j * ZK_PANEL_ROWS;
        tile = &half;
        ZK_OVER_ROWS(ONE, ZK_SEQUENTIAL_ROWS, 1)
    }
#undef ONE
#undef TWO
}

static void sequential(const zk_float_tile *tile) { zk_sequential_tile(tile, 0); }
static void sequential_rounded(const zk_float_tile *tile) { zk_sequential_tile(tile, 1); }

// MARK: Grouped

ZK_INLINE zk_f64x16 zk_multiply_add64(zk_f64x16 a, zk_f64x16 b, zk_f64x16 c) {
#if ZK_USES_FMA
    return __builtin_elementwise_fma(a, b, c);
#else
    // The same: a · b has 16 to 22 significant bits.
    return c + a * b;
#endif
}

/// A sum rounded to FP32's 24 bits.
///
/// Where FP32 neither overflows nor has subnormal numbers that are not exact, M = 1.5 · 2^(e + 29) for a sum of exponent e does it: sum + M has the last place 2^(e − 23)
/// and rounds to it, to nearest, ties to even since M is an even multiple; and the difference is exact. A zero is +0 and stays it.
ZK_INLINE zk_f64x16 zk_rounded_to_float(zk_f64x16 sum, const int may_be_infinite) {
    if (may_be_infinite) return ZK_DOUBLES(ZK_FLOATS(sum));
    const zk_i64x16 exponent = (zk_i64x16)sum & (int64_t)0x7FF0000000000000;
    const zk_f64x16 rounder = (zk_f64x16)(exponent + (((int64_t)29 << 52) + ((int64_t)1 << 51)));
    return (sum + rounder) - rounder;
}

/// Groups whose sums, with c, FP64 holds exactly, so that the rounding at a group's end is the only one. `fixed_group` is the group where it is known, or 0.
ZK_INLINE void zk_grouped_rows(
    const zk_float_tile *tile, ptrdiff_t row, const int rows, const int fixed_group, const int may_be_infinite) {
    zk_f64x16 sums[ZK_GROUPED_ROWS];
    float *const c = tile->sums + row * ZK_TILE_COLUMNS;
    ZK_FULLY
    for (int i = 0; i < rows; i++) sums[i] = 0;
    const double *a = tile->a64 + row;
    const float *b = tile->b;
#define STEP() \
    { \
        const zk_f64x16 y = ZK_DOUBLES(ZK_LOAD(b)); \
        ZK_FULLY \
        for (int i = 0; i < rows; i++) sums[i] = zk_multiply_add64((zk_f64x16)(a[i]), y, sums[i]); \
        a += ZK_A_STRIDE; \
        b += ZK_PANEL_ROWS; \
    }
#define ROUND() \
    ZK_FULLY \
    for (int i = 0; i < rows; i++) sums[i] = zk_rounded_to_float(sums[i], may_be_infinite);
    ptrdiff_t left = tile->k;
    if (fixed_group > 0) {
        for (; left >= fixed_group; left -= fixed_group) {
            ZK_FULLY
            for (int k = 0; k < fixed_group; k++) STEP()
            ROUND()
        }
    }
    while (left > 0) {
        const ptrdiff_t count = tile->group < left ? tile->group : left;
        for (ptrdiff_t k = 0; k < count; k++) STEP()
        ROUND()
        left -= count;
    }
#undef STEP
#undef ROUND
    ZK_FULLY
    for (int i = 0; i < rows; i++) ZK_STORE(c + i * ZK_TILE_COLUMNS, ZK_FLOATS(sums[i]));
}

static void grouped(const zk_float_tile *tile) {
#define FOUR(TILE, ROW, COUNT) zk_grouped_rows(TILE, ROW, COUNT, 4, 0)
#define FINITE(TILE, ROW, COUNT) zk_grouped_rows(TILE, ROW, COUNT, 0, 0)
#define ANY(TILE, ROW, COUNT) zk_grouped_rows(TILE, ROW, COUNT, 0, 1)
    if (tile->may_be_infinite) {
        ZK_OVER_ROWS(ANY, ZK_GROUPED_ROWS, 1)
    } else if (tile->group == 4) {
        ZK_OVER_ROWS(FOUR, ZK_GROUPED_ROWS, 1)
    } else {
        ZK_OVER_ROWS(FINITE, ZK_GROUPED_ROWS, 1)
    }
#undef FOUR
#undef FINITE
#undef ANY
}

// MARK: Grouped, wide
//
// With every a a multiple of 2^a_unit and every b of 2^b_unit, everything here is a multiple of u = 2^(a_unit + b_unit): products; sums; c, which is a sum rounded
// to 24 bits (u ≥ 2^−149, so a sum below 2^24·u is not rounded at all); and sums rounded in FP64, for the same reason. A sum S is kept twice: modulo 2^64 in units of u,
// as an int64 that wraps, and approximately, f in FP64. Then S − f is the difference of the two modulo 2^64, since it is far smaller than 2^63:
// the caller sees to |S| < 2^105·u less ZK_WIDE_STEP·2 roundings, so |S − f| ≤ 2^52·u, which FP64 holds. S = f + (S − f) is rounded once.

/// A multiple of u, divided by it, modulo 2^64. `scale` is 1/u. Infinities and NaNs give 0.
ZK_INLINE zk_u64x16 zk_wrapped(zk_f64x16 value, double scale) {
    const zk_f64x16 units = (value - value) == 0 ? value * scale : (zk_f64x16)0;
    // |units| < 2^106: the upper part is below 2^58, the lower one below 2^48, and both are exact.
    const zk_i64x16 upper = __builtin_convertvector(units * 0x1p-48, zk_i64x16);
    const zk_f64x16 lower = units - ZK_DOUBLES(upper) * 0x1p48;
    return ((zk_u64x16)upper << 48) + (zk_u64x16)__builtin_convertvector(lower, zk_i64x16);
}

/// S − f.
ZK_INLINE zk_f64x16 zk_remainder(zk_f64x16 f, zk_u64x16 wrapped, double scale, double unit) {
    return ZK_DOUBLES((zk_i64x16)(wrapped - zk_wrapped(f, scale))) * unit;
}

ZK_INLINE void zk_wide_rows(const zk_float_tile *tile, ptrdiff_t row, const int rows) {
    const double unit = zk_power_of_two(tile->a_unit + tile->b_unit);
    const double scale = zk_power_of_two(-tile->a_unit - tile->b_unit);
    const double b_scale = zk_power_of_two(-tile->b_unit);
    zk_f64x16 sums[ZK_WIDE_ROWS];
    zk_u64x16 wrapped[ZK_WIDE_ROWS];
    float *const c = tile->sums + row * ZK_TILE_COLUMNS;
    ZK_FULLY
    for (int i = 0; i < rows; i++) sums[i] = 0;
    const double *a = tile->a64 + row;
    const int64_t *a_integer = tile->a_integer + row;
    const float *b = tile->b;
    for (ptrdiff_t left = tile->k; left > 0;) {
        ptrdiff_t in_group = tile->group < left ? tile->group : left;
        left -= in_group;
        ZK_FULLY
        for (int i = 0; i < rows; i++) wrapped[i] = zk_wrapped(sums[i], scale);
        while (in_group > 0) {
            const ptrdiff_t count = in_group < ZK_WIDE_STEP ? in_group : ZK_WIDE_STEP;
            for (ptrdiff_t k = 0; k < count; k++) {
                const zk_f64x16 y = ZK_DOUBLES(ZK_LOAD(b));
                // What an infinity or a NaN becomes does not matter: f is not finite then.
                const zk_u64x16 y_integer = (zk_u64x16)zk_integers(y, b_scale);
                ZK_FULLY
                for (int i = 0; i < rows; i++) {
                    sums[i] = zk_multiply_add64((zk_f64x16)(a[i]), y, sums[i]);
                    wrapped[i] += (zk_u64x16)((uint64_t)a_integer[i]) * y_integer;
                }
                a += ZK_A_STRIDE;
                a_integer += ZK_A_STRIDE;
                b += ZK_PANEL_ROWS;
            }
            in_group -= count;
            if (in_group > 0) {
                // In a long group f is brought back to within a rounding of S.
                ZK_FULLY
                for (int i = 0; i < rows; i++) {
                    const zk_f64x16 nearer = sums[i] + zk_remainder(sums[i], wrapped[i], scale, unit);
                    sums[i] = nearer;
                }
            }
        }
        ZK_FULLY
        for (int i = 0; i < rows; i++) {
            sums[i] = ZK_DOUBLES(zk_rounded_once(sums[i], zk_remainder(sums[i], wrapped[i], scale, unit)));
        }
    }
    ZK_FULLY
    for (int i = 0; i < rows; i++) ZK_STORE(c + i * ZK_TILE_COLUMNS, ZK_FLOATS(sums[i]));
}

static void wide(const zk_float_tile *tile) { ZK_OVER_ROWS(zk_wide_rows, ZK_WIDE_ROWS, 1) }

#include "float_aligned_body.h"

const zk_float_kernels *ZK_NAME(zk_float_kernels)(void) {
    static const zk_float_kernels kernels = {
        decode, widen, exponents, integers, add, store, sequential, sequential_rounded, grouped, wide, aligned, aligned_wide,
    };
    return &kernels;
}
