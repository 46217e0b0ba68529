/// ZOQO's step of one weight (docs/semantics.md, section 10; arXiv 2501.06736).
public enum SignStep: Sendable {
    /// What is subtracted from the code, in grid steps: a·sgn(L₊ − L₋)·sgn(d).
    ///
    /// - Parameters:
    ///   - gridSteps: d, the weight's perturbation in the passes; 0 leaves it alone.
    ///   - length: a, at least 1.
    ///   - sign: of the difference of the losses, −1, 0 or 1.
    public static func step(gridSteps: Int32, length: Int32, sign: Int32) -> Int32 {
        length * sign * gridSteps.signum()
    }

    /// The sign of the losses' difference; 0 where they are equal.
    public static func sign(lossDifference: Float) -> Int32 { lossDifference > 0 ? 1 : lossDifference < 0 ? -1 : 0 }
}

/// The lengths of a ZOQO step on a tensor's grid (docs/semantics.md, section 10).
public struct GridScalars: Hashable, Sendable {
    /// Above this nothing is allowed: the largest m of `UniformGrid`.
    public static let limit = 32767

    /// Whole grid steps, of each row or one for all: max(⌊x⌋, 1), at most `limit`.
    public let lengths: [Int32]

    /// m = max(⌊κ⌋, 1) in grid steps, or max(⌊ε/s_w[n]⌋, 1) of row n, in binary64; the same for a step η.
    ///
    /// - Parameters:
    ///   - size: κ or ε, or η; positive and finite.
    ///   - rowScales: s_w, one for each row; not read for a size in grid steps.
    public init(size: PerturbationSize, rowScales: [Float]) {
        func length(_ steps: Double) -> Int32 {
            Int32(max(1, min(Double(Self.limit), steps.rounded(.down))))
        }
        switch size {
        case .gridSteps(let steps): lengths = [length(steps)]
        case .weightUnits(let epsilon): lengths = rowScales.map { length(epsilon / Double($0)) }
        }
    }
}
