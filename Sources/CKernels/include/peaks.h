/// Loops that do nothing but what a processor is fastest at, to relate kernels to.
#ifndef ZK_PEAKS_H
#define ZK_PEAKS_H

#include <stdint.h>

/// Runs `count` rounds of independent FP32 multiply-adds in registers, fused where the level has it, and returns how many it executed.
///
/// `level` as in levels.h.
int64_t zk_float32_multiply_adds(int level, int64_t count);

/// Runs the instruction with which `level` multiplies int8 matrices, from registers to registers, in `iterations` rounds. Returns how many
/// multiply-accumulates that was; 0 for portable C, which has no such instruction. `level` must not exceed `zk_highest_level()`.
int64_t zk_run_peak_int8(int level, int64_t iterations);

#endif
