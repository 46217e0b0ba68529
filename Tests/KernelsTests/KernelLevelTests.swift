import Kernels
import Testing

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

@Suite struct KernelLevelTests {
    @Test(arguments: KernelLevel.allCases)
    func aNameCapsTheLevel(level: KernelLevel) throws {
        #expect(try KernelLevel.capped(by: level.description) == min(level, KernelLevel.highestAvailable))
    }

    @Test func withoutACapTheLevelIsTheHighest() throws {
        #expect(try KernelLevel.capped(by: nil) == KernelLevel.highestAvailable)
    }

    @Test(arguments: ["", "AVX2", "avx", "avx512 ", "fast"])
    func anUnknownNameIsAnErrorThatListsTheLevels(word: String) {
        #expect(throws: KernelLevelError.unknownLevel(word)) { try KernelLevel.capped(by: word) }
        #expect(
            KernelLevelError.unknownLevel(word).description
                == "ZEROTH_KERNELS=\(word): no such kernel level; it is one of reference, scalar, avx2, avx512, amx")
    }

    @Test func levelsAscend() {
        #expect(KernelLevel.allCases == [.reference, .scalar, .avx2, .avx512, .amx])
        #expect(KernelLevel.allCases.sorted() == KernelLevel.allCases)
    }

    @Test func referenceAndScalarRunEverywhere() {
        #expect(KernelLevel.available.starts(with: [.reference, .scalar]))
        #expect(KernelLevel.available.last == KernelLevel.highestAvailable)
    }

    /// In a process of its own, since the environment belongs to the whole process.
    @Test func theEnvironmentCapsTheLevel() async {
        await #expect(processExitsWith: .success) {
            unsetenv(KernelLevel.environmentVariable)
            guard try KernelLevel.fromEnvironment() == .highestAvailable else { exit(1) }
            setenv(KernelLevel.environmentVariable, "scalar", 1)
            guard try KernelLevel.fromEnvironment() == .scalar else { exit(2) }
            setenv(KernelLevel.environmentVariable, "mmx", 1)
            do throws(KernelLevelError) {
                _ = try KernelLevel.fromEnvironment()
                exit(3)
            } catch {
                guard error == .unknownLevel("mmx") else { exit(4) }
            }
        }
    }
}
