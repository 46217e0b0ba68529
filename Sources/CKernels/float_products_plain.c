/// Grouped and aligned sums in plain C, for all numbers: the scalar level's aligned sums, and grouped sums whose numbers lie too far apart for FP64 and
/// int64 at any level.
#pragma STDC FP_CONTRACT OFF
#include "float_products_internal.h"

// MARK: Grouped

/// A fixed-point number in two's complement whose last place is 2^−298: the exact sum of FP32 numbers and products of BF16 numbers.
enum { LIMBS = 10, LAST_PLACE = -298 };

typedef struct accumulator {
    uint64_t limbs[LIMBS];
    double native;  // NaN or infinite as the sum is
    int has_nonzero, has_positive_zero;
} accumulator;

/// Adds a number that is a multiple of 2^LAST_PLACE, below 2^260.
static void add(accumulator *sum, double value) {
    sum->native += value;
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    const int negative = bits >> 63;
    const int32_t field = (int32_t)(bits >> 52 & 0x7FF);
    if (field == 0x7FF) return;
    // All numbers here but zero are normal in FP64.
    if (field == 0) {
        if (!negative) sum->has_positive_zero = 1;
        return;
    }
    sum->has_nonzero = 1;
    uint64_t significand = (bits & 0xFFFFFFFFFFFFF) | 0x10000000000000;
    int32_t place = field - 1075 - LAST_PLACE;
    if (place < 0) {
        significand >>= -place;
        place = 0;
    }
    const unsigned __int128 shifted = (unsigned __int128)significand << (place % 64);
    const uint64_t parts[2] = {(uint64_t)shifted, (uint64_t)(shifted >> 64)};
    uint64_t carry = 0;
    for (int i = place / 64, part = 0; i < LIMBS && (part < 2 || carry); i++, part++) {
        const uint64_t term = part < 2 ? parts[part] : 0;
        const uint64_t before = sum->limbs[i];
        if (negative) {
            const uint64_t after = before - term - carry;
            carry = carry ? after >= before : after > before;
            sum->limbs[i] = after;
        } else {
            const uint64_t after = before + term + carry;
            carry = carry ? after <= before : after < before;
            sum->limbs[i] = after;
        }
    }
}

static float with_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/// The sum, rounded to FP32, to nearest, ties to even.
static float rounded(const accumulator *sum) {
    if (sum->native != sum->native || sum->native - sum->native != 0) return (float)sum->native;
    uint64_t limbs[LIMBS];
    const uint32_t sign = sum->limbs[LIMBS - 1] >> 63 ? 0x80000000 : 0;
    uint64_t carry = sign != 0;
    for (int i = 0; i < LIMBS; i++) {
        limbs[i] = (sign ? ~sum->limbs[i] : sum->limbs[i]) + carry;
        carry = carry && limbs[i] == 0;
    }
    int top = LIMBS - 1;
    while (top >= 0 && limbs[top] == 0) top--;
    if (top < 0) return with_bits(sum->has_nonzero || sum->has_positive_zero ? 0 : 0x80000000);
    // 64 bits from the leading one down, and whether there is anything below.
    const int shift = __builtin_clzll(limbs[top]);
    uint64_t lead = limbs[top] << shift;
    uint64_t rest = 0;
    if (top > 0) {
        if (shift > 0) lead |= limbs[top - 1] >> (64 - shift);
        rest = limbs[top - 1] << shift;
    }
    for (int i = 0; i < top - 1; i++) rest |= limbs[i];
    // |sum| = lead · 2^(exponent − 63) and the rest.
    const int32_t exponent = 64 * top + 63 - shift + LAST_PLACE;
    if (exponent > 127) return with_bits(sign | 0x7F800000);
    // Below the normal numbers the last place no longer shrinks.
    const int32_t kept_bits = exponent >= -126 ? 24 : 24 - (-126 - exponent);
    if (kept_bits < 0) return with_bits(sign);
    const uint64_t kept = kept_bits == 0 ? 0 : lead >> (64 - kept_bits);
    const uint64_t discarded = kept_bits == 0 ? lead : lead << kept_bits;
    const uint64_t half = (uint64_t)1 << 63;
    const int up = discarded > half || (discarded == half && (rest != 0 || (kept & 1)));
    const uint32_t field = exponent >= -126 ? (uint32_t)(exponent + 126) : 0;
    // The leading one of a normal number counts as one step of the exponent field, and so does a carry; past the end that is infinity.
    return with_bits(sign | ((field << 23) + (uint32_t)kept + (uint32_t)up));
}

void zk_float_grouped_plain(const zk_float_tile *tile) {
    for (ptrdiff_t i = 0; i < tile->rows; i++) {
        for (int j = 0; j < ZK_PANEL_ROWS; j++) {
            float c = 0;
            for (ptrdiff_t start = 0; start < tile->k; start += tile->group) {
                const ptrdiff_t end = tile->group < tile->k - start ? start + tile->group : tile->k;
                accumulator sum = {{0}, 0, 0, 0};
                sum.native = -0.0;
                add(&sum, c);
                for (ptrdiff_t k = start; k < end; k++) {
                    add(&sum, tile->a64[k * ZK_A_STRIDE + i] * (double)tile->b[k * ZK_PANEL_ROWS + j]);
                }
                c = rounded(&sum);
            }
            tile->sums[i * ZK_TILE_COLUMNS + j] = c;
        }
    }
}

// MARK: Aligned

/// A number rounded to FP32 toward zero, so never to infinity.
static float toward_zero(double value) {
    float result = (float)value;
    if (__builtin_fabs((double)result) > __builtin_fabs(value)) {
        uint32_t bits;
        memcpy(&bits, &result, sizeof bits);
        result = with_bits(bits - 1);
    }
    return result;
}

/// One group's sum with c.
static float aligned_group(const zk_float_tile *tile, ptrdiff_t i, int j, ptrdiff_t start, ptrdiff_t end, float c) {
    int32_t largest = zk_field_exponent(c, -126);
    double native = c;
    for (ptrdiff_t k = start; k < end; k++) {
        const float b = tile->b[k * ZK_PANEL_ROWS + j];
        const int32_t exponent = tile->a_exponent[k * ZK_A_STRIDE + i] + tile->b_exponent[k * ZK_PANEL_ROWS + j];
        if (exponent > largest) largest = exponent;
        native += tile->a64[k * ZK_A_STRIDE + i] * (double)b;
    }
    if (native - native != 0) return (float)native;
    // Nothing takes part: all terms are zero.
    if (largest < -300) return 0;
    // Multiples of 2^(E − F) as integers: a conversion to an integer cuts toward zero. Terms are below 2^(F + 2) ≤ 2^42, their sum, of 1025 at most,
    // below 2^53; scaling by a power of two is exact in FP64.
    const double scale = zk_power_of_two(tile->fraction_bits - largest);
    int64_t total = (int64_t)((double)c * scale);
    for (ptrdiff_t k = start; k < end; k++) {
        const double product = tile->a64[k * ZK_A_STRIDE + i] * (double)tile->b[k * ZK_PANEL_ROWS + j];
        total += (int64_t)(product * scale);
    }
    const float sum = toward_zero((double)total * zk_power_of_two(largest - tile->fraction_bits));
    uint32_t bits;
    memcpy(&bits, &sum, sizeof bits);
    return with_bits(bits & tile->output_mask);
}

void zk_float_aligned_plain(const zk_float_tile *tile) {
    for (ptrdiff_t i = 0; i < tile->rows; i++) {
        for (int j = 0; j < ZK_PANEL_ROWS; j++) {
            float c = 0;
            for (ptrdiff_t start = 0; start < tile->k; start += tile->group) {
                const ptrdiff_t end = tile->group < tile->k - start ? start + tile->group : tile->k;
                c = aligned_group(tile, i, j, start, end, c);
            }
            tile->sums[i * ZK_TILE_COLUMNS + j] = c;
        }
    }
}
