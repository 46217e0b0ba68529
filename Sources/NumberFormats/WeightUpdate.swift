/// Bits of the rounding error that a residual-carrying update keeps with each weight.
public enum ResidualBits: Int, CaseIterable, Sendable {
    case eight = 8
    case sixteen = 16

    /// Residuals lie in −2^(r−1) … 2^(r−1) − 1.
    public var range: ClosedRange<Int32> {
        let half = Int32(1) << Int32(rawValue - 1)
        return -half...half - 1
    }
}

/// How an update is rounded onto a weight's integer grid (docs/semantics.md, section 10).
public enum UpdateRounding: Hashable, Sendable {
    /// Stochastically, as the QuZO paper does.
    case stochastic
    /// To the nearest grid point, ties to even. Steps below half a grid point are lost.
    case nearest
    /// Stochastically to a finer grid; what the weight's own grid cannot hold is kept for the next step.
    case residual(ResidualBits)

    /// Bits of the residual that each weight keeps: 0, 8 or 16.
    public var residualBits: Int {
        if case .residual(let bits) = self { bits.rawValue } else { 0 }
    }
}

/// One weight's update on its integer grid (docs/semantics.md, section 10).
public enum WeightUpdate: Sendable {
    /// What an update leaves.
    public struct Result: Hashable, Sendable {
        /// The new code, −M…M.
        public let code: Int8
        /// The new residual; 0 where the rounding keeps none.
        public let residual: Int32
        /// Whether the code would have left ±M.
        public let isClamped: Bool
    }

    /// Subtracts c_g·u₂ / 2²⁴ grid steps from a weight.
    ///
    /// - Parameters:
    ///   - weight: the code k.
    ///   - residual: the residual e in its range; ignored where the rounding keeps none.
    ///   - code: u₂, −127…127.
    ///   - multiplier: c_g, |c_g| ≤ 2²⁴ − 2¹⁷, of `UpdateScalars`.
    ///   - random: the 16-bit draw R of purpose `update`.
    ///   - rounding: how the step is rounded.
    ///   - limit: M, the largest code, 1…127.
    public static func updated(
        _ weight: Int8, residual: Int32 = 0, code: Int32, multiplier: Int32, random: UInt16, rounding: UpdateRounding,
        limit: Int32 = 127
    ) -> Result {
        let step = step(code: code, multiplier: multiplier, random: random, rounding: rounding)
        return applied(step, to: weight, residual: residual, rounding: rounding, limit: limit)
    }

    /// One query's step c_g·u₂, rounded: in grid steps, or in 2⁻⁸ or 2⁻¹⁶ of one where residuals of 8 or 16 bits are kept.
    public static func step(code: Int32, multiplier: Int32, random: UInt16, rounding: UpdateRounding) -> Int32 {
        let product = multiplier * code
        switch rounding {
        case .stochastic: return StochasticRounding.rounded(fixedPoint: product >> 8, random: random)
        // rne(p / 2²⁴) in integers: half a unit less one, and one more where the floor is odd.
        case .nearest: return (product + 0x7F_FFFF + (product >> 24 & 1)) >> 24
        case .residual(.eight): return (product + Int32(random)) >> 16
        case .residual(.sixteen): return (product + Int32(random >> 8)) >> 8
        }
    }

    /// Subtracts steps, one query's or the sum of several, from a weight.
    public static func applied(
        _ steps: Int32, to weight: Int8, residual: Int32 = 0, rounding: UpdateRounding, limit: Int32 = 127
    ) -> Result {
        guard case .residual(let bits) = rounding else {
            let exact = Int32(weight) - steps
            let clamped = max(-limit, min(limit, exact))
            return Result(code: Int8(clamped), residual: 0, isClamped: clamped != exact)
        }
        let shift = Int32(bits.rawValue)
        let value = Int32(weight) << shift + residual - steps
        let rounded = (value + 1 << (shift - 1)) >> shift
        let clamped = max(-limit, min(limit, rounded))
        let rest = value - clamped << shift
        return Result(
            code: Int8(clamped), residual: max(bits.range.lowerBound, min(bits.range.upperBound, rest)),
            isClamped: clamped != rounded)
    }
}
