/// Instruction peaks of the int8 products. Accumulators pass through an empty asm, so that the compiler keeps every instruction.
#pragma STDC FP_CONTRACT OFF
#include "peaks.h"

#include "levels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include "products_internal.h"

/// Accumulators: more than latency times throughput on every processor so far.
enum { CHAINS = 12 };

ZK_AVX2 static void run_avx2(int64_t iterations) {
    __m256i sums[CHAINS];
    __m256i x = _mm256_set1_epi8(3), y = _mm256_set1_epi8(5);
    for (int i = 0; i < CHAINS; i++) sums[i] = _mm256_setzero_si256();
    for (int64_t r = 0; r < iterations; r++) {
#pragma clang loop unroll(full)
        for (int i = 0; i < CHAINS; i++) {
            __asm__ volatile("" : "+x"(x), "+x"(y));
            sums[i] = _mm256_add_epi32(sums[i], _mm256_madd_epi16(x, y));
        }
    }
    for (int i = 0; i < CHAINS; i++) __asm__ volatile("" : : "x"(sums[i]));
}

ZK_AVX512 static void run_avx512(int64_t iterations) {
    __m512i sums[CHAINS];
    __m512i x = _mm512_set1_epi8(3), y = _mm512_set1_epi8(5);
    for (int i = 0; i < CHAINS; i++) sums[i] = _mm512_setzero_si512();
    for (int64_t r = 0; r < iterations; r++) {
#pragma clang loop unroll(full)
        for (int i = 0; i < CHAINS; i++) {
            __asm__ volatile("" : "+v"(x), "+v"(y));
            sums[i] = _mm512_dpbusd_epi32(sums[i], x, y);
        }
    }
    for (int i = 0; i < CHAINS; i++) __asm__ volatile("" : : "v"(sums[i]));
}

ZK_AMX static void run_amx(int64_t iterations) {
    struct {
        uint8_t palette, start_row, reserved[14];
        uint16_t row_bytes[16];
        uint8_t rows[16];
    } configuration = {.palette = 1};
    for (int t = 0; t < 8; t++) {
        configuration.row_bytes[t] = 64;
        configuration.rows[t] = 16;
    }
    _tile_loadconfig(&configuration);
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    _tile_zero(4);
    _tile_zero(5);
    _tile_zero(6);
    _tile_zero(7);
    for (int64_t r = 0; r < iterations; r++) {
        _tile_dpbssd(0, 4, 6);
        _tile_dpbssd(1, 4, 7);
        _tile_dpbssd(2, 5, 6);
        _tile_dpbssd(3, 5, 7);
    }
    _tile_release();
}
#endif

int64_t zk_run_peak_int8(int level, int64_t iterations) {
#if defined(__x86_64__)
    if (level == ZK_LEVEL_AMX) {
        run_amx(iterations);
        return iterations * 4 * 16 * 16 * 64;
    }
    if (level == ZK_LEVEL_AVX512) {
        run_avx512(iterations);
        return iterations * CHAINS * 64;
    }
    if (level == ZK_LEVEL_AVX2) {
        run_avx2(iterations);
        return iterations * CHAINS * 16;
    }
#endif
    (void)level;
    (void)iterations;
    return 0;
}
