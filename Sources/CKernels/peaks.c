/// Loops of FP32 multiply-adds in registers.
#pragma STDC FP_CONTRACT OFF
#include "peaks.h"

#include "levels.h"

#define INLINE static inline __attribute__((always_inline))

/// Chains that are under way at once: more than a multiply-add takes cycles, times what starts in a cycle, and fewer than there are registers.
enum { CHAINS = 12 };

// Each chain tends to 1, so numbers stay normal. The empty assembly keeps the chains in registers and the loop as it is.
#define LOOP(VECTOR, MULTIPLY_ADD) \
    VECTOR chains[CHAINS]; \
    const VECTOR x = 0.999f, y = 0.001f; \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < CHAINS; i++) chains[i] = (float)i; \
    for (int64_t round = 0; round < count; round++) { \
        _Pragma("clang loop unroll(full)") for (int i = 0; i < CHAINS; i++) { \
            chains[i] = MULTIPLY_ADD; \
            __asm__ volatile("" : "+" REGISTER(chains[i])); \
        } \
    } \
    return count * CHAINS * (int64_t)(sizeof(VECTOR) / sizeof(float));

typedef float f32x4 __attribute__((ext_vector_type(4)));
typedef float f32x8 __attribute__((ext_vector_type(8)));
typedef float f32x16 __attribute__((ext_vector_type(16)));

#if defined(__x86_64__)
#define REGISTER(x) "x"(x)
static int64_t scalar(int64_t count) { LOOP(f32x4, chains[i] * x + y) }
__attribute__((target("avx2,fma"))) static int64_t avx2(int64_t count) {
    LOOP(f32x8, __builtin_elementwise_fma(chains[i], x, y))
}
#undef REGISTER
#define REGISTER(x) "v"(x)
__attribute__((target("avx512f"))) static int64_t avx512(int64_t count) {
    LOOP(f32x16, __builtin_elementwise_fma(chains[i], x, y))
}
#elif defined(__aarch64__)
#define REGISTER(x) "w"(x)
static int64_t scalar(int64_t count) { LOOP(f32x4, __builtin_elementwise_fma(chains[i], x, y)) }
#else
#define REGISTER(x) "m"(x)
static int64_t scalar(int64_t count) { LOOP(f32x4, chains[i] * x + y) }
#endif

int64_t zk_float32_multiply_adds(int level, int64_t count) {
#if defined(__x86_64__)
    if (level >= ZK_LEVEL_AVX512) return avx512(count);
    if (level == ZK_LEVEL_AVX2 && __builtin_cpu_supports("fma")) return avx2(count);
#endif
    (void)level;
    return scalar(count);
}
