/// The format in which a tensor's elements are stored or multiplied (docs/semantics.md, section 2).
///
/// Names are those of machine files and of the command line. Each stands for one descriptor, an ``IntegerFormat`` or a ``FloatFormat``.
public enum ElementFormat: String, Sendable, Hashable, Codable, CaseIterable {
    /// Two's complement, 4 bits; symmetric quantizers use −7…7.
    case int4
    /// Two's complement, 8 bits; symmetric quantizers use −127…127.
    case int8
    /// Two's complement, 16 bits.
    case int16
    /// Two's complement, 32 bits.
    case int32
    /// OCP FP8 E4M3, "FN": no infinities, one NaN magnitude.
    case e4m3
    /// OCP FP8 E5M2: IEEE-like.
    case e5m2
    /// FP8 E3M4: IEEE-like.
    case e3m4
    /// FP8 E4M3 with the top exponent reserved for infinities and NaNs.
    case e4m3ieee
    /// OCP MX FP4: finite numbers only.
    case e2m1
    /// OCP MX FP6 E2M3: finite numbers only.
    case e2m3
    /// OCP MX FP6 E3M2: finite numbers only.
    case e3m2
    /// OCP MX block scale: powers of two, one NaN, no zero.
    case e8m0
    /// Sign, 8 exponent bits (bias 127), 7 fraction bits: the upper half of an FP32.
    case bf16
    /// IEEE 754 binary16.
    case fp16
    /// IEEE 754 binary32.
    case fp32

    /// The format's descriptor.
    public var descriptor: FormatDescriptor {
        switch self {
        case .int4: .integer(.int4)
        case .int8: .integer(.int8)
        case .int16: .integer(.int16)
        case .int32: .integer(.int32)
        case .e4m3: .float(.e4m3)
        case .e5m2: .float(.e5m2)
        case .e3m4: .float(.e3m4)
        case .e4m3ieee: .float(.e4m3ieee)
        case .e2m1: .float(.e2m1)
        case .e2m3: .float(.e2m3)
        case .e3m2: .float(.e3m2)
        case .e8m0: .float(.e8m0)
        case .bf16: .float(.bf16)
        case .fp16: .float(.fp16)
        case .fp32: .float(.fp32)
        }
    }

    /// The floating-point format; nil for integers.
    public var float: FloatFormat? {
        if case .float(let format) = descriptor { format } else { nil }
    }

    /// The integer format; nil for floating-point formats.
    public var integer: IntegerFormat? {
        if case .integer(let format) = descriptor { format } else { nil }
    }

    /// Width of one element, in bits.
    public var bits: Int {
        switch descriptor {
        case .integer(let format): format.bits
        case .float(let format): format.bits
        }
    }

    /// Bytes of one code in memory and in files: 1, 2 or 4. Narrower codes have zeros above (integers: copies of their sign).
    public var containerBytes: Int { bits <= 8 ? 1 : bits <= 16 ? 2 : 4 }
}

/// What fixes the meaning of a format's codes.
public enum FormatDescriptor: Hashable, Sendable {
    /// Two's complement.
    case integer(IntegerFormat)
    /// Sign, exponent and fraction.
    case float(FloatFormat)
}
