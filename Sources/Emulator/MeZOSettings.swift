import NumberFormats

/// What a zeroth-order step in floating point draws and how it moves (docs/semantics.md, section 13).
public struct MeZOSettings: Sendable, Hashable {
    public var seed: UInt64
    /// ε, in weight units: weights are read at w ± ε·u.
    public var epsilon: Double
    /// Steps are η times the signs of the losses' difference and of u: ZO-SignSGD (Liu et al., ICLR 2019), which ZOQO builds on.
    public var takesSigns: Bool

    public init(seed: UInt64, epsilon: Double, takesSigns: Bool = false) {
        self.seed = seed
        self.epsilon = epsilon
        self.takesSigns = takesSigns
    }

    /// a: what codes t are multiplied by in the passes.
    public var passMultiplier: Float { Float(epsilon / IrwinHallGaussian.variance.squareRoot()) }

    /// What codes t, or their signs, are multiplied by in the update, for one query's difference of losses.
    func updateMultiplier(lossDifference: Float, learningRate: Double, queries: Int) -> Float {
        if takesSigns {
            return Float(learningRate / Double(queries)) * Float(SignStep.sign(lossDifference: lossDifference))
        }
        return Float(
            Double(lossDifference) / (2 * epsilon) * learningRate / Double(queries)
                / IrwinHallGaussian.variance.squareRoot())
    }

    func streams(_ number: Int, step: Int, query: Int) -> TensorStreams {
        TensorStreams(seed: seed, step: UInt32(step), query: UInt16(query), tensor: UInt16(number))
    }
}
