import NumberFormats

/// Rows of a backward pass in memory: what `VectorFunctions` defines one array at a time (docs/semantics.md, section 13).
enum GradientRows {
    /// The tree sum of section 3 of `count` terms.
    @inline(__always)
    static func sum(_ count: Int, _ term: (Int) -> Float) -> Float {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: ReductionTree.lanes) { partial in
            partial.initialize(repeating: 0)
            let whole = count - count % ReductionTree.lanes
            var i = 0
            while i < whole {
                for lane in 0..<ReductionTree.lanes { partial[lane] += term(i + lane) }
                i += ReductionTree.lanes
            }
            while i < count {
                partial[i - whole] += term(i)
                i += 1
            }
            return ReductionTree.total(of: partial.baseAddress!)
        }
    }

    /// One row of ``VectorFunctions/softmaxGradient(_:probabilities:factor:)``; `out` may be `gradient`.
    static func softmax(
        _ gradient: UnsafePointer<Float>, probabilities: UnsafePointer<Float>, count: Int, factor: Float,
        out: UnsafeMutablePointer<Float>
    ) {
        let total = sum(count) { gradient[$0] * probabilities[$0] }
        for i in 0..<count { out[i] = (factor * probabilities[i]) * (gradient[i] - total) }
    }

    /// One row of ``VectorFunctions/layerNormGradient(_:x:gamma:epsilon:)``; `out` may be `gradient`.
    static func layerNorm(
        _ gradient: UnsafePointer<Float>, x: UnsafePointer<Float>, gamma: UnsafePointer<Float>, epsilon: Float,
        count: Int, out: UnsafeMutablePointer<Float>
    ) {
        let number = Float(count)
        let mean = sum(count) { x[$0] } / number
        let variance = sum(count) { (x[$0] - mean) * (x[$0] - mean) } / number
        let reciprocal = 1 / (variance + epsilon).squareRoot()
        let first = sum(count) { gradient[$0] * gamma[$0] } / number
        let second = sum(count) { (gradient[$0] * gamma[$0]) * ((x[$0] - mean) * reciprocal) } / number
        for i in 0..<count {
            let normed = (x[i] - mean) * reciprocal
            out[i] = reciprocal * ((gradient[i] * gamma[i] - first) - normed * second)
        }
    }
}
