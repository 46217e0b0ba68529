/// The vector functions with the instructions of AVX2.
#if defined(__x86_64__)
#pragma STDC FP_CONTRACT OFF
#include "vectors_types.h"

#define ZK_NAME(name) name##_avx2

#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#include "vectors_body.h"
#pragma clang attribute pop
#endif
