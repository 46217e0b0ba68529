/// Perturbation and update with the instructions of the baseline of any processor.
#pragma STDC FP_CONTRACT OFF
#include "vectors_types.h"

#define ZK_NAME(name) name##_scalar
#include "perturbation_body.h"
