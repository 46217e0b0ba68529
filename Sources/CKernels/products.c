/// One entry for each operation: runs it at the level asked for.
#pragma STDC FP_CONTRACT OFF
#include "products_internal.h"

ptrdiff_t zk_int8_panel_bytes(ptrdiff_t k) {
    return zk_rounded_up(k, ZK_INT8_DEPTH_STEP) * ZK_PANEL_ROWS + ZK_PANEL_ROWS * (ptrdiff_t)sizeof(int32_t);
}

void zk_pack_int8(int level, const int8_t *b, ptrdiff_t b_stride, ptrdiff_t n, ptrdiff_t k, int8_t *packed) {
#if defined(__x86_64__)
    if (level >= ZK_LEVEL_AVX512) return zk_pack_int8_avx512(b, b_stride, n, k, packed);
    if (level == ZK_LEVEL_AVX2) return zk_pack_int8_avx2(b, b_stride, n, k, packed);
#endif
    (void)level;
    zk_pack_int8_scalar(b, b_stride, n, k, packed);
}

void zk_pack_float32(int level, const float *b, ptrdiff_t b_stride, ptrdiff_t n, ptrdiff_t k, float *packed) {
#if defined(__x86_64__)
    if (level >= ZK_LEVEL_AVX512) return zk_pack_float32_avx512(b, b_stride, n, k, packed);
    if (level == ZK_LEVEL_AVX2) return zk_pack_float32_avx2(b, b_stride, n, k, packed);
#endif
    (void)level;
    zk_pack_float32_scalar(b, b_stride, n, k, packed);
}

void zk_product_int8(int level, const zk_int8_product *product) {
#if defined(__x86_64__)
    // Loading a tile configuration costs more than the work of one tile: VNNI is a quarter faster there.
    const int one_tile = product->m <= 16 && product->n <= 16 && product->k <= 64;
    if (level == ZK_LEVEL_AMX && !one_tile) return zk_product_int8_amx(product);
    if (level >= ZK_LEVEL_AVX512) return zk_product_int8_avx512(product);
    if (level == ZK_LEVEL_AVX2) return zk_product_int8_avx2(product);
#endif
    (void)level;
    zk_product_int8_scalar(product);
}

void zk_product_float32(int level, const zk_float32_product *product) {
#if defined(__x86_64__)
    if (level >= ZK_LEVEL_AVX512) return zk_product_float32_avx512(product);
    if (level == ZK_LEVEL_AVX2) return zk_product_float32_avx2(product);
#endif
    (void)level;
    zk_product_float32_scalar(product);
}
