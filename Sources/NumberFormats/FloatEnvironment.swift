/// What happens to a result beyond the largest finite number (docs/semantics.md, section 6.2).
public enum OverflowPolicy: String, CaseIterable, Hashable, Sendable {
    /// It becomes the largest finite number, and so do infinities. P3109's SatFinite.
    case saturateFinite = "saturate"
    /// It becomes the largest finite number; infinities stay. P3109's SatPropagate.
    case saturatePropagate = "saturate-propagate"
    /// It becomes an infinity, or the largest finite number where the rounding is toward zero there, as IEEE 754 has it. P3109's OvfInf.
    case ieee
}

/// The rules by which one operation turns an exact result into a code.
public struct FloatEnvironment: Hashable, Sendable {
    /// How results are rounded.
    public var rounding: RoundingMode
    /// What happens to results beyond the largest finite number.
    public var overflow: OverflowPolicy
    /// Whether subnormal operands count as zeros of their sign.
    public var flushesInputs: Bool
    /// Whether results that are subnormal after rounding become zeros of their sign.
    public var flushesOutputs: Bool

    /// Rules; nearest, ties to even, subnormals kept unless said otherwise.
    public init(
        rounding: RoundingMode = .nearestEven, overflow: OverflowPolicy = .ieee, flushesInputs: Bool = false,
        flushesOutputs: Bool = false
    ) {
        self.rounding = rounding
        self.overflow = overflow
        self.flushesInputs = flushesInputs
        self.flushesOutputs = flushesOutputs
    }
}

/// Exceptions of IEEE 754, one bit each in the order of RISC-V's fflags: what TestFloat and cvfpu print.
public struct ExceptionFlags: OptionSet, Hashable, Sendable {
    /// The flags, one bit each.
    public let rawValue: UInt8

    /// The flags of an fflags register.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The result is not the exact one.
    public static let inexact = ExceptionFlags(rawValue: 1)
    /// The result is inexact, and below the smallest normal number after rounding as if the exponent had no end.
    public static let underflow = ExceptionFlags(rawValue: 2)
    /// The rounded result is beyond the largest finite number.
    public static let overflow = ExceptionFlags(rawValue: 4)
    /// Reserved: no operation here divides.
    public static let divideByZero = ExceptionFlags(rawValue: 8)
    /// No result is right: ∞ − ∞, 0 · ∞, a signaling NaN, a number outside an integer's range.
    public static let invalid = ExceptionFlags(rawValue: 16)
}

/// A code, and what was raised in making it.
public struct Rounded: Hashable, Sendable {
    /// The result's code.
    public var code: UInt32
    /// The exceptions raised.
    public var flags: ExceptionFlags

    /// A result.
    public init(code: UInt32, flags: ExceptionFlags = []) {
        self.code = code
        self.flags = flags
    }
}
