#pragma STDC FP_CONTRACT OFF
#include "levels.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__x86_64__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

#if defined(__x86_64__) && defined(__linux__)
/// Whether the processor has AMX TILE and INT8 and Linux lets this process use the tile registers.
static int has_amx(void) {
    unsigned a, b, c, d;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 0;
    const unsigned tile = 1u << 24, int8 = 1u << 25;
    if ((d & tile) == 0 || (d & int8) == 0) return 0;
    const int request_permission = 0x1023;  // ARCH_REQ_XCOMP_PERM
    const int tile_data = 18;               // XFEATURE_XTILEDATA
    return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
}
#elif defined(__x86_64__)
static int has_amx(void) { return 0; }
#endif

int zk_highest_level(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2")) return ZK_LEVEL_SCALAR;
    const int avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
        && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")
        && __builtin_cpu_supports("avx512vnni");
    if (!avx512) return ZK_LEVEL_AVX2;
    return has_amx() ? ZK_LEVEL_AMX : ZK_LEVEL_AVX512;
#else
    return ZK_LEVEL_SCALAR;
#endif
}
