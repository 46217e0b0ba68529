/// The vector unit's functions: quantizers, softmax, norms, GELU, pooling, embedding. Semantics: docs/semantics.md, sections 3, 7 and 8.
///
/// `level` is one of levels.h and must not exceed `zk_highest_level()`; ZK_LEVEL_AMX runs the code of ZK_LEVEL_AVX512. The bits are the same
/// at every level, except that NaNs are not distinguished. Strides count elements. Nothing here allocates or starts a thread.
#ifndef ZK_VECTORS_H
#define ZK_VECTORS_H

#include <stddef.h>
#include <stdint.h>

/// Quantizes each row of x[rows, columns] to codes in ±limit (127, or 7 for INT4) by itself: codes[rows, columns] and one scale a row.
void zk_quantize_rows(
    int level, const float *_Nonnull x, ptrdiff_t x_stride, ptrdiff_t rows, ptrdiff_t columns, int8_t *_Nonnull codes,
    ptrdiff_t code_stride, float *_Nonnull scales, int32_t limit);

/// Quantizes each column of x[valid_rows, columns] by itself, transposed: codes[columns, code_stride], zero from valid_rows on, and one
/// scale a column.
void zk_quantize_columns(
    int level, const float *_Nonnull x, ptrdiff_t x_stride, ptrdiff_t valid_rows, ptrdiff_t columns, int8_t *_Nonnull codes,
    ptrdiff_t code_stride, float *_Nonnull scales, int32_t limit);

/// Softmax of factor · x over the first `valid` of `columns` scores of each row, in place; +0 behind them.
void zk_softmax_rows(
    int level, float *_Nonnull x, ptrdiff_t x_stride, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t valid, float factor);

/// Layer norm of each row of residual + x, or of x; dense rows of `columns` > 0. `out` may be `residual` or `x`.
void zk_add_layer_norm(
    int level, const float *_Nullable residual, const float *_Nonnull x, const float *_Nonnull gamma,
    const float *_Nonnull beta, float epsilon, ptrdiff_t rows, ptrdiff_t columns, float *_Nonnull out);

/// gelu of `count` values in place.
void zk_gelu(int level, float *_Nonnull x, ptrdiff_t count);

/// gelu of each row of x[rows, columns] in place, then its quantization, while the row is in the first-level cache.
void zk_gelu_quantize_rows(
    int level, float *_Nonnull x, ptrdiff_t x_stride, ptrdiff_t rows, ptrdiff_t columns, int8_t *_Nonnull codes,
    ptrdiff_t code_stride, float *_Nonnull scales, int32_t limit);

/// The mean over valid_rows > 0 rows of each of `columns` columns.
void zk_mean_pool(
    int level, const float *_Nonnull x, ptrdiff_t x_stride, ptrdiff_t valid_rows, ptrdiff_t columns, float *_Nonnull out);

/// Layer norm of word[tokens[t]] + position[t] + type for each of `rows` tokens; dense rows of `columns` > 0. Tokens are not checked.
void zk_embed(
    int level, const int32_t *_Nonnull tokens, ptrdiff_t rows, const float *_Nonnull word, const float *_Nonnull position,
    const float *_Nonnull type, const float *_Nonnull gamma, const float *_Nonnull beta, float epsilon, ptrdiff_t columns,
    float *_Nonnull out);

/// Root mean square norm of each of `rows` dense rows of `columns` > 0. `out` may be `x`.
void zk_rms_norm(
    int level, const float *_Nonnull x, const float *_Nonnull gamma, float epsilon, ptrdiff_t rows, ptrdiff_t columns,
    float *_Nonnull out);

/// silu of `count` gates in place, each times its value of `up`.
void zk_silu_gate(int level, float *_Nonnull gate, const float *_Nonnull up, ptrdiff_t count);

/// Rotates `heads` heads of 2 · `half` values, one behind the other, in place: values i and i + half of each by the angle of cosines[i], sines[i].
void zk_rotate(
    int level, float *_Nonnull x, ptrdiff_t heads, ptrdiff_t half, const float *_Nonnull cosines,
    const float *_Nonnull sines);

/// exp of `count` values in place.
void zk_exp(int level, float *_Nonnull x, ptrdiff_t count);

#endif
