/// Sums aligned to the largest exponent (docs/semantics.md, section 8.4): a part of float_products_body.h, which includes it.

#ifdef ZK_ALIGNED_ROWS

/// Rounded to FP32 toward zero, so never to infinity.
ZK_INLINE zk_f32x16 zk_toward_zero64(zk_f64x16 value) {
#if ZK_USES_AVX512
    const __m256 low = _mm512_cvt_roundpd_ps((__m512d)value.lo, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
    const __m256 high = _mm512_cvt_roundpd_ps((__m512d)value.hi, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
    return (zk_f32x16)_mm512_insertf32x8(_mm512_castps256_ps512(low), high, 1);
#else
    const zk_f32x16 nearest = ZK_FLOATS(value);
    const zk_i64x16 is_beyond = __builtin_elementwise_abs(ZK_DOUBLES(nearest)) > __builtin_elementwise_abs(value);
    return (zk_f32x16)((zk_i32x16)nearest + __builtin_convertvector(is_beyond, zk_i32x16));
#endif
}

/// x + y rounded to FP32 toward zero, for |x + y| < 2^32.
ZK_INLINE zk_f32x16 zk_sum_toward_zero(zk_u32x16 x, zk_u32x16 y) {
    const zk_u32x16 sum = x + y;
    // Where the sum leaves int32, x, y and the true sum have one sign; elsewhere the sum's is right.
    const zk_u32x16 overflow = (x ^ sum) & (y ^ sum);
    const zk_u32x16 negative = (zk_u32x16)((zk_i32x16)(sum ^ overflow) >> 31);
    const zk_u32x16 magnitude = (sum ^ negative) - negative;
#if ZK_USES_AVX512
    const zk_f32x16 value =
        (zk_f32x16)_mm512_cvt_roundepu32_ps((__m512i)magnitude, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
#else
    // As many ones as there are bits above the 24 that FP32 keeps.
    zk_u32x16 above = magnitude >> 24;
    above |= above >> 1;
    above |= above >> 2;
    above |= above >> 4;
    const zk_u32x16 kept = magnitude & ~above;
    const zk_f32x16 value = __builtin_convertvector((zk_i32x16)(kept >> 8), zk_f32x16) * 256.0f
        + __builtin_convertvector((zk_i32x16)(kept & 255), zk_f32x16);
#endif
    // A zero stays +0.
    return (zk_f32x16)((zk_u32x16)value | (negative & 0x80000000));
}

/// E of a group: the largest exponent among `count` products and the sums so far, and at least `least`, for each of `rows` rows.
ZK_INLINE void zk_largest_exponents(
    const zk_f32x16 *sums, const int32_t *a_exponent, const int32_t *b_exponent, ptrdiff_t count, const int rows,
    const int32_t least, zk_i32x16 *largest) {
    ZK_FULLY
    for (int i = 0; i < rows; i++) {
        largest[i] = __builtin_elementwise_max(zk_field_exponents(sums[i], -126), (zk_i32x16)(least));
    }
    for (ptrdiff_t k = 0; k < count; k++) {
        const zk_i32x16 exponent = *(const zk_i32x16_at *)(b_exponent + k * ZK_PANEL_ROWS);
        ZK_FULLY
        for (int i = 0; i < rows; i++) {
            largest[i] = __builtin_elementwise_max(
                largest[i], exponent + (zk_i32x16)(a_exponent[k * ZK_A_STRIDE + i]));
        }
    }
}

/// Groups whose products and sums lie well inside FP32's range, F ≤ 26 (aligned_kernel in float_products.c).
///
/// A term is scaled by 2^(F − E), exactly, and converted to int32, which cuts it toward zero: below 2^(F + 2), so that `most` products and c stay below 2^31,
/// and up to twice as many below 2^32; larger groups go on in FP64, which holds any group's sum (zk_aligned_wide_rows).
/// E ≥ −100 unless all terms are zero: the caller's condition on the products.
ZK_INLINE void zk_aligned_rows(const zk_float_tile *tile, ptrdiff_t row, const int rows, const int may_be_infinite) {
    float *const c = tile->sums + row * ZK_TILE_COLUMNS;
    const float *a = tile->a32 + row, *b = tile->b;
    const int32_t *a_exponent = tile->a_exponent + row, *b_exponent = tile->b_exponent;
    const int32_t f = tile->fraction_bits;
    zk_f32x16 sums[ZK_ALIGNED_ROWS];
    ZK_FULLY
    for (int i = 0; i < rows; i++) sums[i] = 0;
    const ptrdiff_t most = ((ptrdiff_t)1 << (29 - f)) - 1;
    for (ptrdiff_t start = 0; start < tile->k; start += tile->group) {
        const ptrdiff_t count = tile->group < tile->k - start ? tile->group : tile->k - start;
        zk_i32x16 largest[ZK_ALIGNED_ROWS];
        zk_largest_exponents(sums, a_exponent, b_exponent, count, rows, -100, largest);
        zk_f32x16 scale[ZK_ALIGNED_ROWS];
        zk_u32x16 total[ZK_ALIGNED_ROWS];  // two's complement, so that what specials become may wrap
        zk_f32x16 native[ZK_ALIGNED_ROWS];
        zk_f64x16 flushed[ZK_ALIGNED_ROWS];
        zk_u32x16 first_half[ZK_ALIGNED_ROWS];
        const int is_split = count > 2 * most;
        ZK_FULLY
        for (int i = 0; i < rows; i++) {
            scale[i] = (zk_f32x16)((f + 127 - largest[i]) << 23);
            total[i] = (zk_u32x16)__builtin_convertvector(sums[i] * scale[i], zk_i32x16);
            if (may_be_infinite) native[i] = sums[i];
        }
        ZK_FULLY
        for (int i = 0; i < rows; i++) {
            first_half[i] = 0;
            if (is_split) flushed[i] = 0;
        }
        for (ptrdiff_t done = 0; done < count;) {
            const ptrdiff_t end = count - done > most ? done + most : count;
            for (ptrdiff_t k = done; k < end; k++) {
                const zk_f32x16 y = ZK_LOAD(b + k * ZK_PANEL_ROWS);
                ZK_FULLY
                for (int i = 0; i < rows; i++) {
                    const zk_f32x16 product = (zk_f32x16)(a[k * ZK_A_STRIDE + i]) * y;
                    total[i] += (zk_u32x16)__builtin_convertvector(product * scale[i], zk_i32x16);
                    if (may_be_infinite) native[i] += product;
                }
            }
            done = end;
            if (is_split) {
                ZK_FULLY
                for (int i = 0; i < rows; i++) {
                    flushed[i] += ZK_DOUBLES((zk_i32x16)total[i]);
                    total[i] = 0;
                }
            } else if (done < count) {
                ZK_FULLY
                for (int i = 0; i < rows; i++) {
                    first_half[i] = total[i];
                    total[i] = 0;
                }
            }
        }
        ZK_FULLY
        for (int i = 0; i < rows; i++) {
            // 2^(E − F), by which the total is scaled back; exact, as no result here is below 2^−126.
            const zk_f32x16 back = (zk_f32x16)((254 << 23) - (zk_i32x16)scale[i]);
            zk_f32x16 sum = (is_split ? zk_toward_zero64(flushed[i]) : zk_sum_toward_zero(first_half[i], total[i])) * back;
            sum = (zk_f32x16)((zk_u32x16)sum & tile->output_mask);
            if (may_be_infinite) sum = (native[i] - native[i]) == 0 ? sum : native[i];
            sums[i] = sum;
        }
        a += count * ZK_A_STRIDE;
        a_exponent += count * ZK_A_STRIDE;
        b_exponent += count * ZK_PANEL_ROWS;
        b += count * ZK_PANEL_ROWS;
    }
    ZK_FULLY
    for (int i = 0; i < rows; i++) ZK_STORE(c + i * ZK_TILE_COLUMNS, sums[i]);
}

/// Groups of any products, F ≤ 40.
///
/// As above in FP64: a product has at most 22 bits, scaling it is exact, a cut term is below 2^(F + 2), and the sum of at most 1025 of these below 2^53.
ZK_INLINE void zk_aligned_wide_rows(const zk_float_tile *tile, ptrdiff_t row, const int rows, const int may_be_infinite) {
    float *const c = tile->sums + row * ZK_TILE_COLUMNS;
    const double *a = tile->a64 + row;
    const float *b = tile->b;
    const int32_t *a_exponent = tile->a_exponent + row, *b_exponent = tile->b_exponent;
    const int32_t f = tile->fraction_bits;
    zk_f32x16 sums[ZK_ALIGNED_WIDE_ROWS];
    ZK_FULLY
    for (int i = 0; i < rows; i++) sums[i] = 0;
    for (ptrdiff_t start = 0; start < tile->k; start += tile->group) {
        const ptrdiff_t count = tile->group < tile->k - start ? tile->group : tile->k - start;
        zk_i32x16 largest[ZK_ALIGNED_WIDE_ROWS];
        zk_largest_exponents(sums, a_exponent, b_exponent, count, rows, -300, largest);
        zk_f64x16 scale[ZK_ALIGNED_WIDE_ROWS];
        zk_f64x16 total[ZK_ALIGNED_WIDE_ROWS];
        zk_f64x16 native[ZK_ALIGNED_WIDE_ROWS];
        ZK_FULLY
        for (int i = 0; i < rows; i++) {
            scale[i] = (zk_f64x16)(__builtin_convertvector(f + 1023 - largest[i], zk_i64x16) << 52);
            const zk_f64x16 before = ZK_DOUBLES(sums[i]);
            total[i] = __builtin_elementwise_trunc(before * scale[i]);
            if (may_be_infinite) native[i] = before;
        }
        for (ptrdiff_t k = 0; k < count; k++) {
            const zk_f64x16 y = ZK_DOUBLES(ZK_LOAD(b + k * ZK_PANEL_ROWS));
            ZK_FULLY
            for (int i = 0; i < rows; i++) {
                const zk_f64x16 product = (zk_f64x16)(a[k * ZK_A_STRIDE + i]) * y;
                total[i] += __builtin_elementwise_trunc(product * scale[i]);
                if (may_be_infinite) native[i] += product;
            }
        }
        ZK_FULLY
        for (int i = 0; i < rows; i++) {
            const zk_f64x16 back = (zk_f64x16)(((zk_i64x16)2046 << 52) - (zk_i64x16)scale[i]);
            // Adding +0 makes a sum of negative zeros +0.
            zk_f32x16 sum = zk_toward_zero64((total[i] + 0.0) * back);
            sum = (zk_f32x16)((zk_u32x16)sum & tile->output_mask);
            if (may_be_infinite) sum = ZK_FLOATS((native[i] - native[i]) == 0 ? ZK_DOUBLES(sum) : native[i]);
            sums[i] = sum;
        }
        a += count * ZK_A_STRIDE;
        a_exponent += count * ZK_A_STRIDE;
        b_exponent += count * ZK_PANEL_ROWS;
        b += count * ZK_PANEL_ROWS;
    }
    ZK_FULLY
    for (int i = 0; i < rows; i++) ZK_STORE(c + i * ZK_TILE_COLUMNS, sums[i]);
}

static void aligned(const zk_float_tile *tile) {
#define FINITE_ROWS(TILE, ROW, COUNT) zk_aligned_rows(TILE, ROW, COUNT, 0)
#define SPECIAL_ROWS(TILE, ROW, COUNT) zk_aligned_rows(TILE, ROW, COUNT, 1)
    if (tile->may_be_infinite) {
        ZK_OVER_ROWS(SPECIAL_ROWS, ZK_ALIGNED_ROWS, 1)
    } else {
        ZK_OVER_ROWS(FINITE_ROWS, ZK_ALIGNED_ROWS, 1)
    }
#undef FINITE_ROWS
#undef SPECIAL_ROWS
}

static void aligned_wide(const zk_float_tile *tile) {
#define FINITE_ROWS(TILE, ROW, COUNT) zk_aligned_wide_rows(TILE, ROW, COUNT, 0)
#define SPECIAL_ROWS(TILE, ROW, COUNT) zk_aligned_wide_rows(TILE, ROW, COUNT, 1)
    if (tile->may_be_infinite) {
        ZK_OVER_ROWS(SPECIAL_ROWS, ZK_ALIGNED_WIDE_ROWS, 1)
    } else {
        ZK_OVER_ROWS(FINITE_ROWS, ZK_ALIGNED_WIDE_ROWS, 1)
    }
#undef FINITE_ROWS
#undef SPECIAL_ROWS
}
#else
static void aligned(const zk_float_tile *tile) { zk_float_aligned_plain(tile); }
static void aligned_wide(const zk_float_tile *tile) { zk_float_aligned_plain(tile); }
#endif
