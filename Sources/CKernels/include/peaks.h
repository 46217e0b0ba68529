/// Loops of nothing but independent integer multiply-accumulates: the rate that no product can exceed.
#ifndef ZK_PEAKS_H
#define ZK_PEAKS_H

#include <stdint.h>

/// Runs the instruction with which `level` multiplies int8 matrices, from registers to registers, in `iterations` rounds. Returns how many
/// multiply-accumulates that was; 0 for portable C, which has no such instruction. `level` must not exceed `zk_highest_level()`.
int64_t zk_run_peak_int8(int level, int64_t iterations);

#endif
