import CKernels

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// A set of instructions that a kernel may use, from the plain Swift reference upward.
///
/// Every level gives the same bits; they differ in speed only.
public enum KernelLevel: Int, Comparable, CaseIterable, Sendable, CustomStringConvertible {
    /// The definition, in plain Swift.
    case reference
    /// Portable C.
    case scalar
    /// AVX2, without fused multiply-add.
    case avx2
    /// AVX-512 F, BW, VL, DQ and VNNI.
    case avx512
    /// AVX-512 as above, and AMX tiles for int8 products.
    case amx

    /// The highest level that this processor and its operating system run.
    ///
    /// Asked once. On Linux, asking also requests the permission to use AMX tiles for the whole process; where it is refused, the level
    /// is at most ``avx512``. Other processors than x86-64 run ``reference`` and ``scalar``.
    public static let highestAvailable: KernelLevel = KernelLevel(rawValue: Int(zk_highest_level())) ?? .scalar

    /// The environment variable which caps the level.
    public static let environmentVariable = "ZEROTH_KERNELS"

    /// The highest level available, capped by the variable `ZEROTH_KERNELS` where it is set.
    ///
    /// - Throws: ``KernelLevelError/unknownLevel(_:)`` if the variable holds another word than a level's name, or is empty.
    public static func fromEnvironment() throws(KernelLevelError) -> KernelLevel {
        try capped(by: getenv(environmentVariable).map { String(cString: $0) })
    }

    /// The lower of the level named `word` and the highest available; the latter alone where `word` is nil.
    ///
    /// - Throws: ``KernelLevelError/unknownLevel(_:)`` if no level has that name. Names are lower case.
    public static func capped(by word: String?) throws(KernelLevelError) -> KernelLevel {
        guard let word else { return highestAvailable }
        guard let cap = allCases.first(where: { $0.description == word }) else {
            throw KernelLevelError.unknownLevel(word)
        }
        return min(cap, highestAvailable)
    }

    /// The levels that run here, in ascending order.
    public static var available: [KernelLevel] {
        allCases.filter { $0 <= highestAvailable }
    }

    /// The level's name, as `ZEROTH_KERNELS` spells it.
    public var description: String {
        switch self {
        case .reference: "reference"
        case .scalar: "scalar"
        case .avx2: "avx2"
        case .avx512: "avx512"
        case .amx: "amx"
        }
    }

    public static func < (left: KernelLevel, right: KernelLevel) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// What can be wrong with a level which a user names.
public enum KernelLevelError: Error, Equatable, Sendable, CustomStringConvertible {
    /// No level has this name.
    case unknownLevel(String)

    public var description: String {
        switch self {
        case .unknownLevel(let word):
            let names = KernelLevel.allCases.map(\.description).joined(separator: ", ")
            return "\(KernelLevel.environmentVariable)=\(word): no such kernel level; it is one of \(names)"
        }
    }
}
