/// The functions of the vector unit on rows (docs/semantics.md, section 8).
extension VectorFunctions {
    /// Softmax over the first `valid` of `scores.count` scores, each times `factor`; +0 behind them.
    ///
    /// - Parameters:
    ///   - scores: x, any length.
    ///   - valid: v, 0 ≤ v ≤ n.
    ///   - factor: c.
    public static func softmax(_ scores: [Float], valid: Int, factor: Float) -> [Float] {
        precondition(0 <= valid && valid <= scores.count, "The valid scores are among the scores")
        let scaled = scores[..<valid].map { $0 * factor }
        let largest = scaled.reduce(-Float.infinity) { $1 > $0 ? $1 : $0 }
        let powers = scaled.map { exp($0 - largest) }
        let reciprocal = 1 / ReductionTree.sum(powers)
        return powers.map { $0 * reciprocal } + Array(repeating: 0, count: scores.count - valid)
    }

    /// Layer norm of a row.
    ///
    /// - Parameters:
    ///   - x: n values, n > 0; with a residual the sums fl(h + y) are the caller's.
    ///   - gamma: γ, n values.
    ///   - beta: β, n values.
    ///   - epsilon: ε, added to the variance.
    public static func layerNorm(_ x: [Float], gamma: [Float], beta: [Float], epsilon: Float) -> [Float] {
        precondition(!x.isEmpty && gamma.count == x.count && beta.count == x.count, "γ and β are as long as the row")
        let count = Float(x.count)
        let mean = ReductionTree.sum(x) / count
        let deviations = x.map { $0 - mean }
        let variance = ReductionTree.sum(deviations.map { $0 * $0 }) / count
        let reciprocal = 1 / (variance + epsilon).squareRoot()
        return x.indices.map { ((deviations[$0] * reciprocal) * gamma[$0]) + beta[$0] }
    }

    /// Root mean square norm of a row: (x·r)·γ with r = 1/√(mean of x² + ε).
    ///
    /// - Parameters:
    ///   - x: n values, n > 0.
    ///   - gamma: γ, n values.
    ///   - epsilon: ε, added to the mean of the squares.
    public static func rmsNorm(_ x: [Float], gamma: [Float], epsilon: Float) -> [Float] {
        precondition(!x.isEmpty && gamma.count == x.count, "γ is as long as the row")
        let mean = ReductionTree.sum(x.map { $0 * $0 }) / Float(x.count)
        let reciprocal = 1 / (mean + epsilon).squareRoot()
        return x.indices.map { (x[$0] * reciprocal) * gamma[$0] }
    }

    /// One head rotated by a position: elements i and i + D/2 are a pair and turn by the angle whose cosine and sine are given.
    ///
    /// - Parameters:
    ///   - x: D values, D even.
    ///   - cosines: D/2 values.
    ///   - sines: D/2 values.
    public static func rotated(_ x: [Float], cosines: [Float], sines: [Float]) -> [Float] {
        let half = x.count / 2
        precondition(
            x.count == 2 * half && cosines.count == half && sines.count == half, "a cosine and sine for each pair")
        return (0..<half).map { x[$0] * cosines[$0] - x[$0 + half] * sines[$0] }
            + (0..<half).map { x[$0 + half] * cosines[$0] + x[$0] * sines[$0] }
    }

    /// The mean over tokens of each channel, tokens ascending.
    ///
    /// - Parameter tokens: v ≥ 1 rows of equal length.
    public static func meanPool(_ tokens: [[Float]]) -> [Float] {
        precondition(!tokens.isEmpty, "A mean needs a token")
        let count = Float(tokens.count)
        return tokens[0].indices.map { channel in
            tokens.reduce(Float(0)) { $0 + $1[channel] } / count
        }
    }

    /// The cross-entropy loss of one example (docs/semantics.md, section 9): fl(log(S) − fl(z_y − m)).
    ///
    /// - Parameters:
    ///   - logits: z, one for each class.
    ///   - label: y, a class.
    public static func crossEntropy(_ logits: [Float], label: Int) -> Float {
        precondition(logits.indices.contains(label), "The label is one of the classes")
        let largest = logits.reduce(-Float.infinity) { $1 > $0 ? $1 : $0 }
        let sum = ReductionTree.sum(logits.map { exp($0 - largest) })
        return log(sum) - (logits[label] - largest)
    }
}
