/// Floating-point products with the instructions of AVX2 and FMA. Processors with the former alone run the scalar level's.
#if defined(__x86_64__)
#pragma STDC FP_CONTRACT OFF
#include "float_products_internal.h"

#define ZK_NAME(name) name##_avx2
#define ZK_USES_FMA 1
#define ZK_SEQUENTIAL_ROWS 6
#define ZK_SEQUENTIAL_PANELS 1
#define ZK_GROUPED_ROWS 3
#define ZK_WIDE_ROWS 1
#define ZK_ALIGNED_ROWS 3
#define ZK_ALIGNED_WIDE_ROWS 1

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "float_products_body.h"
#pragma clang attribute pop
#endif
