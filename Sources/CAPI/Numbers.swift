import CZeroth
import NumberFormats

/// Formats by their numbers 0 to 12.
private let formats: [ElementFormat] = [
    .e4m3, .e5m2, .e3m4, .e4m3ieee, .e2m1, .e2m3, .e3m2, .bf16, .fp16, .fp32, .e8m0, .int8, .int4,
]

private let deterministicRoundings: [RoundingMode] = [.nearestEven, .nearestAway, .towardZero, .down, .up, .odd]

private let overflowPolicies: [OverflowPolicy] = [.saturateFinite, .saturatePropagate, .ieee]

/// The format of a number.
func elementFormat(_ number: Int32) throws(Refusal) -> ElementFormat {
    guard formats.indices.contains(Int(number)) else { throw .format }
    return formats[Int(number)]
}

/// The floating-point format of a number.
func floatFormat(_ number: Int32) throws(Refusal) -> FloatFormat {
    guard let format = try elementFormat(number).float else { throw .format }
    return format
}

/// The rounding of a number: 0 to 5.
func deterministicRounding(_ number: Int32) throws(Refusal) -> RoundingMode {
    guard deterministicRoundings.indices.contains(Int(number)) else { throw .rounding }
    return deterministicRoundings[Int(number)]
}

/// The rounding of a number, with N random bits for 6 to 8.
func rounding(_ number: Int32, bits: Int32) throws(Refusal) -> RoundingMode {
    guard number >= ZEROTH_STOCHASTIC_A else { return try deterministicRounding(number) }
    guard 1...32 ~= bits else { throw .rounding }
    switch number {
    case ZEROTH_STOCHASTIC_A: return .stochasticA(bits: Int(bits))
    case ZEROTH_STOCHASTIC_B: return .stochasticB(bits: Int(bits))
    case ZEROTH_STOCHASTIC_C: return .stochasticC(bits: Int(bits))
    default: throw .rounding
    }
}

func overflowPolicy(_ number: Int32) throws(Refusal) -> OverflowPolicy {
    guard overflowPolicies.indices.contains(Int(number)) else { throw .overflow }
    return overflowPolicies[Int(number)]
}

/// Formats of both operands of a matrix unit, and whether their codes lie two to a byte.
func operandFormats(
    _ a: Int32, _ b: Int32
) throws(Refusal) -> (a: ElementFormat, b: ElementFormat, isPacked: Bool) {
    if a == ZEROTH_INT4_PACKED || b == ZEROTH_INT4_PACKED {
        guard a == b else { throw .format }
        return (.int4, .int4, true)
    }
    return (try elementFormat(a), try elementFormat(b), false)
}

/// An accumulator from its kind and settings.
///
/// - Parameter group: products that are added at once.
func accumulator(kind: Int32, settings: Int32, group: Int) throws(Refusal) -> ProductAccumulator {
    guard 0...127 ~= settings else { throw .accumulator }
    let (low, high) = (Int(settings & 63), settings & 64 != 0)
    switch kind {
    case ZEROTH_INTEGER: return .integer(bits: low, overflow: high ? .saturate : .wrap)
    case ZEROTH_SEQUENTIAL: return .sequential
    case ZEROTH_GROUPED: return .grouped(group)
    case ZEROTH_ALIGNED: return .aligned(group: group, fractionBits: low, output: high ? .e8m13 : .fp32)
    case ZEROTH_EXACT: return .exact
    default: throw .accumulator
    }
}

/// A sum's word from the words of C, and back: one, or three for `exact`.
func word(_ words: UnsafePointer<UInt32>, of accumulator: ProductAccumulator) -> UInt128 {
    guard accumulator == .exact else { return UInt128(words[0]) }
    return UInt128(words[0]) | UInt128(words[1]) << 32 | UInt128(words[2]) << 64
}

func write(_ word: UInt128, of accumulator: ProductAccumulator, to words: UnsafeMutablePointer<UInt32>) {
    for index in 0..<(accumulator == .exact ? 3 : 1) {
        words[index] = UInt32(truncatingIfNeeded: word >> UInt128(32 * index))
    }
}
