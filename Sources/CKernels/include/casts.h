/// Casts between FP32 and narrow formats, and the generators of a step. Semantics: docs/semantics.md, sections 2 and 4 to 6.
///
/// `level` as in vectors.h; the bits are the same at every level. Buffers need no alignment. Nothing here allocates.
#ifndef ZK_CASTS_H
#define ZK_CASTS_H

#include <stddef.h>
#include <stdint.h>

/// Roundings of a cast.
enum {
    ZK_CAST_NEAREST_EVEN = 0,
    ZK_CAST_NEAREST_AWAY = 1,
    ZK_CAST_TOWARD_ZERO = 2,
    ZK_CAST_DOWN = 3,
    ZK_CAST_UP = 4,
    ZK_CAST_ODD = 5,
    ZK_CAST_STOCHASTIC_A = 6,
    ZK_CAST_STOCHASTIC_B = 7,
    ZK_CAST_STOCHASTIC_C = 8,
};

/// A format of at most 16 bits, as the target of a cast from FP32, with the rules of the cast resolved to codes.
///
/// An integer format is held to be a floating-point format of 17 fraction bits whose subnormal numbers are the integers: no number in its range is
/// normal. Arrays of two hold what goes for positive and for negative numbers; all codes there have their sign.
typedef struct zk_cast {
    int32_t fraction_bits;        // 17 for integers
    int32_t minimum_exponent;     // of normal numbers; 17 for integers
    uint32_t sign;                // the sign's bit; 0 where there is none, and for integers
    int32_t is_integer;           // whether codes are two's complement
    int32_t is_power;             // whether there is neither zero nor sign (E8M0): numbers ≤ 0 become `nan`
    uint32_t mask;                // the bits of a container, which an integer fills with its sign
    uint32_t largest[2];          // the largest magnitude
    uint32_t overflow[2];         // what a finite number beyond it becomes
    uint32_t infinity[2];         // what an infinity becomes
    uint32_t nan;                 // what a NaN becomes
    int32_t flushes_inputs;       // whether subnormal FP32 numbers count as zeros
    int32_t flushes_outputs;      // whether subnormal results become zeros
    int32_t rounding;             // one of the above
    int32_t random_bits;          // N of the stochastic roundings, 1…32
    int32_t bytes;                // of a code: 1 or 2
    uint32_t overflow_flags;      // raised by a finite number beyond the largest
    uint32_t infinity_flags[2];   // raised by an infinity
    uint32_t nan_flags[2];        // raised by a quiet NaN, and by a signaling one
    uint32_t not_positive_flags;  // raised by numbers ≤ 0 where `is_power`
} zk_cast;

/// Flags that a cast raises for what it finds itself.
enum {
    ZK_FLAG_INEXACT = 1,
    ZK_FLAG_UNDERFLOW = 2,
};

/// A random stream (docs/semantics.md, section 4).
typedef struct zk_stream {
    uint64_t seed;
    uint32_t step;
    uint16_t query;
    uint16_t tensor;
    uint8_t purpose;
} zk_stream;

/// Casts `count` numbers. `random` holds a word for each where the rounding is stochastic, and is not read otherwise. Where `flags` is not
/// null, the union of the exceptions raised is stored there, which takes longer.
void zk_cast_float32(
    int level, const zk_cast *_Nonnull cast, const float *_Nonnull x, ptrdiff_t count, const uint32_t *_Nullable random,
    void *_Nonnull codes, uint32_t *_Nullable flags);

/// The same with the draws of a stream's elements from `first` on as the random words: 16-bit draws for N ≤ 16, 32-bit draws above.
/// first + count < 2⁴⁸.
void zk_cast_float32_stream(
    int level, const zk_cast *_Nonnull cast, const float *_Nonnull x, ptrdiff_t count, const zk_stream *_Nonnull stream,
    uint64_t first, void *_Nonnull codes, uint32_t *_Nullable flags);

/// Codes fl(x · factor) stochastically rounded to −127…127, form A with N = `random_bits` bits (1…32) of the stream's draws as above. NaN gives 0.
void zk_round_int8_stream(
    int level, const float *_Nonnull x, ptrdiff_t count, float factor, int random_bits, const zk_stream *_Nonnull stream,
    uint64_t first, int8_t *_Nonnull codes);

/// A floating-point format of at most 16 bits, as the source of a cast to FP32.
typedef struct zk_decoding {
    int32_t fraction_bits;
    int32_t minimum_exponent;
    int32_t is_power;      // E8M0
    uint32_t sign;         // the sign's bit
    uint32_t magnitude;    // the bits of exponent and fraction
    uint32_t infinity;     // the infinity's magnitude, or one that no code has
    uint32_t largest;      // the largest finite magnitude; what lies beyond it and is no infinity is a NaN
    int32_t bytes;         // of a code: 1 or 2
} zk_decoding;

/// The FP32 numbers of `count` codes; NaNs become 0x7FC00000.
void zk_decode_float32(
    int level, const zk_decoding *_Nonnull decoding, const void *_Nonnull codes, ptrdiff_t count, float *_Nonnull x);

/// The integers t of irwin-hall-4, −510…510, of a stream's elements from `first` on; first + count < 2⁴⁸.
void zk_gaussian_integers(
    int level, const zk_stream *_Nonnull stream, uint64_t first, ptrdiff_t count, int16_t *_Nonnull t);

/// The same as numbers: t · (1/√21845) in binary64, rounded to FP32.
void zk_gaussian_values(
    int level, const zk_stream *_Nonnull stream, uint64_t first, ptrdiff_t count, float *_Nonnull u);

#endif
