/// Floating-point products with the instructions of AVX-512.
#if defined(__x86_64__)
#pragma STDC FP_CONTRACT OFF
#include <immintrin.h>

#include "float_products_internal.h"

#define ZK_NAME(name) name##_avx512
#define ZK_USES_AVX512 1
#define ZK_USES_FMA 1
#define ZK_SEQUENTIAL_ROWS 12
#define ZK_SEQUENTIAL_PANELS 2
#define ZK_GROUPED_ROWS 12
#define ZK_WIDE_ROWS 6
#define ZK_ALIGNED_ROWS 6
#define ZK_ALIGNED_WIDE_ROWS 6

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq"))), apply_to = function)
#include "float_products_body.h"
#pragma clang attribute pop
#endif
