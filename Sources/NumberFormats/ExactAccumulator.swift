/// A sum of numbers and of products of two, exact whatever their number and order: a Kulisch accumulator (docs/semantics.md, section 2.5).
///
/// Fixed point in two's complement, 640 bits with the last one worth 2^−298, the smallest product of two FP32. The largest is below 2^260, so
/// 2^80 terms fit. Infinities, NaNs and the signs of zeros are kept beside it.
///
/// Source: U. Kulisch, W. L. Miranker, "The Arithmetic of the Digital Computer: A New Approach", SIAM Review 28(1), 1986.
public struct ExactAccumulator: Sendable {
    private static let limbs = 10
    private static let lastPlace = -298

    /// Two's complement, least significant first.
    private var bits = InlineArray<10, UInt64>(repeating: 0)
    private var hasNaN = false
    private var isInvalid = false
    private var hasPositiveInfinity = false
    private var hasNegativeInfinity = false
    private var hasPositiveZero = false
    private var hasNegativeZero = false
    private var hasNonzero = false

    /// An empty sum, +0.
    public init() {}

    /// Adds a number.
    ///
    /// - Precondition: a finite one is a multiple of 2^−298, and its significand times 2^exponent below 2^278, as every number of a `FloatFormat` is.
    public mutating func add(_ value: FloatValue) {
        switch value {
        case .nan(let signaling):
            hasNaN = true
            isInvalid = isInvalid || signaling
        case .infinity(let negative):
            hasNegativeInfinity = hasNegativeInfinity || negative
            hasPositiveInfinity = hasPositiveInfinity || !negative
        case .finite(let negative, let significand, let exponent):
            addFinite(negative: negative, significand: significand, exponent: exponent)
        }
    }

    /// Adds the product of two numbers, exactly. 0 · ∞ is invalid, whatever else is in the sum.
    ///
    /// - Parameters:
    ///   - a: one factor; a finite one has a significand below 2³².
    ///   - b: the other, likewise.
    public mutating func addProduct(_ a: FloatValue, _ b: FloatValue) {
        switch (a, b) {
        case (.nan, _), (_, .nan):
            add(.nan(signaling: a == .nan(signaling: true) || b == .nan(signaling: true)))
        case (.infinity(let negativeA), .infinity(let negativeB)):
            add(.infinity(negative: negativeA != negativeB))
        case (.infinity(let negativeA), .finite(let negativeB, let significand, _)),
            (.finite(let negativeA, let significand, _), .infinity(let negativeB)):
            add(significand == 0 ? .nan(signaling: true) : .infinity(negative: negativeA != negativeB))
        case (
            .finite(let negativeA, let significandA, let exponentA),
            .finite(let negativeB, let significandB, let exponentB)
        ):
            addFinite(
                negative: negativeA != negativeB, significand: significandA * significandB,
                exponent: exponentA + exponentB)
        }
    }

    private mutating func addFinite(negative: Bool, significand: UInt64, exponent: Int) {
        if significand == 0 {
            if negative { hasNegativeZero = true } else { hasPositiveZero = true }
            return
        }
        hasNonzero = true
        let place = exponent - Self.lastPlace
        precondition(place >= 0 && place < 64 * (Self.limbs - 1), "A term beyond the products of two numbers")
        let shifted = UInt128(significand) << UInt128(place % 64)
        addLimb(UInt64(truncatingIfNeeded: shifted), at: place / 64, negative: negative)
        addLimb(UInt64(shifted >> 64), at: place / 64 + 1, negative: negative)
    }

    /// Adds ±term · 2^(64·i) in units of the last place; carries and borrows run to the end.
    private mutating func addLimb(_ term: UInt64, at place: Int, negative: Bool) {
        var term = term
        var i = place
        while term != 0, i < Self.limbs {
            let (sum, overflows) =
                negative ? bits[i].subtractingReportingOverflow(term) : bits[i].addingReportingOverflow(term)
            bits[i] = sum
            term = overflows ? 1 : 0
            i += 1
        }
    }

    /// The sum in a format, rounded once.
    ///
    /// A NaN among the terms, 0 · ∞ and ∞ − ∞ give NaN, the latter two with `invalid`. A sum of exactly zero has the sign of
    /// its terms where all of them were zeros of one sign; otherwise it is −0 under `down` and +0 else, as IEEE 754 has it for two terms. An empty sum is +0.
    public func rounded(
        to format: FloatFormat, _ environment: FloatEnvironment, random: UInt32 = 0
    ) -> Rounded {
        if hasNaN || hasPositiveInfinity && hasNegativeInfinity {
            return format.encode(.nan(signaling: isInvalid || !hasNaN), environment)
        }
        if hasPositiveInfinity || hasNegativeInfinity {
            return format.encode(.infinity(negative: hasNegativeInfinity), environment)
        }
        let (negative, magnitude) = signAndMagnitude
        if magnitude.isZero {
            let zero = FloatValue.finite(negative: zeroIsNegative(environment.rounding), significand: 0, exponent: 0)
            return format.encode(zero, environment)
        }
        return format.encode(magnitude, negative: negative, environment, random: random)
    }

    private func zeroIsNegative(_ mode: RoundingMode) -> Bool {
        if !hasNonzero, hasNegativeZero != hasPositiveZero { return hasNegativeZero }
        return (hasNonzero || hasNegativeZero) && mode == .down
    }

    /// The sum as a sign and its leading 128 bits.
    private var signAndMagnitude: (negative: Bool, magnitude: Magnitude) {
        let negative = bits[Self.limbs - 1] >> 63 == 1
        var magnitude = bits
        if negative {
            var carry = true
            for i in 0..<Self.limbs {
                (magnitude[i], carry) = (~bits[i]).addingReportingOverflow(carry ? 1 : 0)
            }
        }
        guard let top = (0..<Self.limbs).last(where: { magnitude[$0] != 0 }) else {
            return (false, Magnitude(0, exponent: Self.lastPlace))
        }
        // Three limbs hold 128 bits from the leading one down.
        func limb(_ i: Int) -> UInt64 { i >= 0 ? magnitude[i] : 0 }
        let shift = UInt128(magnitude[top].leadingZeroBitCount)
        let upper = UInt128(magnitude[top]) << 64 | UInt128(limb(top - 1))
        let third = UInt128(limb(top - 2))
        let significand = upper << shift | (shift == 0 ? 0 : third >> (64 - shift))
        let rest = shift == 0 ? third : third & (1 << (64 - shift) - 1)
        let hasMore = rest != 0 || (0..<max(0, top - 2)).contains { magnitude[$0] != 0 }
        return (
            negative,
            Magnitude(significand, exponent: Self.lastPlace + 64 * (top - 1) - Int(shift), hasMore: hasMore)
        )
    }
}
