/// Perturbation and update of the new head's bias, the one trained tensor in FP32 (docs/semantics.md, section 10).
///
/// The bias uses the draws of its own tensor number and moves in the grid of the head's weights.
public enum BiasPerturbation: Sendable {
    /// a, the value of one unit of u₁: κ·s_u·s_w, or ε·s_u, in binary64 and rounded to FP32.
    public static func passMultiplier(size: PerturbationSize, bits: PerturbationBits, headScale: Float) -> Float {
        switch size {
        case .gridSteps(let steps): Float(steps * bits.scale * Double(headScale))
        case .weightUnits(let epsilon): Float(epsilon * bits.scale)
        }
    }

    /// a′, the value of one unit of u₂: g·s_w, in binary64 and rounded to FP32, with g before it becomes c_g. With ε, where g is the
    /// step in weight units over s_w, the step itself.
    public static func updateMultiplier(
        lossDifference: Float, size: PerturbationSize, learningRate: Double, bits: PerturbationBits, headScale: Float,
        queries: Int = 1
    ) -> Float {
        let step = UpdateScalars.step(
            lossDifference: lossDifference, size: size, learningRate: learningRate, bits: bits, queries: queries)
        switch size {
        case .gridSteps: return Float(step * Double(headScale))
        case .weightUnits: return Float(step)
        }
    }

    /// u₁ or u₂ of one element, by the purpose of its rounding.
    public static func code(
        at element: Int, streams: TensorStreams, rounding: RandomPurpose, bits: PerturbationBits
    ) -> Int32 {
        let t = IrwinHallGaussian.integer(word: streams[.perturbation].word(at: element))
        return IrwinHallGaussian.code(integer: t, bits: bits, random: streams[rounding].half(at: element))
    }

    /// b₊ = fl(b + fl(a·float(u₁))) and b₋ = fl(b − fl(a·float(u₁))).
    public static func perturbed(_ bias: Float, multiplier: Float, code: Int32) -> (plus: Float, minus: Float) {
        let step = multiplier * Float(code)
        return (bias + step, bias - step)
    }

    /// b ← fl(b − fl(a′·float(u₂))); b itself where a′ is NaN.
    public static func updated(_ bias: Float, multiplier: Float, code: Int32) -> Float {
        multiplier.isNaN ? bias : bias - multiplier * Float(code)
    }
}
