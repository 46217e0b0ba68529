/// The state of an `exact` accumulator in hardware: a sum of products of floating-point codes of at most 8 bits (docs/semantics.md, sections 8.4 and 11).
///
/// 84 bits in two's complement, the last one worth 2^−32, of which every such product is a multiple; beside them what was seen of NaNs and infinities.
/// Zeros carry no sign: chains start at +0, so a sum of zeros is +0. No product exceeds 2^32 in magnitude: 2^19 of them fit whatever they are; beyond, the sum wraps.
public struct FixedPointSum: Hashable, Sendable {
    /// Width of the whole state.
    public static let width = 88
    /// Width of the number.
    private static let numberWidth = 84
    /// The weight of the number's last bit, as a power of two.
    private static let lastPlace = -32

    /// The number, a multiple of the last place; its sign fills the bits above.
    private var number: Int128
    private var hasNaN: Bool
    private var hasPositiveInfinity: Bool
    private var hasNegativeInfinity: Bool

    /// An empty sum, +0.
    public init() {
        self.init(bits: 0)
    }

    /// A state of hardware.
    ///
    /// - Parameter bits: bits 0…83 the number, 84 a NaN (0 · ∞ is one), 85 +∞, 86 −∞; the others do not count.
    public init(bits: UInt128) {
        number = Self.wrapped(Int128(truncatingIfNeeded: bits))
        hasNaN = bits >> 84 & 1 == 1
        hasPositiveInfinity = bits >> 85 & 1 == 1
        hasNegativeInfinity = bits >> 86 & 1 == 1
    }

    /// The state in hardware: as `init(bits:)`, the others 0.
    public var bits: UInt128 {
        var bits = UInt128(truncatingIfNeeded: number) & (UInt128.max >> UInt128(128 - Self.numberWidth))
        if hasNaN { bits |= 1 << 84 }
        if hasPositiveInfinity { bits |= 1 << 85 }
        if hasNegativeInfinity { bits |= 1 << 86 }
        return bits
    }

    /// Whether the state holds every product of numbers of two formats.
    public static func holdsProducts(_ a: ElementFormat, _ b: ElementFormat) -> Bool {
        [a, b].allSatisfy { DotProduct.multipliable.contains($0) && $0.float != nil && $0.bits <= 8 }
    }

    /// Adds a product.
    ///
    /// - Parameters:
    ///   - a: a code's value, of a format of at most 8 bits.
    ///   - b: another.
    public mutating func addProduct(_ a: FloatValue, _ b: FloatValue) {
        switch (a, b) {
        case (.nan, _), (_, .nan): hasNaN = true
        case (.infinity(let negativeA), .infinity(let negativeB)): addInfinity(negative: negativeA != negativeB)
        case (.infinity(let negativeA), .finite(let negativeB, let significand, _)),
            (.finite(let negativeA, let significand, _), .infinity(let negativeB)):
            if significand == 0 { hasNaN = true } else { addInfinity(negative: negativeA != negativeB) }
        case (
            .finite(let negativeA, let significandA, let exponentA),
            .finite(let negativeB, let significandB, let exponentB)
        ):
            let place = exponentA + exponentB - Self.lastPlace
            precondition(place >= 0 && place < 64, "a product of wider formats than the state holds")
            let term = Int128(significandA * significandB) << Int128(place)
            add(negativeA == negativeB ? term : -term)
        }
    }

    /// Adds another sum.
    public mutating func add(_ other: Self) {
        add(other.number)
        hasNaN = hasNaN || other.hasNaN
        hasPositiveInfinity = hasPositiveInfinity || other.hasPositiveInfinity
        hasNegativeInfinity = hasNegativeInfinity || other.hasNegativeInfinity
    }

    private mutating func add(_ term: Int128) {
        number = Self.wrapped(number + term)
    }

    /// The number's bits with its sign above them.
    private static func wrapped(_ number: Int128) -> Int128 {
        let unused = Int128(128 - numberWidth)
        return (number << unused) >> unused
    }

    private mutating func addInfinity(negative: Bool) {
        if negative { hasNegativeInfinity = true } else { hasPositiveInfinity = true }
    }

    /// The sum as an FP32 code: rounded once, to nearest, ties to even; NaN for a NaN among the operands, 0 · ∞ and ∞ − ∞.
    public var rounded: UInt32 {
        let environment = FloatEnvironment()
        if hasNaN || hasPositiveInfinity && hasNegativeInfinity { return FloatFormat.fp32.canonicalNaN! }
        if hasPositiveInfinity || hasNegativeInfinity {
            return FloatFormat.fp32.encode(.infinity(negative: hasNegativeInfinity), environment).code
        }
        return FloatFormat.fp32.encode(
            Magnitude(number.magnitude, exponent: Self.lastPlace), negative: number < 0, environment, random: 0
        ).code
    }
}
