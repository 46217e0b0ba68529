/// A two's complement integer format (docs/semantics.md, section 2.1).
///
/// A code is the integer's low `bits` bits in a `UInt32`, the bits above them 0.
public struct IntegerFormat: Hashable, Sendable {
    /// Width, 2…32.
    public let bits: Int

    /// A format of a width, 2…32.
    public init(bits: Int) {
        precondition((2...32).contains(bits), "An integer format has 2 to 32 bits")
        self.bits = bits
    }

    /// −8…7.
    public static let int4 = IntegerFormat(bits: 4)
    /// −128…127.
    public static let int8 = IntegerFormat(bits: 8)
    /// −32,768…32,767.
    public static let int16 = IntegerFormat(bits: 16)
    /// −2³¹…2³¹ − 1.
    public static let int32 = IntegerFormat(bits: 32)

    /// −2^(bits−1) … 2^(bits−1) − 1.
    public var range: ClosedRange<Int64> {
        let half: Int64 = 1 << Int64(bits - 1)
        return -half...half - 1
    }

    /// The integer that a code stands for; bits above the width are ignored.
    public func decode(_ code: UInt32) -> Int64 {
        Int64(Int32(bitPattern: code << UInt32(32 - bits)) >> Int32(32 - bits))
    }

    /// The code of an integer, limited to the range; `invalid` is raised where it had to be limited.
    public func encode(_ value: Int64) -> Rounded {
        let limited = min(max(value, range.lowerBound), range.upperBound)
        return Rounded(
            code: UInt32(truncatingIfNeeded: limited) & (.max >> UInt32(32 - bits)),
            flags: limited == value ? [] : .invalid)
    }

    /// The code of a number, rounded to an integer and limited to the range (docs/semantics.md, section 6.4).
    ///
    /// NaN gives 0 and an infinity the end of the range, both with `invalid`.
    public func encode(_ value: FloatValue, _ environment: FloatEnvironment, random: UInt32 = 0) -> Rounded {
        switch value {
        case .nan: return Rounded(code: 0, flags: .invalid)
        case .infinity(let negative): return encode(negative ? Int64.min : Int64.max)
        case .finite(let negative, let significand, let exponent):
            return encode(
                Magnitude(UInt128(significand), exponent: exponent), negative: negative, environment, random: random)
        }
    }

    func encode(
        _ magnitude: Magnitude, negative: Bool, _ environment: FloatEnvironment, random: UInt32
    ) -> Rounded {
        guard !magnitude.isZero else { return Rounded(code: 0) }
        guard magnitude.logarithm < 40 else { return encode(negative ? Int64.min : Int64.max) }
        let (integer, isInexact) = magnitude.rounded(
            place: 0, environment.rounding, negative: negative, random: random)
        var rounded = encode(negative ? -Int64(integer) : Int64(integer))
        if isInexact, !rounded.flags.contains(.invalid) { rounded.flags.insert(.inexact) }
        return rounded
    }
}
