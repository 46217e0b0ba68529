/// Casts and generators with the instructions of AVX2.
#if defined(__x86_64__)
#pragma STDC FP_CONTRACT OFF
#include <immintrin.h>

#include "casts_types.h"

#define ZK_NAME(name) name##_avx2
#define ZK_USES_AVX2 1

#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#include "casts_body.h"
#include "casts_near_body.h"
#include "casts_stream_body.h"
#include "casts_decode_body.h"
#include "generators_body.h"
#pragma clang attribute pop
#endif
