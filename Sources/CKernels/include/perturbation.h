/// Perturbation and update of INT8 weights from counter-based random streams. Semantics: docs/semantics.md, sections 4, 5, 6 and 10.
///
/// `level` as in vectors.h. A call covers a range of elements, so several threads share one tensor. Nothing here allocates.
#ifndef ZK_PERTURBATION_H
#define ZK_PERTURBATION_H

#include <stdint.h>

/// The draws of one tensor in one query of one step, and the part of the tensor to work on.
typedef struct zk_tensor_range {
    uint64_t seed;
    uint32_t step;
    uint16_t query;
    uint16_t tensor;
    int32_t bits;                        // of the perturbation code: 2, 4 or 8
    int64_t first, last;                 // row-major elements, first ≤ last < 2⁴⁸
    int64_t columns;                     // elements in a row, > 0
    const int32_t *_Nonnull multipliers;  // c_d, c_g, or m of ZOQO's grid; one for each row or one for all
    int32_t multiplier_per_row;          // whether there is one for each row
    int32_t limit;                       // codes lie in ±limit: 127, or 7 where they have four bits
    int32_t update_purpose;              // which rounding of u an update reads: 2, or 1 where it is the passes' own
} zk_tensor_range;

/// What a perturbation did. Sums are exact.
typedef struct zk_perturbation_statistics {
    uint64_t moved;          // d ≠ 0
    uint64_t clamped_plus;   // k + d outside ±limit
    uint64_t clamped_minus;  // k − d outside ±limit
    uint64_t square_sum;     // Σ d², in grid steps squared
} zk_perturbation_statistics;

/// What an update did.
typedef struct zk_update_statistics {
    uint64_t moved;    // the code changed
    uint64_t clamped;  // the code would have left ±limit
} zk_update_statistics;

/// Roundings of an update.
enum {
    ZK_ROUNDING_STOCHASTIC = 0,
    ZK_ROUNDING_NEAREST = 1,
    ZK_ROUNDING_RESIDUAL_8 = 8,
    ZK_ROUNDING_RESIDUAL_16 = 16,
};

/// Writes clamp(k + d, limit) and clamp(k − d, limit) for the range. Pointers are those of element 0; `plus` and `minus` may each be null, and
/// one of them may be `codes`. Returns the statistics of the range.
zk_perturbation_statistics zk_perturb(
    int level, const zk_tensor_range *_Nonnull range, const int8_t *_Nonnull codes, int8_t *_Nullable plus,
    int8_t *_Nullable minus);

/// Subtracts c_g · u₂ / 2²⁴, rounded as `rounding` says, from the codes of the range. Pointers are those of element 0. `residuals` holds
/// int8_t or int16_t by the rounding, and is null where the rounding keeps none. Returns the statistics of the range.
zk_update_statistics zk_update(
    int level, const zk_tensor_range *_Nonnull range, int8_t *_Nonnull codes, void *_Nullable residuals, int rounding);

/// The same with ZOQO's perturbation: d is drawn from −m…m, and m are the multipliers, 1…32767.
zk_perturbation_statistics zk_perturb_grid(
    int level, const zk_tensor_range *_Nonnull range, const int8_t *_Nonnull codes, int8_t *_Nullable plus,
    int8_t *_Nullable minus);

/// Adds the step of one query, rounded as `rounding` says, to `steps`: c_g · u₂ in grid steps, or in 2⁻⁸ or 2⁻¹⁶ of one where residuals are kept.
void zk_add_step(int level, const zk_tensor_range *_Nonnull range, int32_t *_Nonnull steps, int rounding);

/// Adds lengths[row]·sign·sgn(d) to `steps`, d as `zk_perturb_grid` draws it; `lengths` has as many entries as there are multipliers.
void zk_add_sign_step(
    int level, const zk_tensor_range *_Nonnull range, int32_t *_Nonnull steps, const int32_t *_Nonnull lengths, int32_t sign);

/// Subtracts `steps` from the codes of the range, clamps, and keeps what residuals hold. Returns the statistics of the range.
zk_update_statistics zk_apply_steps(
    int level, const zk_tensor_range *_Nonnull range, int8_t *_Nonnull codes, void *_Nullable residuals,
    const int32_t *_Nonnull steps, int rounding);

/// The 32-bit draws of elements 4·block … 4·block + 4·blocks − 1, from counter word 3 as given, as the kernels above make them.
void zk_random_words(
    int level, const zk_tensor_range *_Nonnull range, uint8_t purpose, uint64_t block, int64_t blocks,
    uint32_t *_Nonnull words);

#endif
