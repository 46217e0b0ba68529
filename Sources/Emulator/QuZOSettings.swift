import NumberFormats
import Programs

/// What a QuZO step draws and how it updates (docs/semantics.md, section 10).
public struct QuZOSettings: Sendable, Hashable {
    public var seed: UInt64
    /// u₁ and u₂ are codes in ±(2^(bits−1) − 1).
    public var bits: PerturbationBits
    public var size: PerturbationSize
    public var rounding: UpdateRounding
    /// Whether the update reads u's rounding in the passes or another one.
    public var estimator: GradientEstimator

    public init(
        seed: UInt64, bits: PerturbationBits, size: PerturbationSize, rounding: UpdateRounding,
        estimator: GradientEstimator = .qRGE2
    ) {
        self.estimator = estimator
        self.seed = seed
        self.bits = bits
        self.size = size
        self.rounding = rounding
    }
}

extension PerturbationSize {
    /// κ or ε.
    public var magnitude: Double {
        switch self {
        case .gridSteps(let value), .weightUnits(let value): value
        }
    }
}
