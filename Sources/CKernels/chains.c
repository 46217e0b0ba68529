/// One entry for each integer chain and epilogue: runs it at the level asked for.
#pragma STDC FP_CONTRACT OFF
#include "chains_types.h"

void zk_chain_int8(int level, const zk_int8_chain *chain) { ZK_DISPATCH(level, zk_chain_int8, chain); }

zk_chain_statistics zk_chain_int8_statistics(int level, const zk_int8_chain *chain) {
    ZK_DISPATCH(level, zk_chain_int8_statistics, chain);
}

void zk_narrow_sums(int level, int32_t *sums, ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t columns, int32_t bits) {
    ZK_DISPATCH(level, zk_narrow_sums, sums, stride, rows, columns, bits);
}

void zk_unpack_int4(int level, int32_t storage, const uint8_t *codes, ptrdiff_t count, int8_t *numbers) {
    ZK_DISPATCH(level, zk_unpack_int4, storage, codes, count, numbers);
}

void zk_requantize(int level, const float *values, ptrdiff_t count, float factor, int8_t *codes) {
    ZK_DISPATCH(level, zk_requantize, values, count, factor, codes);
}

void zk_add_scaled(
    int level, const int32_t *sums, ptrdiff_t rows, ptrdiff_t columns, const float *scales, int32_t adds, float *total,
    ptrdiff_t stride) {
    ZK_DISPATCH(level, zk_add_scaled, sums, rows, columns, scales, adds, total, stride);
}

void zk_finish_scaled(
    int level, float *values, ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t columns, const float *row_scales,
    const float *bias) {
    ZK_DISPATCH(level, zk_finish_scaled, values, stride, rows, columns, row_scales, bias);
}
