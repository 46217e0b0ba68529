/// The vector unit's functions of a backward pass: the references (docs/semantics.md, section 13).
extension VectorFunctions {
    /// Derivative of gelu: fl(Φ(x) + fl(x·φ(x))), with Φ by the tail of section 8.2 and φ(x) = fl(e·0x1.988454p-2), where e is the exponential
    /// that the tail takes.
    public static func geluDerivative(_ x: Float) -> Float {
        if x.isNaN { return .nan }
        let z = min(abs(x), 16)
        let power = exp((z * z) * -0.5)
        let tail = geluTail(z, power: power)
        let distribution = x < 0 ? tail : 1 - tail
        // Beyond ±16 the density is 0 in FP32, and x times it has no place for an infinity.
        let signed = x < 0 ? -z : z
        return distribution + signed * (power * 0x1.988454p-2)
    }

    /// Φ(−z) of section 8.2 for 0 ≤ z ≤ 16.
    ///
    /// - Parameter power: exp(−z²/2).
    static func geluTail(_ z: Float, power: Float) -> Float {
        let t = 1 / (1 + z * 0x1.64p-2)
        var h: Float = -0x1.d72b6ep-6
        h = h * t + 0x1.27db0cp-3
        h = h * t + -0x1.0cf512p-2
        h = h * t + 0x1.5fcdf8p-3
        h = h * t + -0x1.e218c4p-6
        h = h * t + 0x1.bb5d86p-4
        h = h * t + 0x1.e61b8cp-4
        h = h * t + 0x1.1ca712p-3
        h = h * t + 0x1.1c060ap-3
        return (h * t) * power
    }

    /// Gradient of a row's scores: fl(fl(c·p)·fl(g − S)), S = sum(fl(g·p)).
    ///
    /// - Parameters:
    ///   - gradient: g, of the probabilities.
    ///   - probabilities: p, +0 where nothing is attended to.
    ///   - factor: c.
    public static func softmaxGradient(_ gradient: [Float], probabilities: [Float], factor: Float) -> [Float] {
        precondition(gradient.count == probabilities.count, "a gradient for each probability")
        let sum = ReductionTree.sum(zip(gradient, probabilities).map { $0 * $1 })
        return zip(gradient, probabilities).map { (factor * $1) * ($0 - sum) }
    }

    /// Gradient of a layer norm's input: fl(r·fl(fl(gᵢ − a) − fl(x̂ᵢ·b))), with gᵢ = fl(dyᵢ·γᵢ), x̂ᵢ = fl(dᵢ·r), a = fl(sum(g)/n) and
    /// b = fl(sum(fl(g·x̂))/n); d and r as in section 8.
    ///
    /// - Parameters:
    ///   - gradient: dy.
    ///   - x: what the norm read, its residual added.
    ///   - gamma: γ.
    ///   - epsilon: ε.
    public static func layerNormGradient(_ gradient: [Float], x: [Float], gamma: [Float], epsilon: Float) -> [Float] {
        precondition(!x.isEmpty && gradient.count == x.count && gamma.count == x.count, "γ is as long as the row")
        let count = Float(x.count)
        let mean = ReductionTree.sum(x) / count
        let deviations = x.map { $0 - mean }
        let variance = ReductionTree.sum(deviations.map { $0 * $0 }) / count
        let reciprocal = 1 / (variance + epsilon).squareRoot()
        let normed = deviations.map { $0 * reciprocal }
        let scaled = zip(gradient, gamma).map { $0 * $1 }
        let first = ReductionTree.sum(scaled) / count
        let second = ReductionTree.sum(zip(scaled, normed).map { $0 * $1 }) / count
        return x.indices.map { reciprocal * ((scaled[$0] - first) - normed[$0] * second) }
    }

    /// Gradient of an example's logits: fl(fl(p_c − y_c)·w), with p = fl(e·fl(1/S)) of the softmax without a factor, y 1 for the label and 0 elsewhere.
    ///
    /// - Parameters:
    ///   - logits: z, one for each class.
    ///   - label: a class.
    ///   - weight: w, the share of the example in the batch's loss: fl(1/B).
    public static func crossEntropyGradient(_ logits: [Float], label: Int, weight: Float) -> [Float] {
        precondition(logits.indices.contains(label), "The label is one of the classes")
        return softmax(logits, valid: logits.count, factor: 1).enumerated().map { place, probability in
            (probability - (place == label ? 1 : 0)) * weight
        }
    }
}
