/// The vector functions, once for all levels: each level's file includes this one. Written to read like docs/semantics.md.
///
/// Every line of arithmetic below is an FP32 operation of the semantics, in its order; FP_CONTRACT is off in the including file.
#pragma clang diagnostic ignored "-Wpsabi"  // vectors are passed between inlined functions only

// MARK: Rows in pieces of sixteen

/// The first `count` (< 16) of the floats at p, with zeros behind them.
ZK_INLINE zk_f32x16 zk_load_first(const float *p, ptrdiff_t count) {
#if ZK_USES_AVX512
    return (zk_f32x16)_mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1), p);
#else
    float staged[16] = {0};
    for (ptrdiff_t i = 0; i < count; i++) staged[i] = p[i];
    return *(const zk_f32x16_at *)staged;
#endif
}

ZK_INLINE void zk_store_first(float *p, ptrdiff_t count, zk_f32x16 v) {
#if ZK_USES_AVX512
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << count) - 1), (__m512)v);
#else
    float staged[16];
    *(zk_f32x16_at *)staged = v;
    for (ptrdiff_t i = 0; i < count; i++) p[i] = staged[i];
#endif
}

/// Sixteen floats at p, or the `count` < 16 that there are, with zeros behind them.
ZK_INLINE zk_f32x16 zk_load(const float *p, ptrdiff_t count) {
    return count >= 16 ? *(const zk_f32x16_at *)p : zk_load_first(p, count);
}

ZK_INLINE void zk_store(float *p, ptrdiff_t count, zk_f32x16 v) {
    if (count >= 16) {
        *(zk_f32x16_at *)p = v;
    } else {
        zk_store_first(p, count, v);
    }
}

/// The end of a reduction: the upper half of the partial sums is added to the lower half until one is left.
ZK_INLINE float zk_tree(zk_f32x16 p) {
    const __auto_type a = p.lo + p.hi;
    const __auto_type b = a.lo + a.hi;
    const __auto_type c = b.lo + b.hi;
    return c.lo + c.hi;
}

// MARK: exp and gelu

/// Adding this rounds |x| < 2²² to an integer, ties to even, in the lowest bits: 1.5 · 2²³.
#define ZK_ROUNDER 0x1.8p23f
#define ZK_ROUNDER_BITS 0x4B400000

/// y · 2ⁿ, rounded once, for −150 ≤ n ≤ 128 and 0.5 < y < 2; `integral` is n as a float.
ZK_INLINE zk_f32x16 zk_scaled(zk_f32x16 y, zk_i32x16 n, zk_f32x16 integral) {
#if ZK_USES_AVX512
    (void)n;
    return (zk_f32x16)_mm512_scalef_ps((__m512)y, (__m512)integral);
#else
    (void)integral;
    const zk_i32x16 half = n >> 1;
    return (y * (zk_f32x16)((half + 127) << 23)) * (zk_f32x16)((n - half + 127) << 23);
#endif
}

/// exp(x) for x ≤ 89 or NaN: the whole of section 8.1 but the upper limit.
ZK_INLINE zk_f32x16 zk_exp_below_89(zk_f32x16 x) {
    const zk_f32x16 lowest = -104.0f;
    x = x < lowest ? lowest : x;
    const zk_f32x16 rounded = x * 0x1.715476p+0f + ZK_ROUNDER;
    const zk_f32x16 integral = rounded - ZK_ROUNDER;
    const zk_i32x16 n = (zk_i32x16)rounded - ZK_ROUNDER_BITS;
    const zk_f32x16 r = (x - integral * 0x1.62e4p-1f) - integral * 0x1.7f7d1cp-20f;
    zk_f32x16 q = 0x1.6a4b44p-10f;
    q = q * r + 0x1.123994p-7f;
    q = q * r + 0x1.5558b2p-5f;
    q = q * r + 0x1.555492p-3f;
    q = q * r + 0x1.fffffcp-2f;
    return zk_scaled(((r * r) * q + r) + 1.0f, n, integral);
}

ZK_INLINE zk_f32x16 zk_exp16(zk_f32x16 x) {
    const zk_f32x16 highest = 89.0f;
    return zk_exp_below_89(x > highest ? highest : x);
}

/// gelu(x), section 8.2.
ZK_INLINE zk_f32x16 zk_gelu16(zk_f32x16 x) {
    const zk_f32x16 farthest = 16.0f;
    const zk_f32x16 magnitude = (zk_f32x16)((zk_i32x16)x & 0x7FFFFFFF);
    const zk_f32x16 z = magnitude > farthest ? farthest : magnitude;
    const zk_f32x16 t = 1.0f / (z * 0x1.64p-2f + 1.0f);
    zk_f32x16 h = -0x1.d72b6ep-6f;
    h = h * t + 0x1.27db0cp-3f;
    h = h * t - 0x1.0cf512p-2f;
    h = h * t + 0x1.5fcdf8p-3f;
    h = h * t - 0x1.e218c4p-6f;
    h = h * t + 0x1.bb5d86p-4f;
    h = h * t + 0x1.e61b8cp-4f;
    h = h * t + 0x1.1ca712p-3f;
    h = h * t + 0x1.1c060ap-3f;
    const zk_f32x16 tail = (h * t) * zk_exp_below_89((z * z) * -0.5f);
    const zk_i32x16 negative = x < 0.0f;
    return (negative ? -z : x) * (negative ? tail : 1.0f - tail);
}

void ZK_NAME(zk_exp)(float *x, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i += 16) zk_store(x + i, count - i, zk_exp16(zk_load(x + i, count - i)));
}

void ZK_NAME(zk_gelu)(float *x, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i += 16) zk_store(x + i, count - i, zk_gelu16(zk_load(x + i, count - i)));
}

// MARK: Quantizers

/// The bits of the largest magnitude of a row. As integers they order as the magnitudes do, with infinity and then NaN above all numbers.
ZK_INLINE int32_t zk_largest_magnitude(zk_i32x16 bits) {
    const __auto_type a = bits.lo > bits.hi ? bits.lo : bits.hi;
    const __auto_type b = a.lo > a.hi ? a.lo : a.hi;
    const __auto_type c = b.lo > b.hi ? b.lo : b.hi;
    return c.lo > c.hi ? c.lo : c.hi;
}

/// The scale of a vector, from the bits of its largest magnitude a, and fl(M/a), M the largest code; the reciprocal is 0 where all codes are 0.
ZK_INLINE float zk_scale(int32_t bits, int32_t limit, float *reciprocal) {
    *reciprocal = 0;
    if (bits >= 0x7F800000) return __builtin_nanf("");
    float a;
    memcpy(&a, &bits, sizeof a);
    if (a < 0x1p-100f) return 1;
    *reciprocal = (float)limit / a;
    return a / (float)limit;
}

/// The codes of sixteen numbers. |x · reciprocal| exceeds M by one rounding at most, so rne needs no clamp after it.
ZK_INLINE zk_i8x16 zk_codes(zk_f32x16 x, float reciprocal) {
    return __builtin_convertvector((zk_i32x16)(x * reciprocal + ZK_ROUNDER) - ZK_ROUNDER_BITS, zk_i8x16);
}

ZK_INLINE void zk_quantize_row(const float *x, ptrdiff_t columns, int8_t *codes, float *scale, int32_t limit) {
    zk_i32x16 largest = 0;
    for (ptrdiff_t i = 0; i < columns; i += 16) {
        const zk_i32x16 bits = (zk_i32x16)zk_load(x + i, columns - i) & 0x7FFFFFFF;
        largest = bits > largest ? bits : largest;
    }
    float reciprocal;
    *scale = zk_scale(zk_largest_magnitude(largest), limit, &reciprocal);
    if (reciprocal == 0) {
        memset(codes, 0, (size_t)columns);
        return;
    }
    ptrdiff_t i = 0;
    for (; i + 16 <= columns; i += 16) *(zk_i8x16_at *)(codes + i) = zk_codes(*(const zk_f32x16_at *)(x + i), reciprocal);
    if (i < columns) {
        const zk_i8x16 rest = zk_codes(zk_load_first(x + i, columns - i), reciprocal);
        memcpy(codes + i, &rest, (size_t)(columns - i));
    }
}

void ZK_NAME(zk_quantize_rows)(
    const float *x, ptrdiff_t x_stride, ptrdiff_t rows, ptrdiff_t columns, int8_t *codes, ptrdiff_t code_stride,
    float *scales, int32_t limit) {
    for (ptrdiff_t row = 0; row < rows; row++) {
        zk_quantize_row(x + row * x_stride, columns, codes + row * code_stride, scales + row, limit);
    }
}

void ZK_NAME(zk_gelu_quantize_rows)(
    float *x, ptrdiff_t x_stride, ptrdiff_t rows, ptrdiff_t columns, int8_t *codes, ptrdiff_t code_stride, float *scales, int32_t limit) {
    for (ptrdiff_t row = 0; row < rows; row++) {
        ZK_NAME(zk_gelu)(x + row * x_stride, columns);
        zk_quantize_row(x + row * x_stride, columns, codes + row * code_stride, scales + row, limit);
    }
}

/// Transposes 16 × 16 bytes: four times, the rows' first and second half are interleaved byte by byte.
ZK_INLINE void zk_transpose_bytes(zk_i8x16 rows[16]) {
#pragma clang loop unroll(full)
    for (int round = 0; round < 4; round++) {
        zk_i8x16 next[16];
#pragma clang loop unroll(full)
        for (int i = 0; i < 8; i++) {
            next[2 * i] = __builtin_shufflevector(
                rows[i], rows[i + 8], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
            next[2 * i + 1] = __builtin_shufflevector(
                rows[i], rows[i + 8], 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
        }
#pragma clang loop unroll(full)
        for (int i = 0; i < 16; i++) rows[i] = next[i];
    }
}

void ZK_NAME(zk_quantize_columns)(
    const float *x, ptrdiff_t x_stride, ptrdiff_t valid_rows, ptrdiff_t columns, int8_t *codes, ptrdiff_t code_stride,
    float *scales, int32_t limit) {
    for (ptrdiff_t c0 = 0; c0 < columns; c0 += 16) {
        const ptrdiff_t width = columns - c0 < 16 ? columns - c0 : 16;
        const float *const strip = x + c0;
        zk_i32x16 largest = 0;
        for (ptrdiff_t row = 0; row < valid_rows; row++) {
            const zk_i32x16 bits = (zk_i32x16)zk_load(strip + row * x_stride, width) & 0x7FFFFFFF;
            largest = bits > largest ? bits : largest;
        }
        int32_t magnitudes[16];
        *(zk_i32x16_at *)magnitudes = largest;
        float reciprocals[16] = {0};
        for (ptrdiff_t c = 0; c < width; c++) scales[c0 + c] = zk_scale(magnitudes[c], limit, reciprocals + c);
        const zk_f32x16 reciprocal = *(const zk_f32x16_at *)reciprocals;
        const zk_i32x16 kept = reciprocal != 0.0f;
        for (ptrdiff_t r0 = 0; r0 < code_stride; r0 += 16) {
            zk_i8x16 block[16];
            for (ptrdiff_t r = 0; r < 16; r++) {
                block[r] = 0;
                if (r0 + r >= valid_rows) continue;
                const zk_f32x16 v = zk_load(strip + (r0 + r) * x_stride, width) * reciprocal + ZK_ROUNDER;
                block[r] = __builtin_convertvector(((zk_i32x16)v - ZK_ROUNDER_BITS) & kept, zk_i8x16);
            }
            zk_transpose_bytes(block);
            const ptrdiff_t height = code_stride - r0 < 16 ? code_stride - r0 : 16;
            for (ptrdiff_t c = 0; c < width; c++) {
                memcpy(codes + (c0 + c) * code_stride + r0, block + c, (size_t)height);
            }
        }
    }
}

// MARK: Softmax and layer norm

void ZK_NAME(zk_softmax_rows)(
    float *x, ptrdiff_t x_stride, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t valid, float factor) {
    const ptrdiff_t whole = valid & ~(ptrdiff_t)15, rest = valid - whole;
    const zk_i32x16 inside = ZK_LANES_BELOW(rest);
    const zk_f32x16 nothing = 0.0f, lowest = -__builtin_inff();
    for (ptrdiff_t row = 0; row < rows; row++) {
        float *const z = x + row * x_stride;
        zk_f32x16 last = lowest, top = lowest;
        for (ptrdiff_t i = 0; i < whole; i += 16) {
            const zk_f32x16 v = *(const zk_f32x16_at *)(z + i) * factor;
            top = v > top ? v : top;
        }
        if (rest > 0) {
            last = zk_load_first(z + whole, rest) * factor;
            last = inside ? last : lowest;
            top = last > top ? last : top;
        }
        const __auto_type a = top.lo > top.hi ? top.lo : top.hi;
        const __auto_type b = a.lo > a.hi ? a.lo : a.hi;
        const __auto_type c = b.lo > b.hi ? b.lo : b.hi;
        const zk_f32x16 m = c.lo > c.hi ? c.lo : c.hi;
        zk_f32x16 sums = 0;
        for (ptrdiff_t i = 0; i < whole; i += 16) {
            const zk_f32x16 e = zk_exp_below_89(*(const zk_f32x16_at *)(z + i) * factor - m);
            *(zk_f32x16_at *)(z + i) = e;
            sums += e;
        }
        if (rest > 0) {
            last = zk_exp_below_89(last - m);
            last = inside ? last : nothing;
            sums += last;
        }
        const float r = 1 / zk_tree(sums);
        for (ptrdiff_t i = 0; i < whole; i += 16) *(zk_f32x16_at *)(z + i) = *(const zk_f32x16_at *)(z + i) * r;
        if (rest > 0) zk_store_first(z + whole, rest, last * r);
        memset(z + valid, 0, (size_t)(columns - valid) * sizeof(float));
    }
}

/// Layer norm of `source`, written to `out`, which may be the same.
ZK_INLINE void zk_layer_norm_row(
    const float *source, zk_f32x16 sums, const float *gamma, const float *beta, float epsilon, ptrdiff_t columns,
    float *out) {
    const zk_f32x16 m = zk_tree(sums) / (float)columns;
    const ptrdiff_t whole = columns & ~(ptrdiff_t)15, rest = columns - whole;
    zk_f32x16 squares = 0, last = 0;
    for (ptrdiff_t i = 0; i < whole; i += 16) {
        const zk_f32x16 d = *(const zk_f32x16_at *)(source + i) - m;
        squares += d * d;
    }
    if (rest > 0) {
        const zk_f32x16 nothing = 0;
        last = zk_load_first(source + whole, rest) - m;
        last = ZK_LANES_BELOW(rest) ? last : nothing;
        squares += last * last;
    }
    const float q = zk_tree(squares) / (float)columns;
    const float r = 1 / __builtin_elementwise_sqrt(q + epsilon);
    for (ptrdiff_t i = 0; i < whole; i += 16) {
        const zk_f32x16 d = *(const zk_f32x16_at *)(source + i) - m;
        *(zk_f32x16_at *)(out + i) = ((d * r) * *(const zk_f32x16_at *)(gamma + i)) + *(const zk_f32x16_at *)(beta + i);
    }
    if (rest > 0) {
        const zk_f32x16 y = ((last * r) * zk_load_first(gamma + whole, rest)) + zk_load_first(beta + whole, rest);
        zk_store_first(out + whole, rest, y);
    }
}

void ZK_NAME(zk_add_layer_norm)(
    const float *residual, const float *x, const float *gamma, const float *beta, float epsilon, ptrdiff_t rows,
    ptrdiff_t columns, float *out) {
    for (ptrdiff_t row = 0; row < rows; row++) {
        const float *source = x + row * columns;
        float *const target = out + row * columns;
        zk_f32x16 sums = 0;
        if (residual) {
            const float *const h = residual + row * columns;
            for (ptrdiff_t i = 0; i < columns; i += 16) {
                const zk_f32x16 v = zk_load(h + i, columns - i) + zk_load(source + i, columns - i);
                zk_store(target + i, columns - i, v);
                sums += v;
            }
            source = target;
        } else {
            for (ptrdiff_t i = 0; i < columns; i += 16) sums += zk_load(source + i, columns - i);
        }
        zk_layer_norm_row(source, sums, gamma, beta, epsilon, columns, target);
    }
}

void ZK_NAME(zk_embed)(
    const int32_t *tokens, ptrdiff_t rows, const float *word, const float *position, const float *type, const float *gamma,
    const float *beta, float epsilon, ptrdiff_t columns, float *out) {
    for (ptrdiff_t row = 0; row < rows; row++) {
        const float *const w = word + (ptrdiff_t)tokens[row] * columns;
        const float *const p = position + row * columns;
        float *const target = out + row * columns;
        zk_f32x16 sums = 0;
        for (ptrdiff_t i = 0; i < columns; i += 16) {
            const ptrdiff_t count = columns - i;
            const zk_f32x16 v = (zk_load(w + i, count) + zk_load(p + i, count)) + zk_load(type + i, count);
            zk_store(target + i, count, v);
            sums += v;
        }
        zk_layer_norm_row(target, sums, gamma, beta, epsilon, columns, target);
    }
}

// MARK: A decoder's parts

void ZK_NAME(zk_rms_norm)(
    const float *x, const float *gamma, float epsilon, ptrdiff_t rows, ptrdiff_t columns, float *out) {
    for (ptrdiff_t row = 0; row < rows; row++) {
        const float *const source = x + row * columns;
        float *const target = out + row * columns;
        zk_f32x16 squares = 0;
        for (ptrdiff_t i = 0; i < columns; i += 16) {
            const zk_f32x16 v = zk_load(source + i, columns - i);
            squares += v * v;
        }
        const float q = zk_tree(squares) / (float)columns;
        const float r = 1 / __builtin_elementwise_sqrt(q + epsilon);
        for (ptrdiff_t i = 0; i < columns; i += 16) {
            const zk_f32x16 v = zk_load(source + i, columns - i);
            zk_store(target + i, columns - i, (v * r) * zk_load(gamma + i, columns - i));
        }
    }
}

void ZK_NAME(zk_silu_gate)(float *gate, const float *up, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i += 16) {
        const zk_f32x16 x = zk_load(gate + i, count - i);
        const zk_f32x16 silu = x / (1.0f + zk_exp16(-x));
        zk_store(gate + i, count - i, silu * zk_load(up + i, count - i));
    }
}

void ZK_NAME(zk_rotate)(float *x, ptrdiff_t heads, ptrdiff_t half, const float *cosines, const float *sines) {
    for (ptrdiff_t head = 0; head < heads; head++) {
        float *const lower = x + head * 2 * half;
        float *const upper = lower + half;
        for (ptrdiff_t i = 0; i < half; i += 16) {
            const ptrdiff_t count = half - i;
            const zk_f32x16 a = zk_load(lower + i, count), b = zk_load(upper + i, count);
            const zk_f32x16 c = zk_load(cosines + i, count), s = zk_load(sines + i, count);
            zk_store(lower + i, count, a * c - b * s);
            zk_store(upper + i, count, b * c + a * s);
        }
    }
}

// MARK: Mean pool

void ZK_NAME(zk_mean_pool)(const float *x, ptrdiff_t x_stride, ptrdiff_t valid_rows, ptrdiff_t columns, float *out) {
    for (ptrdiff_t c = 0; c < columns; c += 16) {
        zk_f32x16 sums = 0;
        for (ptrdiff_t row = 0; row < valid_rows; row++) sums += zk_load(x + row * x_stride + c, columns - c);
        zk_store(out + c, columns - c, sums / (float)valid_rows);
    }
}
