/// Casts and generators with the instructions of AVX-512.
#if defined(__x86_64__)
#pragma STDC FP_CONTRACT OFF
#include <immintrin.h>

#include "casts_types.h"

#define ZK_NAME(name) name##_avx512
#define ZK_USES_AVX512 1

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq"))), apply_to = function)
#include "casts_body.h"
#include "casts_near_body.h"
#include "casts_stream_body.h"
#include "casts_decode_body.h"
#include "generators_body.h"
#pragma clang attribute pop
#endif
