/// The umbrella of the C kernels: Kernels imports this and nothing else.
#ifndef ZK_CKERNELS_H
#define ZK_CKERNELS_H

#include "levels.h"
#include "products.h"

#endif
