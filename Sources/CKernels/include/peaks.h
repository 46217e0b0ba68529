/// Loops that do nothing but what a processor is fastest at, to relate kernels to.
#ifndef ZK_PEAKS_H
#define ZK_PEAKS_H

#include <stdint.h>

/// Runs `count` rounds of independent FP32 multiply-adds in registers, fused where the level has it, and returns how many it executed.
///
/// `level` as in levels.h.
int64_t zk_float32_multiply_adds(int level, int64_t count);

#endif
