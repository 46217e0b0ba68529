/// One entry for each cast and generator: runs it at the level asked for.
#include "casts_types.h"

void zk_cast_float32(
    int level, const zk_cast *cast, const float *x, ptrdiff_t count, const uint32_t *random, void *codes,
    uint32_t *flags) {
    ZK_DISPATCH(level, zk_cast_float32, cast, x, count, random, codes, flags);
}

void zk_cast_float32_stream(
    int level, const zk_cast *cast, const float *x, ptrdiff_t count, const zk_stream *stream, uint64_t first, void *codes,
    uint32_t *flags) {
    ZK_DISPATCH(level, zk_cast_float32_stream, cast, x, count, stream, first, codes, flags);
}

void zk_round_int8_stream(
    int level, const float *x, ptrdiff_t count, float factor, int random_bits, const zk_stream *stream, uint64_t first,
    int8_t *codes) {
    ZK_DISPATCH(level, zk_round_int8_stream, x, count, factor, random_bits, stream, first, codes);
}

void zk_decode_float32(int level, const zk_decoding *decoding, const void *codes, ptrdiff_t count, float *x) {
    ZK_DISPATCH(level, zk_decode_float32, decoding, codes, count, x);
}

void zk_gaussian_integers(int level, const zk_stream *stream, uint64_t first, ptrdiff_t count, int16_t *t) {
    ZK_DISPATCH(level, zk_gaussian_integers, stream, first, count, t);
}

void zk_gaussian_values(
    int level, const zk_stream *stream, uint64_t first, ptrdiff_t count, float *u) {
    ZK_DISPATCH(level, zk_gaussian_values, stream, first, count, u);
}
