/// Casts from FP32 to narrow formats and back, once for all levels: each level's file includes this one.
///
/// A number is sig · 2^(e − 23), sig < 2²⁴. The format keeps bits down to 2^(max(e, emin) − m), so s = 23 − m + max(emin − e, 0) bits of sig are
/// discarded, rounded by one of nine rules, and the magnitude's code is ((max(e, emin) − emin) << m) + kept: the leading 1 of a normal
/// number is one step of the exponent field, and a carry out of the fraction moves up by itself.

#include "philox_body.h"

// MARK: Shifts by a count for each lane; counts of 32 and more give 0

ZK_INLINE zk_u32x16 zk_shifted_left(zk_u32x16 x, zk_u32x16 by) {
#if ZK_USES_AVX512
    return (zk_u32x16)_mm512_sllv_epi32((__m512i)x, (__m512i)by);
#elif ZK_USES_AVX2
    const zk_u32x8 low = (zk_u32x8)_mm256_sllv_epi32((__m256i)x.lo, (__m256i)by.lo);
    const zk_u32x8 high = (zk_u32x8)_mm256_sllv_epi32((__m256i)x.hi, (__m256i)by.hi);
    return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
#else
    const zk_u32x16 nothing = 0;
    return by < 32u ? x << (by & 31u) : nothing;
#endif
}

ZK_INLINE zk_u32x16 zk_shifted_right(zk_u32x16 x, zk_u32x16 by) {
#if ZK_USES_AVX512
    return (zk_u32x16)_mm512_srlv_epi32((__m512i)x, (__m512i)by);
#elif ZK_USES_AVX2
    const zk_u32x8 low = (zk_u32x8)_mm256_srlv_epi32((__m256i)x.lo, (__m256i)by.lo);
    const zk_u32x8 high = (zk_u32x8)_mm256_srlv_epi32((__m256i)x.hi, (__m256i)by.hi);
    return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
#else
    const zk_u32x16 nothing = 0;
    return by < 32u ? x >> (by & 31u) : nothing;
#endif
}

// MARK: Sixteen codes in memory

ZK_INLINE void zk_store_codes(void *codes, int bytes, zk_u32x16 code) {
    if (bytes == 1) {
        *(zk_u8x16_at *)codes = __builtin_convertvector(code, zk_u8x16);
    } else {
        *(zk_u16x16_at *)codes = __builtin_convertvector(code, zk_u16x16);
    }
}

ZK_INLINE zk_u32x16 zk_load_codes(const void *codes, int bytes) {
    if (bytes == 1) return __builtin_convertvector(*(const zk_u8x16_at *)codes, zk_u32x16);
    return __builtin_convertvector(*(const zk_u16x16_at *)codes, zk_u32x16);
}

// MARK: The nine roundings

/// sig / 2^s rounded to an integer. `rounding` is a constant where this is inlined.
///
/// - s: 1 … 31 where the rounding draws nothing, 1 … 64 where it does.
/// - negative: −1 where the number is, 0 elsewhere.
/// - random: R and perhaps bits above it; `bits` is N.
ZK_INLINE zk_u32x16 zk_rounded(
    zk_u32x16 sig, zk_u32x16 s, zk_u32x16 negative, zk_u32x16 random, uint32_t bits, const int rounding) {
    const zk_u32x16 one = 1;
    const zk_u32x16 kept = zk_shifted_right(sig, s);
    if (rounding == ZK_CAST_NEAREST_EVEN) {
        return zk_shifted_right(sig + zk_shifted_left(one, s - 1) - 1 + (kept & 1), s);
    } else if (rounding == ZK_CAST_NEAREST_AWAY) {
        return zk_shifted_right(sig + zk_shifted_left(one, s - 1), s);
    } else if (rounding == ZK_CAST_TOWARD_ZERO) {
        return kept;
    } else if (rounding == ZK_CAST_DOWN) {
        return zk_shifted_right(sig + (negative & (zk_shifted_left(one, s) - 1)), s);
    } else if (rounding == ZK_CAST_UP) {
        return zk_shifted_right(sig + (~negative & (zk_shifted_left(one, s) - 1)), s);
    } else if (rounding == ZK_CAST_ODD) {
        return kept | ((zk_u32x16)(zk_shifted_left(kept, s) != sig) & 1);
    }
    // The first 32 discarded bits, v · 2³².
    const zk_u32x16 v = zk_shifted_left(sig, 32 - s) | zk_shifted_right(sig, s - 32);
    zk_i32x16 up;
    if (rounding == ZK_CAST_STOCHASTIC_A) {
        // The carry of v · 2³² + R · 2^(32−N): bits of v below R's last make none.
        up = v > ~(random << (32 - bits));
    } else if (rounding == ZK_CAST_STOCHASTIC_B) {
        if (bits < 32) {
            up = v > ~((random << 1 | 1) << (31 - bits));
        } else {
            // v₃₃ + 2R + 1 ≥ 2³³ with v₃₃ = 2v + next: either v + R carries, or it is all ones and next is 1.
            const zk_u32x16 next = zk_shifted_right(sig, s - 33) & 1, sum = v + random;
            up = (sum < random) | ((sum == 0xFFFFFFFFu) & (next == 1));
        }
    } else {
        const zk_u32x16 rest = zk_shifted_left(sig, 64 - s);  // the discarded bits after those of v
        if (bits < 32) {
            const uint32_t low = 0xFFFFFFFFu >> bits, half = 1u << (31 - bits);
            const zk_u32x16 first = v >> (32 - bits), below = v & low;
            const zk_i32x16 above = (below > half) | ((below == half) & (((first & 1) != 0) | (rest != 0)));
            up = first - (zk_u32x16)above > (~random & (0xFFFFFFFFu >> (32 - bits)));
        } else {
            const zk_i32x16 above = (rest > 0x80000000u) | ((rest == 0x80000000u) & ((v & 1) != 0));
            up = v - (zk_u32x16)above > ~random;  // v · 2³² is not all ones: sig has 24 bits
        }
    }
    return kept - (zk_u32x16)up;
}

// MARK: Any rounding, any rules

/// Which of a cast's rules a loop knows of.
enum { KIND_FLOAT, KIND_OTHER };  // signed floating-point formats; and integers and E8M0 too

/// Casts one number a lane. `rounding`, `kind` and `raises` are constants where this is inlined.
ZK_INLINE zk_u32x16 zk_cast_lanes(
    const zk_cast *cast, zk_u32x16 x, zk_u32x16 random, const int rounding, const int kind, const int raises,
    zk_u32x16 *raised) {
    const uint32_t m = (uint32_t)cast->fraction_bits, emin = (uint32_t)(cast->minimum_exponent + 127);
    const int is_stochastic = rounding >= ZK_CAST_STOCHASTIC_A;
    const zk_u32x16 nothing = 0;
    const zk_u32x16 negative = (zk_u32x16)((zk_i32x16)x >> 31);
    zk_u32x16 a = x & 0x7FFFFFFFu;
    if (cast->flushes_inputs) a = a < 0x00800000u ? nothing : a;
    zk_u32x16 number = a;
    if (kind == KIND_OTHER && cast->is_integer) {
        const zk_u32x16 far = 0x48000000u;  // 2¹⁷, beyond every integer format here
        number = a < far ? a : far;
    }
    const zk_u32x16 e = number >> 23, fraction = number & 0x007FFFFFu;
    const zk_u32x16 sig = e == 0 ? fraction << 1 : fraction | 0x00800000u;
    const zk_u32x16 lowest = emin, cap = is_stochastic ? 64 : 31;
    const zk_u32x16 place = e > lowest ? e : lowest;
    zk_u32x16 s = place - e + (23 - m);
    s = s < cap ? s : cap;
    const zk_u32x16 kept = zk_rounded(sig, s, negative, random, (uint32_t)cast->random_bits, rounding);
    zk_u32x16 magnitude = ((place - emin) << m) + kept;
    zk_u32x16 largest = cast->largest[0];
    if (kind == KIND_OTHER) {
        const zk_u32x16 below = cast->largest[1];
        largest = negative != 0 ? below : largest;
        if (cast->is_power) magnitude -= (zk_u32x16)(magnitude != 0) & 1;  // field 0 is that of a normal number
    }
    const zk_i32x16 over = magnitude > largest;

    const zk_u32x16 smallest_normal = 1u << m;
    const zk_i32x16 flushed =
        cast->flushes_outputs ? (magnitude < smallest_normal) & (magnitude != 0) : (zk_i32x16)nothing;
    zk_u32x16 code = flushed ? nothing : magnitude;
    if (kind == KIND_FLOAT) {
        code |= negative & cast->sign;
    } else {
        code = cast->is_integer ? ((code ^ negative) - negative) & cast->mask : code | (negative & cast->sign);
    }
    const zk_u32x16 over_plus = cast->overflow[0], over_minus = cast->overflow[1];
    const zk_u32x16 infinite_plus = cast->infinity[0], infinite_minus = cast->infinity[1], nan = cast->nan;
    const zk_i32x16 is_infinite = a == 0x7F800000u, is_nan = a > 0x7F800000u;
    code = over ? (negative != 0 ? over_minus : over_plus) : code;
    code = is_infinite ? (negative != 0 ? infinite_minus : infinite_plus) : code;
    code = is_nan ? nan : code;
    zk_i32x16 is_not_positive = (zk_i32x16)nothing;
    if (kind == KIND_OTHER && cast->is_power) {
        is_not_positive = ((negative != 0) | (a == 0)) & ~is_nan;
        code = is_not_positive ? nan : code;
    }

    if (raises) {
        const zk_u32x16 inexact = (zk_u32x16)(zk_shifted_left(zk_shifted_right(sig, s), s) != sig);
        zk_u32x16 flags = inexact & ZK_FLAG_INEXACT;
        if (!(kind == KIND_OTHER && cast->is_integer)) {
            // Below the smallest normal number, also when rounded to one bit more, as if the exponent had no end.
            const zk_u32x16 unbounded = zk_rounded(sig, s - 1, negative, random, (uint32_t)cast->random_bits, rounding);
            const zk_i32x16 tiny = ((e < lowest) | (sig < 0x00800000u)) & (unbounded < (2u << m));
            flags |= inexact & (zk_u32x16)tiny & ZK_FLAG_UNDERFLOW;
            const zk_u32x16 lost = ZK_FLAG_INEXACT | ZK_FLAG_UNDERFLOW;
            flags = flushed ? lost : flags;
        }
        const zk_u32x16 overflow = cast->overflow_flags, not_positive = cast->not_positive_flags;
        const zk_u32x16 plus = cast->infinity_flags[0], minus = cast->infinity_flags[1];
        const zk_u32x16 quiet = cast->nan_flags[0], signaling = cast->nan_flags[1];
        flags = over ? overflow : flags;
        flags = is_infinite ? (negative != 0 ? minus : plus) : flags;
        flags = is_nan ? ((a & 0x00400000u) != 0 ? quiet : signaling) : flags;
        if (kind == KIND_OTHER) flags = is_not_positive ? not_positive : flags;
        *raised |= flags;
    }
    return code;
}

/// Casts a buffer. Where fewer than sixteen elements are left, they are filled up with copies of the first of them, which raise nothing new.
ZK_INLINE void zk_cast_loop(
    const zk_cast *cast, const float *x, ptrdiff_t count, const uint32_t *random, void *codes, uint32_t *flags,
    const int rounding, const int kind, const int raises) {
    const zk_cast rules = *cast;  // so that stores through `codes` cannot change it
    const int is_stochastic = rounding >= ZK_CAST_STOCHASTIC_A;
    zk_u32x16 raised = 0;
    for (ptrdiff_t i = 0; i < count; i += LANES) {
        _Alignas(64) float numbers[LANES];
        _Alignas(64) uint32_t words[LANES];
        _Alignas(64) char staged[2 * LANES];
        const float *source = x + i;
        const uint32_t *draws = is_stochastic ? random + i : NULL;
        char *target = (char *)codes + i * rules.bytes;
        const ptrdiff_t left = count - i;
        if (left < LANES) {
            for (int lane = 0; lane < LANES; lane++) {
                numbers[lane] = source[lane < left ? lane : 0];
                if (is_stochastic) words[lane] = draws[lane < left ? lane : 0];
            }
            source = numbers;
            draws = words;
            target = staged;
        }
        zk_u32x16 r = 0;
        if (is_stochastic) r = *(const zk_u32x16_at *)draws;
        const zk_u32x16 code =
            zk_cast_lanes(&rules, *(const zk_u32x16_at *)source, r, rounding, kind, raises, &raised);
        zk_store_codes(target, rules.bytes, code);
        if (left < LANES) memcpy((char *)codes + i * rules.bytes, staged, (size_t)(left * rules.bytes));
    }
    if (raises) {
        for (int lane = 0; lane < LANES; lane++) *flags |= raised[lane];
    }
}

typedef void zk_cast_function(
    const zk_cast *cast, const float *x, ptrdiff_t count, const uint32_t *random, void *codes, uint32_t *flags);

/// The four loops of one rounding.
#define ZK_CAST_LOOPS(name, rounding) \
    static void name##_float( \
        const zk_cast *cast, const float *x, ptrdiff_t count, const uint32_t *random, void *codes, uint32_t *flags) { \
        zk_cast_loop(cast, x, count, random, codes, flags, rounding, KIND_FLOAT, 0); \
    } \
    static void name##_float_raising( \
        const zk_cast *cast, const float *x, ptrdiff_t count, const uint32_t *random, void *codes, uint32_t *flags) { \
        zk_cast_loop(cast, x, count, random, codes, flags, rounding, KIND_FLOAT, 1); \
    } \
    static void name##_other( \
        const zk_cast *cast, const float *x, ptrdiff_t count, const uint32_t *random, void *codes, uint32_t *flags) { \
        zk_cast_loop(cast, x, count, random, codes, flags, rounding, KIND_OTHER, 0); \
    } \
    static void name##_other_raising( \
        const zk_cast *cast, const float *x, ptrdiff_t count, const uint32_t *random, void *codes, uint32_t *flags) { \
        zk_cast_loop(cast, x, count, random, codes, flags, rounding, KIND_OTHER, 1); \
    }

ZK_CAST_LOOPS(zk_nearest_even, ZK_CAST_NEAREST_EVEN)
ZK_CAST_LOOPS(zk_nearest_away, ZK_CAST_NEAREST_AWAY)
ZK_CAST_LOOPS(zk_toward_zero, ZK_CAST_TOWARD_ZERO)
ZK_CAST_LOOPS(zk_down, ZK_CAST_DOWN)
ZK_CAST_LOOPS(zk_up, ZK_CAST_UP)
ZK_CAST_LOOPS(zk_odd, ZK_CAST_ODD)
ZK_CAST_LOOPS(zk_stochastic_a, ZK_CAST_STOCHASTIC_A)
ZK_CAST_LOOPS(zk_stochastic_b, ZK_CAST_STOCHASTIC_B)
ZK_CAST_LOOPS(zk_stochastic_c, ZK_CAST_STOCHASTIC_C)

#define ZK_CAST_ROW(name) \
    { name##_float, name##_float_raising, name##_other, name##_other_raising }

// MARK: Nearest even, the common rules

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

// MARK: Entries

static void zk_cast_general(
    const zk_cast *cast, const float *x, ptrdiff_t count, const uint32_t *random, void *codes, uint32_t *flags) {
    static zk_cast_function *const loops[9][4] = {
        ZK_CAST_ROW(zk_nearest_even), ZK_CAST_ROW(zk_nearest_away), ZK_CAST_ROW(zk_toward_zero),
        ZK_CAST_ROW(zk_down), ZK_CAST_ROW(zk_up), ZK_CAST_ROW(zk_odd),
        ZK_CAST_ROW(zk_stochastic_a), ZK_CAST_ROW(zk_stochastic_b), ZK_CAST_ROW(zk_stochastic_c),
    };
    const int is_other = cast->is_integer || cast->is_power;
    loops[cast->rounding][2 * is_other + (flags != NULL)](cast, x, count, random, codes, flags);
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

/// The draws of one chunk's elements, as the stream has them.
typedef struct drawn_elements {
    zk_u32x16 words[PIECES + 1];  // one piece more, so that sixteen can be read at any element
} drawn_elements;

/// Draws for the `count` elements from `at` on, which lie in one chunk: 16-bit draws for N ≤ 16, else 32-bit draws. Only the parts of the chunk
/// that hold them are drawn. Returns where the draw of element `at` is.
ZK_INLINE const void *zk_draw_elements(
    const philox_draws *draws, uint64_t purpose, uint64_t at, int count, int bits, drawn_elements *drawn) {
    const int from = (int)(at % CHUNK), to = from + count;
    const uint64_t first = at - (uint64_t)from;
    if (bits > 16) {
        const int part = from / 32, parts = (to + 31) / 32 - part;
        zk_draw_words(draws, purpose, (first >> 2) + 8 * (uint64_t)part, parts, drawn->words + 2 * part);
        return (const uint32_t *)drawn->words + from;
    }
    const int part = from / 64, parts = (to + 63) / 64 - part;
    zk_draw_words(draws, purpose, (first >> 3) + 8 * (uint64_t)part, parts, drawn->words + 2 * part);
    return (const uint16_t *)drawn->words + from;
}

/// Sixteen 16-bit draws, widened.
ZK_INLINE zk_u32x16 zk_load_halves(const void *draws, ptrdiff_t i) {
    return __builtin_convertvector(*(const zk_u16x16_at *)((const uint16_t *)draws + i), zk_u32x16);
}

void ZK_NAME(zk_cast_float32_stream)(
    const zk_cast *cast, const float *x, ptrdiff_t count, const zk_stream *stream, uint64_t first, void *codes,
    uint32_t *flags) {
    const philox_draws draws = zk_draws(stream->seed, stream->tensor, stream->step, stream->query);
    if (flags) *flags = 0;
    for (ptrdiff_t i = 0; i < count;) {
        const uint64_t at = first + (uint64_t)i;
        const ptrdiff_t left = CHUNK - (ptrdiff_t)(at % CHUNK), part = left < count - i ? left : count - i;
        drawn_elements drawn;
        const void *random = zk_draw_elements(&draws, stream->purpose, at, (int)part, cast->random_bits, &drawn);
        uint32_t words[CHUNK];
        if (cast->random_bits <= 16) {
            for (ptrdiff_t j = 0; j < part; j += LANES) *(zk_u32x16_at *)(words + j) = zk_load_halves(random, j);
            random = words;
        }
        zk_cast_general(cast, x + i, part, random, (char *)codes + i * cast->bytes, flags);
        i += part;
    }
}

// MARK: Stochastic rounding to INT8

/// Sixteen roundings, form A. For N ≤ 24, |y| · 2^N fits an INT32 with R added, so both parts of y stay in one integer.
ZK_INLINE zk_i32x16 zk_round_int8_lanes(zk_f32x16 x, zk_f32x16 factor, zk_u32x16 random, int bits, const int is_long) {
    const zk_f32x16 y = x * factor, largest = 127.0f;
    const zk_i32x16 negative = (zk_i32x16)y >> 31;
    zk_f32x16 a = (zk_f32x16)((zk_u32x16)y & 0x7FFFFFFFu);
    a = a < largest ? a : largest;
    zk_i32x16 code;
    if (is_long) {
        const zk_i32x16 whole = __builtin_convertvector(a, zk_i32x16);
        const zk_f32x16 fraction = (a - __builtin_convertvector(whole, zk_f32x16)) * 0x1p32f;
        const zk_u32x16 v = __builtin_convertvector(fraction, zk_u32x16);
        code = whole - (zk_i32x16)(v > ~(random << (32 - bits)));
        const zk_i32x16 most = 127;
        code = code < most ? code : most;
    } else {
        const zk_f32x16 unit = (float)(1 << bits);
        const zk_u32x16 mask = (1u << bits) - 1;
        code = (__builtin_convertvector(a * unit, zk_i32x16) + (zk_i32x16)(random & mask)) >> bits;
    }
    code = (code ^ negative) - negative;
    return code & (zk_i32x16)(y == y);
}

/// How much of a draw the rounding takes.
enum { TAKES_HALVES, TAKES_WORDS, TAKES_MORE_THAN_24 };

ZK_INLINE void zk_round_int8_loop(
    const float *x, ptrdiff_t count, float factor, int bits, const zk_stream *stream, uint64_t first, int8_t *codes,
    const int takes) {
    const philox_draws draws = zk_draws(stream->seed, stream->tensor, stream->step, stream->query);
    const zk_f32x16 scale = factor;
    for (ptrdiff_t i = 0; i < count;) {
        const uint64_t at = first + (uint64_t)i;
        const ptrdiff_t left = CHUNK - (ptrdiff_t)(at % CHUNK), part = left < count - i ? left : count - i;
        drawn_elements drawn;
        const void *const random = zk_draw_elements(&draws, stream->purpose, at, (int)part, bits, &drawn);
        const ptrdiff_t whole = part & ~(ptrdiff_t)(LANES - 1);
        for (ptrdiff_t j = 0; j < whole; j += LANES) {
            const zk_u32x16 r = takes == TAKES_HALVES ? zk_load_halves(random, j)
                                                      : *(const zk_u32x16_at *)((const uint32_t *)random + j);
            const zk_i32x16 code =
                zk_round_int8_lanes(*(const zk_f32x16_at *)(x + i + j), scale, r, bits, takes == TAKES_MORE_THAN_24);
            *(zk_i8x16_at *)(codes + i + j) = __builtin_convertvector(code, zk_i8x16);
        }
        if (whole < part) {
            // Draws behind the part may be undefined; what they round is dropped.
            const zk_u32x16 r = takes == TAKES_HALVES ? zk_load_halves(random, whole)
                                                      : *(const zk_u32x16_at *)((const uint32_t *)random + whole);
            _Alignas(64) float numbers[LANES] = {0};
            memcpy(numbers, x + i + whole, (size_t)(part - whole) * sizeof *numbers);
            const zk_i8x16 code = __builtin_convertvector(
                zk_round_int8_lanes(*(const zk_f32x16_at *)numbers, scale, r, bits, takes == TAKES_MORE_THAN_24),
                zk_i8x16);
            memcpy(codes + i + whole, &code, (size_t)(part - whole));
        }
        i += part;
    }
}

void ZK_NAME(zk_round_int8_stream)(
    const float *x, ptrdiff_t count, float factor, int random_bits, const zk_stream *stream, uint64_t first,
    int8_t *codes) {
    if (random_bits > 24) {
        zk_round_int8_loop(x, count, factor, random_bits, stream, first, codes, TAKES_MORE_THAN_24);
    } else if (random_bits > 16) {
        zk_round_int8_loop(x, count, factor, random_bits, stream, first, codes, TAKES_WORDS);
    } else {
        zk_round_int8_loop(x, count, factor, random_bits, stream, first, codes, TAKES_HALVES);
    }
}

// MARK: Back to FP32

ZK_INLINE zk_u32x16 zk_decode_lanes(const zk_decoding *format, zk_u32x16 code) {
    const uint32_t m = (uint32_t)format->fraction_bits;
    const zk_u32x16 nan = 0x7FC00000u;
    if (format->is_power) {
        const zk_u32x16 smallest = 0x00400000u;  // 2⁻¹²⁷
        const zk_u32x16 number = code == 0 ? smallest : code << 23;
        return code > format->largest ? nan : number;
    }
    const zk_u32x16 magnitude = code & format->magnitude, sign = (code & format->sign) << __builtin_clz(format->sign);
    const zk_u32x16 normal = (magnitude << (23 - m)) + ((uint32_t)(format->minimum_exponent + 126) << 23);
    zk_u32x16 number = normal;
    if (format->minimum_exponent > -126) {
        // A subnormal number is an integer of the last place; the format's last place is a normal FP32 number.
        const uint32_t bits = (uint32_t)(format->minimum_exponent - (int32_t)m + 127) << 23;
        float place;
        memcpy(&place, &bits, sizeof place);
        const zk_u32x16 small = (zk_u32x16)(__builtin_convertvector((zk_i32x16)magnitude, zk_f32x16) * place);
        number = magnitude < (1u << m) ? small : normal;
    }
    const zk_u32x16 infinity = 0x7F800000u;
    number = magnitude == format->infinity ? infinity : number;
    number |= sign;
    const zk_i32x16 is_nan = (magnitude > format->largest) & (magnitude != format->infinity);
    return is_nan ? nan : number;
}

void ZK_NAME(zk_decode_float32)(const zk_decoding *decoding, const void *codes, ptrdiff_t count, float *x) {
    const zk_decoding format = *decoding;
    const ptrdiff_t whole = count & ~(ptrdiff_t)(LANES - 1), rest = count - whole;
    for (ptrdiff_t i = 0; i < whole; i += LANES) {
        *(zk_u32x16_at *)(x + i) =
            zk_decode_lanes(&format, zk_load_codes((const char *)codes + i * format.bytes, format.bytes));
    }
    if (rest > 0) {
        _Alignas(64) char staged[2 * LANES] = {0};
        memcpy(staged, (const char *)codes + whole * format.bytes, (size_t)(rest * format.bytes));
        const zk_u32x16 numbers = zk_decode_lanes(&format, zk_load_codes(staged, format.bytes));
        memcpy(x + whole, &numbers, (size_t)rest * 4);
    }
}
