/// The integer chains with the instructions of AVX-512.
#if defined(__x86_64__)
#pragma STDC FP_CONTRACT OFF
#include <immintrin.h>

#include "chains_types.h"

#define ZK_NAME(name) name##_avx512
#define ZK_USES_AVX512 1

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq"))), apply_to = function)
#include "chains_body.h"
#pragma clang attribute pop
#endif
