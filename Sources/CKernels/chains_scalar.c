/// The integer chains with the instructions of the baseline of any processor.
#pragma STDC FP_CONTRACT OFF
#include "chains_types.h"

#define ZK_NAME(name) name##_scalar
#include "chains_body.h"
