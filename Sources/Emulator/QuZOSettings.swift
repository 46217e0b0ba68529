import NumberFormats

/// What a QuZO step draws and how it updates (docs/semantics.md, section 10).
public struct QuZOSettings: Sendable, Hashable {
    public var seed: UInt64
    /// 2, 4 or 8: u₁ and u₂ are codes in ±(2^(bits−1) − 1).
    public var perturbationBits: Int
    public var size: PerturbationSize
    public var rounding: UpdateRounding

    public init(seed: UInt64, perturbationBits: Int, size: PerturbationSize, rounding: UpdateRounding) {
        self.seed = seed
        self.perturbationBits = perturbationBits
        self.size = size
        self.rounding = rounding
    }
}
