/// Vectors of sixteen lanes and what every level's source shares. Not part of the module.
///
/// The including file defines ZK_NAME(name), the level's name of an operation, and may define ZK_USES_AVX2 or ZK_USES_AVX512. Clang cuts sixteen lanes into
/// what the level's registers hold, so one source serves all levels and all processors.
#ifndef ZK_VECTORS_TYPES_H
#define ZK_VECTORS_TYPES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "levels.h"
#include "perturbation.h"
#include "vectors.h"

#define ZK_INLINE static inline __attribute__((always_inline))

typedef float zk_f32x16 __attribute__((ext_vector_type(16)));
typedef int32_t zk_i32x16 __attribute__((ext_vector_type(16)));
typedef uint32_t zk_u32x16 __attribute__((ext_vector_type(16)));
typedef uint64_t zk_u64x8 __attribute__((ext_vector_type(8)));
typedef uint16_t zk_u16x16 __attribute__((ext_vector_type(16)));
typedef int16_t zk_i16x16 __attribute__((ext_vector_type(16)));
typedef int8_t zk_i8x16 __attribute__((ext_vector_type(16)));

// The same at any address.
typedef zk_f32x16 zk_f32x16_at __attribute__((aligned(4), may_alias));
typedef zk_u32x16 zk_u32x16_at __attribute__((aligned(4), may_alias));
typedef zk_i32x16 zk_i32x16_at __attribute__((aligned(4), may_alias));
typedef zk_i16x16 zk_i16x16_at __attribute__((aligned(2), may_alias));
typedef zk_i8x16 zk_i8x16_at __attribute__((aligned(1), may_alias));

/// Lanes below `count` are −1, the others 0.
#define ZK_LANES_BELOW(count) \
    ((zk_i32x16){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15} < (zk_i32x16)(int32_t)(count))

/// Declares an operation at the levels of this processor.
#if defined(__x86_64__)
#define ZK_DECLARE(result, name, ...) \
    result name##_scalar(__VA_ARGS__); \
    result name##_avx2(__VA_ARGS__); \
    result name##_avx512(__VA_ARGS__);
#define ZK_DISPATCH(level, name, ...) \
    do { \
        if ((level) >= ZK_LEVEL_AVX512) return name##_avx512(__VA_ARGS__); \
        if ((level) == ZK_LEVEL_AVX2) return name##_avx2(__VA_ARGS__); \
        return name##_scalar(__VA_ARGS__); \
    } while (0)
#else
#define ZK_DECLARE(result, name, ...) result name##_scalar(__VA_ARGS__);
#define ZK_DISPATCH(level, name, ...) \
    do { \
        (void)(level); \
        return name##_scalar(__VA_ARGS__); \
    } while (0)
#endif

ZK_DECLARE(void, zk_quantize_rows, const float *_Nonnull x, ptrdiff_t x_stride, ptrdiff_t rows, ptrdiff_t columns,
           int8_t *_Nonnull codes, ptrdiff_t code_stride, float *_Nonnull scales,
           int32_t limit)
ZK_DECLARE(void, zk_quantize_columns, const float *_Nonnull x, ptrdiff_t x_stride, ptrdiff_t valid_rows, ptrdiff_t columns,
           int8_t *_Nonnull codes, ptrdiff_t code_stride, float *_Nonnull scales,
           int32_t limit)
ZK_DECLARE(void, zk_softmax_rows, float *_Nonnull x, ptrdiff_t x_stride, ptrdiff_t rows, ptrdiff_t columns,
           ptrdiff_t valid, float factor)
ZK_DECLARE(void, zk_add_layer_norm, const float *_Nullable residual, const float *_Nonnull x, const float *_Nonnull gamma,
           const float *_Nonnull beta, float epsilon, ptrdiff_t rows, ptrdiff_t columns, float *_Nonnull out)
ZK_DECLARE(void, zk_gelu, float *_Nonnull x, ptrdiff_t count)
ZK_DECLARE(void, zk_gelu_quantize_rows, float *_Nonnull x, ptrdiff_t x_stride, ptrdiff_t rows, ptrdiff_t columns,
           int8_t *_Nonnull codes, ptrdiff_t code_stride, float *_Nonnull scales,
           int32_t limit)
ZK_DECLARE(void, zk_mean_pool, const float *_Nonnull x, ptrdiff_t x_stride, ptrdiff_t valid_rows, ptrdiff_t columns,
           float *_Nonnull out)
ZK_DECLARE(void, zk_embed, const int32_t *_Nonnull tokens, ptrdiff_t rows, const float *_Nonnull word,
           const float *_Nonnull position, const float *_Nonnull type, const float *_Nonnull gamma,
           const float *_Nonnull beta, float epsilon, ptrdiff_t columns, float *_Nonnull out)
ZK_DECLARE(void, zk_rms_norm, const float *_Nonnull x, const float *_Nonnull gamma, float epsilon, ptrdiff_t rows,
           ptrdiff_t columns, float *_Nonnull out)
ZK_DECLARE(void, zk_silu_gate, float *_Nonnull gate, const float *_Nonnull up, ptrdiff_t count)
ZK_DECLARE(void, zk_rotate, float *_Nonnull x, ptrdiff_t heads, ptrdiff_t half, const float *_Nonnull cosines,
           const float *_Nonnull sines)
ZK_DECLARE(void, zk_exp, float *_Nonnull x, ptrdiff_t count)
ZK_DECLARE(zk_perturbation_statistics, zk_perturb, const zk_tensor_range *_Nonnull range, const int8_t *_Nonnull codes,
           int8_t *_Nullable plus, int8_t *_Nullable minus)
ZK_DECLARE(zk_update_statistics, zk_update, const zk_tensor_range *_Nonnull range, int8_t *_Nonnull codes,
           void *_Nullable residuals, int rounding)
ZK_DECLARE(zk_perturbation_statistics, zk_perturb_grid, const zk_tensor_range *_Nonnull range, const int8_t *_Nonnull codes,
           int8_t *_Nullable plus, int8_t *_Nullable minus)
ZK_DECLARE(void, zk_add_step, const zk_tensor_range *_Nonnull range, int32_t *_Nonnull steps, int rounding)
ZK_DECLARE(void, zk_add_sign_step, const zk_tensor_range *_Nonnull range, int32_t *_Nonnull steps,
           const int32_t *_Nonnull lengths, int32_t sign)
ZK_DECLARE(zk_update_statistics, zk_apply_steps, const zk_tensor_range *_Nonnull range, int8_t *_Nonnull codes,
           void *_Nullable residuals, const int32_t *_Nonnull steps, int rounding)
ZK_DECLARE(void, zk_random_words, const zk_tensor_range *_Nonnull range, uint8_t purpose, uint64_t block, int64_t blocks,
           uint32_t *_Nonnull words)

#endif
