/// Casts and generators with the instructions of the baseline of any processor.
#pragma STDC FP_CONTRACT OFF
#include "casts_types.h"

#define ZK_NAME(name) name##_scalar
#include "casts_body.h"
#include "casts_near_body.h"
#include "casts_stream_body.h"
#include "casts_decode_body.h"
#include "generators_body.h"
