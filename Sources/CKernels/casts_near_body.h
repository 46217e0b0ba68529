/// Casts to nearest even under the common rules, and the entry of all casts; included after casts_body.h.

/// Whether limiting magnitudes before rounding does all that the rules say of overflow, and to which FP32 magnitude.
///
/// Numbers beyond the largest become the code that the limit has: the largest finite number itself, or the code after it.
ZK_INLINE int zk_has_limit(const zk_cast *cast, uint32_t *limit) {
    if (cast->rounding != ZK_CAST_NEAREST_EVEN || cast->flushes_inputs || cast->flushes_outputs || cast->is_power) return 0;
    if (cast->is_integer) {
        *limit = 0x48000000u;
        return 1;
    }
    const uint32_t code = cast->overflow[0], m = (uint32_t)cast->fraction_bits;
    if (code != cast->largest[0] && code != cast->largest[0] + 1) return 0;
    if (cast->overflow[1] != (code | cast->sign)) return 0;
    if (cast->infinity[0] != code || cast->infinity[1] != (code | cast->sign)) return 0;
    *limit = (code << (23 - m)) + ((uint32_t)(cast->minimum_exponent + 126) << 23);
    return 1;
}

// What a loop casts to: a format, an integer, the upper half of an FP32, or FP16 by the processor's own conversion.
enum { NEAR_FLOAT, NEAR_INTEGER, NEAR_UPPER_HALF, NEAR_HALF };

/// A float whose last place is the format's last place at |x| is added: the sum's fraction is then rounded as the format wants it, by the
/// processor, subnormals included.
ZK_INLINE zk_u32x16 zk_near_lanes(const zk_cast *cast, zk_u32x16 x, uint32_t limit, const int kind) {
    const uint32_t m = (uint32_t)cast->fraction_bits, emin = (uint32_t)(cast->minimum_exponent + 127);
    const zk_u32x16 a = x & 0x7FFFFFFFu, most = limit, nan = cast->nan;
    const zk_u32x16 limited = a < most ? a : most;
    zk_u32x16 code;
    if (kind == NEAR_FLOAT) {
        const zk_u32x16 exponent = limited & 0x7F800000u, lowest = emin << 23;
        const zk_u32x16 place = (exponent > lowest ? exponent : lowest) + ((23 - m) << 23);
        const zk_u32x16 kept = (zk_u32x16)((zk_f32x16)limited + (zk_f32x16)place) - place;
        code = (place >> (23 - m)) + (kept - ((23 - m + emin) << m));
        code |= (x & 0x80000000u) >> __builtin_clz(cast->sign);
    } else if (kind == NEAR_UPPER_HALF) {
        code = (limited + 0x7FFFu + (limited >> 16 & 1)) >> 16;
        code |= x >> 16 & 0x8000u;
    } else {
        const zk_u32x16 place = 0x4B000000u;  // 2²³
        const zk_u32x16 kept = (zk_u32x16)((zk_f32x16)limited + (zk_f32x16)place) - place;
        const zk_u32x16 negative = (zk_u32x16)((zk_i32x16)x >> 31);
        const zk_u32x16 plus = cast->largest[0], minus = cast->largest[1];
        const zk_u32x16 largest = negative != 0 ? minus : plus;
        code = kept < largest ? kept : largest;
        code = ((code ^ negative) - negative) & cast->mask;
    }
    return a > 0x7F800000u ? nan : code;
}

/// As many codes as fill a cache line, so that whole lines are written.
ZK_INLINE void zk_near_line(
    const zk_cast *cast, const float *x, uint32_t limit, char *codes, const int kind, const int bytes) {
    const int pieces = 4 / bytes;
#if ZK_USES_AVX512
    if (kind == NEAR_HALF) {
        const __m256i nan = _mm256_set1_epi16((int16_t)cast->nan);
        for (int i = 0; i < pieces; i++) {
            const zk_u32x16 number = *(const zk_u32x16_at *)(x + LANES * i), most = limit;
            const zk_u32x16 a = number & 0x7FFFFFFFu, limited = (a < most ? a : most) | (number & 0x80000000u);
            const __m256i code = _mm512_cvtps_ph((__m512)limited, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
            const __mmask16 is_nan = _mm512_cmp_ps_mask((__m512)number, (__m512)number, _CMP_UNORD_Q);
            _mm256_storeu_si256((__m256i *)codes + i, _mm256_mask_mov_epi16(code, is_nan, nan));
        }
        return;
    }
#endif
    zk_u32x16 code[4];
#pragma clang loop unroll(full)
    for (int i = 0; i < pieces; i++) {
        code[i] = zk_near_lanes(cast, *(const zk_u32x16_at *)(x + LANES * i), limit, kind);
    }
#if ZK_USES_AVX512
    // The packing interleaves quarters of its operands; one permutation puts them in order.
    const __m512i low = _mm512_packus_epi32((__m512i)code[0], (__m512i)code[1]);
    if (bytes == 2) {
        const __m512i order = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
        _mm512_storeu_si512(codes, _mm512_permutexvar_epi64(order, low));
    } else {
        const __m512i high = _mm512_packus_epi32((__m512i)code[2], (__m512i)code[3]);
        const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
        _mm512_storeu_si512(codes, _mm512_permutexvar_epi32(order, _mm512_packus_epi16(low, high)));
    }
#else
#pragma clang loop unroll(full)
    for (int i = 0; i < pieces; i++) zk_store_codes(codes + i * LANES * bytes, bytes, code[i]);
#endif
}

ZK_INLINE void zk_near_loop(
    const zk_cast *cast, const float *x, ptrdiff_t count, uint32_t limit, void *codes, const int kind, const int bytes) {
    const zk_cast rules = *cast;  // so that stores through `codes` cannot change it
    const ptrdiff_t line = 4 * LANES / bytes, whole = count - count % line;
    for (ptrdiff_t i = 0; i < whole; i += line) {
        zk_near_line(&rules, x + i, limit, (char *)codes + i * bytes, kind, bytes);
    }
    if (whole < count) {
        float numbers[4 * LANES] = {0};
        char staged[4 * LANES];
        memcpy(numbers, x + whole, (size_t)(count - whole) * sizeof *numbers);
        zk_near_line(&rules, numbers, limit, staged, kind, bytes);
        memcpy((char *)codes + whole * bytes, staged, (size_t)((count - whole) * bytes));
    }
}

void ZK_NAME(zk_cast_float32)(
    const zk_cast *cast, const float *x, ptrdiff_t count, const uint32_t *random, void *codes, uint32_t *flags) {
    uint32_t limit;
    if (flags) *flags = 0;
    if (flags || !zk_has_limit(cast, &limit)) {
        zk_cast_general(cast, x, count, random, codes, flags);
    } else if (cast->is_integer) {
        if (cast->bytes == 1) {
            zk_near_loop(cast, x, count, limit, codes, NEAR_INTEGER, 1);
        } else {
            zk_near_loop(cast, x, count, limit, codes, NEAR_INTEGER, 2);
        }
    } else if (cast->fraction_bits == 7 && cast->minimum_exponent == -126) {
        zk_near_loop(cast, x, count, limit, codes, NEAR_UPPER_HALF, 2);
#if ZK_USES_AVX512
    } else if (cast->fraction_bits == 10 && cast->minimum_exponent == -14) {
        zk_near_loop(cast, x, count, limit, codes, NEAR_HALF, 2);
#endif
    } else if (cast->bytes == 1) {
        zk_near_loop(cast, x, count, limit, codes, NEAR_FLOAT, 1);
    } else {
        zk_near_loop(cast, x, count, limit, codes, NEAR_FLOAT, 2);
    }
}
