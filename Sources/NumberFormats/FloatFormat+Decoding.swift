/// What a code stands for.
public enum FloatValue: Hashable, Sendable {
    /// Not a number. A signaling one raises `invalid` when it is an operand.
    case nan(signaling: Bool)
    /// +∞ or −∞.
    case infinity(negative: Bool)
    /// (−1)^negative · significand · 2^exponent; a zero has the significand 0, and keeps its sign.
    case finite(negative: Bool, significand: UInt64, exponent: Int)

    /// An integer, exactly.
    public init(_ integer: Int64) {
        self = .finite(negative: integer < 0, significand: integer.magnitude, exponent: 0)
    }
}

extension FloatFormat {
    /// What a code stands for; bits above the width are ignored.
    public func decode(_ code: UInt32) -> FloatValue {
        let negative = code & signMask != 0
        let magnitude = code & magnitudeMask
        if magnitude > largestFiniteCode {
            if magnitude == infinityCode { return .infinity(negative: negative) }
            let quiet = specials != .ieee || code & (1 << UInt32(fractionBits - 1)) != 0
            return .nan(signaling: !quiet)
        }
        let field = Int(magnitude >> UInt32(fractionBits))
        let fraction = UInt64(magnitude & fractionMask)
        if field == 0, hasSubnormals {
            return .finite(negative: negative, significand: fraction, exponent: minimumExponent - fractionBits)
        }
        return .finite(
            negative: negative, significand: fraction | 1 << UInt64(fractionBits), exponent: field - bias - fractionBits
        )
    }

    /// The number that a code stands for, exactly; every NaN gives the same NaN.
    public func value(of code: UInt32) -> Double {
        switch decode(code) {
        case .nan: return .nan
        case .infinity(let negative): return negative ? -.infinity : .infinity
        case .finite(let negative, let significand, let exponent):
            let magnitude = Double(sign: .plus, exponent: exponent, significand: Double(significand))
            return negative ? -magnitude : magnitude
        }
    }

    /// Whether a code is a NaN.
    public func isNaN(_ code: UInt32) -> Bool {
        let magnitude = code & magnitudeMask
        return magnitude > largestFiniteCode && magnitude != infinityCode
    }

    /// The code of a value that the format holds exactly.
    ///
    /// - Returns: nil where the format does not hold it.
    public func code(exactly value: Double) -> UInt32? {
        let rounded = encode(FloatFormat.value(of: value), FloatEnvironment(overflow: .ieee))
        return rounded.flags.isEmpty ? rounded.code : nil
    }

    /// A binary64 number as a value, exactly.
    public static func value(of number: Double) -> FloatValue {
        if number.isNaN { return .nan(signaling: number.isSignalingNaN) }
        let negative = number.sign == .minus
        if number.isInfinite { return .infinity(negative: negative) }
        let field = Int(number.exponentBitPattern)
        return .finite(
            negative: negative, significand: number.significandBitPattern | (field > 0 ? 1 << 52 : 0),
            exponent: max(field, 1) - 1075)
    }
}
