/// What the casts and generators of every level share. Not part of the module.
#ifndef ZK_CASTS_TYPES_H
#define ZK_CASTS_TYPES_H

#include "casts.h"
#include "vectors_types.h"

typedef uint32_t zk_u32x8 __attribute__((ext_vector_type(8)));
typedef uint8_t zk_u8x16 __attribute__((ext_vector_type(16)));
typedef zk_u8x16 zk_u8x16_at __attribute__((aligned(1), may_alias));
typedef zk_u16x16 zk_u16x16_at __attribute__((aligned(2), may_alias));

ZK_DECLARE(void, zk_cast_float32, const zk_cast *_Nonnull cast, const float *_Nonnull x, ptrdiff_t count,
           const uint32_t *_Nullable random, void *_Nonnull codes, uint32_t *_Nullable flags)
ZK_DECLARE(void, zk_cast_float32_stream, const zk_cast *_Nonnull cast, const float *_Nonnull x, ptrdiff_t count,
           const zk_stream *_Nonnull stream, uint64_t first, void *_Nonnull codes, uint32_t *_Nullable flags)
ZK_DECLARE(void, zk_round_int8_stream, const float *_Nonnull x, ptrdiff_t count, float factor, int random_bits,
           const zk_stream *_Nonnull stream, uint64_t first, int8_t *_Nonnull codes)
ZK_DECLARE(void, zk_decode_float32, const zk_decoding *_Nonnull decoding, const void *_Nonnull codes, ptrdiff_t count,
           float *_Nonnull x)
ZK_DECLARE(void, zk_gaussian_integers, const zk_stream *_Nonnull stream, uint64_t first, ptrdiff_t count,
           int16_t *_Nonnull t)
ZK_DECLARE(void, zk_gaussian_values, const zk_stream *_Nonnull stream, uint64_t first, ptrdiff_t count,
           float *_Nonnull u)

#endif
