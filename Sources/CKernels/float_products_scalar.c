/// Floating-point products with the instructions of the baseline of any processor.
#pragma STDC FP_CONTRACT OFF
#include "float_products_internal.h"

#define ZK_NAME(name) name##_scalar
#define ZK_SEQUENTIAL_ROWS 2
#define ZK_SEQUENTIAL_PANELS 1
#define ZK_GROUPED_ROWS 1
#define ZK_WIDE_ROWS 1
#include "float_products_body.h"
