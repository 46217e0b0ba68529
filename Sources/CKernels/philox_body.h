/// Philox4x32-10 and what draws are made into, once for all levels: the bodies that draw include this one (docs/semantics.md, sections 4 and 5).
///
/// Elements go in chunks of 256 on boundaries of 256, that is 64 blocks of 32-bit draws and 32 blocks of 16-bit draws: the draws of a chunk
/// stay in the first-level cache.
#pragma clang diagnostic ignored "-Wpsabi"  // vectors are passed between inlined functions only

enum { CHUNK = 256, LANES = 16, PIECES = CHUNK / LANES };

// MARK: Philox4x32-10

/// What the draws of one tensor have in common.
typedef struct philox_draws {
    uint64_t keys[10][2];  // of each round
    uint64_t tensor;       // counter word 1, but the block index
    uint64_t step;         // counter word 2
    uint64_t query;        // counter word 3, but the purpose
} philox_draws;

ZK_INLINE philox_draws zk_draws(uint64_t seed, uint16_t tensor, uint32_t step, uint16_t query) {
    philox_draws draws;
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    for (int round = 0; round < 10; round++) {
        draws.keys[round][0] = k0;
        draws.keys[round][1] = k1;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    draws.tensor = (uint64_t)tensor << 16;
    draws.step = step;
    draws.query = query;
    return draws;
}

/// The low half of each lane of a, and above it that of b.
ZK_INLINE zk_u64x8 zk_low_halves(zk_u64x8 a, zk_u64x8 b) {
    return (zk_u64x8)__builtin_shufflevector(
        (zk_u32x16)a, (zk_u32x16)b, 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30);
}

/// The 32 × 32 → 64 products of the low halves of each lane.
ZK_INLINE zk_u64x8 zk_wide_products(zk_u64x8 a, uint32_t b) {
#if ZK_USES_AVX512
    return (zk_u64x8)_mm512_mul_epu32((__m512i)a, _mm512_set1_epi64((int64_t)b));
#else
    const zk_u64x8 low = 0xFFFFFFFFu;
    return (a & low) * b;
#endif
}

/// Eight consecutive blocks: 32 words in the order of the stream.
///
/// A counter word lives in the low half of a 64-bit lane and the high half is never looked at, so one 32 × 32 → 64 product leaves both its
/// halves where the next round wants them: a round is two products, two shifts and two three-way exclusive ors.
ZK_INLINE void zk_philox8(const philox_draws *draws, uint64_t purpose, uint64_t block, zk_u32x16 words[2]) {
    const zk_u64x8 index = (zk_u64x8){0, 1, 2, 3, 4, 5, 6, 7} + block;
    zk_u64x8 c0 = index, c1 = (index >> 32) | draws->tensor, c2 = draws->step, c3 = draws->query | purpose << 24;
#pragma clang loop unroll(full)
    for (int round = 0; round < 10; round++) {
        const zk_u64x8 first = zk_wide_products(c0, 0xD2511F53u), second = zk_wide_products(c2, 0xCD9E8D57u);
        c0 = (second >> 32) ^ c1 ^ draws->keys[round][0];
        c1 = second;
        c2 = (first >> 32) ^ c3 ^ draws->keys[round][1];
        c3 = first;
    }
    const zk_u64x8 c01 = zk_low_halves(c0, c1), c23 = zk_low_halves(c2, c3);
    words[0] = (zk_u32x16)__builtin_shufflevector(c01, c23, 0, 8, 1, 9, 2, 10, 3, 11);
    words[1] = (zk_u32x16)__builtin_shufflevector(c01, c23, 4, 12, 5, 13, 6, 14, 7, 15);
}

/// The words of `count` times eight blocks.
ZK_INLINE void zk_draw_words(
    const philox_draws *draws, uint64_t purpose, uint64_t block, int count, zk_u32x16 *restrict words) {
#pragma clang loop unroll(disable)
    for (int i = 0; i < count; i++) zk_philox8(draws, purpose, block + 8 * (uint64_t)i, words + 2 * i);
}

/// Sixteen halves, widened.
ZK_INLINE zk_i32x16 zk_halves(const zk_u32x16 *words, int i) {
    zk_u16x16 narrow;
    memcpy(&narrow, (const char *)words + (size_t)i * sizeof narrow, sizeof narrow);
    return __builtin_convertvector(narrow, zk_i32x16);
}

/// (b₀ + b₁ + b₂ + b₃) · factor of the bytes of each lane, 0 ≤ factor < 2¹⁵.
ZK_INLINE zk_i32x16 zk_scaled_byte_sums(zk_u32x16 w, int32_t factor) {
#if ZK_USES_AVX512
    const __m512i pairs = _mm512_maddubs_epi16((__m512i)w, _mm512_set1_epi8(1));
    return (zk_i32x16)_mm512_madd_epi16(pairs, _mm512_set1_epi16((int16_t)factor));
#elif ZK_USES_AVX2
    typedef int64_t half __attribute__((ext_vector_type(4)));
    typedef int64_t whole __attribute__((ext_vector_type(8)));
    const __m256i ones = _mm256_set1_epi8(1), factors = _mm256_set1_epi16((int16_t)factor);
    const half low = (half)_mm256_madd_epi16(_mm256_maddubs_epi16((__m256i)((whole)w).lo, ones), factors);
    const half high = (half)_mm256_madd_epi16(_mm256_maddubs_epi16((__m256i)((whole)w).hi, ones), factors);
    return (zk_i32x16)__builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7);
#else
    const zk_u32x16 pairs = (w & 0x00FF00FFu) + (w >> 8 & 0x00FF00FFu);
    return (zk_i32x16)((pairs + (pairs >> 16)) & 0x7FFu) * factor;
#endif
}
