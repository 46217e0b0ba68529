/// Casts and generators with the instructions of the baseline of any processor.
#pragma STDC FP_CONTRACT OFF
#include "casts_types.h"

#define ZK_NAME(name) name##_scalar
#include "casts_body.h"
#include "generators_body.h"
