/// The integer chains with the instructions of AVX2.
#if defined(__x86_64__)
#pragma STDC FP_CONTRACT OFF
#include <immintrin.h>

#include "chains_types.h"

#define ZK_NAME(name) name##_avx2
#define ZK_USES_AVX2 1

#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#include "chains_body.h"
#pragma clang attribute pop
#endif
