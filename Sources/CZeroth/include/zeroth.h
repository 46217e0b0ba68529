/// The emulator's arithmetic for other programs: benches of hardware through DPI-C, cocotb, ctypes.
///
/// Bits are those of docs/semantics.md; every function is its scalar reference, the one that `zeroth vectors` and `zeroth gemm` use. Numbers of formats, roundings and overflow policies
/// are the codes of the pins of hwmodels/rtl. Arguments are plain integers and pointers to 32-bit words, as DPI-C passes `int`, `int unsigned`, `longint unsigned` and packed bit vectors.
///
/// Functions return ZEROTH_OK or what is wrong with an argument, and write results only where they return ZEROTH_OK. Pointers must not be null. All functions may be called
/// from any thread; an array belongs to one thread at a time.
#ifndef ZEROTH_H
#define ZEROTH_H

#include <stdint.h>

// Clang's word for pointers that are not null, which Swift reads.
#ifdef __clang__
#define ZEROTH_NONNULL _Nonnull
#define ZEROTH_NULLABLE _Nullable
#else
#define ZEROTH_NONNULL
#define ZEROTH_NULLABLE
#endif

#ifdef __cplusplus
extern "C" {
#endif

/// Changes where a function's meaning does; new functions leave it.
#define ZEROTH_API_VERSION 1

// Status.
#define ZEROTH_OK 0
/// A format's number is not known, or the function does not take that format.
#define ZEROTH_BAD_FORMAT 1
/// A rounding's number is not known, needs random bits where none are given, or their number is not 1...32.
#define ZEROTH_BAD_ROUNDING 2
#define ZEROTH_BAD_OVERFLOW 3
/// An accumulator, its settings or its order are unknown or do not go with the formats.
#define ZEROTH_BAD_ACCUMULATOR 4
/// A size, count, width, place or number is out of its range.
#define ZEROTH_BAD_RANGE 5
/// The array can't execute the command; `zeroth_array_message` says why.
#define ZEROTH_BAD_COMMAND 6

// Formats (section 2). 13 is two INT4 codes in a byte, the lower k in the low nibble; only matrix units take it.
#define ZEROTH_E4M3 0
#define ZEROTH_E5M2 1
#define ZEROTH_E3M4 2
#define ZEROTH_E4M3IEEE 3
#define ZEROTH_E2M1 4
#define ZEROTH_E2M3 5
#define ZEROTH_E3M2 6
#define ZEROTH_BF16 7
#define ZEROTH_FP16 8
#define ZEROTH_FP32 9
#define ZEROTH_E8M0 10
#define ZEROTH_INT8 11
#define ZEROTH_INT4 12
#define ZEROTH_INT4_PACKED 13

// Roundings (section 6.1).
#define ZEROTH_NEAREST_EVEN 0
#define ZEROTH_NEAREST_AWAY 1
#define ZEROTH_TOWARD_ZERO 2
#define ZEROTH_DOWN 3
#define ZEROTH_UP 4
#define ZEROTH_ODD 5
#define ZEROTH_STOCHASTIC_A 6
#define ZEROTH_STOCHASTIC_B 7
#define ZEROTH_STOCHASTIC_C 8

// Overflow policies (section 6.2).
#define ZEROTH_SATURATE 0
#define ZEROTH_SATURATE_PROPAGATE 1
#define ZEROTH_IEEE 2

// Flags (section 2.4).
#define ZEROTH_INEXACT 1
#define ZEROTH_UNDERFLOW 2
#define ZEROTH_OVERFLOW 4
#define ZEROTH_INVALID 16

// Kinds of sums of a matrix unit (section 8.4), and what their settings say.
/// Settings: bits 5...0 the accumulator's width 8...32; bit 6 set where it saturates, else it wraps.
#define ZEROTH_INTEGER 0
#define ZEROTH_SEQUENTIAL 1
#define ZEROTH_GROUPED 2
/// Settings: bits 5...0 the fraction bits F 1...40; bit 6 set for e8m13 toward zero, else FP32 to nearest even.
#define ZEROTH_ALIGNED 3
#define ZEROTH_EXACT 4

// Purposes of random streams (section 4).
#define ZEROTH_PERTURBATION 0
#define ZEROTH_FIRST_ROUNDING 1
#define ZEROTH_SECOND_ROUNDING 2
#define ZEROTH_GRID_ROUNDING 3
#define ZEROTH_UPDATE 4

// Dataflows (section 11).
#define ZEROTH_WEIGHT_STATIONARY 0
#define ZEROTH_INPUT_STATIONARY 1
#define ZEROTH_OUTPUT_STATIONARY 2

/// ZEROTH_API_VERSION of the library.
int32_t zeroth_api_version(void);

/// A status in a few words; valid as long as the library is loaded.
const char *ZEROTH_NONNULL zeroth_status_text(int32_t status);

// MARK: Formats and rounding

/// Width of a format's code in bits; 0 where the format is unknown.
int32_t zeroth_format_bits(int32_t format);

/// The number that a code stands for, exactly: every format's numbers are binary64 numbers. NaN for NaNs.
int32_t zeroth_decode(uint32_t code, int32_t format, double *ZEROTH_NONNULL value);

/// A code of one format as a code of another, rounded once (section 6).
///
/// - random_bits: N of the stochastic roundings, 1...32; ignored by the others. `random`: R in its low N bits.
/// - flush: bit 0 reads subnormal operands as zeros, bit 1 flushes subnormal results.
int32_t zeroth_cast(
    uint32_t code, int32_t from, int32_t to, int32_t rounding, int32_t random_bits, uint32_t random, int32_t overflow,
    int32_t flush, uint32_t *ZEROTH_NONNULL result, uint32_t *ZEROTH_NONNULL flags);

/// a + b, a · b and a · b + c of floating-point formats, rounded once to a floating-point format with roundings 0...5, overflow IEEE (section 2.5).
int32_t zeroth_add(
    uint32_t a, int32_t a_format, uint32_t b, int32_t b_format, int32_t to, int32_t rounding, uint32_t *ZEROTH_NONNULL result,
    uint32_t *ZEROTH_NONNULL flags);
int32_t zeroth_multiply(
    uint32_t a, int32_t a_format, uint32_t b, int32_t b_format, int32_t to, int32_t rounding, uint32_t *ZEROTH_NONNULL result,
    uint32_t *ZEROTH_NONNULL flags);
int32_t zeroth_multiply_add(
    uint32_t a, int32_t a_format, uint32_t b, int32_t b_format, uint32_t c, int32_t c_format, int32_t to, int32_t rounding,
    uint32_t *ZEROTH_NONNULL result, uint32_t *ZEROTH_NONNULL flags);

// MARK: Products

/// One step of an accumulator's chain (section 8.4): sum = c + products of `lanes` bytes of codes each, the lowest k first.
///
/// - a, b: `lanes` bytes, 1...2048; formats of 8 bits or less. ZEROTH_SEQUENTIAL takes one lane; of ZEROTH_GROUPED and ZEROTH_ALIGNED the lanes are the group, at most 1024.
/// - c, sum: one word, three for ZEROTH_EXACT (88 bits, the lowest first). 0 is the empty sum. They may be the same memory.
int32_t zeroth_mac(
    const uint8_t *ZEROTH_NONNULL a, const uint8_t *ZEROTH_NONNULL b, int32_t lanes, int32_t a_format, int32_t b_format, int32_t kind,
    int32_t settings, const uint32_t *ZEROTH_NONNULL c, uint32_t *ZEROTH_NONNULL sum);

/// The three words of an exact sum, rounded once to FP32.
int32_t zeroth_exact_round(const uint32_t *ZEROTH_NONNULL state, uint32_t *ZEROTH_NONNULL result);

/// C[m, n] = A[m, k] · B[n, k] transposed, row-major, a word for each code and each result (INT32, or an FP32 code).
///
/// - accumulator, order: as `zeroth gemm` spells them: "32-wrap", "24-saturate", "fp32-sequential", "grouped:16", "aligned:32,13,e8m13", "exact"; "re-entry", "blocked:32".
/// - m, n, k: 1...65536 each, and at most 2^31 products in all: this is the reference, some 10^6 products a second.
int32_t zeroth_product(
    const uint32_t *ZEROTH_NONNULL a, const uint32_t *ZEROTH_NONNULL b, int32_t m, int32_t n, int32_t k, int32_t a_format,
    int32_t b_format, const char *ZEROTH_NONNULL accumulator, const char *ZEROTH_NONNULL order, uint32_t *ZEROTH_NONNULL c);

/// The epilogue of an integer product (section 8.5): y = fl(fl(float(sum) · weight_scale) · activation_scale) [+ bias] as FP32 codes, and y · factor as an INT8 code.
int32_t zeroth_requantize(
    int32_t sum, uint32_t weight_scale, uint32_t activation_scale, int32_t has_bias, uint32_t bias, uint32_t factor,
    uint32_t *ZEROTH_NONNULL y, int32_t *ZEROTH_NONNULL code);

// MARK: Generators

/// A block of Philox4x32-10: two words of key, four of counter, four of result.
int32_t zeroth_philox(const uint32_t *ZEROTH_NONNULL key, const uint32_t *ZEROTH_NONNULL counter, uint32_t *ZEROTH_NONNULL words);

/// The state of a Galois shift register of `width` bits, 2...64, `steps` steps on (section 4.2): right shift, `mask` where a 1 falls out.
int32_t zeroth_lfsr(int32_t width, uint64_t mask, uint64_t state, uint64_t steps, uint64_t *ZEROTH_NONNULL next);

/// The 32-bit or 16-bit draw of an element (section 4), Philox.
///
/// - purpose: ZEROTH_PERTURBATION ... ZEROTH_UPDATE. `bits`: 32 or 16. `query`, `tensor`: below 65536. `element`: below 2^48.
int32_t zeroth_draw(
    uint64_t seed, uint32_t step, uint32_t query, uint32_t tensor, int32_t purpose, uint64_t element, int32_t bits,
    uint32_t *ZEROTH_NONNULL word);

// MARK: Perturbation and update (sections 5 and 10)

/// clamp(k + d) or clamp(k - d) of `count` INT8 weights from `first_element` on: Irwin-Hall u, rounded to `bits` (2, 4 or 8), times `multiplier` (1...2^24 - 1), rounded to the grid; Philox.
///
/// - codes, result: `count` codes -127...127; they may be the same memory.
int32_t zeroth_perturb(
    const int8_t *ZEROTH_NONNULL codes, int64_t count, uint64_t first_element, uint64_t seed, uint32_t step, uint32_t query,
    uint32_t tensor, int32_t bits, int32_t multiplier, int32_t subtract, int8_t *ZEROTH_NONNULL result);

/// One weight's step: k less u2 · multiplier, rounded by `mode`: 0 stochastic, 1 nearest, 2 residual in 8 bits, 3 residual in 16.
///
/// - code, u2: -127...127. `multiplier`: within ±16646144 (2^24 − 2^17). `random`: below 65536. `residual`: in the range of its bits; 0 in modes 0 and 1.
int32_t zeroth_update(
    int32_t code, int32_t u2, int32_t multiplier, uint32_t random, int32_t mode, int32_t residual,
    int32_t *ZEROTH_NONNULL new_code, int32_t *ZEROTH_NONNULL new_residual);

// MARK: The array, beat by beat (section 11)

/// A systolic array with its registers; NULL where a size is out of range.
///
/// - rows, columns: 1...4096. `lanes`: bytes that an element takes in a beat, 1...2048. `kind`: ZEROTH_INTEGER ... ZEROTH_EXACT.
void *ZEROTH_NULLABLE zeroth_array_create(int32_t rows, int32_t columns, int32_t lanes, int32_t kind);
void zeroth_array_free(void *ZEROTH_NULLABLE array);

/// Begins a product: C[m, n] = A[m, k] · B[n, k] transposed, with the array's registers reset.
///
/// - settings: of the accumulator, as for `zeroth_mac`; groups are the array's lanes.
/// - block: 0 where sums re-enter the array, else the k of a block, added in the accumulator memory.
/// - a, b: a word for each code, row-major. ZEROTH_INT4_PACKED for both formats sends pairs of INT4 codes over the wires of one.
int32_t zeroth_array_begin(
    void *ZEROTH_NONNULL array, int32_t dataflow, int32_t double_buffered, int32_t a_format, int32_t b_format, int32_t settings,
    int32_t block, int32_t m, int32_t n, int32_t k, const uint32_t *ZEROTH_NONNULL a, const uint32_t *ZEROTH_NONNULL b);

/// Why the last command was refused; valid until the next call with this array.
const char *ZEROTH_NONNULL zeroth_array_message(void *ZEROTH_NONNULL array);

/// Cycles of the command; 0 before the first.
int64_t zeroth_array_cycles(void *ZEROTH_NONNULL array);

/// Does a beat. 1 where it did, 0 where none was left.
int32_t zeroth_array_step(void *ZEROTH_NONNULL array);

/// The word in the accumulator memory of output [m, n]: one word, three for ZEROTH_EXACT.
int32_t zeroth_array_sum(void *ZEROTH_NONNULL array, int32_t m, int32_t n, uint32_t *ZEROTH_NONNULL words);

/// Output [m, n]: INT32, or an FP32 code. Final once all beats are done.
int32_t zeroth_array_result(void *ZEROTH_NONNULL array, int32_t m, int32_t n, uint32_t *ZEROTH_NONNULL result);

/// An element's registers at the end of the last beat, as a bench that probes them has them: its sum (one word, three for ZEROTH_EXACT), the codes on their way right (`lanes` bytes)
/// and held (`lanes` bytes), and bits: 1 valid, 2 first, 4 last.
int32_t zeroth_array_element(
    void *ZEROTH_NONNULL array, int32_t row, int32_t column, uint32_t *ZEROTH_NONNULL sum, uint8_t *ZEROTH_NONNULL moving,
    uint8_t *ZEROTH_NONNULL held, uint32_t *ZEROTH_NONNULL flags);

#ifdef __cplusplus
}
#endif

#endif
