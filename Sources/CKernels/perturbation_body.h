/// Perturbation and update, once for all levels: each level's file includes this one.
///
/// The draws of a chunk of 256 elements are 2 KiB, in the first-level cache, and each of the two loops below is small.

#include "philox_body.h"

/// Elements after which the counts are collected: a lane counts a sixteenth of them, and its 32 bits must not be full.
#define COUNTED ((int64_t)1 << 34)

/// What the draws of a range's tensor have in common.
ZK_INLINE philox_draws zk_range_draws(const zk_tensor_range *range) {
    return zk_draws(range->seed, range->tensor, range->step, range->query);
}

/// The draws of one chunk, in the order of the stream.
typedef struct chunk_draws {
    zk_u32x16 u[PIECES];
    zk_u32x16 code[PIECES / 2], grid[PIECES / 2];  // 16-bit draws: the roundings of u, and those onto the grid
} chunk_draws;

/// Makes the draws of the chunk at element `first`.
ZK_INLINE void zk_draw(
    const philox_draws *restrict draws, uint64_t first, uint64_t code_purpose, uint64_t grid_purpose,
    chunk_draws *restrict drawn) {
    zk_draw_words(draws, 0, first >> 2, PIECES / 2, drawn->u);
    zk_draw_words(draws, code_purpose, first >> 3, PIECES / 4, drawn->code);
    zk_draw_words(draws, grid_purpose, first >> 3, PIECES / 4, drawn->grid);
}

/// The perturbation codes of piece i: u₁ or u₂ of sixteen elements.
ZK_INLINE zk_i32x16 zk_perturbation_codes(const chunk_draws *drawn, int i, int bits) {
    const int32_t factor = ((1 << (bits - 1)) - 1) * 128;  // (2^(b−1) − 1) · 2⁷
    const zk_i32x16 random = zk_halves(drawn->code, i);
    return (zk_scaled_byte_sums(drawn->u[i], factor) - 510 * factor + random) >> 16;
}

/// The multipliers of a chunk.
ZK_INLINE void zk_multipliers(const zk_tensor_range *range, int64_t first, int32_t multipliers[CHUNK]) {
    if (!range->multiplier_per_row) {
        for (int i = 0; i < CHUNK; i++) multipliers[i] = range->multipliers[0];
        return;
    }
    // The last chunk may reach past the tensor; no row past the range is read.
    const int64_t last_row = (range->last - 1) / range->columns;
    int64_t row = first / range->columns, end = (row + 1) * range->columns - first;
    for (int i = 0; i < CHUNK; row++, end += range->columns) {
        const int32_t multiplier = range->multipliers[row < last_row ? row : last_row];
        const int stop = end < CHUNK ? (int)end : CHUNK;
        for (; i < stop; i++) multipliers[i] = multiplier;
    }
}

ZK_INLINE uint64_t zk_total(zk_u32x16 counts) {
    uint64_t total = 0;
    for (int lane = 0; lane < LANES; lane++) total += counts[lane];
    return total;
}

void ZK_NAME(zk_random_words)(
    const zk_tensor_range *range, uint8_t purpose, uint64_t block, int64_t blocks, uint32_t *words) {
    const philox_draws draws = zk_range_draws(range);
    for (int64_t i = 0; i < blocks; i += 8) {
        zk_u32x16 drawn[2];
        zk_philox8(&draws, purpose, block + (uint64_t)i, drawn);
        const int64_t count = blocks - i < 8 ? blocks - i : 8;
        if (count == 8) {
            memcpy(words + 4 * i, drawn, sizeof drawn);
        } else {
            memcpy(words + 4 * i, drawn, (size_t)count * 16);
        }
    }
}

// MARK: Perturbation

/// Running statistics, one count a lane.
typedef struct perturbation_counts {
    zk_u32x16 moved, clamped_plus, clamped_minus;
    zk_u64x8 squares;
} perturbation_counts;

ZK_INLINE zk_i32x16 zk_clamped(zk_i32x16 x, int32_t limit) {
    const zk_i32x16 highest = limit, lowest = -limit;
    x = x > highest ? highest : x;
    return x < lowest ? lowest : x;
}

/// ZOQO's perturbation: ((w · (2m + 1)) >> 32) − m, 1 ≤ m ≤ 32767. The product's halves each fit 32 bits.
ZK_INLINE zk_i32x16 zk_grid_steps(zk_u32x16 w, zk_i32x16 m) {
    const zk_u32x16 n = (zk_u32x16)(2 * m + 1);
    return (zk_i32x16)(((w >> 16) * n + (((w & 0xFFFFu) * n) >> 16)) >> 16) - m;
}

/// One chunk; elements outside from..<to of it do not move and do not count. `on_grid` is a constant where this is inlined.
ZK_INLINE void zk_perturb_chunk(
    const zk_tensor_range *range, const philox_draws *draws, const int on_grid, int64_t first, int from, int to,
    const int8_t *codes, int8_t *plus, int8_t *minus, perturbation_counts *counts) {
    chunk_draws drawn;
    _Alignas(64) int32_t multipliers[CHUNK];
    if (on_grid) {
        zk_draw_words(draws, 0, (uint64_t)first >> 2, PIECES / 2, drawn.u);
    } else {
        zk_draw(draws, (uint64_t)first, 1, 3, &drawn);
    }
    zk_multipliers(range, first, multipliers);
    const zk_u64x8 low = 0xFFFFFFFFu;
#pragma clang loop unroll(disable)
    for (int i = 0; i < PIECES; i++) {
        const zk_i32x16 multiplier = *(const zk_i32x16_at *)(multipliers + LANES * i);
        zk_i32x16 d = on_grid
            ? zk_grid_steps(drawn.u[i], multiplier)
            : (zk_perturbation_codes(&drawn, i, range->bits) * multiplier + zk_halves(drawn.grid, i)) >> 16;
        if (from > 0 || to < CHUNK) d &= ZK_LANES_BELOW(to - LANES * i) & ~ZK_LANES_BELOW(from - LANES * i);
        const zk_i32x16 k = __builtin_convertvector(*(const zk_i8x16_at *)(codes + LANES * i), zk_i32x16);
        const zk_i32x16 up = zk_clamped(k + d, range->limit), down = zk_clamped(k - d, range->limit);
        counts->moved -= (zk_u32x16)(d != 0);
        counts->clamped_plus -= (zk_u32x16)(up != k + d);
        counts->clamped_minus -= (zk_u32x16)(down != k - d);
        const zk_u64x8 square = (zk_u64x8)(d * d);
        counts->squares += (square & low) + (square >> 32);
        if (plus) *(zk_i8x16_at *)(plus + LANES * i) = __builtin_convertvector(up, zk_i8x16);
        if (minus) *(zk_i8x16_at *)(minus + LANES * i) = __builtin_convertvector(down, zk_i8x16);
    }
}

ZK_INLINE zk_perturbation_statistics zk_perturb_range(
    const zk_tensor_range *range, const int8_t *codes, int8_t *plus, int8_t *minus, const int on_grid) {
    const philox_draws draws = zk_range_draws(range);
    zk_perturbation_statistics statistics = {0};
    int64_t at = range->first;
    while (at < range->last) {
        const int64_t stop = range->last - at > COUNTED ? at + COUNTED : range->last;
        perturbation_counts counts = {0};
        while (at < stop) {
            const int64_t first = at & ~(int64_t)(CHUNK - 1);
            const int64_t to = range->last - first < CHUNK ? range->last - first : CHUNK;
            const int64_t from = at - first;
            const size_t count = (size_t)(to - from);
            const int8_t *k = codes + first;
            int8_t *up = plus ? plus + first : NULL, *down = minus ? minus + first : NULL;
            int8_t staged[3][CHUNK];
            if (count < CHUNK) {
                memset(staged[0], 0, CHUNK);
                memcpy(staged[0] + from, codes + at, count);
                k = staged[0];
                up = staged[1];
                down = staged[2];
            }
            zk_perturb_chunk(range, &draws, on_grid, first, (int)from, (int)to, k, up, down, &counts);
            if (count < CHUNK) {
                if (plus) memcpy(plus + at, up + from, count);
                if (minus) memcpy(minus + at, down + from, count);
            }
            at = first + to;
        }
        statistics.moved += zk_total(counts.moved);
        statistics.clamped_plus += zk_total(counts.clamped_plus);
        statistics.clamped_minus += zk_total(counts.clamped_minus);
        for (int lane = 0; lane < 8; lane++) statistics.square_sum += counts.squares[lane];
    }
    return statistics;
}

zk_perturbation_statistics ZK_NAME(zk_perturb)(
    const zk_tensor_range *range, const int8_t *codes, int8_t *plus, int8_t *minus) {
    return zk_perturb_range(range, codes, plus, minus, 0);
}

zk_perturbation_statistics ZK_NAME(zk_perturb_grid)(
    const zk_tensor_range *range, const int8_t *codes, int8_t *plus, int8_t *minus) {
    return zk_perturb_range(range, codes, plus, minus, 1);
}

// MARK: Update

typedef struct update_counts {
    zk_u32x16 moved, clamped;
} update_counts;

/// Limits a residual to its r bits.
ZK_INLINE zk_i32x16 zk_limited(zk_i32x16 e, int32_t half) {
    const zk_i32x16 highest = half - 1, lowest = -half;
    e = e > highest ? highest : e;
    return e < lowest ? lowest : e;
}

/// Sixteen products p = c_g · u₂, rounded: to grid steps, or to 2⁻⁸ or 2⁻¹⁶ of one where residuals are kept.
ZK_INLINE zk_i32x16 zk_rounded_steps(zk_i32x16 p, zk_i32x16 random, int rounding) {
    switch (rounding) {
    case ZK_ROUNDING_NEAREST: return (p + 0x7FFFFF + (p >> 24 & 1)) >> 24;
    case ZK_ROUNDING_RESIDUAL_8: return (p + random) >> 16;
    case ZK_ROUNDING_RESIDUAL_16: return (p + (random >> 8)) >> 8;
    default: return ((p >> 8) + random) >> 16;
    }
}

/// Subtracts piece i's steps from its codes, and keeps what its residuals hold. Lanes outside from..<to of the chunk do not count.
ZK_INLINE void zk_subtract(
    const zk_tensor_range *range, int rounding, int i, int from, int to, zk_i32x16 steps, int8_t *codes, void *residuals,
    update_counts *counts) {
    const int32_t limit = range->limit;
    const zk_i32x16 k = __builtin_convertvector(*(const zk_i8x16_at *)(codes + LANES * i), zk_i32x16);
    zk_i32x16 exact, clamped;
    if (rounding == ZK_ROUNDING_RESIDUAL_8) {
        zk_i8x16_at *const kept = (zk_i8x16_at *)((int8_t *)residuals + LANES * i);
        const zk_i32x16 v = (k << 8) + __builtin_convertvector(*kept, zk_i32x16) - steps;
        exact = (v + 0x80) >> 8;
        clamped = zk_clamped(exact, limit);
        *kept = __builtin_convertvector(zk_limited(v - (clamped << 8), 0x80), zk_i8x16);
    } else if (rounding == ZK_ROUNDING_RESIDUAL_16) {
        zk_i16x16_at *const kept = (zk_i16x16_at *)((int16_t *)residuals + LANES * i);
        const zk_i32x16 v = (k << 16) + __builtin_convertvector(*kept, zk_i32x16) - steps;
        exact = (v + 0x8000) >> 16;
        clamped = zk_clamped(exact, limit);
        *kept = __builtin_convertvector(zk_limited(v - (clamped << 16), 0x8000), zk_i16x16);
    } else {
        exact = k - steps;
        clamped = zk_clamped(exact, limit);
    }
    zk_i32x16 moved = clamped != k, limited = clamped != exact;
    if (from > 0 || to < CHUNK) {
        const zk_i32x16 inside = ZK_LANES_BELOW(to - LANES * i) & ~ZK_LANES_BELOW(from - LANES * i);
        moved &= inside;
        limited &= inside;
    }
    counts->moved -= (zk_u32x16)moved;
    counts->clamped -= (zk_u32x16)limited;
    *(zk_i8x16_at *)(codes + LANES * i) = __builtin_convertvector(clamped, zk_i8x16);
}

/// One chunk; elements outside from..<to of it are computed like the others, and the caller drops them, but they do not count.
/// `rounding` is a constant where this is inlined. With `given`, the steps are those at `given`; otherwise they are drawn.
ZK_INLINE void zk_update_chunk(
    const zk_tensor_range *range, const philox_draws *draws, int rounding, int64_t first, int from, int to,
    const int32_t *given, int8_t *codes, void *residuals, update_counts *counts) {
    if (given) {
#pragma clang loop unroll(disable)
        for (int i = 0; i < PIECES; i++) {
            const zk_i32x16 steps = *(const zk_i32x16_at *)(given + LANES * i);
            zk_subtract(range, rounding, i, from, to, steps, codes, residuals, counts);
        }
        return;
    }
    chunk_draws drawn;
    _Alignas(64) int32_t multipliers[CHUNK];
    zk_draw(draws, (uint64_t)first, (uint64_t)range->update_purpose, 4, &drawn);
    zk_multipliers(range, first, multipliers);
#pragma clang loop unroll(disable)
    for (int i = 0; i < PIECES; i++) {
        const zk_i32x16 multiplier = *(const zk_i32x16_at *)(multipliers + LANES * i);
        const zk_i32x16 p = zk_perturbation_codes(&drawn, i, range->bits) * multiplier;
        const zk_i32x16 steps = zk_rounded_steps(p, zk_halves(drawn.grid, i), rounding);
        zk_subtract(range, rounding, i, from, to, steps, codes, residuals, counts);
    }
}

ZK_INLINE zk_update_statistics zk_update_range(
    const zk_tensor_range *range, const int32_t *given, int8_t *codes, void *residuals, const int rounding) {
    const size_t width = rounding == ZK_ROUNDING_RESIDUAL_16 ? 2 : rounding == ZK_ROUNDING_RESIDUAL_8 ? 1 : 0;
    const philox_draws draws = zk_range_draws(range);
    zk_update_statistics statistics = {0};
    int64_t at = range->first;
    while (at < range->last) {
        const int64_t stop = range->last - at > COUNTED ? at + COUNTED : range->last;
        update_counts counts = {0};
        while (at < stop) {
            const int64_t first = at & ~(int64_t)(CHUNK - 1);
            const int64_t to = range->last - first < CHUNK ? range->last - first : CHUNK;
            const size_t from = (size_t)(at - first), count = (size_t)to - from;
            int8_t *k = codes + first;
            char *e = width ? (char *)residuals + (size_t)first * width : NULL;
            const int32_t *steps = given ? given + first : NULL;
            int8_t staged[CHUNK];
            int32_t staged_steps[CHUNK];
            _Alignas(2) char staged_residuals[2 * CHUNK];
            if (count < CHUNK) {
                memset(staged, 0, sizeof staged);
                memset(staged_residuals, 0, sizeof staged_residuals);
                memcpy(staged + from, codes + at, count);
                if (width) memcpy(staged_residuals + from * width, (char *)residuals + (size_t)at * width, count * width);
                k = staged;
                e = staged_residuals;
                if (given) {
                    memset(staged_steps, 0, sizeof staged_steps);
                    memcpy(staged_steps + from, given + at, count * sizeof *given);
                    steps = staged_steps;
                }
            }
            zk_update_chunk(range, &draws, rounding, first, (int)from, (int)to, steps, k, e, &counts);
            if (count < CHUNK) {
                memcpy(codes + at, k + from, count);
                if (width) memcpy((char *)residuals + (size_t)at * width, e + from * width, count * width);
            }
            at = first + to;
        }
        statistics.moved += zk_total(counts.moved);
        statistics.clamped += zk_total(counts.clamped);
    }
    return statistics;
}

zk_update_statistics ZK_NAME(zk_update)(
    const zk_tensor_range *range, int8_t *codes, void *residuals, int rounding) {
    switch (rounding) {
    case ZK_ROUNDING_NEAREST: return zk_update_range(range, NULL, codes, residuals, ZK_ROUNDING_NEAREST);
    case ZK_ROUNDING_RESIDUAL_8: return zk_update_range(range, NULL, codes, residuals, ZK_ROUNDING_RESIDUAL_8);
    case ZK_ROUNDING_RESIDUAL_16: return zk_update_range(range, NULL, codes, residuals, ZK_ROUNDING_RESIDUAL_16);
    default: return zk_update_range(range, NULL, codes, residuals, ZK_ROUNDING_STOCHASTIC);
    }
}

// MARK: Steps of several queries

zk_update_statistics ZK_NAME(zk_apply_steps)(
    const zk_tensor_range *range, int8_t *codes, void *residuals, const int32_t *steps, int rounding) {
    switch (rounding) {
    case ZK_ROUNDING_RESIDUAL_8: return zk_update_range(range, steps, codes, residuals, ZK_ROUNDING_RESIDUAL_8);
    case ZK_ROUNDING_RESIDUAL_16: return zk_update_range(range, steps, codes, residuals, ZK_ROUNDING_RESIDUAL_16);
    default: return zk_update_range(range, steps, codes, residuals, ZK_ROUNDING_STOCHASTIC);
    }
}

/// Adds the steps of one chunk to `sums`; `lengths` is null for QuZO's.
ZK_INLINE void zk_add_chunk(
    const zk_tensor_range *range, const philox_draws *draws, const int32_t *lengths, int32_t sign, int rounding,
    int64_t first, int32_t *sums) {
    chunk_draws drawn;
    _Alignas(64) int32_t multipliers[CHUNK];
    _Alignas(64) int32_t moves[CHUNK];
    zk_multipliers(range, first, multipliers);
    if (lengths) {
        zk_tensor_range row = *range;
        row.multipliers = lengths;
        zk_multipliers(&row, first, moves);
        zk_draw_words(draws, 0, (uint64_t)first >> 2, PIECES / 2, drawn.u);
    } else {
        zk_draw(draws, (uint64_t)first, (uint64_t)range->update_purpose, 4, &drawn);
    }
#pragma clang loop unroll(disable)
    for (int i = 0; i < PIECES; i++) {
        const zk_i32x16 multiplier = *(const zk_i32x16_at *)(multipliers + LANES * i);
        zk_i32x16_at *const sum = (zk_i32x16_at *)(sums + LANES * i);
        if (lengths) {
            const zk_i32x16 d = zk_grid_steps(drawn.u[i], multiplier);
            const zk_i32x16 length = *(const zk_i32x16_at *)(moves + LANES * i) * sign;
            *sum += (length & (d > 0)) - (length & (d < 0));
        } else {
            const zk_i32x16 p = zk_perturbation_codes(&drawn, i, range->bits) * multiplier;
            *sum += zk_rounded_steps(p, zk_halves(drawn.grid, i), rounding);
        }
    }
}

ZK_INLINE void zk_add_range(
    const zk_tensor_range *range, const int32_t *lengths, int32_t sign, int rounding, int32_t *sums) {
    const philox_draws draws = zk_range_draws(range);
    for (int64_t at = range->first; at < range->last;) {
        const int64_t first = at & ~(int64_t)(CHUNK - 1);
        const int64_t to = range->last - first < CHUNK ? range->last - first : CHUNK;
        const size_t from = (size_t)(at - first), count = (size_t)to - from;
        if (count == CHUNK) {
            zk_add_chunk(range, &draws, lengths, sign, rounding, first, sums + first);
        } else {
            int32_t staged[CHUNK] = {0};
            memcpy(staged + from, sums + at, count * sizeof *sums);
            zk_add_chunk(range, &draws, lengths, sign, rounding, first, staged);
            memcpy(sums + at, staged + from, count * sizeof *sums);
        }
        at = first + to;
    }
}

void ZK_NAME(zk_add_step)(const zk_tensor_range *range, int32_t *steps, int rounding) {
    zk_add_range(range, NULL, 0, rounding, steps);
}

void ZK_NAME(zk_add_sign_step)(const zk_tensor_range *range, int32_t *steps, const int32_t *lengths, int32_t sign) {
    zk_add_range(range, lengths, sign, ZK_ROUNDING_STOCHASTIC, steps);
}
