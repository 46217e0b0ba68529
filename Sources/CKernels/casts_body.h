/// Casts from FP32 to narrow formats, once for all levels: each level's file includes this one, then the other bodies of casts.h.
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
