/// The descriptor of a binary floating-point format of at most 32 bits (docs/semantics.md, section 2).
///
/// A code holds, from the top: the sign if there is one, the exponent field, the fraction field. Magnitudes grow with the code without its sign.
/// Every operation on the format follows from what stands here.
public struct FloatFormat: Hashable, Sendable {
    /// Codes that are no finite numbers.
    public enum Specials: Hashable, Sendable {
        /// The top exponent field holds infinity (fraction 0) and NaNs, as in IEEE 754.
        case ieee
        /// Only the magnitude of all ones is a NaN; there are no infinities.
        case nan
        /// Every code is a finite number.
        case none
    }

    /// The format's name, as `ElementFormat` spells it.
    public let name: String
    /// Whether the top bit is a sign. Without one there are neither negative numbers nor −0.
    public let isSigned: Bool
    /// Width of the exponent field, 2…8.
    public let exponentBits: Int
    /// Width of the fraction field, 0…23.
    public let fractionBits: Int
    /// What is subtracted from the exponent field of a normal number.
    public let bias: Int
    /// Codes that are no finite numbers.
    public let specials: Specials
    /// Whether exponent field 0 holds zero and the subnormal numbers; otherwise it holds normal numbers like every other, and there is no zero.
    public let hasSubnormals: Bool

    init(
        _ name: String, isSigned: Bool = true, exponentBits: Int, fractionBits: Int, bias: Int, specials: Specials,
        hasSubnormals: Bool = true
    ) {
        self.name = name
        self.isSigned = isSigned
        self.exponentBits = exponentBits
        self.fractionBits = fractionBits
        self.bias = bias
        self.specials = specials
        self.hasSubnormals = hasSubnormals
    }

    /// OCP 8-bit floating point specification 1.0, E4M3: largest 448, NaN 0x7F and 0xFF.
    public static let e4m3 = FloatFormat("e4m3", exponentBits: 4, fractionBits: 3, bias: 7, specials: .nan)
    /// OCP 8-bit floating point specification 1.0, E5M2: largest 57,344.
    public static let e5m2 = FloatFormat("e5m2", exponentBits: 5, fractionBits: 2, bias: 15, specials: .ieee)
    /// E3M4 with infinities and NaNs, `float8_e3m4` of ml_dtypes: largest 15.5.
    public static let e3m4 = FloatFormat("e3m4", exponentBits: 3, fractionBits: 4, bias: 3, specials: .ieee)
    /// E4M3 with infinities and NaNs, `float8_e4m3` of ml_dtypes, FP8ALT of cvfpu: largest 240.
    public static let e4m3ieee = FloatFormat("e4m3ieee", exponentBits: 4, fractionBits: 3, bias: 7, specials: .ieee)
    /// OCP microscaling formats 1.0, FP4: 0, 0.5, 1, 1.5, 2, 3, 4, 6 and their negatives.
    public static let e2m1 = FloatFormat("e2m1", exponentBits: 2, fractionBits: 1, bias: 1, specials: .none)
    /// OCP microscaling formats 1.0, FP6 E2M3: largest 7.5.
    public static let e2m3 = FloatFormat("e2m3", exponentBits: 2, fractionBits: 3, bias: 1, specials: .none)
    /// OCP microscaling formats 1.0, FP6 E3M2: largest 28.
    public static let e3m2 = FloatFormat("e3m2", exponentBits: 3, fractionBits: 2, bias: 3, specials: .none)
    /// OCP microscaling formats 1.0, block scales: 2^−127 … 2^127, NaN 0xFF.
    public static let e8m0 = FloatFormat(
        "e8m0", isSigned: false, exponentBits: 8, fractionBits: 0, bias: 127, specials: .nan, hasSubnormals: false)
    /// bfloat16.
    public static let bf16 = FloatFormat("bf16", exponentBits: 8, fractionBits: 7, bias: 127, specials: .ieee)
    /// IEEE 754 binary16.
    public static let fp16 = FloatFormat("fp16", exponentBits: 5, fractionBits: 10, bias: 15, specials: .ieee)
    /// IEEE 754 binary32.
    public static let fp32 = FloatFormat("fp32", exponentBits: 8, fractionBits: 23, bias: 127, specials: .ieee)

    /// All formats above, narrow ones first.
    public static let all: [FloatFormat] = [
        .e2m1, .e2m3, .e3m2, .e4m3, .e5m2, .e3m4, .e4m3ieee, .e8m0, .bf16, .fp16, .fp32,
    ]

    /// Width of a code.
    public var bits: Int { (isSigned ? 1 : 0) + exponentBits + fractionBits }

    /// The sign's bit in a code; 0 where there is none.
    public var signMask: UInt32 { isSigned ? 1 << UInt32(bits - 1) : 0 }

    /// The bits of exponent and fraction.
    public var magnitudeMask: UInt32 { UInt32.max >> UInt32(32 - exponentBits - fractionBits) }

    /// The bits of the fraction.
    public var fractionMask: UInt32 { 1 << UInt32(fractionBits) - 1 }

    /// The exponent of the smallest normal number; the subnormal numbers have its last place, 2^(minimumExponent − fractionBits).
    public var minimumExponent: Int { hasSubnormals ? 1 - bias : -bias }

    /// The code of the largest finite number.
    public var largestFiniteCode: UInt32 {
        switch specials {
        case .ieee: infinityCode! - 1
        case .nan: magnitudeMask - 1
        case .none: magnitudeMask
        }
    }

    /// The code of +infinity; nil where there are no infinities.
    public var infinityCode: UInt32? {
        specials == .ieee ? magnitudeMask & ~fractionMask : nil
    }

    /// The one NaN that results carry: positive, quiet, all other fraction bits 0 (IEEE-like formats) or the magnitude of all ones; nil where there is none.
    public var canonicalNaN: UInt32? {
        switch specials {
        case .ieee: infinityCode! | 1 << UInt32(fractionBits - 1)
        case .nan: magnitudeMask
        case .none: nil
        }
    }
}
