/// Vectors of the integer chains and what every level's source shares. Not part of the module.
///
/// The including file defines ZK_NAME(name) and may define ZK_USES_AVX2 or ZK_USES_AVX512. Clang cuts the vectors into what the level's registers
/// hold, so one source serves all levels and all processors.
#ifndef ZK_CHAINS_TYPES_H
#define ZK_CHAINS_TYPES_H

#include "chains.h"
#include "levels.h"
#include "products.h"
#include "vectors_types.h"

typedef int64_t zk_i64x16 __attribute__((ext_vector_type(16)));
typedef int16_t zk_i16x32 __attribute__((ext_vector_type(32)));

ZK_DECLARE(void, zk_chain_int8, const zk_int8_chain *_Nonnull chain)
ZK_DECLARE(zk_chain_statistics, zk_chain_int8_statistics, const zk_int8_chain *_Nonnull chain)
ZK_DECLARE(void, zk_narrow_sums, int32_t *_Nonnull sums, ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t columns, int32_t bits)
ZK_DECLARE(void, zk_unpack_int4, int32_t storage, const uint8_t *_Nonnull codes, ptrdiff_t count, int8_t *_Nonnull numbers)
ZK_DECLARE(void, zk_requantize, const float *_Nonnull values, ptrdiff_t count, float factor, int8_t *_Nonnull codes)
ZK_DECLARE(void, zk_add_scaled, const int32_t *_Nonnull sums, ptrdiff_t rows, ptrdiff_t columns,
           const float *_Nonnull scales, int32_t adds, float *_Nonnull total, ptrdiff_t stride)
ZK_DECLARE(void, zk_finish_scaled, float *_Nonnull values, ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t columns,
           const float *_Nonnull row_scales, const float *_Nullable bias)

#endif
