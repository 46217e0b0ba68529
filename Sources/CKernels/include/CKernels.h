/// The umbrella of the C kernels: Kernels imports this and nothing else.
#ifndef ZK_CKERNELS_H
#define ZK_CKERNELS_H

#include "bytes.h"
#include "casts.h"
#include "chains.h"
#include "float_products.h"
#include "levels.h"
#include "peaks.h"
#include "perturbation.h"
#include "products.h"
#include "vectors.h"

#endif
