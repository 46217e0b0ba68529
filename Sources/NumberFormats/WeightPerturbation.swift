/// One weight's perturbation on its integer grid (docs/semantics.md, section 10).
public enum WeightPerturbation: Sendable {
    /// The perturbation in grid steps, d = (u₁·c_d + R) >> 16, in ±32512.
    ///
    /// - Parameters:
    ///   - code: u₁, −127…127.
    ///   - multiplier: c_d, 0 < c_d < 2²⁴, of `PerturbationScalars`.
    ///   - random: the 16-bit draw R of purpose `gridRounding`.
    public static func gridSteps(code: Int32, multiplier: Int32, random: UInt16) -> Int32 {
        StochasticRounding.rounded(fixedPoint: code * multiplier, random: random)
    }

    /// What the pass L₊ reads: clamp(k + d, M); −d for L₋.
    ///
    /// - Parameter limit: M, the largest code, 1…127: 127 for INT8, 7 for INT4.
    public static func perturbed(_ weight: Int8, by gridSteps: Int32, limit: Int32 = 127) -> Int8 {
        Int8(max(-limit, min(limit, Int32(weight) + gridSteps)))
    }
}
