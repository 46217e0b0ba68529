/// Levels of instruction sets, found at run time.
#ifndef ZK_LEVELS_H
#define ZK_LEVELS_H

/// Levels as the kernels know them. The numbers are those of Swift's `KernelLevel`, whose 0 is the reference in Swift.
enum {
    ZK_LEVEL_SCALAR = 1,
    ZK_LEVEL_AVX2 = 2,
    ZK_LEVEL_AVX512 = 3,
    ZK_LEVEL_AMX = 4,
};

/// The highest level that this processor and its operating system run.
///
/// AVX-512 means F, BW, VL, DQ and VNNI. AMX means TILE and INT8, and that Linux granted this process the tile data state, which
/// this call asks for. Each call asks the processor again, so callers keep the answer.
int zk_highest_level(void);

#endif
